//! Responses: what is done about something, by whom, and whether it helped; saying that it was done, and closing it.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::ResponseId;
use seatrial_domain::response::ResponseState;
use seatrial_domain::saved_view::ViewedList;
use seatrial_store::response::ResponseFilter;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::gap::{TaskQuery, date_of, field};
use crate::app::error::AppError;
use crate::app::response::ResponseDetail;
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::task::{TaskForm, TaskList, TaskNote, TaskPage, TaskRow};
use crate::render::view::{Empty, KeyValue, Link, Time};

/// `GET /p/{project}/responses`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<TaskQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let filter = ResponseFilter {
        state: (!query.is_all()).then_some(ResponseState::Open),
        owners: if query.is_mine() { Some(frame.own().await?) } else { None },
        ..ResponseFilter::default()
    };
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().responses(frame.caller(), frame.slug(), &filter, page).await?;
    let held = rows.iter().filter_map(|row| row.owner).collect();
    let owners = frame.app().owner_names(frame.caller(), frame.slug(), held).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let base = frame.href("/responses");
    let note = format!("{} responses on this page, latest first", rows.len());
    let body = TaskList {
        order: None,
        heading: "Responses".to_owned(),
        sub: "What is done about gaps, failure patterns, decisions and alerts, and whether it helped.".to_owned(),
        chips: query.chips(&base),
        pager: query.pager(&base, next.map(|cursor| cursor.to_string()), note),
        empty: rows.is_empty().then(|| Empty {
            title: "No response here".to_owned(),
            text: "Open one about a gap or a decision; closing it shows the signal it was meant to move.".to_owned(),
            command: Some(format!(
                "curl {}/api/v1/projects/{}/responses -H \"authorization: Bearer $SEATRIAL_API_KEY\" --json \
                 @response.json",
                frame.app().config.server.public_url,
                frame.slug()
            )),
            action: None,
        }),
        act: None,
        more: None,
        rows: rows
            .iter()
            .map(|row| TaskRow {
                link: Link::new(frame.href(&format!("/responses/{}", row.id)), &row.title),
                state: row.state.as_str().to_owned(),
                detail: row.effect.as_ref().map_or_else(
                    || format!("{}: meant to move {}", names.workflow_name(row.workflow), row.signal),
                    |effect| effect.text.clone(),
                ),
                owner: row.owner.and_then(|id| owners.get(&id)).map(|owner| owner.name.clone()),
                due_at: Some(Time(row.due_at.micros())),
                since: Time(row.opened_at.micros()),
            })
            .collect(),
    };
    let frame = frame.with_views(ViewedList::Responses, &query.parameters()).await?;
    frame.page("Responses", body)
}

fn response_id(text: &str) -> Result<ResponseId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "response" })
}

/// `GET /p/{project}/responses/{response}`.
///
/// # Errors
/// When there is no such response in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, response) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let detail = frame.app().response(frame.caller(), frame.slug(), response_id(&response)?).await?;
    let body = response_page(&frame, &detail, None, "").await?;
    frame.page(format!("Response {}", detail.row.title), body)
}

