//! Drift: watches every live release by what its cells say, hour by hour, and moves its alerts to where they stand.
//!
//! A pass takes in what is new since the last one. Hours that may still change (younger than the workflow's settle
//! window) are taken in on a copy and read anew at the next pass.

mod evidence;
mod fire;
mod history;
mod preview;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use seatrial_domain::access::Access;
use seatrial_domain::alert::{AlertKind, AlertState, next};
use seatrial_domain::drift::{DriftSettings, Named, Plan, Watch};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::time::{DAY, SECOND, Timestamp};
use seatrial_store::alert::{self, AlertRow};
use seatrial_store::drift::KeptWatch;
use seatrial_store::gate::{self, GateFilter};
use seatrial_store::release::ReleaseRow;
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{Page, Scope, drift, project, release, workflow};

use super::App;
use super::access::ProjectAccess;
use super::error::AppError;
use history::Source;

pub use preview::{DriftPreview, WouldFire};

/// Releases read at once.
const CHUNK: u64 = 200;
/// Hours that may still change are read anew at every pass; of workflows that settle later, these at least.
const SETTLE_AT_MOST: i64 = 2 * DAY;

/// A live release, with everything that its watch is called by.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub project: ProjectAccess,
    pub workflow: WorkflowRow,
    pub release: ReleaseRow,
    pub baseline: Option<ReleaseRow>,
    pub settings: DriftSettings,
    pub alerts: BTreeMap<AlertKind, AlertRow>,
}

/// What is read at once of many live releases.
#[derive(Clone, Debug)]
pub(super) struct Known {
    workflow: Option<WorkflowRow>,
    settings: DriftSettings,
    alerts: BTreeMap<AlertKind, AlertRow>,
    kept: Option<KeptWatch>,
}

impl Watched {
    pub fn named(&self) -> Named<'_> {
        Named {
            workflow: &self.workflow.name,
            release: &self.release.name,
            baseline: self.baseline.as_ref().map(|row| row.name.as_str()),
            currency: &self.project.settings.currency,
        }
    }

    pub fn scope(&self) -> Scope {
        self.project.scope
    }

    /// What is watched, as it is set now.
    pub fn plan(&self) -> Plan {
        let restarts = self.alerts.iter().filter_map(|(kind, row)| Some((*kind, row.restart?)));
        Plan {
            live_at: self.release.live_at.unwrap_or(self.release.created_at),
            settle_micros: (self.workflow.rules.settle_seconds * SECOND).min(SETTLE_AT_MOST),
            settings: DriftSettings { quiet: Vec::new(), ..self.settings.clone() },
            restarts: restarts.collect(),
        }
    }

    fn source(&self) -> Source {
        Source {
            scope: self.scope(),
            workflow: self.workflow.id,
            release: self.release.id,
            baseline: self.baseline.as_ref().map(|row| row.id),
        }
    }

    /// The alerts that stand, and since when.
    fn raised(&self) -> BTreeMap<AlertKind, Timestamp> {
        let raised = self.alerts.values().filter(|row| row.state.is_raised());
        raised.map(|row| (row.kind, row.since)).collect()
    }
}

