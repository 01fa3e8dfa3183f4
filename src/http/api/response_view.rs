//! Responses as the API shows and takes them.

use seatrial_domain::ids::{ReleaseId, ResponseId, WorkflowId};
use seatrial_domain::owner::OwnerId;
use seatrial_domain::response::{Effect, OriginKind, ResponseKind, ResponseState};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::Timestamp;
use seatrial_store::response::{Act, Note, ResponseRow};
use serde::{Deserialize, Serialize};

use super::scorecard_view::ActorView;
use crate::app::response::{NewResponse, ResponseDetail};

/// Who did something, when, and what they said about it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ActView {
    /// Who.
    by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What they said.
    note: String,
}

impl From<Act> for ActView {
    fn from(act: Act) -> Self {
        Self { by: act.by.into(), at: act.at, note: act.note }
    }
}

/// What somebody wrote about a response.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct NoteView {
    /// Who.
    by: ActorView,
    /// What.
    text: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self { by: note.by.into(), text: note.text, at: note.at }
    }
}

/// What a response is about.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    /// What kind of thing.
    kind: OriginKind,
    /// Which: the id of a gap, a decision or a failure pattern; of an alert the name it was found by.
    id: String,
}

/// What is done about something, by whom, until when, and what it moved.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ResponseView {
    /// Its id.
    #[schema(value_type = String)]
    id: ResponseId,
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The release, when it is about one.
    #[schema(value_type = Option<String>)]
    release_id: Option<ReleaseId>,
    /// What it is about.
    origin: Origin,
    /// What is done.
    kind: ResponseKind,
    /// In words.
    title: String,
    /// The signal it is meant to move.
    #[schema(value_type = String)]
    signal: Signal,
    /// What the kind needs to know.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Who has it: an account's or a team's id.
    #[schema(value_type = Option<String>)]
    owner: Option<OwnerId>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// How far it has come.
    state: ResponseState,
    /// Who opened it.
    opened_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// Who did it, when and how.
    acted: Option<ActView>,
    /// Who closed or cancelled it, when, and what was done or why not.
    closed: Option<ActView>,
    /// What it had moved when it was closed.
    effect: Option<Effect>,
}

impl From<ResponseRow> for ResponseView {
    fn from(row: ResponseRow) -> Self {
        Self {
            id: row.id,
            workflow_id: row.workflow,
            release_id: row.release,
            origin: Origin { kind: row.origin, id: row.origin_id },
            kind: row.kind,
            title: row.title,
            signal: row.signal,
            detail: row.detail,
            owner: row.owner,
            due_at: row.due_at,
            state: row.state,
            opened_by: row.opened_by.into(),
            opened_at: row.opened_at,
            acted: row.acted.map(ActView::from),
            closed: row.closed.map(ActView::from),
            effect: row.effect,
        }
    }
}

/// A response with its notes and what it has moved so far.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ResponseDetailView {
    /// The response.
    #[serde(flatten)]
    response: ResponseView,
    /// The notes in the order they were written.
    notes: Vec<NoteView>,
    /// The signal before and after, as of now; absent while nothing was done.
    effect_now: Option<Effect>,
    /// How many failures of its kind still wait in triage, of `update_eval_set`.
    failures_waiting: Option<u64>,
}

impl From<ResponseDetail> for ResponseDetailView {
    fn from(detail: ResponseDetail) -> Self {
        Self {
            response: detail.row.into(),
            notes: detail.notes.into_iter().map(NoteView::from).collect(),
            effect_now: detail.effect_now,
            failures_waiting: detail.failures_waiting,
        }
    }
}

/// A response to be opened.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseBody {
    /// About which workflow, by name or id.
    workflow: String,
    /// About which release, by name or id.
    release: Option<String>,
    /// What it is about.
    origin: Origin,
    /// What is to be done.
    kind: ResponseKind,
    /// In words; the kind's own when absent.
    title: Option<String>,
    /// The signal it is meant to move, a rate; the kind's own when absent.
    #[schema(value_type = Option<String>)]
    signal: Option<Signal>,
    /// The failure class it is about, of `update_eval_set`.
    failure_class: Option<String>,
    /// The eval suite that gets the cases learned as a new version, by name or id, of `update_eval_set`.
    suite: Option<String>,
    /// The share of successful runs to look at from now on, of `increase_sampling`; ten times the present one, and at
    /// least 0.01, when absent.
    sample_share: Option<f64>,
    /// Who is to do it: an account's or a team's id; when absent the workflow's owner.
    #[schema(value_type = Option<String>)]
    owner: Option<OwnerId>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

impl From<ResponseBody> for NewResponse {
    fn from(body: ResponseBody) -> Self {
        Self {
            workflow: body.workflow,
            release: body.release,
            origin: body.origin.kind,
            origin_id: body.origin.id,
            kind: body.kind,
            title: body.title,
            signal: body.signal,
            failure_class: body.failure_class,
            suite: body.suite,
            sample_share: body.sample_share,
            owner: body.owner,
            due_at: body.due_at,
        }
    }
}
