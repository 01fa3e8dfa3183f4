//! Evidence about amounts and quantiles: how often it speaks where it must not, and whether it speaks where it should.

use seatrial_domain::stats::Sketch;
use seatrial_domain::stats::amount::{Side, Tuning, ln_e_against, ln_e_bound};
use seatrial_domain::stats::quantile::{self, Sample};
use seatrial_domain::stats::ratio::RatioSums;
use seatrial_domain::stats::sequence::asymptotic_half_width;

use crate::support::Draw;

const TUNING: Tuning = Tuning { n_star: 500.0, alpha: 0.05 };
const BAR: f64 = 2.995_732;

/// A skewed amount with the given mean: exponential.
fn amount(draw: &mut Draw, mean: f64) -> f64 {
    -mean * (1.0 - draw.unit()).ln()
}

/// A run's cost and whether it succeeded, failures costing more.
fn run(draw: &mut Draw, mean: f64, rate: f64) -> RatioSums {
    let success = draw.hit(rate) as f64;
    let c = amount(draw, if success > 0.0 { mean } else { 1.5 * mean });
    RatioSums { n: 1, c, y: success, cc: c * c, yy: success, cy: c * success }
}

fn value(c: f64) -> RatioSums {
    RatioSums { n: 1, c, y: 1.0, cc: c * c, yy: 1.0, cy: c }
}

/// Share of streams in which `evidence` ever reaches the bar, looked at every ten runs of each arm.
fn share(
    streams: u64,
    runs: u64,
    seed: u64,
    mut pair: impl FnMut(&mut Draw) -> (RatioSums, RatioSums),
    against: impl Fn(&RatioSums, &RatioSums) -> f64,
) -> f64 {
    let mut reached = 0;
    for stream in 0..streams {
        let mut draw = Draw::new(seed.wrapping_mul(1_000_003) + stream);
        let (mut a, mut b) = (RatioSums::default(), RatioSums::default());
        for k in 1..=runs {
            let (more_a, more_b) = pair(&mut draw);
            a.add(&more_a);
            b.add(&more_b);
            if k % 10 == 0 && against(&a, &b) >= BAR {
                reached += 1;
                break;
            }
        }
    }
    reached as f64 / streams as f64
}

#[test]
fn the_evidence_reaches_the_bar_where_the_sequence_excludes_the_bound() {
    let mut draw = Draw::new(4);
    let mut sums = RatioSums::default();
    for _ in 0..400 {
        sums.add(&value(amount(&mut draw, 1.0)));
    }
    let (n, mean) = (sums.n as f64, sums.c / sums.n as f64);
    let half = asymptotic_half_width(sums.n, sums.cc / n - mean * mean, TUNING.n_star, TUNING.alpha).expect("runs");
    assert!(ln_e_bound(&sums, mean + 1.03 * half, Side::Below, TUNING) >= BAR);
    assert!(ln_e_bound(&sums, mean + 0.99 * half, Side::Below, TUNING) < BAR);
    assert!(ln_e_bound(&sums, mean - 1.03 * half, Side::Above, TUNING) >= BAR);
    // On the wrong side there is never evidence, and before the burn-in none at all.
    assert!(ln_e_bound(&sums, mean - 5.0, Side::Below, TUNING) <= 0.0);
    let few = RatioSums { n: 99, c: 99.0, y: 99.0, cc: 120.0, yy: 99.0, cy: 99.0 };
    assert_eq!(ln_e_bound(&few, 50.0, Side::Below, TUNING), 0.0);
    let equal = RatioSums { n: 200, c: 20.0, y: 200.0, cc: 2.0, yy: 200.0, cy: 20.0 };
    let sure = ln_e_bound(&equal, 0.2, Side::Below, TUNING);
    assert!(sure.is_finite() && sure > BAR);
}

#[test]
fn a_mean_at_its_bound_is_seldom_passed() {
    let pair = |draw: &mut Draw| (RatioSums::default(), value(amount(draw, 1.0)));
    for side in [Side::Below, Side::Above] {
        let found = share(1_000, 1_000, 1, pair, |_, b| ln_e_bound(b, 1.0, side, TUNING));
        assert!(found <= 0.07, "{side:?} {found}");
    }
}

