//! New passwords by mail: what was asked for, and the links that were sent.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::AccountId;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::{password_reset, reset_request};
use crate::error::StoreError;

/// A link that was sent.
pub type ResetRow = password_reset::Model;
/// An address for which a link was asked.
pub type RequestRow = reset_request::Model;

/// Writes down that a link was asked for.
///
/// # Errors
/// When the database fails.
pub async fn ask(tx: &WriteTx, row: RequestRow) -> Result<(), StoreError> {
    reset_request::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// What was asked for, oldest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn asked(db: &impl Connection, limit: u64) -> Result<Vec<RequestRow>, StoreError> {
    let query = reset_request::Entity::find().order_by_asc(reset_request::Column::RequestedAt);
    Ok(query.limit(limit).all(db.raw()).await?)
}

/// Removes what was answered. Returns whether it was still there: of two that answer, one does.
///
/// # Errors
/// When the database fails.
pub async fn answered(tx: &WriteTx, id: Uuid) -> Result<bool, StoreError> {
    Ok(reset_request::Entity::delete_by_id(id).exec(tx.raw()).await?.rows_affected > 0)
}

/// How many links an account was sent since `since`.
///
/// # Errors
/// When the database fails.
pub async fn sent_since(db: &impl Connection, account: AccountId, since: Timestamp) -> Result<u64, StoreError> {
    let query = password_reset::Entity::find()
        .filter(password_reset::Column::AccountId.eq(account.uuid()))
        .filter(password_reset::Column::CreatedAt.gt(since.micros()));
    Ok(query.count(db.raw()).await?)
}

/// Keeps a link.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, row: ResetRow) -> Result<(), StoreError> {
    password_reset::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Finds a link by the hash of its token.
///
/// # Errors
/// When the database fails.
pub async fn by_token_hash(db: &impl Connection, token_hash: &[u8]) -> Result<Option<ResetRow>, StoreError> {
    let query = password_reset::Entity::find().filter(password_reset::Column::TokenHash.eq(token_hash.to_vec()));
    Ok(query.one(db.raw()).await?)
}

/// Removes every link of an account. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn remove_all(tx: &WriteTx, account: AccountId) -> Result<u64, StoreError> {
    let own = password_reset::Column::AccountId.eq(account.uuid());
    Ok(password_reset::Entity::delete_many().filter(own).exec(tx.raw()).await?.rows_affected)
}

/// Removes the links that ended before `now`. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn remove_ended(tx: &WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    let ended = password_reset::Column::ExpiresAt.lte(now.micros());
    Ok(password_reset::Entity::delete_many().filter(ended).exec(tx.raw()).await?.rows_affected)
}
