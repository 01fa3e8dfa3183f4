//! Deployment events: releases announced by pipelines, and the marks they leave on every time series.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{DeploymentId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::release::{DeploymentKind, ReleaseState};
use seatrial_domain::time::Timestamp;
use seatrial_store::deployment::{self, DeploymentRow};
use seatrial_store::release::{self, ReleaseRow};
use seatrial_store::{Connection, Cursor, Page, WriteTx, workflow};
use serde::Serialize;
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::{AppError, FieldError};
use super::workflow::ReleaseMove;

/// An event that a pipeline tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeployment {
    /// The workflow, by name or id.
    pub workflow: String,
    /// The release, by name or id; made known when nobody has heard of it.
    pub release: String,
    /// Where.
    pub environment: String,
    /// What happened.
    pub kind: DeploymentKind,
    /// When; now when absent.
    pub at: Option<Timestamp>,
    /// Where more is told.
    pub url: Option<String>,
    /// In words.
    pub note: String,
    /// The sender's key; the same again changes nothing.
    pub idempotency_key: Option<String>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The event.
    pub deployment: DeploymentRow,
    /// The release, as it stands now.
    pub release: ReleaseRow,
    /// Whether it was told before.
    pub repeated: bool,
}

/// Something that happened to a release, for a time series to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Marker {
    /// When.
    pub at: Timestamp,
    /// The release.
    pub release: ReleaseId,
    /// Where it stands from then on; absent when it did not move.
    pub state: Option<ReleaseState>,
    /// The environment of a deployment.
    pub environment: Option<String>,
    /// Who.
    pub actor: String,
    /// In words.
    pub text: String,
}

impl NewDeployment {
    fn check(&self, now: Timestamp) -> Result<(), AppError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| errors.push(FieldError::new(field, message));
        let label = |text: &str| limits::label(text).as_deref() == Some(text);
        let names = [
            ("release", Some(&self.release)),
            ("environment", Some(&self.environment)),
            ("idempotency_key", self.idempotency_key.as_ref()),
        ];
        for (field, text) in names {
            if text.is_some_and(|text| !label(text)) {
                wrong(field, format!("use 1 to {} bytes without control characters", limits::LABEL_BYTES));
            }
        }
        if self.note.len() > limits::NOTE_BYTES {
            wrong("note", format!("at most {} bytes are kept", limits::NOTE_BYTES));
        }
        if self.url.as_ref().is_some_and(|url| !link(url)) {
            wrong("url", "use an address that begins with https:// or http://, of at most 2000 bytes".to_owned());
        }
        if self.at.is_some_and(|at| at > now.plus_micros(limits::CLOCK_SKEW_MICROS)) {
            wrong("at", "is in the future; tell it when it has happened".to_owned());
        }
        if errors.is_empty() { Ok(()) } else { Err(AppError::Invalid { errors }) }
    }
}

