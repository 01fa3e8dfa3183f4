//! Golden vectors, computed independently; every figure to the digits given.

use seatrial_domain::stats::interval::{newcombe, wilson};
use seatrial_domain::stats::rank::order_statistic_ranks;
use seatrial_domain::stats::ratio::{Fieller, RatioSums};
use seatrial_domain::stats::sequence::{asymptotic_half_width, beta_mixture};
use seatrial_domain::stats::test_statistics::{g_test, psi};
use seatrial_domain::stats::{EProcess, Interval, Null, Outcomes, Predictor, e_bh, round9, special};

fn close(value: f64, expected: f64, digits: i32) {
    let half_unit = 0.5 * 10_f64.powi(-digits) * 1.000_001;
    assert!((value - expected).abs() <= half_unit, "{value} is not {expected} to {digits} digits");
}

fn ends(interval: Interval, low: f64, high: f64, digits: i32) {
    close(interval.low, low, digits);
    close(interval.high, high, digits);
}

#[test]
fn wilson_interval() {
    let at = |s, n| wilson(s, n, 0.05).expect("runs are there");
    ends(at(81, 263), 0.255_289, 0.366_210, 6);
    ends(at(15, 148), 0.062_386, 0.160_487, 6);
    ends(at(0, 20), 0.0, 0.161_125, 6);
    assert_eq!(at(0, 20).low, 0.0);
    assert_eq!(at(20, 20).high, 1.0);
    assert!(wilson(0, 0, 0.05).is_none());
}

#[test]
fn newcombe_interval() {
    let at = |a, b, c, d| newcombe(a, b, c, d, 0.05).expect("runs are there");
    ends(at(56, 70, 48, 80), 0.0524, 0.3339, 4);
    ends(at(9, 10, 3, 10), 0.1705, 0.8090, 4);
    ends(at(5, 56, 0, 29), -0.0381, 0.1926, 4);
}

#[test]
fn beta_mixture_sequence() {
    ends(beta_mixture(90, 100, 1.0, 1.0, 0.05), 0.771_729, 0.971_158, 6);
    ends(beta_mixture(180, 200, 1.0, 1.0, 0.05), 0.811_696, 0.957_376, 6);
    ends(beta_mixture(90, 100, 0.5, 0.5, 0.05), 0.772_490, 0.970_939, 6);
}

#[test]
fn asymptotic_sequence() {
    let width = asymptotic_half_width(2000, 0.18, 5000.0, 0.05).expect("past the burn-in");
    close(width, 0.029_634_770_5, 10);
    assert!(asymptotic_half_width(99, 0.18, 5000.0, 0.05).is_none());
}

#[test]
fn ratio_and_fieller() {
    let c = [0.12, 0.30, 0.08, 0.45, 0.22, 0.19, 0.60, 0.11, 0.25, 0.33];
    let y = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0];
    let mut sums = RatioSums::default();
    for (c, y) in c.into_iter().zip(y) {
        sums.n += 1;
        sums.c += c;
        sums.y += y;
        sums.cc += c * c;
        sums.yy += y * y;
        sums.cy += c * y;
    }
    close(sums.ratio().expect("successes are there"), 0.378_571, 6);
    let Fieller::Bounded(interval) = sums.fieller(0.05) else { panic!("bounded") };
    ends(interval, 0.228_243, 0.656_832, 6);
    let few = RatioSums { n: 10, c: 3.0, y: 1.0, cc: 1.2, yy: 1.0, cy: 0.3 };
    assert_eq!(few.fieller(0.05), Fieller::Unbounded);
}

