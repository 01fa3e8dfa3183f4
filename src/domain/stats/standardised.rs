//! Standardised evidence about amounts: both arms at one mix of segments, compared within each.
//!
//! A blend can get cheaper because cheap work grew. What is read here cannot: it compares each segment with itself and
//! only then puts the segments together. It reads what the segments add up to by now, so it holds at every look and is
//! not latched.

use super::amount::{Side, Tuning, ln_e_mean};
use super::quantile::Sample;
use super::ratio::RatioSums;
use super::sequence::BURN_IN;
use super::special::ln;

/// Logarithm of the evidence that the candidate's ratio lies on `side` of `times` the baseline's within the segments.
///
/// Of a segment with n_a and n_b runs, means c̄ of the amounts and ȳ of the divisors, `c̄_b·ȳ_a − times·c̄_a·ȳ_b` has mean 0
/// where the candidate's ratio is `times` the baseline's, whatever that is; of a mean, whose divisors are all 1, it is
/// the plain difference. Segments are put together with the weights of Mantel and Haenszel (1959), n_a·n_b/(n_a + n_b):
/// a thin segment weighs little, and none has to be left out but one with fewer than two runs in an arm, which has no
/// spread. The burn-in of [`BURN_IN`] values is that of all together, and so is the asymptotic sequence.
#[must_use]
pub fn ln_e_ratio<'a>(
    segments: impl IntoIterator<Item = (&'a RatioSums, &'a RatioSums)>,
    times: f64,
    side: Side,
    tuning: Tuning,
) -> f64 {
    let (mut runs_a, mut runs_b) = (0, 0);
    let (mut weight, mut expected, mut distance, mut variance) = (0.0, 0.0, 0.0, 0.0);
    for (a, b) in segments.into_iter().filter(|(a, b)| a.n >= 2 && b.n >= 2) {
        let (n_a, n_b) = (a.n as f64, b.n as f64);
        let (c_a, y_a, c_b, y_b) = (a.c / n_a, a.y / n_a, b.c / n_b, b.y / n_b);
        let share = n_a * n_b / (n_a + n_b);
        runs_a += a.n;
        runs_b += b.n;
        weight += share;
        expected += share * times * c_a * y_b;
        distance += share * (c_b * y_a - times * c_a * y_b);
        // Each arm's spread around its own means, as it moves the difference of the products.
        let own = spread(b, y_a, times * c_a) / n_b;
        let others = spread(a, times * y_b, c_b) / n_a;
        variance += share * share * (own + others);
    }
    if runs_a < BURN_IN || runs_b < BURN_IN || expected <= 0.0 {
        return 0.0;
    }
    let n = runs_b as f64;
    ln_e_mean(n, distance / weight, n * variance / (weight * weight), side, tuning)
}

/// Variance of `p·c − r·y` over the runs of an arm.
fn spread(sums: &RatioSums, p: f64, r: f64) -> f64 {
    let n = sums.n as f64;
    let mean = (p * sums.c - r * sums.y) / n;
    let squares = p * p * sums.cc - 2.0 * p * r * sums.cy + r * r * sums.yy;
    ((squares - n * mean * mean) / (n - 1.0)).max(0.0)
}

/// Logarithm of the evidence that within the segments the candidate's `q` quantile lies on `side` of `times` the
/// baseline's: each run of the candidate is held against the baseline's quantile of its own segment.
///
/// Half of `alpha` goes to bounds on the baseline's quantiles, in equal parts to all segments, so that all of them hold
/// at once; half to the share of the candidate's runs beyond their bounds, as in [`super::quantile::ln_e_against`].
/// Segments whose baseline has too few runs for a bound are not compared; with none that is, nothing is said.
#[must_use]
pub fn ln_e_quantile(segments: &[(Sample<'_>, Sample<'_>)], q: f64, times: f64, side: Side, alpha: f64) -> f64 {
    let doubt = match side {
        Side::Below => Side::Above,
        Side::Above => Side::Below,
    };
    let part = alpha / (2.0 * segments.len().max(1) as f64);
    let (mut n, mut beyond) = (0, 0);
    for (baseline, candidate) in segments {
        let Some(bound) = baseline.bound(q, doubt, part) else { continue };
        n += candidate.n();
        beyond += candidate.above(times * bound, side == Side::Below);
    }
    if n == 0 { 0.0 } else { super::quantile::ln_e_share(n, beyond, q, side) - ln(2.0) }
}
