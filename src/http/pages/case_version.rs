//! The versions of an eval case with what each changed, moving the case to another state, and masking it once more.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::case::CaseState;
use seatrial_domain::ids::CaseId;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::pattern::{blank, choice};
use crate::app::error::AppError;
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::task::{TaskForm, TaskNote, TaskPage};
use crate::render::view::{KeyValue, Link, SelectOption, Time};

fn case_id(text: &str) -> Result<CaseId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "eval case" })
}

/// `GET /p/{project}/cases/{case}/versions`.
///
/// # Errors
/// When there is no such case in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, case) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let body = version_page(&frame, case_id(&case)?, None).await?;
    frame.page("Versions of an eval case", body)
}

async fn version_page(frame: &Frame, id: CaseId, error: Option<String>) -> Result<TaskPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let (row, _) = app.case(caller, slug, id).await?;
    let versions = app.case_versions(caller, slug, id).await?;
    let names = app.names(caller, slug).await?;
    let notes = versions.iter().enumerate().rev().map(|(at, version)| {
        let mut said = vec![format!("Version {}: {}", version.version, version.title)];
        said.extend(versions.get(at + 1).map(|before| version.changes_since(before)).unwrap_or_default());
        said.extend(Some(version.note.clone()).filter(|note| !note.is_empty()));
        TaskNote { at: Time(version.at.micros()), what: said.join("; "), by: version.by.display_name.clone() }
    });
    let href = |act: &str| frame.href(&format!("/cases/{id}/versions/{act}"));
    let mut forms = Vec::new();
    let mut paragraphs = vec![format!("It is {} and has {} versions.", row.case.state.as_str(), versions.len())];
    if frame.may(Permission::Triage) {
        let states = CaseState::ALL.into_iter().filter(|state| *state != row.case.state);
        let states = states.filter(|state| row.case.state.may_become(*state));
        let states = states.map(|state| SelectOption::new(state.as_str(), state.as_str())).collect();
        forms.push(TaskForm {
            selects: vec![choice("state", "State", states)],
            primary: true,
            ..blank(href("move"), "Move it")
        });
        let found = app.preview_masking(caller, slug, id).await?;
        paragraphs.push(format!("Masked once more, {} things in it would be masked in addition.", found.masked));
        let listed = found
            .maskings
            .iter()
            .map(|masking| format!("{}: {} → {}", masking.redaction.path, masking.before, masking.redaction.after));
        paragraphs.extend(listed);
        if found.masked > 0 {
            forms.push(blank(href("mask"), "Mask it once more"));
        }
    }
    Ok(TaskPage {
        heading: row.case.title.clone(),
        back: Link::new(frame.href(&format!("/cases/{id}")), "The case"),
        state: row.case.state.as_str().to_owned(),
        sub: names.workflow_name(row.workflow),
        lead: "How it stands".to_owned(),
        paragraphs,
        notes: notes.collect(),
        facts: vec![
            KeyValue::new("Version", row.version.to_string()),
            KeyValue::new("Failures", row.failures.to_string()),
            KeyValue::new("Masked", row.case.definition.redacted.to_string()),
        ],
        link: Some(Link::new(frame.href("/suites"), "Eval suites")),
        forms,
        error,
    })
}

/// What the forms send.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct VersionForm {
    #[serde(default)]
    state: String,
}

/// `POST /p/{project}/cases/{case}/versions/{act}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such case or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<VersionForm>) -> Answer {
    let (project, case, act) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let id = case_id(&case)?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let done = match act.as_str() {
        "mask" => app.mask_case(caller, slug, id).await.map(drop),
        "move" => match CaseState::parse(&form.0.state) {
            Some(state) => app.move_case(caller, slug, id, state).await.map(drop),
            None => Err(AppError::invalid("state", "choose a state")),
        },
        _ => Err(AppError::NotFound { noun: "page" }),
    };
    match done {
        Ok(()) => Ok(frame.done(&format!("/cases/{id}/versions"), "case_changed")),
        Err(error) => {
            let error = refusal(error)?;
            let body = version_page(&frame, id, Some(error)).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Versions of an eval case", body)
        }
    }
}
