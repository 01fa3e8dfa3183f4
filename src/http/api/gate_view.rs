//! Gates, frozen evidence and proposals as the API shows them.

use seatrial_domain::access::Actor;
use seatrial_domain::decision::ProposalState;
use seatrial_domain::digest::Digest;
use seatrial_domain::evidence::{
    ArmTotals, ClassMix, EvidenceBundle, EvidenceChanges, FactCoverage, Learning, Pairing,
};
use seatrial_domain::gate::{GateState, Recommendation, Verdict};
use seatrial_domain::ids::{DecisionId, GateId, ProposalId, ReleaseId, ScorecardId, WorkflowId};
use seatrial_domain::scorecard::{Exemption, Freshness};
use seatrial_domain::time::Timestamp;
use seatrial_store::bundle::BundleSummary;
use seatrial_store::gate::GateRow;
use seatrial_store::proposal::ProposalRow;
use serde::Serialize;

use super::decision_view::DecisionView;
use crate::app::gate::{Preview, WholeGate};
use crate::app::names::Names;

/// A gate.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct GateView {
    /// Its id.
    #[schema(value_type = String)]
    id: GateId,
    /// The workflow's id.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The workflow's name.
    workflow: String,
    /// The release's id.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// The id of the release it is compared with.
    #[schema(value_type = Option<String>)]
    baseline_id: Option<ReleaseId>,
    /// The name of the release it is compared with.
    baseline: Option<String>,
    /// Who asked.
    opened_by: Actor,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// How far it has come.
    state: GateState,
    /// The digest of its latest frozen evidence. A decision names it.
    #[schema(value_type = Option<String>)]
    bundle: Option<Digest>,
}

impl GateView {
    pub(super) fn of(row: GateRow, names: &Names) -> Self {
        Self {
            id: row.id,
            workflow_id: row.workflow,
            workflow: names.workflow_name(row.workflow),
            release_id: row.release,
            release: names.release_name(row.release),
            baseline_id: row.baseline,
            baseline: row.baseline.map(|baseline| names.release_name(baseline)),
            opened_by: row.opened_by,
            opened_at: row.opened_at,
            state: row.state,
            bundle: row.bundle,
        }
    }
}

/// Frozen evidence.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BundleView {
    /// Its name: the SHA-256 of its canonical bytes.
    #[schema(value_type = String)]
    digest: Digest,
    /// Who froze it.
    frozen_by: Actor,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    frozen_at: Timestamp,
}

impl From<BundleSummary> for BundleView {
    fn from(row: BundleSummary) -> Self {
        Self { digest: row.digest, frozen_by: row.frozen_by, frozen_at: row.frozen_at }
    }
}

/// Evidence that was just frozen, and what the machine recommends on it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct FrozenView {
    /// The evidence.
    pub(super) bundle: BundleView,
    /// The recommendation. A person decides.
    pub(super) recommendation: Recommendation,
}

/// A decision that waits, or waited, for a second person.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ProposalView {
    /// Its id.
    #[schema(value_type = String)]
    id: ProposalId,
    /// The gate to be answered.
    #[schema(value_type = String)]
    gate_id: GateId,
    /// The evidence it rests on.
    #[schema(value_type = String)]
    bundle: Digest,
    /// What is to be decided.
    verdict: Verdict,
    /// Why.
    reason: String,
    /// Why it takes a second person, and who that can be.
    takes_two_because: String,
    /// The first person.
    proposed_by: Actor,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    proposed_at: Timestamp,
    /// Where it stands.
    state: ProposalState,
    /// The decision it became.
    #[schema(value_type = Option<String>)]
    decision_id: Option<DecisionId>,
}

impl From<ProposalRow> for ProposalView {
    fn from(row: ProposalRow) -> Self {
        Self {
            id: row.id,
            gate_id: row.gate,
            bundle: row.bundle,
            verdict: row.verdict,
            reason: row.reason,
            takes_two_because: row.takes_two_because,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            state: row.state,
            decision_id: row.decision,
        }
    }
}

/// A gate with everything that came of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct GateDetail {
    /// The gate.
    #[serde(flatten)]
    gate: GateView,
    /// What was recommended on its latest frozen evidence.
    recommendation: Option<Recommendation>,
    /// What was frozen for it, latest first.
    bundles: Vec<BundleView>,
    /// Decisions that wait, or waited, for a second person, latest first.
    proposals: Vec<ProposalView>,
    /// The decision that stands.
    decision: Option<DecisionView>,
}

impl GateDetail {
    pub(super) fn of(whole: WholeGate, names: &Names) -> Self {
        Self {
            gate: GateView::of(whole.gate, names),
            recommendation: whole.recommendation,
            bundles: whole.bundles.into_iter().map(BundleView::from).collect(),
            proposals: whole.proposals.into_iter().map(ProposalView::from).collect(),
            decision: whole.decision.map(|sealed| DecisionView::of(sealed, None)),
        }
    }
}

/// The scorecard a bundle holds.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ScorecardRef {
    /// Its id.
    #[schema(value_type = String)]
    id: ScorecardId,
    /// Its name.
    name: String,
    /// Its version.
    version: u32,
}

/// What the gate would freeze now, in short, and the recommendation on it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EvaluationView {
    /// When it was looked at.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// What the machine recommends. A person decides, on frozen evidence.
    recommendation: Recommendation,
    /// How the arms are set against each other.
    pairing: Pairing,
    /// Baseline outcomes set against one candidate outcome, when the pairing is historical.
    pool_ratio: Option<f64>,
    /// The version of the policy.
    policy_version: u32,
    /// What the workflow is held to.
    scorecard: Option<ScorecardRef>,
    /// Whether that can be relied on.
    freshness: Option<Freshness>,
    /// Run counts of the baseline.
    baseline_totals: ArmTotals,
    /// Run counts of the candidate.
    candidate_totals: ArmTotals,
    /// Whether counts are of units rather than runs.
    units_known: bool,
    /// Failure classes of both arms.
    failure_mix: Vec<ClassMix>,
    /// For how many runs each kind of fact is known.
    coverage: Vec<FactCoverage>,
    /// What became of the candidate's failures.
    learning: Learning,
    /// Checks that are exempted, which is not a pass.
    exemptions: Vec<Exemption>,
    /// What is different from the latest frozen evidence, where there is one.
    changes: Option<EvidenceChanges>,
}

impl From<Preview> for EvaluationView {
    fn from(preview: Preview) -> Self {
        let EvidenceBundle {
            as_of,
            pairing,
            pool_ratio,
            policy,
            scorecard,
            freshness,
            baseline_totals,
            candidate_totals,
            units_known,
            failure_mix,
            coverage,
            learning,
            exemptions,
            ..
        } = preview.evaluation.bundle;
        Self {
            as_of,
            recommendation: preview.evaluation.recommendation,
            pairing,
            pool_ratio,
            policy_version: policy.version,
            scorecard: scorecard.map(|card| ScorecardRef { id: card.id, name: card.name, version: card.version }),
            freshness,
            baseline_totals,
            candidate_totals,
            units_known,
            failure_mix,
            coverage,
            learning,
            exemptions,
            changes: preview.changes,
        }
    }
}
