//! Stalled traffic: hours with hardly a run where like hours had some.
//!
//! Arrivals come in bursts, so their numbers follow no simple law. What is counted instead is hours: an hour is silent
//! when it has at most a tenth of the median of like hours, and a detector watches the share of silent hours.

use serde::{Deserialize, Serialize};

use super::learn::{GAMMA, Level};
use crate::evidence::RateCount;
use crate::stats::detector::Detector;
use crate::time::{DAY, HOUR, Timestamp};

/// Hours of a week.
const WEEK: usize = 168;
/// Weeks from which on an hour of the week is compared with itself; before that with the same hour of other days.
const WEEKS: i64 = 2;
/// Days of history without which nothing is said.
const DAYS: i64 = 3;
/// Runs that an hour must usually have for its silence to say something.
const USUAL: u64 = 5;
/// An hour is silent at one part in this many of what is usual.
const SILENT: u64 = 10;
/// Hours that are not silent after which traffic is back.
const BACK: u32 = 2;

/// A workflow's traffic under watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The median of runs by hour of the week; empty while there is too little history.
    usual: Vec<u64>,
    pub(super) before: RateCount,
    level: Option<Level>,
    detector: Option<Detector>,
    /// Silent hours of the present stretch, and when it began.
    pub(super) silent: RateCount,
    pub(super) since: Timestamp,
    pub(super) expected: u64,
    pub(super) seen: u64,
    pub(super) fired: Option<Timestamp>,
    fine: u32,
}

fn hour_of_week(hour: Timestamp) -> usize {
    (hour.micros().div_euclid(HOUR).rem_euclid(WEEK as i64)) as usize
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get((values.len().max(1) - 1) / 2).copied().unwrap_or(0)
}

impl Traffic {
    /// Learns what is usual from the runs of each hour of `[from, to)`; hours that are not named had none. The detector
    /// goes on where it was.
    pub fn learn(&mut self, runs: &std::collections::BTreeMap<Timestamp, u64>, to: Timestamp, change: f64) {
        self.usual.clear();
        let Some(first) = runs.iter().find(|(_, n)| **n > 0).map(|(hour, _)| *hour) else { return };
        let days = to.micros_since(first) / DAY;
        if days < DAYS {
            return;
        }
        let cycle = if days >= 7 * WEEKS { WEEK } else { 24 };
        let mut like: Vec<Vec<u64>> = vec![Vec::new(); cycle];
        let hours = || (0..).map(|i| first.plus_micros(i * HOUR)).take_while(|hour| *hour < to);
        for hour in hours() {
            like[hour_of_week(hour) % cycle].push(runs.get(&hour).copied().unwrap_or(0));
        }
        let by_cycle: Vec<u64> = like.into_iter().map(median).collect();
        self.usual = (0..WEEK).map(|hour| by_cycle[hour % cycle]).collect();
        self.before = RateCount::default();
        for hour in hours() {
            if let Some(silent) = self.is_silent(hour, runs.get(&hour).copied().unwrap_or(0)) {
                self.before.n += 1;
                self.before.successes += u64::from(silent);
            }
        }
        self.level = Level::of(self.before, change, GAMMA);
    }

    /// Whether an hour is silent; `None` when like hours hardly have runs.
    fn is_silent(&self, hour: Timestamp, runs: u64) -> Option<bool> {
        let usual = self.usual.get(hour_of_week(hour)).copied().filter(|usual| *usual >= USUAL)?;
        Some(runs * SILENT <= usual)
    }

    /// Whether there is something to compare with.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        self.level.is_some()
    }

    /// Takes a whole hour in.
    pub(super) fn step(&mut self, hour: Timestamp, runs: u64, ln_bar: f64) {
        let Some(silent) = self.is_silent(hour, runs) else { return };
        let Some(level) = &self.level else { return };
        let mut factors = [0.0; Level::BETS];
        for (slot, factor) in factors.iter_mut().zip(level.bets.ln_factors(u64::from(silent), 1)) {
            *slot = factor;
        }
        let detector = self.detector.get_or_insert_with(|| Detector::new(Level::BETS));
        let ln_value = detector.step(1.0, &factors);
        self.fine = if silent { 0 } else { self.fine + 1 };
        if self.fired.is_none() && self.fine > 0 {
            (self.silent, self.expected, self.seen) = (RateCount::default(), 0, 0);
            self.since = hour.plus_micros(HOUR);
        } else {
            self.silent.n += 1;
            self.silent.successes += u64::from(silent);
            self.expected += self.usual[hour_of_week(hour)];
            self.seen += runs;
        }
        if ln_value >= ln_bar && self.fired.is_none() {
            self.fired = Some(hour);
        }
    }

    pub(super) fn restart(&mut self) {
        *self = Self {
            usual: std::mem::take(&mut self.usual),
            before: self.before,
            level: self.level.take(),
            ..Self::default()
        };
    }

    pub(super) fn ln_value(&self) -> f64 {
        self.detector.as_ref().map_or(f64::NEG_INFINITY, Detector::ln_value)
    }

    pub(super) fn bound(&self) -> f64 {
        self.level.as_ref().map_or(0.0, |level| level.bets.bound())
    }

    /// Whether runs come again.
    pub(super) fn is_back(&self) -> bool {
        self.fine >= BACK
    }
}
