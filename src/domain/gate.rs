//! Gates: the question whether a release may go on, answered as a recommendation.
//!
//! [`evaluate`] is a pure function of a frozen bundle: the same bytes in, the same bytes out, on any machine. The
//! machine recommends; a person decides ([`crate::decision`]).

mod amount;
mod check;
mod compose;
mod engine;
mod evidence_class;
mod forecast;
mod mix;
mod process;
mod progress;
mod reconsider;
mod segment;
mod state;
pub mod vague;
pub(crate) mod words;

use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, to_canonical};
use crate::digest::Digest;
use crate::evidence::{EvidenceBundle, Pairing, RateCount};
use crate::gap::{Gap, NextStepKind};
use crate::scorecard::{Check, CheckRole, Criterion, SegmentRef};
use crate::signal::Signal;
use crate::stats::Interval;
use crate::workers::{OneByOne, Workers};

pub use amount::{AmountFigure, AmountFigures, AmountUnit};
pub use engine::{ENGINE, FIRST_ENGINE};
pub use forecast::{Forecast, forecasts};
pub use mix::{ClassMove, MixShift};
pub use progress::Progress;
pub use reconsider::{Proposed, Untold, reconsider};
pub use state::GateState;

/// The version of the recommendation's shape.
pub const RECOMMENDATION_SCHEMA: u32 = 1;

/// The answer of a gate, and of the person who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go on.
    Ship,
    /// Stay where it is.
    Hold,
    /// Take the live release back.
    Rollback,
    /// The evidence does not say yet.
    CollectMoreEvidence,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Ship, Self::Hold, Self::Rollback, Self::CollectMoreEvidence];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Hold => "hold",
            Self::Rollback => "rollback",
            Self::CollectMoreEvidence => "collect_more_evidence",
        }
    }

    /// The verdict of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }

    /// In words, as it is shown.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Hold => "hold",
            Self::Rollback => "roll back",
            Self::CollectMoreEvidence => "collect more evidence",
        }
    }
}

/// The answer of a check or of one of its segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// The evidence says the criterion is met.
    Pass,
    /// The evidence says it is not.
    Fail,
    /// It says both: a real regression inside the margin. A person decides.
    Conflict,
    /// It does not say. Of a segment: *unproved*.
    Inconclusive,
}

impl CheckVerdict {
    /// The name used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Conflict => "conflict",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Where a piece of evidence belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceClass {
    /// In the gate: it can carry a verdict.
    Gate,
    /// In the incident review: it explains, it does not decide.
    IncidentReview,
    /// Nowhere yet: too vague to trust.
    TooVague,
}

impl EvidenceClass {
    /// The name used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::IncidentReview => "incident_review",
            Self::TooVague => "too_vague",
        }
    }
}

/// How many more candidate units would probably settle a check, if what was seen lately goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FurtherRuns {
    /// Candidate units; absent when the evidence does not grow, so that no number can be given.
    pub runs: Option<u64>,
    /// What it would then say.
    pub toward: Option<CheckVerdict>,
    /// In words.
    pub text: String,
}

/// The evidence about one group of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Settled outcomes of the baseline; absent without one.
    pub baseline: Option<RateCount>,
    /// Settled outcomes of the candidate.
    pub candidate: RateCount,
    /// Concluded outcomes of the candidate, those too young to be settled included.
    pub candidate_concluded: RateCount,
    /// The baseline's rate.
    pub baseline_rate: Option<f64>,
    /// The candidate's rate.
    pub candidate_rate: Option<f64>,
    /// Wilson's 95 % interval of the baseline's rate.
    #[schema(value_type = Option<Object>)]
    pub baseline_interval: Option<Interval>,
    /// Wilson's 95 % interval of the candidate's rate.
    #[schema(value_type = Option<Object>)]
    pub candidate_interval: Option<Interval>,
    /// Candidate minus baseline.
    pub difference: Option<f64>,
    /// Newcombe's 95 % interval of the difference. For the eye; it never decides.
    #[schema(value_type = Option<Object>)]
    pub difference_interval: Option<Interval>,
    /// Logarithm of the evidence for a pass, latched at its highest.
    pub ln_e_ship: f64,
    /// Logarithm of the evidence for a fail, latched at its highest.
    pub ln_e_rollback: f64,
    /// Of an amount or a ratio: its figures in its own unit. The counts above say over how many runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<AmountFigures>,
}

/// What one segment says about a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentResult {
    /// Which segment.
    pub segment: SegmentRef,
    /// Whether the scorecard requires it to pass.
    pub required: bool,
    /// What it says; `inconclusive` is *unproved*.
    pub verdict: CheckVerdict,
    /// Its figures.
    pub figures: Figures,
    /// In words.
    pub text: String,
}

