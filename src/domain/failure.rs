//! Failure classes and what has been learned from a failure.
//!
//! A failure is a concluded run that was not a successful outcome or that carries a failure class.

use serde::{Deserialize, Serialize};

/// How bad a kind of miss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Unsafe, irreversible, or of high cost.
    Critical,
    /// Wrong, and somebody had to act.
    Major,
    /// Harmless.
    Minor,
}

impl Severity {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
        }
    }
}

/// One kind of miss of a project's taxonomy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FailureClass {
    /// The name that runs carry, such as `unsafe_action`.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in a sentence.
    pub meaning: String,
    /// Whether it is not offered for new labels any more. Runs keep it, and its severity counts on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// The classes every project begins with; a class a run names that is in no taxonomy counts as major.
pub const BUILT_IN_CLASSES: [(&str, Severity, &str); 12] = [
    ("unsafe_action", Severity::Critical, "Did something harmful or forbidden"),
    ("irreversible_error", Severity::Critical, "Changed something wrongly that cannot be undone"),
    ("data_leak", Severity::Critical, "Showed data to somebody who must not see it"),
    ("unauthorised_commitment", Severity::Critical, "Promised or spent what it had no authority for"),
    ("policy_violation", Severity::Major, "Broke a rule of the workflow"),
    ("wrong_result", Severity::Major, "Finished with a wrong answer or action"),
    ("incomplete", Severity::Major, "Stopped before the work was done"),
    ("tool_misuse", Severity::Major, "Called the wrong tool or with wrong arguments"),
    ("hallucination", Severity::Major, "Stated something its sources do not support"),
    ("missed_escalation", Severity::Major, "Should have asked a person and did not"),
    ("timeout", Severity::Minor, "Ran out of time, turns or budget"),
    ("formatting", Severity::Minor, "Right content in the wrong form"),
];

/// A project's failure classes by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taxonomy {
    own: Vec<FailureClass>,
}

impl Taxonomy {
    /// The built-in classes and the project's own, which win over built-in ones of the same name.
    #[must_use]
    pub const fn new(own: Vec<FailureClass>) -> Self {
        Self { own }
    }

    /// The severity of a class; unknown classes are major.
    #[must_use]
    pub fn severity(&self, class: &str) -> Severity {
        self.own
            .iter()
            .find(|own| own.name == class)
            .map(|own| own.severity)
            .or_else(|| BUILT_IN_CLASSES.iter().find(|(name, ..)| *name == class).map(|(_, severity, _)| *severity))
            .unwrap_or(Severity::Major)
    }

    /// Every class, the project's own first, without repeats.
    #[must_use]
    pub fn classes(&self) -> Vec<FailureClass> {
        let built_in = BUILT_IN_CLASSES.iter().filter(|(name, ..)| !self.own.iter().any(|own| own.name == *name)).map(
            |(name, severity, meaning)| FailureClass {
                name: (*name).to_owned(),
                severity: *severity,
                meaning: (*meaning).to_owned(),
                retired: false,
            },
        );
        self.own.iter().cloned().chain(built_in).collect()
    }

    /// What the project says of its own.
    #[must_use]
    pub fn own(&self) -> &[FailureClass] {
        &self.own
    }

    /// The classes that are offered for new labels: every one that is not retired.
    #[must_use]
    pub fn offered(&self) -> Vec<FailureClass> {
        self.classes().into_iter().filter(|class| !class.retired).collect()
    }
}

/// What has been learned from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LearningStatus {
    /// Nobody has looked yet.
    Open,
    /// It became an eval case.
    Promoted,
    /// An existing case covers it.
    Linked,
    /// Somebody decided, with a reason, that there is nothing to learn.
    Dismissed,
}

impl LearningStatus {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Promoted => "promoted",
            Self::Linked => "linked",
            Self::Dismissed => "dismissed",
        }
    }

    /// The status of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Promoted, Self::Linked, Self::Dismissed].into_iter().find(|status| status.as_str() == name)
    }
}
