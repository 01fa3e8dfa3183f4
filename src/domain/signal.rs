//! Signals: named, exactly defined statistics over runs, computed from [`Cell`](crate::cell::Cell)s.
//!
//! Each says what it proves and what it does not. A value always carries its numerator, denominator, coverage and
//! interval; a signal whose facts nobody reports is *unverified* and cannot carry a verdict.

mod source;
mod sums;
mod value;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cell::Counts;
use crate::workflow::FactKind;

pub use value::{
    AmountValue, RateValue, RatioValue, SHOWN_ALPHA, SignalReading, SignalValue, Unverified, read, unverified,
};

/// What a higher value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher is better.
    HigherIsBetter,
    /// Lower is better.
    LowerIsBetter,
    /// Neither: a change matters.
    ChangeMatters,
}

/// The three sentences a business would say, and what supports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// "That result was not trustworthy."
    Trustworthy,
    /// "That action should have stopped."
    ShouldHaveStopped,
    /// "This cost too much human cleanup."
    Cleanup,
    /// Shown beside the others.
    Supporting,
}

/// What kind of number a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// Runs with a property over runs where it is known.
    Rate,
    /// An amount's mean and quantiles.
    Amount,
    /// One sum over another.
    Ratio,
}

/// A named statistic over runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Successful outcomes over concluded runs.
    SuccessRate,
    /// Reported successes, rescued ones included, over concluded runs: the flattering number.
    CompletionRate,
    /// Concluded runs with a critical failure class over concluded runs.
    HighCostFailureRate,
    /// From start to trusted completion, over successful outcomes.
    TimeToTrust,
    /// Concluded runs that asked for approval over those where it is known.
    ApprovalRate,
    /// Concluded runs that were denied an approval over those where it is known.
    ApprovalDenialRate,
    /// Concluded runs handed to a person over those where it is known.
    EscalationRate,
    /// Concluded runs handed over although the task did not call for it.
    UnexpectedEscalationRate,
    /// Rescued runs over concluded runs where it is known.
    RescueRate,
    /// Minutes of rescue per hundred runs.
    RescueMinutes,
    /// Concluded runs with a retry over those where it is known.
    RetryRate,
    /// Retries per run.
    MeanRetries,
    /// Cost of concluded runs whose cost is known, rescue labour included, over their successful outcomes.
    CostPerSuccess,
    /// Cost of a concluded run.
    CostPerRun,
    /// From start to end.
    Latency,
    /// Concluded runs with a failed tool call over those where it is known.
    ToolErrorRate,
    /// Failed tool calls over tool calls.
    ToolCallErrorRate,
    /// Tool calls per run.
    MeanToolCalls,
    /// An evaluator's score, by name.
    Score(String),
}

/// The built-in signals, in the order they are shown.
pub const BUILT_IN: [Signal; 18] = [
    Signal::SuccessRate,
    Signal::CompletionRate,
    Signal::HighCostFailureRate,
    Signal::TimeToTrust,
    Signal::ApprovalRate,
    Signal::ApprovalDenialRate,
    Signal::EscalationRate,
    Signal::UnexpectedEscalationRate,
    Signal::RescueRate,
    Signal::RescueMinutes,
    Signal::RetryRate,
    Signal::MeanRetries,
    Signal::CostPerSuccess,
    Signal::CostPerRun,
    Signal::Latency,
    Signal::ToolErrorRate,
    Signal::ToolCallErrorRate,
    Signal::MeanToolCalls,
];

/// What is written about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name in the API and on pages.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: SignalKind,
    /// Where it is shown.
    pub group: Group,
    /// What a higher value means.
    pub direction: Direction,
    /// The exact definition, in a sentence.
    pub exactly: &'static str,
    /// What it proves.
    pub proves: &'static str,
    /// What it does not prove.
    pub does_not_prove: &'static str,
}

macro_rules! definition {
    ($name:literal, $kind:ident, $group:ident, $direction:ident, $exactly:literal, $proves:literal, $not:literal) => {
        Definition {
            name: $name,
            kind: SignalKind::$kind,
            group: Group::$group,
            direction: Direction::$direction,
            exactly: $exactly,
            proves: $proves,
            does_not_prove: $not,
        }
    };
}

