//! One stream: what is counted of a group of runs, hour by hour, and how far the evidence has come that it is more.

use serde::{Deserialize, Serialize};

use super::Against;
use super::learn::{Level, hour_class};
use crate::alert::AlertKind;
use crate::cell::Cell;
use crate::evidence::RateCount;
use crate::signal::Signal;
use crate::stats::detector::Detector;
use crate::stats::interval::wilson;
use crate::time::{DAY, Timestamp};

/// Days of counts that a stream keeps, to tell whether it is back.
const DAYS_KEPT: i64 = 4;
/// Outcomes after which a stream can be said to be back.
const BACK_AFTER: u64 = 50;

/// What is counted: outcomes, and how many of them are what is watched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Watched {
    /// Runs with a property, of those where it is known.
    Rate(Signal),
    /// Concluded runs that did not succeed.
    Failing,
    /// Runs that cost more than this many nano-units.
    CostAbove(f64),
    /// Failures of a class.
    Class(String),
    /// Failures of a class that had not been seen.
    OtherThan(Vec<String>),
}

fn whole(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl Watched {
    /// Counts a cell.
    #[must_use]
    pub fn count(&self, cell: &Cell) -> RateCount {
        let counts = &cell.counts;
        let of = |n: i64, hits: i64| RateCount { n: whole(n), successes: whole(hits).min(whole(n)) };
        match self {
            Self::Rate(signal) => signal.rate(counts).map_or_else(RateCount::default, |(hits, n)| of(n, hits)),
            Self::Failing => of(counts.concluded, counts.concluded - counts.success),
            Self::CostAbove(nanos) => of(cell.cost.count(), cell.cost.count() - cell.cost.count_within(*nanos, true)),
            Self::Class(class) => {
                of(counts.classes.values().sum(), counts.classes.get(class).copied().unwrap_or_default())
            }
            Self::OtherThan(known) => {
                let other = counts.classes.iter().filter(|(class, _)| !known.contains(class));
                of(counts.classes.values().sum(), other.map(|(_, n)| n).sum())
            }
        }
    }
}

/// Sums over a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// What is watched for.
    pub hits: RateCount,
    /// Successes of concluded runs, beside a cost.
    pub quality: RateCount,
    /// Runs whose cost is known.
    pub cost_runs: f64,
    /// Their cost in nano-units.
    pub cost_nanos: f64,
}

impl Tally {
    /// Adds a cell.
    pub fn add(&mut self, watched: &Watched, cell: &Cell) -> RateCount {
        let count = watched.count(cell);
        self.hits = sum(self.hits, count);
        if matches!(watched, Watched::CostAbove(_)) {
            let counts = &cell.counts;
            let quality = RateCount { n: whole(counts.concluded), successes: whole(counts.success) };
            self.quality = sum(self.quality, quality);
            self.cost_runs += counts.cost.n as f64;
            self.cost_nanos += counts.cost.sum as f64;
        }
        count
    }

    /// The mean cost in nano-units.
    #[must_use]
    pub fn mean_cost(&self) -> Option<f64> {
        (self.cost_runs > 0.0).then(|| self.cost_nanos / self.cost_runs)
    }
}

/// Both counts together.
#[must_use]
pub fn sum(a: RateCount, b: RateCount) -> RateCount {
    RateCount { n: a.n + b.n, successes: a.successes + b.successes }
}

/// The share of hits; 0 without outcomes.
#[must_use]
pub fn share(count: RateCount) -> f64 {
    if count.n == 0 { 0.0 } else { count.successes as f64 / count.n as f64 }
}

/// A stretch in which evidence grows: where the change probably began, and what was counted since.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Excursion {
    ln_e: f64,
    since: Timestamp,
    now: Tally,
}

