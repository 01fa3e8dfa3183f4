//! The failure classes of a project: how bad each is, and how often it was seen.

use serde::Serialize;

use super::{HOSTILE, SelectOption, View};

/// Body of `/p/{project}/settings/failure-classes`. Forms, all with `csrf` and `rests_on`: `POST …/failure-classes` with
/// `name`, `severity`, `meaning` adds or changes; with `act` it retires (`retire`), takes back into use (`restore`) or
/// drops what the project said of its own (`drop`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureClassList {
    /// Days over which failures are counted.
    pub days: u32,
    /// The classes: critical first, then by how often they were seen.
    pub rows: Vec<FailureClassRow>,
    /// Classes that runs carry and the taxonomy does not have.
    pub strangers: Vec<StrangeClass>,
    /// Failures in that time without a class.
    pub unclassified: u64,
    /// Whether the person may change them.
    pub may: bool,
    /// What the list was when the page was made.
    pub rests_on: String,
    /// Severities to choose from.
    pub severities: Vec<SelectOption>,
    /// Why the last form was not accepted.
    pub error: Option<String>,
    /// A new class, as it was typed.
    pub name: String,
    /// What it means, as it was typed.
    pub meaning: String,
}

/// A class of the taxonomy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureClassRow {
    /// Its name.
    pub name: String,
    /// How bad it is.
    pub severity: String,
    /// What it means.
    pub meaning: String,
    /// `built-in`, `built-in, changed` or `own`.
    pub origin: String,
    /// It is not offered for new labels.
    pub retired: bool,
    /// The project says something of its own about it.
    pub own: bool,
    /// Failures in the time.
    pub failures: u64,
    /// Of these, nobody has looked at yet.
    pub open: u64,
    /// Where they are.
    pub href: String,
    /// Severities, its own selected.
    pub severities: Vec<SelectOption>,
}

/// A class that runs carry and the taxonomy does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StrangeClass {
    /// Its name.
    pub name: String,
    /// Failures in the time.
    pub failures: u64,
    /// Where they are.
    pub href: String,
}

impl View for FailureClassList {
    const TEMPLATE: &'static str = "pages/settings/failure_classes";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "classes";
    const LIST: &'static str = "rows";
}

impl FailureClassList {
    /// As an administrator sees it.
    pub fn sample() -> Self {
        Self::named("lost_order")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it, with nothing strange.
    pub fn bare_sample() -> Self {
        Self { may: false, strangers: vec![], error: None, ..Self::sample() }
    }

    fn named(name: &str) -> Self {
        let severities = || vec![SelectOption::new("critical", "critical").selected(true)];
        let row = |own: bool| FailureClassRow {
            name: name.to_owned(),
            severity: "critical".to_owned(),
            meaning: name.to_owned(),
            origin: if own { "own" } else { "built-in" }.to_owned(),
            retired: own,
            own,
            failures: 412,
            open: 31,
            href: "/p/demo/failures?failure_class=lost_order".to_owned(),
            severities: severities(),
        };
        Self {
            days: 90,
            rows: vec![row(true), row(false)],
            strangers: vec![StrangeClass { name: name.to_owned(), failures: 7, href: "/p/demo/failures".to_owned() }],
            unclassified: 3,
            may: true,
            rests_on: "\"1a2b\"".to_owned(),
            severities: severities(),
            error: Some(name.to_owned()),
            name: name.to_owned(),
            meaning: name.to_owned(),
        }
    }
}
