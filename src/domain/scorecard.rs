//! Scorecards: the checks a workflow is held to, with an owner, a backup and a review cadence. Versioned.

mod check;
mod diff;
mod exemption;
mod freshness;
mod proposal;

use serde::{Deserialize, Serialize};

use crate::ids::{ScorecardId, WorkflowId};
use crate::limits::label;
use crate::owner::{Owner, OwnerId};
use crate::signal::Signal;

pub use diff::{Change, ChangeKind, changes};
pub use exemption::{EXEMPTION_DAYS, Exemption};
pub use freshness::{
    Freshness, FreshnessInput, FreshnessReason, FreshnessReasonKind, FreshnessState, SilentSource, due_soon_days,
    freshness,
};
pub use proposal::{History, LeftOut, Proposal, ProposalReason, SegmentHistory, propose};

/// Over which runs a check is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = CheckScope)]
pub enum Scope {
    /// All runs.
    #[default]
    All,
    /// All runs, and each value of a segment dimension.
    Dimension {
        /// The dimension's name.
        name: String,
    },
}

/// Which statistic of an amount a check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Its mean.
    Mean,
    /// Its median.
    P50,
    /// Its 95th percentile.
    P95,
}

impl Statistic {
    /// The name used in the API and on pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
        }
    }

    /// The quantile it is, when it is one.
    #[must_use]
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::Mean => None,
            Self::P50 => Some(0.5),
            Self::P95 => Some(0.95),
        }
    }
}

/// What a check reads of its signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reads {
    /// A rate.
    Rate,
    /// One sum over another.
    Ratio,
    /// The mean of an amount.
    Mean,
    /// A quantile of an amount.
    Quantile(f64),
}

/// What a check asks of its signal.
///
/// Of a rate, bounds and margins are shares: 0.05 is five points. Of an amount or a ratio, bounds are in the signal's
/// own unit and margins are shares of the baseline's figure: 0.05 is five per cent more or less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Criterion {
    /// The rate is above this one.
    Floor {
        /// In (0, 1).
        rate: f64,
    },
    /// The rate is below this one.
    Ceiling {
        /// In (0, 1).
        rate: f64,
    },
    /// The amount is below this one.
    AtMost {
        /// In the signal's unit: seconds, units of the currency, or a number.
        value: f64,
    },
    /// The amount is above this one.
    AtLeast {
        /// In the signal's unit.
        value: f64,
    },
    /// The candidate is not worse than the baseline by the margin.
    NotWorseThanBaseline {
        /// In (0, 1); the policy's default when absent.
        #[serde(default)]
        margin: Option<f64>,
    },
    /// The candidate differs from the baseline by less than the margin, either way.
    WithinBaseline {
        /// In (0, 1); the policy's default when absent.
        #[serde(default)]
        margin: Option<f64>,
    },
}

impl Criterion {
    /// Whether it compares with the baseline.
    #[must_use]
    pub const fn is_relative(&self) -> bool {
        matches!(self, Self::NotWorseThanBaseline { .. } | Self::WithinBaseline { .. })
    }
}

/// How much a check weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckRole {
    /// Must pass for a release to ship.
    Key,
    /// Must not fail.
    Standard,
    /// Shown only.
    Info,
}

/// Signal × scope × criterion × role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its name within the scorecard.
    pub key: String,
    /// What it reads.
    #[schema(value_type = String, example = "success_rate")]
    pub signal: Signal,
    /// Which statistic of an amount; the usual one of the signal when absent. A rate or a ratio has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Statistic>,
    /// Over which runs.
    #[serde(default)]
    pub scope: Scope,
    /// What it asks.
    pub criterion: Criterion,
    /// How much it weighs.
    pub role: CheckRole,
}

/// One value of one segment dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentRef {
    /// The dimension.
    pub dimension: String,
    /// The value.
    pub value: String,
}

impl SegmentRef {
    /// In words: `file_system = fs1`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} = {}", self.dimension, self.value)
    }
}

