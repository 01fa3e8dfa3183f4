//! Signals by release, over time and by segment, computed from cells alone.

use std::collections::BTreeMap;
use std::str::FromStr;

use seatrial_domain::access::Permission;
use seatrial_domain::cell::{ALL, Basis, Cell, Counts, Resolution};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::signal::{BUILT_IN, Signal, SignalReading, read};
use seatrial_domain::stats::interval::newcombe;
use seatrial_domain::stats::round::round9;
use seatrial_domain::time::{DAY, HOUR, Timestamp};
use seatrial_store::Connection;
use seatrial_store::ReadConnection;
use seatrial_store::Scope;
use seatrial_store::accumulate::{BlockQuery, CellQuery, Group, blocks, cells, totals};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::deployment::Marker;
use super::error::AppError;

/// Level of the intervals beside differences.
const SHOWN_ALPHA: f64 = 0.05;
/// Days looked back when no range is given.
const DEFAULT_DAYS: i64 = 90;
/// Longest range by the hour, in days.
const HOURLY_DAYS: i64 = 31;

/// How runs are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// One group for each release.
    Release,
    /// One for each release and UTC day.
    Day,
    /// One for each release and UTC hour.
    Hour,
    /// One for each release and value of a segment dimension.
    Dimension(String),
}

impl FromStr for GroupBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" | "release" => Ok(Self::Release),
            "day" => Ok(Self::Day),
            "hour" => Ok(Self::Hour),
            other => limits::label(other)
                .filter(|label| label == other)
                .map(Self::Dimension)
                .ok_or_else(|| "`group_by` is release, day, hour or the name of a segment dimension".to_owned()),
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct SignalQuery {
    /// Of this workflow.
    pub workflow: WorkflowId,
    /// Of these releases; all when empty.
    pub releases: Vec<ReleaseId>,
    /// Compared with this release.
    pub baseline: Option<ReleaseId>,
    /// Of runs that started at or after this time, to the hour.
    pub from: Option<Timestamp>,
    /// Of runs that started before this time, to the hour.
    pub to: Option<Timestamp>,
    /// Grouped so.
    pub group_by: GroupBy,
}

/// The difference of a rate from the baseline's, with Newcombe's 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// This rate minus the baseline's.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A signal of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSignal {
    /// The figure.
    pub reading: SignalReading,
    /// The difference from the baseline, of rates.
    pub difference: Option<Difference>,
}

/// Runs that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalGroup {
    /// The release.
    pub release: ReleaseId,
    /// The value of the dimension asked for.
    pub value: Option<String>,
    /// Where the day or hour starts.
    pub start: Option<Timestamp>,
    /// What the runs add up to.
    pub counts: Counts,
    /// Every signal.
    pub signals: Vec<GroupSignal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalTable {
    /// From this time on, as looked at.
    pub from: Timestamp,
    /// Up to this time, exclusive.
    pub to: Timestamp,
    /// The groups, by release, value and start.
    pub groups: Vec<SignalGroup>,
    /// Of a time series: what happened to the workflow's releases meanwhile.
    pub markers: Option<Vec<Marker>>,
}

impl App {
    /// Computes every signal of every group.
    ///
    /// # Errors
    /// When the range is out of bounds, the caller may not, or the database fails.
    pub async fn signals(&self, caller: &Caller, project: &str, query: &SignalQuery) -> Result<SignalTable, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        self.signals_in(&project, query).await
    }

    /// The same for somebody who has entered the project.
    ///
    /// # Errors
    /// When the range is out of bounds or the database fails.
    pub async fn signals_in(&self, project: &ProjectAccess, query: &SignalQuery) -> Result<SignalTable, AppError> {
        let (from, to) = range(query, self.now())?;
        let mut releases = query.releases.clone();
        if let Some(baseline) = query.baseline.filter(|baseline| !releases.is_empty() && !releases.contains(baseline)) {
            releases.push(baseline);
        }
        let dimension = match &query.group_by {
            GroupBy::Dimension(name) => name.as_str(),
            _ => ALL,
        };
        let scoped = Range { scope: project.scope, workflow: query.workflow, releases, from, to };
        let rows = match query.group_by {
            GroupBy::Hour => scoped.series(self.store.read(), Resolution::Hour).await?,
            GroupBy::Day => scoped.series(self.store.read(), Resolution::Day).await?,
            _ => scoped.totals(self.store.read(), dimension).await?,
        };
        let groups = groups(rows, query, project.settings.labour_nanos_per_hour);
        let markers = match query.group_by {
            GroupBy::Day | GroupBy::Hour => Some(self.markers(project, query.workflow, (from, to)).await?),
            GroupBy::Release | GroupBy::Dimension(_) => None,
        };
        Ok(SignalTable { from, to, groups, markers })
    }
}

impl App {
    /// The segment dimensions by which signals of the workflow can be grouped, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn segment_dimensions(
        &self,
        project: &ProjectAccess,
        workflow: WorkflowId,
    ) -> Result<Vec<String>, AppError> {
        Ok(seatrial_store::segment::dimensions(self.store.read(), project.scope, workflow).await?)
    }

    /// How many units of a release have settled: what a gate may rest on now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settled_runs(
        &self,
        project: &ProjectAccess,
        workflow: WorkflowId,
        release: ReleaseId,
    ) -> Result<u64, AppError> {
        let query = BlockQuery {
            workflow,
            release,
            basis: Basis::Settled,
            dimensions: &[ALL.to_owned()],
            from: Timestamp::from_micros(0),
            to: self.now().plus_micros(1),
        };
        let mut concluded: i64 = 0;
        for hours in blocks(self.store.read(), project.scope, &query).await?.into_values() {
            concluded += hours.decode(None, None)?.iter().map(|block| block.counts.concluded).sum::<i64>();
        }
        Ok(u64::try_from(concluded).unwrap_or_default())
    }
}

