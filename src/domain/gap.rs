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
    /// Cases of a suite have no result on the candidate.
    NoEvalResults,
    /// A suite that the policy requires was not run on the release, or a case of it failed.
    SuiteNotPassed,
    /// The release has not had runs for as long as the policy wants.
    NotBaked,
    /// The policy names another scorecard, or a later version, than the workflow has.
    OtherScorecard,
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
            Self::NoEvalResults => "no_eval_results",
            Self::SuiteNotPassed => "suite_not_passed",
            Self::NotBaked => "not_baked",
            Self::OtherScorecard => "other_scorecard",
        }
    }

    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 15] = [
        Self::NoScorecard,
        Self::NoOwner,
        Self::StaleScorecard,
        Self::NoBaseline,
        Self::TooFewRuns,
        Self::NoDenominator,
        Self::UnverifiedSignal,
        Self::UnknownOutcomes,
        Self::BaselinePoolExhausted,
        Self::NoEvalCoverage,
        Self::UnlearnedCritical,
        Self::NoEvalResults,
        Self::SuiteNotPassed,
        Self::NotBaked,
        Self::OtherScorecard,
    ];

    /// The kind of a gap's key, `kind` or `kind:subject`.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let name = key.split_once(':').map_or(key, |(name, _)| name);
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What to do about it.
    #[must_use]
    pub const fn next_step(self) -> NextStepKind {
        match self {
            Self::NoScorecard | Self::NoOwner | Self::StaleScorecard | Self::NoBaseline | Self::OtherScorecard => {
                NextStepKind::ClearerGate
            }
            Self::TooFewRuns | Self::NotBaked => NextStepKind::SmallerPilot,
            _ => NextStepKind::BetterMeasurement,
        }
    }

    /// Whether it can only be closed, not taken on: a person's name beside it does not fill it.
    #[must_use]
    pub const fn cannot_be_owned(self) -> bool {
        matches!(self, Self::NoScorecard | Self::NoOwner | Self::SuiteNotPassed | Self::NotBaked | Self::OtherScorecard)
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
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmallerPilot => "smaller_pilot",
            Self::ClearerGate => "clearer_gate",
            Self::BetterMeasurement => "better_measurement",
        }
    }

    /// The step of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::SmallerPilot, Self::ClearerGate, Self::BetterMeasurement].into_iter().find(|step| step.as_str() == name)
    }

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

/// Where a kept gap stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapState {
    /// The rule finds it.
    Open,
    /// A person closed it and said what was done, or the rule no longer finds it. Found again, it is open again.
    Closed,
}

impl GapState {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Closed].into_iter().find(|state| state.as_str() == name)
    }
}

/// What the exact thing to do about a gap is said with.
#[derive(Clone, Copy, Debug)]
pub struct Todo<'a> {
    /// The workflow's name.
    pub workflow: &'a str,
    /// The release's name.
    pub release: &'a str,
    /// The release it is compared with.
    pub baseline: Option<&'a str>,
    /// Concluded candidate units so far.
    pub concluded: u64,
    /// How many the policy wants.
    pub floor: u64,
    /// Concluded candidate runs of the last day, when there were any: how fast more come in.
    pub per_day: Option<u64>,
    /// Critical failures that wait.
    pub open_critical: u64,
}

impl Gap {
    /// Exactly what to do to close it: who calls what, with which name and number.
    #[must_use]
    pub fn todo(&self, on: &Todo<'_>) -> String {
        let Todo { workflow, release, .. } = on;
        let subject = self.subject.as_str();
        match self.kind {
            GapKind::NoScorecard => format!(
                "Ask for a proposal (`seatrial scorecard propose {workflow}`), change what you know better, and write it \
                 with at least one key check and an owner."
            ),
            GapKind::NoOwner => {
                format!("Write the scorecard of {workflow} with an owner who can act, and a backup.")
            }
            GapKind::StaleScorecard => format!(
                "The owner re-reads the scorecard of {workflow} and attests it; if something no longer holds, write the \
                 next version first."
            ),
            GapKind::NoBaseline => format!(
                "Set the baseline of {release} to the release that is live, or give the check {subject} a floor instead."
            ),
            GapKind::TooFewRuns => too_few(on),
            GapKind::NoDenominator => format!(
                "Report the fact that the check {subject} reads with every run of {workflow}, in the trace or by POST \
                 …/runs/RUN/facts; then judge again."
            ),
            GapKind::UnverifiedSignal => format!(
                "Say on the workflow {workflow} who observes what the check {subject} reads (rules.observes: traces, api \
                 or not_applicable), and let that source report."
            ),
            GapKind::UnknownOutcomes => format!(
                "Give {workflow} a rule for outcomes (terminal_tool or score_rule), or set seatrial.outcome on the root \
                 span of {release}."
            ),
            GapKind::BaselinePoolExhausted => match on.baseline {
                Some(baseline) => format!(
                    "Run {baseline} beside {release}: send it a share of the traffic, so that both are compared on the \
                     same time."
                ),
                None => "Name a baseline and run it at the same time.".to_owned(),
            },
            GapKind::NoEvalCoverage => format!(
                "Open triage with failure class {subject}, promote one failure of {release} to a case with an assertion, \
                 and make the case active."
            ),
            GapKind::SuiteNotPassed => format!(
                "Run the suite {subject} on {release} and report a result for each of its cases; mend {release} until none \
                 fails."
            ),
            GapKind::NoEvalResults => format!(
                "Run what is left of the suite {subject} on {release}, and import the results (`seatrial suite import`)."
            ),
            GapKind::NotBaked => format!(
                "Keep {release} on its present small share, with runs, until the policy's time has passed; then judge again."
            ),
            GapKind::OtherScorecard => format!(
                "Put the scorecard that the policy names back on {workflow}, or have the policy name this one (PUT …/policy, \
                 `workflows`)."
            ),
            GapKind::UnlearnedCritical => format!(
                "Open triage with severity critical and release {release}: promote, link or dismiss each of the {} that \
                 wait.",
                on.open_critical
            ),
        }
    }
}

fn too_few(on: &Todo<'_>) -> String {
    let missing = on.floor.saturating_sub(on.concluded);
    let pace = match on.per_day.filter(|per_day| *per_day > 0) {
        Some(per_day) => {
            format!("; at yesterday's {per_day} a day that takes about {} days", missing.div_ceil(per_day))
        }
        None => "; none came in during the last day, so send it a share of the traffic first".to_owned(),
    };
    format!(
        "Keep {} on its present small share until {missing} more runs have concluded ({} of {} are there){pace}.",
        on.release, on.concluded, on.floor
    )
}
