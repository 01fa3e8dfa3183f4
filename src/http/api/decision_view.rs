//! Decisions as the API shows them.

use seatrial_domain::access::Actor;
use seatrial_domain::decision::SealedDecision;
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, GateId, ReleaseId, WorkflowId};
use seatrial_domain::time::Timestamp;
use serde::Serialize;

use crate::app::decision::ListedDecision;

/// A recorded decision.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DecisionView {
    /// Its id.
    #[schema(value_type = String)]
    id: DecisionId,
    /// Its place in the project's chain, from 1.
    sequence: u64,
    /// The gate that was answered.
    #[schema(value_type = String)]
    gate_id: GateId,
    /// Of which work.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The release it is about.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// What was decided.
    verdict: Verdict,
    /// What was recommended.
    recommended: Verdict,
    /// Why.
    reason: String,
    /// Who decided.
    decided_by: Actor,
    /// The second person.
    approved_by: Option<Actor>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    /// The evidence it rests on.
    #[schema(value_type = String)]
    bundle: Digest,
    /// The policy it was made under.
    #[schema(value_type = String)]
    policy: Digest,
    /// The recommendation.
    #[schema(value_type = String)]
    recommendation: Digest,
    /// The earlier decision that it takes the place of.
    #[schema(value_type = Option<String>)]
    supersedes: Option<DecisionId>,
    /// The later decision that takes its place.
    #[schema(value_type = Option<String>)]
    superseded_by: Option<DecisionId>,
    /// The digest of the decision before it in the chain.
    #[schema(value_type = Option<String>)]
    previous: Option<Digest>,
    /// Its own digest.
    #[schema(value_type = String)]
    digest: Digest,
}

impl DecisionView {
    pub(super) fn of(sealed: SealedDecision, superseded_by: Option<DecisionId>) -> Self {
        let SealedDecision { record, digest } = sealed;
        Self {
            id: record.id,
            sequence: record.sequence,
            gate_id: record.gate,
            workflow_id: record.workflow,
            release_id: record.release,
            verdict: record.verdict,
            recommended: record.recommended,
            reason: record.reason,
            decided_by: record.decided_by,
            approved_by: record.approved_by,
            decided_at: record.decided_at,
            bundle: record.bundle,
            policy: record.policy,
            recommendation: record.recommendation,
            supersedes: record.supersedes,
            superseded_by,
            previous: record.previous,
            digest,
        }
    }
}

impl From<ListedDecision> for DecisionView {
    fn from(listed: ListedDecision) -> Self {
        Self::of(listed.sealed, listed.superseded_by)
    }
}
