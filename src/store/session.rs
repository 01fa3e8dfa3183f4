//! Signed-in browsers: a row per session, found by the hash of its token.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{AccountId, SessionId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::session;
use crate::error::StoreError;

/// A stored session.
pub type SessionRow = session::Model;

/// Finds a session by the hash of its token.
///
/// # Errors
/// When the database fails.
pub async fn by_token_hash(db: &impl Connection, token_hash: &[u8]) -> Result<Option<SessionRow>, StoreError> {
    Ok(session::Entity::find().filter(session::Column::TokenHash.eq(token_hash.to_vec())).one(db.raw()).await?)
}

/// The sessions of an account, the one used last first.
///
/// # Errors
/// When the database fails.
pub async fn of_account(db: &impl Connection, account: AccountId) -> Result<Vec<SessionRow>, StoreError> {
    let query = session::Entity::find().filter(session::Column::AccountId.eq(account.uuid()));
    let query = query.order_by_desc(session::Column::SeenAt).order_by_desc(session::Column::Id);
    Ok(query.limit(limits::PAGE_SIZE_MAX).all(db.raw()).await?)
}

/// Begins a session.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, row: SessionRow) -> Result<(), StoreError> {
    session::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Notes that a session was used at `now`.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &WriteTx, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::SeenAt, Expr::value(now.micros()))
        .filter(session::Column::Id.eq(id.uuid()))
        .filter(session::Column::SeenAt.lt(now.micros()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Ends a session of this account. Returns whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &WriteTx, account: AccountId, id: SessionId) -> Result<bool, StoreError> {
    let removed = session::Entity::delete_many()
        .filter(session::Column::AccountId.eq(account.uuid()))
        .filter(session::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(removed.rows_affected > 0)
}

/// Ends every session of an account, except `kept`. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn remove_all(tx: &WriteTx, account: AccountId, kept: Option<SessionId>) -> Result<u64, StoreError> {
    let mut delete = session::Entity::delete_many().filter(session::Column::AccountId.eq(account.uuid()));
    if let Some(kept) = kept {
        delete = delete.filter(session::Column::Id.ne(kept.uuid()));
    }
    Ok(delete.exec(tx.raw()).await?.rows_affected)
}

/// Removes the sessions that reached their end at `now` or were not used since `idle_since`. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn remove_ended(tx: &WriteTx, now: Timestamp, idle_since: Timestamp) -> Result<u64, StoreError> {
    let ended = session::Column::ExpiresAt.lte(now.micros()).or(session::Column::SeenAt.lte(idle_since.micros()));
    let delete = session::Entity::delete_many().filter(ended);
    Ok(delete.exec(tx.raw()).await?.rows_affected)
}
