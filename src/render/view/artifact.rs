//! The review artifact: what a bundle and its decision say, for people and machines, in one fixed order.

use serde::{Deserialize, Serialize};

use super::gate::{BundleRef, GateCheck, Recommendation, SuiteResult};
use super::release::MixRow;
use super::scorecard::SignalNote;
use super::{Freshness, Gap, KeyValue, Time};

/// The artifact. Its JSON form is this struct, so the order of fields is the order of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ArtifactView {
    /// Version of this shape: `seatrial.review/1`.
    pub schema: String,
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Release decided about.
    pub release: String,
    /// What it was compared with.
    pub baseline: Option<String>,
    /// How, in words.
    pub comparison: String,
    /// Policy, name and version.
    pub policy: String,
    /// When the document was made.
    pub generated_at: Time,
    /// Where the decision or gate is shown, as an absolute address.
    pub url: Option<String>,
    /// The decision; `None` in a preview.
    pub decision: Option<ArtifactDecision>,
    /// What the machine recommended, and why.
    pub recommendation: Recommendation,
    /// Verdict and recommendation differ; the decision's reason says why.
    pub differs: bool,
    /// The four questions.
    pub questions: Questions,
    /// The checks, key ones first, each with its segments.
    pub checks: Vec<GateCheck>,
    /// Failure classes now and before.
    pub failure_mix: Vec<MixRow>,
    /// Whether that mix changed, in words with figures; absent where there is nothing to compare.
    pub mix_note: Option<String>,
    /// Eval results by suite.
    pub suites: Vec<SuiteResult>,
    /// What is missing.
    pub gaps: Vec<Gap>,
    /// The evidence by what it is good for.
    pub evidence: EvidenceClasses,
    /// Responses opened.
    pub responses: Vec<ResponseRow>,
    /// The frozen evidence; `None` in a preview.
    pub bundle: Option<BundleRef>,
    /// Digests: name and SHA-256.
    pub digests: Vec<KeyValue>,
    /// Place in the ledger.
    pub chain: Option<ChainPlace>,
    /// Command that verifies all of it offline.
    pub verify_command: String,
}

/// The decision as the artifact states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ArtifactDecision {
    /// Id, `dec_…`.
    pub id: String,
    /// `ship`, `hold`, `rollback` or `collect_more_evidence`.
    pub verdict: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: Time,
    /// Who else approved: name and role.
    pub approvers: Vec<KeyValue>,
    /// The reason, Markdown as it was written.
    pub reason: String,
    /// Id of the decision that replaced it.
    pub superseded_by: Option<String>,
}

/// The four questions a review answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Questions {
    /// What each signal proves and does not.
    pub signal_quality: Vec<SignalNote>,
    /// Ship, hold, roll back or collect more: the answer in a sentence.
    pub release_use: String,
    /// Which misses became cases, and which did not.
    pub failure_learning: Learning,
    /// Who maintains the scorecard.
    pub owner: OwnerAnswer,
}

/// What was learned from failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Learning {
    /// Failures in the evidence.
    pub failures: u64,
    /// Became an eval case.
    pub promoted: u64,
    /// Linked to an existing case.
    pub linked: u64,
    /// Dismissed with a reason.
    pub dismissed: u64,
    /// Nobody has learned from them yet.
    pub open: u64,
    /// By failure class, critical first.
    pub classes: Vec<LearnedClass>,
}

/// Learning from one failure class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LearnedClass {
    /// Failure class; `None` is *not classified*.
    pub class: Option<String>,
    /// `critical`, `major` or `minor`.
    pub severity: Option<String>,
    /// Failures.
    pub failures: u64,
    /// Of those, promoted or linked.
    pub learned: u64,
    /// Of those, still open.
    pub open: u64,
    /// Titles of the cases that cover the class.
    pub cases: Vec<String>,
}

/// Who maintains the scorecard, and whether they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OwnerAnswer {
    /// Scorecard, name and version; `None` when the workflow has none.
    pub scorecard: Option<String>,
    /// Its owner; `None` is *no owner*.
    pub owner: Option<String>,
    /// Who is told when the owner does not act.
    pub backup: Option<String>,
    /// Whether it could be relied on at the freeze.
    pub freshness: Option<Freshness>,
    /// Last attestation before the freeze.
    pub attested_at: Option<Time>,
    /// By whom.
    pub attested_by: Option<String>,
}

/// Evidence sorted by what it is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceClasses {
    /// Belongs in the gate.
    pub gate: Vec<EvidenceItem>,
    /// Belongs in incident review.
    pub incident_review: Vec<EvidenceItem>,
    /// Too vague to trust.
    pub too_vague: Vec<EvidenceItem>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceItem {
    /// The signal or observation.
    pub what: String,
    /// Why it stands where it stands.
    pub why: String,
}

/// A response opened about the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResponseRow {
    /// `rollback`, `tighten_permissions`, `strengthen_approval`, `increase_sampling` or `update_eval_set`.
    pub kind: String,
    /// What is to be done.
    pub what: String,
    /// Who does it; `None` is *unowned*.
    pub owner: Option<String>,
    /// By when.
    pub due_at: Option<Time>,
    /// `open`, `acted`, `closed` or `cancelled`.
    pub state: String,
    /// What was done, or why not; `None` while it is open.
    pub done: Option<String>,
    /// What it moved, in words with figures; `None` while that is not known.
    pub effect: Option<String>,
}

/// Place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChainPlace {
    /// Position, from 1.
    pub position: u64,
    /// SHA-256 of the entry before; `None` for the first.
    pub previous: Option<String>,
}
