//! Standardised evidence about amounts: how often it speaks where it must not although the mix shifts and segments are
//! thin, and whether it speaks where it should.

use seatrial_domain::stats::Sketch;
use seatrial_domain::stats::amount::{Side, Tuning, ln_e_against};
use seatrial_domain::stats::quantile::{self, Sample};
use seatrial_domain::stats::ratio::RatioSums;
use seatrial_domain::stats::standardised::{ln_e_quantile, ln_e_ratio};

use crate::support::Draw;

const TUNING: Tuning = Tuning { n_star: 500.0, alpha: 0.05 };
const BAR: f64 = 2.995_732;

/// Mean cost and share of successes of a segment's runs.
#[derive(Clone, Copy)]
struct Kind {
    mean: f64,
    rate: f64,
}

/// Of every 20 runs of the baseline and of the candidate, how many are of each of the three kinds: work moves from the
/// dear kind to the cheap one, and every twentieth run is of a rare kind.
const MIX_A: [usize; 3] = [4, 15, 1];
const MIX_B: [usize; 3] = [14, 5, 1];

fn kind_of(mix: [usize; 3], draw: &mut Draw) -> usize {
    let at = (20.0 * draw.unit()) as usize;
    if at < mix[0] {
        0
    } else if at < mix[0] + mix[1] {
        1
    } else {
        2
    }
}

/// A run's cost, exponential, and whether it succeeded.
fn run(kind: Kind, draw: &mut Draw) -> RatioSums {
    let y = draw.hit(kind.rate) as f64;
    let c = -kind.mean * (1.0 - draw.unit()).ln();
    RatioSums { n: 1, c, y, cc: c * c, yy: y, cy: c * y }
}

/// As a mean reads it: divided by the runs.
fn as_mean(run: RatioSums) -> RatioSums {
    RatioSums { y: 1.0, yy: 1.0, cy: run.c, ..run }
}

struct Arms {
    a: [RatioSums; 3],
    b: [RatioSums; 3],
}

impl Arms {
    fn standardised(&self, times: f64, side: Side) -> f64 {
        ln_e_ratio(self.a.iter().zip(&self.b), times, side, TUNING)
    }

    fn blended(&self, times: f64, side: Side) -> f64 {
        let sum = |arm: &[RatioSums]| {
            let mut all = RatioSums::default();
            arm.iter().for_each(|segment| all.add(segment));
            all
        };
        ln_e_against(&sum(&self.a), &sum(&self.b), times, side, TUNING)
    }
}

/// Share of streams in which evidence ever reaches the bar, looked at every ten runs of each arm: the standardised, and
/// the blended.
fn shares(
    streams: u64,
    seed: u64,
    (a, b): ([Kind; 3], [Kind; 3]),
    read: impl Fn(RatioSums) -> RatioSums,
    times: f64,
    side: Side,
) -> (f64, f64) {
    let (mut standardised, mut blended) = (0, 0);
    for stream in 0..streams {
        let mut draw = Draw::new(seed * 1_000_003 + stream);
        let mut arms = Arms { a: [RatioSums::default(); 3], b: [RatioSums::default(); 3] };
        let (mut spoke, mut spoke_blended) = (false, false);
        for k in 1..=800 {
            let (kind_a, kind_b) = (kind_of(MIX_A, &mut draw), kind_of(MIX_B, &mut draw));
            arms.a[kind_a].add(&read(run(a[kind_a], &mut draw)));
            arms.b[kind_b].add(&read(run(b[kind_b], &mut draw)));
            if k % 10 == 0 {
                spoke |= arms.standardised(times, side) >= BAR;
                spoke_blended |= arms.blended(times, side) >= BAR;
            }
        }
        standardised += u32::from(spoke);
        blended += u32::from(spoke_blended);
    }
    (f64::from(standardised) / streams as f64, f64::from(blended) / streams as f64)
}

const KINDS: [Kind; 3] = [Kind { mean: 0.1, rate: 0.95 }, Kind { mean: 1.0, rate: 0.7 }, Kind { mean: 3.0, rate: 0.4 }];

fn dearer(by: f64) -> [Kind; 3] {
    KINDS.map(|kind| Kind { mean: by * kind.mean, ..kind })
}

#[test]
fn a_mix_that_gets_cheaper_does_not_hide_segments_that_get_dearer() {
    for read in [as_mean, |run| run] as [fn(RatioSums) -> RatioSums; 2] {
        // Half as dear again everywhere: the blend passes, for work moved to the cheap kind.
        let (passed, blended) = shares(100, 1, (KINDS, dearer(1.5)), read, 1.1, Side::Below);
        assert!(passed <= 0.02 && blended >= 0.8, "passes: standardised {passed}, blended {blended}");
        let (failed, _) = shares(100, 2, (KINDS, dearer(1.5)), read, 1.0, Side::Above);
        assert!(failed >= 0.8, "found: {failed}");
    }
}

#[test]
fn segments_at_the_bound_seldom_speak_at_any_of_many_looks() {
    for read in [as_mean, |run| run] as [fn(RatioSums) -> RatioSums; 2] {
        let (passed, _) = shares(600, 3, (KINDS, dearer(1.2)), read, 1.2, Side::Below);
        assert!(passed <= 0.07, "false pass at the margin: {passed}");
        let (failed, _) = shares(600, 4, (KINDS, KINDS), read, 1.0, Side::Above);
        assert!(failed <= 0.07, "false alarm at no difference: {failed}");
    }
}

