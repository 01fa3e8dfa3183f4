//! A release beside its baseline: signals by group and segment, the mix of failures, and the course over time.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::cell::Counts;
use seatrial_domain::failure::{Severity, Taxonomy};
use seatrial_domain::ids::ReleaseId;
use seatrial_domain::signal::{Group, Signal};
use seatrial_domain::time::Timestamp;

use super::context::Frame;
use super::link;
use crate::app::names::Names;
use crate::app::signal::{GroupSignal, SignalGroup, SignalTable};
use crate::http::present::figure::{self, GROUPS, count, rate};
use crate::render::format;
use crate::render::svg::{Axis, Chart, Label, LineChart, Marker, line_chart};
use crate::render::view::release::{CompareGroup, MixRow, ReleaseDay, SegmentCompare, SignalCompare};
use crate::render::view::{Delta, Figure, Reading};
use crate::render::words::look_up;

/// Segments shown below one signal, the worst first.
const SEGMENTS_SHOWN: usize = 8;
/// Failure classes shown.
const CLASSES_SHOWN: usize = 20;
/// Days of the chart over time.
const DAYS_SHOWN: usize = 90;
/// Share of closed runs without an outcome, at most 1.
pub fn unknown_share(counts: &Counts) -> f64 {
    if counts.closed == 0 { 0.0 } else { counts.unknown_outcome as f64 / counts.closed as f64 }
}

/// The two releases that are compared.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The release the page is about.
    pub candidate: ReleaseId,
    /// Its name.
    pub name: &'a str,
    /// What it is compared with.
    pub baseline: Option<ReleaseId>,
}

/// The group of a release in a table by release.
pub fn group_of(table: &SignalTable, release: Option<ReleaseId>) -> Option<&SignalGroup> {
    table.groups.iter().find(|group| Some(group.release) == release)
}

/// What a release's runs add up to.
pub fn counts_of(table: &SignalTable, release: Option<ReleaseId>) -> Counts {
    group_of(table, release).map(|group| group.counts.clone()).unwrap_or_default()
}

/// Every signal before and after, in the groups in which people ask for them. `segments` are tables by dimension.
pub fn groups(
    frame: &Frame,
    sides: Sides<'_>,
    table: &SignalTable,
    segments: &[(String, SignalTable)],
) -> Vec<CompareGroup> {
    let candidate = group_of(table, Some(sides.candidate));
    let baseline = group_of(table, sides.baseline);
    let signals = candidate.or(baseline).map(|group| group.signals.as_slice()).unwrap_or_default();
    let compared = |group: Group| -> Vec<SignalCompare> {
        let of_group = signals.iter().filter(|signal| signal.reading.signal.definition().group == group);
        of_group.map(|signal| compare(frame, sides, &signal.reading.signal, (candidate, baseline), segments)).collect()
    };
    let shown = |(index, group): (usize, Group)| {
        let sentence = figure::sentence(group);
        let signals = compared(group);
        CompareGroup {
            sentence: sentence.to_owned(),
            chart: CompareGroup::plot(&format!("group-{index}"), sentence, &signals),
            signals,
        }
    };
    GROUPS.into_iter().enumerate().map(shown).filter(|group| !group.signals.is_empty()).collect()
}

fn signal_in<'a>(group: Option<&'a SignalGroup>, signal: &Signal) -> Option<&'a GroupSignal> {
    group?.signals.iter().find(|found| found.reading.signal == *signal)
}

fn compare(
    frame: &Frame,
    sides: Sides<'_>,
    signal: &Signal,
    (candidate, baseline): (Option<&SignalGroup>, Option<&SignalGroup>),
    segments: &[(String, SignalTable)],
) -> SignalCompare {
    let runs = link::with_query(&frame.href("/runs"), &[("release", Some(sides.name))]);
    let shown =
        |group: Option<&SignalGroup>| signal_in(group, signal).map(|s| figure::figure(&s.reading, frame.currency()));
    let none = || figure::of_counts(signal, &Counts::default(), frame.currency());
    let (new, old) = (shown(candidate), shown(baseline));
    let delta = signal_in(candidate, signal)
        .zip(new.as_ref())
        .map_or_else(Delta::unknown, |(found, new)| figure::delta(found, new, old.as_ref()));
    SignalCompare {
        signal: signal.to_string(),
        label: figure::label(signal),
        baseline: old.unwrap_or_else(none),
        candidate: new.unwrap_or_else(none).linked(runs),
        delta,
        segments: by_segment(frame, sides, signal, segments),
    }
}

