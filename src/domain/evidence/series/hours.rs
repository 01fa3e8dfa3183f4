//! In which hours both arms had outcomes: whether they can be compared on the same time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tick;
use crate::evidence::Pairing;
use crate::time::{HOUR, Timestamp};

/// The hours of both arms' outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::evidence) struct Hours {
    baseline: BTreeSet<Timestamp>,
    candidate: BTreeMap<Timestamp, u64>,
    /// Outcomes of the baseline.
    pub pool: u64,
}

impl Hours {
    /// Takes outcomes in, in any order.
    pub fn take(&mut self, baseline: &[Tick], candidate: &[Tick]) {
        for tick in baseline.iter().filter(|tick| tick.n > 0) {
            self.baseline.insert(tick.at.floor_to(HOUR));
            self.pool += tick.n;
        }
        for tick in candidate.iter().filter(|tick| tick.n > 0) {
            *self.candidate.entry(tick.at.floor_to(HOUR)).or_default() += tick.n;
        }
    }

    /// How the two are set against each other.
    pub fn pairing(&self) -> Pairing {
        let total: u64 = self.candidate.values().sum();
        let shared = |(hour, _): &(&Timestamp, &u64)| self.baseline.contains(hour);
        let together: u64 = self.candidate.iter().filter(shared).map(|(_, n)| n).sum();
        if total > 0 && 2 * together >= total { Pairing::Concurrent } else { Pairing::Historical }
    }
}
