//! Failures and what was learned from them: listed critical first, found, and written back with what people decided.

mod count;
mod row;

use sea_orm::sea_query::{Condition, ExprTrait as _, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _};
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{AccountId, CaseId, PatternId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::run::Outcome;
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::Standing;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::failure;
use crate::error::StoreError;
use crate::ingest::{lock, severity};
use crate::scope::{Cursor, Page, Scope};

use row::{model, with_runs};

pub use count::{ClassCount, FailureCount, by_class, counts, open_up_to};

/// Somebody, by account and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
}

/// A failure that somebody works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Who.
    pub by: Person,
    /// Until when, unless they ask for longer.
    pub until: Timestamp,
}

/// A failure and what people decided and wrote about it.
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
    /// What people decided and wrote.
    pub standing: Standing,
    /// The name of whoever is asked to look at it.
    pub assignee: Option<Person>,
    /// Who works on it, as last noted: it may have expired.
    pub reservation: Option<Reservation>,
    /// The failures it belongs to; `None` until it was grouped.
    pub pattern: Option<PatternId>,
}

impl FailureRow {
    /// Who works on it at this time.
    #[must_use]
    pub fn reserved(&self, now: Timestamp) -> Option<&Reservation> {
        self.reservation.as_ref().filter(|reservation| reservation.until > now)
    }
}

/// To whom failures are assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// To this account.
    To(AccountId),
    /// To nobody.
    Nobody,
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
    /// Assigned to somebody or nobody.
    pub assigned: Option<Assigned>,
    /// With this failing step.
    pub step: Option<String>,
    /// Of this pattern.
    pub pattern: Option<PatternId>,
    /// Of runs that began at this time or later.
    pub from: Option<Timestamp>,
    /// Of runs that began before this time.
    pub to: Option<Timestamp>,
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

/// The severities in the order in which failures are listed.
const IN_ORDER: [Option<Severity>; 4] = [Some(Severity::Critical), Some(Severity::Major), Some(Severity::Minor), None];

/// One sort key holds rank and time: times fit into the lower bits for some eighteen thousand years either way.
const RANK_UNIT: i64 = 1 << 60;

fn cursor(row: &failure::Model) -> Cursor {
    let rank = rank(row.severity.as_deref().map(severity));
    Cursor { key: rank * RANK_UNIT + row.occurred_at.clamp(-RANK_UNIT / 2 + 1, RANK_UNIT / 2 - 1), id: row.run_id }
}

/// The rank that a cursor stands in, and what comes after it there.
fn after(cursor: Cursor) -> (i64, Condition) {
    let rank = cursor.key.saturating_add(RANK_UNIT / 2).div_euclid(RANK_UNIT);
    let time = cursor.key.saturating_sub(rank.saturating_mul(RANK_UNIT));
    let earlier = Condition::any()
        .add(failure::Column::OccurredAt.lt(time))
        .add(failure::Column::OccurredAt.eq(time).and(failure::Column::RunId.lt(cursor.id)));
    (rank, earlier)
}

fn select(scope: Scope, filter: &FailureFilter) -> Select<failure::Entity> {
    use failure::Column;
    let mut query = failure::Entity::find().filter(Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = filter.workflow {
        query = query.filter(Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(Column::ReleaseId.eq(release.uuid()));
    }
    match filter.failure_class.as_deref() {
        Some("") => query = query.filter(Column::FailureClass.is_null()),
        Some(class) => query = query.filter(Column::FailureClass.eq(class)),
        None => {}
    }
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(severity) = filter.severity {
        query = query.filter(Column::Severity.eq(severity.as_str()));
    }
    match filter.assigned {
        Some(Assigned::To(account)) => query = query.filter(Column::AssignedTo.eq(account.uuid())),
        Some(Assigned::Nobody) => query = query.filter(Column::AssignedTo.is_null()),
        None => {}
    }
    if let Some(step) = &filter.step {
        query = query.filter(Column::Step.eq(step));
    }
    if let Some(pattern) = filter.pattern {
        query = query.filter(Column::PatternId.eq(pattern.uuid()));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::OccurredAt.gte(from.micros()));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::OccurredAt.lt(to.micros()));
    }
    query
}

/// Lists failures, critical first and the latest of equals first. Each severity is read by itself, in the order of an
/// index: a page costs the same among a thousand failures and a million.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &FailureFilter,
    page: Page,
) -> Result<(Vec<FailureRow>, Option<Cursor>), StoreError> {
    let (rows, next) = models(db, scope, filter, page).await?;
    Ok((with_runs(db, scope, rows).await?, next))
}

