//! Successful runs that were sampled into triage, and what people found. They are chosen where runs are written.

use std::collections::HashMap;

use sea_orm::QuerySelect as _;
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{ReleaseId, RunId, WorkflowId};
use seatrial_domain::sample::SampleStatus;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::{run, sample};
use crate::error::StoreError;
use crate::ingest::lock;
use crate::scope::{Cursor, Page, Scope};

/// A sampled run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRow {
    /// The run.
    pub run: RunId,
    /// Its external id. Text of the sender: escape it where it is shown.
    pub external_id: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its release.
    pub release: ReleaseId,
    /// When the run began.
    pub occurred_at: Timestamp,
    /// What became of it.
    pub status: SampleStatus,
    /// What whoever looked said.
    pub note: Option<String>,
    /// Who looked.
    pub decided_by: Option<Actor>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// Which samples are wanted.
#[derive(Clone, Debug, Default)]
pub struct SampleFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
    /// With this status.
    pub status: Option<SampleStatus>,
}

/// How many samples there are, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleCount {
    /// Nobody has looked yet.
    pub open: u64,
    /// Were the successes they reported to be.
    pub upheld: u64,
    /// Were none.
    pub overturned: u64,
}

/// Lists samples, the latest run first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &SampleFilter,
    page: Page,
) -> Result<(Vec<SampleRow>, Option<Cursor>), StoreError> {
    use sample::Column as C;
    let mut query = sample::Entity::find().filter(C::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = filter.workflow {
        query = query.filter(C::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(C::ReleaseId.eq(release.uuid()));
    }
    if let Some(status) = filter.status {
        query = query.filter(C::Status.eq(status.as_str()));
    }
    if let Some(after) = page.after {
        let same = C::OccurredAt.eq(after.key).and(C::RunId.lt(after.id));
        query = query.filter(Condition::any().add(C::OccurredAt.lt(after.key)).add(same));
    }
    let query = query.order_by_desc(C::OccurredAt).order_by_desc(C::RunId).limit(page.limit + 1);
    let rows = with_runs(db, scope, query.all(db.raw()).await?).await?;
    Ok(page.split(rows, |row| Cursor { key: row.occurred_at.micros(), id: row.run.uuid() }))
}

#[derive(FromQueryResult)]
struct Named {
    id: Uuid,
    external_id: String,
}

async fn with_runs(db: &impl Connection, scope: Scope, rows: Vec<sample::Model>) -> Result<Vec<SampleRow>, StoreError> {
    let named: Vec<Named> = run::Entity::find()
        .select_only()
        .columns([run::Column::Id, run::Column::ExternalId])
        .filter(scope.owns(run::Column::ProjectId))
        .filter(run::Column::Id.is_in(rows.iter().map(|row| row.run_id)))
        .into_model()
        .all(db.raw())
        .await?;
    let mut names: HashMap<Uuid, String> = named.into_iter().map(|run| (run.id, run.external_id)).collect();
    let rows = rows.into_iter().map(|row| {
        Ok(SampleRow {
            run: RunId::from_uuid(row.run_id),
            external_id: names.remove(&row.run_id).unwrap_or_default(),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            occurred_at: Timestamp::from_micros(row.occurred_at),
            status: SampleStatus::parse(&row.status)
                .ok_or_else(|| StoreError::corrupt("sample's status", &row.status))?,
            note: row.note,
            decided_by: row.decided_by.as_deref().map(actor::read).transpose()?,
            decided_at: row.decided_at.map(Timestamp::from_micros),
        })
    });
    rows.collect()
}

/// A sample by its run.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, run: RunId) -> Result<Option<SampleRow>, StoreError> {
    let query = sample::Entity::find_by_id(run.uuid()).filter(sample::Column::ProjectId.eq(scope.uuid()));
    Ok(with_runs(db, scope, query.all(db.raw()).await?).await?.pop())
}

/// A sample to decide about it: until the transaction ends nobody else decides about one of the project.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn for_update(tx: &WriteTx, scope: Scope, run: RunId) -> Result<Option<SampleRow>, StoreError> {
    lock(tx, scope).await?;
    find(tx, scope, run).await
}

/// Writes what somebody found, provided that nobody has looked before. Read it by [`for_update`].
///
/// # Errors
/// When the database fails.
pub async fn decide(tx: &WriteTx, scope: Scope, row: &SampleRow) -> Result<(), StoreError> {
    sample::Entity::update_many()
        .col_expr(sample::Column::Status, Expr::value(row.status.as_str()))
        .col_expr(sample::Column::Note, Expr::value(row.note.clone()))
        .col_expr(sample::Column::DecidedBy, Expr::value(row.decided_by.as_ref().map(actor::write).transpose()?))
        .col_expr(sample::Column::DecidedAt, Expr::value(row.decided_at.map(Timestamp::micros)))
        .filter(sample::Column::ProjectId.eq(scope.uuid()))
        .filter(sample::Column::RunId.eq(row.run.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Counts the samples of a workflow, of one release or of all.
///
/// # Errors
/// When the database fails.
pub async fn count(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    release: Option<ReleaseId>,
) -> Result<SampleCount, StoreError> {
    let mut query = sample::Entity::find()
        .select_only()
        .column(sample::Column::Status)
        .expr_as(sample::Column::RunId.count(), "samples")
        .filter(sample::Column::ProjectId.eq(scope.uuid()))
        .filter(sample::Column::WorkflowId.eq(workflow.uuid()));
    if let Some(release) = release {
        query = query.filter(sample::Column::ReleaseId.eq(release.uuid()));
    }
    let rows: Vec<(String, i64)> = query.group_by(sample::Column::Status).into_tuple().all(db.raw()).await?;
    let of = |status: SampleStatus| {
        let found = rows.iter().find(|(name, _)| name == status.as_str()).map_or(0, |(_, samples)| *samples);
        u64::try_from(found).unwrap_or_default()
    };
    Ok(SampleCount {
        open: of(SampleStatus::Open),
        upheld: of(SampleStatus::Upheld),
        overturned: of(SampleStatus::Overturned),
    })
}
