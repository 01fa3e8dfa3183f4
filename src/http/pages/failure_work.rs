//! Working on one failure: label it, assign it, keep it for oneself for a while, give it free again, take an act back.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::ids::{AccountId, ActId, RunId};
use seatrial_domain::triage::Label;
use seatrial_store::failure::FailureRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::failure::{ListQuery, again};
use super::failure_review::Draft;
use super::form::{given, refusal};
use super::gap::date_of;
use super::pattern::{blank, choice, remark};
use crate::app::error::AppError;
use crate::app::triage::Deed;
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::task::{TaskField, TaskForm, TaskNote, TaskPage};
use crate::render::view::{KeyValue, Link, SelectOption, Time};

/// The classes of the project's taxonomy, and none.
pub async fn class_options(frame: &Frame, chosen: Option<&str>) -> Result<Vec<SelectOption>, Problem> {
    let taxonomy = frame.app().failure_classes(frame.caller(), frame.slug()).await?;
    let classes = taxonomy.offered().into_iter().map(|class| {
        let label = format!("{} ({})", class.name.replace('_', " "), class.severity.as_str());
        let on = Some(class.name.as_str()) == chosen;
        SelectOption::new(class.name, label).selected(on)
    });
    Ok(classes.collect())
}

/// The members who may triage, and nobody.
pub async fn member_options(frame: &Frame, chosen: Option<AccountId>) -> Result<Vec<SelectOption>, Problem> {
    let members = frame.app().members(frame.caller(), frame.slug()).await?;
    let able = members
        .into_iter()
        .filter(|member| member.active && member.roles.iter().any(|role| role.grants(Permission::Triage)));
    let people = able.map(|member| {
        SelectOption::new(member.account.to_string(), member.name).selected(Some(member.account) == chosen)
    });
    Ok(std::iter::once(SelectOption::new("nobody", "nobody")).chain(people).collect())
}

/// The account that a choice names.
///
/// # Errors
/// When it names none.
pub fn account_of(text: &str) -> Result<Option<AccountId>, AppError> {
    if text == "nobody" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| AppError::invalid("account", "choose somebody"))
}

fn run_id(text: &str) -> Result<RunId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "failure" })
}

/// `GET /p/{project}/failures/{run}/triage`.
///
/// # Errors
/// When there is no such failure in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, run) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let body = work_page(&frame, run_id(&run)?, None, &WorkForm::default()).await?;
    frame.page("Work on a failure", body)
}

async fn work_page(frame: &Frame, id: RunId, error: Option<String>, typed: &WorkForm) -> Result<TaskPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let row = app.failure(caller, slug, id).await?;
    let names = app.names(caller, slug).await?;
    let acts = app.triage_acts(caller, slug, id).await?;
    let notes = acts.iter().rev().map(|act| {
        let undone = if act.undone_at.is_some() { " (taken back)" } else { "" };
        TaskNote {
            at: Time(act.at.micros()),
            what: format!("{}{undone}", act.kind.as_str()),
            by: act.by.display_name.clone(),
        }
    });
    let last = acts.iter().find(|act| act.undone_at.is_none()).map(|act| act.id);
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let reserved = row.reserved(app.now()).map_or_else(
        || "nobody".to_owned(),
        |kept| format!("{} until {}", kept.by.name, &kept.until.to_string()[11..16]),
    );
    Ok(TaskPage {
        heading: row.external_id.clone(),
        back: Link::new(frame.href(&format!("/failures?run={id}")), "Triage"),
        state: row.standing.status.as_str().to_owned(),
        sub: format!("{} {}", names.workflow_name(row.workflow), names.release_name(row.release)),
        lead: "Note".to_owned(),
        paragraphs: vec![row.standing.note.clone().unwrap_or_else(|| "No note yet.".to_owned())],
        notes: notes.collect(),
        facts: vec![
            KeyValue::new("Failure class", said(&row.failure_class)),
            KeyValue::new("Failing step", said(&row.standing.step)),
            KeyValue::new("Assigned to", row.assignee.as_ref().map_or("nobody", |person| person.name.as_str())),
            KeyValue::new("Kept for", reserved),
            KeyValue::new("Began", date_of(row.occurred_at)),
        ],
        link: row.pattern.map(|pattern| Link::new(frame.href(&format!("/patterns/{pattern}")), "Its failure pattern")),
        forms: if frame.may(Permission::Triage) { forms(frame, &row, last, typed).await? } else { Vec::new() },
        error,
    })
}

