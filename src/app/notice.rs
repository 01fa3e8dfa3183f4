//! Notices: what people and programs are told, in words, and telling it once: to the inbox always, by mail unless the
//! person turned that off. Written in the transaction of what it tells about.

use std::sync::LazyLock;

use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{NoticeId, ProjectId, ScorecardId};
use seatrial_domain::notice::Topic;
use seatrial_domain::scorecard::{Freshness, Scorecard};
use seatrial_domain::time::Timestamp;
use seatrial_store::member::MemberRow;
use seatrial_store::notice::{self, NoticeRow};
use seatrial_store::{Scope, WriteTx, outbox, webhook};
use serde_json::json;

use super::App;
use super::error::AppError;
use crate::notify::webhook::Event;
use crate::render::view::Time;
use crate::render::view::mail::{
    DecisionRecorded, MailView, ScorecardDue, ScorecardNotice, ScorecardOverdue, ScorecardStale, ScorecardUnowned, Told,
};
use crate::render::{Mail, RenderError, Renderer, text};

/// Which notice about a scorecard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The review is near.
    Due,
    /// The scorecard went stale: its review fell due, or something happened.
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

/// What people are told, whoever they are.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    /// The project it is about.
    pub(super) scope: Scope,
    /// What it is about.
    pub(super) topic: Topic,
    /// What it tells: a person is told once.
    pub(super) key: String,
    /// What its mails belong to.
    pub(super) thread: String,
    /// Where to act.
    pub(super) url: String,
}

/// The words for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    subject: String,
    /// For the inbox: without greeting and footer.
    summary: String,
    text: String,
    html: String,
}

/// The templates, read at first use.
static RENDERER: LazyLock<Result<Renderer, RenderError>> = LazyLock::new(Renderer::new);

/// A mail from its model.
pub(super) fn render_mail(view: &impl MailView) -> Result<Mail, AppError> {
    let renderer = RENDERER.as_ref().map_err(|error| AppError::internal(error.to_string()))?;
    renderer.mail(view).map_err(AppError::internal)
}

