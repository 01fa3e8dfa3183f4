//! The standardised comparison: outcomes of both arms matched one to one within segments, in time order.
//!
//! Pairs are ordered by the time at which both outcomes were there, then by their place in the segment, then by segment.
//! A block is cut by how many pairs of each segment come before it, so no pair is ever formed.

use super::laid::{Cursor, Laid};
use super::{PairSide, Tick, closing, window};
use crate::evidence::Pairing;
use crate::stats::Outcomes;
use crate::time::Timestamp;

/// One segment's outcomes of both arms.
struct Pairs {
    pool: Laid,
    candidate: Laid,
    /// The part of the pool that is used.
    usable: (u64, u64),
    concurrent: bool,
}

impl Pairs {
    fn of((baseline, candidate): &(&[Tick], &[Tick]), pairing: Pairing) -> Self {
        let pool = Laid::of(baseline, PairSide::Baseline);
        let concurrent = pairing == Pairing::Concurrent;
        let usable = if concurrent { window(&pool, candidate) } else { (0, pool.len()) };
        Self { pool, candidate: Laid::of(candidate, PairSide::Candidate), usable, concurrent }
    }

    fn len(&self) -> u64 {
        self.candidate.len().min(self.usable.1 - self.usable.0)
    }

    /// How many pairs are there by the end of a minute, at cursors into both arms.
    fn up_to(&self, minute: Timestamp, (pool, candidate): &mut (Cursor<'_>, Cursor<'_>)) -> u64 {
        let b = candidate.up_to(minute);
        if !self.concurrent {
            return b.min(self.len());
        }
        let a = pool.up_to(minute).clamp(self.usable.0, self.usable.1) - self.usable.0;
        a.min(b).min(self.len())
    }

    /// The outcomes of the pairs from one place up to another.
    fn outcomes(&self, from: u64, to: u64) -> Outcomes {
        let first = self.usable.0;
        let (a, b) = (self.pool.count((first + from, first + to)), self.candidate.count((from, to)));
        Outcomes { n_a: a.n, s_a: a.successes, n_b: b.n, s_b: b.successes }
    }
}

/// Blocks of pairs, each pair one outcome of each arm in the same segment, in time order.
///
/// The two arms of a block have the same mix of segments, so its difference is the standardised one.
#[must_use]
pub fn matched_series(segments: &[(&[Tick], &[Tick])], pairing: Pairing, block_outcomes: u64) -> Vec<Outcomes> {
    let pairs: Vec<Pairs> = segments.iter().map(|segment| Pairs::of(segment, pairing)).collect();
    let mut minutes: Vec<Timestamp> = Vec::new();
    for segment in &pairs {
        minutes.extend(segment.candidate.minutes());
        if segment.concurrent {
            minutes.extend(segment.pool.minutes());
        }
    }
    minutes.sort_unstable();
    minutes.dedup();
    let mut cursors: Vec<(Cursor<'_>, Cursor<'_>)> =
        pairs.iter().map(|segment| (segment.pool.cursor(), segment.candidate.cursor())).collect();
    let all: u64 = pairs.iter().map(Pairs::len).sum();
    let mut blocks = Vec::new();
    // How many pairs of each segment are in blocks, were there before this minute, and are there after it.
    let (mut used, mut before) = (vec![0; pairs.len()], vec![0; pairs.len()]);
    let (mut cut, mut size) = (0, half(block_outcomes, 0));
    for minute in minutes {
        let after: Vec<u64> =
            pairs.iter().zip(&mut cursors).map(|(segment, cursors)| segment.up_to(minute, cursors)).collect();
        let there: u64 = after.iter().sum();
        while cut + size <= there && cut + size <= all {
            cut += size;
            let to = places(&before, &after, cut - before.iter().sum::<u64>());
            let parts = pairs.iter().zip(used.iter().zip(&to));
            let block = parts.map(|(segment, (from, to))| segment.outcomes(*from, *to));
            blocks.push(block.fold(Outcomes::default(), Outcomes::merged));
            used = to;
            size = half(block_outcomes, 2 * cut);
        }
        before = after;
    }
    blocks
}

/// Pairs that close the next block after `seen` outcomes.
fn half(block_outcomes: u64, seen: u64) -> u64 {
    closing(block_outcomes, seen).div_ceil(2).max(1)
}

/// The place in each segment after the first `wanted` pairs of a minute, which are ordered by place, then by segment.
fn places(before: &[u64], after: &[u64], wanted: u64) -> Vec<u64> {
    let taken = |place: u64| -> u64 { before.iter().zip(after).map(|(from, to)| place.clamp(*from, *to) - from).sum() };
    // The highest place at which no more than wanted are taken.
    let (mut low, mut high) = (0, after.iter().copied().max().unwrap_or(0));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if taken(middle) <= wanted {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let mut rest = wanted - taken(low);
    let place = |(from, to): (&u64, &u64)| {
        let more = u64::from(rest > 0 && *from <= low && low < *to);
        rest -= more;
        low.clamp(*from, *to) + more
    };
    before.iter().zip(after).map(place).collect()
}
