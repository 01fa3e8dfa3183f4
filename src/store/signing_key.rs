//! The public halves of the keys that sign access tokens, so that every replica verifies what another signed.

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::signing_key;
use crate::error::StoreError;

/// A stored public key.
pub type SigningKeyRow = signing_key::Model;

/// Finds a key by its name.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &impl Connection, id: &str) -> Result<Option<SigningKeyRow>, StoreError> {
    Ok(signing_key::Entity::find_by_id(id).one(db.raw()).await?)
}

/// The keys, the newest first, retired ones included.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection) -> Result<Vec<SigningKeyRow>, StoreError> {
    let query = signing_key::Entity::find().order_by_desc(signing_key::Column::CreatedAt);
    Ok(query.limit(limits::PAGE_SIZE_MAX).all(db.raw()).await?)
}

/// Makes a key known. A key that is known stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn register(tx: &WriteTx, row: SigningKeyRow) -> Result<(), StoreError> {
    signing_key::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::column(signing_key::Column::Id).do_nothing().to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}

/// Retires every key but `kept`: it signs no more, and verifies until `tokens_end`. With a `tokens_end` in the past its
/// tokens end at once.
///
/// # Errors
/// When the database fails.
pub async fn retire_others(tx: &WriteTx, kept: &str, tokens_end: Timestamp) -> Result<u64, StoreError> {
    let later = signing_key::Column::RetiredAt.is_null().or(signing_key::Column::RetiredAt.gt(tokens_end.micros()));
    let updated = signing_key::Entity::update_many()
        .col_expr(signing_key::Column::RetiredAt, Expr::value(tokens_end.micros()))
        .filter(signing_key::Column::Id.ne(kept))
        .filter(later)
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected)
}

/// Forgets the keys whose tokens ended before `now`. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    let ended = signing_key::Column::RetiredAt.lte(now.micros());
    Ok(signing_key::Entity::delete_many().filter(ended).exec(tx.raw()).await?.rows_affected)
}
