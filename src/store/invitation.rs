//! Invitations: who was asked into a project, by whom, and what became of it.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::InvitationId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::invitation;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// A stored invitation.
pub type InvitationRow = invitation::Model;

/// Finds an invitation of any project by the hash of its token.
///
/// # Errors
/// When the database fails.
pub async fn by_token_hash(db: &impl Connection, token_hash: &[u8]) -> Result<Option<InvitationRow>, StoreError> {
    let query = invitation::Entity::find().filter(invitation::Column::TokenHash.eq(token_hash.to_vec()));
    Ok(query.one(db.raw()).await?)
}

/// Finds an invitation of the project.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &impl Connection, scope: Scope, id: InvitationId) -> Result<Option<InvitationRow>, StoreError> {
    let query = invitation::Entity::find_by_id(id.uuid()).filter(invitation::Column::ProjectId.eq(scope.uuid()));
    Ok(query.one(db.raw()).await?)
}

/// The project's invitations, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    page: Page,
) -> Result<(Vec<InvitationRow>, Option<Cursor>), StoreError> {
    let mut query = invitation::Entity::find().filter(invitation::Column::ProjectId.eq(scope.uuid()));
    if let Some(after) = page.after {
        let same_time = invitation::Column::CreatedAt.eq(after.key).and(invitation::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(invitation::Column::CreatedAt.lt(after.key)).add(same_time));
    }
    let rows = query
        .order_by_desc(invitation::Column::CreatedAt)
        .order_by_desc(invitation::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    Ok(page.split(rows, |row| Cursor { key: row.created_at, id: row.id }))
}

/// Keeps an invitation.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, row: InvitationRow) -> Result<(), StoreError> {
    invitation::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Takes back the open invitations of an address to the project, because a new one takes their place.
///
/// # Errors
/// When the database fails.
pub async fn revoke_open(tx: &WriteTx, scope: Scope, email: &str, now: Timestamp) -> Result<u64, StoreError> {
    let updated = open(invitation::Column::RevokedAt, now)
        .filter(invitation::Column::ProjectId.eq(scope.uuid()))
        .filter(invitation::Column::Email.eq(email))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected)
}

/// Takes an open invitation back. Returns whether it was open.
///
/// # Errors
/// When the database fails.
pub async fn revoke(tx: &WriteTx, scope: Scope, id: InvitationId, now: Timestamp) -> Result<bool, StoreError> {
    let updated = open(invitation::Column::RevokedAt, now)
        .filter(invitation::Column::ProjectId.eq(scope.uuid()))
        .filter(invitation::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Uses an open invitation up. Returns whether it was open: of two that accept, one does.
///
/// # Errors
/// When the database fails.
pub async fn accept(tx: &WriteTx, scope: Scope, id: InvitationId, now: Timestamp) -> Result<bool, StoreError> {
    let updated = open(invitation::Column::AcceptedAt, now)
        .filter(invitation::Column::ProjectId.eq(scope.uuid()))
        .filter(invitation::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Sets a time of invitations that were neither accepted nor taken back.
fn open(column: invitation::Column, now: Timestamp) -> sea_orm::UpdateMany<invitation::Entity> {
    invitation::Entity::update_many()
        .col_expr(column, Expr::value(now.micros()))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
}