/// A rate in each segment, where it is worse first.
fn by_segment(
    frame: &Frame,
    sides: Sides<'_>,
    signal: &Signal,
    tables: &[(String, SignalTable)],
) -> Vec<SegmentCompare> {
    let is_rate = signal.rate(&Counts::default()).is_some();
    if !is_rate || signal.definition().group == Group::Supporting {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for (dimension, table) in tables {
        let values: BTreeSet<&String> = table.groups.iter().filter_map(|group| group.value.as_ref()).collect();
        for value in values {
            let side = |release: Option<ReleaseId>| {
                let found = table.groups.iter().find(|g| Some(g.release) == release && g.value.as_ref() == Some(value));
                found.map(|group| group.counts.clone()).unwrap_or_default()
            };
            let (new, old) = (side(Some(sides.candidate)), side(sides.baseline));
            if [&new, &old].iter().all(|counts| signal.known(counts) == 0) {
                continue;
            }
            rows.push(SegmentCompare {
                dimension: dimension.clone(),
                value: value.clone(),
                baseline: figure::of_counts(signal, &old, frame.currency()),
                candidate: figure::of_counts(signal, &new, frame.currency()),
                delta: figure::points_between(signal, &new, &old),
            });
        }
    }
    let rank = |row: &SegmentCompare| match row.delta.reading {
        Reading::Worse => 0,
        Reading::Changed => 1,
        Reading::Better => 2,
        Reading::Same => 3,
        Reading::Unknown => 4,
    };
    rows.sort_by_key(|row| (rank(row), std::cmp::Reverse(row.candidate.denominator)));
    rows.truncate(SEGMENTS_SHOWN);
    rows
}

/// A whole that does not get worse while a segment does.
pub fn warnings(groups: &[CompareGroup]) -> Vec<String> {
    let signals = groups.iter().flat_map(|group| &group.signals);
    let hidden = signals.filter(|signal| signal.delta.reading != Reading::Worse).flat_map(|signal| {
        let worse = signal.segments.iter().filter(|segment| segment.delta.reading == Reading::Worse);
        worse.map(|segment| {
            let whole = match signal.delta.reading {
                Reading::Better => "improves overall",
                _ => "does not clearly change overall",
            };
            format!("{} {whole} and gets worse in {} = {}.", signal.label, segment.dimension, segment.value)
        })
    });
    hidden.collect()
}

/// Failure classes before and now, the most frequent first.
pub fn mix(candidate: &Counts, baseline: &Counts, taxonomy: &Taxonomy) -> Vec<MixRow> {
    let names: BTreeSet<&String> = candidate.classes.keys().chain(baseline.classes.keys()).collect();
    let share = |counts: &Counts, name: &String| {
        rate(count(counts.classes.get(name).copied().unwrap_or_default()), count(counts.concluded))
    };
    let mut rows: Vec<MixRow> = names
        .into_iter()
        .map(|name| MixRow {
            class: if name.is_empty() { "not classified".to_owned() } else { name.clone() },
            severity: if name.is_empty() { Severity::Major } else { taxonomy.severity(name) }.as_str().to_owned(),
            before: share(baseline, name),
            now: share(candidate, name),
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.now.numerator, row.before.numerator)));
    rows.truncate(CLASSES_SHOWN);
    rows
}

/// What each day's runs of both releases add up to.
pub fn by_day(days: &SignalTable) -> BTreeMap<Timestamp, Counts> {
    let mut sums: BTreeMap<Timestamp, Counts> = BTreeMap::new();
    for group in &days.groups {
        if let Some(start) = group.start {
            sums.entry(start).or_default().add(&group.counts, 1);
        }
    }
    sums
}

