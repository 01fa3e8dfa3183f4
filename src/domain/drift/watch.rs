//! A live release under watch: what was learned, how far each stream's evidence has come, and what follows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::learn::{self, Hours};
use super::stream::{Stream, Watched};
use super::traffic::Traffic;
use super::words::{self, Named};
use super::{Against, DriftSettings, Finding, KindReading, Reading};
use crate::alert::AlertKind;
use crate::cell::Cell;
use crate::stats::interval::newcombe;
use crate::stats::round9;
use crate::stats::special::ln;
use crate::time::{DAY, HOUR, Timestamp};

/// Fewest and most of a release's first days that are learned from.
const FIRST_DAYS: std::ops::RangeInclusive<i64> = 3..=28;
/// Concluded runs that make first days enough, and those that do at their end.
const ENOUGH: (i64, i64) = (300, 100);
/// After so long without a run nothing can be said.
const SILENT_AFTER: i64 = DAY;
/// Findings of one kind that are named.
const NAMED: usize = 20;

/// A group of runs: dimension and value, both empty for all runs.
pub type Group = (String, String);
/// Hours of groups of runs, each in order.
pub type History = BTreeMap<Group, Vec<(Timestamp, Cell)>>;

/// From when on a kind is watched anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// From this time on.
    pub at: Timestamp,
    /// When what is usual is learned anew: from this time on. A change was accepted then.
    pub relearn_from: Option<Timestamp>,
}

/// What is watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// When the release went live.
    pub live_at: Timestamp,
    /// After how long a run is settled: younger hours may still change.
    pub settle_micros: i64,
    /// How; quiet periods are no part of it.
    #[serde(with = "as_json")]
    pub settings: DriftSettings,
    /// By kind.
    pub restarts: BTreeMap<AlertKind, Restart>,
}

impl Plan {
    /// The first whole hour of the release.
    #[must_use]
    pub fn begin(&self) -> Timestamp {
        self.live_at.plus_micros(HOUR - 1).hour()
    }

    /// Up to when hours are taken to be complete at `now`.
    #[must_use]
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        now.plus_micros(-self.settle_micros - HOUR).hour()
    }

    fn relearn_at(&self, kind: AlertKind) -> Option<Timestamp> {
        self.restarts.get(&kind)?.relearn_from.map(|at| at.plus_micros(HOUR - 1).hour())
    }
}

/// Settings leave out what is not said, which only a self-describing form can read back.
mod as_json {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    use crate::drift::DriftSettings;

