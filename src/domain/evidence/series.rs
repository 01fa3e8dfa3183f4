//! From minutes of outcomes to blocks of evidence.
//!
//! Every rule here that says which outcomes share a block reads times and counts only, never which outcomes were
//! successes, so a block's sizes tell nothing about its outcomes and its factor keeps an expectation of at most 1.

use super::{Pairing, RateCount, Series};
use crate::stats::Outcomes;
use crate::time::{HOUR, Timestamp};

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

/// One outcome at its minute.
#[derive(Clone, Copy, Debug)]
struct Single {
    at: Timestamp,
    success: bool,
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
    let pool = spread(baseline, PairSide::Baseline);
    let build = |candidate: &[Tick]| {
        let candidate = spread(candidate, PairSide::Candidate);
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
        _ => &pool,
    };
    Series {
        settled: blocks,
        concluded,
        baseline: count(compared),
        candidate: total(settled),
        candidate_concluded: all_concluded,
        pool_exhausted,
        ..Series::default()
    }
}

/// Blocks of pairs, each pair one outcome of each arm in the same segment, in time order.
///
/// The two arms of a block have the same mix of segments, so its difference is the standardised one.
#[must_use]
pub fn matched_series(segments: &[(&[Tick], &[Tick])], pairing: Pairing, block_outcomes: u64) -> Vec<Outcomes> {
    let mut pairs = Vec::new();
    for (i, (baseline, candidate)) in segments.iter().enumerate() {
        let pool = spread(baseline, PairSide::Baseline);
        let usable = if pairing == Pairing::Concurrent { window(&pool, candidate) } else { &pool };
        for (k, (b, a)) in spread(candidate, PairSide::Candidate).iter().zip(usable).enumerate() {
            let at = if pairing == Pairing::Concurrent { a.at.max(b.at) } else { b.at };
            pairs.push((at, k, i, *a, *b));
        }
    }
    pairs.sort_by_key(|&(at, k, i, ..)| (at, k, i));
    let mut blocks = Vec::new();
    let mut rest = pairs.as_slice();
    loop {
        let seen = 2 * (pairs.len() - rest.len());
        let size = usize::try_from(closing(block_outcomes, seen).div_ceil(2)).unwrap_or(usize::MAX).max(1);
        let Some((block, after)) = rest.split_at_checked(size) else { return blocks };
        rest = after;
        blocks.push(block.iter().fold(Outcomes::default(), |block, (.., a, b)| {
            block.merged(Outcomes { n_a: 1, s_a: u64::from(a.success), n_b: 1, s_b: u64::from(b.success) })
        }));
    }
}

/// Outcomes that close the next block after `seen` of them: the policy's, or a part of what was seen. A block earns
/// nothing from its own outcomes, so this costs some three per cent more of them and keeps any series to hundreds of
/// blocks.
fn closing(block_outcomes: u64, seen: usize) -> u64 {
    block_outcomes.max(seen as u64 / GROWTH)
}

/// An arm alone, for an absolute criterion.
fn alone(candidate: &[Single], block_outcomes: u64) -> Vec<Outcomes> {
    let mut blocks = Vec::new();
    let mut from = 0;
    loop {
        let size = usize::try_from(closing(block_outcomes, from)).unwrap_or(usize::MAX).max(1);
        let Some(block) = candidate.get(from..from.saturating_add(size)) else { return blocks };
        blocks.push(outcomes(&[], block));
        from += size;
    }
}

/// An earlier baseline, used without replacement in time order at a fixed ratio.
fn historical(pool: &[Single], candidate: &[Single], ratio: f64, block_outcomes: u64) -> (Vec<Outcomes>, bool) {
    let mut blocks = Vec::new();
    let (mut a, mut b) = (0, 0);
    for k in 1..=candidate.len() {
        // The tolerance keeps a product such as 0.1 · 30 at 3 whatever its last bit is.
        let wanted = (k as f64 * ratio + 1e-9) as usize;
        if wanted > pool.len() {
            return (blocks, true);
        }
        let held = (wanted - a + k - b) as u64;
        if held >= closing(block_outcomes, a + b) && wanted > a {
            blocks.push(outcomes(&pool[a..wanted], &candidate[b..k]));
            (a, b) = (wanted, k);
        }
    }
    (blocks, false)
}

