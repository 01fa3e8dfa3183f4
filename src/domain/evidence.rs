//! Evidence bundles: everything a gate looked at, frozen, canonicalised and named by its SHA-256.
//!
//! [`freeze`] assembles a bundle from blocks, policy, scorecard and what else is known; [`crate::gate::evaluate`]
//! reads nothing but the bundle. The order in which inputs are handed over does not change a byte.

mod changes;
mod freeze;
mod gaps;
mod held;
mod looks;
mod outline;
mod prefix;
mod series;
mod tally;

use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, to_canonical};
use crate::digest::Digest;
use crate::failure::Severity;
use crate::gap::Gap;
use crate::ids::{CaseId, GateId, ProjectId, ReleaseId, WorkflowId};
use crate::policy::Policy;
use crate::release::ReleaseState;
use crate::scorecard::{Exemption, Freshness, Scorecard};
use crate::stats::ratio::RatioSums;
use crate::stats::{Outcomes, Sketch};
use crate::time::Timestamp;
use crate::workflow::{FactKind, FactSource, RiskClass};

pub use changes::{CheckChange, EvidenceChanges, ThenNow, changes};
pub use freeze::{FreezeInput, freeze, freeze_with};
pub use held::{ArmBlocks, ArmEvidence, Held, Span};
pub use looks::{Beside, Look, Minute, looks};
pub use prefix::Prefix;
pub use series::{PairSide, Tick, build_series, matched_series, pairing_of, pool_ratio};

/// The version of the bundle's shape that this code writes and reads.
pub const BUNDLE_SCHEMA: u32 = 1;

/// How the two arms are set against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Both had runs in the same time and are compared on that time.
    Concurrent,
    /// The baseline is an earlier one, used up in time order: confounded with time.
    Historical,
    /// There is no baseline.
    None,
}

/// A project as frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrozenProject {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ProjectId,
    /// Its name then.
    pub name: String,
    /// The currency of its costs then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
}

/// A workflow as frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrozenWorkflow {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WorkflowId,
    /// Its name then.
    pub name: String,
    /// How much harm it can do.
    pub risk: RiskClass,
    /// After how long a concluded run was settled, in seconds.
    pub settle_seconds: i64,
}

/// A release as frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrozenRelease {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ReleaseId,
    /// Its name: the version string that the traces carry.
    pub name: String,
    /// Where it stood.
    pub state: ReleaseState,
}

/// A rate's count: how many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateCount {
    /// Denominator.
    pub n: u64,
    /// Numerator.
    pub successes: u64,
}

/// The ordered blocks of one signal over one group of runs, in both arms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Blocks of settled runs of both arms, each `[n_a, s_a, n_b, s_b]`.
    pub settled: Vec<Outcomes>,
    /// Blocks of the candidate's concluded runs against the baseline's settled ones, for signals that late facts can
    /// only worsen; absent when they are the settled blocks.
    pub concluded: Option<Vec<Outcomes>>,
    /// All settled runs of the baseline that were looked at.
    pub baseline: RateCount,
    /// All settled runs of the candidate.
    pub candidate: RateCount,
    /// All concluded runs of the candidate, younger ones included.
    pub candidate_concluded: RateCount,
    /// Whether the earlier baseline was used up before the candidate's runs were.
    pub pool_exhausted: bool,
    /// Looks at the sums of an amount or a ratio, in its unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sums: Vec<Look<RatioSums>>,
    /// Looks at the sums of the candidate's concluded runs against the baseline's settled ones, where late facts can only
    /// worsen them; absent when they are those of settled runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concluded_sums: Option<Vec<Look<RatioSums>>>,
    /// Looks at the sketches of an amount whose quantile is asked for, in the sketch's unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sketches: Vec<Look<Sketch>>,
    /// Runs of the candidate that have been open for longer than the quantile asked for: not yet done.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub open: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Series {
    /// The blocks that evidence of harm reads.
    #[must_use]
    pub fn harm(&self) -> &[Outcomes] {
        self.concluded.as_deref().unwrap_or(&self.settled)
    }

    /// The looks at sums that evidence of harm reads.
    #[must_use]
    pub fn harm_sums(&self) -> &[Look<RatioSums>] {
        self.concluded_sums.as_deref().unwrap_or(&self.sums)
    }
}

/// A segment's series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentSeries {
    /// The dimension.
    pub dimension: String,
    /// The value.
    pub value: String,
    /// Whether the scorecard requires it to pass.
    pub required: bool,
    /// Its blocks.
    pub series: Series,
}

/// Outcomes of both arms matched one to one within the segments of a dimension: the standardised comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchedSeries {
    /// The dimension.
    pub dimension: String,
    /// Blocks of settled pairs.
    pub settled: Vec<Outcomes>,
}