impl Signal {
    /// What is written about it.
    #[must_use]
    pub const fn definition(&self) -> Definition {
        match self {
            Self::SuccessRate => definition!(
                "success_rate",
                Rate,
                Trustworthy,
                HigherIsBetter,
                "Concluded runs with outcome success that nobody rescued, over concluded runs.",
                "How often the agent did the work itself, by the strongest source of the outcome that each run has.",
                "That the outcomes are right, or that unreported rescues did not happen."
            ),
            Self::CompletionRate => definition!(
                "completion_rate",
                Rate,
                Supporting,
                HigherIsBetter,
                "Concluded runs with outcome success, rescued ones included, over concluded runs.",
                "How often the agent reported success.",
                "That the work was not redone by people; compare it with the success rate."
            ),
            Self::HighCostFailureRate => definition!(
                "high_cost_failure_rate",
                Rate,
                Trustworthy,
                LowerIsBetter,
                "Concluded runs whose failure class is critical, over concluded runs.",
                "How often a known critical miss was recorded.",
                "That misses nobody classified are harmless; none in n runs is not proof of none."
            ),
            Self::TimeToTrust => definition!(
                "time_to_trust",
                Amount,
                Trustworthy,
                LowerIsBetter,
                "From a run's start to its trusted completion (end, releasing approval, required review), over successful runs.",
                "How long a successful result takes until somebody may rely on it.",
                "Anything about runs that failed or are still open."
            ),
            Self::ApprovalRate => definition!(
                "approval_rate",
                Rate,
                ShouldHaveStopped,
                ChangeMatters,
                "Concluded runs that asked for at least one approval, over those where approvals are known.",
                "How often the agent asked a person first.",
                "That it asked when it should have; only a change says something."
            ),
            Self::ApprovalDenialRate => definition!(
                "approval_denial_rate",
                Rate,
                ShouldHaveStopped,
                LowerIsBetter,
                "Concluded runs that were denied at least one approval, over those where approvals are known.",
                "How often a person stopped what the agent was about to do.",
                "That granted approvals were right."
            ),
            Self::EscalationRate => definition!(
                "escalation_rate",
                Rate,
                ShouldHaveStopped,
                ChangeMatters,
                "Concluded runs handed to a person, over those where escalations are known.",
                "How often the agent gave the work away.",
                "That it should have; a hand-off can be right."
            ),
            Self::UnexpectedEscalationRate => definition!(
                "unexpected_escalation_rate",
                Rate,
                ShouldHaveStopped,
                LowerIsBetter,
                "Concluded runs handed to a person although the task did not call for it, over those where escalations are known.",
                "How often people got work that the agent should have done.",
                "Anything about hand-offs whose expectation is not recorded."
            ),
            Self::RescueRate => definition!(
                "rescue_rate",
                Rate,
                Cleanup,
                LowerIsBetter,
                "Concluded runs that a person redid or repaired, over those where rescues are known.",
                "How often reported work was quietly done again.",
                "That rescues outside the reporting system did not happen."
            ),
            Self::RescueMinutes => definition!(
                "rescue_minutes_per_100_runs",
                Ratio,
                Cleanup,
                LowerIsBetter,
                "Minutes people spent on rescues per hundred concluded runs where rescues are known.",
                "How much work comes back to people.",
                "The time of rescues whose duration is not recorded."
            ),
            Self::RetryRate => definition!(
                "retry_rate",
                Rate,
                Cleanup,
                LowerIsBetter,
                "Concluded runs with at least one call repeated after its own error, over those where retries are known.",
                "How often the agent had to try again.",
                "That the retry was the agent's fault rather than the tool's."
            ),
            Self::MeanRetries => definition!(
                "mean_retries",
                Ratio,
                Cleanup,
                LowerIsBetter,
                "Calls repeated after their own error per concluded run where retries are known.",
                "How much repeated work runs carry.",
                "How it is spread; a few runs can carry all of it."
            ),
            Self::CostPerSuccess => definition!(
                "cost_per_success",
                Ratio,
                Cleanup,
                LowerIsBetter,
                "Cost of concluded runs whose cost is known, failures and rescue labour included, over the successful outcomes among them.",
                "What one useful result costs.",
                "The cost of runs whose cost nobody reports; see the coverage."
            ),
            Self::CostPerRun => definition!(
                "cost_per_run",
                Amount,
                Supporting,
                LowerIsBetter,
                "Cost of a concluded run, over those where it is known.",
                "What running the agent costs.",
                "What a useful result costs."
            ),
            Self::Latency => definition!(
                "latency",
                Amount,
                Supporting,
                LowerIsBetter,
                "From a run's start to its end, over concluded runs where the end is known.",
                "How long runs take.",
                "When their results can be relied on."
            ),
            Self::ToolErrorRate => definition!(
                "tool_error_rate",
                Rate,
                Supporting,
                LowerIsBetter,
                "Concluded runs with at least one failed tool call, over those where tool errors are known.",
                "How often a run meets a failing tool call.",
                "Whether the agent or the tool is to blame, or whether it mattered."
            ),
            Self::ToolCallErrorRate => definition!(
                "tool_call_error_rate",
                Ratio,
                Supporting,
                LowerIsBetter,
                "Failed tool calls over tool calls, of concluded runs where tool errors are known.",
                "How often a tool call fails.",
                "How many runs meet one; calls of one run are not independent."
            ),
            Self::MeanToolCalls => definition!(
                "mean_tool_calls",
                Ratio,
                Supporting,
                ChangeMatters,
                "Tool calls per concluded run where they are known.",
                "How much the agent does.",
                "Whether it had to."
            ),
            Self::Score(_) => definition!(
                "score",
                Amount,
                Supporting,
                HigherIsBetter,
                "The evaluator's score, over concluded runs that carry it.",
                "What this evaluator measures, where it ran.",
                "That the evaluator agrees with people, or anything about runs it did not score."
            ),
        }
    }

