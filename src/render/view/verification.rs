//! What verification of the ledger, or of one decision, found.

use serde::Serialize;

use super::{HOSTILE, KeyValue, Link, View};

/// Body of `/p/{project}/decisions/verification` and `…/decisions/{decision}/verification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationPage {
    /// What was verified.
    pub heading: String,
    /// Where it belongs.
    pub back: Link,
    /// Whether everything holds.
    pub ok: bool,
    /// In a sentence.
    pub summary: String,
    /// The first thing wrong, in words.
    pub problem: Option<String>,
    /// What was checked, in order; nothing when there is nothing yet to check.
    pub steps: Vec<VerifiedStep>,
    /// What was read, and with what.
    pub facts: Vec<KeyValue>,
    /// What verifies it elsewhere.
    pub downloads: Vec<Link>,
    /// Commands that verify it offline.
    pub commands: Vec<String>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedStep {
    /// What.
    pub name: String,
    /// Whether it holds.
    pub ok: bool,
    /// In words.
    pub detail: String,
}

impl View for VerificationPage {
    const TEMPLATE: &'static str = "pages/decision/verification";
    const SECTION: &'static str = "decisions";
}

impl VerificationPage {
    /// Everything holds.
    pub fn sample() -> Self {
        Self { ok: true, problem: None, ..Self::named("Every step holds.") }
    }

    /// With hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(text: &str) -> Self {
        let step = |ok| VerifiedStep { name: "chain".to_owned(), ok, detail: text.to_owned() };
        Self {
            heading: "Decision 4, verified".to_owned(),
            back: Link::new("/p/demo/decisions", "Decisions"),
            ok: false,
            summary: text.to_owned(),
            problem: Some(text.to_owned()),
            steps: vec![step(true), step(false)],
            facts: vec![KeyValue::new("Digest", text)],
            downloads: vec![Link::new("/api/v1/projects/demo/checkpoint", text)],
            commands: vec![text.to_owned()],
        }
    }
}
