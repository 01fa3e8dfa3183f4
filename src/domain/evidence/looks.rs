//! From minutes of amounts to looks: what each arm had added when the evidence about an amount was looked at.
//!
//! That evidence reads running sums, so whole minutes go into a look and none is lost between two. Which minutes share
//! a look is read from times and counts alone. Looks grow with what was seen, so a series stays short; the last one
//! ends now.

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
#[derive(Clone, Debug, PartialEq)]
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
pub fn looks<T: Additive>(
    mut baseline: Vec<Minute<T>>,
    mut candidate: Vec<Minute<T>>,
    beside: Beside,
) -> (Vec<Look<T>>, bool) {
    for minutes in [&mut baseline, &mut candidate] {
        minutes.retain(|minute| minute.n > 0);
        minutes.sort_by_key(|minute| minute.at);
    }
    let Some(first) = candidate.first().map(|minute| minute.at) else { return (Vec::new(), false) };
    let pool: u64 = baseline.iter().map(|minute| minute.n).sum();
    let mut waiting = baseline.into_iter().filter(|minute| beside != Beside::SameTime || minute.at >= first).peekable();
    let (mut found, mut look) = (Vec::new(), Look::<T>::default());
    let (mut seen_a, mut seen_b, mut since) = (0, 0, 0);
    let last = candidate.len() - 1;
    for (i, minute) in candidate.into_iter().enumerate() {
        seen_b += minute.n;
        since += minute.n;
        look.b.plus(&minute.sum);
        let wanted = match beside {
            Beside::Nothing => 0,
            Beside::SameTime | Beside::WholePool => u64::MAX,
            Beside::Pool(ratio) => (seen_b as f64 * ratio + 1e-9) as u64,
        };
        let fits = |next: &Minute<T>, seen: u64| {
            (beside != Beside::SameTime || next.at <= minute.at) && seen.saturating_add(next.n) <= wanted
        };
        while let Some(next) = waiting.next_if(|next| fits(next, seen_a)) {
            seen_a += next.n;
            look.a.plus(&next.sum);
        }
        if wanted != u64::MAX && wanted > pool {
            return (found, true);
        }
        if since >= FIRST.max(seen_b / GROWTH) || i == last {
            found.push(std::mem::take(&mut look));
            since = 0;
        }
    }
    (found, false)
}