/// One stream under watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// What it is watched for.
    pub kind: AlertKind,
    /// What it is compared with.
    pub against: Against,
    /// What is counted.
    pub watched: Watched,
    /// From which hour on.
    pub from: Timestamp,
    /// What was usual.
    pub before: Tally,
    /// What was usual, and the bets against it: one, or one for each class of hours.
    pub(super) levels: Vec<Level>,
    detector: Detector,
    excursion: Excursion,
    days: Vec<(Timestamp, RateCount)>,
    /// When there was enough evidence first.
    pub(super) fired: Option<Timestamp>,
}

impl Stream {
    pub(super) fn new(
        (kind, against, watched): (AlertKind, Against, Watched),
        from: Timestamp,
        before: Tally,
        levels: Vec<Level>,
    ) -> Self {
        let bets = levels.iter().map(|level| level.bets.len()).max().unwrap_or(0);
        Self {
            kind,
            against,
            watched,
            from,
            before,
            levels,
            detector: Detector::new(bets),
            excursion: Excursion::default(),
            days: Vec::new(),
            fired: None,
        }
    }

    /// The level of an hour.
    pub(super) fn level(&self, hour: Timestamp) -> &Level {
        let class = if self.levels.len() > 1 { hour_class(hour) } else { 0 };
        &self.levels[class]
    }

    /// Takes an hour in; `ln_bar` is what the detector has to reach.
    pub(super) fn step(&mut self, hour: Timestamp, cell: &Cell, ln_bar: f64) {
        if hour < self.from {
            return;
        }
        let count = self.watched.count(cell);
        if count.n == 0 {
            return;
        }
        let level = self.level(hour);
        // Bets left out at one level win and lose nothing there.
        let mut factors = [0.0; Level::BETS];
        for (slot, factor) in factors.iter_mut().zip(level.bets.ln_factors(count.successes, count.n)) {
            *slot = factor;
        }
        let used = self.levels.iter().map(|level| level.bets.len()).max().unwrap_or(0);
        let ln_value = self.detector.step(1.0, &factors[..used]);
        self.follow(hour, cell, factors[used / 2]);
        self.keep_day(hour, count);
        if ln_value >= ln_bar && self.fired.is_none() {
            self.fired = Some(hour);
        }
    }

    fn follow(&mut self, hour: Timestamp, cell: &Cell, ln_factor: f64) {
        if self.excursion.ln_e <= 0.0 {
            self.excursion = Excursion { since: hour, ..Excursion::default() };
        }
        self.excursion.ln_e += ln_factor;
        self.excursion.now.add(&self.watched, cell);
    }

    fn keep_day(&mut self, hour: Timestamp, count: RateCount) {
        let day = hour.day();
        match self.days.last_mut() {
            Some((last, kept)) if *last == day => *kept = sum(*kept, count),
            _ => self.days.push((day, count)),
        }
        self.days.retain(|(kept, _)| day.micros_since(*kept) < DAYS_KEPT * DAY);
    }

    pub(super) fn restart(&mut self, at: Timestamp) {
        self.detector.restart();
        self.excursion = Excursion::default();
        self.fired = None;
        self.from = self.from.max(at);
    }

    pub(super) fn ln_value(&self) -> f64 {
        self.detector.ln_value()
    }

    pub(super) fn since(&self) -> Timestamp {
        self.excursion.since
    }

    pub(super) fn now(&self) -> &Tally {
        &self.excursion.now
    }

    /// Whether the days after it fired are as usual again: their rate is no higher than what was still no change, and
    /// a change that matters can be excluded.
    pub(super) fn is_back(&self, change: f64) -> bool {
        let Some(fired) = self.fired else { return true };
        let later = self.days.iter().filter(|(day, _)| *day > fired.day());
        let count = later.fold(RateCount::default(), |all, (_, count)| sum(all, *count));
        let usual = share(self.before.hits);
        let bound = self.levels.iter().map(|level| level.bets.bound()).fold(0.0, f64::max);
        let high = wilson(count.successes, count.n, crate::signal::SHOWN_ALPHA).map_or(1.0, |interval| interval.high);
        count.n >= BACK_AFTER && share(count) <= bound && high <= usual + change
    }
}
