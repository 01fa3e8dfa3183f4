//! How workflows are watched, as pages: the list, and one workflow's settings with what they would have done.

use serde::Serialize;

use super::{Empty, HOSTILE, Link, MeanwhileRow, Time, View};

/// Body of `/p/{project}/alert-settings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertSettingsList {
    /// The list of alerts.
    pub back: Link,
    /// The workflows, by name.
    pub rows: Vec<WatchedWorkflow>,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// How one workflow is watched, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchedWorkflow {
    /// Its name, and where it is set.
    pub link: Link,
    /// Days to the first false alarm, at least.
    pub days: u32,
    /// How many kinds of change are watched, of all.
    pub kinds: String,
    /// Which segments.
    pub segments: String,
    /// Until when nobody is told, while that lasts.
    pub quiet_until: Option<Time>,
}

impl View for AlertSettingsList {
    const TEMPLATE: &'static str = "pages/alert/watched";
    const SECTION: &'static str = "alerts";
    const PART: &'static str = "watching";
    const LIST: &'static str = "rows";
}

/// Body of `/p/{project}/alert-settings/{workflow}`. One form with `csrf`, sent to itself or to `…/preview`: `rests_on`,
/// `days`, `like_hours`, `on_{kind}` and `change_{kind}` (in points), `segments` (`every` or `these`) with `dimensions`,
/// `quiet_{n}_from`, `quiet_{n}_to`, `quiet_{n}_reason`, and `look_back` for the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertSettingsPage {
    /// The workflow's name.
    pub workflow: String,
    /// Where the form is sent.
    pub path: String,
    /// The list of workflows.
    pub back: Link,
    /// Whether the person may keep settings; anybody may try them.
    pub can_write: bool,
    /// Why the form was not accepted.
    pub error: Option<String>,
    /// What somebody else kept while the form was open.
    pub meanwhile: Vec<MeanwhileRow>,
    /// What the form shows.
    pub typed: AlertSettingsTyped,
    /// What the settings would have done.
    pub preview: Option<AlertPreviewPart>,
}

/// The settings as they are in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AlertSettingsTyped {
    /// The settings that the form was opened with.
    pub rests_on: String,
    /// Days to the first false alarm.
    pub days: String,
    /// Whether like hours are compared.
    pub like_hours: bool,
    /// What is watched for.
    pub kinds: Vec<WatchedKind>,
    /// Whether every segment dimension is watched.
    pub every: bool,
    /// Those that are, otherwise: one a line.
    pub dimensions: String,
    /// The quiet periods, and an empty one.
    pub quiet: Vec<QuietRow>,
    /// Days the preview looks back.
    pub look_back: String,
}

/// A kind of change in the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchedKind {
    /// Its name.
    pub kind: String,
    /// What it says when it fires.
    pub label: String,
    /// Whether it is watched.
    pub on: bool,
    /// The smallest change that matters, in points; empty for the usual one.
    pub change: String,
    /// The usual one, in points.
    pub usual: String,
    /// Points of what.
    pub share_of: String,
}

/// A quiet period in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QuietRow {
    /// Its place in the form, from 1 on.
    pub place: usize,
    /// From when on, in UTC, as a field for a local time has it.
    pub from: String,
    /// Up to when.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// What settings would have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertPreviewPart {
    /// How often they would have fired, and how often those in force would have.
    pub summary: String,
    /// By kind.
    pub kinds: Vec<PreviewedKind>,
    /// Each time, earliest first.
    pub fired: Vec<PreviewedAlert>,
    /// How many more there were than are shown.
    pub more: u64,
}

/// A kind in a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewedKind {
    /// What it says when it fires.
    pub label: String,
    /// What it would have been watched by.
    pub watched: String,
    /// How often it would have fired.
    pub fired: u64,
}

/// An alert that would have fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewedAlert {
    /// In which hour.
    pub at: Time,
    /// What it says.
    pub label: String,
    /// What had changed most, in words with figures.
    pub why: String,
}

impl View for AlertSettingsPage {
    const TEMPLATE: &'static str = "pages/alert/settings";
    const SECTION: &'static str = "alerts";
    const PART: &'static str = "watching";
}

impl AlertSettingsList {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("refund-handling")
    }

    /// One with hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// Nothing in it.
    pub fn empty_sample() -> Self {
        let empty = Empty {
            title: "No workflow yet".to_owned(),
            text: "A workflow is there from its first run on.".to_owned(),
            command: None,
            action: None,
        };
        Self { rows: Vec::new(), empty: Some(empty), ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        Self {
            back: Link::new("/p/demo/alerts", "Alerts"),
            rows: vec![WatchedWorkflow {
                link: Link::new("/p/demo/alert-settings/wf_01", text),
                days: 90,
                kinds: "7 of 7".to_owned(),
                segments: text.to_owned(),
                quiet_until: Some(Time::sample(60)),
            }],
            empty: None,
        }
    }
}

impl AlertSettingsPage {
    /// A usual one, tried.
    pub fn sample() -> Self {
        Self::named("refund-handling")
    }

    /// One with hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As somebody sees it who may not keep settings.
    pub fn bare_sample() -> Self {
        Self { can_write: false, error: None, meanwhile: vec![], preview: None, ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        Self {
            workflow: text.to_owned(),
            path: "/p/demo/alert-settings/wf_01".to_owned(),
            back: Link::new("/p/demo/alert-settings", "How workflows are watched"),
            can_write: true,
            error: Some(text.to_owned()),
            meanwhile: vec![MeanwhileRow::new("Segments", text, text)],
            typed: AlertSettingsTyped {
                rests_on: "\"0123\"".to_owned(),
                days: text.to_owned(),
                like_hours: true,
                kinds: vec![WatchedKind {
                    kind: "regression".to_owned(),
                    label: "The release succeeds less often".to_owned(),
                    on: true,
                    change: text.to_owned(),
                    usual: "5".to_owned(),
                    share_of: "of runs".to_owned(),
                }],
                every: false,
                dimensions: text.to_owned(),
                quiet: vec![QuietRow {
                    place: 1,
                    from: "2026-12-24T00:00".to_owned(),
                    to: text.to_owned(),
                    reason: text.to_owned(),
                }],
                look_back: "30".to_owned(),
            },
            preview: Some(AlertPreviewPart {
                summary: text.to_owned(),
                kinds: vec![PreviewedKind { label: text.to_owned(), watched: "12 streams".to_owned(), fired: 1 }],
                fired: vec![PreviewedAlert { at: Time::sample(-90), label: text.to_owned(), why: text.to_owned() }],
                more: 3,
            }),
        }
    }
}
