//! What is kept of a group of runs: the counters, and a sketch per amount for its quantiles.

use serde::{Deserialize, Serialize};

use super::Counts;
use crate::run::RunFacts;
use crate::stats::sketch::Sketch;
use crate::time::Timestamp;

/// A group of runs: counters, and a sketch per amount for its quantiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The counters.
    pub counts: Counts,
    /// Latency of concluded runs in microseconds.
    pub latency: Sketch,
    /// Cost of concluded runs in nano-units.
    pub cost: Sketch,
    /// Time to trusted completion of successful runs in microseconds.
    pub time_to_trust: Sketch,
}

impl Cell {
    /// What one run adds.
    #[must_use]
    pub fn of(facts: &RunFacts) -> Self {
        let mut cell = Self { counts: Counts::of(facts), ..Self::default() };
        if facts.concluded() {
            facts.latency_micros().into_iter().for_each(|value| cell.latency.add(value));
            facts.cost_nanos.into_iter().for_each(|value| cell.cost.add(value));
            facts.time_to_trust_micros().into_iter().for_each(|value| cell.time_to_trust.add(value));
        }
        cell
    }

    /// Adds `other` `sign` times (1 or -1).
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.counts.add(&other.counts, sign);
        self.latency.combine(&other.latency, sign);
        self.cost.combine(&other.cost, sign);
        self.time_to_trust.combine(&other.time_to_trust, sign);
    }

    /// Whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// The sketches of a minute of evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketches {
    /// Latency of concluded runs in microseconds.
    pub latency: Sketch,
    /// Cost of concluded runs in nano-units.
    pub cost: Sketch,
    /// Time to trusted completion of successful runs in microseconds.
    pub time_to_trust: Sketch,
}

impl Sketches {
    /// What one run adds.
    #[must_use]
    pub fn of(facts: &RunFacts) -> Self {
        let Cell { latency, cost, time_to_trust, .. } = Cell::of(facts);
        Self { latency, cost, time_to_trust }
    }

    /// Adds `other` `sign` times (1 or -1).
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.latency.combine(&other.latency, sign);
        self.cost.combine(&other.cost, sign);
        self.time_to_trust.combine(&other.time_to_trust, sign);
    }
}

/// Which runs a block of evidence counts, and by which time it orders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Settled runs by the minute they settled: evidence for and against.
    Settled,
    /// Concluded runs by the minute they closed: evidence of harm, which does not wait.
    Concluded,
}

/// One minute of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The minute.
    pub minute: Timestamp,
    /// What its runs add up to; one run per unit.
    pub counts: Counts,
    /// Their amounts; kept of settled runs alone, since only these decide about quantiles.
    pub sketches: Sketches,
}