#[test]
fn segments_that_did_not_change_pass() {
    let (passed, _) = shares(100, 5, (KINDS, dearer(0.85)), as_mean, 1.25, Side::Below);
    assert!(passed >= 0.9, "{passed}");
}

#[test]
fn one_segment_alone_says_what_the_whole_says() {
    // Of a ratio the spread is taken where the arms are, not where the bound would have them: near, and not the same.
    for (read, near) in [(as_mean as fn(RatioSums) -> RatioSums, 0.01), (|run| run, 0.2)] {
        let mut draw = Draw::new(6);
        let (mut a, mut b) = (RatioSums::default(), RatioSums::default());
        for _ in 0..600 {
            a.add(&read(run(KINDS[1], &mut draw)));
            b.add(&read(run(Kind { mean: 0.7, ..KINDS[1] }, &mut draw)));
        }
        let alone = ln_e_ratio([(&a, &b)], 1.1, Side::Below, TUNING);
        let whole = ln_e_against(&a, &b, 1.1, Side::Below, TUNING);
        assert!(whole > BAR && (alone / whole - 1.0).abs() < near, "{alone} {whole}");
    }
}

#[test]
fn it_waits_for_runs_and_leaves_out_what_has_no_spread() {
    let few = RatioSums { n: 60, c: 60.0, y: 60.0, cc: 90.0, yy: 60.0, cy: 60.0 };
    let cheap = RatioSums { n: 60, c: 6.0, y: 60.0, cc: 0.9, yy: 60.0, cy: 6.0 };
    assert_eq!(ln_e_ratio([(&few, &cheap)], 1.1, Side::Below, TUNING), 0.0, "fewer than the burn-in");
    let twice = ln_e_ratio([(&few, &cheap), (&few, &cheap)], 1.1, Side::Below, TUNING);
    assert!(twice > BAR, "{twice}");
    let one = RatioSums { n: 1, c: 900.0, y: 1.0, cc: 810_000.0, yy: 1.0, cy: 900.0 };
    let with_one = ln_e_ratio([(&few, &cheap), (&few, &cheap), (&few, &one)], 1.1, Side::Below, TUNING);
    assert_eq!(with_one.to_bits(), twice.to_bits());
    // A baseline of nothing, or below it, has no multiple that is a margin.
    let free = RatioSums { n: 150, c: 0.0, y: 150.0, cc: 0.0, yy: 150.0, cy: 0.0 };
    assert_eq!(ln_e_ratio([(&free, &free)], 1.1, Side::Below, TUNING), 0.0);
    assert_eq!(ln_e_ratio([], 1.1, Side::Below, TUNING), 0.0);
}

/// Share of streams in which the p90 is ever said to lie on a side, of segments whose durations differ tenfold.
fn spoke(streams: u64, seed: u64, slower: f64, times: f64, side: Side) -> (f64, f64) {
    let (mut standardised, mut blended) = (0, 0);
    for stream in 0..streams {
        let mut draw = Draw::new(seed * 1_000_003 + stream);
        let mut arms = [(); 2].map(|()| (Sketch::new(), Sketch::new()));
        let (mut said, mut said_blended) = (false, false);
        for _ in 0..8 {
            for _ in 0..150 {
                let mut lasts = |mean: f64| (-1e6 * mean * (1.0 - draw.unit()).ln()) as i64;
                let (long, short) = (lasts(10.0), lasts(1.0));
                let (slow_long, slow_short) = (lasts(10.0 * slower), lasts(slower));
                // Of the baseline half is long work, of the candidate one in ten.
                let kind = draw.unit();
                let (at, took) = if kind < 0.5 { (0, long) } else { (1, short) };
                arms[at].0.add(took);
                let (at, took) = if kind < 0.1 { (0, slow_long) } else { (1, slow_short) };
                arms[at].1.add(took);
            }
            let sample = |sketch| Sample { sketch, open: 0 };
            let segments: Vec<_> = arms.iter().map(|(a, b)| (sample(a), sample(b))).collect();
            said |= ln_e_quantile(&segments, 0.9, times, side, 0.05) >= BAR;
            let mut whole = (Sketch::new(), Sketch::new());
            for (a, b) in &arms {
                whole.0.merge(a);
                whole.1.merge(b);
            }
            let (a, b) = (sample(&whole.0), sample(&whole.1));
            said_blended |= quantile::ln_e_against(a, b, 0.9, times, side, 0.05) >= BAR;
        }
        standardised += u32::from(said);
        blended += u32::from(said_blended);
    }
    (f64::from(standardised) / streams as f64, f64::from(blended) / streams as f64)
}

#[test]
fn quantiles_are_compared_within_segments() {
    // Twice as slow everywhere, hidden by a mix with less of the long work.
    let (passed, blended) = spoke(60, 7, 2.0, 1.2, Side::Below);
    assert!(passed == 0.0 && blended >= 0.95, "passes: standardised {passed}, blended {blended}");
    assert!(spoke(60, 8, 2.0, 1.0, Side::Above).0 >= 0.95, "and found");
    assert!(spoke(60, 9, 0.7, 1.2, Side::Below).0 >= 0.9, "faster");
    assert!(spoke(200, 10, 1.2, 1.2, Side::Below).0 <= 0.05, "at the margin");
    assert!(spoke(200, 11, 1.0, 1.0, Side::Above).0 <= 0.05, "no difference");
    let (few, many) = (Sketch::new(), Sketch::new());
    let none = [(Sample { sketch: &few, open: 0 }, Sample { sketch: &many, open: 0 })];
    assert_eq!(ln_e_quantile(&none, 0.9, 1.2, Side::Below, 0.05), 0.0);
}
