//! Failures and what was learned from them: listed critical first, counted by class and release, decided once.

use std::collections::HashMap;

use sea_orm::sea_query::{CaseStatement, Condition, Expr, ExprTrait as _, Order};
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _};
use sea_orm::{QuerySelect as _, Select};
use seatrial_domain::access::Actor;
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{CaseId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::run::{Outcome, RunFacts};
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::{failure, run};
use crate::error::StoreError;
use crate::ingest::{lock, severity};
use crate::scope::{Cursor, Page, Scope};

/// A failure and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRow {
    /// The run that failed.
    pub run: RunId,
    /// Its external id. Text of the sender: escape it where it is shown.
    pub external_id: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its release.
    pub release: ReleaseId,
    /// How it ended; `success` when a person had to redo it, or when it carries a class all the same.
    pub outcome: Outcome,
    /// Whether a person redid the work.
    pub rescued: bool,
    /// Whether the run counts as a failure still: a late fact may have said otherwise after somebody decided.
    pub still_failed: bool,
    /// The kind of miss, when it is known.
    pub failure_class: Option<String>,
    /// How bad that kind is.
    pub severity: Option<Severity>,
    /// When the run began.
    pub occurred_at: Timestamp,
    /// What was learned.
    pub status: LearningStatus,
    /// The case it became or is linked to.
    pub case: Option<CaseId>,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// Who decided.
    pub decided_by: Option<Actor>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// Which failures are wanted.
#[derive(Clone, Debug, Default)]
pub struct FailureFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
    /// Of this class; an empty text means those without one.
    pub failure_class: Option<String>,
    /// With this learning status.
    pub status: Option<LearningStatus>,
    /// Of this severity.
    pub severity: Option<Severity>,
}

/// Failures of one class on one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureCount {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release.
    pub release: ReleaseId,
    /// The class; `None` when nobody named one.
    pub failure_class: Option<String>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Not looked at yet.
    pub open: u64,
    /// Became a case.
    pub promoted: u64,
    /// Covered by a case that was there.
    pub linked: u64,
    /// Nothing to learn, with a reason.
    pub dismissed: u64,
    /// The latest start of such a run.
    pub latest_at: Timestamp,
}

/// What is decided about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The new status; `open` takes an earlier decision back.
    pub status: LearningStatus,
    /// The case it became or is linked to.
    pub case: Option<CaseId>,
    /// Why it is dismissed.
    pub reason: Option<String>,
    /// Who decides.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// Sorts critical before major before minor before what has no severity.
const fn rank(severity: Option<Severity>) -> i64 {
    match severity {
        Some(Severity::Critical) => 3,
        Some(Severity::Major) => 2,
        Some(Severity::Minor) => 1,
        None => 0,
    }
}

fn rank_column() -> Expr {
    let is = |severity: Severity| failure::Column::Severity.eq(severity.as_str());
    let ranked = CaseStatement::new()
        .case(is(Severity::Critical), rank(Some(Severity::Critical)))
        .case(is(Severity::Major), rank(Some(Severity::Major)))
        .case(is(Severity::Minor), rank(Some(Severity::Minor)))
        .finally(rank(None));
    ranked.into()
}

/// One sort key holds rank and time: times fit into the lower bits for some eighteen thousand years either way.
const RANK_UNIT: i64 = 1 << 60;

fn cursor(row: &failure::Model) -> Cursor {
    let rank = rank(row.severity.as_deref().map(severity));
    Cursor { key: rank * RANK_UNIT + row.occurred_at.clamp(-RANK_UNIT / 2 + 1, RANK_UNIT / 2 - 1), id: row.run_id }
}

fn after(cursor: Cursor) -> Condition {
    let rank = cursor.key.saturating_add(RANK_UNIT / 2).div_euclid(RANK_UNIT);
    let time = cursor.key.saturating_sub(rank.saturating_mul(RANK_UNIT));
    let earlier = Condition::any()
        .add(failure::Column::OccurredAt.lt(time))
        .add(failure::Column::OccurredAt.eq(time).and(failure::Column::RunId.lt(cursor.id)));
    Condition::any().add(rank_column().lt(rank)).add(Condition::all().add(rank_column().eq(rank)).add(earlier))
}

