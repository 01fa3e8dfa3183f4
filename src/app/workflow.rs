//! Workflows and releases: made known, given rules, an owner, a baseline, and moved from state to state.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::release::ReleaseState;
use seatrial_domain::workflow::{RiskClass, WorkflowRules};
use seatrial_store::release::{ReleaseEvent, ReleaseRow};
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{WriteTx, release, workflow};
use serde::Serialize;
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::precondition::IfMatch;

/// What people say about a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorkflowSettings {
    /// How much harm it can do.
    pub risk_class: RiskClass,
    /// Who owns it; a member of the project or a team.
    pub owner: Option<OwnerId>,
    /// What it requires and observes.
    pub rules: WorkflowRules,
}

impl WorkflowSettings {
    /// What is said about a workflow that is known.
    #[must_use]
    pub fn of(row: &WorkflowRow) -> Self {
        Self { risk_class: row.risk_class, owner: row.owner, rules: row.rules.clone() }
    }
}

/// Where a release is to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseMove {
    /// The new state.
    pub state: ReleaseState,
    /// Why.
    pub reason: String,
}

fn check_name(field: &str, name: &str) -> Result<(), AppError> {
    match limits::label(name) {
        Some(clean) if clean == name => Ok(()),
        _ => Err(AppError::invalid(
            field,
            format!("use 1 to {} bytes without control characters or spaces at the ends", limits::LABEL_BYTES),
        )),
    }
}

fn check_rules(rules: &WorkflowRules) -> Result<(), AppError> {
    let bounds = |field: &str, seconds: i64, least: i64| {
        let most = 90 * 86_400;
        if (least..=most).contains(&seconds) {
            return Ok(());
        }
        Err(AppError::invalid(format!("rules.{field}"), format!("use {least} to {most} seconds")))
    };
    bounds("settle_seconds", rules.settle_seconds, 0)?;
    bounds("idle_close_seconds", rules.idle_close_seconds, 1)?;
    if !(0.0..=1.0).contains(&rules.sample_share) {
        return Err(AppError::invalid(
            "rules.sample_share",
            "use a share from 0 (no successful run) to 1 (all of them)",
        ));
    }
    if rules.excluded_environments.len() > 32 {
        return Err(AppError::invalid("rules.excluded_environments", "at most 32 environments can be excluded"));
    }
    Ok(())
}

impl App {
    /// Makes a workflow known, or replaces what is said about it. Rules hold for runs written from then on.
    ///
    /// # Errors
    /// When a value is out of bounds, the owner is no member, the caller may not, or the database fails.
    pub async fn put_workflow(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        settings: WorkflowSettings,
        if_match: &IfMatch,
    ) -> Result<WorkflowRow, AppError> {
        let project = self.enter(caller, project, Permission::EditWorkflows).await?;
        check_name("workflow", name)?;
        check_rules(&settings.rules)?;
        if let Some(owner) = settings.owner {
            self.able(project.scope, "owner", owner).await?;
        }
        let tx = self.store.write().await?;
        seatrial_store::project::hold(&tx, project.scope.project()).await?;
        let known = workflow::find(&tx, project.scope, name).await?;
        let before = known.as_ref().map(WorkflowSettings::of);
        if_match.check(&before)?;
        let row = WorkflowRow {
            id: known.as_ref().map_or_else(|| WorkflowId::from_uuid(self.ids.uuid_v7()), |row| row.id),
            name: known.as_ref().map_or_else(|| name.to_owned(), |row| row.name.clone()),
            risk_class: settings.risk_class,
            owner: settings.owner,
            rules: settings.rules.clone(),
            created_at: known.as_ref().map_or_else(|| self.now(), |row| row.created_at),
        };
        if known.is_some() {
            workflow::update(&tx, project.scope, row.clone()).await?;
        } else {
            workflow::insert(&tx, project.scope, row.clone()).await?;
        }
        let detail = Change::of(before, &settings);
        self.audit(&tx, &project, "put", "workflow", row.id, &detail).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Makes a release known, or sets its baseline.
    ///
    /// # Errors
    /// When the name is out of bounds, the baseline is of another workflow, the caller may not, or the database fails.
    pub async fn put_release(
        &self,
        caller: &Caller,
        project: &str,
        workflow: WorkflowId,
        name: &str,
        baseline: Option<ReleaseId>,
    ) -> Result<ReleaseRow, AppError> {
        let project = self.enter(caller, project, Permission::EditWorkflows).await?;
        check_name("release", name)?;
        let tx = self.store.write().await?;
        let known = release::find(&tx, project.scope, workflow, name).await?;
        if let Some(baseline) = baseline {
            let row = release::by_id(&tx, project.scope, baseline).await?;
            if row.is_none_or(|row| row.workflow != workflow || Some(row.id) == known.as_ref().map(|known| known.id)) {
                return Err(AppError::invalid("baseline", "the baseline must be another release of the same workflow"));
            }
        }
        let before = known.as_ref().map(|row| row.baseline);
        let row = match known {
            Some(row) => {
                release::set_baseline(&tx, project.scope, row.id, baseline).await?;
                ReleaseRow { baseline, ..row }
            }
            None => {
                let row = ReleaseRow {
                    id: ReleaseId::from_uuid(self.ids.uuid_v7()),
                    workflow,
                    name: name.to_owned(),
                    state: ReleaseState::Candidate,
                    baseline,
                    created_at: self.now(),
                    live_at: None,
                };
                release::insert(&tx, project.scope, &row).await?;
                row
            }
        };
        self.audit(
            &tx,
            &project,
            "put",
            "release",
            row.id,
            &Change::of(before.map(|baseline| json!({"baseline": baseline})), json!({"baseline": baseline})),
        )
        .await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Moves a release by hand. A decision moves it through [`Self::move_release_in`].
    ///
    /// # Errors
    /// When there is no such release, no reason, the caller may not, or the database fails.
    pub async fn move_release(
        &self,
        caller: &Caller,
        project: &str,
        id: ReleaseId,
        to: ReleaseMove,
    ) -> Result<ReleaseRow, AppError> {
        let project = self.enter(caller, project, Permission::OpenGates).await?;
        if to.reason.trim().is_empty() || to.reason.len() > limits::NOTE_BYTES {
            return Err(AppError::invalid("reason", format!("say why, in 1 to {} bytes", limits::NOTE_BYTES)));
        }
        let tx = self.store.write().await?;
        let row = release::by_id(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "release" })?;
        let row = self.move_release_in(&tx, &project, row, to).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Moves a release inside a transaction, with its event and audit entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_release_in(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: ReleaseRow,
        to: ReleaseMove,
    ) -> Result<ReleaseRow, AppError> {
        let event = ReleaseEvent {
            release: row.id,
            before: row.state,
            after: to.state,
            actor: project.actor().display_name.clone(),
            reason: to.reason,
            at: self.now(),
        };
        release::set_state(tx, project.scope, self.ids.uuid_v7(), &event).await?;
        let detail = Change::of(json!({"state": event.before}), json!({"state": event.after}))
            .with("reason", json!(event.reason));
        self.audit(tx, project, "move", "release", row.id, &detail).await?;
        let live_at = if event.after == ReleaseState::Live { Some(event.at) } else { row.live_at };
        Ok(ReleaseRow { state: event.after, live_at, ..row })
    }

    /// The changes of a release's state, earliest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn release_events(
        &self,
        caller: &Caller,
        project: &str,
        id: ReleaseId,
    ) -> Result<Vec<ReleaseEvent>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(release::events(self.store.read(), project.scope, id).await?)
    }
}