fn link(url: &str) -> bool {
    url.len() <= 2_000 && url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

impl App {
    /// Records a deployment event. In production it moves the release; elsewhere it is told and marked. A release that
    /// nobody has heard of is made known by it.
    ///
    /// # Errors
    /// When there is no such workflow, a field breaks a rule, the key was used for another event, the caller may not, or
    /// the database fails.
    pub async fn announce_deployment(
        &self,
        caller: &Caller,
        project: &str,
        new: NewDeployment,
    ) -> Result<Announced, AppError> {
        let project = self.enter(caller, project, Permission::OpenGates).await?;
        new.check(self.now())?;
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, project.scope).await?;
        let work = workflow::find(&tx, project.scope, &new.workflow).await?;
        let work = work.ok_or(AppError::NotFound { noun: "workflow" })?.id;
        if let Some(key) = &new.idempotency_key
            && let Some(before) = deployment::by_key(&tx, project.scope, key).await?
        {
            return repeated(&tx, &project, before, &new, work).await;
        }
        let release = self.announced_release(&tx, &project, work, &new.release).await?;
        let id = DeploymentId::from_uuid(self.ids.uuid_v7());
        let row = DeploymentRow {
            id,
            workflow: work,
            release: release.id,
            at: new.at.unwrap_or_else(|| self.now()),
            idempotency_key: new.idempotency_key.unwrap_or_else(|| id.to_string()),
            environment: new.environment,
            kind: new.kind,
            url: new.url,
            note: new.note,
            recorded_by: project.actor().clone(),
            recorded_at: self.now(),
        };
        deployment::insert(&tx, project.scope, &row).await?;
        let detail = Change::made(json!({
            "release": row.release, "kind": row.kind, "environment": row.environment, "at": row.at, "note": row.note,
        }));
        self.audit(&tx, &project, "announce", "deployment", id, &detail).await?;
        let release = match row.kind.moves_to(&row.environment) {
            Some(state) if state != release.state => {
                let reason = format!("deployment {id}: {} in {}", words(row.kind), row.environment);
                self.move_release_in(&tx, &project, release, ReleaseMove { state, reason }).await?
            }
            _ => release,
        };
        tx.commit().await?;
        Ok(Announced { deployment: row, release, repeated: false })
    }

    /// The release of that name, made known when nobody has heard of it.
    async fn announced_release(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        work: WorkflowId,
        name: &str,
    ) -> Result<ReleaseRow, AppError> {
        if let Some(row) = release::find(tx, project.scope, work, name).await? {
            return Ok(row);
        }
        if name.parse::<ReleaseId>().is_ok() {
            return Err(AppError::NotFound { noun: "release" });
        }
        let row = ReleaseRow {
            id: ReleaseId::from_uuid(self.ids.uuid_v7()),
            workflow: work,
            name: name.to_owned(),
            state: ReleaseState::Candidate,
            baseline: None,
            created_at: self.now(),
            live_at: None,
        };
        release::insert(tx, project.scope, &row).await?;
        self.audit(
            tx,
            project,
            "put",
            "release",
            row.id,
            &Change::made(json!({"name": row.name, "state": row.state, "baseline": null})),
        )
        .await?;
        Ok(row)
    }

    /// Lists deployment events, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn deployments(
        &self,
        caller: &Caller,
        project: &str,
        workflow: Option<WorkflowId>,
        page: Page,
    ) -> Result<(Vec<DeploymentRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(deployment::list(self.store.read(), project.scope, workflow, page).await?)
    }

    /// What happened to the releases of a workflow from a time on and before another, earliest first: every move and
    /// every deployment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn markers(
        &self,
        project: &ProjectAccess,
        workflow: WorkflowId,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Marker>, AppError> {
        let (db, scope) = (self.store.read(), project.scope);
        let releases: Vec<ReleaseId> =
            release::list(db, scope, Some(workflow)).await?.into_iter().map(|row| row.id).collect();
        let moves = release::events_between(db, scope, &releases, range).await?;
        let deployments = deployment::between(db, scope, workflow, range).await?;
        // A deployment that moved its release is one mark, not two.
        let moved_by = |row: &DeploymentRow| {
            let begins = format!("deployment {}:", row.id);
            moves.iter().position(|event| event.release == row.release && event.reason.starts_with(&begins))
        };
        let mut told: Vec<usize> = Vec::new();
        let mut markers: Vec<Marker> = Vec::new();
        for row in deployments {
            let moved = moved_by(&row);
            told.extend(moved);
            let said = if row.note.is_empty() { String::new() } else { format!(": {}", row.note) };
            markers.push(Marker {
                at: row.at,
                release: row.release,
                state: moved.map(|index| moves[index].after),
                text: format!("{} in {}{said}", words(row.kind), row.environment),
                environment: Some(row.environment),
                actor: row.recorded_by.display_name,
            });
        }
        let others = moves.iter().enumerate().filter(|(index, _)| !told.contains(index));
        markers.extend(others.map(|(_, event)| Marker {
            at: event.at,
            release: event.release,
            state: Some(event.after),
            environment: None,
            actor: event.actor.clone(),
            text: event.reason.clone(),
        }));
        markers.sort_by_key(|marker| (marker.at, marker.release));
        Ok(markers)
    }
}

const fn words(kind: DeploymentKind) -> &'static str {
    match kind {
        DeploymentKind::Deployed => "deployed",
        DeploymentKind::RolledBack => "rolled back",
        DeploymentKind::Retired => "retired",
    }
}

/// An event that was told before: the same again changes nothing, another one under its key is refused.
async fn repeated(
    db: &impl Connection,
    project: &ProjectAccess,
    before: DeploymentRow,
    new: &NewDeployment,
    work: WorkflowId,
) -> Result<Announced, AppError> {
    let release = release::by_id(db, project.scope, before.release).await?;
    let release = release.ok_or(AppError::NotFound { noun: "release" })?;
    let named = new.release == release.name || new.release == release.id.to_string();
    let same = before.workflow == work && named && before.kind == new.kind && before.environment == new.environment;
    if same {
        return Ok(Announced { deployment: before, release, repeated: true });
    }
    let detail = "The key was used for another deployment before; give each its own.".to_owned();
    Err(AppError::Conflict { code: "idempotency_key_reused", detail })
}