fn range(query: &SignalQuery, now: Timestamp) -> Result<(Timestamp, Timestamp), AppError> {
    let to = query.to.map_or_else(|| now.day().plus_days(1), ceil_hour);
    let from = query.from.map_or_else(|| to.day().plus_days(-DEFAULT_DAYS), Timestamp::hour);
    let days = if query.group_by == GroupBy::Hour { HOURLY_DAYS } else { limits::QUERY_DAYS };
    if from >= to {
        return Err(AppError::invalid("from", format!("`from` ({from}) must be before `to` ({to})")));
    }
    if to.micros_since(from) > days * DAY {
        return Err(AppError::invalid("from", format!("the range is longer than {days} days; ask for less at once")));
    }
    Ok((from, to))
}

fn ceil_hour(time: Timestamp) -> Timestamp {
    let floor = time.hour();
    if floor == time { time } else { floor.plus_micros(HOUR) }
}

/// Cells of some releases in a range of whole hours.
struct Range {
    scope: Scope,
    workflow: WorkflowId,
    releases: Vec<ReleaseId>,
    from: Timestamp,
    to: Timestamp,
}

/// What the runs of a release and value, of a day or hour or of the whole range, add up to.
struct Row {
    release: ReleaseId,
    value: String,
    start: Option<Timestamp>,
    cell: Cell,
}

impl Range {
    fn query(&self, dimension: &str, by: Resolution, from: Timestamp, to: Timestamp) -> CellQuery {
        CellQuery {
            workflow: self.workflow,
            releases: self.releases.clone(),
            dimension: Some(dimension.to_owned()),
            from,
            to,
            by,
        }
    }

    async fn series(&self, db: &impl Connection, by: Resolution) -> Result<Vec<Row>, AppError> {
        let rows = cells(db, self.scope, &self.query(ALL, by, self.from, self.to)).await?;
        let row = |(group, start, cell)| {
            let Group { release, value, .. } = group;
            Row { release, value, start: Some(start), cell }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// One cell per release and value: whole days read as days, the rest of the range as hours.
    async fn totals(&self, db: &ReadConnection, dimension: &str) -> Result<Vec<Row>, AppError> {
        let first_day = if self.from.day() == self.from { self.from } else { self.from.day().plus_days(1) };
        let last_day = self.to.day();
        let mut parts = Vec::new();
        if first_day < last_day {
            parts.push((Resolution::Day, first_day, last_day));
            parts.push((Resolution::Hour, self.from, first_day));
            parts.push((Resolution::Hour, last_day, self.to));
        } else {
            parts.push((Resolution::Hour, self.from, self.to));
        }
        let mut sums: BTreeMap<(ReleaseId, String), Cell> = BTreeMap::new();
        for (by, from, to) in parts.into_iter().filter(|(_, from, to)| from < to) {
            for (release, values) in totals(db, self.scope, &self.query(dimension, by, from, to)).await? {
                for (value, cell) in values {
                    sums.entry((release, value)).or_default().add(&cell, 1);
                }
            }
        }
        let row = |((release, value), cell)| Row { release, value, start: None, cell };
        Ok(sums.into_iter().map(row).collect())
    }
}

/// The groups in the order in which releases were asked for, the baseline last; ids of releases that came in together
/// are in no order of their own.
fn groups(mut rows: Vec<Row>, query: &SignalQuery, labour_nanos_per_hour: i64) -> Vec<SignalGroup> {
    let asked = |release: ReleaseId| query.releases.iter().position(|other| *other == release);
    rows.sort_by_cached_key(|row| (Some(row.release) == query.baseline, asked(row.release)));
    let by_dimension = matches!(query.group_by, GroupBy::Dimension(_));
    let of_baseline = rows.iter().filter(|row| Some(row.release) == query.baseline);
    let baseline: BTreeMap<(&str, Option<Timestamp>), &Counts> =
        of_baseline.map(|row| ((row.value.as_str(), row.start), &row.cell.counts)).collect();
    let groups = rows.iter().map(|row| {
        let Row { release, value, start, cell } = row;
        let other = baseline.get(&(value.as_str(), *start)).filter(|_| query.baseline != Some(*release));
        let scores = cell.counts.scores.keys().map(|name| Signal::Score(name.clone()));
        let signals = BUILT_IN.iter().cloned().chain(scores).map(|signal| GroupSignal {
            difference: other.and_then(|other| difference(&signal, &cell.counts, other)),
            reading: read(&signal, cell, labour_nanos_per_hour),
        });
        SignalGroup {
            release: *release,
            value: by_dimension.then(|| value.clone()),
            start: *start,
            signals: signals.collect(),
            counts: cell.counts.clone(),
        }
    });
    groups.collect()
}

/// The difference of a rate between two groups of runs.
#[must_use]
pub fn difference(signal: &Signal, counts: &Counts, baseline: &Counts) -> Option<Difference> {
    let (s1, n1) = signal.rate(counts)?;
    let (s2, n2) = signal.rate(baseline)?;
    let plain = |n: i64| u64::try_from(n).ok();
    let (s1, n1, s2, n2) = (plain(s1)?, plain(n1)?, plain(s2)?, plain(n2)?);
    let interval = newcombe(s1, n1, s2, n2, SHOWN_ALPHA)?;
    #[expect(clippy::cast_precision_loss, reason = "figures are shown with nine digits")]
    let value = s1 as f64 / n1 as f64 - s2 as f64 / n2 as f64;
    Some(Difference { value: round9(value), low: round9(interval.low), high: round9(interval.high) })
}
