//! The cells of a live release as hours: what it is compared with, and what is taken in.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::cell::{ALL, Cell, Resolution};
use seatrial_domain::drift::{History, Hour, Plan, Watch};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::accumulate::{CellQuery, CellRange, cells, cells_of};
use seatrial_store::{Connection, Scope};

use crate::app::error::AppError;

/// Days of the baseline that are learned from.
const BASELINE_DAYS: i64 = 28;
/// Days of a release's first days, at most.
const FIRST_DAYS: i64 = 29;
/// Days of hours that are taken in when a watch begins anew.
const LOOKED_BACK: i64 = 60;
/// Days of traffic that are learned from.
const TRAFFIC_DAYS: i64 = 28;
/// Hours of every segment of releases that are read at once, and of all runs of workflows.
const GROUP_HOURS: i64 = 3_600;
const RUN_HOURS: i64 = 10_000;
/// Silence of so long ago is no news.
const SILENCE_DAYS: i64 = 2;

/// Whose cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub scope: Scope,
    pub workflow: WorkflowId,
    pub release: ReleaseId,
    pub baseline: Option<ReleaseId>,
}

impl Source {
    fn query(
        &self,
        releases: Vec<ReleaseId>,
        dimension: Option<&str>,
        (from, to): (Timestamp, Timestamp),
    ) -> CellQuery {
        let dimension = dimension.map(str::to_owned);
        CellQuery { workflow: self.workflow, releases, dimension, from, to, by: Resolution::Hour }
    }

    /// The hours of every group of a release in some ranges of time.
    pub async fn history(
        &self,
        db: &impl Connection,
        release: ReleaseId,
        ranges: &[(Timestamp, Timestamp)],
    ) -> Result<History, AppError> {
        let mut found: BTreeMap<_, BTreeMap<Timestamp, Cell>> = BTreeMap::new();
        for range in ranges.iter().filter(|(from, to)| from < to) {
            for (group, at, cell) in cells(db, self.scope, &self.query(vec![release], None, *range)).await? {
                found.entry((group.dimension, group.value)).or_default().insert(at, cell);
            }
        }
        Ok(found.into_iter().map(|(group, hours)| (group, hours.into_iter().collect())).collect())
    }

    /// A watch that has learned what was usual and has taken in no hour yet.
    pub async fn learn(&self, db: &impl Connection, plan: Plan, now: Timestamp) -> Result<Watch, AppError> {
        let begin = plan.begin();
        let baseline = match self.baseline {
            Some(baseline) => self.history(db, baseline, &[(begin.plus_days(-BASELINE_DAYS), begin)]).await?,
            None => History::new(),
        };
        let firsts = plan.restarts.values().filter_map(|restart| restart.relearn_from).chain([begin]);
        let ranges: BTreeSet<_> = firsts.map(|from| (from, from.plus_days(FIRST_DAYS))).collect();
        let own = self.history(db, self.release, &ranges.into_iter().collect::<Vec<_>>()).await?;
        let mut watch = Watch::learn(plan, &baseline, &own, now);
        watch.through = watch.through.max(now.plus_days(-LOOKED_BACK).hour());
        Ok(watch)
    }

    /// The runs of some workflows by hour, up to a time: what is usual is learned from them.
    pub async fn traffic_of(
        db: &impl Connection,
        scope: Scope,
        workflows: &BTreeSet<WorkflowId>,
        to: Timestamp,
    ) -> Result<TrafficOf, AppError> {
        let from = to.plus_days(-TRAFFIC_DAYS);
        let range = |workflow: &WorkflowId| CellRange { workflow: *workflow, release: None, from, to };
        runs_of(db, scope, workflows.iter().map(range).collect()).await
    }

    /// The runs of the workflow by hour, up to a time.
    pub async fn traffic(&self, db: &impl Connection, to: Timestamp) -> Result<BTreeMap<Timestamp, u64>, AppError> {
        self.runs(db, (to.plus_days(-TRAFFIC_DAYS), to)).await
    }

    async fn runs(
        &self,
        db: &impl Connection,
        range: (Timestamp, Timestamp),
    ) -> Result<BTreeMap<Timestamp, u64>, AppError> {
        let mut runs = BTreeMap::new();
        for (_, at, cell) in cells(db, self.scope, &self.query(Vec::new(), Some(ALL), range)).await? {
            *runs.entry(at).or_default() += u64::try_from(cell.counts.runs).unwrap_or(0);
        }
        Ok(runs)
    }