    /// The fact that must be reported for the signal to be verified.
    #[must_use]
    pub const fn needs(&self) -> Option<FactKind> {
        match self {
            Self::SuccessRate | Self::RescueRate | Self::RescueMinutes | Self::CostPerSuccess | Self::TimeToTrust => {
                Some(FactKind::Rescues)
            }
            Self::ApprovalRate | Self::ApprovalDenialRate => Some(FactKind::Approvals),
            Self::EscalationRate | Self::UnexpectedEscalationRate => Some(FactKind::Escalations),
            _ => None,
        }
    }

    /// Numerator and denominator of a rate; `None` for signals of another kind.
    #[must_use]
    pub fn rate(&self, counts: &Counts) -> Option<(i64, i64)> {
        let c = counts;
        match self {
            Self::SuccessRate => Some((c.success, c.concluded)),
            Self::CompletionRate => Some((c.reported_success, c.concluded)),
            Self::HighCostFailureRate => Some((c.critical, c.concluded)),
            Self::ApprovalRate => Some((c.approval_asked, c.approvals_known)),
            Self::ApprovalDenialRate => Some((c.approval_denied, c.approvals_known)),
            Self::EscalationRate => Some((c.escalated, c.escalations_known)),
            Self::UnexpectedEscalationRate => Some((c.escalated_unexpected, c.escalations_known)),
            Self::RescueRate => Some((c.rescued, c.rescues_known)),
            Self::RetryRate => Some((c.retried, c.retries_known)),
            Self::ToolErrorRate => Some((c.tool_error_runs, c.tool_errors_known)),
            _ => None,
        }
    }

    /// Whether late facts can only make it worse, so that harm need not wait for runs to settle.
    #[must_use]
    pub const fn only_worsens(&self) -> bool {
        matches!(
            self,
            Self::SuccessRate
                | Self::RescueRate
                | Self::HighCostFailureRate
                | Self::ApprovalDenialRate
                | Self::RescueMinutes
        )
    }

    /// Concluded runs that say something about the signal.
    #[must_use]
    pub fn known(&self, counts: &Counts) -> i64 {
        match self {
            Self::TimeToTrust => counts.time_to_trust.n,
            Self::RescueMinutes => counts.rescues_known,
            Self::MeanRetries => counts.retries_known,
            Self::CostPerSuccess | Self::CostPerRun => counts.cost.n,
            Self::Latency => counts.latency.n,
            Self::ToolCallErrorRate => counts.tool_errors_known,
            Self::MeanToolCalls => counts.tools_known,
            Self::Score(name) => counts.scores.get(name).map_or(0, |amount| amount.n),
            _ => self.rate(counts).map_or(0, |(_, denominator)| denominator),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score(name) => write!(f, "score:{name}"),
            built_in => f.write_str(built_in.definition().name),
        }
    }
}

/// A text that names no signal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a signal; signals are {list}, and `score:<name>`", list = names())]
pub struct UnknownSignal(String);

fn names() -> String {
    BUILT_IN.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl FromStr for Signal {
    type Err = UnknownSignal;

    fn from_str(text: &str) -> Result<Self, UnknownSignal> {
        if let Some(name) = text.strip_prefix("score:").filter(|name| !name.is_empty()) {
            return Ok(Self::Score(name.to_owned()));
        }
        let built_in = BUILT_IN.iter().find(|signal| signal.definition().name == text);
        built_in.cloned().ok_or_else(|| UnknownSignal(text.chars().take(60).collect()))
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