#[test]
fn cost_per_success_against_the_baseline() {
    let same = |draw: &mut Draw| (run(draw, 1.0, 0.8), run(draw, 1.0, 0.8));
    let worse = share(800, 1_000, 2, same, |a, b| ln_e_against(a, b, 1.0, Side::Above, TUNING));
    assert!(worse <= 0.07, "false alarm at no difference: {worse}");
    let at_margin = |draw: &mut Draw| (run(draw, 1.0, 0.8), run(draw, 1.2, 0.8));
    let passed = share(800, 1_000, 3, at_margin, |a, b| ln_e_against(a, b, 1.2, Side::Below, TUNING));
    assert!(passed <= 0.07, "false pass at the margin: {passed}");
    let cheaper = |draw: &mut Draw| (run(draw, 1.0, 0.8), run(draw, 0.8, 0.85));
    let found = share(200, 1_000, 4, cheaper, |a, b| ln_e_against(a, b, 1.1, Side::Below, TUNING));
    assert!(found >= 0.95, "{found}");
}

#[test]
fn an_unbounded_baseline_says_nothing() {
    let baseline = RatioSums { n: 150, c: 40.0, y: 1.0, cc: 20.0, yy: 1.0, cy: 0.3 };
    let candidate = RatioSums { n: 400, c: 4.0, y: 300.0, cc: 0.1, yy: 300.0, cy: 3.0 };
    assert_eq!(ln_e_against(&baseline, &candidate, 1.1, Side::Below, TUNING), 0.0);
}

fn latencies(draw: &mut Draw, n: u64, mean: f64) -> Sketch {
    let mut sketch = Sketch::new();
    (0..n).for_each(|_| sketch.add((1e6 * amount(draw, mean)) as i64));
    sketch
}

#[test]
fn a_p95_at_its_bound_is_seldom_passed_and_below_it_often() {
    let p95 = -(0.05_f64.ln()) * 1e6;
    let ever = |mean: f64, seed: u64| {
        let passed = (0..400).filter(|stream| {
            let mut draw = Draw::new(seed + stream);
            let mut sketch = Sketch::new();
            (0..40).any(|_| {
                sketch.merge(&latencies(&mut draw, 25, mean));
                Sample { sketch: &sketch, open: 0 }.ln_e_bound(0.95, p95, Side::Below) >= BAR
            })
        });
        passed.count() as f64 / 400.0
    };
    assert!(ever(1.0, 10_000) <= 0.05, "at the bound");
    assert!(ever(0.7, 20_000) >= 0.9, "well below it");
}

#[test]
fn a_p95_against_the_baselines() {
    let ever = |mean: f64, times: f64, side: Side, seed: u64| {
        let spoke = (0..200).filter(|stream| {
            let mut draw = Draw::new(seed + stream);
            let (mut a, mut b) = (Sketch::new(), Sketch::new());
            (0..12).any(|_| {
                a.merge(&latencies(&mut draw, 100, 1.0));
                b.merge(&latencies(&mut draw, 100, mean));
                let (a, b) = (Sample { sketch: &a, open: 0 }, Sample { sketch: &b, open: 0 });
                quantile::ln_e_against(a, b, 0.95, times, side, 0.05) >= BAR
            })
        });
        spoke.count() as f64 / 200.0
    };
    assert!(ever(1.2, 1.2, Side::Below, 1_000) <= 0.05, "at the margin");
    assert!(ever(1.0, 1.0, Side::Above, 2_000) <= 0.05, "no difference");
    assert!(ever(0.7, 1.2, Side::Below, 3_000) >= 0.9, "clearly faster");
    assert!(ever(1.8, 1.0, Side::Above, 4_000) >= 0.9, "clearly slower");
}

#[test]
fn runs_that_are_not_over_count_as_long() {
    let mut draw = Draw::new(9);
    let sketch = latencies(&mut draw, 1_000, 0.5);
    let bound = 3e6;
    assert!(Sample { sketch: &sketch, open: 0 }.ln_e_bound(0.95, bound, Side::Below) >= BAR);
    assert!(Sample { sketch: &sketch, open: 80 }.ln_e_bound(0.95, bound, Side::Below) < 0.0);
    let empty = Sketch::new();
    assert_eq!(Sample { sketch: &empty, open: 0 }.ln_e_bound(0.95, bound, Side::Below), 0.0);
    assert_eq!(Sample { sketch: &empty, open: 0 }.bound(0.95, Side::Below, 0.05), None);
}
