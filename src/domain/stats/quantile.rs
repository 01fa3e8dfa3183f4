//! Evidence about quantiles, at every look, from sketches.
//!
//! `q` quantile below `t` means: the share of amounts above `t` is below `1 − q`. So a quantile is a rate of an
//! indicator, and its evidence a beta mixture on that rate: a function of two counts alone that only falls as more
//! amounts lie above `t`, so it holds for all `t` at once and `t` may move with the baseline.

use super::amount::Side;
use super::sequence::ln_e_mixture_floor;
use super::sketch::{Bucket, Sketch};
use super::special::ln;

/// Parameters of the mixture: Jeffreys'.
const HALF: f64 = 0.5;

/// A sample whose quantile is asked for: amounts that are known, and some that are not over yet.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// Known amounts.
    pub sketch: &'a Sketch,
    /// Amounts that are larger than any bound by now, because what they measure is still going on.
    pub open: u64,
}

impl Sample<'_> {
    /// All of them.
    #[must_use]
    pub fn n(&self) -> u64 {
        u64::try_from(self.sketch.count()).unwrap_or(0) + self.open
    }

    /// Amounts above `bound`; those in its bucket count as above when `doubtful`.
    pub(super) fn above(&self, bound: f64, doubtful: bool) -> u64 {
        let below = self.sketch.count_within(bound, !doubtful);
        self.n().saturating_sub(u64::try_from(below).unwrap_or(0))
    }

    /// Logarithm of the evidence that the `q` quantile lies on `side` of `bound`, against every one that does not.
    #[must_use]
    pub fn ln_e_bound(&self, q: f64, bound: f64, side: Side) -> f64 {
        ln_e_share(self.n(), self.above(bound, side == Side::Below), q, side)
    }

    /// The tightest bound on `side` of which the quantile lies with probability `1 − alpha` at all looks together: a
    /// lower bound for [`Side::Above`]. `None` when there are too few amounts to say.
    #[must_use]
    pub fn bound(&self, q: f64, side: Side, alpha: f64) -> Option<f64> {
        let (n, bar) = (self.n(), -ln(alpha));
        let known = |below: i64| ln_e_share(n, n.saturating_sub(u64::try_from(below).unwrap_or(0)), q, side) >= bar;
        // From one bucket to the next the evidence only falls, or only rises: the last that it knows, or the first, is
        // searched for by halves.
        let buckets = self.sketch.buckets();
        let found = match side {
            Side::Above => {
                let after = buckets.partition_point(|bucket| known(bucket.within));
                after.checked_sub(1).and_then(|last| buckets.get(last))
            }
            Side::Below => buckets.get(buckets.partition_point(|bucket| !known(bucket.below))),
        };
        found.map(Bucket::amount)
    }
}

/// Logarithm of the evidence that the `q` quantile lies on `side` of a bound `beyond` which so many of `n` amounts lie.
pub(super) fn ln_e_share(n: u64, beyond: u64, q: f64, side: Side) -> f64 {
    match side {
        Side::Below => ln_e_mixture_floor(n - beyond, n, q, HALF, HALF),
        Side::Above => ln_e_mixture_floor(beyond, n, 1.0 - q, HALF, HALF),
    }
}

/// Logarithm of the evidence that the candidate's `q` quantile lies on `side` of `times` the baseline's.
///
/// Half of `alpha` goes to a bound on the baseline's quantile and half to the candidate's process against that bound;
/// the figure is shifted so that it decides at `ln(1/alpha)`. 0 while the baseline's quantile has no bound.
#[must_use]
pub fn ln_e_against(baseline: Sample<'_>, candidate: Sample<'_>, q: f64, times: f64, side: Side, alpha: f64) -> f64 {
    let doubt = match side {
        Side::Below => Side::Above,
        Side::Above => Side::Below,
    };
    let Some(bound) = baseline.bound(q, doubt, alpha / 2.0) else { return 0.0 };
    candidate.ln_e_bound(q, times * bound, side) - ln(2.0)
}
