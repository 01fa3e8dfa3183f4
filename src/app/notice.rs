//! Notices: what people and programs are told about a scorecard, in words.

use std::sync::LazyLock;

use seatrial_domain::ids::ScorecardId;
use seatrial_domain::scorecard::{Freshness, Scorecard};
use seatrial_domain::time::Timestamp;
use serde_json::json;

use super::App;
use super::error::AppError;
use crate::notify::webhook::Event;
use crate::render::view::Time;
use crate::render::view::mail::{
    MailView, ScorecardDue, ScorecardNotice, ScorecardOverdue, ScorecardStale, ScorecardUnowned,
};
use crate::render::{Mail, RenderError, Renderer, text};

/// Which notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The review is near.
    Due,
    /// The scorecard went stale.
    Stale,
    /// It still is, and nobody has acted.
    Overdue,
    /// Nobody who can act answers for it.
    Unowned,
}

impl NoticeKind {
    /// The name by which a notice is told only once.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Stale => "stale",
            Self::Overdue => "overdue",
            Self::Unowned => "unowned",
        }
    }
}

/// What one person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which notice.
    pub kind: NoticeKind,
    /// The project's name.
    pub project: String,
    /// The scorecard's name.
    pub scorecard: String,
    /// The workflow's name.
    pub workflow: String,
    /// The reader's name.
    pub recipient: String,
    /// Why they are told: `you own it`.
    pub because: String,
    /// When the review is or was due; for [`NoticeKind::Overdue`] since when nobody has acted.
    pub at: Option<Timestamp>,
    /// Why it is in its state, in words.
    pub reasons: Vec<String>,
    /// The scorecard's page.
    pub url: String,
}

/// A scorecard in the state that people are told about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) project_slug: String,
    pub(super) project: String,
    pub(super) workflow: String,
    pub(super) scorecard: Scorecard,
    pub(super) freshness: Freshness,
    pub(super) since: Timestamp,
    pub(super) url: String,
}

impl Subject {
    /// What a reader is told about it.
    pub(super) fn notice(&self, kind: NoticeKind, recipient: &str, because: &str) -> Notice {
        Notice {
            kind,
            project: self.project.clone(),
            scorecard: self.scorecard.name.clone(),
            workflow: self.workflow.clone(),
            recipient: recipient.to_owned(),
            because: because.to_owned(),
            at: if kind == NoticeKind::Overdue { Some(self.since) } else { self.freshness.due_at },
            reasons: self.freshness.reasons.iter().map(|reason| reason.text.clone()).collect(),
            url: self.url.clone(),
        }
    }

    /// The body of the event that endpoints get.
    pub(super) fn event(&self) -> Result<String, AppError> {
        let data = json!({
            "project": self.project_slug,
            "scorecard": {
                "id": self.scorecard.id, "name": self.scorecard.name, "version": self.scorecard.version,
            },
            "workflow": { "id": self.scorecard.workflow, "name": self.workflow },
            "state": self.freshness.state,
            "since": self.since,
            "due_at": self.freshness.due_at,
            "reasons": self.freshness.reasons,
            "owner": self.scorecard.owner,
            "backup": self.scorecard.backup,
            "url": self.url,
        });
        event_body(&format!("scorecard.{}", self.freshness.state.as_str()), self.since, data)
    }
}

/// The body of an event.
pub(super) fn event_body(kind: &str, at: Timestamp, data: serde_json::Value) -> Result<String, AppError> {
    serde_json::to_string(&Event { kind, timestamp: at.to_string(), data }).map_err(AppError::internal)
}

/// The mails' templates, read at first use.
static RENDERER: LazyLock<Result<Renderer, RenderError>> = LazyLock::new(Renderer::new);

/// A mail from its model.
pub(super) fn render_mail(view: &impl MailView) -> Result<Mail, AppError> {
    let renderer = RENDERER.as_ref().map_err(|error| AppError::internal(error.to_string()))?;
    renderer.mail(view).map_err(AppError::internal)
}

/// A notice as a mail: its subject on one line, its text, and the same as HTML. Everything in it is escaped.
///
/// # Errors
/// When a template does not fit, which is a fault of the build.
pub fn render_notice(notice: &Notice) -> Result<(String, String, Option<String>), AppError> {
    let renderer = RENDERER.as_ref().map_err(|error| AppError::internal(error.to_string()))?;
    let view = ScorecardNotice {
        project: notice.project.clone(),
        scorecard: notice.scorecard.clone(),
        workflow: notice.workflow.clone(),
        recipient: notice.recipient.clone(),
        because: notice.because.clone(),
        due_at: notice.at.map(|at| Time(at.micros())),
        reasons: notice.reasons.clone(),
        url: notice.url.clone(),
    };
    let mail = match notice.kind {
        NoticeKind::Due => renderer.mail(&ScorecardDue(view)),
        NoticeKind::Stale => renderer.mail(&ScorecardStale(view)),
        NoticeKind::Overdue => renderer.mail(&ScorecardOverdue(view)),
        NoticeKind::Unowned => renderer.mail(&ScorecardUnowned(view)),
    };
    let mail = mail.map_err(AppError::internal)?;
    Ok((mail.subject, mail.text, Some(mail.html)))
}

impl App {
    /// The page of a scorecard.
    pub(super) fn scorecard_url(&self, slug: &str, id: ScorecardId) -> String {
        format!("{}/p/{}/scorecards/{id}", self.config.server.public_url, text::url_component(slug))
    }
}
