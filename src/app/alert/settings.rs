//! How a workflow is watched, and what other settings would have done.

use seatrial_domain::access::Permission;
use seatrial_domain::drift::DriftSettings;
use seatrial_domain::release::ReleaseState;
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{drift, release, workflow};

use crate::app::App;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::audit::Change;
use crate::app::drift::DriftPreview;
use crate::app::error::{AppError, FieldError};
use crate::app::precondition::IfMatch;

/// Most days that a preview looks back.
const PREVIEW_DAYS: i64 = 60;

fn check(settings: &DriftSettings) -> Result<(), AppError> {
    let problems = settings.problems();
    if problems.is_empty() {
        return Ok(());
    }
    Err(AppError::Invalid { errors: problems.into_iter().map(|(field, why)| FieldError::new(field, why)).collect() })
}

impl App {
    /// How a workflow is watched.
    ///
    /// # Errors
    /// When there is no such workflow, the caller may not, or the database fails.
    pub async fn alert_settings(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
    ) -> Result<DriftSettings, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let work = self.find_workflow(&project, workflow).await?;
        Ok(drift::settings(self.store.read(), project.scope, work.id).await?.unwrap_or_default())
    }

    /// The workflows of a project by name, each with how it is watched.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn watched_workflows(
        &self,
        caller: &Caller,
        project: &str,
    ) -> Result<Vec<(WorkflowRow, DriftSettings)>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (db, scope) = (self.store.read(), project.scope);
        let mut rows = workflow::list(db, scope).await?;
        let mut settings = drift::settings_of(db, scope, rows.iter().map(|row| row.id)).await?;
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        let with = |row: WorkflowRow| {
            let of = settings.remove(&row.id).unwrap_or_default();
            (row, of)
        };
        Ok(rows.into_iter().map(with).collect())
    }

    /// Says how a workflow is watched from now on.
    ///
    /// # Errors
    /// When a value cannot stand, there is no such workflow, the caller may not, or the database fails.
    pub async fn put_alert_settings(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        settings: DriftSettings,
        if_match: &IfMatch,
    ) -> Result<DriftSettings, AppError> {
        let project = self.enter(caller, project, Permission::EditWorkflows).await?;
        check(&settings)?;
        let work = self.find_workflow(&project, workflow).await?;
        let tx = self.store.write().await?;
        let before = drift::settings(&tx, project.scope, work.id).await?.unwrap_or_default();
        if_match.check(&before)?;
        drift::put_settings(&tx, project.scope, work.id, &settings, self.now()).await?;
        self.audit(&tx, &project, "put", "alert settings", work.id, &Change::of(before, &settings)).await?;
        tx.commit().await?;
        Ok(settings)
    }

    /// What settings would have done over the last `days` of the workflow's live release. Nothing is kept.
    ///
    /// # Errors
    /// When a value cannot stand, there is no such workflow, none of its releases is live, the caller may not, or the
    /// database fails.
    pub async fn preview_alerts(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        settings: DriftSettings,
        days: i64,
    ) -> Result<DriftPreview, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        check(&settings)?;
        if !(1..=PREVIEW_DAYS).contains(&days) {
            return Err(AppError::invalid("days", format!("look back 1 to {PREVIEW_DAYS} days")));
        }
        let work = self.find_workflow(&project, workflow).await?;
        let live = self.live_of(&project, work.id).await?;
        let Some(live) = live.into_iter().max_by_key(|row| (row.live_at, row.id)) else {
            let detail = "No release of the workflow is live, so nothing is watched; decide ship, or announce a \
                          deployment.";
            return Err(AppError::Conflict { code: "no_live_release", detail: detail.to_owned() });
        };
        let of = self.live_release(&project, live.id).await?;
        self.drift_preview(&of, settings, days).await
    }

    async fn live_of(
        &self,
        project: &ProjectAccess,
        workflow: seatrial_domain::ids::WorkflowId,
    ) -> Result<Vec<release::ReleaseRow>, AppError> {
        let rows = release::list(self.store.read(), project.scope, Some(workflow)).await?;
        Ok(rows.into_iter().filter(|row| row.state == ReleaseState::Live).collect())
    }
}
