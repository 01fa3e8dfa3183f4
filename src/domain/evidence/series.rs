//! From minutes of outcomes to blocks of evidence.
//!
//! Every rule here that says which outcomes share a block reads times and counts only, never which outcomes were
//! successes, so a block's sizes tell nothing about its outcomes and its factor keeps an expectation of at most 1.
//!
//! Blocks are cut out of counts: the work grows with minutes and blocks, not with outcomes ([`Laid`]).
//!
//! Minutes are taken in as they come ([`RateTally::take`]): cutting what was there, then what came after it, gives the
//! blocks that cutting everything at once gives.

mod hours;
mod laid;
mod lane;
mod matched;

use serde::{Deserialize, Serialize};

use super::{Pairing, RateCount, Series};
use crate::time::Timestamp;
use laid::Laid;
use lane::Lane;

pub(super) use hours::Hours;
pub use matched::matched_series;
pub(super) use matched::{MatchedTally, Pairs};

/// Later blocks hold one part in this many of the outcomes before them.
const GROWTH: u64 = 32;

/// Outcomes of one arm in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick {
    /// The minute.
    pub at: Timestamp,
    /// Outcomes.
    pub n: u64,
    /// Of these in the numerator.
    pub successes: u64,
}

/// Which arm outcomes belong to; the two are spread out independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairSide {
    /// The baseline.
    Baseline,
    /// The candidate.
    Candidate,
}

/// How two arms are set against each other: concurrently when at least half of the candidate's outcomes fall into
/// hours in which the baseline had some too.
#[must_use]
pub fn pairing_of(baseline: &[Tick], candidate: &[Tick]) -> Pairing {
    let mut hours = Hours::default();
    hours.take(baseline, candidate);
    hours.pairing()
}

/// Baseline outcomes to set against one candidate outcome: the policy's ratio, or less when the pool is small.
///
/// To be fixed when a gate opens, since a ratio that moves with the evidence would let the sizes speak.
#[must_use]
pub fn pool_ratio(policy_ratio: f64, pool: u64, planned_candidate_runs: u64) -> f64 {
    if planned_candidate_runs == 0 {
        return policy_ratio;
    }
    crate::stats::round9(policy_ratio.min(pool as f64 / planned_candidate_runs as f64))
}

/// The blocks and totals of one signal over one group of runs.
///
/// `concluded` are the candidate's concluded outcomes by the minute at which they settle or would, for a signal
/// that late facts can only worsen; `None` for others. Incomplete last blocks wait for more outcomes.
#[must_use]
pub fn build_series(
    baseline: &[Tick],
    settled: &[Tick],
    concluded: Option<&[Tick]>,
    all_concluded: RateCount,
    pairing: Pairing,
    ratio: f64,
    block_outcomes: u64,
) -> Series {
    let cutting = Cutting { pairing, ratio, block_outcomes };
    let mut tally = RateTally::new(concluded.is_some());
    tally.take(baseline, settled, concluded.unwrap_or_default(), cutting);
    Series { candidate_concluded: all_concluded, ..tally.series(cutting) }
}

/// How the two arms are cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cutting {
    /// How they are set against each other.
    pub pairing: Pairing,
    /// Baseline outcomes to one of the candidate, of an earlier baseline.
    pub ratio: f64,
    /// Outcomes that close the first blocks.
    pub block_outcomes: u64,
}

/// A rate over one group of runs, as far as its minutes were taken in: the blocks that are cut, and the minutes that
/// later blocks still need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RateTally {
    pool: Laid,
    settled: Lane,
    /// The candidate's concluded outcomes, of a signal that late facts can only worsen.
    harm: Option<Lane>,
    concluded: RateCount,
}

impl RateTally {
    pub fn new(harm: bool) -> Self {
        let harm = harm.then(Lane::new);
        Self { pool: Laid::new(PairSide::Baseline), settled: Lane::new(), harm, concluded: RateCount::default() }
    }

    /// Takes minutes in, all of them later than those before, and cuts the blocks that they complete.
    pub fn take(&mut self, baseline: &[Tick], settled: &[Tick], concluded: &[Tick], cutting: Cutting) {
        self.pool.extend(baseline);
        self.settled.candidate.extend(settled);
        self.settled.cut(&self.pool, cutting);
        if let Some(harm) = &mut self.harm {
            harm.candidate.extend(concluded);
            harm.cut(&self.pool, cutting);
        }
        for tick in concluded {
            self.concluded.n += tick.n;
            self.concluded.successes += tick.successes.min(tick.n);
        }
    }

    /// Forgets the minutes that no later block needs.
    pub fn forget(&mut self, cutting: Cutting) {
        let needed = |lane: &Lane| lane.needs(&self.pool, cutting);
        let first = needed(&self.settled).min(self.harm.as_ref().map_or(u64::MAX, needed));
        self.pool.forget(first);
        self.settled.candidate.forget(self.settled.b);
        self.harm.iter_mut().for_each(|harm| harm.candidate.forget(harm.b));
    }

    /// The blocks and totals so far.
    pub fn series(self, cutting: Cutting) -> Series {
        let baseline = match cutting.pairing {
            Pairing::Concurrent => self.settled.window(&self.pool),
            Pairing::Historical | Pairing::None => self.pool.total(),
        };
        let blocks = self.settled.blocks;
        Series {
            concluded: self.harm.map(|harm| harm.blocks).filter(|harm| *harm != blocks),
            settled: blocks,
            baseline,
            candidate: self.settled.candidate.total(),
            candidate_concluded: self.concluded,
            pool_exhausted: self.settled.exhausted,
            ..Series::default()
        }
    }
}

/// Outcomes that close the next block after `seen` of them: the policy's, or a part of what was seen. A block earns
/// nothing from its own outcomes, so this costs some three per cent more of them and keeps any series to hundreds of
/// blocks.
fn closing(block_outcomes: u64, seen: u64) -> u64 {
    block_outcomes.max(seen / GROWTH)
}
