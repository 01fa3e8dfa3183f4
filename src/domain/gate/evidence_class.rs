//! What a check is, seen as a claim: where its evidence belongs.

use super::vague::{Claim, Sharpness, classify};
use super::{CheckVerdict, DimensionResult, EvidenceClass, Figures};
use crate::evidence::{CheckEvidence, EvidenceBundle};
use crate::owner::responsible;
use crate::scorecard::{Check, Criterion, FreshnessState};

/// The class of a check's evidence with its reasons.
pub(super) fn evidence_class(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    figures: &Figures,
    dimensions: &[DimensionResult],
    verdict: CheckVerdict,
) -> (EvidenceClass, Vec<String>) {
    let misleading = dimensions.iter().filter(|dimension| dimension.misleading.is_some());
    let owned = |card: &crate::scorecard::Scorecard| responsible(card.owner.as_ref(), card.backup.as_ref()).is_some();
    classify(&Claim {
        subject: check.subject(),
        proves: check.signal.definition().proves.to_owned(),
        role: Some(check.role),
        unreported: evidence.unverified.map(|fact| fact.noun().to_owned()),
        known: evidence.overall.candidate_concluded.n,
        owned: bundle.scorecard.as_ref().is_none_or(owned),
        stale: bundle.freshness.as_ref().is_some_and(|freshness| freshness.state == FreshnessState::Stale),
        spoken: verdict != CheckVerdict::Inconclusive,
        sharpness: sharpness(bundle, check, figures),
        blended: misleading.map(|dimension| dimension.dimension.clone()).collect(),
    })
}

fn sharpness(bundle: &EvidenceBundle, check: &Check, figures: &Figures) -> Option<Sharpness> {
    let margin = match check.criterion {
        Criterion::NotWorseThanBaseline { margin } | Criterion::WithinBaseline { margin } => {
            margin.unwrap_or(bundle.policy.default_margin)
        }
        _ => return None,
    };
    let amount = figures.amount.as_ref().and_then(|amount| amount.change_interval);
    let interval = figures.difference_interval.or(amount)?;
    Some(Sharpness { width: interval.width(), margin })
}
