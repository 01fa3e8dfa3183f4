//! Failure patterns: the list, one with its life, and the forms that move it, answer it and act on all of its failures.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::PatternId;
use seatrial_domain::pattern::PatternState;
use seatrial_domain::response::{OriginKind, ResponseKind};
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::triage::Label;
use seatrial_store::failure::FailureFilter;
use seatrial_store::pattern::{PatternFilter, PatternRow};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::failure_work::{class_options, member_options};
use super::form::{given, refusal};
use super::gap::{date_of, end_of, field, owner_options};
use super::link;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::app::pattern::PatternDetail;
use crate::app::response::NewResponse;
use crate::app::triage::{Chosen, Deed};
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::task::{TaskField, TaskForm, TaskList, TaskNote, TaskPage, TaskRow};
use crate::render::view::{Empty, FilterChip, KeyValue, Link, Pager, SelectOption, Time};

/// One failure is no pattern yet.
const AT_LEAST: u64 = 2;

/// Which patterns are wanted.
#[derive(Debug, Deserialize)]
pub struct PatternQuery {
    state: Option<String>,
    cursor: Option<String>,
}

/// What a pattern is called.
fn name_of(row: &PatternRow) -> String {
    let class = row.failure_class.as_deref().unwrap_or("not classified").replace('_', " ");
    row.step.as_ref().map_or_else(|| class.clone(), |step| format!("{class} at {step}"))
}

/// `GET /p/{project}/patterns`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<PatternQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let state = query.state.as_deref().and_then(PatternState::parse);
    let filter = PatternFilter { state, at_least: AT_LEAST, ..PatternFilter::default() };
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().patterns(frame.caller(), frame.slug(), &filter, page).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let base = frame.href("/patterns");
    let href =
        |state: Option<&str>, cursor: Option<&str>| link::with_query(&base, &[("state", state), ("cursor", cursor)]);
    let chips = PatternState::ALL.into_iter().map(|of| FilterChip {
        label: of.as_str().to_owned(),
        href: href((state != Some(of)).then_some(of.as_str()), None),
        on: state == Some(of),
    });
    let present = state.map(PatternState::as_str);
    let next = next.map(|cursor| cursor.to_string());
    let body = TaskList {
        order: None,
        heading: "Failure patterns".to_owned(),
        sub: "Failures of one class with the same failing step and similar content, that of the latest failure first."
            .to_owned(),
        chips: chips.collect(),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| href(present, None)),
            next: next.as_deref().map(|cursor| href(present, Some(cursor))),
            note: format!("{} patterns on this page", rows.len()),
        },
        empty: rows.is_empty().then(|| Empty {
            title: "No pattern here".to_owned(),
            text: "Failures are grouped in the background; two that are alike make a pattern.".to_owned(),
            command: None,
            action: Some(Link::new(frame.href("/failures"), "Triage")),
        }),
        act: None,
        more: None,
        rows: rows.iter().map(|row| shown_row(&frame, &names, row)).collect(),
    };
    let frame = frame.with_views(ViewedList::Patterns, &[("state", state.map(PatternState::as_str))]).await?;
    frame.page("Failure patterns", body)
}

fn shown_row(frame: &Frame, names: &Names, row: &PatternRow) -> TaskRow {
    let fixed = row.fixed_in.map(|release| format!(", fixed in {}", names.release_name(release))).unwrap_or_default();
    TaskRow {
        link: Link::new(frame.href(&format!("/patterns/{}", row.id)), name_of(row)),
        state: row.state.as_str().to_owned(),
        detail: format!("{}: {} failures{fixed}", names.workflow_name(row.workflow), row.failures),
        owner: None,
        due_at: None,
        since: Time(row.latest_at.micros()),
    }
}

fn pattern_id(text: &str) -> Result<PatternId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "failure pattern" })
}

/// `GET /p/{project}/patterns/{pattern}`.
///
/// # Errors
/// When there is no such pattern in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, pattern) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let detail = frame.app().pattern(frame.caller(), frame.slug(), pattern_id(&pattern)?).await?;
    let body = pattern_page(&frame, &detail, None, &PatternForm::default()).await?;
    frame.page(format!("Pattern {}", name_of(&detail.row)), body)
}