impl App {
    /// Watches every live release, resolves the alerts of releases that are live no more, and tells people what they
    /// were not told yet. Returns how many alerts moved. One release that fails does not keep the others from being
    /// watched.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn watch_drift(&self) -> Result<usize, AppError> {
        let (mut after, mut moved, mut failure) = (None, 0, None);
        let mut projects: HashMap<Scope, ProjectAccess> = HashMap::new();
        loop {
            let rows = drift::live_releases(self.store.read(), after, CHUNK).await?;
            let Some((_, last)) = rows.last() else { break };
            after = Some(last.id);
            let mut by_project: BTreeMap<Scope, Vec<ReleaseRow>> = BTreeMap::new();
            for (scope, row) in rows {
                by_project.entry(scope).or_default().push(row);
            }
            let mut of_all = Vec::new();
            for (scope, rows) in by_project {
                let known = self.known(scope, &rows).await?;
                of_all.extend(known.into_iter().zip(rows).map(|(known, row)| (scope, row, known)));
            }
            for (scope, row, known) in of_all {
                let release = row.id;
                match self.watch_release(&mut projects, scope, (row, known)).await {
                    Ok(alerts) => moved += alerts,
                    Err(error) => {
                        tracing::warn!(%error, %release, "a release could not be watched");
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        moved += self.end_alerts().await?;
        self.tell_alerts().await?;
        failure.map_or(Ok(moved), Err)
    }

    async fn watch_release(
        &self,
        projects: &mut HashMap<Scope, ProjectAccess>,
        scope: Scope,
        (row, known): (ReleaseRow, Known),
    ) -> Result<usize, AppError> {
        let project = match projects.get(&scope) {
            Some(known) => known.clone(),
            None => {
                let found = project::by_id(self.store.read(), scope.project()).await?;
                let found = found.ok_or(AppError::NotFound { noun: "project" })?;
                let project = Self::access_to(found, Access::of_system("drift"))?;
                projects.insert(scope, project.clone());
                project
            }
        };
        let kept = known.kept.clone();
        let of = self.watched(project, row, known).await?;
        let now = self.now();
        let (watch, settled) = self.advance(&of, kept, now).await?;
        let readings = watch.read(now, &of.raised(), settled, &of.named());
        let mut moved = 0;
        for (kind, reading) in readings {
            let state = of.alerts.get(&kind).map(|row| row.state);
            if let Some(then) = next(state, &reading) {
                self.move_alert(&of, &watch, (kind, reading), then).await?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// A live release with what its watch needs to know.
    async fn watched(&self, project: ProjectAccess, row: ReleaseRow, known: Known) -> Result<Watched, AppError> {
        let workflow = known.workflow.ok_or(AppError::NotFound { noun: "workflow" })?;
        let baseline = self.baseline_before(&project, &row).await?;
        Ok(Watched { project, workflow, release: row, baseline, settings: known.settings, alerts: known.alerts })
    }

    /// What is known of releases of one project, in their order: read at once for all of them.
    async fn known(&self, scope: Scope, rows: &[ReleaseRow]) -> Result<Vec<Known>, AppError> {
        let db = self.store.read();
        let releases: Vec<ReleaseId> = rows.iter().map(|row| row.id).collect();
        let ids: BTreeSet<WorkflowId> = rows.iter().map(|row| row.workflow).collect();
        let workflows = workflow::these(db, scope, ids.iter().copied()).await?;
        let settings = drift::settings_of(db, scope, ids).await?;
        let mut alerts = alert::of_releases(db, scope, &releases).await?;
        let mut kept = drift::kept_of(db, scope, &releases).await?;
        let of = |row: &ReleaseRow| Known {
            workflow: workflows.get(&row.workflow).cloned(),
            settings: settings.get(&row.workflow).cloned().unwrap_or_default(),
            alerts: alerts.remove(&row.id).unwrap_or_default(),
            kept: kept.remove(&row.id),
        };
        Ok(rows.iter().map(of).collect())
    }

    /// What a live release is compared with: its own baseline, the one its last gate asked about, or the release that
    /// went live before it.
    async fn baseline_before(&self, project: &ProjectAccess, row: &ReleaseRow) -> Result<Option<ReleaseRow>, AppError> {
        let db = self.store.read();
        if let Some(id) = row.baseline {
            return Ok(release::by_id(db, project.scope, id).await?);
        }
        let filter = GateFilter { release: Some(row.id), ..GateFilter::default() };
        let (asked, _) = gate::list(db, project.scope, &filter, Page::new(None, Some(1))).await?;
        if let Some(id) = asked.first().and_then(|gate| gate.baseline) {
            return Ok(release::by_id(db, project.scope, id).await?);
        }
        Ok(release::live_before(db, project.scope, row).await?)
    }

    /// Takes in what is new of a release's hours; returns its watch up to now, and up to which hour it can change no
    /// more but by a correction.
    async fn advance(
        &self,
        of: &Watched,
        kept: Option<KeptWatch>,
        now: Timestamp,
    ) -> Result<(Watch, Timestamp), AppError> {
        let (scope, key) = (of.scope(), (of.workflow.id, of.release.id));
        let plan = of.plan();
        let horizon = plan.horizon(now).max(plan.begin());
        let usable = |watch: &Watch| watch.plan == plan && watch.learn_at.is_none_or(|at| at > now);
        let read = kept.as_ref().map(|kept| kept.revision);
        let mut known = kept.and_then(|kept| kept.watch).filter(usable);
        let mut revision = None;
        if known.as_ref().is_none_or(|watch| watch.through < horizon) {
            // From here on a correction of an hour that is taken in is noticed.
            let tx = self.store.write().await?;
            let claimed = drift::claim(&tx, scope, key, horizon).await?;
            tx.commit().await?;
            // A correction came since what is kept was read: it holds no more.
            known = known.filter(|_| read == Some(claimed));
            revision = Some(claimed);
        }
        let source = of.source();
        let db = self.store.read();
        let mut watch = match known {
            Some(watch) => watch,
            None => source.learn(db, plan, now).await?,
        };
        if watch.traffic_day != now.day() {
            let runs = source.traffic(db, now.day()).await?;
            watch.learn_traffic(&runs, now.day());
        }
        let hours = source.hours(db, watch.through, now).await?;
        let settled = hours.iter().take_while(|hour| hour.at < horizon).count();
        let (old, young) = hours.split_at(settled);
        old.iter().for_each(|hour| watch.step(hour));
        watch.through = watch.through.max(horizon);
        if let Some(revision) = revision {
            let tx = self.store.write().await?;
            // A correction came between: what was read is still good to look at, and is read again at the next pass.
            drift::keep(&tx, scope, key, revision, &watch).await?;
            tx.commit().await?;
        }
        let through = watch.through;
        young.iter().for_each(|hour| watch.step(hour));
        Ok((watch, through))
    }

    /// Resolves what stands of releases that are live no more.
    async fn end_alerts(&self) -> Result<usize, AppError> {
        let mut moved = 0;
        for (scope, row) in alert::of_ended_releases(self.store.read(), CHUNK).await? {
            self.end_alert(scope, row).await?;
            moved += 1;
        }
        Ok(moved)
    }

    /// A live release of the project, by its id.
    pub(super) async fn live_release(&self, project: &ProjectAccess, id: ReleaseId) -> Result<Watched, AppError> {
        let row = release::by_id(self.store.read(), project.scope, id).await?;
        let row = row.ok_or(AppError::NotFound { noun: "release" })?;
        let known = self.known(project.scope, std::slice::from_ref(&row)).await?.pop();
        let known = known.ok_or(AppError::NotFound { noun: "release" })?;
        self.watched(project.clone(), row, known).await
    }

    /// Whether an alert's state says that nothing is the matter.
    pub(super) const fn is_calm(state: AlertState) -> bool {
        matches!(state, AlertState::Learning | AlertState::Ok | AlertState::NoData)
    }
}