/// What one check looked at. Segments and matched series are sorted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckEvidence {
    /// The check's key on the scorecard.
    pub key: String,
    /// The kind of fact nobody reports, when the signal is unverified for that.
    pub unverified: Option<FactKind>,
    /// All runs.
    pub overall: Series,
    /// By segment.
    pub segments: Vec<SegmentSeries>,
    /// Standardised, one per dimension; only for comparisons with the baseline.
    pub matched: Vec<MatchedSeries>,
}

/// Run counts of one arm. Units where runs name one; otherwise runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmTotals {
    /// Closed runs.
    pub closed: u64,
    /// Closed runs with an unknown outcome.
    pub unknown_outcome: u64,
    /// Concluded units.
    pub concluded: u64,
    /// Settled units.
    pub settled: u64,
}

/// How often a failure class occurred in both arms, over concluded runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassMix {
    /// The class; empty for failures without one.
    pub class: String,
    /// How bad it is.
    pub severity: Severity,
    /// Failures of the baseline.
    pub baseline: u64,
    /// Failures of the candidate.
    pub candidate: u64,
}

/// A case that passed on the baseline and fails on the candidate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegressedCase {
    /// The case.
    #[schema(value_type = String)]
    pub case: CaseId,
    /// Its title then.
    pub title: String,
}

/// Cases with a result on both releases, by the two results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairedEvals {
    /// Passed on both.
    pub both_passed: u64,
    /// Failed on both.
    pub both_failed: u64,
    /// Failed on the baseline and pass now.
    pub fixed: u64,
    /// Passed on the baseline and fail now.
    pub regressed: u64,
}

/// Eval results of the candidate on one suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvalSummary {
    /// The suite's name.
    pub suite: String,
    /// Its version.
    pub version: u32,
    /// Cases that passed.
    pub passed: u64,
    /// Cases that failed.
    pub failed: u64,
    /// Cases without a result on this release.
    pub not_run: u64,
    /// Cases with trials that passed and trials that failed: their result cannot be trusted.
    #[serde(default, skip_serializing_if = "is_none")]
    pub flaky: u64,
    /// Beside the results of the baseline; absent without a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired: Option<PairedEvals>,
    /// Which passed on the baseline and fail now; the first [`crate::limits::REGRESSED_LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regressed: Vec<RegressedCase>,
}

/// Bundles of before suites had none say nothing of them, and keep their bytes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// For how many of the candidate's concluded runs a kind of fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactCoverage {
    /// The kind.
    pub fact: FactKind,
    /// Who reports it, when somebody does.
    pub source: Option<FactSource>,
    /// Runs for which it is known.
    pub known: u64,
    /// Concluded runs.
    pub concluded: u64,
}

/// What became of the candidate's failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Learning {
    /// Failures.
    pub failures: u64,
    /// Promoted, linked or dismissed with a reason.
    pub learned: u64,
    /// Critical failures still open.
    pub open_critical: u64,
}

/// Everything a gate looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceBundle {
    /// The version of this shape.
    pub schema: u32,
    /// The gate that asked.
    pub gate: GateId,
    /// Whose data.
    pub project: FrozenProject,
    /// Of which work.
    pub workflow: FrozenWorkflow,
    /// The candidate.
    pub release: FrozenRelease,
    /// What it is compared with.
    pub baseline: Option<FrozenRelease>,
    /// How.
    pub pairing: Pairing,
    /// Baseline outcomes set against one candidate outcome, when the pairing is historical.
    pub pool_ratio: Option<f64>,
    /// When this was frozen.
    pub as_of: Timestamp,
    /// The rules.
    pub policy: Policy,
    /// What the workflow is held to.
    pub scorecard: Option<Scorecard>,
    /// Whether that could be relied on.
    pub freshness: Option<Freshness>,
    /// Run counts of the baseline.
    pub baseline_totals: ArmTotals,
    /// Run counts of the candidate.
    pub candidate_totals: ArmTotals,
    /// Whether any run named a unit, so that counts are of units.
    pub units_known: bool,
    /// What each check looked at, in the scorecard's order.
    pub checks: Vec<CheckEvidence>,
    /// Failure classes then and now, by name.
    pub failure_mix: Vec<ClassMix>,
    /// Eval results by suite.
    pub evals: Vec<EvalSummary>,
    /// For how many runs each kind of fact is known.
    pub coverage: Vec<FactCoverage>,
    /// What became of the failures.
    pub learning: Learning,
    /// What is missing, by kind and subject.
    pub gaps: Vec<Gap>,
    /// Checks that were left out then, by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exemptions: Vec<Exemption>,
}

impl EvidenceBundle {
    /// The bytes that are stored, hashed and exported.
    ///
    /// # Errors
    /// When a figure has no exact form, such as a policy's infinite ratio.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }

    /// Its name: the digest of its canonical bytes.
    ///
    /// # Errors
    /// As [`Self::canonical_bytes`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self.canonical_bytes()?))
    }
}
