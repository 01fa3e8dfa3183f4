//! Failures: listed, counted, and learned from by promoting, linking or dismissing them.

mod promote;

use seatrial_domain::access::Permission;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{CaseId, RunId};
use seatrial_domain::limits;
use seatrial_store::case::{self, CaseRow};
use seatrial_store::failure::{self, Decided, FailureCount, FailureFilter, FailureRow};
use seatrial_store::{Connection, Cursor, Page, WriteTx};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::case::NOUN as CASE;
use super::error::AppError;

pub use promote::{CasePreview, NearCase, Nearness, Promoted, Promotion};

pub(super) const NOUN: &str = "failure";

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

    /// Counts failures by workflow, release and class, critical first; at most [`limits::FAILURE_GROUPS`] groups.
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
    /// project, the caller may not, or the database fails.
    pub async fn link_failure(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        to: CaseId,
    ) -> Result<FailureRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let row = find_to_decide(&tx, &project, run).await?;
        if row.status == LearningStatus::Linked && row.case == Some(to) {
            return Ok(row);
        }
        require_open(&row)?;
        let covering = case::find(&tx, project.scope, to).await?.ok_or(AppError::NotFound { noun: CASE })?;
        check_covers(&covering, &row)?;
        let decided = Decided { case: Some(to), ..self.failure_decided(&project, LearningStatus::Linked) };
        self.decide_failure(&tx, &project, &row, &decided).await?;
        self.audit(&tx, &project, "link", NOUN, run, &json!({ "case": to })).await?;
        self.commit_failure(tx, &project, run).await
    }

    /// Dismisses a failure with a reason. The same dismissal again changes nothing.
    ///
    /// # Errors
    /// When the reason is missing or too long, something else was decided already, the failure is not in the project,
    /// the caller may not, or the database fails.
    pub async fn dismiss_failure(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        reason: &str,
    ) -> Result<FailureRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(AppError::invalid("reason", "say why there is nothing to learn from this failure"));
        }
        if reason.len() > limits::NOTE_BYTES {
            let message = format!("it is {} bytes long; at most {} are accepted", reason.len(), limits::NOTE_BYTES);
            return Err(AppError::invalid("reason", message));
        }
        let tx = self.store.write().await?;
        let row = find_to_decide(&tx, &project, run).await?;
        if row.status == LearningStatus::Dismissed && row.reason.as_deref() == Some(reason) {
            return Ok(row);
        }
        require_open(&row)?;
        let decided =
            Decided { reason: Some(reason.to_owned()), ..self.failure_decided(&project, LearningStatus::Dismissed) };
        self.decide_failure(&tx, &project, &row, &decided).await?;
        self.audit(&tx, &project, "dismiss", NOUN, run, &json!({ "reason": reason })).await?;
        self.commit_failure(tx, &project, run).await
    }

    /// Takes a decision about a failure back: it is open again. A case it became stays, and can be retired. Nothing
    /// changes when it is open already.
    ///
    /// # Errors
    /// When the run does not count as a failure any more, the failure is not in the project, the caller may not, or the
    /// database fails.
    pub async fn undo_failure(&self, caller: &Caller, project: &str, run: RunId) -> Result<FailureRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let row = find_to_decide(&tx, &project, run).await?;
        if row.status == LearningStatus::Open {
            return Ok(row);
        }
        if !row.still_failed {
            return Err(AppError::Conflict {
                code: "not_a_failure",
                detail: "The run does not count as a failure any more, so there is nothing to open again.".to_owned(),
            });
        }
        let decided = self.failure_decided(&project, LearningStatus::Open);
        self.decide_failure(&tx, &project, &row, &decided).await?;
        let before = json!({ "status": row.status, "case": row.case, "reason": row.reason });
        self.audit(&tx, &project, "undo", NOUN, run, &json!({ "before": before })).await?;
        self.commit_failure(tx, &project, run).await
    }

    /// A decision by the caller now, without case or reason.
    fn failure_decided(&self, project: &ProjectAccess, status: LearningStatus) -> Decided {
        Decided { status, case: None, reason: None, by: project.actor().clone(), at: self.now() }
    }

    /// Decides about a failure as it was read; somebody else may have been faster.
    async fn decide_failure(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: &FailureRow,
        decided: &Decided,
    ) -> Result<(), AppError> {
        if failure::decide(tx, project.scope, row.run, row.status, decided).await? {
            return Ok(());
        }
        Err(AppError::Conflict {
            code: "already_decided",
            detail: "Somebody else decided about this failure just now; load it again.".to_owned(),
        })
    }

    /// Commits and returns the failure as it is then.
    async fn commit_failure(&self, tx: WriteTx, project: &ProjectAccess, run: RunId) -> Result<FailureRow, AppError> {
        let row = find(&tx, project, run).await?;
        tx.commit().await?;
        Ok(row)
    }
}

async fn find(db: &impl Connection, project: &ProjectAccess, run: RunId) -> Result<FailureRow, AppError> {
    let row = failure::find(db, project.scope, run).await?;
    row.ok_or(AppError::NotFound { noun: NOUN })
}

async fn find_to_decide(tx: &WriteTx, project: &ProjectAccess, run: RunId) -> Result<FailureRow, AppError> {
    let row = failure::for_update(tx, project.scope, run).await?;
    row.ok_or(AppError::NotFound { noun: NOUN })
}

fn require_open(row: &FailureRow) -> Result<(), AppError> {
    let what = match (row.status, row.case) {
        (LearningStatus::Open, _) => return Ok(()),
        (LearningStatus::Promoted, Some(case)) => format!("became the eval case {case}"),
        (LearningStatus::Linked, Some(case)) => format!("is linked to the eval case {case}"),
        (LearningStatus::Promoted | LearningStatus::Linked, None) => "is covered by an eval case".to_owned(),
        (LearningStatus::Dismissed, _) => "was dismissed".to_owned(),
    };
    Err(AppError::Conflict {
        code: "already_decided",
        detail: format!("The failure {what} already; undo that first if it was a mistake."),
    })
}

fn check_covers(covering: &CaseRow, row: &FailureRow) -> Result<(), AppError> {
    if covering.workflow != row.workflow {
        return Err(AppError::Conflict {
            code: "other_workflow",
            detail: "The eval case tests another workflow, so it does not cover this failure.".to_owned(),
        });
    }
    if covering.case.state == seatrial_domain::case::CaseState::Retired {
        return Err(AppError::Conflict {
            code: "case_retired",
            detail: "The eval case is retired and tests nothing; activate it again first, or promote the failure."
                .to_owned(),
        });
    }
    Ok(())
}
