//! What would be different today: a frozen bundle beside the one that would be frozen now.

use serde::{Deserialize, Serialize};

use super::EvidenceBundle;
use crate::gap::Gap;
use crate::gate::{CheckVerdict, Recommendation, Verdict};

/// A figure when the evidence was frozen, and now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThenNow {
    /// When it was frozen.
    pub then: u64,
    /// Now.
    pub now: u64,
}

/// A check whose answer is another one today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckChange {
    /// Its key on the scorecard.
    pub key: String,
    /// What it said; absent when the scorecard did not have it.
    pub then: Option<CheckVerdict>,
    /// What it says; absent when the scorecard has it no more.
    pub now: Option<CheckVerdict>,
}

/// What would be different if the evidence were frozen today. The frozen bundle itself never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceChanges {
    /// What was recommended.
    pub verdict_then: Verdict,
    /// What would be recommended today.
    pub verdict_now: Verdict,
    /// Checks that answer otherwise today.
    pub checks: Vec<CheckChange>,
    /// Concluded units of the candidate.
    pub candidate_concluded: ThenNow,
    /// Settled units of the candidate.
    pub candidate_settled: ThenNow,
    /// Settled units of the baseline.
    pub baseline_settled: ThenNow,
    /// Gaps that were not there.
    pub gaps_opened: Vec<Gap>,
    /// Gaps that are gone.
    pub gaps_closed: Vec<Gap>,
    /// Whether the policy is another one.
    pub policy_changed: bool,
    /// Whether the scorecard is another one or another version.
    pub scorecard_changed: bool,
    /// Whether another engine evaluates today than did then, so that the same evidence may be told otherwise.
    pub engine_changed: bool,
}

impl EvidenceChanges {
    /// Whether today's bundle would say the same of the same runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let same = |figure: ThenNow| figure.then == figure.now;
        self.verdict_then == self.verdict_now
            && self.checks.is_empty()
            && [self.candidate_concluded, self.candidate_settled, self.baseline_settled].into_iter().all(same)
            && self.gaps_opened.is_empty()
            && self.gaps_closed.is_empty()
            && !self.policy_changed
            && !self.scorecard_changed
            && !self.engine_changed
    }
}

/// Sets what was frozen beside what would be frozen now.
#[must_use]
pub fn changes(then: (&EvidenceBundle, &Recommendation), now: (&EvidenceBundle, &Recommendation)) -> EvidenceChanges {
    let ((old, said), (new, says)) = (then, now);
    let verdict = |recommendation: &Recommendation, key: &str| recommendation.check(key).map(|check| check.verdict);
    let added = says.checks.iter().filter(|check| said.check(&check.key).is_none());
    let checks = said.checks.iter().chain(added).map(|check| CheckChange {
        key: check.key.clone(),
        then: verdict(said, &check.key),
        now: verdict(says, &check.key),
    });
    let missing = |from: &[Gap], gap: &Gap| !from.iter().any(|other| other.key() == gap.key());
    let card = |bundle: &EvidenceBundle| bundle.scorecard.as_ref().map(|card| (card.id, card.version));
    EvidenceChanges {
        verdict_then: said.verdict,
        verdict_now: says.verdict,
        checks: checks.filter(|check| check.then != check.now).collect(),
        candidate_concluded: ThenNow { then: old.candidate_totals.concluded, now: new.candidate_totals.concluded },
        candidate_settled: ThenNow { then: old.candidate_totals.settled, now: new.candidate_totals.settled },
        baseline_settled: ThenNow { then: old.baseline_totals.settled, now: new.baseline_totals.settled },
        gaps_opened: new.gaps.iter().filter(|gap| missing(&old.gaps, gap)).cloned().collect(),
        gaps_closed: old.gaps.iter().filter(|gap| missing(&new.gaps, gap)).cloned().collect(),
        policy_changed: old.policy != new.policy,
        scorecard_changed: card(old) != card(new),
        engine_changed: said.engine != says.engine,
    }
}
