//! How an e-process bets: the rates it predicts for the next block from earlier blocks.
//!
//! Any prediction that reads earlier blocks only keeps the process valid; a good one makes it fast. A single plug-in
//! predictor that met an unlucky start can lose evidence for long, so the default is a weighted mean of several.

use serde::{Deserialize, Serialize};

use super::e_process::{EDGE, Null, Outcomes};
use super::special::ln;

/// How the rates of the next block are predicted from earlier blocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Predictor {
    /// Rate before any outcome.
    pub start: f64,
    /// Weight of the start, in outcomes.
    pub weight: f64,
    /// Share of the past kept at each block; 1 forgets nothing.
    pub keep: f64,
}

impl Predictor {
    /// The neutral start: ½ with the weight of one outcome.
    pub const NEUTRAL: Self = Self { start: 0.5, weight: 1.0, keep: 1.0 };
}

/// Which predictors a process bets with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceMethod {
    /// One plug-in predictor with the neutral start.
    PlugIn,
    /// The mean of three: plug-in, heavily smoothed, and forgetting. Hedges an unlucky start.
    Averaged,
    /// A weighted mean of a plug-in and of bets on distances from the null's boundary that matter to the check. An
    /// unlucky start costs it at most the plug-in's weight, and near the distances it was made for it needs hardly
    /// more runs than a test that knew the rates.
    #[default]
    Hedged,
}

/// One member of a process, with its share of the stake at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bet {
    /// Share of the stake.
    pub share: f64,
    /// What it bets on.
    pub on: Prediction,
}

/// What a member predicts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Prediction {
    /// Each arm's rate as it was so far.
    PlugIn(Predictor),
    /// That the candidate's rate lies this far from the null's boundary, on the other side of it; the level common to
    /// both arms is learned from both.
    Gap(f64),
    /// That the candidate's rate is this one, whatever came before.
    Rate(f64),
}

impl EvidenceMethod {
    /// The members of a process against `null`. `step` is the distance from the boundary that matters, as a
    /// difference of rates.
    #[must_use]
    pub fn bets(self, null: Null, step: f64) -> Vec<Bet> {
        let plug_in = |share: f64, predictor| Bet { share, on: Prediction::PlugIn(predictor) };
        match self {
            Self::PlugIn => vec![plug_in(1.0, Predictor::NEUTRAL)],
            Self::Averaged => {
                let third = 1.0 / 3.0;
                vec![
                    plug_in(third, Predictor::NEUTRAL),
                    plug_in(third, Predictor { weight: 20.0, ..Predictor::NEUTRAL }),
                    plug_in(third, Predictor { keep: 0.9, ..Predictor::NEUTRAL }),
                ]
            }
            Self::Hedged => {
                let gap = |share: f64, times: f64| Bet { share, on: Prediction::Gap(times * step) };
                let odds = |share: f64, times: f64| Bet { share, on: Prediction::Rate(shifted(null, times)) };
                let mut bets = vec![plug_in(0.25, Predictor::NEUTRAL)];
                bets.extend(match null {
                    Null::CandidateBelow { .. } | Null::CandidateAbove { .. } => {
                        [gap(0.125, 0.5), gap(0.5, 1.0), gap(0.125, 2.0)]
                    }
                    Null::RateAtMost { .. } | Null::RateAtLeast { .. } => {
                        [odds(0.25, 1.5), odds(0.25, 2.5), odds(0.25, 16.0)]
                    }
                });
                bets
            }
        }
    }
}

/// The rate whose odds are `times` those of a one-sample null's bound, on the side the null does not hold.
fn shifted(null: Null, times: f64) -> f64 {
    let at = |bound: f64, times: f64| {
        let odds = bound / (1.0 - bound) * times;
        odds / (1.0 + odds)
    };
    match null {
        Null::RateAtMost { bound } => at(bound, times),
        Null::RateAtLeast { bound } => at(bound, 1.0 / times),
        Null::CandidateBelow { .. } | Null::CandidateAbove { .. } => 0.5,
    }
}

/// A running count that may forget.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Smoothed {
    n: f64,
    s: f64,
}

impl Smoothed {
    fn mean(&self, predictor: &Predictor) -> f64 {
        let total = predictor.weight + self.n;
        let mean = if total > 0.0 { (predictor.start * predictor.weight + self.s) / total } else { predictor.start };
        mean.clamp(EDGE, 1.0 - EDGE)
    }

    fn learn(&mut self, keep: f64, n: u64, s: u64) {
        self.n = keep * self.n + n as f64;
        self.s = keep * self.s + s as f64;
    }
}

/// A member on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Member {
    on: Prediction,
    ln_share: f64,
    a: Smoothed,
    b: Smoothed,
    /// Logarithm of what its stake has become, the share left out.
    pub(super) ln_e: f64,
}

impl Member {
    pub(super) fn new(bet: &Bet) -> Self {
        Self { on: bet.on, ln_share: ln(bet.share), a: Smoothed::default(), b: Smoothed::default(), ln_e: 0.0 }
    }

    /// Logarithm of its part of the process.
    pub(super) fn weighted(&self) -> f64 {
        self.ln_share + self.ln_e
    }

    /// The rates it predicts for both arms of the next block; `None` when it does not bet.
    pub(super) fn predict(&self, null: Null) -> Option<(f64, f64)> {
        match self.on {
            Prediction::PlugIn(predictor) => Some((self.a.mean(&predictor), self.b.mean(&predictor))),
            Prediction::Rate(rate) => Some((0.5, rate.clamp(EDGE, 1.0 - EDGE))),
            Prediction::Gap(gap) => {
                let difference = match null {
                    Null::CandidateBelow { margin } => gap - margin,
                    Null::CandidateAbove { margin } => margin - gap,
                    Null::RateAtMost { .. } | Null::RateAtLeast { .. } => return None,
                };
                self.level(difference).map(|a| (a, a + difference))
            }
        }
    }

    /// The baseline's rate, learned from both arms as if the candidate's lay `difference` above it.
    fn level(&self, difference: f64) -> Option<f64> {
        let n = 1.0 + self.a.n + self.b.n;
        let level = (0.5 + self.a.s + self.b.s - difference * self.b.n) / n;
        let edge = (0.5 / n).max(EDGE);
        let (low, high) = ((-difference).max(0.0) + edge, (1.0 - difference).min(1.0) - edge);
        (low < high).then(|| level.clamp(low, high))
    }

    pub(super) fn learn(&mut self, block: &Outcomes) {
        let keep = if let Prediction::PlugIn(predictor) = self.on { predictor.keep } else { 1.0 };
        self.a.learn(keep, block.n_a, block.s_a);
        self.b.learn(keep, block.n_b, block.s_b);
    }
}
