//! The standardised comparison: outcomes of both arms matched one to one within segments, in time order.
//!
//! Pairs are ordered by the time at which both outcomes were there, then by their place in the segment, then by segment.
//! A block is cut by how many pairs of each segment come before it, so no pair is ever formed. Of two releases that run
//! at the same time, a segment's pairs are formed from its first outcome of the candidate up to the candidate's last one
//! in any segment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::laid::{Cursor, Laid};
use super::{Cutting, PairSide, Tick, closing};
use crate::evidence::Pairing;
use crate::stats::Outcomes;
use crate::time::Timestamp;

/// One segment's outcomes of both arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::evidence) struct Pairs {
    pool: Laid,
    candidate: Laid,
    /// Where the part of the pool that is used begins; known from the candidate's first outcome on.
    start: Option<u64>,
    /// Pairs that are in blocks.
    used: u64,
    /// Pairs that were there at the last minute that was looked at.
    before: u64,
}

impl Pairs {
    fn new() -> Self {
        Self {
            pool: Laid::new(PairSide::Baseline),
            candidate: Laid::new(PairSide::Candidate),
            start: None,
            used: 0,
            before: 0,
        }
    }

    /// Takes minutes in, all of them later than those before.
    pub fn take(&mut self, baseline: &[Tick], candidate: &[Tick]) {
        self.pool.extend(baseline);
        self.candidate.extend(candidate);
    }

    /// How many pairs are there by the end of a minute, at cursors into both arms.
    fn up_to(&self, minute: Timestamp, (pool, candidate): &mut (Cursor<'_>, Cursor<'_>), pairing: Pairing) -> u64 {
        let b = candidate.up_to(minute);
        let a = if pairing == Pairing::Concurrent { pool.up_to(minute) } else { self.pool.len() };
        self.start.map_or(0, |start| a.saturating_sub(start).min(b))
    }

    /// The outcomes of the pairs from one place up to another.
    fn outcomes(&self, from: u64, to: u64) -> Outcomes {
        let first = self.start.unwrap_or(0);
        let (a, b) = (self.pool.count((first + from, first + to)), self.candidate.count((from, to)));
        Outcomes { n_a: a.n, s_a: a.successes, n_b: b.n, s_b: b.successes }
    }
}

/// Blocks of pairs, each pair one outcome of each arm in the same segment, in time order.
///
/// The two arms of a block have the same mix of segments, so its difference is the standardised one.
#[must_use]
pub fn matched_series(segments: &[(&[Tick], &[Tick])], pairing: Pairing, block_outcomes: u64) -> Vec<Outcomes> {
    let mut tally = MatchedTally::default();
    for (i, (baseline, candidate)) in segments.iter().enumerate() {
        let mut pairs = Pairs::new();
        pairs.take(baseline, candidate);
        tally.segments.insert(format!("{i:09}"), pairs);
    }
    tally.cut(Cutting { pairing, ratio: 1.0, block_outcomes });
    tally.blocks
}

/// The pairs of a dimension as far as minutes were taken in, by segment value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::evidence) struct MatchedTally {
    segments: BTreeMap<String, Pairs>,
    /// Pairs that are in blocks.
    cut: u64,
    /// The blocks.
    pub blocks: Vec<Outcomes>,
    /// The last minute that was looked at.
    through: Option<Timestamp>,
}

impl MatchedTally {
    /// Makes room for a segment.
    pub fn begin(&mut self, value: &str) {
        if !self.segments.contains_key(value) {
            self.segments.insert(value.to_owned(), Pairs::new());
        }
    }

    /// The segments, by value.
    pub fn pairs(&mut self) -> impl Iterator<Item = (&str, &mut Pairs)> {
        self.segments.iter_mut().map(|(value, pairs)| (value.as_str(), pairs))
    }

    /// Cuts what the minutes that are there complete.
    pub fn cut(&mut self, cutting: Cutting) {
        let Cutting { pairing, block_outcomes, .. } = cutting;
        let concurrent = pairing == Pairing::Concurrent;
        for pairs in self.segments.values_mut() {
            let begin = pairs.candidate.span().map(|(first, _)| first);
            let start = begin.map(|begin| if concurrent { pairs.pool.before(begin) } else { 0 });
            pairs.start = pairs.start.or(start);
        }
        let Some(end) = self.segments.values().filter_map(|pairs| pairs.candidate.span()).map(|(_, last)| last).max()
        else {
            return;
        };
        let mut minutes: Vec<Timestamp> = Vec::new();
        for pairs in self.segments.values() {
            minutes.extend(pairs.candidate.minutes_after(self.through));
            if concurrent {
                minutes.extend(pairs.pool.minutes_after(self.through).take_while(|minute| *minute <= end));
            }
        }
        minutes.sort_unstable();
        minutes.dedup();
        let pairs: Vec<&Pairs> = self.segments.values().collect();
        let mut cursors: Vec<(Cursor<'_>, Cursor<'_>)> =
            pairs.iter().map(|pairs| (pairs.pool.cursor(), pairs.candidate.cursor())).collect();
        let mut used: Vec<u64> = pairs.iter().map(|pairs| pairs.used).collect();
        let mut before: Vec<u64> = pairs.iter().map(|pairs| pairs.before).collect();
        let mut size = half(block_outcomes, 2 * self.cut);
        for minute in minutes {
            let counted = pairs.iter().zip(&mut cursors);
            let after: Vec<u64> = counted.map(|(pairs, cursors)| pairs.up_to(minute, cursors, pairing)).collect();
            let there: u64 = after.iter().sum();
            while self.cut + size <= there {
                self.cut += size;
                let to = places(&before, &after, self.cut - before.iter().sum::<u64>());
                let parts = pairs.iter().zip(used.iter().zip(&to));
                let block = parts.map(|(pairs, (from, to))| pairs.outcomes(*from, *to));
                self.blocks.push(block.fold(Outcomes::default(), Outcomes::merged));
                used = to;
                size = half(block_outcomes, 2 * self.cut);
            }
            before = after;
        }
        for (pairs, (used, before)) in self.segments.values_mut().zip(used.into_iter().zip(before)) {
            (pairs.used, pairs.before) = (used, before);
        }
        self.through = Some(end);
    }

    /// Forgets the minutes that no later block needs.
    pub fn forget(&mut self, cutting: Cutting) {
        for pairs in self.segments.values_mut() {
            // What comes before the candidate's time is never used, but an earlier pool all of it.
            let unused = if cutting.pairing == Pairing::Concurrent { pairs.pool.len() } else { 0 };
            pairs.pool.forget(pairs.start.map_or(unused, |start| start + pairs.used));
            pairs.candidate.forget(pairs.used);
        }
    }
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