/// A mail's words, everything in them escaped.
pub(super) fn letter<T: MailView>(view: &T, summary: &[String], preferences_url: &str) -> Result<Letter, AppError> {
    let renderer = RENDERER.as_ref().map_err(|error| AppError::internal(error.to_string()))?;
    let mail = renderer.mail_with(view, preferences_url).map_err(AppError::internal)?;
    Ok(Letter { subject: mail.subject, summary: summary.join("\n"), text: mail.text, html: mail.html })
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
    pub(super) fn letter(
        &self,
        kind: NoticeKind,
        recipient: &str,
        because: &str,
        preferences_url: &str,
    ) -> Result<Letter, AppError> {
        let reasons: Vec<String> = self.freshness.reasons.iter().map(|reason| reason.text.clone()).collect();
        let at = if kind == NoticeKind::Overdue { Some(self.since) } else { self.freshness.due_at };
        let view = ScorecardNotice {
            project: self.project.clone(),
            scorecard: self.scorecard.name.clone(),
            workflow: self.workflow.clone(),
            recipient: recipient.to_owned(),
            because: because.to_owned(),
            due_at: at.map(|at| Time(at.micros())),
            reasons: reasons.clone(),
            url: self.url.clone(),
        };
        match kind {
            NoticeKind::Due => letter(&ScorecardDue(view), &reasons, preferences_url),
            NoticeKind::Stale => letter(&ScorecardStale(view), &reasons, preferences_url),
            NoticeKind::Overdue => letter(&ScorecardOverdue(view), &reasons, preferences_url),
            NoticeKind::Unowned => letter(&ScorecardUnowned(view), &reasons, preferences_url),
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

/// What is told of a recorded decision.
pub(super) struct DecisionNotice<'a> {
    pub(super) project: &'a str,
    pub(super) workflow: &'a str,
    pub(super) release: &'a str,
    pub(super) recommended: Verdict,
    pub(super) record: &'a seatrial_domain::decision::DecisionRecord,
    pub(super) url: &'a str,
}

impl DecisionNotice<'_> {
    /// The words for one person.
    pub(super) fn letter(&self, recipient: &str, preferences_url: &str) -> Result<Letter, AppError> {
        let record = self.record;
        let view = DecisionRecorded {
            project: self.project.to_owned(),
            workflow: self.workflow.to_owned(),
            release: self.release.to_owned(),
            recipient: recipient.to_owned(),
            verdict: record.verdict.as_str().to_owned(),
            recommendation: self.recommended.as_str().to_owned(),
            decided_by: record.decided_by.display_name.clone(),
            decided_at: Time(record.decided_at.micros()),
            reason: record.reason.clone(),
            bundle_digest: record.bundle.to_string(),
            url: self.url.to_owned(),
        };
        let summary = format!(
            "{} decided about {} {}: {}. {}",
            record.decided_by.display_name,
            self.workflow,
            self.release,
            record.verdict.words(),
            record.reason
        );
        letter(&view, &[summary], preferences_url)
    }
}

impl App {
    /// Tells one person: their inbox, and by mail unless they turned that topic off. Returns how many messages leave;
    /// none when they were told before.
    ///
    /// # Errors
    /// When the words cannot be composed or the database fails.
    pub(super) async fn tell(
        &self,
        tx: &WriteTx,
        what: &Telling,
        to: &MemberRow,
        words: impl FnOnce(&str) -> Result<Letter, AppError>,
    ) -> Result<usize, AppError> {
        let preference = self.preference_of(tx, what.scope, to.account).await?;
        let letter = words(&self.preferences_url(&preference.token))?;
        let row = NoticeRow {
            id: NoticeId::from_uuid(self.ids.uuid_v7()),
            account: to.account,
            dedup_key: what.key.clone(),
            topic: what.topic,
            subject: letter.subject.clone(),
            text: letter.summary.clone(),
            url: what.url.clone(),
            created_at: self.now(),
            read_at: None,
        };
        let fresh = notice::insert(tx, what.scope, &row).await?;
        if !fresh || preference.muted.contains(&what.topic) {
            return Ok(0);
        }
        let unsubscribe = format!("{}?topic={}", self.preferences_url(&preference.token), what.topic.as_str());
        let message = self.mail_message(what, to, (letter.subject, letter.text, letter.html), unsubscribe)?;
        Ok(usize::from(outbox::enqueue(tx, &message).await?))
    }

    /// Tells several people the same, in general words. Nobody is told of their own act.
    ///
    /// # Errors
    /// When the words cannot be composed or the database fails.
    pub(super) async fn tell_all(
        &self,
        tx: &WriteTx,
        what: &Telling,
        people: &[MemberRow],
        told: &Told,
    ) -> Result<usize, AppError> {
        let mut messages = 0;
        for person in people {
            let mut summary = vec![told.lead.clone()];
            summary.extend(told.reasons.iter().cloned());
            let view = Told { recipient: person.name.clone(), ..told.clone() };
            messages += self.tell(tx, what, person, |preferences| letter(&view, &summary, preferences)).await?;
        }
        Ok(messages)
    }

    /// One event for each active endpoint of the project. Returns how many messages leave.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn announce(&self, tx: &WriteTx, scope: Scope, key: &str, body: &str) -> Result<usize, AppError> {
        let mut messages = 0;
        // Bounded: a project has at most twenty webhooks.
        for hook in webhook::list_active(tx, scope).await? {
            let message = self.webhook_message(scope, hook.id, key, body.to_owned());
            messages += usize::from(outbox::enqueue(tx, &message).await?);
        }
        Ok(messages)
    }

    /// The page of a scorecard.
    pub(super) fn scorecard_url(&self, slug: &str, id: ScorecardId) -> String {
        self.page_url(slug, &format!("/scorecards/{id}"))
    }

    /// A page of a project; `path` begins with a slash.
    pub(super) fn page_url(&self, slug: &str, path: &str) -> String {
        format!("{}/p/{}{path}", self.config.server.public_url, text::url_component(slug))
    }

    /// The name in addresses and the name of a project, for background work.
    pub(super) async fn project_names(
        &self,
        db: &impl seatrial_store::Connection,
        id: ProjectId,
    ) -> Result<(String, String), AppError> {
        let project = seatrial_store::project::by_id(db, id).await?;
        let project = project.ok_or(AppError::NotFound { noun: "project" })?;
        Ok((project.slug, project.name))
    }
}
