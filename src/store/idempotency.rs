//! Requests that may be sent again: marks written with what a request changed, and its answer.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::idempotency_key;
use crate::error::StoreError;
use crate::request::Mark;

/// A request that was carried out.
pub type MarkRow = idempotency_key::Model;

/// Finds the mark of a request.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, key_hash: &[u8; 32]) -> Result<Option<MarkRow>, StoreError> {
    Ok(idempotency_key::Entity::find_by_id(key_hash.to_vec()).one(db.raw()).await?)
}

/// Writes a mark. It fails where the same request was carried out meanwhile, and so undoes the transaction.
pub(crate) async fn insert(tx: &WriteTx, mark: &Mark) -> Result<(), StoreError> {
    let row = MarkRow {
        key_hash: mark.key_hash.to_vec(),
        request_hash: mark.request_hash.to_vec(),
        created_at: mark.at.micros(),
        answer: None,
    };
    idempotency_key::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Keeps the answer of a request that was carried out.
///
/// # Errors
/// When the database fails.
pub async fn set_answer(tx: &WriteTx, key_hash: &[u8; 32], answer: Vec<u8>) -> Result<(), StoreError> {
    idempotency_key::Entity::update_many()
        .col_expr(idempotency_key::Column::Answer, Expr::value(answer))
        .filter(idempotency_key::Column::KeyHash.eq(key_hash.to_vec()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Forgets the marks from before `before`. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    let old = idempotency_key::Column::CreatedAt.lt(before.micros());
    Ok(idempotency_key::Entity::delete_many().filter(old).exec(tx.raw()).await?.rows_affected)
}