fn select(scope: Scope, filter: &FailureFilter) -> Select<failure::Entity> {
    let mut query = failure::Entity::find().filter(failure::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = filter.workflow {
        query = query.filter(failure::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(failure::Column::ReleaseId.eq(release.uuid()));
    }
    match filter.failure_class.as_deref() {
        Some("") => query = query.filter(failure::Column::FailureClass.is_null()),
        Some(class) => query = query.filter(failure::Column::FailureClass.eq(class)),
        None => {}
    }
    if let Some(status) = filter.status {
        query = query.filter(failure::Column::Status.eq(status.as_str()));
    }
    if let Some(severity) = filter.severity {
        query = query.filter(failure::Column::Severity.eq(severity.as_str()));
    }
    query
}

/// Lists failures, critical first and the latest of equals first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &FailureFilter,
    page: Page,
) -> Result<(Vec<FailureRow>, Option<Cursor>), StoreError> {
    let mut query = select(scope, filter);
    if let Some(cursor) = page.after {
        query = query.filter(after(cursor));
    }
    let rows = query
        .order_by(rank_column(), Order::Desc)
        .order_by_desc(failure::Column::OccurredAt)
        .order_by_desc(failure::Column::RunId)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    let (rows, next) = page.split(rows, cursor);
    Ok((with_runs(db, scope, rows).await?, next))
}

/// Finds the failure of a run.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, run: RunId) -> Result<Option<FailureRow>, StoreError> {
    let query = failure::Entity::find_by_id(run.uuid()).filter(failure::Column::ProjectId.eq(scope.uuid()));
    let rows = query.all(db.raw()).await?;
    Ok(with_runs(db, scope, rows).await?.pop())
}

/// Finds the failure of a run to decide about it: until the transaction ends nobody else decides about one of the
/// project.
///
/// # Errors
/// When the database fails.
pub async fn for_update(tx: &WriteTx, scope: Scope, run: RunId) -> Result<Option<FailureRow>, StoreError> {
    lock(tx, scope).await?;
    find(tx, scope, run).await
}

/// The failures that became a case or are linked to it, latest first, at most [`limits::PAGE_SIZE`].
///
/// # Errors
/// When the database fails.
pub async fn of_case(db: &impl Connection, scope: Scope, case: CaseId) -> Result<Vec<FailureRow>, StoreError> {
    let rows = failure::Entity::find()
        .filter(failure::Column::ProjectId.eq(scope.uuid()))
        .filter(failure::Column::CaseId.eq(case.uuid()))
        .order_by_desc(failure::Column::OccurredAt)
        .limit(limits::PAGE_SIZE)
        .all(db.raw())
        .await?;
    with_runs(db, scope, rows).await
}

#[derive(FromQueryResult)]
struct RunPart {
    id: Uuid,
    external_id: String,
    outcome: String,
    facts_json: String,
}

async fn with_runs(
    db: &impl Connection,
    scope: Scope,
    rows: Vec<failure::Model>,
) -> Result<Vec<FailureRow>, StoreError> {
    let runs: Vec<RunPart> = run::Entity::find()
        .select_only()
        .columns([run::Column::Id, run::Column::ExternalId, run::Column::Outcome, run::Column::FactsJson])
        .filter(run::Column::ProjectId.eq(scope.uuid()))
        .filter(run::Column::Id.is_in(rows.iter().map(|row| row.run_id)))
        .into_model()
        .all(db.raw())
        .await?;
    let mut runs: HashMap<Uuid, RunPart> = runs.into_iter().map(|run| (run.id, run)).collect();
    rows.into_iter().filter_map(|row| runs.remove(&row.run_id).map(|run| read(row, run))).collect()
}

fn read(row: failure::Model, run: RunPart) -> Result<FailureRow, StoreError> {
    let facts: RunFacts =
        serde_json::from_str(&run.facts_json).map_err(|error| StoreError::corrupt("run's facts", error))?;
    let decided_by = row.decided_by.as_deref().map(serde_json::from_str).transpose();
    Ok(FailureRow {
        run: RunId::from_uuid(row.run_id),
        external_id: run.external_id,
        workflow: WorkflowId::from_uuid(row.workflow_id),
        release: ReleaseId::from_uuid(row.release_id),
        outcome: Outcome::parse(&run.outcome).unwrap_or_default(),
        rescued: facts.rescued(),
        still_failed: facts.failed() && facts.counts,
        failure_class: row.failure_class,
        severity: row.severity.as_deref().map(severity),
        occurred_at: Timestamp::from_micros(row.occurred_at),
        status: LearningStatus::parse(&row.status)
            .ok_or_else(|| StoreError::corrupt("failure's status", &row.status))?,
        case: row.case_id.map(CaseId::from_uuid),
        reason: row.reason,
        decided_by: decided_by.map_err(|error| StoreError::corrupt("failure's reviewer", error))?,
        decided_at: row.decided_at.map(Timestamp::from_micros),
    })
}

