//! Drift: watches every live release by what its cells say, hour by hour, and moves its alerts to where they stand.
//!
//! A pass takes in what is new since the last one. Hours that may still change (younger than the workflow's settle
//! window) are taken in on a copy and read anew at the next pass.

mod advance;
mod evidence;
mod fire;
mod history;
mod preview;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use seatrial_domain::access::Access;
use seatrial_domain::alert::{AlertKind, AlertState, next};
use seatrial_domain::drift::{DriftSettings, Named, Plan};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::time::{DAY, SECOND, Timestamp};
use seatrial_store::alert::{self, AlertRow};
use seatrial_store::drift::KeptWatch;
use seatrial_store::release::ReleaseRow;
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{Scope, drift, project, release, workflow};

use super::App;
use super::access::ProjectAccess;
use super::error::AppError;
use history::Source;

pub use preview::{DriftPreview, WouldFire};

/// Live releases read at once: with a day or two of hours of each of their segments they are held in memory together.
const CHUNK: u64 = 50;
/// Alerts of ended releases that are resolved in one pass.
const ENDED: u64 = 200;
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
            for (scope, rows) in by_project {
                moved += self.watch_of_project(&mut projects, scope, rows, &mut failure).await;
            }
        }
        for told in [self.end_alerts(&mut moved).await, self.tell_alerts().await] {
            failure = failure.or(told.err());
        }
        failure.map_or(Ok(moved), Err)
    }

    /// Watches live releases of one project, read together; each by itself where that fails, so that what cannot be read of
    /// one keeps nothing from the others.
    async fn watch_of_project(
        &self,
        projects: &mut HashMap<Scope, ProjectAccess>,
        scope: Scope,
        rows: Vec<ReleaseRow>,
        failure: &mut Option<AppError>,
    ) -> usize {
        let together = self.watch_releases(projects, scope, rows.clone(), failure).await;
        let error = match together {
            Ok(moved) => return moved,
            Err(error) if rows.len() == 1 => {
                tracing::warn!(%error, release = %rows[0].id, "a release could not be watched");
                failure.get_or_insert(error);
                return 0;
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "releases could not be read together; each is watched by itself");
        let mut moved = 0;
        for row in rows {
            let release = row.id;
            match self.watch_releases(projects, scope, vec![row], failure).await {
                Ok(alerts) => moved += alerts,
                Err(error) => {
                    tracing::warn!(%error, %release, "a release could not be watched");
                    failure.get_or_insert(error);
                }
            }
        }
        moved
    }

    async fn watch_releases(
        &self,
        projects: &mut HashMap<Scope, ProjectAccess>,
        scope: Scope,
        rows: Vec<ReleaseRow>,
        failure: &mut Option<AppError>,
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
        let now = self.now();
        let (of, kept) = self.watched(&project, rows).await?;
        let mut moved = 0;
        for (of, (watch, settled)) in of.iter().zip(self.advance(&of, kept, now).await?) {
            let readings = watch.read(now, &of.raised(), settled, &of.named());
            for (kind, reading) in readings {
                let state = of.alerts.get(&kind).map(|row| row.state);
                let Some(then) = next(state, &reading) else { continue };
                // An alert that cannot be moved holds up no other.
                match self.move_alert(of, &watch, (kind, reading), then).await {
                    Ok(()) => moved += 1,
                    Err(error) => {
                        tracing::warn!(%error, release = %of.release.id, kind = kind.as_str(), "an alert could not be moved");
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        Ok(moved)
    }

    /// Live releases of one project, in their order, with what their watches need to know: read at once for all of them.
    async fn watched(
        &self,
        project: &ProjectAccess,
        rows: Vec<ReleaseRow>,
    ) -> Result<(Vec<Watched>, Vec<Option<KeptWatch>>), AppError> {
        let (db, scope) = (self.store.read(), project.scope);
        let releases: Vec<ReleaseId> = rows.iter().map(|row| row.id).collect();
        let ids: BTreeSet<WorkflowId> = rows.iter().map(|row| row.workflow).collect();
        let workflows = workflow::these(db, scope, ids.iter().copied()).await?;
        let settings = drift::settings_of(db, scope, ids).await?;
        let baselines = drift::baselines(db, scope, &releases).await?;
        let mut alerts = alert::of_releases(db, scope, &releases).await?;
        let mut kept = drift::kept_of(db, scope, &releases).await?;
        let of = |release: ReleaseRow| {
            let workflow = workflows.get(&release.workflow).cloned().ok_or(AppError::NotFound { noun: "workflow" })?;
            Ok(Watched {
                project: project.clone(),
                settings: settings.get(&workflow.id).cloned().unwrap_or_default(),
                baseline: baselines.get(&release.id).cloned(),
                alerts: alerts.remove(&release.id).unwrap_or_default(),
                workflow,
                release,
            })
        };
        let kept = releases.iter().map(|id| kept.remove(id)).collect();
        Ok((rows.into_iter().map(of).collect::<Result<_, AppError>>()?, kept))
    }

    /// Resolves what stands of releases that are live no more. One that cannot be holds up no other.
    async fn end_alerts(&self, moved: &mut usize) -> Result<(), AppError> {
        let mut failure = None;
        for (scope, row) in alert::of_ended_releases(self.store.read(), ENDED).await? {
            let id = row.id;
            match self.end_alert(scope, row).await {
                Ok(()) => *moved += 1,
                Err(error) => {
                    tracing::warn!(%error, alert = %id, "an alert could not be ended");
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// A live release of the project, by its id.
    pub(super) async fn live_release(&self, project: &ProjectAccess, id: ReleaseId) -> Result<Watched, AppError> {
        let row = release::by_id(self.store.read(), project.scope, id).await?;
        let row = row.ok_or(AppError::NotFound { noun: "release" })?;
        self.watched(project, vec![row]).await?.0.pop().ok_or(AppError::NotFound { noun: "release" })
    }

    /// Whether an alert's state says that nothing is the matter.
    pub(super) const fn is_calm(state: AlertState) -> bool {
        matches!(state, AlertState::Learning | AlertState::Ok | AlertState::NoData)
    }
}
