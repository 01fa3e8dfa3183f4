//! The cells of a live release as hours: what it is compared with, and what is taken in.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::cell::{ALL, Cell, Resolution};
use seatrial_domain::drift::{History, Hour, Plan, Watch};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::accumulate::{CellQuery, cells};
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
        let end = now.hour().plus_micros(HOUR);
        let mut hours: BTreeMap<Timestamp, Hour> = BTreeMap::new();
        let recent = now.plus_days(-SILENCE_DAYS).hour().max(from);
        let runs = self.runs(db, (recent, end)).await?;
        let mut at = from;
        while at < end {
            let over = at.plus_micros(HOUR) <= now && at >= recent;
            let runs = over.then(|| runs.get(&at).copied().unwrap_or(0));
            hours.insert(at, Hour { at, runs, ..Hour::default() });
            at = at.plus_micros(HOUR);
        }
        for (group, at, cell) in cells(db, self.scope, &self.query(vec![self.release], None, (from, end))).await? {
            if let Some(hour) = hours.get_mut(&at) {
                hour.groups.insert((group.dimension, group.value), cell);
            }
        }
        Ok(hours.into_values().collect())
    }
}