/// What happened to the workflow's releases, on the days that are shown: each on its day, or on the next one that has runs.
/// `begins` is a release with the day of its first run.
pub fn marks(days: &SignalTable, shown: &[Timestamp], names: &Names, begins: Option<(Timestamp, &str)>) -> Vec<Marker> {
    let mut labels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut put = |day: Timestamp, label: String| {
        let before = shown.first().is_none_or(|first| day < *first);
        let at = shown.iter().position(|step| *step >= day).or(shown.len().checked_sub(1));
        if let Some(at) = at.filter(|_| !before) {
            let said = labels.entry(at).or_default();
            if !said.contains(&label) {
                said.push(label);
            }
        }
    };
    for marker in days.markers.iter().flatten() {
        let name = names.release_name(marker.release);
        let what = match marker.state {
            Some(state) => look_up("state", state.as_str()).map_or("moved", |word| word.label).to_lowercase(),
            None => marker.text.clone(),
        };
        put(marker.at.day(), format!("{name} {what}"));
    }
    // Where the release is announced on the day of its first run, one mark says both.
    if let Some((day, name)) = begins {
        put(day, format!("{name} first run"));
    }
    labels.into_iter().map(|(at, said)| Marker { at, label: said.join("; ") }).collect()
}

/// Success by day over both releases, with what happened to releases and where the candidate begins, and the same as rows;
/// `None` for a single day.
pub fn timeline(days: &SignalTable, sides: Sides<'_>, names: &Names) -> Option<(Chart, Vec<ReleaseDay>)> {
    let sums = by_day(days);
    let skip = sums.len().saturating_sub(DAYS_SHOWN);
    let shown: Vec<(&Timestamp, Figure)> = sums
        .iter()
        .skip(skip)
        .map(|(day, counts)| (day, rate(count(counts.success), count(counts.concluded))))
        .collect();
    if shown.len() < 2 {
        return None;
    }
    let steps: Vec<Timestamp> = shown.iter().map(|(day, _)| **day).collect();
    let first = first_day(days, sides.candidate).map(|day| (day, sides.name));
    let chart = LineChart {
        values: shown.iter().map(|(_, figure)| figure.value).collect(),
        readings: shown.iter().map(|(_, figure)| figure.text()).collect(),
        band: shown.iter().map(|(_, figure)| figure.value.and(figure.low.zip(figure.high))).collect(),
        markers: marks(days, &steps, names, first),
        steps: shown.iter().map(|(day, _)| format::date(day.micros())).collect(),
    };
    let label = Label {
        id: "timeline",
        title: "Success rate by day",
        description: "Of the runs of this release and its baseline together, with 95 % intervals. Marks say what happened \
                      to the workflow's releases.",
    };
    let drawn = line_chart(label, Axis::RATE, &chart);
    let what = |step: usize| chart.markers.iter().find(|marker| marker.at == step).map(|marker| marker.label.clone());
    let rows = chart.steps.into_iter().zip(shown).enumerate();
    let rows = rows.map(|(step, (day, (_, success)))| ReleaseDay { day, success, what: what(step) });
    Some((drawn, rows.collect()))
}

fn days_of(days: &SignalTable, release: Option<ReleaseId>) -> BTreeSet<Timestamp> {
    let of_release = days.groups.iter().filter(|group| Some(group.release) == release && group.counts.concluded > 0);
    of_release.filter_map(|group| group.start).collect()
}

fn first_day(days: &SignalTable, release: ReleaseId) -> Option<Timestamp> {
    days_of(days, Some(release)).first().copied()
}

/// How the two are compared, in words, and whether it is with an earlier time only.
pub fn comparison(days: &SignalTable, sides: Sides<'_>) -> (String, bool) {
    if sides.baseline.is_none() {
        return ("There is no earlier release to compare with.".to_owned(), false);
    }
    let (new, old) = (days_of(days, Some(sides.candidate)), days_of(days, sides.baseline));
    let day = |at: Option<&Timestamp>| at.map(|at| format::date(at.micros())).unwrap_or_default();
    if new.is_empty() || old.is_empty() {
        let which = if old.is_empty() { "baseline" } else { "release" };
        return (format!("The {which} has no concluded run in this time."), false);
    }
    let both: Vec<&Timestamp> = new.intersection(&old).collect();
    match (both.first(), both.last()) {
        (Some(first), Some(last)) => {
            let text = format!("Both received traffic between {} and {}.", day(Some(first)), day(Some(last)));
            (text, false)
        }
        _ => {
            let text = format!(
                "Historical: confounded with time. The baseline's runs are from {} to {}.",
                day(old.first()),
                day(old.last())
            );
            (text, true)
        }
    }
}
