//! Gates: opened, found, listed, and moved on as evidence is frozen and decided.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::GateState;
use seatrial_domain::ids::{GateId, ProjectId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::gate;
use crate::error::StoreError;
use crate::prefix;
use crate::scope::{Cursor, Page, Scope};

/// A gate.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRow {
    /// Its id.
    pub id: GateId,
    /// Of which work.
    pub workflow: WorkflowId,
    /// May this release go on?
    pub release: ReleaseId,
    /// What it is compared with.
    pub baseline: Option<ReleaseId>,
    /// Who asked.
    pub opened_by: Actor,
    /// When.
    pub opened_at: Timestamp,
    /// How far it has come.
    pub state: GateState,
    /// Its latest frozen evidence.
    pub bundle: Option<Digest>,
    /// Baseline outcomes set against one candidate outcome of an earlier baseline; fixed at the first look.
    pub pool_ratio: Option<f64>,
}

impl GateRow {
    fn from_model(row: gate::Model) -> Result<Self, StoreError> {
        let bundle = row.bundle_digest.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: GateId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            baseline: row.baseline_id.map(ReleaseId::from_uuid),
            opened_by: actor::read(&row.opened_by_json)?,
            opened_at: Timestamp::from_micros(row.opened_at),
            state: GateState::parse(&row.state).ok_or_else(|| StoreError::corrupt("gate", "its state is unknown"))?,
            bundle: bundle.map_err(|error| StoreError::corrupt("gate", error))?,
            pool_ratio: row.pool_ratio,
        })
    }
}

/// Which gates are wanted.
#[derive(Clone, Debug, Default)]
pub struct GateFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
    /// In this state.
    pub state: Option<GateState>,
}

/// Opens a gate.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &GateRow) -> Result<(), StoreError> {
    let row = gate::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        workflow_id: row.workflow.uuid(),
        release_id: row.release.uuid(),
        baseline_id: row.baseline.map(ReleaseId::uuid),
        opened_by_json: actor::write(&row.opened_by)?,
        opened_at: row.opened_at.micros(),
        state: row.state.as_str().to_owned(),
        bundle_digest: row.bundle.map(|digest| digest.to_string()),
        pool_ratio: row.pool_ratio,
    };
    gate::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Finds a gate by its id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, id: GateId) -> Result<Option<GateRow>, StoreError> {
    let query = gate::Entity::find_by_id(id.uuid()).filter(gate::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(GateRow::from_model).transpose()
}

/// Lists gates, latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &GateFilter,
    page: Page,
) -> Result<(Vec<GateRow>, Option<Cursor>), StoreError> {
    let mut query = gate::Entity::find().filter(gate::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = filter.workflow {
        query = query.filter(gate::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(gate::Column::ReleaseId.eq(release.uuid()));
    }
    if let Some(state) = filter.state {
        query = query.filter(gate::Column::State.eq(state.as_str()));
    }
    if let Some(after) = page.after {
        let same_time = gate::Column::OpenedAt.eq(after.key).and(gate::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(gate::Column::OpenedAt.lt(after.key)).add(same_time));
    }
    let rows = query
        .order_by_desc(gate::Column::OpenedAt)
        .order_by_desc(gate::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    let rows: Vec<GateRow> = rows.into_iter().map(GateRow::from_model).collect::<Result<_, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.opened_at.micros(), id: row.id.uuid() }))
}

/// Gates of all projects that were opened after `since` and wait for a decision, the latest, at most
/// `limits::PAGE_SIZE_MAX`: for the background work.
///
/// # Errors
/// When the database fails.
pub async fn undecided(db: &impl Connection, since: Timestamp) -> Result<Vec<(Scope, GateRow)>, StoreError> {
    let rows = gate::Entity::find()
        .filter(gate::Column::State.ne(GateState::Decided.as_str()))
        .filter(gate::Column::OpenedAt.gt(since.micros()))
        .order_by_desc(gate::Column::OpenedAt)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    let rows = rows.into_iter().map(|row| {
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        GateRow::from_model(row).map(|row| (scope, row))
    });
    rows.collect()
}

/// Moves a gate to another state.
///
/// # Errors
/// When the database fails.
pub async fn set_state(tx: &WriteTx, scope: Scope, id: GateId, state: GateState) -> Result<(), StoreError> {
    gate::Entity::update_many()
        .col_expr(gate::Column::State, Expr::value(state.as_str()))
        .filter(gate::Column::ProjectId.eq(scope.uuid()))
        .filter(gate::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    // Nobody looks at the evidence of a decided gate again and again.
    if state == GateState::Decided { prefix::remove(tx, scope, id).await } else { Ok(()) }
}

/// Makes a bundle the gate's latest evidence, which then waits for a decision.
///
/// # Errors
/// When the database fails.
pub async fn set_bundle(tx: &WriteTx, scope: Scope, id: GateId, bundle: Digest) -> Result<(), StoreError> {
    gate::Entity::update_many()
        .col_expr(gate::Column::State, Expr::value(GateState::Frozen.as_str()))
        .col_expr(gate::Column::BundleDigest, Expr::value(bundle.to_string()))
        .filter(gate::Column::ProjectId.eq(scope.uuid()))
        .filter(gate::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Fixes the pool ratio, unless it is fixed already.
///
/// # Errors
/// When the database fails.
pub async fn fix_pool_ratio(tx: &WriteTx, scope: Scope, id: GateId, ratio: f64) -> Result<(), StoreError> {
    gate::Entity::update_many()
        .col_expr(gate::Column::PoolRatio, Expr::value(ratio))
        .filter(gate::Column::ProjectId.eq(scope.uuid()))
        .filter(gate::Column::Id.eq(id.uuid()))
        .filter(gate::Column::PoolRatio.is_null())
        .exec(tx.raw())
        .await?;
    Ok(())
}
