//! An arm's outcomes in time order, kept as counts by minute.
//!
//! A minute says how many of its outcomes were successes, not which. They are laid out in an order drawn from the minute
//! and the arm alone: independent outcomes in an order that does not look at them are independent still, and the same
//! evidence gives the same order again. Only minutes that a block is cut out of are ever laid out.

use serde::{Deserialize, Serialize};

use super::{PairSide, Tick};
use crate::evidence::RateCount;
use crate::time::Timestamp;

/// One minute, and what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Minute {
    at: Timestamp,
    n: u64,
    successes: u64,
    before: RateCount,
}

/// An arm's outcomes in time order. Minutes that no later block needs can be forgotten; places stay what they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Laid {
    minutes: Vec<Minute>,
    /// What was forgotten.
    forgotten: RateCount,
    total: RateCount,
    span: Option<(Timestamp, Timestamp)>,
    side: PairSide,
}

impl Laid {
    pub fn new(side: PairSide) -> Self {
        let none = RateCount::default();
        Self { minutes: Vec::new(), forgotten: none, total: none, span: None, side }
    }

    /// Lays later minutes out behind those that are there.
    pub fn extend(&mut self, ticks: &[Tick]) {
        let mut sorted: Vec<Tick> = ticks.iter().filter(|tick| tick.n > 0).copied().collect();
        sorted.sort_unstable();
        self.minutes.reserve(sorted.len());
        for tick in sorted {
            let successes = tick.successes.min(tick.n);
            match self.minutes.last_mut() {
                Some(last) if last.at == tick.at => {
                    last.n += tick.n;
                    last.successes += successes;
                }
                _ => self.minutes.push(Minute { at: tick.at, n: tick.n, successes, before: self.total }),
            }
            self.total = RateCount { n: self.total.n + tick.n, successes: self.total.successes + successes };
            self.span = Some((self.span.map_or(tick.at, |(first, _)| first), tick.at));
        }
    }

    /// Forgets the minutes that lie wholly before a place.
    pub fn forget(&mut self, place: u64) {
        let gone = self.minutes.partition_point(|minute| minute.before.n + minute.n <= place);
        self.minutes.drain(..gone);
        self.forgotten = self.minutes.first().map_or(self.total, |first| first.before);
    }

    /// Outcomes.
    pub fn len(&self) -> u64 {
        self.total.n
    }

    /// All outcomes.
    pub fn total(&self) -> RateCount {
        self.total
    }

    /// The first minute with outcomes, and the last, forgotten ones included.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    /// The minutes with outcomes after a time that nothing up to which is needed any more, in order.
    pub fn minutes_after(&self, through: Option<Timestamp>) -> impl Iterator<Item = Timestamp> + '_ {
        let from = through.map_or(0, |through| self.minutes.partition_point(|minute| minute.at <= through));
        self.minutes[from..].iter().map(|minute| minute.at)
    }

    /// How many outcomes lie before a minute.
    pub fn before(&self, minute: Timestamp) -> u64 {
        self.place(self.minutes.partition_point(|known| known.at < minute))
    }

    /// How many outcomes lie before a minute or in it.
    pub fn up_to(&self, minute: Timestamp) -> u64 {
        self.place(self.minutes.partition_point(|known| known.at <= minute))
    }

    fn place(&self, index: usize) -> u64 {
        self.minutes.get(index).map_or(self.total.n, |minute| minute.before.n)
    }

    /// For asking about rising minutes.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { laid: self, next: 0 }
    }

    /// The outcomes from one place up to another.
    pub fn count(&self, (from, to): (u64, u64)) -> RateCount {
        RateCount { n: to - from, successes: self.successes(to) - self.successes(from) }
    }

    /// Successes among the first `k` outcomes.
    pub fn successes(&self, k: u64) -> u64 {
        let index = self.minutes.partition_point(|minute| minute.before.n < k);
        // The minute that holds the last of them.
        let Some(minute) = index.checked_sub(1).and_then(|index| self.minutes.get(index)) else {
            return self.forgotten.successes;
        };
        minute.before.successes + minute.first_successes(k - minute.before.n, self.side)
    }
}

impl Minute {
    /// Successes among the first `k` of its outcomes, in the order they are laid out in.
    fn first_successes(&self, k: u64, side: PairSide) -> u64 {
        if k >= self.n {
            return self.successes;
        }
        let (mut left, mut successes) = (self.n, self.successes);
        let mut state = self.at.micros().cast_unsigned() ^ if side == PairSide::Baseline { 0xa5a5_5a5a } else { 0 };
        for _ in 0..k {
            successes -= u64::from(split_mix(&mut state) % left < successes);
            left -= 1;
        }
        self.successes - successes
    }
}

/// How many outcomes lie up to a minute, for minutes that rise.
pub(super) struct Cursor<'a> {
    laid: &'a Laid,
    next: usize,
}

impl Cursor<'_> {
    /// How many outcomes lie before a minute or in it.
    pub fn up_to(&mut self, minute: Timestamp) -> u64 {
        while self.laid.minutes.get(self.next).is_some_and(|known| known.at <= minute) {
            self.next += 1;
        }
        self.laid.place(self.next)
    }
}

/// SplitMix64: spreads a counter over all 64 bits.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
