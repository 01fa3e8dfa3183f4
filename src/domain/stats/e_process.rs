//! Block e-processes: the evidence that decides, valid at every look.
//!
//! Each block multiplies the process by a factor whose expectation is at most 1 under the whole
//! null, whatever the sizes of the two arms, as long as the predictors read earlier blocks only
//! (proof in `docs/STATISTICS.md`). Reaching `1/α` then happens with probability at most `α` under
//! the null, however often it is looked at. All of it is in logarithms.

use serde::{Deserialize, Serialize};

use super::bet::{Bet, EvidenceMethod, Member, Prediction, Predictor};
use super::special::{ln, ln_add_exp};

/// Predictors are kept this far from 0 and 1, where a single outcome would be infinitely surprising.
pub(super) const EDGE: f64 = 1e-9;

/// Outcomes of one block: `a` is the baseline, `b` the candidate.
///
/// Serialises as `[n_a, s_a, n_b, s_b]`: a frozen series has thousands of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(from = "[u64; 4]", into = "[u64; 4]")]
pub struct Outcomes {
    /// Baseline outcomes.
    pub n_a: u64,
    /// Baseline outcomes that count in the numerator.
    pub s_a: u64,
    /// Candidate outcomes.
    pub n_b: u64,
    /// Candidate outcomes that count in the numerator.
    pub s_b: u64,
}

impl From<[u64; 4]> for Outcomes {
    fn from([n_a, s_a, n_b, s_b]: [u64; 4]) -> Self {
        Self { n_a, s_a, n_b, s_b }
    }
}

impl From<Outcomes> for [u64; 4] {
    fn from(block: Outcomes) -> Self {
        [block.n_a, block.s_a, block.n_b, block.s_b]
    }
}

impl Outcomes {
    /// Both blocks as one.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self {
            n_a: self.n_a + other.n_a,
            s_a: self.s_a + other.s_a,
            n_b: self.n_b + other.n_b,
            s_b: self.s_b + other.s_b,
        }
    }

    /// Outcomes in both arms together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.n_a + self.n_b
    }
}

/// What the evidence speaks against. Rates are shares of outcomes in the numerator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Null {
    /// `θ_b ≤ θ_a − margin`: the candidate's rate is lower by the margin or more.
    CandidateBelow {
        /// In `(−1, 1)`; negative widens the null to "not higher by more than".
        margin: f64,
    },
    /// `θ_b ≥ θ_a + margin`: the candidate's rate is higher by the margin or more.
    CandidateAbove {
        /// In `(−1, 1)`; negative widens the null to "not lower by more than".
        margin: f64,
    },
    /// `θ_b ≤ bound`, the baseline left out.
    RateAtMost {
        /// In `(0, 1)`.
        bound: f64,
    },
    /// `θ_b ≥ bound`, the baseline left out.
    RateAtLeast {
        /// In `(0, 1)`.
        bound: f64,
    },
}

impl Null {
    /// The distance from the boundary that matters when nobody says: the margin, twice the usual five points where
    /// there is none.
    #[must_use]
    pub fn step(self) -> f64 {
        match self {
            Self::CandidateBelow { margin } | Self::CandidateAbove { margin } if margin != 0.0 => margin.abs(),
            _ => 0.1,
        }
    }
}

/// A running e-process against one null. What is kept of it goes on as it would have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EProcess {
    null: Null,
    members: Vec<Member>,
    ln_e: f64,
    ln_e_max: f64,
}

impl EProcess {
    /// A process at 1 that bets as `method` does, on the null's own margin as the distance that matters.
    #[must_use]
    pub fn new(null: Null, method: EvidenceMethod) -> Self {
        Self::with_step(null, method, null.step())
    }

    /// A process at 1 that bets as `method` does; `step` is the distance from the null's boundary that matters.
    #[must_use]
    pub fn with_step(null: Null, method: EvidenceMethod, step: f64) -> Self {
        Self::with_bets(null, &method.bets(null, step))
    }

    /// A process at 1 that is the mean of one process per predictor.
    #[must_use]
    pub fn with_predictors(null: Null, predictors: &[Predictor]) -> Self {
        let share = 1.0 / predictors.len() as f64;
        let bets: Vec<Bet> =
            predictors.iter().map(|&predictor| Bet { share, on: Prediction::PlugIn(predictor) }).collect();
        Self::with_bets(null, &bets)
    }

    /// A process at 1 that is the weighted mean of its members. The shares add up to at most 1.
    #[must_use]
    pub fn with_bets(null: Null, bets: &[Bet]) -> Self {
        Self { null, members: bets.iter().map(Member::new).collect(), ln_e: 0.0, ln_e_max: 0.0 }
    }

    /// Takes the next block in and returns the logarithm of the evidence so far.
    pub fn step(&mut self, block: &Outcomes) -> f64 {
        for member in &mut self.members {
            if let Some((a, b)) = member.predict(self.null) {
                member.ln_e += ln_factor(self.null, a, b, block);
            }
            member.learn(block);
        }
        self.ln_e = match self.members.as_slice() {
            [] => 0.0,
            [only] => only.ln_e,
            many => many.iter().map(Member::weighted).fold(f64::NEG_INFINITY, ln_add_exp),
        };
        self.ln_e_max = self.ln_e_max.max(self.ln_e);
        self.ln_e
    }

