//! What was usual: rates learned from the runs of an earlier time, by like hours where there were enough of them.

use serde::{Deserialize, Serialize};

use super::stream::{Stream, Tally, Watched, share, sum};
use super::{Against, DriftSettings};
use crate::alert::AlertKind;
use crate::cell::Cell;
use crate::evidence::RateCount;
use crate::signal::Signal;
use crate::stats::detector::Bets;
use crate::stats::interval::wilson;
use crate::time::{DAY, HOUR, Timestamp};

/// Classes of hours that are like each other: six parts of the day, on week days and on weekends.
pub(super) const HOUR_CLASSES: usize = 12;
/// Outcomes that make a rate usual.
const LEARNED: u64 = 100;
/// Failures that make a share of failures usual.
const LEARNED_FAILURES: u64 = 50;
/// Outcomes in a class of hours that make a rate usual for it.
const LEARNED_BY_HOURS: u64 = 200;
/// Days of history from which on like hours are compared.
const SEASON_DAYS: i64 = 14;
/// The chance that what was learned lies so low that a detector promises too much.
pub(super) const GAMMA: f64 = 0.01;
/// A change smaller than this part of one that matters is no change.
const TOLERATED: f64 = 0.2;
/// Failure classes watched by name.
const CLASSES: usize = 20;

/// The class of an hour: its part of the day (UTC), on a week day or a weekend.
pub(super) fn hour_class(hour: Timestamp) -> usize {
    // 1970-01-01 was a Thursday: day 2 and 3 of that count were a weekend.
    let day = hour.micros().div_euclid(DAY);
    let weekend = matches!((day + 3).rem_euclid(7), 5 | 6);
    let part = (hour.micros().rem_euclid(DAY) / (4 * HOUR)) as usize;
    part + if weekend { HOUR_CLASSES / 2 } else { 0 }
}

/// What was usual, and bets that it is more now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Level {
    pub bets: Bets,
}

impl Level {
    /// Most bets of a level.
    pub const BETS: usize = 3;

    /// What a count teaches: the bound is the upper end of what the rate can have been, or a fifth of a change that
    /// matters above it. `None` when no rate above the bound is left to bet on.
    pub fn of(count: RateCount, change: f64, gamma: f64) -> Option<Self> {
        let upper = wilson(count.successes, count.n, 2.0 * gamma)?.high;
        let bound = upper.max(share(count) + TOLERATED * change);
        let bets = Bets::above(bound, &[bound + 0.5 * change, bound + change, bound + 2.0 * change]);
        (!bets.is_empty()).then_some(Self { bets })
    }
}

/// Hours of one group of runs, in order.
pub(super) type Hours<'a> = [(Timestamp, &'a Cell)];

/// The streams of one group of runs, compared with the `reference` hours, from `from` on.
pub(super) fn streams(
    settings: &DriftSettings,
    against: Against,
    reference: &Hours<'_>,
    from: Timestamp,
    wanted: impl Fn(AlertKind) -> bool,
) -> Vec<Stream> {
    let mut found = Vec::new();
    for kind in AlertKind::ALL.iter().copied().filter(|kind| settings.watches(*kind) && wanted(*kind)) {
        for watched in watched(kind, reference) {
            let enough = if kind == AlertKind::FailureMixShift { LEARNED_FAILURES } else { LEARNED };
            found.extend(learn((kind, against, watched), reference, from, settings, enough));
        }
    }
    found
}

/// What a kind counts, given what was there before.
fn watched(kind: AlertKind, reference: &Hours<'_>) -> Vec<Watched> {
    match kind {
        AlertKind::Regression => vec![Watched::Failing],
        AlertKind::RescueJump => vec![Watched::Rate(Signal::RescueRate)],
        AlertKind::RisingRetries => vec![Watched::Rate(Signal::RetryRate)],
        AlertKind::ApprovalSpike => vec![Watched::Rate(Signal::ApprovalRate)],
        // The dearest quarter and the dearest twentieth: a shift of everything, and a tail that grew.
        AlertKind::CostWithoutQuality => {
            let mut all = crate::stats::Sketch::new();
            reference.iter().for_each(|(_, cell)| all.merge(&cell.cost));
            [0.75, 0.95].into_iter().filter_map(|q| all.quantile(q)).map(Watched::CostAbove).collect()
        }
        AlertKind::FailureMixShift => classes(reference),
        AlertKind::StalledTraffic => Vec::new(),
    }
}

/// The most frequent failure classes, and everything else as one.
fn classes(reference: &Hours<'_>) -> Vec<Watched> {
    let mut counts = std::collections::BTreeMap::<&str, i64>::new();
    for (class, n) in reference.iter().flat_map(|(_, cell)| &cell.counts.classes) {
        *counts.entry(class).or_default() += n;
    }
    let mut names: Vec<(&str, i64)> = counts.into_iter().collect();
    names.sort_by_key(|&(name, n)| (std::cmp::Reverse(n), name));
    names.truncate(CLASSES);
    let mut known: Vec<String> = names.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.sort_unstable();
    let other = Watched::OtherThan(known);
    names.into_iter().map(|(name, _)| Watched::Class(name.to_owned())).chain([other]).collect()
}

fn learn(
    key: (AlertKind, Against, Watched),
    reference: &Hours<'_>,
    from: Timestamp,
    settings: &DriftSettings,
    enough: u64,
) -> Option<Stream> {
    let change = settings.change(key.0);
    let mut before = Tally::default();
    let mut by_hours = [RateCount::default(); HOUR_CLASSES];
    for (hour, cell) in reference {
        let count = before.add(&key.2, cell);
        let class = hour_class(*hour);
        by_hours[class] = sum(by_hours[class], count);
    }
    if before.hits.n < enough {
        return None;
    }
    let pooled = Level::of(before.hits, change, GAMMA)?;
    let span = reference.last()?.0.micros_since(reference.first()?.0);
    let seasonal = settings.like_hours
        && span >= (SEASON_DAYS - 1) * DAY
        && by_hours.iter().all(|count| count.n == 0 || count.n >= LEARNED_BY_HOURS)
        && by_hours.iter().filter(|count| count.n > 0).count() > 1;
    let levels = if seasonal {
        let gamma = GAMMA / HOUR_CLASSES as f64;
        by_hours.iter().map(|count| Level::of(*count, change, gamma).unwrap_or_else(|| pooled.clone())).collect()
    } else {
        vec![pooled]
    };
    Some(Stream::new(key, from, before, levels))
}