    pub fn serialize<S: Serializer>(settings: &DriftSettings, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&serde_json::to_string(settings).map_err(ser::Error::custom)?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DriftSettings, D::Error> {
        serde_json::from_str(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// One hour of the release, and of the workflow's traffic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hour {
    /// Where it starts.
    pub at: Timestamp,
    /// The release's runs by group.
    pub groups: BTreeMap<Group, Cell>,
    /// All runs of the workflow that started in it; `None` while the hour lasts.
    pub runs: Option<u64>,
}

/// A live release under watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// What is watched.
    pub plan: Plan,
    /// Hours before this one are in.
    pub through: Timestamp,
    /// When to try to learn first days that were too short; `None` when all are learned.
    pub learn_at: Option<Timestamp>,
    /// The day up to which traffic was learned.
    pub traffic_day: Timestamp,
    groups: BTreeMap<Group, Vec<Stream>>,
    traffic: Traffic,
    last_run: Option<Timestamp>,
}

impl Watch {
    /// Learns what was usual: from the baseline's hours before the release went live, and from its own first days.
    #[must_use]
    pub fn learn(plan: Plan, baseline: &History, own: &History, now: Timestamp) -> Self {
        let mut groups: BTreeMap<Group, Vec<Stream>> = BTreeMap::new();
        let begin = plan.begin();
        let borrow = |hours: &'_ [(Timestamp, Cell)], from: Timestamp, to: Timestamp| {
            let inside = hours.iter().filter(|(hour, _)| *hour >= from && *hour < to).cloned();
            inside.collect::<Vec<(Timestamp, Cell)>>()
        };
        let read = |group: &&Group| plan.settings.reads(&group.0);
        for group in baseline.keys().filter(read) {
            let hours: Vec<(Timestamp, &Cell)> = baseline[group].iter().map(|(at, cell)| (*at, cell)).collect();
            let wanted = |kind| plan.relearn_at(kind).is_none();
            let found = learn::streams(&plan.settings, Against::Baseline, &hours, begin, wanted);
            groups.entry(group.clone()).or_default().extend(found);
        }
        let mut learn_at = None;
        let mut begins: Vec<Option<Timestamp>> = AlertKind::ALL.iter().map(|kind| plan.relearn_at(*kind)).collect();
        begins.push(None);
        begins.sort_unstable();
        begins.dedup();
        for relearn in begins {
            let from = relearn.unwrap_or(begin);
            let Some(end) = first_days_end(own.get(&all()), from, plan.settle_micros, now) else {
                let first = from.plus_days(*FIRST_DAYS.start()).plus_micros(plan.settle_micros + HOUR);
                learn_at = Some(first.max(now.plus_days(1)).min(learn_at.unwrap_or(Timestamp::MAX)));
                if first > now {
                    learn_at = Some(first.min(learn_at.unwrap_or(first)));
                }
                continue;
            };
            for group in own.keys().filter(read) {
                let hours = borrow(&own[group], from, end);
                let hours: &Hours<'_> = &hours.iter().map(|(at, cell)| (*at, cell)).collect::<Vec<_>>();
                let wanted = |kind| plan.relearn_at(kind) == relearn;
                let found = learn::streams(&plan.settings, Against::FirstDays, hours, end, wanted);
                groups.entry(group.clone()).or_default().extend(found);
            }
        }
        for stream in groups.values_mut().flatten() {
            if let Some(restart) = plan.restarts.get(&stream.kind) {
                stream.restart(restart.at.plus_micros(HOUR - 1).hour());
            }
        }
        groups.retain(|_, streams| !streams.is_empty());
        let traffic = Traffic::default();
        Self { through: begin, learn_at, traffic_day: Timestamp::default(), groups, traffic, last_run: None, plan }
    }

    /// Learns what traffic is usual, from the workflow's runs by hour before `to`.
    pub fn learn_traffic(&mut self, runs: &BTreeMap<Timestamp, u64>, to: Timestamp) {
        self.traffic_day = to.day();
        if self.plan.settings.watches(AlertKind::StalledTraffic) {
            self.traffic.learn(runs, to, self.plan.settings.change(AlertKind::StalledTraffic));
        }
    }

    /// How many streams share the promise about false alarms.
    #[must_use]
    pub fn streams(&self) -> u64 {
        let streams = self.groups.values().map(Vec::len).sum::<usize>() as u64;
        streams + u64::from(self.traffic.is_learned())
    }

    /// What a detector has to reach: the mean of all detectors of the release is one too, so each has to come as many
    /// times as far as there are of them.
    fn ln_bar(&self) -> f64 {
        ln(f64::from(self.plan.settings.days_between_false_alarms) * 24.0 * self.streams().max(1) as f64)
    }

    /// Takes the next hour in.
    pub fn step(&mut self, hour: &Hour) {
        let ln_bar = self.ln_bar();
        for (group, cell) in &hour.groups {
            let streams = self.groups.get_mut(group);
            streams.into_iter().flatten().for_each(|stream| stream.step(hour.at, cell, ln_bar));
        }
        if hour.groups.get(&all()).is_some_and(|cell| cell.counts.concluded > 0) {
            self.last_run = self.last_run.max(Some(hour.at));
        }
        let restarted = self.plan.restarts.get(&AlertKind::StalledTraffic);
        if let Some(runs) = hour.runs.filter(|_| restarted.is_none_or(|restart| hour.at >= restart.at)) {
            self.traffic.step(hour.at, runs, ln_bar);
        }
        self.through = self.through.max(hour.at.plus_micros(HOUR));
    }

    /// Begins a kind anew, as after an alert that was resolved.
    pub fn restart(&mut self, kind: AlertKind, at: Timestamp) {
        if kind == AlertKind::StalledTraffic {
            self.traffic.restart();
        }
        let streams = self.groups.values_mut().flatten();
        streams.filter(|stream| stream.kind == kind).for_each(|stream| stream.restart(at));
    }

    /// What every watched kind says at `now`. `raised` says which alerts stand, and since when: one whose evidence is
    /// no longer there in hours before `settled` (a correction undid it) counts as recovered.
    #[must_use]
    pub fn read(
        &self,
        now: Timestamp,
        raised: &BTreeMap<AlertKind, Timestamp>,
        settled: Timestamp,
        named: &Named<'_>,
    ) -> Vec<KindReading> {
        let watched = AlertKind::ALL.iter().copied().filter(|kind| self.plan.settings.watches(*kind));
        watched.map(|kind| (kind, self.read_kind(kind, now, raised.get(&kind).copied(), settled, named))).collect()
    }

    fn read_kind(
        &self,
        kind: AlertKind,
        now: Timestamp,
        raised: Option<Timestamp>,
        settled: Timestamp,
        named: &Named<'_>,
    ) -> Reading {
        let undone = raised.is_some_and(|at| at < settled);
        if kind == AlertKind::StalledTraffic {
            let fired = self.traffic.fired.is_some();
            return Reading {
                watched: u64::from(self.traffic.is_learned()),
                findings: self.stalled(named).into_iter().collect(),
                silent: false,
                recovered: if fired { self.traffic.is_back() } else { undone },
            };
        }
        let change = self.plan.settings.change(kind);
        let of_kind = || {
            let groups = self.groups.iter();
            groups
                .flat_map(|(group, streams)| streams.iter().map(move |stream| (group, stream)))
                .filter(|(_, stream)| stream.kind == kind)
        };
        let raises = |stream: &Stream| stream.fired.is_some() && !quality_rose(stream);
        let mut found: Vec<(&Group, &Stream)> = of_kind().filter(|(_, stream)| raises(stream)).collect();
        let recovered = if found.is_empty() { undone } else { found.iter().all(|(_, stream)| stream.is_back(change)) };
        found.sort_by(|a, b| {
            a.0.0.is_empty().cmp(&b.0.0.is_empty()).reverse().then(b.1.ln_value().total_cmp(&a.1.ln_value()))
        });
        found.truncate(NAMED);
        Reading {
            watched: of_kind().count() as u64,
            findings: found.into_iter().map(|(group, stream)| self.finding(group, stream, named)).collect(),
            silent: self.last_run.is_none_or(|at| now.micros_since(at) > SILENT_AFTER + HOUR),
            recovered,
        }
    }

    fn finding(&self, group: &Group, stream: &Stream, named: &Named<'_>) -> Finding {
        let fired = stream.fired.unwrap_or_default();
        let bound = stream.levels.iter().map(|level| level.bets.bound()).fold(0.0, f64::max);
        let mut finding = Finding {
            against: stream.against,
            dimension: group.0.clone(),
            value: group.1.clone(),
            what: words::what(&stream.watched, named),
            since: stream.since(),
            noticed_at: fired,
            before: stream.before.hits,
            now: stream.now().hits,
            bound: round9(bound),
            seasonal: stream.levels.len() > 1,
            ln_evidence: round9(stream.ln_value().max(self.ln_bar())),
            ln_bar: round9(self.ln_bar()),
            text: String::new(),
        };
        finding.text = words::finding(&finding, stream, named);
        finding
    }

    fn stalled(&self, named: &Named<'_>) -> Option<Finding> {
        let traffic = &self.traffic;
        let mut finding = Finding {
            against: Against::LikeHours,
            dimension: String::new(),
            value: String::new(),
            what: "silent hours".to_owned(),
            since: traffic.since,
            noticed_at: traffic.fired?,
            before: traffic.before,
            now: traffic.silent,
            bound: round9(traffic.bound()),
            seasonal: true,
            ln_evidence: round9(traffic.ln_value().max(self.ln_bar())),
            ln_bar: round9(self.ln_bar()),
            text: String::new(),
        };
        finding.text = words::stalled(&finding, (traffic.seen, traffic.expected), named);
        Some(finding)
    }

    /// The groups that are watched, and how many streams each has.
    pub fn watched_groups(&self) -> impl Iterator<Item = (&Group, usize)> {
        self.groups.iter().map(|(group, streams)| (group, streams.len()))
    }

    /// What a finding's stream counts in a cell.
    #[must_use]
    pub fn counter(&self, kind: AlertKind, finding: &Finding, named: &Named<'_>) -> Option<Watched> {
        let group = (finding.dimension.clone(), finding.value.clone());
        let mut streams = self.groups.get(&group)?.iter();
        let same = |stream: &&Stream| {
            stream.kind == kind
                && stream.against == finding.against
                && words::what(&stream.watched, named) == finding.what
        };
        streams.find(same).map(|stream| stream.watched.clone())
    }
}

/// The group of all runs.
pub(super) fn all() -> Group {
    (String::new(), String::new())
}

/// Whether runs cost more because they succeed more often.
fn quality_rose(stream: &Stream) -> bool {
    if stream.kind != AlertKind::CostWithoutQuality {
        return false;
    }
    let (now, before) = (stream.now().quality, stream.before.quality);
    let between = newcombe(now.successes, now.n, before.successes, before.n, crate::signal::SHOWN_ALPHA);
    between.is_some_and(|difference| difference.low > 0.0)
}

/// Where first days that began at `from` end: as soon as they hold enough runs, once all of these are settled.
fn first_days_end(
    hours: Option<&Vec<(Timestamp, Cell)>>,
    from: Timestamp,
    settle_micros: i64,
    now: Timestamp,
) -> Option<Timestamp> {
    let hours = hours?;
    for days in FIRST_DAYS {
        let end = from.plus_days(days);
        if end.plus_micros(settle_micros + HOUR) > now {
            return None;
        }
        let inside = hours.iter().filter(|(hour, _)| *hour >= from && *hour < end);
        let concluded: i64 = inside.map(|(_, cell)| cell.counts.concluded).sum();
        let needed = if days == *FIRST_DAYS.end() { ENOUGH.1 } else { ENOUGH.0 };
        if concluded >= needed {
            return Some(end);
        }
    }
    None
}
