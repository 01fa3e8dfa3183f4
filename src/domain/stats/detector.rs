//! Detectors of a change: e-detectors in the Shiryaev–Roberts form (Shin, Ramdas and Rinaldo 2024).
//!
//! `M_t = L_t (M_{t−1} + w_t)`, where `L_t` has an expectation of at most 1 given the past while nothing changes, and
//! `w_t`, which reads the past only, is how much of the unit in which false alarms are counted goes by. Then `M_t` minus
//! the sum of the `w` does not grow on average, so the first `M_t ≥ A` is expected no earlier than after `A` units, at
//! whatever times it is looked at. A mean of detectors is one too: several bets, or several streams under one promise.

use serde::{Deserialize, Serialize};

use super::special::{ln, ln_add_exp};

/// A mean of e-detectors, each with its own bet, in logarithms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    ln_m: Vec<f64>,
}

impl Detector {
    /// A detector of `members` bets, at 0.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self { ln_m: vec![f64::NEG_INFINITY; members] }
    }

    /// Takes the next factors in, one per bet, after `weight` units; returns the logarithm of the mean.
    pub fn step(&mut self, weight: f64, ln_factors: &[f64]) -> f64 {
        let ln_weight = ln(weight);
        for (ln_m, ln_factor) in self.ln_m.iter_mut().zip(ln_factors) {
            *ln_m = ln_factor + ln_add_exp(*ln_m, ln_weight);
        }
        self.ln_value()
    }

    /// Logarithm of the mean of its members.
    #[must_use]
    pub fn ln_value(&self) -> f64 {
        let sum = self.ln_m.iter().copied().fold(f64::NEG_INFINITY, ln_add_exp);
        if self.ln_m.len() > 1 { sum - ln(self.ln_m.len() as f64) } else { sum }
    }

    /// The bet that has come furthest.
    #[must_use]
    pub fn leader(&self) -> usize {
        (0..self.ln_m.len()).max_by(|&a, &b| self.ln_m[a].total_cmp(&self.ln_m[b])).unwrap_or(0)
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        self.ln_m.fill(f64::NEG_INFINITY);
    }
}

/// Bets that a rate lies above a bound, against every rate that does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bets {
    bound: f64,
    /// What a hit and a miss multiply each bet by, in logarithms.
    factors: Vec<(f64, f64)>,
}

impl Bets {
    /// Bets on `rates`, all above `bound`; those that are not, or not below 1, are left out.
    #[must_use]
    pub fn above(bound: f64, rates: &[f64]) -> Self {
        let fits = |rate: &&f64| bound > 0.0 && **rate > bound && **rate < 1.0;
        let factor = |rate: &f64| (ln(rate / bound), ln((1.0 - rate) / (1.0 - bound)));
        Self { bound, factors: rates.iter().filter(fits).map(factor).collect() }
    }

    /// The bound.
    #[must_use]
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// How many bets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.factors.len()
    }

    /// Whether no bet fits between the bound and 1.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.factors.is_empty()
    }

    /// Logarithms of the factors of `hits` among `n` outcomes. Under a rate of at most the bound the expectation of each
    /// is at most 1, since it grows with the rate and is 1 at the bound.
    pub fn ln_factors<'a>(&'a self, hits: u64, n: u64) -> impl Iterator<Item = f64> + 'a {
        let (hits, misses) = (hits as f64, n.saturating_sub(hits) as f64);
        self.factors.iter().map(move |(hit, miss)| hits * hit + misses * miss)
    }
}
