//! Failures: listed, counted, and learned from by promoting, linking or dismissing them.

mod promote;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{CaseId, RunId};
use seatrial_domain::limits;
use seatrial_store::failure::{self, FailureCount, FailureFilter, FailureRow};
use seatrial_store::{Connection, Cursor, Page, WriteTx};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::error::AppError;
use super::triage::Deed;

pub use promote::{CasePreview, NearCase, Nearness, Promoted, Promotion};

pub(super) const NOUN: &str = "failure";

/// Failures of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// The class; `None` when nobody named one.
    pub failure_class: Option<String>,
    /// All of them.
    pub failures: u64,
    /// Not looked at yet.
    pub open: u64,
}

impl App {
    /// Lists failures, critical first and the latest of equals first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn failures(
        &self,
        caller: &Caller,
        project: &str,
        filter: &FailureFilter,
        page: Page,
    ) -> Result<(Vec<FailureRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(failure::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// Counts failures by workflow, release and class, critical first; at most 200 groups.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn failure_counts(
        &self,
        caller: &Caller,
        project: &str,
        filter: &FailureFilter,
    ) -> Result<Vec<FailureCount>, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(failure::counts(self.store.read(), project.scope, filter).await?)
    }

    /// Failures by class, of runs that began in the last `days`, the most frequent first.
    ///
    /// # Errors
    /// When the time is out of bounds, the caller may not, or the database fails.
    pub async fn failure_class_counts(
        &self,
        caller: &Caller,
        project: &str,
        days: u32,
    ) -> Result<Vec<ClassCount>, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        if !(1..=limits::QUERY_DAYS).contains(&i64::from(days)) {
            return Err(AppError::invalid("days", format!("use 1 to {} days", limits::QUERY_DAYS)));
        }
        let from = Some(self.now().plus_days(-i64::from(days)));
        let filter = FailureFilter { from, ..FailureFilter::default() };
        let rows = failure::by_class(self.store.read(), project.scope, &filter).await?;
        let count = |row: failure::ClassCount| {
            let (failures, open) = row.counts();
            ClassCount { failure_class: row.failure_class, failures, open }
        };
        Ok(rows.into_iter().map(count).collect())
    }

    /// The failure of a run.
    ///
    /// # Errors
    /// When the run is not in the project or did not fail, the caller may not, or the database fails.
    pub async fn failure(&self, caller: &Caller, project: &str, run: RunId) -> Result<FailureRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        find(self.store.read(), &project, run).await
    }

    /// Links a failure to a case that covers it. The same link again changes nothing.
    ///
    /// # Errors
    /// When something else was decided already, the case is of another workflow or retired, either is not in the
    /// project, somebody else has reserved it, the caller may not, or the database fails.
    pub async fn link_failure(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        to: CaseId,
    ) -> Result<FailureRow, AppError> {
        self.triage_one(caller, project, run, &Deed::Link(to)).await
    }

    /// Dismisses a failure with a reason. The same dismissal again changes nothing.
    ///
    /// # Errors
    /// When the reason is missing or too long, something else was decided already, the failure is not in the project,
    /// somebody else has reserved it, the caller may not, or the database fails.
    pub async fn dismiss_failure(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        reason: &str,
    ) -> Result<FailureRow, AppError> {
        self.triage_one(caller, project, run, &Deed::Dismiss(reason.to_owned())).await
    }

    /// Takes a decision about a failure back: it is open again. A case it became stays, and can be retired. Nothing
    /// changes when it is open already.
    ///
    /// # Errors
    /// When the run does not count as a failure any more, the failure is not in the project, somebody else has reserved
    /// it, the caller may not, or the database fails.
    pub async fn undo_failure(&self, caller: &Caller, project: &str, run: RunId) -> Result<FailureRow, AppError> {
        self.triage_one(caller, project, run, &Deed::Reopen).await
    }
}

pub(super) async fn find(db: &impl Connection, project: &ProjectAccess, run: RunId) -> Result<FailureRow, AppError> {
    let row = failure::find(db, project.scope, run).await?;
    row.ok_or(AppError::NotFound { noun: NOUN })
}

pub(super) async fn find_to_decide(tx: &WriteTx, project: &ProjectAccess, run: RunId) -> Result<FailureRow, AppError> {
    let row = failure::for_update(tx, project.scope, run).await?;
    row.ok_or(AppError::NotFound { noun: NOUN })
}