async fn pattern_page(
    frame: &Frame,
    detail: &PatternDetail,
    error: Option<String>,
    typed: &PatternForm,
) -> Result<TaskPage, Problem> {
    let row = &detail.row;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let notes = detail.events.iter().rev().map(|event| {
        let release = event.release.map(|release| format!(" ({})", names.release_name(release))).unwrap_or_default();
        let note = if event.note.is_empty() { String::new() } else { format!(": {}", event.note) };
        let what = format!("{}{release}{note}", event.state.as_str());
        TaskNote { at: Time(event.at.micros()), what, by: event.by.display_name.clone() }
    });
    let open: u64 = detail.counts.iter().map(|count| count.open).sum();
    let by_release = detail.counts.iter().map(|count| {
        let all = count.open + count.promoted + count.linked + count.dismissed;
        let release = names.release_name(count.release);
        format!("Release {release}: {all} failures, of which {} are open.", count.open)
    });
    let mut paragraphs: Vec<String> = by_release.collect();
    if let Some(watched) = &detail.watched {
        let most = watched.high.map(|high| format!("; at most {:.1} % of them can still be so", 100.0 * high));
        paragraphs.push(format!(
            "Since it was fixed {} runs concluded without it{}.",
            watched.denominator,
            most.unwrap_or_default()
        ));
    }
    let failures =
        link::with_query(&frame.href("/failures"), &[("pattern", Some(&row.id.to_string())), ("status", Some("any"))]);
    Ok(TaskPage {
        heading: name_of(row),
        back: Link::new(frame.href("/patterns"), "Failure patterns"),
        state: row.state.as_str().to_owned(),
        sub: names.workflow_name(row.workflow),
        lead: "Where it shows".to_owned(),
        paragraphs,
        notes: notes.collect(),
        facts: vec![
            KeyValue::new("Failures", row.failures.to_string()),
            KeyValue::new("Open", open.to_string()),
            KeyValue::new("Latest", date_of(row.latest_at)),
            KeyValue::new(
                "Fixed in",
                row.fixed_in.map_or_else(|| "no release".to_owned(), |id| names.release_name(id)),
            ),
        ],
        link: Some(Link::new(failures, "Its failures in triage")),
        forms: forms(frame, row, open, &names, typed).await?,
        error,
    })
}

/// A form without fields.
pub fn blank(action: String, button: &str) -> TaskForm {
    TaskForm {
        action,
        selects: Vec::new(),
        dates: Vec::new(),
        texts: Vec::new(),
        button: button.to_owned(),
        primary: false,
    }
}

/// A text that may stay empty.
pub fn remark(name: &str, label: &str, value: &str) -> TaskField {
    TaskField { optional: true, ..field(name, label, value.to_owned()) }
}

/// A choice.
pub fn choice(name: &str, label: &str, options: Vec<SelectOption>) -> TaskField {
    TaskField { options, ..field(name, label, String::new()) }
}

async fn forms(
    frame: &Frame,
    row: &PatternRow,
    open: u64,
    names: &Names,
    typed: &PatternForm,
) -> Result<Vec<TaskForm>, Problem> {
    let href = |act: &str| frame.href(&format!("/patterns/{}/{act}", row.id));
    let mut forms = Vec::new();
    if frame.may(Permission::Triage) {
        let note = |name: &str| vec![TaskField { id: format!("{name}-note"), ..remark("note", "Note", &typed.note) }];
        match row.state {
            PatternState::New => {
                forms.push(TaskForm { texts: note("confirm"), primary: true, ..blank(href("confirm"), "Confirm") });
            }
            PatternState::Confirmed | PatternState::Reopened => {
                let releases = names.releases(row.workflow).into_iter();
                let options = releases.map(|release| SelectOption::new(&release.name, &release.name)).collect();
                forms.push(TaskForm {
                    selects: vec![choice("release", "Fixed in release", options)],
                    texts: note("fix"),
                    primary: true,
                    ..blank(href("fix"), "It is fixed there")
                });
            }
            PatternState::Fixed | PatternState::Watching => {
                let why = TaskField {
                    id: "reopen-note".to_owned(),
                    ..field("note", "Why it is not fixed", typed.note.clone())
                };
                forms.push(TaskForm { texts: vec![why], ..blank(href("reopen"), "Open it again") });
            }
        }
        if open > 0 {
            let reason = TaskField { id: "all-reason".to_owned(), ..field("note", "Reason", typed.note.clone()) };
            let classes = class_options(frame, row.failure_class.as_deref()).await?;
            let people = member_options(frame, None).await?;
            forms.push(TaskForm {
                selects: vec![choice("class", "Failure class", classes)],
                ..blank(href("label"), "Label its open failures")
            });
            forms.push(TaskForm {
                selects: vec![choice("account", "Reviewer", people)],
                ..blank(href("assign"), "Assign its open failures")
            });
            forms.push(TaskForm { texts: vec![reason], ..blank(href("dismiss"), "Dismiss its open failures") });
        }
    }
    if frame.may(Permission::ManageResponses) {
        let kinds = ResponseKind::ALL.iter().map(|kind| SelectOption::new(kind.as_str(), kind.words())).collect();
        forms.push(TaskForm {
            selects: vec![
                choice("kind", "What is to be done", kinds),
                choice("owner", "By whom", owner_options(frame, None).await?),
            ],
            dates: vec![field("due", "Due", typed.due.clone())],
            ..blank(href("respond"), "Open a response")
        });
    }
    Ok(forms)
}

