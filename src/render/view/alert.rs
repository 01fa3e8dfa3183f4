//! An alert as a page, and its incident review as a document.

use serde::Serialize;

use super::incident::{IncidentRun, IncidentView, TimelineRow};
use super::task::{TaskForm, TaskNote, TaskPage};
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

/// The incident review of an alert. Its JSON form is this struct, so the order of fields is the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertReview {
    /// Version of this shape: `seatrial.alert/1`.
    pub schema: String,
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// The live release.
    pub release: String,
    /// What it is compared with.
    pub baseline: Option<String>,
    /// When the document was made.
    pub generated_at: Time,
    /// Where the alert is shown, as an absolute address.
    pub url: Option<String>,
    /// What is watched for: `regression`, `rising_retries`, …
    pub kind: String,
    /// Where it stands.
    pub state: String,
    /// When it fired.
    pub fired_at: Time,
    /// What happened, in words with figures.
    pub summary: String,
    /// What the machine recommended.
    pub recommended: Option<String>,
    /// What changed, the strongest first.
    pub changed: Vec<String>,
    /// The segments in which it did.
    pub segments: Vec<String>,
    /// What happened to the releases of the workflow.
    pub timeline: Vec<TimelineRow>,
    /// Failed runs of the release, the worst and latest first.
    pub runs: Vec<IncidentRun>,
    /// What happened to the alert, earliest first.
    pub history: Vec<AlertMoment>,
    /// What was done: responses.
    pub responses: Vec<TaskNote>,
    /// Whether it helped, in words with figures; `None` while nothing was done.
    pub helped: Option<String>,
    /// How it was watched, in words.
    pub promise: String,
    /// Digests: name and SHA-256.
    pub digests: Vec<KeyValue>,
}

impl AlertReview {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("retry_rate: 15.2 % (76 of 500), against 5.1 %", &IncidentView::sample())
    }

    /// One with hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE, &IncidentView::hostile_sample())
    }

    /// Nothing is known besides the alert.
    pub fn bare_sample() -> Self {
        Self {
            baseline: None,
            url: None,
            recommended: None,
            changed: vec![],
            segments: vec![],
            timeline: vec![],
            runs: vec![],
            history: vec![],
            responses: vec![],
            helped: None,
            digests: vec![],
            ..Self::sample()
        }
    }

    fn named(text: &str, like: &IncidentView) -> Self {
        Self {
            schema: "seatrial.alert/1".to_owned(),
            project: like.project.clone(),
            workflow: like.workflow.clone(),
            release: like.release.clone(),
            baseline: like.baseline.clone(),
            generated_at: like.generated_at,
            url: like.url.clone(),
            kind: "rising_retries".to_owned(),
            state: "firing".to_owned(),
            fired_at: Time::sample(-60),
            summary: text.to_owned(),
            recommended: Some("increase_sampling".to_owned()),
            changed: vec![text.to_owned()],
            segments: vec![text.to_owned()],
            timeline: like.timeline.clone(),
            runs: like.runs.clone(),
            history: vec![AlertMoment::named(text)],
            responses: vec![TaskNote { at: Time::sample(-10), what: text.to_owned(), by: text.to_owned() }],
            helped: Some(text.to_owned()),
            promise: "90 days".to_owned(),
            digests: like.digests.clone(),
        }
    }
}
