//! Webhook endpoints: where signed events of a project are sent.

use std::fmt;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::WebhookId;
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::webhook;
use crate::error::StoreError;
use crate::scope::Scope;

/// An endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Where to send.
    pub url: String,
    /// What signs the messages, `whsec_…`. Never shown again after the endpoint was made.
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was turned off.
    pub disabled_at: Option<Timestamp>,
    /// Why.
    pub disabled_reason: Option<String>,
    /// The secret before the last rotation, which signs too until [`Self::previous_until`].
    pub previous_secret: Option<String>,
    /// Until when it does.
    pub previous_until: Option<Timestamp>,
}

impl WebhookRow {
    /// The secrets that sign a message at `now`, the newest first.
    #[must_use]
    pub fn secrets(&self, now: Timestamp) -> Vec<&str> {
        let previous = self.previous_secret.as_deref().filter(|_| self.previous_until.is_some_and(|until| now < until));
        std::iter::once(self.secret.as_str()).chain(previous).collect()
    }
}

impl fmt::Debug for WebhookRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the secret nor the URL, which may carry a token of its own.
        f.debug_struct("WebhookRow")
            .field("id", &self.id)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

impl From<webhook::Model> for WebhookRow {
    fn from(row: webhook::Model) -> Self {
        Self {
            id: WebhookId::from_uuid(row.id),
            url: row.url,
            secret: row.secret,
            created_at: Timestamp::from_micros(row.created_at),
            disabled_at: row.disabled_at.map(Timestamp::from_micros),
            disabled_reason: row.disabled_reason,
            previous_secret: row.previous_secret,
            previous_until: row.previous_until.map(Timestamp::from_micros),
        }
    }
}

/// The endpoints of the project in the order they were made, those turned off included.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope) -> Result<Vec<WebhookRow>, StoreError> {
    let rows = webhook::Entity::find()
        .filter(webhook::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(webhook::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(WebhookRow::from).collect())
}

/// The endpoints of the project that are sent to.
///
/// # Errors
/// When the database fails.
pub async fn list_active(db: &impl Connection, scope: Scope) -> Result<Vec<WebhookRow>, StoreError> {
    Ok(list(db, scope).await?.into_iter().filter(|row| row.disabled_at.is_none()).collect())
}

/// An endpoint by its id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
    let query = webhook::Entity::find_by_id(id.uuid()).filter(webhook::Column::ProjectId.eq(scope.uuid()));
    Ok(query.one(db.raw()).await?.map(WebhookRow::from))
}

/// Makes an endpoint.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &WebhookRow) -> Result<(), StoreError> {
    let model = webhook::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        url: row.url.clone(),
        secret: row.secret.clone(),
        created_at: row.created_at.micros(),
        disabled_at: row.disabled_at.map(Timestamp::micros),
        disabled_reason: row.disabled_reason.clone(),
        previous_secret: row.previous_secret.clone(),
        previous_until: row.previous_until.map(Timestamp::micros),
    };
    webhook::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Turns an endpoint off. One that is off already keeps its first reason. Returns whether it was on.
///
/// # Errors
/// When the database fails.
pub async fn disable(tx: &WriteTx, scope: Scope, id: WebhookId, why: &str, now: Timestamp) -> Result<bool, StoreError> {
    let updated = webhook::Entity::update_many()
        .col_expr(webhook::Column::DisabledAt, Expr::value(now.micros()))
        .col_expr(webhook::Column::DisabledReason, Expr::value(why))
        .filter(webhook::Column::ProjectId.eq(scope.uuid()))
        .filter(webhook::Column::Id.eq(id.uuid()))
        .filter(webhook::Column::DisabledAt.is_null())
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Turns an endpoint on again. Returns whether it was off.
///
/// # Errors
/// When the database fails.
pub async fn enable(tx: &WriteTx, scope: Scope, id: WebhookId) -> Result<bool, StoreError> {
    let updated = webhook::Entity::update_many()
        .col_expr(webhook::Column::DisabledAt, Expr::value(Option::<i64>::None))
        .col_expr(webhook::Column::DisabledReason, Expr::value(Option::<String>::None))
        .filter(webhook::Column::ProjectId.eq(scope.uuid()))
        .filter(webhook::Column::Id.eq(id.uuid()))
        .filter(webhook::Column::DisabledAt.is_not_null())
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Gives an endpoint a new secret; the one it has signs too until `until`.
///
/// # Errors
/// When the database fails.
pub async fn rotate(
    tx: &WriteTx,
    scope: Scope,
    before: &WebhookRow,
    secret: &str,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let updated = webhook::Entity::update_many()
        .col_expr(webhook::Column::Secret, Expr::value(secret))
        .col_expr(webhook::Column::PreviousSecret, Expr::value(before.secret.clone()))
        .col_expr(webhook::Column::PreviousUntil, Expr::value(until.micros()))
        .filter(webhook::Column::ProjectId.eq(scope.uuid()))
        .filter(webhook::Column::Id.eq(before.id.uuid()))
        .filter(webhook::Column::Secret.eq(before.secret.as_str()))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Removes an endpoint. Returns whether it was there. What waits for it is given up when its turn comes.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &WriteTx, scope: Scope, id: WebhookId) -> Result<bool, StoreError> {
    let removed = webhook::Entity::delete_many()
        .filter(webhook::Column::ProjectId.eq(scope.uuid()))
        .filter(webhook::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(removed.rows_affected > 0)
}
