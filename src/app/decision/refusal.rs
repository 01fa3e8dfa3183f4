//! Why a decision is not taken: what changed meanwhile, and the rules it breaks.

use seatrial_domain::decision::{DecisionRefusal, SealedDecision};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::{DecisionId, GateId};
use seatrial_store::decision::DecisionFilter;
use seatrial_store::{WriteTx, decision};

use crate::app::access::ProjectAccess;
use crate::app::error::{AppError, FieldError};

pub(super) fn evidence_changed(current: Option<Digest>) -> AppError {
    let detail = match current {
        None => "Nothing is frozen for this gate yet; freeze its evidence, look at it, then decide.".to_owned(),
        Some(digest) => format!("Other evidence was frozen meanwhile: {digest}. Look at it, then decide."),
    };
    AppError::Conflict { code: if current.is_some() { "evidence_changed" } else { "not_frozen" }, detail }
}

pub(super) fn refuse(refusals: Vec<DecisionRefusal>) -> AppError {
    let rule = |code: &'static str, refusal: &DecisionRefusal| AppError::Conflict { code, detail: refusal.to_string() };
    let who = refusals.iter().find_map(|refusal| match refusal {
        DecisionRefusal::NotAPerson | DecisionRefusal::Role { .. } => Some(rule("not_a_decider", refusal)),
        DecisionRefusal::SamePerson => Some(rule("same_person", refusal)),
        DecisionRefusal::SecondNotAPerson | DecisionRefusal::SecondRole { .. } => {
            Some(rule("not_a_second_person", refusal))
        }
        _ => None,
    });
    who.unwrap_or_else(|| AppError::Invalid {
        // That a second person is needed too is said once the rest is mended, by keeping the proposal.
        errors: refusals
            .iter()
            .filter(|refusal| !needs_only_a_second(refusal))
            .map(|refusal| FieldError::new("reason", refusal.to_string()))
            .collect(),
    })
}

pub(super) const fn needs_only_a_second(refusal: &DecisionRefusal) -> bool {
    matches!(
        refusal,
        DecisionRefusal::SecondPersonMissing { .. }
            | DecisionRefusal::PolicyTakesTwo { .. }
            | DecisionRefusal::OpenerAlone { .. }
    )
}

/// Refuses a decision made without knowing the one that stands: two who decide at once must not undo each other unseen.
pub(super) async fn stands_as_known(
    tx: &WriteTx,
    project: &ProjectAccess,
    gate: GateId,
    known: Option<DecisionId>,
) -> Result<(), AppError> {
    let of_gate = DecisionFilter { gate: Some(gate), ..DecisionFilter::default() };
    let standing = decision::latest(tx, project.scope, &of_gate).await?;
    if standing.as_ref().map(|sealed| sealed.record.id) == known {
        return Ok(());
    }
    let detail = match standing {
        Some(SealedDecision { record, .. }) => format!(
            "{} decided to {} ({}). Look at that; to take its place, name it in `supersedes`.",
            record.decided_by.display_name,
            record.verdict.words(),
            record.id
        ),
        None => {
            "Nobody has decided this gate, so there is no decision to supersede; leave `supersedes` out.".to_owned()
        }
    };
    Err(AppError::Conflict { code: "decided_meanwhile", detail })
}