/// Both arms on the same time: whole minutes until a block is full, large minutes split evenly.
fn concurrent(pool: &[Single], candidate: &[Single], block_outcomes: u64) -> Vec<Outcomes> {
    let (Some(first), Some(last)) = (candidate.first(), candidate.last()) else { return Vec::new() };
    let pool = between(pool, first.at, last.at);
    let mut blocks = Vec::new();
    let (mut from_a, mut from_b) = (0, 0);
    let mut minutes: Vec<Timestamp> = pool.iter().chain(candidate).map(|single| single.at).collect();
    minutes.sort_unstable();
    minutes.dedup();
    for minute in minutes {
        let to_a = pool.partition_point(|single| single.at <= minute);
        let to_b = candidate.partition_point(|single| single.at <= minute);
        let (a, b) = (to_a - from_a, to_b - from_b);
        let size = closing(block_outcomes, from_a + from_b);
        if a == 0 || b == 0 || ((a + b) as u64) < size {
            continue;
        }
        let full = usize::try_from((a + b) as u64 / size.max(1)).unwrap_or(1);
        let parts = full.min(a).min(b);
        for i in 0..parts {
            let part_a = &pool[from_a + a * i / parts..from_a + a * (i + 1) / parts];
            let part_b = &candidate[from_b + b * i / parts..from_b + b * (i + 1) / parts];
            blocks.push(outcomes(part_a, part_b));
        }
        (from_a, from_b) = (to_a, to_b);
    }
    blocks
}

/// The baseline's outcomes in the candidate's time.
fn window<'a>(pool: &'a [Single], candidate: &[Tick]) -> &'a [Single] {
    let times = || candidate.iter().filter(|tick| tick.n > 0).map(|tick| tick.at);
    match times().min().zip(times().max()) {
        Some((first, last)) => between(pool, first, last),
        None => &[],
    }
}

fn between(pool: &[Single], first: Timestamp, last: Timestamp) -> &[Single] {
    let from = pool.partition_point(|single| single.at < first);
    let to = pool.partition_point(|single| single.at <= last);
    &pool[from..to.max(from)]
}

fn outcomes(a: &[Single], b: &[Single]) -> Outcomes {
    let (a, b) = (count(a), count(b));
    Outcomes { n_a: a.n, s_a: a.successes, n_b: b.n, s_b: b.successes }
}

fn count(singles: &[Single]) -> RateCount {
    let successes = singles.iter().filter(|single| single.success).count() as u64;
    RateCount { n: singles.len() as u64, successes }
}

fn total(ticks: &[Tick]) -> RateCount {
    ticks.iter().fold(RateCount::default(), |sum, tick| RateCount {
        n: sum.n + tick.n,
        successes: sum.successes + tick.successes.min(tick.n),
    })
}

/// The single outcomes of an arm in time order.
///
/// A minute says how many of its outcomes were successes, not which. They are laid out in an order drawn from the
/// minute and the arm alone: independent outcomes in an order that does not look at them are independent still,
/// and the same evidence gives the same order again.
fn spread(ticks: &[Tick], side: PairSide) -> Vec<Single> {
    let mut sorted = ticks.to_vec();
    sorted.sort_unstable();
    let mut singles = Vec::with_capacity(usize::try_from(total(ticks).n).unwrap_or(0));
    let mut rest = sorted.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.partition_point(|tick| tick.at == first.at);
        let minute = total(&rest[..same]);
        let (mut left, mut successes) = (minute.n, minute.successes);
        let mut state = first.at.micros().cast_unsigned() ^ if side == PairSide::Baseline { 0xa5a5_5a5a } else { 0 };
        while left > 0 {
            let success = split_mix(&mut state) % left < successes;
            singles.push(Single { at: first.at, success });
            successes -= u64::from(success);
            left -= 1;
        }
        rest = &rest[same..];
    }
    singles
}

/// SplitMix64: spreads a counter over all 64 bits.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
