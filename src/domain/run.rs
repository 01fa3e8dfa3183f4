//! Runs: one execution of a workflow on a release, and the facts known about it.
//!
//! Every fact is *known with a value*, *known to be none*, or *unknown*; unknown is never zero. A list fact is
//! `None` when unknown and an empty list when known to be none. [`resolve`] computes the effective facts from what
//! the trace shows, what was reported and what was appended later, so repeats and order of arrival do not matter.

mod fact;
mod report;
mod resolve;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::Severity;
use crate::time::Timestamp;

pub use fact::{FactKey, FactValue, LateFact, Provenance};
pub use report::{MergeConflict, ReportError, RunReport};
pub use resolve::{RunEvidence, resolve};

/// How a run ended.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it was for. Whether it was *successful* also depends on rescues.
    Success,
    /// It did not.
    Failure,
    /// It was given up by the agent or the user.
    Abandoned,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Outcome {
    /// The name used in storage, traces and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Abandoned => "abandoned",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Success, Self::Failure, Self::Abandoned, Self::Unknown].into_iter().find(|o| o.as_str() == name)
    }
}

/// Where an outcome comes from, strongest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeSource {
    /// A reviewer confirmed it.
    Reviewer,
    /// An outcome fact by API, or the run's report.
    Fact,
    /// The `seatrial.outcome` attribute of a span.
    Attribute,
    /// A configured evaluator's score.
    Score,
    /// The workflow's rule on its terminal tool.
    TerminalTool,
    /// An error in a span that nothing recovered.
    SpanError,
    /// Nothing says.
    #[default]
    Nothing,
}

/// What became of a request for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// Asked, not yet answered.
    Requested,
    /// A person allowed it.
    Granted,
    /// A person refused it.
    Denied,
    /// Nobody answered in time.
    Expired,
}

impl ApprovalStatus {
    /// The status of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "requested" => Some(Self::Requested),
            "granted" | "approved" => Some(Self::Granted),
            "denied" | "rejected" => Some(Self::Denied),
            "expired" => Some(Self::Expired),
            _ => None,
        }
    }
}

/// A request for a person's approval.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What became of it.
    pub status: ApprovalStatus,
    /// When that happened.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Who answered.
    pub by: Option<String>,
    /// For which tool.
    pub tool: Option<String>,
}

/// A hand-off to a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// Whether the task called for it; unknown when absent.
    pub expected: Option<bool>,
}

/// A person redoing or repairing the agent's work.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rescue {
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// By whom.
    pub by: Option<String>,
    /// How long it took, in seconds.
    pub seconds: Option<i64>,
    /// Why.
    pub reason: Option<String>,
}

/// Tokens used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Input tokens, cached ones included.
    pub input: i64,
    /// Output tokens.
    pub output: i64,
}

/// The effective facts of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Where it ran, such as `production`.
    pub environment: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, when known.
    pub ended_at: Option<Timestamp>,
    /// When it closed: its root ended, its outcome was reported, or it had been idle for a while.
    pub closed_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the outcome comes from.
    pub outcome_source: OutcomeSource,
    /// The kind of miss.
    pub failure_class: Option<String>,
    /// How bad that kind is, by the project's taxonomy.
    pub severity: Option<Severity>,
    /// Approvals asked for.
    pub approvals: Option<Vec<Approval>>,
    /// Hand-offs to a person.
    pub escalations: Option<Vec<Escalation>>,
    /// Rescues by a person.
    pub rescues: Option<Vec<Rescue>>,
    /// Calls repeated after their own error.
    pub retries: Option<i64>,
    /// Tools called, in order.
    pub tools: Option<Vec<String>>,
    /// Tool calls that failed.
    pub tool_errors: Option<i64>,
    /// Total cost in nano-units of the project's currency.
    pub cost_nanos: Option<i64>,
    /// Tokens used.
    pub tokens: Option<Tokens>,
    /// When the result could be trusted; only of successful outcomes.
    pub trusted_at: Option<Timestamp>,
    /// When a reviewer confirmed the outcome.
    pub reviewed_at: Option<Timestamp>,
    /// The session, case or customer it belongs to.
    pub unit: Option<String>,
    /// Segment values by dimension, given and derived.
    pub segments: BTreeMap<String, String>,
    /// Named scores.
    pub scores: BTreeMap<String, f64>,
    /// Whether the run is evidence (its environment counts).
    pub counts: bool,
    /// How long after closing it settles, in seconds (the workflow's window when the facts were resolved).
    pub settle_seconds: i64,
}

impl RunFacts {
    /// Closed, with an outcome of success, failure or abandoned.
    #[must_use]
    pub fn concluded(&self) -> bool {
        self.closed_at.is_some() && self.outcome != Outcome::Unknown
    }

    /// When a concluded run becomes evidence for its release; `None` when it is not concluded.
    #[must_use]
    pub fn settles_at(&self) -> Option<Timestamp> {
        self.closed_at.filter(|_| self.concluded()).map(|closed| closed.plus_seconds(self.settle_seconds))
    }

    /// Whether a person is known to have redone the work.
    #[must_use]
    pub fn rescued(&self) -> bool {
        self.rescues.as_ref().is_some_and(|rescues| !rescues.is_empty())
    }

    /// Outcome success, and not rescued: what a person had to redo is no success of the agent.
    #[must_use]
    pub fn successful(&self) -> bool {
        self.outcome == Outcome::Success && !self.rescued()
    }

    /// A concluded run that was not successful or that carries a failure class.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.concluded() && (!self.successful() || self.failure_class.is_some())
    }

    /// From start to end in microseconds; `None` when the end is unknown.
    #[must_use]
    pub fn latency_micros(&self) -> Option<i64> {
        self.ended_at.map(|ended| ended.micros_since(self.started_at).max(0))
    }

    /// From start to trusted completion in microseconds; only of successful outcomes.
    #[must_use]
    pub fn time_to_trust_micros(&self) -> Option<i64> {
        self.trusted_at.filter(|_| self.successful()).map(|at| at.micros_since(self.started_at).max(0))
    }
}
