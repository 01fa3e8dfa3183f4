//! Blocks of the candidate's outcomes beside a baseline's, cut as far as its minutes go.

use serde::{Deserialize, Serialize};

use super::laid::Laid;
use super::{Cutting, PairSide, closing};
use crate::evidence::{Pairing, RateCount};
use crate::stats::Outcomes;
use crate::time::Timestamp;

/// The candidate's outcomes, and the blocks that were cut out of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Lane {
    pub candidate: Laid,
    pub blocks: Vec<Outcomes>,
    /// Where the last block ends in the baseline.
    a: u64,
    /// Where the last block ends in the candidate.
    pub b: u64,
    /// What the baseline had before the candidate's time; known from the candidate's first minute on.
    start: Option<RateCount>,
    /// The last minute that was looked at.
    through: Option<Timestamp>,
    /// Whether an earlier baseline was used up.
    pub exhausted: bool,
}

impl Lane {
    pub fn new() -> Self {
        Self {
            candidate: Laid::new(PairSide::Candidate),
            blocks: Vec::new(),
            a: 0,
            b: 0,
            start: None,
            through: None,
            exhausted: false,
        }
    }

    /// Cuts what the minutes that are there complete.
    pub fn cut(&mut self, pool: &Laid, cutting: Cutting) {
        match cutting.pairing {
            Pairing::Concurrent => self.concurrent(pool, cutting.block_outcomes),
            Pairing::Historical => self.historical(pool, cutting.ratio, cutting.block_outcomes),
            Pairing::None => self.alone(cutting.block_outcomes),
        }
    }

    /// The place in the baseline from which on later blocks may need it.
    pub fn needs(&self, pool: &Laid, cutting: Cutting) -> u64 {
        match cutting.pairing {
            Pairing::Concurrent if self.start.is_some() => self.a,
            Pairing::Historical => self.a,
            Pairing::Concurrent | Pairing::None => pool.len(),
        }
    }

    /// The baseline's outcomes in the candidate's time.
    pub fn window(&self, pool: &Laid) -> RateCount {
        let Some((start, (_, last))) = self.start.zip(self.candidate.span()) else { return RateCount::default() };
        let to = pool.up_to(last).max(start.n);
        RateCount { n: to - start.n, successes: pool.successes(to) - start.successes }
    }

    /// An arm alone, for an absolute criterion.
    fn alone(&mut self, block_outcomes: u64) {
        loop {
            let to = self.b + closing(block_outcomes, self.b).max(1);
            if to > self.candidate.len() {
                return;
            }
            self.blocks.push(outcomes(RateCount::default(), self.candidate.count((self.b, to))));
            self.b = to;
        }
    }

    /// An earlier baseline, used without replacement in time order at a fixed ratio.
    fn historical(&mut self, pool: &Laid, ratio: f64, block_outcomes: u64) {
        let len = self.candidate.len();
        // The tolerance keeps a product such as 0.1 · 30 at 3 whatever its last bit is.
        let wanted = |k: u64| (k as f64 * ratio + 1e-9) as u64;
        loop {
            let (a, b) = (self.a, self.b);
            // Both rise with k: the first k that closes the block, and the first that the pool is too small for.
            let closes = |k: u64| wanted(k) - a + k - b >= closing(block_outcomes, a + b) && wanted(k) > a;
            let close = first(b + 1, len, closes);
            self.exhausted = first(b + 1, close.unwrap_or(len), |k| wanted(k) > pool.len()).is_some();
            let Some(k) = close.filter(|_| !self.exhausted) else { return };
            self.blocks.push(outcomes(pool.count((a, wanted(k))), self.candidate.count((b, k))));
            (self.a, self.b) = (wanted(k), k);
        }
    }

    /// Both arms on the same time: whole minutes until a block is full, large minutes split evenly.
    fn concurrent(&mut self, pool: &Laid, block_outcomes: u64) {
        let Some((begin, end)) = self.candidate.span() else { return };
        let start = match self.start {
            Some(start) => start.n,
            None => {
                let n = pool.before(begin);
                self.start = Some(RateCount { n, successes: pool.successes(n) });
                self.a = n;
                n
            }
        };
        let in_time = |minute: &Timestamp| (begin..=end).contains(minute);
        let mut minutes: Vec<Timestamp> = pool
            .minutes_after(self.through)
            .filter(in_time)
            .chain(self.candidate.minutes_after(self.through))
            .collect();
        minutes.sort_unstable();
        minutes.dedup();
        let (mut in_pool, mut in_candidate) = (pool.cursor(), self.candidate.cursor());
        for minute in minutes {
            let (to_a, to_b) = (in_pool.up_to(minute).max(start), in_candidate.up_to(minute));
            let (a, b) = (to_a - self.a, to_b - self.b);
            let size = closing(block_outcomes, self.a - start + self.b);
            if a == 0 || b == 0 || a + b < size {
                continue;
            }
            let parts = ((a + b) / size.max(1)).min(a).min(b);
            for i in 0..parts {
                let part = |from: u64, n: u64| (from + n * i / parts, from + n * (i + 1) / parts);
                self.blocks.push(outcomes(pool.count(part(self.a, a)), self.candidate.count(part(self.b, b))));
            }
            (self.a, self.b) = (to_a, to_b);
        }
        self.through = Some(end);
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

fn outcomes(a: RateCount, b: RateCount) -> Outcomes {
    Outcomes { n_a: a.n, s_a: a.successes, n_b: b.n, s_b: b.successes }
}
