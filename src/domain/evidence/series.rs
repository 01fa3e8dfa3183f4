//! From minutes of outcomes to blocks of evidence.
//!
//! Every rule here that says which outcomes share a block reads times and counts only, never which outcomes were
//! successes, so a block's sizes tell nothing about its outcomes and its factor keeps an expectation of at most 1.
//!
//! Blocks are cut out of counts: the work grows with minutes and blocks, not with outcomes ([`Laid`]).

mod laid;
mod matched;

use super::{Pairing, RateCount, Series};
use crate::stats::Outcomes;
use crate::time::{HOUR, Timestamp};
use laid::Laid;

pub use matched::matched_series;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    let mut hours: Vec<Timestamp> =
        baseline.iter().filter(|tick| tick.n > 0).map(|tick| tick.at.floor_to(HOUR)).collect();
    if hours.is_empty() {
        return Pairing::Historical;
    }
    hours.sort_unstable();
    let shared = |tick: &&Tick| hours.binary_search(&tick.at.floor_to(HOUR)).is_ok();
    let total: u64 = candidate.iter().map(|tick| tick.n).sum();
    let together: u64 = candidate.iter().filter(shared).map(|tick| tick.n).sum();
    if total > 0 && 2 * together >= total { Pairing::Concurrent } else { Pairing::Historical }
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
    let pool = Laid::of(baseline, PairSide::Baseline);
    let build = |candidate: &[Tick]| {
        let candidate = Laid::of(candidate, PairSide::Candidate);
        match pairing {
            Pairing::Concurrent => (concurrent(&pool, &candidate, block_outcomes), false),
            Pairing::Historical => historical(&pool, &candidate, ratio, block_outcomes),
            Pairing::None => (alone(&candidate, block_outcomes), false),
        }
    };
    let (blocks, pool_exhausted) = build(settled);
    let concluded = concluded.map(|ticks| build(ticks).0).filter(|harm| *harm != blocks);
    let compared = match pairing {
        Pairing::Concurrent => window(&pool, settled),
        _ => (0, pool.len()),
    };
    Series {
        settled: blocks,
        concluded,
        baseline: pool.count(compared),
        candidate: total(settled),
        candidate_concluded: all_concluded,
        pool_exhausted,
        ..Series::default()
    }
}

/// Outcomes that close the next block after `seen` of them: the policy's, or a part of what was seen. A block earns
/// nothing from its own outcomes, so this costs some three per cent more of them and keeps any series to hundreds of
/// blocks.
fn closing(block_outcomes: u64, seen: u64) -> u64 {
    block_outcomes.max(seen / GROWTH)
}

/// An arm alone, for an absolute criterion.
fn alone(candidate: &Laid, block_outcomes: u64) -> Vec<Outcomes> {
    let mut blocks = Vec::new();
    let mut from = 0;
    loop {
        let to = from + closing(block_outcomes, from).max(1);
        if to > candidate.len() {
            return blocks;
        }
        blocks.push(outcomes(RateCount::default(), candidate.count((from, to))));
        from = to;
    }
}

/// An earlier baseline, used without replacement in time order at a fixed ratio.
fn historical(pool: &Laid, candidate: &Laid, ratio: f64, block_outcomes: u64) -> (Vec<Outcomes>, bool) {
    let mut blocks = Vec::new();
    let (mut a, mut b) = (0, 0);
    // The tolerance keeps a product such as 0.1 · 30 at 3 whatever its last bit is.
    let wanted = |k: u64| (k as f64 * ratio + 1e-9) as u64;
    loop {
        // Both rise with k: the first k that closes the block, and the first that the pool is too small for.
        let closes = |k: u64| wanted(k) - a + k - b >= closing(block_outcomes, a + b) && wanted(k) > a;
        let close = first(b + 1, candidate.len(), closes);
        let exhausted = first(b + 1, close.unwrap_or(candidate.len()), |k| wanted(k) > pool.len());
        match (close, exhausted) {
            (_, Some(_)) => return (blocks, true),
            (None, None) => return (blocks, false),
            (Some(k), None) => {
                blocks.push(outcomes(pool.count((a, wanted(k))), candidate.count((b, k))));
                (a, b) = (wanted(k), k);
            }
        }
    }
}

/// The first number of `from..=to` that holds, where every later one does too.
fn first(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (from, to.checked_add(1)?);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (low <= to).then_some(low)
}

/// Both arms on the same time: whole minutes until a block is full, large minutes split evenly.
fn concurrent(pool: &Laid, candidate: &Laid, block_outcomes: u64) -> Vec<Outcomes> {
    let Some((begin, end)) = candidate.span() else { return Vec::new() };
    let start = pool.before(begin);
    let mut blocks = Vec::new();
    let (mut from_a, mut from_b) = (start, 0);
    let mut minutes: Vec<Timestamp> =
        pool.minutes().filter(|minute| (begin..=end).contains(minute)).chain(candidate.minutes()).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let (mut in_pool, mut in_candidate) = (pool.cursor(), candidate.cursor());
    for minute in minutes {
        let (to_a, to_b) = (in_pool.up_to(minute).max(start), in_candidate.up_to(minute));
        let (a, b) = (to_a - from_a, to_b - from_b);
        let size = closing(block_outcomes, from_a - start + from_b);
        if a == 0 || b == 0 || a + b < size {
            continue;
        }
        let parts = ((a + b) / size.max(1)).min(a).min(b);
        for i in 0..parts {
            let part = |from: u64, n: u64| (from + n * i / parts, from + n * (i + 1) / parts);
            blocks.push(outcomes(pool.count(part(from_a, a)), candidate.count(part(from_b, b))));
        }
        (from_a, from_b) = (to_a, to_b);
    }
    blocks
}

/// The baseline's outcomes in the candidate's time: from this place up to that one.
fn window(pool: &Laid, candidate: &[Tick]) -> (u64, u64) {
    let times = || candidate.iter().filter(|tick| tick.n > 0).map(|tick| tick.at);
    match times().min().zip(times().max()) {
        Some((first, last)) => {
            let from = pool.before(first);
            (from, pool.up_to(last).max(from))
        }
        None => (0, 0),
    }
}

fn outcomes(a: RateCount, b: RateCount) -> Outcomes {
    Outcomes { n_a: a.n, s_a: a.successes, n_b: b.n, s_b: b.successes }
}

fn total(ticks: &[Tick]) -> RateCount {
    ticks.iter().fold(RateCount::default(), |sum, tick| RateCount {
        n: sum.n + tick.n,
        successes: sum.successes + tick.successes.min(tick.n),
    })
}
