//! What stands against an act on a failure: somebody else's reservation, an earlier decision, a case that does not cover it.

use seatrial_domain::case::CaseState;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use seatrial_store::case::CaseRow;
use seatrial_store::failure::FailureRow;

use crate::app::access::Caller;
use crate::app::error::AppError;

/// Refuses while somebody else works on the failure.
pub(in crate::app) fn require_free(row: &FailureRow, caller: &Caller, now: Timestamp) -> Result<(), AppError> {
    match row.reserved(now).filter(|reserved| Some(reserved.by.account) != caller.account()) {
        None => Ok(()),
        Some(reserved) => Err(AppError::Conflict {
            code: "reserved",
            detail: format!(
                "{} works on this failure until {}; take another, or wait until then.",
                reserved.by.name, reserved.until
            ),
        }),
    }
}

pub(in crate::app) fn require_open(row: &FailureRow) -> Result<(), AppError> {
    let what = match (row.standing.status, row.standing.case) {
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

/// What no longer counts as a failure cannot wait to be learned from.
pub(super) fn require_failed(row: &FailureRow) -> Result<(), AppError> {
    if row.still_failed {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "not_a_failure",
        detail: "The run does not count as a failure any more, so there is nothing to open again.".to_owned(),
    })
}

pub(super) fn dismissal(reason: &str) -> Result<String, AppError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(AppError::invalid("reason", "say why there is nothing to learn from this failure"));
    }
    if reason.len() > limits::NOTE_BYTES {
        let message = format!("it is {} bytes long; at most {} are accepted", reason.len(), limits::NOTE_BYTES);
        return Err(AppError::invalid("reason", message));
    }
    Ok(reason.to_owned())
}

pub(super) fn check_covers(covering: &CaseRow, row: &FailureRow) -> Result<(), AppError> {
    if covering.workflow != row.workflow {
        return Err(AppError::Conflict {
            code: "other_workflow",
            detail: "The eval case tests another workflow, so it does not cover this failure.".to_owned(),
        });
    }
    if covering.case.state == CaseState::Retired {
        return Err(AppError::Conflict {
            code: "case_retired",
            detail: "The eval case is retired and tests nothing; activate it again first, or promote the failure."
                .to_owned(),
        });
    }
    Ok(())
}
