//! Responses: opened about a gap, a failure pattern, a decision or an alert; done by people, by Seatrial or by another
//! system that is asked by webhook; closed with what was done and what it moved.

mod effect;
mod inside;
mod open;
mod told;

pub(super) use open::opened;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::ResponseId;
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::response::{Effect, OriginKind, ResponseKind, ResponseState};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::Timestamp;
use seatrial_store::response::{self, Act, Note, ResponseFilter, ResponseRow};
use seatrial_store::{Cursor, Page, Scope, freshness};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::notice::event_body;

/// A response to be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct NewResponse {
    /// About which workflow, by name or id.
    pub workflow: String,
    /// About which release, by name or id.
    pub release: Option<String>,
    /// What kind of thing it answers.
    pub origin: OriginKind,
    /// Which: its id.
    pub origin_id: String,
    /// What is to be done.
    pub kind: ResponseKind,
    /// In words; the kind's own when absent.
    pub title: Option<String>,
    /// The signal it is meant to move, a rate; the kind's own when absent.
    pub signal: Option<Signal>,
    /// The failure class it is about, for [`ResponseKind::UpdateEvalSet`].
    pub failure_class: Option<String>,
    /// The suite that gets the cases learned, by name or id, for [`ResponseKind::UpdateEvalSet`].
    pub suite: Option<String>,
    /// The share of successful runs to look at, for [`ResponseKind::IncreaseSampling`]; ten times the present one, and at
    /// least one in a hundred, when absent.
    pub sample_share: Option<f64>,
    /// Who is to do it; when absent whoever owns the workflow.
    pub owner: Option<OwnerId>,
    /// Until when.
    pub due_at: Timestamp,
}

/// A response with what was written about it, and what it has moved so far.
#[derive(Clone, Debug)]
pub struct ResponseDetail {
    /// The response.
    pub row: ResponseRow,
    /// The notes in the order they were written.
    pub notes: Vec<Note>,
    /// The signal before and after, as of now; absent while nothing was done.
    pub effect_now: Option<Effect>,
    /// How many failures of its kind still wait in triage, for [`ResponseKind::UpdateEvalSet`].
    pub failures_waiting: Option<u64>,
}

const NO_RESPONSE: AppError = AppError::NotFound { noun: "response" };

fn over(row: &ResponseRow) -> AppError {
    let detail = format!("It is {} already.", row.state.as_str());
    AppError::Conflict { code: "response_over", detail }
}

fn said(field: &str, text: &str) -> Result<String, AppError> {
    if text.trim().is_empty() || text.len() > limits::NOTE_BYTES {
        return Err(AppError::invalid(field, format!("say it in 1 to {} bytes", limits::NOTE_BYTES)));
    }
    Ok(text.trim().to_owned())
}

