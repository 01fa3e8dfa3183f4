//! Editing a scorecard, beside what the change would have meant for the last decisions.

use serde::Serialize;

use super::{HOSTILE, Link, MeanwhileRow, SelectOption, Time, View};

/// Body of `/p/{project}/scorecards/{id}/edit`. Form: `POST …/edit` keeps, `POST …/edit/preview` shows, both with `csrf`,
/// `version`, `name`, `owner`, `backup`, `cadence_days`, `dimensions`, `required_segments` and, for each check in order,
/// `key`, `signal`, `statistic`, `dimension`, `criterion`, `value`, `role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScorecardEdit {
    /// Id, `sc_…`.
    pub id: String,
    /// Back to the scorecard.
    pub back: Link,
    /// The version that was read.
    pub version: u32,
    /// Its workflow.
    pub workflow: String,
    /// Name.
    pub name: String,
    /// Who may own it, and nobody.
    pub owners: Vec<SelectOption>,
    /// Who may be told instead, and nobody.
    pub backups: Vec<SelectOption>,
    /// Days between reviews, as typed.
    pub cadence_days: String,
    /// Dimensions, comma separated.
    pub dimensions: String,
    /// A segment a line: `dimension = value`.
    pub required_segments: String,
    /// The checks, and empty ones to fill in.
    pub checks: Vec<CheckFields>,
    /// Signals that a check may read, to choose from while typing.
    pub signals: Vec<String>,
    /// Why it was not kept.
    pub error: Option<String>,
    /// What somebody else wrote while the form was open.
    pub meanwhile: Vec<MeanwhileRow>,
    /// Why it could not be tried.
    pub preview_error: Option<String>,
    /// What it would have meant.
    pub preview: Vec<ReconsideredDecision>,
}

/// The fields of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckFields {
    /// Its name; empty for none.
    pub key: String,
    /// The signal.
    pub signal: String,
    /// Statistics to choose from.
    pub statistics: Vec<SelectOption>,
    /// The dimension by which it is read too.
    pub dimension: String,
    /// Criteria to choose from.
    pub criteria: Vec<SelectOption>,
    /// The bound or margin, as typed.
    pub value: String,
    /// Roles to choose from.
    pub roles: Vec<SelectOption>,
}

/// A decision, and what the change would have meant for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReconsideredDecision {
    /// The decision.
    pub link: Link,
    /// What was decided.
    pub verdict: String,
    /// When.
    pub at: Time,
    /// What would have been recommended; `None` when that cannot be told.
    pub recommended: Option<String>,
    /// Whether that is another recommendation than was made.
    pub turned: bool,
    /// What would have been different, in words.
    pub changes: Vec<String>,
}

impl View for ScorecardEdit {
    const TEMPLATE: &'static str = "pages/scorecard/edit";
    const SECTION: &'static str = "scorecards";
}

impl ScorecardEdit {
    /// A change that turns one decision.
    pub fn sample() -> Self {
        Self::named("Refund handling")
    }

    /// The same with hostile text in every field.
    pub fn hostile_sample() -> Self {
        Self {
            error: Some(HOSTILE.to_owned()),
            meanwhile: vec![MeanwhileRow::new(HOSTILE, HOSTILE, HOSTILE)],
            preview_error: Some(HOSTILE.to_owned()),
            ..Self::named(HOSTILE)
        }
    }

    fn named(name: &str) -> Self {
        let select = |value: &str| vec![SelectOption::new(value, value).selected(true)];
        Self {
            id: "sc_01".to_owned(),
            back: Link::new("/p/demo/scorecards/sc_01", name),
            version: 3,
            workflow: name.to_owned(),
            name: name.to_owned(),
            owners: select(name),
            backups: select(name),
            cadence_days: "14".to_owned(),
            dimensions: name.to_owned(),
            required_segments: name.to_owned(),
            checks: vec![CheckFields {
                key: name.to_owned(),
                signal: name.to_owned(),
                statistics: select("p95"),
                dimension: name.to_owned(),
                criteria: select("floor"),
                value: name.to_owned(),
                roles: select("key"),
            }],
            signals: vec![name.to_owned()],
            error: None,
            meanwhile: vec![],
            preview_error: None,
            preview: vec![
                ReconsideredDecision {
                    link: Link::new("/p/demo/decisions/dec_01", name),
                    verdict: "ship".to_owned(),
                    at: Time::sample(-90_000),
                    recommended: Some("hold".to_owned()),
                    turned: true,
                    changes: vec![name.to_owned()],
                },
                ReconsideredDecision {
                    link: Link::new("/p/demo/decisions/dec_02", name),
                    verdict: "hold".to_owned(),
                    at: Time::sample(-180_000),
                    recommended: None,
                    turned: false,
                    changes: vec![],
                },
            ],
        }
    }
}
