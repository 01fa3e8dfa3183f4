//! What goes when it is old: the bodies of traces and reports. Facts and the outline of a trace stay, because a late
//! fact resolves the run anew from them.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::RunId;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::trace;
use crate::error::StoreError;
use crate::run::{REPORT, TRACE};

/// Up to `limit` runs of any project that still have bodies, after `after` and before `before`, by id. The first 48
/// bits of a run's id are the time it arrived, so a range of ids is a range of time.
///
/// # Errors
/// When the database fails.
pub async fn runs_with_bodies(
    db: &impl Connection,
    after: Option<RunId>,
    before: RunId,
    limit: u64,
) -> Result<Vec<RunId>, StoreError> {
    let mut query = trace::Entity::find()
        .select_only()
        .column(trace::Column::RunId)
        .filter(trace::Column::RunId.lt(before.uuid()))
        .filter(trace::Column::Body.ne(Vec::<u8>::new()));
    if let Some(after) = after {
        query = query.filter(trace::Column::RunId.gt(after.uuid()));
    }
    let ids: Vec<Uuid> =
        query.distinct().order_by_asc(trace::Column::RunId).limit(limit).into_tuple().all(db.raw()).await?;
    Ok(ids.into_iter().map(RunId::from_uuid).collect())
}

/// Removes the bodies of these runs: what people and models wrote. Returns how many bodies went.
///
/// # Errors
/// When the database fails.
pub async fn delete_bodies(tx: &WriteTx, runs: &[RunId]) -> Result<u64, StoreError> {
    let ids = || runs.iter().map(|id| id.uuid());
    let reports = trace::Entity::delete_many()
        .filter(trace::Column::RunId.is_in(ids()))
        .filter(trace::Column::Format.eq(REPORT))
        .exec(tx.raw())
        .await?;
    let traces = trace::Entity::update_many()
        .col_expr(trace::Column::Body, Expr::value(Vec::<u8>::new()))
        .filter(trace::Column::RunId.is_in(ids()))
        .filter(trace::Column::Format.eq(TRACE).and(trace::Column::Body.ne(Vec::<u8>::new())))
        .exec(tx.raw())
        .await?;
    Ok(reports.rows_affected + traces.rows_affected)
}
