//! How a workflow is watched: how often a false alarm may come, what counts as a change, and when nobody is to be told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::AlertKind;
use crate::limits;
use crate::time::Timestamp;

/// Fewest and most days between false alarms that can be asked for.
const DAYS: std::ops::RangeInclusive<u32> = 7..=3_650;
/// What is usual is not said, so that settings from before there was a choice read the same.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_usual(like_hours: &bool) -> bool {
    *like_hours
}

/// Most quiet periods that are kept.
const QUIET_PERIODS: usize = 50;

/// How a workflow is watched. What is not said is usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftSettings {
    /// While nothing changes, the first false alarm of a release of the workflow, of whatever kind and segment, is
    /// expected no earlier than after so many days.
    pub days_between_false_alarms: u32,
    /// By kind, where it differs from what is usual.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<AlertKind, KindSettings>,
    /// The segment dimensions watched besides all runs together; every dimension when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Vec<String>>,
    /// Whether hours are compared with like hours (the same part of the day, on week days or on weekends) where there is
    /// history enough; otherwise with all hours together. Silence is always looked for among like hours.
    #[serde(skip_serializing_if = "is_usual")]
    pub like_hours: bool,
    /// When nobody is told. What happens meanwhile is kept, and told afterwards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<QuietPeriod>,
}

/// How one kind is watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KindSettings {
    /// Whether it is watched at all.
    pub on: bool,
    /// The smallest change that matters, as a share of runs, such as 0.05; the kind's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
}

/// A time in which nobody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietPeriod {
    /// From this time on.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Up to this time, exclusive.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Why.
    pub reason: String,
}

/// What is wrong with settings: the field and the reason.
pub type SettingsProblem = (&'static str, String);

impl Default for DriftSettings {
    fn default() -> Self {
        Self {
            days_between_false_alarms: 90,
            kinds: BTreeMap::new(),
            dimensions: None,
            like_hours: true,
            quiet: Vec::new(),
        }
    }
}

impl Default for KindSettings {
    fn default() -> Self {
        Self { on: true, change: None }
    }
}

impl DriftSettings {
    /// What is wrong with them.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut found = Vec::new();
        if !DAYS.contains(&self.days_between_false_alarms) {
            let bounds = format!("from {} to {} days", DAYS.start(), DAYS.end());
            found.push(("days_between_false_alarms", bounds));
        }
        let change = |kind: &KindSettings| kind.change.is_none_or(|change| (0.001..=0.9).contains(&change));
        if !self.kinds.values().all(change) {
            found.push(("kinds", "a change that matters is a share from 0.001 to 0.9, such as 0.05".to_owned()));
        }
        if self.dimensions.iter().flatten().any(|name| limits::label(name).as_deref() != Some(name)) {
            found.push(("dimensions", "name segment dimensions as runs carry them".to_owned()));
        }
        if self.dimensions.as_ref().is_some_and(|names| names.len() > 50) {
            found.push(("dimensions", "at most 50 dimensions are watched".to_owned()));
        }
        let fits = |period: &QuietPeriod| {
            period.from < period.to && limits::label(&period.reason).as_deref() == Some(period.reason.as_str())
        };
        if self.quiet.len() > QUIET_PERIODS || !self.quiet.iter().all(fits) {
            let rule = "each ends after it begins and says why on one line; at most 50 are kept";
            found.push(("quiet", rule.to_owned()));
        }
        found
    }

    /// Whether a kind is watched.
    #[must_use]
    pub fn watches(&self, kind: AlertKind) -> bool {
        self.kinds.get(&kind).is_none_or(|kind| kind.on)
    }

    /// The smallest change of a kind that matters.
    #[must_use]
    pub fn change(&self, kind: AlertKind) -> f64 {
        self.kinds.get(&kind).and_then(|kind| kind.change).unwrap_or_else(|| kind.change())
    }

    /// Whether a segment dimension is watched.
    #[must_use]
    pub fn reads(&self, dimension: &str) -> bool {
        dimension.is_empty() || self.dimensions.as_ref().is_none_or(|names| names.iter().any(|name| name == dimension))
    }

    /// Until when nobody is told, when `at` falls into a quiet period; of several that overlap the latest end.
    #[must_use]
    pub fn quiet_until(&self, at: Timestamp) -> Option<Timestamp> {
        let inside = self.quiet.iter().filter(|period| period.from <= at && at < period.to);
        inside.map(|period| period.to).max()
    }
}
