//! Evidence about amounts: a mean or a ratio of sums against a bound or against the baseline's, at every look.
//!
//! A mean is the ratio of a sum to a count, so one process serves both: `z = c − r₀·y` has mean 0 where the ratio is
//! `r₀`. Its evidence is the normal mixture of the asymptotic confidence sequence (arXiv 2103.06476): the sequence's
//! interval excludes 0 exactly when the mixture reaches 1/α. Nothing is said before [`BURN_IN`] values in each arm.

use super::ratio::{Fieller, RatioSums};
use super::sequence::BURN_IN;
use super::special::ln;

/// On which side of the bound the candidate's ratio lies under the alternative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below it.
    Below,
    /// Above it.
    Above,
}

/// How the sequence is tuned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// The sample size at which it is to be tightest.
    pub n_star: f64,
    /// The level it is tuned for.
    pub alpha: f64,
}

impl Tuning {
    fn rho2(self) -> f64 {
        let ln_alpha = ln(self.alpha);
        (-2.0 * ln_alpha + ln(1.0 - 2.0 * ln_alpha)) / self.n_star.max(1.0)
    }
}

impl RatioSums {
    /// Adds `other`.
    pub fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.c += other.c;
        self.y += other.y;
        self.cc += other.cc;
        self.yy += other.yy;
        self.cy += other.cy;
    }

    /// Mean and variance of `c − r₀·y`.
    fn linearised(&self, bound: f64) -> (f64, f64) {
        let n = self.n as f64;
        let mean = (self.c - bound * self.y) / n;
        let squares = (self.cc - 2.0 * bound * self.cy + bound * bound * self.yy) / n;
        (mean, (squares - mean * mean).max(0.0))
    }
}

/// Logarithm of the evidence that the ratio lies on `side` of `bound`, against every ratio that does not.
#[must_use]
pub fn ln_e_bound(sums: &RatioSums, bound: f64, side: Side, tuning: Tuning) -> f64 {
    if sums.n < BURN_IN {
        return 0.0;
    }
    let (mean, variance) = sums.linearised(bound);
    ln_e_mean(sums.n as f64, mean, variance, side, tuning)
}

/// Logarithm of the evidence that the candidate's ratio lies on `side` of `times` the baseline's.
///
/// The candidate is linearised at `r₀ = times · R_a`; the uncertainty of `R_a` is added to the variance. Nothing is
/// said while the baseline's ratio is unbounded (too few successes to divide by) or not above zero, where a multiple of
/// it is no margin.
#[must_use]
pub fn ln_e_against(baseline: &RatioSums, candidate: &RatioSums, times: f64, side: Side, tuning: Tuning) -> f64 {
    if baseline.n < BURN_IN || candidate.n < BURN_IN {
        return 0.0;
    }
    let bounded = matches!(baseline.fieller(tuning.alpha), Fieller::Bounded(_));
    let Some(ratio) = baseline.ratio().filter(|&ratio| bounded && ratio > 0.0) else { return 0.0 };
    let (n_a, n_b) = (baseline.n as f64, candidate.n as f64);
    let (mean, own) = candidate.linearised(times * ratio);
    let (_, others) = baseline.linearised(ratio);
    // How much an error of the baseline's ratio moves the candidate's mean.
    let slope = times * (candidate.y / n_b) / (baseline.y / n_a);
    let variance = own + slope * slope * others * n_b / n_a;
    ln_e_mean(n_b, mean, variance, side, tuning)
}

/// Normal mixture against "the mean is 0 or on the other side": the least over that null.
pub(super) fn ln_e_mean(n: f64, mean: f64, variance: f64, side: Side, tuning: Tuning) -> f64 {
    // One more value as far off as the mean: equal amounts (variance 0) become strong evidence, not infinite.
    let variance = variance + mean * mean / n;
    let grown = n * tuning.rho2() + 1.0;
    let away = match side {
        Side::Below => -mean,
        Side::Above => mean,
    };
    let gained = if away > 0.0 { mean * mean * n * (grown - 1.0) / (2.0 * variance * grown) } else { 0.0 };
    gained - 0.5 * ln(grown)
}
