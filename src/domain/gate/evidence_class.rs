//! Whether a check's evidence belongs in the gate, in the incident review, or is too vague to trust, and why.

use super::{CheckVerdict, EvidenceClass, Figures, words};
use crate::evidence::{CheckEvidence, EvidenceBundle};
use crate::owner::responsible;
use crate::scorecard::{Check, CheckRole, Criterion, FreshnessState};

/// The class with its reasons.
pub(super) fn evidence_class(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    figures: &Figures,
    verdict: CheckVerdict,
) -> (EvidenceClass, Vec<String>) {
    let vague = vague(bundle, check, evidence, figures, verdict);
    if !vague.is_empty() {
        return (EvidenceClass::TooVague, vague);
    }
    if check.role == CheckRole::Info {
        let why = format!("{} is shown for information: it explains a release and decides nothing.", check.signal);
        return (EvidenceClass::IncidentReview, vec![why]);
    }
    (EvidenceClass::Gate, vec![check.signal.definition().proves.to_owned()])
}

fn vague(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    figures: &Figures,
    verdict: CheckVerdict,
) -> Vec<String> {
    let mut why = Vec::new();
    let signal = &check.signal;
    if evidence.unverified.is_some() {
        why.push(format!("Nobody reports the facts that {signal} rests on."));
    }
    if evidence.overall.candidate_concluded.n == 0 {
        why.push(format!("{signal} has no denominator: no concluded run says anything about it."));
    }
    if let Some(scorecard) = &bundle.scorecard
        && responsible(scorecard.owner.as_ref(), scorecard.backup.as_ref()).is_none()
    {
        why.push("Nobody answers for it: the scorecard has no owner who can act.".to_owned());
    }
    if bundle.freshness.as_ref().is_some_and(|freshness| freshness.state == FreshnessState::Stale) {
        why.push("The scorecard is stale.".to_owned());
    }
    let margin = match check.criterion {
        Criterion::NotWorseThanBaseline { margin } | Criterion::WithinBaseline { margin } => {
            Some(margin.unwrap_or(bundle.policy.default_margin))
        }
        Criterion::Floor { .. } | Criterion::Ceiling { .. } => None,
    };
    // Where the evidence has spoken, the width of the interval beside it takes nothing away.
    if let (CheckVerdict::Inconclusive, Some(margin), Some(interval)) = (verdict, margin, figures.difference_interval)
        && interval.width() > 2.0 * margin
    {
        why.push(format!(
            "Its interval ({} points wide) is wider than its margin of {} points either way.",
            words::margin(interval.width()),
            words::margin(margin)
        ));
    }
    why
}