impl App {
    /// The responses of a project, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn responses(
        &self,
        caller: &Caller,
        project: &str,
        filter: &ResponseFilter,
        page: Page,
    ) -> Result<(Vec<ResponseRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(response::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// A response with its notes and its effect so far.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the database fails.
    pub async fn response(&self, caller: &Caller, project: &str, id: ResponseId) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        self.response_detail(&project, id).await
    }

    async fn response_detail(&self, project: &ProjectAccess, id: ResponseId) -> Result<ResponseDetail, AppError> {
        let db = self.store.read();
        let row = response::find(db, project.scope, id).await?.ok_or(NO_RESPONSE)?;
        let effect_now = match &row.acted {
            Some(act) => Some(self.effect_of(project, &row, act.at).await?),
            None => None,
        };
        let failures_waiting = match row.kind {
            ResponseKind::UpdateEvalSet => Some(self.failures_waiting(project.scope, &row).await?),
            _ => None,
        };
        Ok(ResponseDetail { notes: response::notes(db, project.scope, id).await?, row, effect_now, failures_waiting })
    }

    /// How many failures that the response asks to learn from are still open.
    pub(super) async fn failures_waiting(&self, scope: Scope, row: &ResponseRow) -> Result<u64, AppError> {
        if row.origin == OriginKind::FailurePattern {
            return self.pattern_waiting(scope, row).await;
        }
        let begin = Timestamp::from_micros(0);
        let open = freshness::open_failures(self.store.read(), scope, row.workflow, begin).await?;
        let class = row.detail.get("failure_class").and_then(|class| class.as_str());
        let of_kind = open.iter().filter(|(of, ..)| class.is_none() || of.as_deref() == class);
        Ok(of_kind.map(|(_, failures, _)| failures).sum())
    }

    /// Gives a response to somebody else, or another due date.
    ///
    /// # Errors
    /// When there is none, it is over, the owner cannot act, the time is over, the caller may not, or the database
    /// fails.
    pub async fn put_response(
        &self,
        caller: &Caller,
        project: &str,
        id: ResponseId,
        owner: OwnerId,
        due_at: Timestamp,
    ) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        self.able(project.scope, "owner", owner).await?;
        let tx = self.store.write().await?;
        let row = response::find(&tx, project.scope, id).await?.ok_or(NO_RESPONSE)?;
        if row.state.is_over() {
            return Err(over(&row));
        }
        if due_at <= self.now() && due_at != row.due_at {
            return Err(AppError::invalid("due_at", "use a time after now"));
        }
        let before = row.state;
        let given = row.owner != Some(owner);
        let was = json!({"owner": row.owner, "due_at": row.due_at});
        let row = ResponseRow { owner: Some(owner), due_at, ..row };
        if !response::update(&tx, project.scope, &row, before).await? {
            return Err(changed());
        }
        self.audit(&tx, &project, "put", "response", id, &Change::of(was, json!({"owner": owner, "due_at": due_at})))
            .await?;
        if given {
            self.tell_response(&tx, &project, &row, "given").await?;
        }
        tx.commit().await?;
        self.response_detail(&project, id).await
    }

    /// Adds a note.
    ///
    /// # Errors
    /// When there is none, nothing is said, the caller may not, or the database fails.
    pub async fn note_response(
        &self,
        caller: &Caller,
        project: &str,
        id: ResponseId,
        text: &str,
    ) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let text = said("text", text)?;
        let tx = self.store.write().await?;
        response::find(&tx, project.scope, id).await?.ok_or(NO_RESPONSE)?;
        let note = Note { id: self.ids.uuid_v7(), by: project.actor().clone(), text, at: self.now() };
        response::add_note(&tx, project.scope, id, &note).await?;
        self.audit(&tx, &project, "note", "response", id, &Change::made(json!({"text": note.text}))).await?;
        tx.commit().await?;
        self.response_detail(&project, id).await
    }

    /// Records that it was done: by the person or the system that says so. From now on its effect is measured.
    ///
    /// # Errors
    /// When there is none, it was done or is over, nothing is said, the caller may not, or the database fails.
    pub async fn act_on_response(
        &self,
        caller: &Caller,
        project: &str,
        id: ResponseId,
        note: &str,
    ) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let note = said("note", note)?;
        let tx = self.store.write().await?;
        let row = response::find(&tx, project.scope, id).await?.ok_or(NO_RESPONSE)?;
        if row.state != ResponseState::Open {
            let detail = format!("It is {} already; what was done first is kept.", row.state.as_str());
            return Err(AppError::Conflict { code: "already_acted", detail });
        }
        if row.kind == ResponseKind::UpdateEvalSet {
            self.require_learned(project.scope, &row).await?;
        }
        let act = Act { by: project.actor().clone(), at: self.now(), note };
        let detail = self.update_suite(&tx, &project, &row).await?;
        let row = ResponseRow { state: ResponseState::Acted, acted: Some(act.clone()), detail, ..row };
        if !response::update(&tx, project.scope, &row, ResponseState::Open).await? {
            return Err(changed());
        }
        self.audit(
            &tx,
            &project,
            "act",
            "response",
            id,
            &Change::of(json!({"state": ResponseState::Open}), json!({"state": row.state, "note": act.note})),
        )
        .await?;
        tx.commit().await?;
        self.response_detail(&project, id).await
    }

    /// Closes a response with what was done, and keeps what it moved.
    ///
    /// # Errors
    /// When there is none, it is over, nothing is said, failures that it asks to learn from still wait, the caller may
    /// not, or the database fails.
    pub async fn close_response(
        &self,
        caller: &Caller,
        project: &str,
        id: ResponseId,
        done: &str,
    ) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let done = said("done", done)?;
        let before = response::find(self.store.read(), project.scope, id).await?.ok_or(NO_RESPONSE)?;
        if before.state.is_over() {
            return Err(over(&before));
        }
        if before.kind == ResponseKind::UpdateEvalSet {
            self.require_learned(project.scope, &before).await?;
        }
        let act = Act { by: project.actor().clone(), at: self.now(), note: done };
        let acted = before.acted.clone().unwrap_or_else(|| act.clone());
        let effect = self.effect_of(&project, &before, acted.at).await?;
        let row = ResponseRow {
            state: ResponseState::Closed,
            acted: Some(acted),
            closed: Some(act),
            effect: Some(effect),
            ..before.clone()
        };
        self.end_response(&project, &row, before.state, "close").await
    }

    /// Says that it is not to be done after all.
    ///
    /// # Errors
    /// When there is none, it is over, no reason is given, the caller may not, or the database fails.
    pub async fn cancel_response(
        &self,
        caller: &Caller,
        project: &str,
        id: ResponseId,
        reason: &str,
    ) -> Result<ResponseDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageResponses).await?;
        let note = said("reason", reason)?;
        let before = response::find(self.store.read(), project.scope, id).await?.ok_or(NO_RESPONSE)?;
        if before.state.is_over() {
            return Err(over(&before));
        }
        let act = Act { by: project.actor().clone(), at: self.now(), note };
        let row = ResponseRow { state: ResponseState::Cancelled, closed: Some(act), ..before.clone() };
        self.end_response(&project, &row, before.state, "cancel").await
    }

    async fn end_response(
        &self,
        project: &ProjectAccess,
        row: &ResponseRow,
        before: ResponseState,
        action: &'static str,
    ) -> Result<ResponseDetail, AppError> {
        let work = self.find_workflow(project, &row.workflow.to_string()).await?;
        let tx = self.store.write().await?;
        let row = &match (row.state, before) {
            (ResponseState::Closed, ResponseState::Open) => {
                ResponseRow { detail: self.update_suite(&tx, project, row).await?, ..row.clone() }
            }
            (ResponseState::Cancelled, _) => {
                self.restore_sampling(&tx, project, row).await?;
                row.clone()
            }
            _ => row.clone(),
        };
        if !response::update(&tx, project.scope, row, before).await? {
            return Err(changed());
        }
        let after = json!({"state": row.state, "note": row.closed.as_ref().map(|act| &act.note), "effect": row.effect, "detail": row.detail});
        let detail = Change::of(json!({"state": before}), after);
        self.audit(&tx, project, action, "response", row.id, &detail).await?;
        self.tell_response(&tx, project, row, "closed").await?;
        let data = self.response_data(project, row, &work);
        let body = event_body(&format!("response.{}", row.state.as_str()), self.now(), data)?;
        self.announce(&tx, project.scope, &format!("{}:{}", row.id, row.state.as_str()), &body).await?;
        tx.commit().await?;
        self.response_detail(project, row.id).await
    }
}

fn changed() -> AppError {
    let detail = "Somebody changed it at the same time; read it again.".to_owned();
    AppError::Conflict { code: "response_changed", detail }
}
