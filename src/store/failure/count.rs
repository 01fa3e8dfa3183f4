//! Counting failures: by workflow, release and class, and how many wait.

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, Order};
use sea_orm::{ColumnTrait as _, FromQueryResult, QueryOrder as _, QuerySelect as _};
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use super::{FailureFilter, rank, select};
use crate::connection::Connection;
use crate::entity::failure;
use crate::error::StoreError;
use crate::ingest::severity;
use crate::scope::Scope;

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
        // Counted without a column beside those of the index `failures_by_group`.
        Expr::expr(CaseStatement::new().case(is, 1)).count()
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

/// Failures of one class.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ClassCount {
    /// The class; `None` when nobody named one.
    pub failure_class: Option<String>,
    /// All of them.
    failures: i64,
    /// Not looked at yet.
    open: i64,
}

impl ClassCount {
    /// All of them, and those nobody has looked at yet.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        (count(self.failures), count(self.open))
    }
}

/// Counts failures by class, the most frequent first, at most [`limits::FAILURE_GROUPS`].
///
/// # Errors
/// When the database fails.
pub async fn by_class(
    db: &impl Connection,
    scope: Scope,
    filter: &FailureFilter,
) -> Result<Vec<ClassCount>, StoreError> {
    let open = failure::Column::Status.eq(LearningStatus::Open.as_str());
    let open = Expr::expr(CaseStatement::new().case(open, 1)).count();
    let all = || Expr::val(1).count();
    let most = u64::try_from(limits::FAILURE_GROUPS).unwrap_or(u64::MAX);
    let rows = select(scope, filter)
        .select_only()
        .column(failure::Column::FailureClass)
        .expr_as(all(), "failures")
        .expr_as(open, "open")
        .group_by(failure::Column::FailureClass)
        .order_by(all(), Order::Desc)
        .limit(most)
        .into_model()
        .all(db.raw())
        .await?;
    Ok(rows)
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
