//! Drift: how workflows are watched, and how far the detectors of live releases have come.
//!
//! What a detector has taken in is kept up to an hour, so that a pass reads what is new. A correction of an earlier
//! hour drops it: whoever writes cells says so in the same transaction (`corrected`), and a pass that read before the
//! correction cannot keep what it computed, because the revision has moved on.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::drift::{DriftSettings, Watch};
use seatrial_domain::ids::{ProjectId, ReleaseId, WorkflowId};
use seatrial_domain::time::Timestamp;

use crate::blob;
use crate::connection::{Connection, WriteTx};
use crate::entity::{drift_settings, drift_watch, release};
use crate::error::StoreError;
use crate::release::ReleaseRow;
use crate::scope::Scope;

/// Live releases of all projects, by id, after `after`: for the background work.
///
/// # Errors
/// When the database fails.
pub async fn live_releases(
    db: &impl Connection,
    after: Option<ReleaseId>,
    limit: u64,
) -> Result<Vec<(Scope, ReleaseRow)>, StoreError> {
    let mut query =
        release::Entity::find().filter(release::Column::State.eq("live")).filter(release::Column::LiveAt.is_not_null());
    if let Some(after) = after {
        query = query.filter(release::Column::Id.gt(after.uuid()));
    }
    let rows = query.order_by_asc(release::Column::Id).limit(limit).all(db.raw()).await?;
    let with_scope = |row: release::Model| (Scope::of(ProjectId::from_uuid(row.project_id)), row);
    Ok(rows.into_iter().map(with_scope).map(|(scope, row)| (scope, ReleaseRow::from_model(row))).collect())
}

/// How a workflow is watched, where somebody said so.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn settings(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
) -> Result<Option<DriftSettings>, StoreError> {
    Ok(settings_of(db, scope, [workflow]).await?.remove(&workflow))
}

/// How workflows are watched, where somebody said so.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn settings_of(
    db: &impl Connection,
    scope: Scope,
    workflows: impl IntoIterator<Item = WorkflowId>,
) -> Result<BTreeMap<WorkflowId, DriftSettings>, StoreError> {
    let rows = drift_settings::Entity::find()
        .filter(drift_settings::Column::ProjectId.eq(scope.uuid()))
        .filter(drift_settings::Column::WorkflowId.is_in(workflows.into_iter().map(WorkflowId::uuid)))
        .all(db.raw())
        .await?;
    let read = |json: &str| serde_json::from_str(json).map_err(|error| StoreError::corrupt("drift settings", error));
    rows.into_iter().map(|row| Ok((WorkflowId::from_uuid(row.workflow_id), read(&row.settings_json)?))).collect()
}

/// Says how a workflow is watched.
///
/// # Errors
/// When the database fails.
pub async fn put_settings(
    tx: &WriteTx,
    scope: Scope,
    workflow: WorkflowId,
    settings: &DriftSettings,
    at: Timestamp,
) -> Result<(), StoreError> {
    use drift_settings::Column as C;
    let json = serde_json::to_string(settings).map_err(|error| StoreError::corrupt("drift settings", error))?;
    let row = drift_settings::Model {
        project_id: scope.uuid(),
        workflow_id: workflow.uuid(),
        settings_json: json,
        updated_at: at.micros(),
    };
    let conflict = OnConflict::columns([C::ProjectId, C::WorkflowId]);
    drift_settings::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(conflict.clone().update_columns([C::SettingsJson, C::UpdatedAt]).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}

/// What is kept of a release's watch.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptWatch {
    /// Corrections before this hour count.
    pub through: Timestamp,
    /// Moves on with every such correction.
    pub revision: i64,
    /// How far the detectors have come; absent after a correction, and before the first pass.
    pub watch: Option<Watch>,
}

/// What is kept of the watches of some releases.
///
/// # Errors
/// When the database fails. What cannot be read back any more is computed anew.
pub async fn kept_of(
    db: &impl Connection,
    scope: Scope,
    releases: &[ReleaseId],
) -> Result<BTreeMap<ReleaseId, KeptWatch>, StoreError> {
    let rows = drift_watch::Entity::find()
        .filter(drift_watch::Column::ProjectId.eq(scope.uuid()))
        .filter(drift_watch::Column::ReleaseId.is_in(releases.iter().map(|id| id.uuid())))
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|row| (ReleaseId::from_uuid(row.release_id), KeptWatch::from_model(row))).collect())
}

impl KeptWatch {
    fn from_model(row: drift_watch::Model) -> Self {
        Self {
            through: Timestamp::from_micros(row.through),
            revision: row.revision,
            watch: row.body.and_then(|body| blob::decode_watch(&body).ok()),
        }
    }
}

/// Claims the hours before `through`: a correction of one of them from now on moves the revision, which is returned.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &WriteTx,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
    through: Timestamp,
) -> Result<i64, StoreError> {
    use drift_watch::Column as C;
    let row = drift_watch::Model {
        project_id: scope.uuid(),
        workflow_id: workflow.uuid(),
        release_id: release.uuid(),
        through: through.micros(),
        revision: 0,
        body: None,
    };
    let conflict = OnConflict::columns([C::ProjectId, C::WorkflowId, C::ReleaseId]);
    drift_watch::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(conflict.clone().update_column(C::Through).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    let key = (scope.uuid(), workflow.uuid(), release.uuid());
    let revision = drift_watch::Entity::find_by_id(key)
        .select_only()
        .column(C::Revision)
        .into_tuple::<i64>()
        .one(tx.raw())
        .await?;
    Ok(revision.unwrap_or_default())
}

/// Keeps how far the detectors have come, unless a correction came between. Returns whether it was kept.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &WriteTx,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
    revision: i64,
    watch: &Watch,
) -> Result<bool, StoreError> {
    let updated = drift_watch::Entity::update_many()
        .col_expr(drift_watch::Column::Body, Expr::value(blob::encode_watch(watch)?))
        .filter(drift_watch::Column::ProjectId.eq(scope.uuid()))
        .filter(drift_watch::Column::WorkflowId.eq(workflow.uuid()))
        .filter(drift_watch::Column::ReleaseId.eq(release.uuid()))
        .filter(drift_watch::Column::Revision.eq(revision))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Drops what was computed from hours of a workflow from `hour` on. Called by whoever changes cells.
pub(crate) async fn corrected(
    tx: &WriteTx,
    scope: Scope,
    workflow: WorkflowId,
    hour: Timestamp,
) -> Result<(), StoreError> {
    use drift_watch::Column as C;
    drift_watch::Entity::update_many()
        .col_expr(C::Revision, Expr::col(C::Revision).add(1))
        .col_expr(C::Body, Expr::value(Option::<Vec<u8>>::None))
        .filter(C::ProjectId.eq(scope.uuid()))
        .filter(C::WorkflowId.eq(workflow.uuid()))
        .filter(C::Through.gt(hour.micros()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Drops everything that was computed of a project's workflows.
pub(crate) async fn forget(tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
    drift_watch::Entity::update_many()
        .col_expr(drift_watch::Column::Revision, Expr::col(drift_watch::Column::Revision).add(1))
        .col_expr(drift_watch::Column::Body, Expr::value(Option::<Vec<u8>>::None))
        .filter(drift_watch::Column::ProjectId.eq(scope.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