async fn response_page(
    frame: &Frame,
    detail: &ResponseDetail,
    error: Option<String>,
    typed: &str,
) -> Result<TaskPage, Problem> {
    let (app, caller, slug, row) = (frame.app(), frame.caller(), frame.slug(), &detail.row);
    let names = app.names(caller, slug).await?;
    let owners = app.owner_names(caller, slug, row.owner.into_iter().collect()).await?;
    let owner = row.owner.and_then(|id| owners.get(&id)).map_or("nobody", |owner| owner.name.as_str());
    let mut paragraphs = Vec::new();
    paragraphs.extend(row.effect.as_ref().map(|effect| format!("When it was closed: {}", effect.text)));
    paragraphs.extend(detail.effect_now.as_ref().map(|effect| format!("As of now: {}", effect.text)));
    paragraphs.extend(detail.failures_waiting.map(|n| format!("{n} failures of its kind wait in triage.")));
    if paragraphs.is_empty() {
        paragraphs.push(format!("Nothing was done yet. It is meant to move {}.", row.signal));
    }
    Ok(TaskPage {
        heading: row.title.clone(),
        back: Link::new(frame.href("/responses"), "Responses"),
        state: row.state.as_str().to_owned(),
        sub: names.workflow_name(row.workflow),
        lead: "What it moved".to_owned(),
        paragraphs,
        notes: happened(detail),
        facts: vec![
            KeyValue::new("What", row.kind.words()),
            KeyValue::new("Owner", owner),
            KeyValue::new("Due", date_of(row.due_at)),
            KeyValue::new("About", format!("{} {}", row.origin.as_str().replace('_', " "), row.origin_id)),
        ],
        link: None,
        forms: if frame.may(Permission::ManageResponses) { forms(frame, detail, typed) } else { Vec::new() },
        error,
    })
}

fn happened(detail: &ResponseDetail) -> Vec<TaskNote> {
    let row = &detail.row;
    let note = |at: i64, what: String, by: &str| TaskNote { at: Time(at), what, by: by.to_owned() };
    let mut notes = vec![note(row.opened_at.micros(), "Opened.".to_owned(), &row.opened_by.display_name)];
    notes.extend(detail.notes.iter().map(|n| note(n.at.micros(), n.text.clone(), &n.by.display_name)));
    notes.extend(row.acted.iter().map(|a| note(a.at.micros(), format!("Done: {}", a.note), &a.by.display_name)));
    let last = row.state.as_str();
    notes.extend(row.closed.iter().map(|a| note(a.at.micros(), format!("{last}: {}", a.note), &a.by.display_name)));
    notes.sort_by_key(|note| note.at.0);
    notes
}

fn forms(frame: &Frame, detail: &ResponseDetail, typed: &str) -> Vec<TaskForm> {
    let row = &detail.row;
    let form = |act: &str, label: &str, button: &str, primary: bool| TaskForm {
        action: frame.href(&format!("/responses/{}/{act}", row.id)),
        selects: Vec::new(),
        dates: Vec::new(),
        texts: vec![crate::render::view::task::TaskField {
            id: format!("task-{act}"),
            ..field("text", label, if primary { typed.to_owned() } else { String::new() })
        }],
        button: button.to_owned(),
        primary,
    };
    match row.state {
        ResponseState::Open => vec![
            form("act", "What was done", "It was done", true),
            form("note", "A note", "Add the note", false),
            form("cancel", "Why it is not to be done", "Cancel it", false),
        ],
        ResponseState::Acted => vec![
            form("close", "What was done, and what follows from what it moved", "Close it", true),
            form("note", "A note", "Add the note", false),
        ],
        ResponseState::Closed | ResponseState::Cancelled => Vec::new(),
    }
}

/// The text of a form.
#[derive(Debug, Deserialize)]
pub struct TextForm {
    #[serde(default)]
    text: String,
}

/// `POST /p/{project}/responses/{response}/{act}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such response or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<TextForm>) -> Answer {
    let (project, response, act) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::ManageResponses)?;
    let (id, PageForm(TextForm { text })) = (response_id(&response)?, form);
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let done = match act.as_str() {
        "act" => app.act_on_response(caller, slug, id, &text).await,
        "note" => app.note_response(caller, slug, id, &text).await,
        "close" => app.close_response(caller, slug, id, &text).await,
        "cancel" => app.cancel_response(caller, slug, id, &text).await,
        _ => Err(AppError::NotFound { noun: "page" }),
    };
    match done {
        Ok(_) => Ok(frame.done(&format!("/responses/{id}"), "response_changed")),
        Err(error) => {
            let error = refusal(error)?;
            let detail = frame.app().response(frame.caller(), frame.slug(), id).await?;
            let body = response_page(&frame, &detail, Some(error), &text).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, format!("Response {}", detail.row.title), body)
        }
    }
}
