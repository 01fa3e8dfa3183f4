//! Successful runs that people are asked to look at: the list, and one with the two things there are to say.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::RunId;
use seatrial_domain::sample::SampleStatus;
use seatrial_domain::saved_view::ViewedList;
use seatrial_store::sample::SampleFilter;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::failure_work::class_options;
use super::form::{given, refusal};
use super::gap::{date_of, field};
use super::link;
use super::pattern::{blank, choice, remark};
use super::trace::readable;
use crate::app::content::content_of;
use crate::app::error::AppError;
use crate::app::sample::Finding;
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::task::{TaskField, TaskForm, TaskList, TaskPage, TaskRow};
use crate::render::view::{Empty, FilterChip, KeyValue, Link, Pager, Time};

/// Which samples are wanted.
#[derive(Debug, Deserialize)]
pub struct SampleQuery {
    status: Option<String>,
    cursor: Option<String>,
}

/// `GET /p/{project}/samples`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<SampleQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let status = query.status.as_deref().map_or(Some(SampleStatus::Open), SampleStatus::parse);
    let filter = SampleFilter { status, ..SampleFilter::default() };
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().samples(frame.caller(), frame.slug(), &filter, page).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let base = frame.href("/samples");
    let href =
        |status: Option<&str>, cursor: Option<&str>| link::with_query(&base, &[("status", status), ("cursor", cursor)]);
    let chips = SampleStatus::ALL.into_iter().map(|of| FilterChip {
        label: of.as_str().to_owned(),
        href: href(Some(of.as_str()), None),
        on: status == Some(of),
    });
    let present = status.map(SampleStatus::as_str);
    let next = next.map(|cursor| cursor.to_string());
    let body = TaskList {
        order: None,
        heading: "Sampled successes".to_owned(),
        sub: "Successful runs, chosen by chance, that people are asked to look at: one that reports a success and is none \
              is found no other way."
            .to_owned(),
        chips: chips.collect(),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| href(present, None)),
            next: next.as_deref().map(|cursor| href(present, Some(cursor))),
            note: format!("{} runs on this page, latest first", rows.len()),
        },
        empty: rows.is_empty().then(|| Empty {
            title: "No sampled run here".to_owned(),
            text: "The rules of a workflow say which share of its successful runs is looked at: sample_share.".to_owned(),
            command: None,
            action: Some(Link::new(frame.href("/failures"), "Triage")),
        }),
        act: None,
        more: None,
        rows: rows
            .iter()
            .map(|row| TaskRow {
                link: Link::new(frame.href(&format!("/samples/{}", row.run)), &row.external_id),
                state: row.status.as_str().to_owned(),
                detail: format!("{} {}", names.workflow_name(row.workflow), names.release_name(row.release)),
                owner: row.decided_by.as_ref().map(|by| by.display_name.clone()),
                due_at: None,
                since: Time(row.occurred_at.micros()),
            })
            .collect(),
    };
    let frame = frame.with_views(ViewedList::Samples, &[("status", query.status.as_deref())]).await?;
    frame.page("Sampled successes", body)
}

fn run_id(text: &str) -> Result<RunId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "sample" })
}

/// `GET /p/{project}/samples/{run}`.
///
/// # Errors
/// When there is no such sample in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, run) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let body = sample_page(&frame, run_id(&run)?, None, "").await?;
    frame.page("Sampled success", body)
}

async fn sample_page(frame: &Frame, id: RunId, error: Option<String>, typed: &str) -> Result<TaskPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let row = app.sample(caller, slug, id).await?;
    let names = app.names(caller, slug).await?;
    let content = content_of(&app.run(caller, slug, id).await?);
    let text = |part: Option<&serde_json::Value>| part.map_or_else(|| "no text".to_owned(), readable);
    let href = |act: &str| frame.href(&format!("/samples/{id}/{act}"));
    let mut forms = Vec::new();
    if frame.may(Permission::Triage) && row.status == SampleStatus::Open {
        let noted = TaskField { id: "upheld-note".to_owned(), ..remark("note", "Note", typed) };
        forms.push(TaskForm { texts: vec![noted], primary: true, ..blank(href("upheld"), "It was a success") });
        let what = TaskField { id: "overturned-note".to_owned(), ..field("note", "What went wrong", typed.to_owned()) };
        forms.push(TaskForm {
            selects: vec![choice("class", "Failure class", class_options(frame, None).await?)],
            texts: vec![what],
            ..blank(href("overturned"), "It was no success")
        });
    }
    Ok(TaskPage {
        heading: row.external_id.clone(),
        back: Link::new(frame.href("/samples"), "Sampled successes"),
        state: row.status.as_str().to_owned(),
        sub: format!("{} {}", names.workflow_name(row.workflow), names.release_name(row.release)),
        lead: "What it was given, and what it gave back".to_owned(),
        paragraphs: vec![text(content.input.as_ref()), text(content.output.as_ref())],
        notes: Vec::new(),
        facts: vec![
            KeyValue::new("Began", date_of(row.occurred_at)),
            KeyValue::new("Looked at by", row.decided_by.as_ref().map_or("nobody", |by| by.display_name.as_str())),
            KeyValue::new("Note", row.note.clone().unwrap_or_else(|| "none".to_owned())),
        ],
        link: Some(Link::new(frame.href(&format!("/runs/{id}")), "Open the run")),
        forms,
        error,
    })
}

/// What the forms of a sample send.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FindingForm {
    #[serde(default)]
    class: String,
    #[serde(default)]
    note: String,
}

/// `POST /p/{project}/samples/{run}/{finding}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such sample or finding, or the database fails.
pub async fn find(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<FindingForm>) -> Answer {
    let (project, run, finding) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let (id, PageForm(form)) = (run_id(&run)?, form);
    let holds = match finding.as_str() {
        "upheld" => true,
        "overturned" => false,
        _ => return Err(AppError::NotFound { noun: "page" }.into()),
    };
    let failure_class = given(&form.class).filter(|_| !holds);
    let finding = Finding { holds, failure_class, note: form.note.clone() };
    match frame.app().find_sample(frame.caller(), frame.slug(), id, &finding).await {
        Ok(_) => Ok(frame.done("/samples", "sample_found")),
        Err(error) => {
            let error = refusal(error)?;
            let body = sample_page(&frame, id, Some(error), &form.note).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Sampled success", body)
        }
    }
}
