//! Who has taken on which gap of a release.

use std::collections::BTreeMap;

use sea_orm::QuerySelect as _;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{AccountId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::gap_owner;
use crate::error::StoreError;
use crate::scope::Scope;

/// The owners of a release's gaps, by the gap's key.
///
/// # Errors
/// When the database fails.
pub async fn of_release(
    db: &impl Connection,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
) -> Result<BTreeMap<String, AccountId>, StoreError> {
    let rows = gap_owner::Entity::find()
        .filter(gap_owner::Column::ProjectId.eq(scope.uuid()))
        .filter(gap_owner::Column::WorkflowId.eq(workflow.uuid()))
        .filter(gap_owner::Column::ReleaseId.eq(release.uuid()))
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|row| (row.gap, AccountId::from_uuid(row.owner_id))).collect())
}

/// Gives a gap an owner, instead of the one it had.
///
/// # Errors
/// When the database fails.
pub async fn put(
    tx: &WriteTx,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
    gap: &str,
    owner: AccountId,
    (by, at): (&Actor, Timestamp),
) -> Result<(), StoreError> {
    let row = gap_owner::Model {
        project_id: scope.uuid(),
        workflow_id: workflow.uuid(),
        release_id: release.uuid(),
        gap: gap.to_owned(),
        owner_id: owner.uuid(),
        assigned_by_json: actor::write(by)?,
        assigned_at: at.micros(),
    };
    let key = [
        gap_owner::Column::ProjectId,
        gap_owner::Column::WorkflowId,
        gap_owner::Column::ReleaseId,
        gap_owner::Column::Gap,
    ];
    let new = [gap_owner::Column::OwnerId, gap_owner::Column::AssignedByJson, gap_owner::Column::AssignedAt];
    gap_owner::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::columns(key).update_columns(new).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}