/// One version of the checks a workflow is held to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// Its id, the same for all versions.
    #[schema(value_type = String)]
    pub id: ScorecardId,
    /// Its name.
    pub name: String,
    /// The version, from 1.
    pub version: u32,
    /// The workflow it belongs to.
    #[schema(value_type = String)]
    pub workflow: WorkflowId,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// Who does when the owner cannot.
    pub backup: Option<Owner>,
    /// How often it is to be re-read, in days.
    pub cadence_days: u32,
    /// What it asks.
    pub checks: Vec<Check>,
    /// Dimensions by whose values every key check is read too.
    pub dimensions: Vec<String>,
    /// Segments that must pass themselves.
    pub required_segments: Vec<SegmentRef>,
}

/// What people write when they write a version of a scorecard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: Option<OwnerId>,
    /// Who does when the owner cannot.
    pub backup: Option<OwnerId>,
    /// How often it is to be re-read, in days.
    pub cadence_days: u32,
    /// What it asks.
    pub checks: Vec<Check>,
    /// Dimensions by whose values every key check is read too.
    pub dimensions: Vec<String>,
    /// Segments that must pass themselves.
    pub required_segments: Vec<SegmentRef>,
}

/// A part of a scorecard that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ScorecardError {
    /// The field, such as `checks[2].criterion`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Scorecard {
    /// The dimensions by which a check is read: its own, and for a key check those the scorecard names. Sorted.
    #[must_use]
    pub fn dimensions_of(&self, check: &Check) -> Vec<String> {
        let mut dimensions = if check.role == CheckRole::Key { self.dimensions.clone() } else { Vec::new() };
        if let Scope::Dimension { name } = &check.scope {
            dimensions.push(name.clone());
        }
        dimensions.sort();
        dimensions.dedup();
        dimensions
    }

    /// Every dimension that some check is read by. Sorted.
    #[must_use]
    pub fn all_dimensions(&self) -> Vec<String> {
        let mut all: Vec<String> = self.checks.iter().flat_map(|check| self.dimensions_of(check)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether the scorecard marks a segment as required.
    #[must_use]
    pub fn requires(&self, dimension: &str, value: &str) -> bool {
        self.required_segments.iter().any(|segment| segment.dimension == dimension && segment.value == value)
    }

    /// Checks every part.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the fields.
    pub fn validate(&self) -> Result<(), Vec<ScorecardError>> {
        let mut errors = Vec::new();
        let mut wrong =
            |field: String, problem: &str| errors.push(ScorecardError { field, problem: problem.to_owned() });
        let is_label = |text: &str| label(text).as_deref() == Some(text);
        if !is_label(&self.name) {
            wrong("name".to_owned(), "give it a name of at most 200 bytes without control characters");
        }
        if !(1..=366).contains(&self.cadence_days) {
            wrong("cadence_days".to_owned(), "1 to 366 days");
        }
        if self.checks.is_empty() {
            wrong("checks".to_owned(), "at least one check; a scorecard without checks says nothing");
        }
        for (i, check) in self.checks.iter().enumerate() {
            if !is_label(&check.key) {
                wrong(format!("checks[{i}].key"), "give it a name of at most 200 bytes without control characters");
            }
            if self.checks[..i].iter().any(|other| other.key == check.key) {
                wrong(format!("checks[{i}].key"), "two checks have this name; names must differ");
            }
            if let Some((part, problem)) = check.problem() {
                wrong(format!("checks[{i}].{part}"), problem);
            }
        }
        let dimensions = self.all_dimensions();
        if !dimensions.iter().all(|name| is_label(name)) {
            wrong("dimensions".to_owned(), "a dimension's name is a text of at most 200 bytes");
        }
        for (i, segment) in self.required_segments.iter().enumerate() {
            if !dimensions.contains(&segment.dimension) {
                let field = format!("required_segments[{i}].dimension");
                wrong(field, "no check is read by this dimension; add it to the scorecard's dimensions");
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}
