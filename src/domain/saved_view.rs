//! Saved views: a list with the filters somebody had on, under a name. A view holds filters that its list knows and
//! nothing else, so that it can lead nowhere but to that list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::access::Permission;
use crate::case::CaseState;
use crate::failure::LearningStatus;
use crate::limits;
use crate::pattern::PatternState;
use crate::release::ReleaseState;
use crate::run::Outcome;
use crate::sample::SampleStatus;
use crate::time::Timestamp;

/// A list of which views can be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ViewedList {
    /// Eval cases.
    Cases,
    /// Failures, in triage.
    Failures,
    /// Failure patterns.
    Patterns,
    /// Sampled successes.
    Samples,
    /// Runs.
    Runs,
    /// Scorecards.
    Scorecards,
    /// Releases.
    Releases,
    /// The ledger of decisions.
    Decisions,
    /// Alerts.
    Alerts,
    /// Gaps.
    Gaps,
    /// Responses.
    Responses,
    /// What one was told.
    Notices,
    /// The audit log.
    Audit,
}

/// What a filter may say.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// Any text within [`limits::LABEL_BYTES`]: a name, an id, words.
    Text,
    /// A time.
    Time,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// What this knows.
    Known(fn(&str) -> bool),
}

use Says::{Known, OneOf, Text, Time};

const YES: Says = OneOf(&["yes"]);
/// Which way a list goes, where it is not the usual one.
const OLDEST: (&str, Says) = ("sort", OneOf(&["oldest"]));
const TASKS: &[(&str, Says)] = &[("mine", YES), ("all", YES)];

impl ViewedList {
    /// Every list, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Failures,
        Self::Patterns,
        Self::Samples,
        Self::Runs,
        Self::Cases,
        Self::Scorecards,
        Self::Releases,
        Self::Decisions,
        Self::Alerts,
        Self::Gaps,
        Self::Responses,
        Self::Notices,
        Self::Audit,
    ];

    /// The name used in storage, the API and the list's own address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Patterns => "patterns",
            Self::Samples => "samples",
            Self::Runs => "runs",
            Self::Cases => "cases",
            Self::Scorecards => "scorecards",
            Self::Releases => "releases",
            Self::Decisions => "decisions",
            Self::Alerts => "alerts",
            Self::Gaps => "gaps",
            Self::Responses => "responses",
            Self::Notices => "notices",
            Self::Audit => "audit",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Failures => "Triage",
            Self::Patterns => "Failure patterns",
            Self::Samples => "Sampled successes",
            Self::Runs => "Runs",
            Self::Cases => "Eval cases",
            Self::Scorecards => "Scorecards",
            Self::Releases => "Releases",
            Self::Decisions => "Decisions",
            Self::Alerts => "Alerts",
            Self::Gaps => "Gaps",
            Self::Responses => "Responses",
            Self::Notices => "Notices",
            Self::Audit => "Audit log",
        }
    }

    /// The list of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == name)
    }

    /// What the list asks of whoever reads it, and so of whoever sees a view of it: filters hold what they look for.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Failures | Self::Patterns | Self::Samples | Self::Runs => Permission::ReadRuns,
            Self::Audit => Permission::ReadAudit,
            _ => Permission::ReadEvidence,
        }
    }

    const fn filters(self) -> &'static [(&'static str, Says)] {
        match self {
            Self::Failures => &[
                ("status", Known(|name| name == "any" || LearningStatus::parse(name).is_some())),
                ("severity", OneOf(&["critical", "major", "minor"])),
                ("workflow", Text),
                ("release", Text),
                ("failure_class", Text),
                ("assigned", OneOf(&["me", "nobody"])),
                ("step", Text),
                ("pattern", Text),
            ],
            Self::Patterns => &[("state", Known(|name| PatternState::parse(name).is_some()))],
            Self::Samples => &[("status", Known(|name| SampleStatus::parse(name).is_some()))],
            Self::Runs => &[
                ("workflow", Text),
                ("release", Text),
                ("outcome", Known(|name| Outcome::parse(name).is_some())),
                ("failure_class", Text),
                ("q", Text),
                ("from", Time),
                ("to", Time),
                OLDEST,
            ],
            Self::Cases => &[
                ("status", Known(|name| CaseState::parse(name).is_some())),
                ("workflow", Text),
                ("failure_class", Text),
                OLDEST,
            ],
            Self::Scorecards => &[("state", OneOf(&["fresh", "due", "stale", "unowned"])), ("owner", OneOf(&["me"]))],
            Self::Releases => &[("workflow", Text), ("state", Known(|name| ReleaseState::parse(name).is_some()))],
            Self::Decisions => &[("workflow", Text), OLDEST],
            Self::Alerts => &[("all", YES), OLDEST],
            Self::Gaps | Self::Responses => TASKS,
            Self::Notices => &[("unread", YES)],
            Self::Audit => &[
                ("action", Text),
                ("noun", Text),
                ("noun_id", Text),
                ("actor", Text),
                ("text", Text),
                ("from", Time),
                ("until", Time),
            ],
        }
    }

    /// The names of the filters that the list knows.
    pub fn filter_names(self) -> impl Iterator<Item = &'static str> {
        self.filters().iter().map(|(name, _)| *name)
    }
}

/// Why filters are not those of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongFilter {
    /// The list has no filter of this name.
    #[error("the list has no such filter; it has {known}")]
    Unknown {
        /// What was given. Foreign text.
        given: String,
        /// Those it has, comma separated.
        known: String,
    },
    /// The filter cannot say this.
    #[error("{must}")]
    Value {
        /// The filter.
        name: &'static str,
        /// What it must be.
        must: String,
    },
}

/// The filters of a view: names that its list knows, each with what it says. None is the whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Filters(BTreeMap<&'static str, String>);

impl Filters {
    /// Filters of `list`. What says nothing is left out.
    ///
    /// # Errors
    /// [`WrongFilter`] names the first that the list does not know, or that says what it cannot.
    pub fn of<'a>(list: ViewedList, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, WrongFilter> {
        let mut filters = BTreeMap::new();
        for (given, value) in given {
            let known = list.filters().iter().find(|(name, _)| *name == given);
            let (name, says) = known.ok_or_else(|| WrongFilter::Unknown {
                given: limits::clip(given, limits::LABEL_BYTES).to_owned(),
                known: list.filter_names().collect::<Vec<_>>().join(", "),
            })?;
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            says.check(value).map_err(|must| WrongFilter::Value { name, must })?;
            filters.insert(*name, value.to_owned());
        }
        Ok(Self(filters))
    }

    /// Of what was stored or is in an address, that which the list knows and can say.
    pub fn kept<'a>(list: ViewedList, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let valid = |pair: (&'a str, &'a str)| Self::of(list, [pair]).ok();
        Self(given.into_iter().filter_map(valid).flat_map(|filters| filters.0).collect())
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Whether it is the whole list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Says {
    /// What a value must be, where it is not.
    fn check(self, value: &str) -> Result<(), String> {
        match self {
            Text if value.len() > limits::LABEL_BYTES || value.chars().any(char::is_control) => {
                Err(format!("use at most {} bytes without control characters", limits::LABEL_BYTES))
            }
            Time if value.parse::<Timestamp>().is_err() => Err("use a time such as 2026-01-31T12:00:00Z".to_owned()),
            OneOf(names) if !names.contains(&value) => Err(format!("use one of: {}", names.join(", "))),
            Known(knows) if !knows(value) => Err("the list knows no such value".to_owned()),
            _ => Ok(()),
        }
    }
}