#[derive(FromQueryResult)]
struct CountRow {
    workflow_id: Uuid,
    release_id: Uuid,
    failure_class: Option<String>,
    severity: Option<String>,
    open: i64,
    promoted: i64,
    linked: i64,
    dismissed: i64,
    latest_at: i64,
}

/// Counts failures by workflow, release and class: critical first, then by how many are open. Of very many groups the
/// [`limits::FAILURE_GROUPS`] with the most open failures; the status of the filter plays no part.
///
/// # Errors
/// When the database fails.
pub async fn counts(
    db: &impl Connection,
    scope: Scope,
    filter: &FailureFilter,
) -> Result<Vec<FailureCount>, StoreError> {
    let filter = FailureFilter { status: None, ..filter.clone() };
    let with = |status: LearningStatus| {
        let is = failure::Column::Status.eq(status.as_str());
        Expr::expr(CaseStatement::new().case(is, failure::Column::RunId.into_expr())).count()
    };
    let most = u64::try_from(limits::FAILURE_GROUPS).unwrap_or(u64::MAX);
    let rows: Vec<CountRow> = select(scope, &filter)
        .select_only()
        .columns([failure::Column::WorkflowId, failure::Column::ReleaseId])
        .columns([failure::Column::FailureClass, failure::Column::Severity])
        .expr_as(with(LearningStatus::Open), "open")
        .expr_as(with(LearningStatus::Promoted), "promoted")
        .expr_as(with(LearningStatus::Linked), "linked")
        .expr_as(with(LearningStatus::Dismissed), "dismissed")
        .expr_as(failure::Column::OccurredAt.max(), "latest_at")
        .group_by(failure::Column::WorkflowId)
        .group_by(failure::Column::ReleaseId)
        .group_by(failure::Column::FailureClass)
        .group_by(failure::Column::Severity)
        .order_by(with(LearningStatus::Open), Order::Desc)
        .limit(most)
        .into_model()
        .all(db.raw())
        .await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let mut counts: Vec<FailureCount> = rows
        .into_iter()
        .map(|row| FailureCount {
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            severity: row.severity.as_deref().map(severity),
            failure_class: row.failure_class,
            open: count(row.open),
            promoted: count(row.promoted),
            linked: count(row.linked),
            dismissed: count(row.dismissed),
            latest_at: Timestamp::from_micros(row.latest_at),
        })
        .collect();
    counts.sort_by(|a, b| {
        let key = |count: &FailureCount| (rank(count.severity), count.open, count.latest_at, count.release);
        key(b).cmp(&key(a)).then_with(|| a.failure_class.cmp(&b.failure_class))
    });
    Ok(counts)
}

/// Decides about a failure that still has the status `expected`. Returns whether it did: when not, somebody else was
/// first or the run is gone.
///
/// # Errors
/// When the database fails.
pub async fn decide(
    tx: &WriteTx,
    scope: Scope,
    run: RunId,
    expected: LearningStatus,
    decided: &Decided,
) -> Result<bool, StoreError> {
    let by = serde_json::to_string(&decided.by).map_err(|error| StoreError::corrupt("failure's reviewer", error))?;
    let open = decided.status == LearningStatus::Open;
    let changed = failure::Entity::update_many()
        .col_expr(failure::Column::Status, Expr::value(decided.status.as_str()))
        .col_expr(failure::Column::CaseId, Expr::value(decided.case.map(CaseId::uuid)))
        .col_expr(failure::Column::Reason, Expr::value(decided.reason.clone()))
        .col_expr(failure::Column::DecidedBy, Expr::value((!open).then_some(by)))
        .col_expr(failure::Column::DecidedAt, Expr::value((!open).then_some(decided.at.micros())))
        .filter(failure::Column::ProjectId.eq(scope.uuid()))
        .filter(failure::Column::RunId.eq(run.uuid()))
        .filter(failure::Column::Status.eq(expected.as_str()))
        .exec(tx.raw())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// How many failures nobody has learned from, counted up to `most`: a page says "many" beyond it.
///
/// # Errors
/// When the database fails.
pub async fn open_up_to(db: &impl Connection, scope: Scope, most: u64) -> Result<u64, StoreError> {
    let filter = FailureFilter { status: Some(LearningStatus::Open), ..FailureFilter::default() };
    let runs: Vec<Uuid> = select(scope, &filter)
        .select_only()
        .column(failure::Column::RunId)
        .limit(most)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(runs.len() as u64)
}
