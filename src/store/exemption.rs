//! Exemptions: asked for, approved by somebody else, ended.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{ExemptionId, ScorecardId};
use seatrial_domain::scorecard::Exemption;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::exemption;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

fn from_model(row: exemption::Model) -> Result<Exemption, StoreError> {
    Ok(Exemption {
        id: ExemptionId::from_uuid(row.id),
        check: row.check_key,
        reason: row.reason,
        requested_by: actor::read(&row.requested_by_json)?,
        approved_by: row.approved_by_json.as_deref().map(actor::read).transpose()?,
        expires_at: Timestamp::from_micros(row.expires_at),
        ended_at: row.ended_at.map(Timestamp::from_micros),
    })
}

/// The exemptions of a scorecard, latest first, those that are over included.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    scorecard: ScorecardId,
    page: Page,
) -> Result<(Vec<Exemption>, Option<Cursor>), StoreError> {
    let mut query = exemption::Entity::find()
        .filter(exemption::Column::ProjectId.eq(scope.uuid()))
        .filter(exemption::Column::ScorecardId.eq(scorecard.uuid()));
    if let Some(after) = page.after {
        query = query.filter(exemption::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(exemption::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: 0, id: row.id.uuid() }))
}

/// The approved exemptions of a scorecard that have not ended by `now`.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn in_force(
    db: &impl Connection,
    scope: Scope,
    scorecard: ScorecardId,
    now: Timestamp,
) -> Result<Vec<Exemption>, StoreError> {
    let rows = exemption::Entity::find()
        .filter(exemption::Column::ProjectId.eq(scope.uuid()))
        .filter(exemption::Column::ScorecardId.eq(scorecard.uuid()))
        .filter(exemption::Column::ApprovedAt.is_not_null())
        .filter(exemption::Column::EndedAt.is_null())
        .filter(exemption::Column::ExpiresAt.gt(now.micros()))
        .order_by_asc(exemption::Column::Id)
        .all(db.raw())
        .await?;
    rows.into_iter().map(from_model).collect()
}

/// An exemption of a scorecard by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(
    db: &impl Connection,
    scope: Scope,
    scorecard: ScorecardId,
    id: ExemptionId,
) -> Result<Option<Exemption>, StoreError> {
    let query = exemption::Entity::find_by_id(id.uuid())
        .filter(exemption::Column::ProjectId.eq(scope.uuid()))
        .filter(exemption::Column::ScorecardId.eq(scorecard.uuid()));
    query.one(db.raw()).await?.map(from_model).transpose()
}

/// Records that somebody asked for one.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &WriteTx,
    scope: Scope,
    scorecard: ScorecardId,
    row: &Exemption,
    at: Timestamp,
) -> Result<(), StoreError> {
    let model = exemption::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        scorecard_id: scorecard.uuid(),
        check_key: row.check.clone(),
        reason: row.reason.clone(),
        requested_by_json: actor::write(&row.requested_by)?,
        requested_at: at.micros(),
        expires_at: row.expires_at.micros(),
        approved_by_json: None,
        approved_at: None,
        ended_by_json: None,
        ended_at: None,
    };
    exemption::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Records an approval. Returns whether it still waited for one.
///
/// # Errors
/// When the database fails.
pub async fn approve(
    tx: &WriteTx,
    scope: Scope,
    id: ExemptionId,
    by: &Actor,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let updated = exemption::Entity::update_many()
        .col_expr(exemption::Column::ApprovedByJson, Expr::value(actor::write(by)?))
        .col_expr(exemption::Column::ApprovedAt, Expr::value(at.micros()))
        .filter(exemption::Column::ProjectId.eq(scope.uuid()))
        .filter(exemption::Column::Id.eq(id.uuid()))
        .filter(exemption::Column::ApprovedAt.is_null())
        .filter(exemption::Column::EndedAt.is_null())
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Ends one. Returns whether it had not ended.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &WriteTx, scope: Scope, id: ExemptionId, by: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let updated = exemption::Entity::update_many()
        .col_expr(exemption::Column::EndedByJson, Expr::value(actor::write(by)?))
        .col_expr(exemption::Column::EndedAt, Expr::value(at.micros()))
        .filter(exemption::Column::ProjectId.eq(scope.uuid()))
        .filter(exemption::Column::Id.eq(id.uuid()))
        .filter(exemption::Column::EndedAt.is_null())
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}
