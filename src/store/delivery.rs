//! The delivery log: what became of each attempt at a message.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::MessageId;
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::delivery;
use crate::error::StoreError;
use crate::scope::Scope;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: Uuid,
    /// The message.
    pub message: MessageId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// `delivered`, `retry` or `failed`.
    pub outcome: String,
    /// What the other side said, or what went wrong.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Records an attempt.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &Delivery) -> Result<(), StoreError> {
    let model = delivery::Model {
        id: row.id,
        project_id: scope.uuid(),
        message_id: row.message.uuid(),
        attempt: i64::from(row.attempt),
        outcome: row.outcome.clone(),
        detail: row.detail.clone(),
        at: row.at.micros(),
    };
    delivery::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// The attempts at a message in order, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope, message: MessageId) -> Result<Vec<Delivery>, StoreError> {
    let rows = delivery::Entity::find()
        .filter(delivery::Column::ProjectId.eq(scope.uuid()))
        .filter(delivery::Column::MessageId.eq(message.uuid()))
        .order_by_asc(delivery::Column::At)
        .order_by_asc(delivery::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    let rows = rows.into_iter().map(|row| Delivery {
        id: row.id,
        message: MessageId::from_uuid(row.message_id),
        attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
        outcome: row.outcome,
        detail: row.detail,
        at: Timestamp::from_micros(row.at),
    });
    Ok(rows.collect())
}
