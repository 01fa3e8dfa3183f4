//! Drift: how workflows are watched, and how far the detectors of live releases have come.
//!
//! What a detector has taken in is kept up to an hour, so that a pass reads what is new. A correction of an earlier
//! hour drops it: whoever writes cells says so in the same transaction (`corrected`), and a pass that read before the
//! correction cannot keep what it computed, because the revision has moved on.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, OnConflict, Value};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{ConnectionTrait as _, FromQueryResult, QueryOrder as _, QuerySelect as _, Statement};
use seatrial_domain::drift::{DriftSettings, Watch};
use seatrial_domain::ids::{ProjectId, ReleaseId, WorkflowId};
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::accumulate::placeholder_counter;
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

/// A release under watch: what its row is found by.
pub type WatchKey = (WorkflowId, ReleaseId);

fn row_of(scope: Scope, (workflow, release): WatchKey, through: Timestamp) -> drift_watch::Model {
    drift_watch::Model {
        project_id: scope.uuid(),
        workflow_id: workflow.uuid(),
        release_id: release.uuid(),
        through: through.micros(),
        revision: 0,
        body: None,
    }
}

/// Claims the hours of some releases, each before a time: a correction of one of them from now on moves the revision, which
/// is returned.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &WriteTx,
    scope: Scope,
    claims: &[(WatchKey, Timestamp)],
) -> Result<BTreeMap<ReleaseId, i64>, StoreError> {
    use drift_watch::Column as C;
    if claims.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = claims.iter().map(|(key, through)| row_of(scope, *key, *through).into_active_model().reset_all());
    let conflict = OnConflict::columns([C::ProjectId, C::WorkflowId, C::ReleaseId]);
    drift_watch::Entity::insert_many(rows)
        .on_conflict(conflict.clone().update_column(C::Through).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    let revisions: Vec<(Uuid, i64)> = drift_watch::Entity::find()
        .select_only()
        .columns([C::ReleaseId, C::Revision])
        .filter(C::ProjectId.eq(scope.uuid()))
        .filter(C::ReleaseId.is_in(claims.iter().map(|((_, release), _)| release.uuid())))
        .into_tuple()
        .all(tx.raw())
        .await?;
    Ok(revisions.into_iter().map(|(release, revision)| (ReleaseId::from_uuid(release), revision)).collect())
}

/// Keeps how far the detectors of some releases have come, but of those of which an hour was corrected since their revision
/// was claimed.
///
/// # Errors
/// When the database fails.
pub async fn keep(tx: &WriteTx, scope: Scope, watches: &[(WatchKey, i64, &Watch)]) -> Result<(), StoreError> {
    use drift_watch::Column as C;
    let mut rows = Vec::with_capacity(watches.len());
    for (key, revision, watch) in watches {
        let body = Some(blob::encode_watch(watch)?);
        let row = drift_watch::Model { revision: *revision, body, ..row_of(scope, *key, watch.through) };
        rows.push(row.into_active_model().reset_all());
    }
    if rows.is_empty() {
        return Ok(());
    }
    // Every row is there since it was claimed.
    let claimed = Expr::col((Alias::new("excluded"), C::Revision));
    let conflict = OnConflict::columns([C::ProjectId, C::WorkflowId, C::ReleaseId])
        .update_column(C::Body)
        .action_and_where(Expr::col((drift_watch::Entity, C::Revision)).eq(claimed))
        .to_owned();
    drift_watch::Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// What live releases are compared with: each with its own baseline, the one that its last gate asked about, or the release
/// of its workflow that went live before it.
///
/// # Errors
/// When the database fails.
pub async fn baselines(
    db: &impl Connection,
    scope: Scope,
    releases: &[ReleaseId],
) -> Result<BTreeMap<ReleaseId, ReleaseRow>, StoreError> {
    if releases.is_empty() {
        return Ok(BTreeMap::new());
    }
    let raw = db.raw();
    let backend = raw.get_database_backend();
    let mut mark = placeholder_counter(backend);
    let mut values: Vec<Value> = vec![scope.uuid().into()];
    let project = mark();
    let marks: Vec<String> = releases.iter().map(|_| mark()).collect();
    values.extend(releases.iter().map(|release| Value::from(release.uuid())));
    let sql = format!(
        "SELECT o.id AS of_id, COALESCE(o.baseline_id, \
         (SELECT g.baseline_id FROM gates g WHERE g.project_id = o.project_id AND g.release_id = o.id \
         ORDER BY g.opened_at DESC, g.id DESC LIMIT 1), \
         (SELECT b.id FROM releases b WHERE b.project_id = o.project_id AND b.workflow_id = o.workflow_id \
         AND b.id <> o.id AND b.state <> 'candidate' AND o.live_at IS NOT NULL \
         AND (b.live_at IS NULL OR b.live_at < o.live_at) \
         ORDER BY CASE WHEN b.live_at IS NULL THEN 1 ELSE 0 END, b.live_at DESC, b.id DESC LIMIT 1)) AS baseline_id \
         FROM releases o WHERE o.project_id = {project} AND o.id IN ({})",
        marks.join(", ")
    );
    let rows = Compared::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(raw).await?;
    let pairs: Vec<(ReleaseId, ReleaseId)> = rows
        .into_iter()
        .filter_map(|row| Some((ReleaseId::from_uuid(row.of_id), ReleaseId::from_uuid(row.baseline_id?))))
        .collect();
    let known = crate::release::these(db, scope, &pairs.iter().map(|(_, baseline)| *baseline).collect()).await?;
    Ok(pairs.into_iter().filter_map(|(of, baseline)| Some((of, known.get(&baseline)?.clone()))).collect())
}

#[derive(Debug, FromQueryResult)]
struct Compared {
    of_id: Uuid,
    baseline_id: Option<Uuid>,
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
