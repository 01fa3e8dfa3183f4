//! Workflows: one kind of work an agent does, and the rules that turn what is known of its runs into facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{HOUR, SECOND};

/// How much harm a workflow can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskClass {
    /// Mistakes are cheap and seen at once.
    Low,
    /// Mistakes cost work.
    #[default]
    Medium,
    /// Mistakes cost money, trust or safety.
    High,
}

impl RiskClass {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A kind of fact that somebody must report for it to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Requests for a person's approval.
    Approvals,
    /// Hand-offs to a person.
    Escalations,
    /// A person redoing the work.
    Rescues,
}

impl FactKind {
    /// What it is called in a sentence, in the plural.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Approvals => "approvals",
            Self::Escalations => "escalations",
            Self::Rescues => "rescues",
        }
    }
}

/// Who reports a kind of fact. Where a source is declared, a closed run without such a fact is *known to have none*;
/// where none is declared it is *unknown*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// The traces carry it.
    Traces,
    /// Another system posts it, such as the help desk.
    Api,
    /// It cannot happen in this workflow, such as a rescue in an unattended benchmark.
    NotApplicable,
}

/// Decides an outcome from an evaluator's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScoreRule {
    /// The score's name.
    pub name: String,
    /// At or above it the run succeeded, below it failed.
    pub success_at_least: f64,
}

/// What a workflow requires and observes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkflowRules {
    /// Which facts are reported, and by whom.
    pub observes: BTreeMap<FactKind, FactSource>,
    /// An evaluator's score that decides the outcome where nothing stronger does.
    pub score_rule: Option<ScoreRule>,
    /// A tool whose successful call ends the work: a run that made it succeeded.
    pub terminal_tool: Option<String>,
    /// Whether a result is trusted only after a reviewer's confirmation.
    pub requires_review: bool,
    /// How long after a run closed late facts are waited for, in seconds.
    pub settle_seconds: i64,
    /// After how long without news an unfinished trace counts as closed, in seconds.
    pub idle_close_seconds: i64,
    /// Environments whose runs are kept but are no evidence.
    pub excluded_environments: Vec<String>,
    /// The share of successful runs that people look at as well, from 0 to 1: chosen by the digest of their ids.
    #[serde(skip_serializing_if = "is_zero")]
    pub sample_share: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

impl Default for WorkflowRules {
    fn default() -> Self {
        Self {
            observes: BTreeMap::new(),
            score_rule: None,
            terminal_tool: None,
            requires_review: false,
            settle_seconds: 24 * HOUR / SECOND,
            idle_close_seconds: HOUR / SECOND,
            excluded_environments: ["development", "test", "sdk-experiment"].map(str::to_owned).to_vec(),
            sample_share: 0.0,
        }
    }
}

impl WorkflowRules {
    /// Whether runs of `environment` are evidence. A run that does not name its environment is.
    #[must_use]
    pub fn counts(&self, environment: Option<&str>) -> bool {
        environment.is_none_or(|name| !self.excluded_environments.iter().any(|excluded| excluded == name))
    }
}
