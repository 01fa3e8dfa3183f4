//! An alert as a page.

use serde::Serialize;

use super::task::{TaskForm, TaskPage};
use super::{HOSTILE, KeyValue, Link, Time, View};

/// Body of `/p/{project}/alerts/{alert}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertPage {
    /// What it is watched for, as a sentence.
    pub heading: String,
    /// The list it belongs to.
    pub back: Link,
    /// Where it stands.
    pub state: String,
    /// Of which workflow and release.
    pub sub: String,
    /// Why, in words with figures.
    pub text: String,
    /// What changed, the strongest first, each in words with figures.
    pub findings: Vec<String>,
    /// What happened to it, latest first.
    pub history: Vec<AlertMoment>,
    /// Since when, evidence, promise.
    pub facts: Vec<KeyValue>,
    /// The runs in the window, the gate, the response, the incident review.
    pub links: Vec<Link>,
    /// What can be done.
    pub forms: Vec<TaskForm>,
    /// Why the last form was not accepted.
    pub error: Option<String>,
}

/// Something that happened to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertMoment {
    /// When.
    pub at: Time,
    /// Where it stands from then on.
    pub state: String,
    /// Why, or what somebody said.
    pub text: String,
    /// Who.
    pub by: String,
}

impl AlertMoment {
    fn named(text: &str) -> Self {
        Self { at: Time::sample(-30), state: "firing".to_owned(), text: text.to_owned(), by: "Seatrial".to_owned() }
    }
}

impl View for AlertPage {
    const TEMPLATE: &'static str = "pages/alert/show";
    const SECTION: &'static str = "alerts";
}

impl AlertPage {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("In all runs, retry_rate: 15.2 % (76 of 500) since 2026-11-23 02:00 UTC, against 5.1 %.")
    }

    /// One with hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(text: &str) -> Self {
        let task = TaskPage::sample();
        Self {
            heading: "More runs retry".to_owned(),
            back: Link::new("/p/demo/alerts", "Alerts"),
            state: "firing".to_owned(),
            sub: text.to_owned(),
            text: text.to_owned(),
            findings: vec![text.to_owned()],
            history: vec![AlertMoment::named(text)],
            facts: vec![KeyValue::new("Since", text)],
            links: vec![Link::new("/p/demo/runs?release=rel_01", "Runs of the release")],
            forms: task.forms,
            error: Some(text.to_owned()),
        }
    }
}