async fn forms(
    frame: &Frame,
    row: &FailureRow,
    last: Option<ActId>,
    typed: &WorkForm,
) -> Result<Vec<TaskForm>, Problem> {
    let href = |act: &str| frame.href(&format!("/failures/{}/triage/{act}", row.run));
    let standing = &row.standing;
    let or = |typed: &str, known: &Option<String>| {
        if typed.is_empty() { known.clone().unwrap_or_default() } else { typed.to_owned() }
    };
    let mut classes = class_options(frame, row.failure_class.as_deref()).await?;
    if row.failure_class.is_none() {
        classes.insert(0, SelectOption::new("none", "no class").selected(true));
    }
    let mut forms = vec![
        TaskForm {
            selects: vec![choice("class", "Failure class", classes)],
            texts: vec![
                remark("step", "Failing step", &or(&typed.step, &standing.step)),
                remark("note", "Note", &or(&typed.note, &standing.note)),
            ],
            primary: true,
            ..blank(href("label"), "Label it")
        },
        TaskForm {
            selects: vec![choice("account", "Reviewer", member_options(frame, standing.assigned_to).await?)],
            ..blank(href("assign"), "Assign it")
        },
    ];
    forms.push(match row.reserved(frame.app().now()) {
        Some(kept) if Some(kept.by.account) == frame.caller().account() => blank(href("release"), "Give it free"),
        _ => blank(href("reserve"), "Keep it for me"),
    });
    if let Some(act) = last {
        let which = TaskField {
            options: vec![SelectOption::new(act.to_string(), "the latest")],
            ..choice("act", "Act", Vec::new())
        };
        forms.push(TaskForm { selects: vec![which], ..blank(href("undo"), "Take it back") });
    }
    Ok(forms)
}

/// What the forms of a failure send.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WorkForm {
    #[serde(default)]
    class: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    act: String,
    /// The query of the list to go back to; absent for the page of the failure itself.
    #[serde(default)]
    list: Option<String>,
}

/// `POST /p/{project}/failures/{run}/triage/{act}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<WorkForm>) -> Answer {
    let (project, run, act) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let (id, PageForm(form)) = (run_id(&run)?, form);
    match carried_out(&frame, id, &act, &form).await {
        Ok(()) => Ok(frame.done(&back(&form, id), "failure_changed")),
        Err(error) => {
            let error = refusal(error)?;
            if let Some(list) = &form.list {
                let draft = Draft { error: Some(error), ..Draft::default() };
                return again(frame, ListQuery::of_form(list).showing(id), draft).await;
            }
            let body = work_page(&frame, id, Some(error), &form).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Work on a failure", body)
        }
    }
}

/// Where the form was: the queue, or the page of the failure.
fn back(form: &WorkForm, id: RunId) -> String {
    form.list.as_ref().map_or_else(
        || format!("/failures/{id}/triage"),
        |list| format!("/failures?{}", ListQuery::of_form(list).showing(id).query()),
    )
}

async fn carried_out(frame: &Frame, id: RunId, act: &str, form: &WorkForm) -> Result<(), AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let deed = match act {
        "reserve" => return app.reserve_failure(caller, slug, id).await.map(drop),
        "release" => return app.release_failure(caller, slug, id).await.map(drop),
        "undo" => {
            let which = form.act.parse().map_err(|_| AppError::NotFound { noun: "triage act" })?;
            let mut undone = app.undo_act(caller, slug, which).await?;
            return undone.refused.pop().map_or(Ok(()), |(_, refused)| Err(refused));
        }
        "assign" => Deed::Assign(account_of(&form.account)?),
        "label" => Deed::Label(Label {
            failure_class: given(&form.class).filter(|class| class != "none"),
            span_id: None,
            step: Some(form.step.trim().to_owned()),
            note: Some(form.note.trim().to_owned()),
        }),
        _ => return Err(AppError::NotFound { noun: "page" }),
    };
    app.triage_one(caller, slug, id, &deed).await.map(drop)
}
