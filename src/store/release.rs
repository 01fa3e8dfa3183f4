//! Releases: found by name or id, their state and baseline, and every change of state.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::pattern::ReleasePlace;
use seatrial_domain::release::ReleaseState;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::{release, release_event};
use crate::error::StoreError;
use crate::scope::Scope;

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Its id.
    pub id: ReleaseId,
    /// The workflow it is a version of.
    pub workflow: WorkflowId,
    /// Its name: the string that traces carry.
    pub name: String,
    /// Where it stands.
    pub state: ReleaseState,
    /// What it is compared with.
    pub baseline: Option<ReleaseId>,
    /// When it was first seen or made.
    pub created_at: Timestamp,
    /// When it last went live.
    pub live_at: Option<Timestamp>,
}

impl ReleaseRow {
    /// Its place among the releases of its workflow.
    #[must_use]
    pub const fn place(&self) -> ReleasePlace {
        ReleasePlace { first_seen_at: self.created_at, release: self.id }
    }

    pub(crate) fn from_model(row: release::Model) -> Self {
        Self {
            id: ReleaseId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            state: ReleaseState::parse(&row.state).unwrap_or(ReleaseState::Candidate),
            name: row.name,
            baseline: row.baseline_id.map(ReleaseId::from_uuid),
            created_at: Timestamp::from_micros(row.created_at),
            live_at: row.live_at.map(Timestamp::from_micros),
        }
    }
}

/// A change of a release's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseEvent {
    /// The release.
    pub release: ReleaseId,
    /// Where it stood.
    pub before: ReleaseState,
    /// Where it stands.
    pub after: ReleaseState,
    /// Who moved it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The releases of a workflow, or of all, latest first, at most `limits::NAMES_KNOWN`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    workflow: Option<WorkflowId>,
) -> Result<Vec<ReleaseRow>, StoreError> {
    let mut query = release::Entity::find().filter(release::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = workflow {
        query = query.filter(release::Column::WorkflowId.eq(workflow.uuid()));
    }
    let rows = query
        .order_by_desc(release::Column::CreatedAt)
        .order_by_desc(release::Column::Id)
        .limit(limits::NAMES_KNOWN)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(ReleaseRow::from_model).collect())
}

/// Finds a release of a workflow by its id (`rel_…`) or its name.
///
/// # Errors
/// When the database fails.
pub async fn find(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    name_or_id: &str,
) -> Result<Option<ReleaseRow>, StoreError> {
    // PostgreSQL refuses a NUL in a text; nothing is called so.
    if name_or_id.contains('\0') {
        return Ok(None);
    }
    let query = release::Entity::find()
        .filter(release::Column::ProjectId.eq(scope.uuid()))
        .filter(release::Column::WorkflowId.eq(workflow.uuid()));
    let query = match name_or_id.parse::<ReleaseId>() {
        Ok(id) => query.filter(release::Column::Id.eq(id.uuid())),
        Err(_) => query.filter(release::Column::Name.eq(name_or_id)),
    };
    Ok(query.one(db.raw()).await?.map(ReleaseRow::from_model))
}

/// These releases by id; those of no release of the project are missing.
///
/// # Errors
/// When the database fails.
pub async fn these(
    db: &impl Connection,
    scope: Scope,
    ids: &BTreeSet<ReleaseId>,
) -> Result<BTreeMap<ReleaseId, ReleaseRow>, StoreError> {
    let rows = release::Entity::find()
        .filter(scope.owns(release::Column::ProjectId))
        .filter(release::Column::Id.is_in(ids.iter().map(|id| id.uuid())));
    let rows = rows.all(db.raw()).await?.into_iter().map(ReleaseRow::from_model);
    Ok(rows.map(|row| (row.id, row)).collect())
}

/// Finds a release of the project by its id.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &impl Connection, scope: Scope, id: ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
    let query = release::Entity::find_by_id(id.uuid()).filter(release::Column::ProjectId.eq(scope.uuid()));
    Ok(query.one(db.raw()).await?.map(ReleaseRow::from_model))
}

/// Makes a release known before its first run.
///
/// # Errors
/// [`StoreError::Duplicate`] when the workflow has one of this name, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &ReleaseRow) -> Result<(), StoreError> {
    let row = release::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        workflow_id: row.workflow.uuid(),
        name: row.name.clone(),
        state: row.state.as_str().to_owned(),
        baseline_id: row.baseline.map(ReleaseId::uuid),
        created_at: row.created_at.micros(),
        live_at: row.live_at.map(Timestamp::micros),
    };
    release::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Sets what a release is compared with.
///
/// # Errors
/// When the database fails.
pub async fn set_baseline(
    tx: &WriteTx,
    scope: Scope,
    id: ReleaseId,
    baseline: Option<ReleaseId>,
) -> Result<(), StoreError> {
    release::Entity::update_many()
        .col_expr(release::Column::BaselineId, Expr::value(baseline.map(ReleaseId::uuid)))
        .filter(release::Column::ProjectId.eq(scope.uuid()))
        .filter(release::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Moves a release to another state and records who did it.
///
/// # Errors
/// When the database fails.
pub async fn set_state(tx: &WriteTx, scope: Scope, event_id: Uuid, event: &ReleaseEvent) -> Result<(), StoreError> {
    let mut update = release::Entity::update_many()
        .col_expr(release::Column::State, Expr::value(event.after.as_str()))
        .filter(release::Column::ProjectId.eq(scope.uuid()))
        .filter(release::Column::Id.eq(event.release.uuid()));
    if event.after == ReleaseState::Live {
        update = update.col_expr(release::Column::LiveAt, Expr::value(event.at.micros()));
    }
    update.exec(tx.raw()).await?;
    let row = release_event::Model {
        id: event_id,
        project_id: scope.uuid(),
        release_id: event.release.uuid(),
        state_before: event.before.as_str().to_owned(),
        state_after: event.after.as_str().to_owned(),
        actor: event.actor.clone(),
        reason: event.reason.clone(),
        at: event.at.micros(),
    };
    release_event::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

impl ReleaseEvent {
    fn from_model(row: release_event::Model) -> Self {
        let state = |text: &str| ReleaseState::parse(text).unwrap_or(ReleaseState::Candidate);
        Self {
            release: ReleaseId::from_uuid(row.release_id),
            before: state(&row.state_before),
            after: state(&row.state_after),
            actor: row.actor,
            reason: row.reason,
            at: Timestamp::from_micros(row.at),
        }
    }
}

/// The changes of these releases' states from a time on and before another, earliest first, at most
/// `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn events_between(
    db: &impl Connection,
    scope: Scope,
    releases: &[ReleaseId],
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<ReleaseEvent>, StoreError> {
    let rows = release_event::Entity::find()
        .filter(release_event::Column::ProjectId.eq(scope.uuid()))
        .filter(release_event::Column::ReleaseId.is_in(releases.iter().map(|id| id.uuid())))
        .filter(release_event::Column::At.gte(from.micros()))
        .filter(release_event::Column::At.lt(to.micros()))
        .order_by_asc(release_event::Column::At)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(ReleaseEvent::from_model).collect())
}

/// The changes of a release's state, earliest first.
///
/// # Errors
/// When the database fails.
pub async fn events(db: &impl Connection, scope: Scope, id: ReleaseId) -> Result<Vec<ReleaseEvent>, StoreError> {
    let rows = release_event::Entity::find()
        .filter(release_event::Column::ProjectId.eq(scope.uuid()))
        .filter(release_event::Column::ReleaseId.eq(id.uuid()))
        .order_by_asc(release_event::Column::At)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(ReleaseEvent::from_model).collect())
}
