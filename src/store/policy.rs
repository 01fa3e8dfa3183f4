//! Versions of a project's gate policy. A project without any is under the built-in one.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::PolicyId;
use seatrial_domain::limits;
use seatrial_domain::policy::Policy;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::policy;
use crate::error::StoreError;
use crate::scope::Scope;

/// A version of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyRow {
    /// Its id.
    pub id: PolicyId,
    /// The rules, with their version.
    pub policy: Policy,
    /// Who wrote it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
}

impl PolicyRow {
    fn from_model(row: policy::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: PolicyId::from_uuid(row.id),
            policy: serde_json::from_str(&row.definition_json)
                .map_err(|error| StoreError::corrupt("gate policy", error))?,
            created_by: actor::read(&row.created_by_json)?,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// The latest version; `None` while the project is under the built-in policy.
///
/// # Errors
/// When the database fails.
pub async fn current(db: &impl Connection, scope: Scope) -> Result<Option<PolicyRow>, StoreError> {
    let row = policy::Entity::find()
        .filter(policy::Column::ProjectId.eq(scope.uuid()))
        .order_by_desc(policy::Column::Version)
        .one(db.raw())
        .await?;
    row.map(PolicyRow::from_model).transpose()
}

/// The versions, latest first, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn versions(db: &impl Connection, scope: Scope) -> Result<Vec<PolicyRow>, StoreError> {
    let rows = policy::Entity::find()
        .filter(policy::Column::ProjectId.eq(scope.uuid()))
        .order_by_desc(policy::Column::Version)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(PolicyRow::from_model).collect()
}

/// Appends a version.
///
/// # Errors
/// [`StoreError::Duplicate`] when the project has that version, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &PolicyRow) -> Result<(), StoreError> {
    let row = policy::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        version: i64::from(row.policy.version),
        definition_json: serde_json::to_string(&row.policy)
            .map_err(|error| StoreError::corrupt("gate policy", error))?,
        created_by_json: actor::write(&row.created_by)?,
        created_at: row.created_at.micros(),
    };
    policy::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}
