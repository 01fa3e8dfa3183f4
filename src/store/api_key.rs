//! API keys: found by their public id when they are presented, by project when they are managed.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::ApiKeyId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::api_key;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// A stored key.
pub type ApiKeyRow = api_key::Model;

/// Finds a key of any project by its public id. That does not prove that the presented secret is right.
///
/// # Errors
/// When the database fails.
pub async fn by_public_id(db: &impl Connection, public_id: &str) -> Result<Option<ApiKeyRow>, StoreError> {
    Ok(api_key::Entity::find().filter(api_key::Column::PublicId.eq(public_id)).one(db.raw()).await?)
}

/// Finds a key of the project.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &impl Connection, scope: Scope, id: ApiKeyId) -> Result<Option<ApiKeyRow>, StoreError> {
    let query = api_key::Entity::find_by_id(id.uuid()).filter(api_key::Column::ProjectId.eq(scope.uuid()));
    Ok(query.one(db.raw()).await?)
}

/// The project's keys, the newest first, revoked ones included.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    page: Page,
) -> Result<(Vec<ApiKeyRow>, Option<Cursor>), StoreError> {
    let mut query = api_key::Entity::find().filter(api_key::Column::ProjectId.eq(scope.uuid()));
    if let Some(after) = page.after {
        let same_time = api_key::Column::CreatedAt.eq(after.key).and(api_key::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(api_key::Column::CreatedAt.lt(after.key)).add(same_time));
    }
    let rows = query
        .order_by_desc(api_key::Column::CreatedAt)
        .order_by_desc(api_key::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    Ok(page.split(rows, |row| Cursor { key: row.created_at, id: row.id }))
}

/// Makes a key.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, row: ApiKeyRow) -> Result<(), StoreError> {
    api_key::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Revokes a key of the project. Returns whether it changed anything: a revoked key stays revoked since then.
///
/// # Errors
/// When the database fails.
pub async fn revoke(tx: &WriteTx, scope: Scope, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
    let updated = api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(now.micros()))
        .filter(api_key::Column::ProjectId.eq(scope.uuid()))
        .filter(api_key::Column::Id.eq(id.uuid()))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Notes that a key was used at `now`.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &WriteTx, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::UsedAt, Expr::value(now.micros()))
        .filter(api_key::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
