//! From minutes of amounts to looks: what each arm had added when the evidence about an amount was looked at.
//!
//! That evidence reads running sums, so whole minutes go into a look and none is lost between two. Which minutes share
//! a look is read from times and counts alone. Looks grow with what was seen, so a series stays short; the last one
//! ends now.

use std::borrow::Borrow;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Pairing;
use crate::stats::Sketch;
use crate::stats::ratio::RatioSums;
use crate::time::Timestamp;

/// Candidate outcomes that close the first looks.
const FIRST: u64 = 10;
/// Later looks close when the candidate has grown by one part in this many.
const GROWTH: u64 = 12;

/// What can be added up over minutes.
pub trait Additive: Clone + Default {
    /// Adds `other`.
    fn plus(&mut self, other: &Self);
}

impl Additive for RatioSums {
    fn plus(&mut self, other: &Self) {
        self.add(other);
    }
}

impl Additive for Sketch {
    fn plus(&mut self, other: &Self) {
        self.merge(other);
    }
}

/// What one look added to both arms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look<T> {
    /// The baseline's, empty without one.
    pub a: T,
    /// The candidate's.
    pub b: T,
}

/// One arm's amounts in one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Minute<T> {
    /// The minute.
    pub at: Timestamp,
    /// Runs in it.
    pub n: u64,
    /// What they add up to.
    pub sum: T,
}

/// How the baseline is laid beside the candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beside {
    /// Not at all.
    Nothing,
    /// Minutes of the same time.
    SameTime,
    /// An earlier pool, used up at this ratio.
    Pool(f64),
    /// All of an earlier pool from the first look on.
    WholePool,
}

impl Beside {
    /// For sums, whose sequence wants both arms to grow together.
    pub(super) const fn growing(pairing: Pairing, ratio: f64) -> Self {
        match pairing {
            Pairing::None => Self::Nothing,
            Pairing::Concurrent => Self::SameTime,
            Pairing::Historical => Self::Pool(ratio),
        }
    }

    /// For quantiles, whose bound on the baseline holds at every size.
    pub(super) const fn whole(pairing: Pairing) -> Self {
        match pairing {
            Pairing::None => Self::Nothing,
            Pairing::Concurrent => Self::SameTime,
            Pairing::Historical => Self::WholePool,
        }
    }
}

/// The looks of a series, and whether an earlier baseline was used up before the candidate's runs were.
#[must_use]
pub fn looks<T: Additive>(baseline: Vec<Minute<T>>, candidate: Vec<Minute<T>>, beside: Beside) -> (Vec<Look<T>>, bool) {
    let mut tally = LooksTally::new();
    tally.take(baseline, candidate, beside);
    tally.finish()
}

/// Looks as far as minutes were taken in, and what the next one has so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LooksTally<T> {
    /// Looks that are over.
    pub found: Vec<Look<T>>,
    look: Look<T>,
    seen: (u64, u64),
    /// Candidate runs of the look that is not over.
    since: u64,
    /// Minutes of the baseline that are in no look yet.
    waiting: VecDeque<Minute<T>>,
    /// Runs of the baseline.
    pool: u64,
    first: Option<Timestamp>,
    exhausted: bool,
}

impl<T: Additive> LooksTally<T> {
    pub fn new() -> Self {
        Self {
            found: Vec::new(),
            look: Look::default(),
            seen: (0, 0),
            since: 0,
            waiting: VecDeque::new(),
            pool: 0,
            first: None,
            exhausted: false,
        }
    }

    /// Takes minutes in, all of them later than those before. What they add up to may be borrowed: of a quantile it is a
    /// sketch, and only those that have to wait are copied.
    pub fn take<S: Borrow<T>>(&mut self, mut baseline: Vec<Minute<S>>, mut candidate: Vec<Minute<S>>, beside: Beside) {
        for minutes in [&mut baseline, &mut candidate] {
            minutes.retain(|minute| minute.n > 0);
            minutes.sort_by_key(|minute| minute.at);
        }
        self.pool += baseline.iter().map(|minute| minute.n).sum::<u64>();
        self.first = self.first.or(candidate.first().map(|minute| minute.at));
        let first = self.first;
        // Of the same time nothing from before the candidate is used, and without a comparison nothing at all.
        baseline.retain(|minute| match beside {
            Beside::Nothing => false,
            Beside::SameTime => first.is_some_and(|first| minute.at >= first),
            Beside::Pool(_) | Beside::WholePool => true,
        });
        let mut fresh = VecDeque::from(baseline);
        for minute in candidate {
            if self.exhausted {
                break;
            }
            self.add(&minute, &mut fresh, beside);
        }
        let kept = |Minute { at, n, sum }: Minute<S>| Minute { at, n, sum: sum.borrow().clone() };
        self.waiting.extend(fresh.into_iter().map(kept));
    }

    fn add<S: Borrow<T>>(&mut self, minute: &Minute<S>, fresh: &mut VecDeque<Minute<S>>, beside: Beside) {
        self.seen.1 += minute.n;
        self.since += minute.n;
        self.look.b.plus(minute.sum.borrow());
        let wanted = match beside {
            Beside::Nothing => 0,
            Beside::SameTime | Beside::WholePool => u64::MAX,
            Beside::Pool(ratio) => (self.seen.1 as f64 * ratio + 1e-9) as u64,
        };
        let fits = |at: Timestamp, n: u64, seen: u64| {
            (beside != Beside::SameTime || at <= minute.at) && seen.saturating_add(n) <= wanted
        };
        while let Some(next) = self.waiting.pop_front_if(|next| fits(next.at, next.n, self.seen.0)) {
            self.seen.0 += next.n;
            self.look.a.plus(&next.sum);
        }
        while self.waiting.is_empty()
            && let Some(next) = fresh.pop_front_if(|next| fits(next.at, next.n, self.seen.0))
        {
            self.seen.0 += next.n;
            self.look.a.plus(next.sum.borrow());
        }
        if wanted != u64::MAX && wanted > self.pool {
            self.exhausted = true;
            return;
        }
        if self.since >= FIRST.max(self.seen.1 / GROWTH) {
            self.found.push(std::mem::take(&mut self.look));
            self.since = 0;
        }
    }

    /// The looks, the last of which ends now, and whether an earlier baseline was used up before.
    pub fn finish(mut self) -> (Vec<Look<T>>, bool) {
        if self.since > 0 && !self.exhausted {
            self.found.push(self.look);
        }
        (self.found, self.exhausted)
    }
}