/// What the forms of a pattern send.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PatternForm {
    #[serde(default)]
    note: String,
    #[serde(default)]
    release: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    due: String,
}

/// `POST /p/{project}/patterns/{pattern}/{act}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such pattern or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<PatternForm>) -> Answer {
    let (project, pattern, act) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let permission = if act == "respond" { Permission::ManageResponses } else { Permission::Triage };
    frame.project.require(permission)?;
    let (id, PageForm(form)) = (pattern_id(&pattern)?, form);
    match carried_out(&frame, id, &act, &form).await {
        Ok(path) => Ok(frame.done(&path, "pattern_changed")),
        Err(error) => {
            let error = refusal(error)?;
            let detail = frame.app().pattern(frame.caller(), frame.slug(), id).await?;
            let body = pattern_page(&frame, &detail, Some(error), &form).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, format!("Pattern {}", name_of(&detail.row)), body)
        }
    }
}

/// Does what a form asks for; where to go then.
async fn carried_out(frame: &Frame, id: PatternId, act: &str, form: &PatternForm) -> Result<String, AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let here = format!("/patterns/{id}");
    let deed = match act {
        "confirm" => return app.confirm_pattern(caller, slug, id, &form.note).await.map(|_| here),
        "fix" => return app.fix_pattern(caller, slug, id, &form.release, &form.note).await.map(|_| here),
        "reopen" => return app.reopen_pattern(caller, slug, id, &form.note).await.map(|_| here),
        "respond" => return respond(frame, id, form).await,
        "label" => Deed::Label(Label { failure_class: given(&form.class), ..Label::default() }),
        "assign" => Deed::Assign(super::failure_work::account_of(&form.account)?),
        "dismiss" => Deed::Dismiss(form.note.clone()),
        _ => return Err(AppError::NotFound { noun: "page" }),
    };
    let open = FailureFilter {
        pattern: Some(id),
        status: Some(seatrial_domain::failure::LearningStatus::Open),
        ..FailureFilter::default()
    };
    app.triage(caller, slug, &Chosen::Group(Box::new(open)), &deed).await.map(|_| here)
}

async fn respond(frame: &Frame, id: PatternId, form: &PatternForm) -> Result<String, AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let row = app.pattern(caller, slug, id).await?.row;
    let kind = ResponseKind::parse(&form.kind).ok_or_else(|| AppError::invalid("kind", "choose what is to be done"))?;
    let owner =
        given(&form.owner).map(|owner| owner.parse().map_err(|_| AppError::invalid("owner", "choose somebody")));
    let due = given(&form.due).ok_or_else(|| AppError::invalid("due", "choose a day"))?;
    let new = NewResponse {
        workflow: row.workflow.to_string(),
        release: None,
        origin: OriginKind::FailurePattern,
        origin_id: id.to_string(),
        kind,
        title: None,
        signal: None,
        failure_class: row.failure_class.clone(),
        suite: None,
        sample_share: None,
        owner: owner.transpose()?,
        due_at: end_of(&due)?,
    };
    let opened = app.open_response(caller, slug, new).await?;
    Ok(format!("/responses/{}", opened.row.id))
}