    /// Logarithm of the evidence now.
    #[must_use]
    pub fn ln_e(&self) -> f64 {
        self.ln_e
    }

    /// Latched evidence: the running maximum, at least 0.
    #[must_use]
    pub fn ln_e_max(&self) -> f64 {
        self.ln_e_max
    }

    /// Runs a process over a whole series.
    #[must_use]
    pub fn over(null: Null, method: EvidenceMethod, blocks: &[Outcomes]) -> Trajectory {
        Self::over_with_step(null, method, null.step(), blocks)
    }

    /// Runs a process over a whole series; `step` as in [`Self::with_step`].
    #[must_use]
    pub fn over_with_step(null: Null, method: EvidenceMethod, step: f64, blocks: &[Outcomes]) -> Trajectory {
        let mut process = Self::with_step(null, method, step);
        let path = blocks.iter().map(|block| process.step(block)).collect();
        Trajectory { path }
    }
}

/// Logarithm of the evidence after each block of a series.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trajectory {
    /// One figure per block, in order.
    pub path: Vec<f64>,
}

impl Trajectory {
    /// Evidence after the last block; 0 for an empty series.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.path.last().copied().unwrap_or(0.0)
    }

    /// Latched evidence: the highest so far, at least 0.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.path.iter().copied().fold(0.0, f64::max)
    }

    /// Index of the first block after which the evidence was at least `bar`.
    #[must_use]
    pub fn reached(&self, bar: f64) -> Option<usize> {
        self.path.iter().position(|&ln_e| ln_e >= bar)
    }

    /// The mean of two processes over the same series, itself an e-process for the common null.
    #[must_use]
    pub fn mean(&self, other: &Self) -> Self {
        let half = ln(2.0);
        let path = self.path.iter().zip(&other.path);
        Self { path: path.map(|(&a, &b)| ln_add_exp(a, b) - half).collect() }
    }
}

/// Logarithm of one block's factor, given rates predicted from earlier blocks.
///
/// 0 when the prediction lies in the null or an arm that the null reads is empty.
#[must_use]
pub fn ln_factor(null: Null, predicted_a: f64, predicted_b: f64, block: &Outcomes) -> f64 {
    let a = Arm { rate: predicted_a, n: block.n_a, s: block.s_a };
    let b = Arm { rate: predicted_b, n: block.n_b, s: block.s_b };
    match null {
        Null::CandidateBelow { margin } => ln_factor_pair(&a, &b, margin),
        Null::CandidateAbove { margin } => ln_factor_pair(&b, &a, margin),
        Null::RateAtMost { bound } => {
            let bound = bound.clamp(EDGE, 1.0 - EDGE);
            if b.rate > bound { b.ln_ratio(bound) } else { 0.0 }
        }
        Null::RateAtLeast { bound } => {
            let bound = bound.clamp(EDGE, 1.0 - EDGE);
            if b.rate < bound { b.ln_ratio(bound) } else { 0.0 }
        }
    }
}

struct Arm {
    rate: f64,
    n: u64,
    s: u64,
}

impl Arm {
    /// Log likelihood ratio of the predicted rate against `other`.
    fn ln_ratio(&self, other: f64) -> f64 {
        let (hits, misses) = (self.s as f64, self.n.saturating_sub(self.s) as f64);
        hits * (ln(self.rate) - ln(other)) + misses * (ln(1.0 - self.rate) - ln(1.0 - other))
    }
}

/// Factor against "`low`'s rate ≤ `high`'s rate − margin".
fn ln_factor_pair(high: &Arm, low: &Arm, margin: f64) -> f64 {
    if high.n == 0 || low.n == 0 || low.rate <= high.rate - margin {
        return 0.0;
    }
    let on_high = project(high, low, margin);
    high.ln_ratio(on_high) + low.ln_ratio(on_high - margin)
}

/// The point of the boundary nearest to the prediction, each arm weighted by its outcomes.
///
/// Root of `n_h (t−θ_h)/(t(1−t)) + n_l (u−θ_l)/(u(1−u))`, `u = t − margin`, which rises in `t`.
fn project(high: &Arm, low: &Arm, margin: f64) -> f64 {
    let slope = |t: f64| {
        let u = t - margin;
        high.n as f64 * (t - high.rate) / (t * (1.0 - t)) + low.n as f64 * (u - low.rate) / (u * (1.0 - u))
    };
    // The slope's derivative: each term is n·(θ/t² + (1−θ)/(1−t)²).
    let newton = |t: f64| {
        let u = t - margin;
        let rise = |n: u64, rate: f64, t: f64| n as f64 * (rate / (t * t) + (1.0 - rate) / ((1.0 - t) * (1.0 - t)));
        t - slope(t) / (rise(high.n, high.rate, t) + rise(low.n, low.rate, u))
    };
    let (mut left, mut right) = (margin.max(0.0), (1.0 + margin).min(1.0));
    // Newton's steps, held inside the bracket: some six where bisection takes sixty.
    let mut t = 0.5 * (left + right);
    for _ in 0..60 {
        let at = slope(t);
        if at < 0.0 {
            left = t;
        } else {
            right = t;
        }
        let next = newton(t);
        let inside = next > left && next < right;
        let next = if inside { next } else { 0.5 * (left + right) };
        if (next - t).abs() <= 1e-15 || at == 0.0 {
            break;
        }
        t = next;
    }
    t
}
