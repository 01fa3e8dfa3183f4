//! Near-duplicates of an input among a workflow's eval cases, found by the bands of their sketches.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, Order};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{CaseId, ProjectId, WorkflowId};
use seatrial_domain::similarity::BANDS;
use uuid::Uuid;

use crate::case::{self, CaseRow};
use crate::connection::{Connection, WriteTx};
use crate::entity::case as case_entity;
use crate::entity::case_band;
use crate::error::StoreError;
use crate::scope::Scope;

/// Writes the sketch of a case anew; without bands it has none.
///
/// # Errors
/// When the database fails.
pub async fn put(
    tx: &WriteTx,
    scope: Scope,
    (workflow, case): (WorkflowId, CaseId),
    bands: Option<[i64; BANDS]>,
) -> Result<(), StoreError> {
    case_band::Entity::delete_many()
        .filter(case_band::Column::ProjectId.eq(scope.uuid()))
        .filter(case_band::Column::CaseId.eq(case.uuid()))
        .exec(tx.raw())
        .await?;
    let Some(bands) = bands else { return Ok(()) };
    let rows = (0_i64..).zip(bands).map(|(band, hash)| {
        let row = case_band::Model {
            project_id: scope.uuid(),
            workflow_id: workflow.uuid(),
            band,
            hash,
            case_id: case.uuid(),
        };
        row.into_active_model().reset_all()
    });
    case_band::Entity::insert_many(rows).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// The cases of the workflow that share bands with an input, those with most bands in common first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn sharing(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    bands: [i64; BANDS],
    limit: u64,
) -> Result<Vec<CaseId>, StoreError> {
    let same = |(band, hash): (i64, i64)| case_band::Column::Band.eq(band).and(case_band::Column::Hash.eq(hash));
    let any = (0_i64..).zip(bands).fold(Condition::any(), |any, band| any.add(same(band)));
    let ids: Vec<Uuid> = case_band::Entity::find()
        .select_only()
        .column(case_band::Column::CaseId)
        .filter(case_band::Column::ProjectId.eq(scope.uuid()))
        .filter(case_band::Column::WorkflowId.eq(workflow.uuid()))
        .filter(any)
        .group_by(case_band::Column::CaseId)
        .order_by(case_band::Column::Band.count(), Order::Desc)
        .limit(limit)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(ids.into_iter().map(CaseId::from_uuid).collect())
}

/// Cases of all projects without a sketch, by id: for the background work.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn to_sketch(db: &impl Connection, limit: u64) -> Result<Vec<(Scope, CaseRow)>, StoreError> {
    let waiting: Vec<(Uuid, Uuid)> = case_entity::Entity::find()
        .select_only()
        .columns([case_entity::Column::ProjectId, case_entity::Column::Id])
        .filter(case_entity::Column::Sketched.eq(false))
        .order_by_asc(case_entity::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db.raw())
        .await?;
    let Some((project, _)) = waiting.first() else { return Ok(Vec::new()) };
    let scope = Scope::of(ProjectId::from_uuid(*project));
    let ids = waiting.iter().filter(|(of, _)| of == project).map(|(_, id)| CaseId::from_uuid(*id));
    let rows = case::these(db, scope, &ids.collect::<Vec<_>>()).await?;
    Ok(rows.into_iter().map(|row| (scope, row)).collect())
}

/// Notes that a case has its sketch.
///
/// # Errors
/// When the database fails.
pub async fn sketched(tx: &WriteTx, scope: Scope, id: CaseId) -> Result<(), StoreError> {
    case_entity::Entity::update_many()
        .col_expr(case_entity::Column::Sketched, Expr::value(true))
        .filter(case_entity::Column::ProjectId.eq(scope.uuid()))
        .filter(case_entity::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