/// What one dimension says about a check as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionResult {
    /// Which dimension.
    pub dimension: String,
    /// What the standardised comparison says; absent for an absolute criterion.
    pub standardised: Option<CheckVerdict>,
    /// Logarithm of its evidence for a pass: latched of a rate, of an amount as it is now.
    pub ln_e_ship: Option<f64>,
    /// Logarithm of its evidence for a fail, now.
    pub ln_e_rollback: Option<f64>,
    /// Change at an unchanged mix of segments (Kitagawa).
    pub within: Option<f64>,
    /// Change that the mix alone brings.
    pub mix: Option<f64>,
    /// In words, when the blended figure misleads (Simpson's paradox).
    pub misleading: Option<String>,
}

/// What one check says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// Its key on the scorecard.
    pub key: String,
    /// What it reads.
    #[schema(value_type = String)]
    pub signal: Signal,
    /// What it asks.
    pub criterion: Criterion,
    /// How much it weighs.
    pub role: CheckRole,
    /// What it says.
    pub verdict: CheckVerdict,
    /// In words, with figures.
    pub text: String,
    /// Concluded candidate units it could read.
    pub concluded: u64,
    /// All runs.
    pub figures: Figures,
    /// How many more runs, while it is inconclusive.
    pub further_runs: Option<FurtherRuns>,
    /// In words, when evidence that had spoken is no longer borne out by the figures.
    pub not_stationary: Option<String>,
    /// Where it belongs.
    pub evidence_class: EvidenceClass,
    /// Why it belongs there.
    pub class_reasons: Vec<String>,
    /// By dimension.
    pub dimensions: Vec<DimensionResult>,
    /// By segment.
    pub segments: Vec<SegmentResult>,
}

/// What a reason is about, in order of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A key check fails.
    KeyFails,
    /// A standard check fails.
    StandardFails,
    /// A check says both.
    Conflict,
    /// The blended figure misleads.
    Misleading,
    /// A key check does not say.
    KeyInconclusive,
    /// Something is missing that nobody has taken on.
    UnownedGap,
    /// The scorecard is stale.
    StaleScorecard,
    /// A check is exempted, which is not a pass.
    Exempted,
    /// Something is missing and somebody has it.
    OwnedGap,
    /// Segments that are too thin to say anything.
    Unproved,
    /// A standard check does not say.
    StandardInconclusive,
    /// The comparison is with an earlier time.
    Historical,
    /// A key check passes.
    KeyPasses,
    /// A standard check passes.
    StandardPasses,
}

/// One reason of a recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What it is about.
    pub kind: ReasonKind,
    /// The check or the gap's key.
    pub subject: String,
    /// In words, with figures.
    pub text: String,
}

/// What to do next when the answer is not *ship*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextStep {
    /// Which of the three.
    pub kind: NextStepKind,
    /// In words.
    pub text: String,
}

/// What the machine recommends. A person decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recommendation {
    /// The version of this shape.
    pub schema: u32,
    /// The engine that made it, [`ENGINE`] of that time; the first one did not say so.
    #[serde(default = "engine::first", skip_serializing_if = "engine::is_first")]
    pub engine: u32,
    /// The recommended answer.
    pub verdict: Verdict,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// How the arms were set against each other.
    pub pairing: Pairing,
    /// Each check, in the scorecard's order.
    pub checks: Vec<CheckResult>,
    /// Whether failures are of another kind than the baseline's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_mix: Option<MixShift>,
    /// What is missing.
    pub gaps: Vec<Gap>,
    /// What to do next; always there unless the answer is *ship*.
    pub next_step: Option<NextStep>,
}

impl Recommendation {
    /// The bytes that are stored, hashed and exported.
    ///
    /// # Errors
    /// When a figure has no exact form; one made by [`evaluate`] always has.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }

    /// The digest of its canonical bytes.
    ///
    /// # Errors
    /// As [`Self::canonical_bytes`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self.canonical_bytes()?))
    }

    /// The result of a check by its key.
    #[must_use]
    pub fn check(&self, key: &str) -> Option<&CheckResult> {
        self.checks.iter().find(|check| check.key == key)
    }
}

/// Answers a gate from its frozen evidence alone.
#[must_use]
pub fn evaluate(bundle: &EvidenceBundle) -> Recommendation {
    evaluate_from(bundle, &Progress::default(), &OneByOne)
}

/// As [`evaluate`], going on from where the evidence is known to have come and with its checks shared among workers: the
/// same answer, sooner.
#[must_use]
pub fn evaluate_from(bundle: &EvidenceBundle, known: &Progress, workers: &impl Workers) -> Recommendation {
    let checks: Vec<&Check> = bundle.scorecard.iter().flat_map(|scorecard| &scorecard.checks).collect();
    let of = |check: &Check| {
        let i = bundle.checks.iter().position(|evidence| evidence.key == check.key)?;
        Some(check::evaluate_check(bundle, check, &bundle.checks[i], known.check(i)))
    };
    compose::compose(bundle, workers.map(checks, of).into_iter().flatten().collect())
}
