//! Gaps: what is missing from the evidence. Each has an owner or is *unowned*, and names the next step.

use serde::{Deserialize, Serialize};

use crate::owner::Owner;

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The workflow has no scorecard, or one without a key check.
    NoScorecard,
    /// Nobody who can act answers for the scorecard.
    NoOwner,
    /// The scorecard is stale.
    StaleScorecard,
    /// A check compares with a baseline and the release has none.
    NoBaseline,
    /// Fewer concluded candidate units than the policy's floor.
    TooFewRuns,
    /// A check's signal has no run in its denominator.
    NoDenominator,
    /// A check's signal rests on facts that nobody reports.
    UnverifiedSignal,
    /// Too large a share of closed runs has an unknown outcome.
    UnknownOutcomes,
    /// The earlier baseline has been used up.
    BaselinePoolExhausted,
    /// A failure class seen on the candidate that no eval case covers.
    NoEvalCoverage,
    /// Critical failures nobody has promoted, linked or dismissed.
    UnlearnedCritical,
    /// A suite that the policy requires was not run on the release, or a case of it failed.
    SuiteNotPassed,
    /// The release has not had runs for as long as the policy wants.
    NotBaked,
}

impl GapKind {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoScorecard => "no_scorecard",
            Self::NoOwner => "no_owner",
            Self::StaleScorecard => "stale_scorecard",
            Self::NoBaseline => "no_baseline",
            Self::TooFewRuns => "too_few_runs",
            Self::NoDenominator => "no_denominator",
            Self::UnverifiedSignal => "unverified_signal",
            Self::UnknownOutcomes => "unknown_outcomes",
            Self::BaselinePoolExhausted => "baseline_pool_exhausted",
            Self::NoEvalCoverage => "no_eval_coverage",
            Self::UnlearnedCritical => "unlearned_critical",
            Self::SuiteNotPassed => "suite_not_passed",
            Self::NotBaked => "not_baked",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn next_step(self) -> NextStepKind {
        match self {
            Self::NoScorecard | Self::NoOwner | Self::StaleScorecard | Self::NoBaseline => NextStepKind::ClearerGate,
            Self::TooFewRuns | Self::NotBaked => NextStepKind::SmallerPilot,
            _ => NextStepKind::BetterMeasurement,
        }
    }

    /// Whether it can only be closed, not taken on: a person's name beside it does not fill it.
    #[must_use]
    pub const fn cannot_be_owned(self) -> bool {
        matches!(self, Self::NoScorecard | Self::NoOwner | Self::SuiteNotPassed | Self::NotBaked)
    }
}

/// What to do when the answer is not *ship*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStepKind {
    /// Go on with fewer runs at stake until the evidence is there.
    SmallerPilot,
    /// Say what the release is held to, and who answers for it.
    ClearerGate,
    /// Report the facts that are missing.
    BetterMeasurement,
}

impl NextStepKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SmallerPilot => "smaller pilot",
            Self::ClearerGate => "clearer gate",
            Self::BetterMeasurement => "better measurement",
        }
    }
}

/// Something missing from the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// What is missing.
    pub kind: GapKind,
    /// Of what: a check's key, a failure class; empty when the gap is of the gate as a whole.
    pub subject: String,
    /// In words, with its figures and what to do.
    pub text: String,
    /// Who has taken it on.
    pub owner: Option<Owner>,
    /// What to do about it.
    pub next_step: NextStepKind,
}

impl Gap {
    /// A gap nobody has taken on yet.
    #[must_use]
    pub fn new(kind: GapKind, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), text: text.into(), owner: None, next_step: kind.next_step() }
    }

    /// The name by which an owner is kept for it: `kind` or `kind:subject`.
    #[must_use]
    pub fn key(&self) -> String {
        if self.subject.is_empty() {
            self.kind.as_str().to_owned()
        } else {
            format!("{}:{}", self.kind.as_str(), self.subject)
        }
    }

    /// Whether nobody who can act has taken it on.
    #[must_use]
    pub fn unowned(&self) -> bool {
        !self.owner.as_ref().is_some_and(|owner| owner.active)
    }
}