#[test]
fn order_statistics() {
    assert_eq!(order_statistic_ranks(1000, 0.95, 0.05), Some((936, 964)));
    assert_eq!(order_statistic_ranks(1000, 0.99, 0.05), Some((983, 997)));
    assert_eq!(order_statistic_ranks(200, 0.5, 0.05), Some((86, 115)));
    assert_eq!(order_statistic_ranks(71, 0.95, 0.05), None);
    assert!(order_statistic_ranks(72, 0.95, 0.05).is_some());
    assert_eq!(order_statistic_ranks(367, 0.99, 0.05), None);
    assert!(order_statistic_ranks(368, 0.99, 0.05).is_some());
    // Above a variance of 10,000 by the normal law with its correction: scipy's binom.ppf gives these, to the rank.
    assert_eq!(order_statistic_ranks(40_100, 0.5, 0.05), Some((19_854, 20_247)));
    assert_eq!(order_statistic_ranks(50_000, 0.5, 0.05), Some((24_781, 25_220)));
    assert_eq!(order_statistic_ranks(300_000, 0.95, 0.05), Some((284_766, 285_235)));
    assert_eq!(order_statistic_ranks(2_000_000, 0.99, 0.05), Some((1_979_724, 1_980_276)));
    assert_eq!(order_statistic_ranks(5_000_000, 0.95, 0.05), Some((4_749_044, 4_750_956)));
}

#[test]
fn class_counts() {
    let test = g_test(&[300, 500, 200], &[250, 520, 230]).expect("same classes");
    close(test.g, 7.038_643, 6);
    close(test.p, 0.029_620, 6);
    assert_eq!(test.degrees, 2);
    close(psi(&[300, 500, 200], &[250, 520, 230]).expect("same classes"), 0.014_093_4, 7);
}

#[test]
fn e_bh_counts() {
    let ln_e: Vec<f64> = [300.0, 90.0, 45.0, 12.0, 3.0, 1.0, 0.5, 0.2].into_iter().map(f64::ln).collect();
    assert_eq!(e_bh::e_bh(&ln_e, 0.05), vec![0, 1]);
    assert_eq!(e_bh::e_bh(&ln_e, 0.10), vec![0, 1, 2]);
    assert!(e_bh::e_bh(&[], 0.05).is_empty());
}

#[test]
fn two_sample_process() {
    let a = [1, 1, 1, 0, 1, 1, 1, 1, 0, 1];
    let b = [1, 0, 1, 0, 1, 1, 0, 1, 0, 1];
    let start = Predictor { start: 0.9, weight: 1.0, keep: 1.0 };
    let mut ship = EProcess::with_predictors(Null::CandidateBelow { margin: 0.05 }, &[start]);
    let mut rollback = EProcess::with_predictors(Null::CandidateAbove { margin: 0.0 }, &[start]);
    for (s_a, s_b) in (0..10).flat_map(|_| a.into_iter().zip(b)) {
        let pair = Outcomes { n_a: 1, s_a, n_b: 1, s_b };
        ship.step(&pair);
        rollback.step(&pair);
    }
    close(ship.ln_e(), -0.532_494, 6);
    close(rollback.ln_e(), 2.553_924, 6);
}

#[test]
fn special_functions() {
    close(special::two_sided_z(0.05), 1.959_963_984_540_054, 15);
    close(special::normal_quantile(1e-10), -6.361_340_902_404_056, 12);
    for p in [1e-12, 0.001, 0.1, 0.3, 0.5, 0.9] {
        let back = special::normal_upper_tail(-special::normal_quantile(p));
        assert!((back / p - 1.0).abs() < 1e-12, "{p}: {back}");
    }
    close(special::chi_square_upper_tail(3.841_458_820_694_124, 1), 0.05, 12);
    close(special::chi_square_upper_tail(7.814_727_903_251_178, 3), 0.05, 12);
    close(special::chi_square_upper_tail(9.487_729_036_781_154, 4), 0.05, 12);
}

#[test]
fn nine_significant_digits() {
    assert_eq!(round9(0.123_456_789_49), 0.123_456_789);
    assert_eq!(round9(-123_456_789.6), -123_456_790.0);
    assert_eq!(round9(-0.0).to_bits(), 0.0_f64.to_bits());
    assert_eq!(round9(round9(1.0 / 3.0)), round9(1.0 / 3.0));
}
