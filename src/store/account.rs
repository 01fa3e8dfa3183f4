//! People who can sign in. Accounts belong to no project: what they may see is decided by their memberships.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::AccountId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::account;
use crate::error::StoreError;

/// A stored account.
pub type AccountRow = account::Model;

/// Finds an account by its address, which is stored in lower case.
///
/// # Errors
/// When the database fails.
pub async fn by_email(db: &impl Connection, email: &str) -> Result<Option<AccountRow>, StoreError> {
    Ok(account::Entity::find().filter(account::Column::Email.eq(email)).one(db.raw()).await?)
}

/// Finds an account by its id.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &impl Connection, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    Ok(account::Entity::find_by_id(id.uuid()).one(db.raw()).await?)
}

/// The account made first, which is the administrator's.
///
/// # Errors
/// When the database fails.
pub async fn first(db: &impl Connection) -> Result<Option<AccountRow>, StoreError> {
    let query = account::Entity::find().order_by_asc(account::Column::CreatedAt).order_by_asc(account::Column::Id);
    Ok(query.limit(1).one(db.raw()).await?)
}

/// Makes an account.
///
/// # Errors
/// [`StoreError::Duplicate`] when the address is taken, or when the database fails.
pub async fn insert(tx: &WriteTx, row: AccountRow) -> Result<(), StoreError> {
    account::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Replaces the hash of an account's password.
///
/// # Errors
/// When the database fails.
pub async fn set_password_hash(tx: &WriteTx, id: AccountId, password_hash: String) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::value(password_hash))
        .filter(account::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Ends the access tokens that were issued to an account before `now`.
///
/// # Errors
/// When the database fails.
pub async fn end_tokens(tx: &WriteTx, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::TokensFrom, Expr::value(now.micros()))
        .filter(account::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Disables an account at `now`, or lets it sign in again. Returns whether that changed anything.
///
/// # Errors
/// When the database fails.
pub async fn set_disabled(tx: &WriteTx, id: AccountId, now: Option<Timestamp>) -> Result<bool, StoreError> {
    let other = match now {
        Some(_) => account::Column::DisabledAt.is_null(),
        None => account::Column::DisabledAt.is_not_null(),
    };
    let updated = account::Entity::update_many()
        .col_expr(account::Column::DisabledAt, Expr::value(now.map(Timestamp::micros)))
        .filter(account::Column::Id.eq(id.uuid()))
        .filter(other)
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}