    /// Every hour from `from` up to the present one, which is not over.
    pub async fn hours(&self, db: &impl Connection, from: Timestamp, now: Timestamp) -> Result<Vec<Hour>, AppError> {
        let wanted = [(*self, from)];
        let traffic = recent(db, self.scope, &wanted, now).await?;
        Ok(hours_of(db, self.scope, &wanted, &traffic, now).await?.pop().unwrap_or_default())
    }
}

/// The runs of each hour by workflow.
pub(super) type TrafficOf = BTreeMap<WorkflowId, BTreeMap<Timestamp, u64>>;

/// Ranges to be read at once: of so many hours together, but one at least.
fn batches(ranges: Vec<CellRange>, hours: i64) -> Vec<Vec<CellRange>> {
    let mut batches: Vec<Vec<CellRange>> = Vec::new();
    let mut left = 0;
    for range in ranges {
        match batches.last_mut() {
            Some(batch) if range.hours() <= left => batch.push(range),
            _ => {
                left = hours;
                batches.push(vec![range]);
            }
        }
        left -= range.hours();
    }
    batches
}

async fn runs_of(db: &impl Connection, scope: Scope, ranges: Vec<CellRange>) -> Result<TrafficOf, AppError> {
    let mut found = TrafficOf::new();
    for batch in batches(ranges, RUN_HOURS) {
        for (group, at, cell) in cells_of(db, scope, &batch).await? {
            let runs = u64::try_from(cell.counts.runs).unwrap_or(0);
            *found.entry(group.workflow).or_default().entry(at).or_default() += runs;
        }
    }
    Ok(found)
}

/// Silence of hours before this one is no news.
fn news(now: Timestamp) -> Timestamp {
    now.plus_days(-SILENCE_DAYS).hour()
}

/// The runs of the last hours of the releases' workflows.
pub(super) async fn recent(
    db: &impl Connection,
    scope: Scope,
    wanted: &[(Source, Timestamp)],
    now: Timestamp,
) -> Result<TrafficOf, AppError> {
    let mut from: BTreeMap<WorkflowId, Timestamp> = BTreeMap::new();
    for (source, at) in wanted {
        let at = (*at).max(news(now));
        from.entry(source.workflow).and_modify(|first| *first = at.min(*first)).or_insert(at);
    }
    let to = now.hour().plus_micros(HOUR);
    let ranges = from.into_iter().map(|(workflow, from)| CellRange { workflow, release: None, from, to });
    runs_of(db, scope, ranges.collect()).await
}

/// Of each release every hour from a time up to the present one, which is not over.
pub(super) async fn hours_of(
    db: &impl Connection,
    scope: Scope,
    wanted: &[(Source, Timestamp)],
    traffic: &TrafficOf,
    now: Timestamp,
) -> Result<Vec<Vec<Hour>>, AppError> {
    let end = now.hour().plus_micros(HOUR);
    let (recent, none) = (news(now), BTreeMap::new());
    let mut found: BTreeMap<ReleaseId, BTreeMap<Timestamp, Hour>> = BTreeMap::new();
    for (source, from) in wanted {
        let runs = traffic.get(&source.workflow).unwrap_or(&none);
        let hours = found.entry(source.release).or_default();
        let mut at = *from;
        while at < end {
            let over = at.plus_micros(HOUR) <= now && at >= recent;
            let runs = over.then(|| runs.get(&at).copied().unwrap_or(0));
            hours.insert(at, Hour { at, runs, ..Hour::default() });
            at = at.plus_micros(HOUR);
        }
    }
    let range = |(source, from): &(Source, Timestamp)| CellRange {
        workflow: source.workflow,
        release: Some(source.release),
        from: *from,
        to: end,
    };
    for batch in batches(wanted.iter().map(range).collect(), GROUP_HOURS) {
        for (group, at, cell) in cells_of(db, scope, &batch).await? {
            if let Some(hour) = found.get_mut(&group.release).and_then(|hours| hours.get_mut(&at)) {
                hour.groups.insert((group.dimension, group.value), cell);
            }
        }
    }
    let of = |(source, _): &(Source, Timestamp)| found.remove(&source.release).unwrap_or_default();
    Ok(wanted.iter().map(of).map(|hours| hours.into_values().collect()).collect())
}
