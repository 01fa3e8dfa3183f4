//! What people did with failures, one row for each failure an act was about: how it stood before and after.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{ActId, RunId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::{ActKind, Standing};
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, WriteTx};
use crate::entity::triage_act;
use crate::error::StoreError;
use crate::scope::Scope;

/// People whose decisions of a day are counted.
const PEOPLE: u64 = 20;

/// How a failure stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// The kind of miss.
    pub failure_class: Option<String>,
    /// What people had decided and written.
    pub standing: Standing,
}

/// An act as far as one failure is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActRow {
    /// The act; several failures may share it.
    pub id: ActId,
    /// The run that failed.
    pub run: RunId,
    /// What was done.
    pub kind: ActKind,
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// How the failure stood before.
    pub before: Stood,
    /// How it stood after.
    pub after: Stood,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
}

/// Keeps an act.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, rows: &[ActRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let corrupt = |error: serde_json::Error| StoreError::corrupt("triage act", error);
    let models = rows.iter().map(|row| {
        let model = triage_act::Model {
            id: row.id.uuid(),
            run_id: row.run.uuid(),
            project_id: scope.uuid(),
            kind: row.kind.as_str().to_owned(),
            actor: serde_json::to_string(&row.by).map_err(corrupt)?,
            at: row.at.micros(),
            before_json: serde_json::to_string(&row.before).map_err(corrupt)?,
            after_json: serde_json::to_string(&row.after).map_err(corrupt)?,
            undone_at: row.undone_at.map(Timestamp::micros),
        };
        Ok(model.into_active_model().reset_all())
    });
    let models: Vec<triage_act::ActiveModel> = models.collect::<Result<_, StoreError>>()?;
    triage_act::Entity::insert_many(models).exec_without_returning(tx.raw()).await?;
    Ok(())
}

fn read(row: triage_act::Model) -> Result<ActRow, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::corrupt("triage act", error);
    Ok(ActRow {
        id: ActId::from_uuid(row.id),
        run: RunId::from_uuid(row.run_id),
        kind: ActKind::parse(&row.kind).ok_or_else(|| StoreError::corrupt("triage act's kind", &row.kind))?,
        by: serde_json::from_str(&row.actor).map_err(corrupt)?,
        at: Timestamp::from_micros(row.at),
        before: serde_json::from_str(&row.before_json).map_err(corrupt)?,
        after: serde_json::from_str(&row.after_json).map_err(corrupt)?,
        undone_at: row.undone_at.map(Timestamp::from_micros),
    })
}

/// An act with every failure it was about.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, act: ActId) -> Result<Vec<ActRow>, StoreError> {
    let rows = triage_act::Entity::find()
        .filter(triage_act::Column::ProjectId.eq(scope.uuid()))
        .filter(triage_act::Column::Id.eq(act.uuid()))
        .order_by_asc(triage_act::Column::RunId)
        .limit(limits::FAILURES_PER_ACT)
        .all(db.raw())
        .await?;
    rows.into_iter().map(read).collect()
}

/// What was done with one failure, latest first, at most [`limits::PAGE_SIZE`] acts.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_run(db: &impl Connection, scope: Scope, run: RunId) -> Result<Vec<ActRow>, StoreError> {
    let rows = triage_act::Entity::find()
        .filter(triage_act::Column::ProjectId.eq(scope.uuid()))
        .filter(triage_act::Column::RunId.eq(run.uuid()))
        .order_by_desc(triage_act::Column::At)
        .order_by_desc(triage_act::Column::Id)
        .limit(limits::PAGE_SIZE)
        .all(db.raw())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Notes that an act was taken back as far as these runs are concerned.
///
/// # Errors
/// When the database fails.
pub async fn undone(tx: &WriteTx, scope: Scope, act: ActId, runs: &[RunId], at: Timestamp) -> Result<(), StoreError> {
    triage_act::Entity::update_many()
        .col_expr(triage_act::Column::UndoneAt, Expr::value(at.micros()))
        .filter(triage_act::Column::ProjectId.eq(scope.uuid()))
        .filter(triage_act::Column::Id.eq(act.uuid()))
        .filter(triage_act::Column::RunId.is_in(runs.iter().map(|run| run.uuid())))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Who decided about how many failures since then, who decided most first, at most 20 people. What was taken back does not
/// count.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn decided_since(
    db: &impl Connection,
    scope: Scope,
    since: Timestamp,
) -> Result<Vec<(Actor, u64)>, StoreError> {
    let decisions = [ActKind::Promote, ActKind::Link, ActKind::Dismiss].map(ActKind::as_str);
    let counted: Vec<(String, i64)> = triage_act::Entity::find()
        .select_only()
        .column(triage_act::Column::Actor)
        .expr_as(triage_act::Column::RunId.count(), "decided")
        .filter(triage_act::Column::ProjectId.eq(scope.uuid()))
        .filter(triage_act::Column::At.gte(since.micros()))
        .filter(triage_act::Column::Kind.is_in(decisions))
        .filter(triage_act::Column::UndoneAt.is_null())
        .group_by(triage_act::Column::Actor)
        .order_by_desc(triage_act::Column::RunId.count())
        .order_by_asc(triage_act::Column::Actor)
        .limit(PEOPLE)
        .into_tuple()
        .all(db.raw())
        .await?;
    let counted = counted.into_iter().map(|(by, decided)| {
        let by = serde_json::from_str(&by).map_err(|error| StoreError::corrupt("triage act", error))?;
        Ok((by, u64::try_from(decided).unwrap_or_default()))
    });
    counted.collect()
}