async fn models(
    db: &impl Connection,
    scope: Scope,
    filter: &FailureFilter,
    page: Page,
) -> Result<(Vec<failure::Model>, Option<Cursor>), StoreError> {
    let start = page.after.map(after);
    let mut rows: Vec<failure::Model> = Vec::new();
    for of in IN_ORDER.into_iter().filter(|of| filter.severity.is_none() || filter.severity == *of) {
        let missing = (page.limit + 1).saturating_sub(rows.len() as u64);
        let (begun, from) = match &start {
            Some((at, from)) if *at == rank(of) => (true, Some(from)),
            Some((at, _)) => (*at > rank(of), None),
            None => (true, None),
        };
        if missing == 0 || !begun {
            continue;
        }
        let mut query = select(scope, filter);
        query = match of {
            Some(severity) => query.filter(failure::Column::Severity.eq(severity.as_str())),
            None => query.filter(failure::Column::Severity.is_null()),
        };
        if let Some(from) = from {
            query = query.filter(from.clone());
        }
        let query = query.order_by_desc(failure::Column::OccurredAt).order_by_desc(failure::Column::RunId);
        rows.extend(query.limit(missing).all(db.raw()).await?);
    }
    Ok(page.split(rows, cursor))
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

/// The failures of these runs, at most [`limits::FAILURES_PER_ACT`]; those of no failure of the project are missing.
///
/// # Errors
/// When the database fails.
pub async fn these(db: &impl Connection, scope: Scope, runs: &[RunId]) -> Result<Vec<FailureRow>, StoreError> {
    let rows = failure::Entity::find()
        .filter(scope.owns(failure::Column::ProjectId))
        .filter(failure::Column::RunId.is_in(runs.iter().map(|run| run.uuid())))
        .order_by_asc(failure::Column::RunId)
        .limit(limits::FAILURES_PER_ACT)
        .all(db.raw())
        .await?;
    with_runs(db, scope, rows).await
}

/// Finds the failures of these runs, at most [`limits::FAILURES_PER_ACT`], to decide about them; as [`for_update`].
/// Those of no failure of the project are missing.
///
/// # Errors
/// When the database fails.
pub async fn these_for_update(tx: &WriteTx, scope: Scope, runs: &[RunId]) -> Result<Vec<FailureRow>, StoreError> {
    lock(tx, scope).await?;
    these(tx, scope, runs).await
}

/// The first [`limits::FAILURES_PER_ACT`] failures of a group to decide about them, and whether there are more; as
/// [`for_update`].
///
/// # Errors
/// When the database fails.
pub async fn group_for_update(
    tx: &WriteTx,
    scope: Scope,
    filter: &FailureFilter,
) -> Result<(Vec<FailureRow>, bool), StoreError> {
    lock(tx, scope).await?;
    let (rows, next) =
        models(tx, scope, filter, Page { limit: limits::FAILURES_PER_ACT, ..Page::new(None, None) }).await?;
    Ok((with_runs(tx, scope, rows).await?, next.is_some()))
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

/// The cases that failures with one of these learning statuses became or are linked to, at most
/// [`limits::CASES_PER_SUITE`]; the status of the filter plays no part.
///
/// # Errors
/// When the database fails.
pub async fn cases_of(
    db: &impl Connection,
    scope: Scope,
    filter: &FailureFilter,
    learned: &[LearningStatus],
) -> Result<Vec<CaseId>, StoreError> {
    let query = select(scope, &FailureFilter { status: None, ..filter.clone() });
    let cases: Vec<Uuid> = query
        .select_only()
        .column(failure::Column::CaseId)
        .distinct()
        .filter(failure::Column::Status.is_in(learned.iter().map(|status| status.as_str())))
        .filter(failure::Column::CaseId.is_not_null())
        .order_by_asc(failure::Column::CaseId)
        .limit(limits::CASES_PER_SUITE as u64)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(cases.into_iter().map(CaseId::from_uuid).collect())
}

/// Writes back what people decided and wrote about failures, as the rows say it, and their reservations. What is known
/// of the runs stays. Read the rows in the same transaction, by one of the functions that end in `for_update`. A label may
/// say that a failure belongs to another pattern, so it waits to be grouped again.
///
/// # Errors
/// When the database fails.
pub async fn save(tx: &WriteTx, scope: Scope, rows: &[FailureRow]) -> Result<(), StoreError> {
    use failure::Column;
    if rows.is_empty() {
        return Ok(());
    }
    let models = rows.iter().map(|row| Ok(model(scope, row)?.into_active_model().reset_all()));
    let models: Vec<failure::ActiveModel> = models.collect::<Result<_, StoreError>>()?;
    let written = OnConflict::column(Column::RunId)
        .update_columns([Column::Status, Column::CaseId, Column::Reason, Column::DecidedBy, Column::DecidedAt])
        .update_columns([Column::AssignedTo, Column::ReservedBy, Column::ReservedUntil])
        .update_columns([Column::SpanId, Column::Step, Column::Note, Column::LabelledBy, Column::LabelledAt])
        .update_column(Column::PatternDue)
        .to_owned();
    failure::Entity::insert_many(models).on_conflict(written).exec_without_returning(tx.raw()).await?;
    Ok(())
}
