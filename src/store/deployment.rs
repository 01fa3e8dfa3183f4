//! Deployment events: appended, listed, read by time.

use sea_orm::sea_query::{Condition, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{DeploymentId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::release::DeploymentKind;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::deployment;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// A deployment event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRow {
    /// Its id.
    pub id: DeploymentId,
    /// Of which work.
    pub workflow: WorkflowId,
    /// Of which release.
    pub release: ReleaseId,
    /// Where.
    pub environment: String,
    /// What happened.
    pub kind: DeploymentKind,
    /// When it happened.
    pub at: Timestamp,
    /// Where more is told, such as the pipeline's page.
    pub url: Option<String>,
    /// In words; may be empty.
    pub note: String,
    /// The sender's key: the same again is the same event.
    pub idempotency_key: String,
    /// Who told.
    pub recorded_by: Actor,
    /// When it was told.
    pub recorded_at: Timestamp,
}

impl DeploymentRow {
    fn from_model(row: deployment::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeploymentId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            environment: row.environment,
            kind: DeploymentKind::parse(&row.kind)
                .ok_or_else(|| StoreError::corrupt("deployment", "its kind is unknown"))?,
            at: Timestamp::from_micros(row.at),
            url: row.url,
            note: row.note,
            idempotency_key: row.idempotency_key,
            recorded_by: actor::read(&row.recorded_by_json)?,
            recorded_at: Timestamp::from_micros(row.recorded_at),
        })
    }
}

/// Appends an event.
///
/// # Errors
/// [`StoreError::Duplicate`] when the key is there, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &DeploymentRow) -> Result<(), StoreError> {
    let row = deployment::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        workflow_id: row.workflow.uuid(),
        release_id: row.release.uuid(),
        environment: row.environment.clone(),
        kind: row.kind.as_str().to_owned(),
        at: row.at.micros(),
        url: row.url.clone(),
        note: row.note.clone(),
        idempotency_key: row.idempotency_key.clone(),
        recorded_by_json: actor::write(&row.recorded_by)?,
        recorded_at: row.recorded_at.micros(),
    };
    deployment::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Finds an event by the sender's key.
///
/// # Errors
/// When the database fails.
pub async fn by_key(db: &impl Connection, scope: Scope, key: &str) -> Result<Option<DeploymentRow>, StoreError> {
    let row = deployment::Entity::find()
        .filter(deployment::Column::ProjectId.eq(scope.uuid()))
        .filter(deployment::Column::IdempotencyKey.eq(key))
        .one(db.raw())
        .await?;
    row.map(DeploymentRow::from_model).transpose()
}

/// Lists events, latest first; of every workflow or of one.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    workflow: Option<WorkflowId>,
    page: Page,
) -> Result<(Vec<DeploymentRow>, Option<Cursor>), StoreError> {
    let mut query = deployment::Entity::find().filter(deployment::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = workflow {
        query = query.filter(deployment::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(after) = page.after {
        let same_time = deployment::Column::At.eq(after.key).and(deployment::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(deployment::Column::At.lt(after.key)).add(same_time));
    }
    let rows = query
        .order_by_desc(deployment::Column::At)
        .order_by_desc(deployment::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    let rows: Vec<DeploymentRow> = rows.into_iter().map(DeploymentRow::from_model).collect::<Result<_, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.at.micros(), id: row.id.uuid() }))
}

/// The events of a workflow from a time on and before another, earliest first, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn between(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<DeploymentRow>, StoreError> {
    let rows = deployment::Entity::find()
        .filter(deployment::Column::ProjectId.eq(scope.uuid()))
        .filter(deployment::Column::WorkflowId.eq(workflow.uuid()))
        .filter(deployment::Column::At.gte(from.micros()))
        .filter(deployment::Column::At.lt(to.micros()))
        .order_by_asc(deployment::Column::At)
        .order_by_asc(deployment::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(DeploymentRow::from_model).collect()
}
