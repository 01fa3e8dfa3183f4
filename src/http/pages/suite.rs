//! Eval suites: the list, one with its cases and what each version changed, and the forms that make a version.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::case::CaseState;
use seatrial_domain::ids::CaseId;
use seatrial_domain::suite::{SuiteCase, changes};
use seatrial_store::case::CaseFilter;
use seatrial_store::suite::SuiteVersionRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::gap::{date_of, field};
use super::link;
use super::pattern::{blank, choice, remark};
use crate::app::error::AppError;
use crate::app::suite::{Revision, WholeSuite};
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::task::{TaskField, TaskForm, TaskList, TaskNote, TaskPage, TaskRow};
use crate::render::view::{Empty, KeyValue, Link, Pager, SelectOption, Time};

/// Where a list begins.
#[derive(Debug, Deserialize)]
pub struct SuiteQuery {
    cursor: Option<String>,
}

/// `GET /p/{project}/suites`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<SuiteQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().suites(frame.caller(), frame.slug(), None, page).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let base = frame.href("/suites");
    let body = TaskList {
        order: None,
        heading: "Eval suites".to_owned(),
        sub: "Versions of a suite never change: what a gate was judged by stays what it was.".to_owned(),
        chips: Vec::new(),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| base.clone()),
            next: next.map(|cursor| link::with_query(&base, &[("cursor", Some(&cursor.to_string()))])),
            note: format!("{} suites on this page, latest first", rows.len()),
        },
        empty: rows.is_empty().then(|| Empty {
            title: "No eval suite yet".to_owned(),
            text: "A suite is a versioned set of eval cases; results of runners are reported for one.".to_owned(),
            command: None,
            action: frame.may(Permission::Triage).then(|| Link::new(frame.href("/suites/new"), "Make a suite")),
        }),
        act: None,
        more: (frame.may(Permission::Triage) && !rows.is_empty())
            .then(|| Link::new(frame.href("/suites/new"), "Make a suite")),
        rows: rows
            .iter()
            .map(|row| TaskRow {
                link: Link::new(frame.href(&format!("/suites/{}", row.id)), &row.name),
                state: format!("version {}", row.version),
                detail: names.workflow_name(row.workflow),
                owner: Some(row.created_by.display_name.clone()),
                due_at: None,
                since: Time(row.created_at.micros()),
            })
            .collect(),
    };
    frame.page("Eval suites", body)
}

/// `GET /p/{project}/suites/new`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn new(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = new_page(&frame, None, &SuiteForm::default()).await?;
    frame.page("Make a suite", body)
}

async fn new_page(frame: &Frame, error: Option<String>, typed: &SuiteForm) -> Result<TaskPage, Problem> {
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let workflows = names.workflows().into_iter();
    let options = workflows.map(|row| SelectOption::new(&row.name, &row.name).selected(row.name == typed.workflow));
    let form = TaskForm {
        selects: vec![choice("workflow", "Workflow", options.collect())],
        texts: vec![field("name", "Name", typed.name.clone()), remark("note", "Note", &typed.note)],
        primary: true,
        ..blank(frame.href("/suites"), "Make the suite")
    };
    Ok(TaskPage {
        heading: "Make a suite".to_owned(),
        back: Link::new(frame.href("/suites"), "Eval suites"),
        state: "new".to_owned(),
        sub: "It begins without cases".to_owned(),
        lead: "What it is for".to_owned(),
        paragraphs: vec!["A versioned set of the eval cases of one workflow, for runners and gates.".to_owned()],
        notes: Vec::new(),
        facts: Vec::new(),
        link: None,
        forms: if frame.may(Permission::Triage) { vec![form] } else { Vec::new() },
        error,
    })
}

/// What the forms of suites send.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SuiteForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    workflow: String,
    #[serde(default)]
    case_id: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    note: String,
}

/// `POST /p/{project}/suites`.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn create(visitor: Visitor, project: Path<String>, form: PageForm<SuiteForm>) -> Answer {
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let PageForm(form) = form;
    let revision = Revision { note: form.note.clone(), ..Revision::default() };
    match frame.app().create_suite(frame.caller(), frame.slug(), &form.name, &form.workflow, &revision).await {
        Ok(made) => Ok(frame.done(&format!("/suites/{}", made.suite.id), "suite_changed")),
        Err(error) => {
            let error = refusal(error)?;
            let body = new_page(&frame, Some(error), &form).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Make a suite", body)
        }
    }
}

/// `GET /p/{project}/suites/{suite}`.
///
/// # Errors
/// When there is no such suite in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, suite) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let (body, name) = suite_page(&frame, &suite, None, &SuiteForm::default()).await?;
    frame.page(format!("Suite {name}"), body)
}

async fn suite_page(
    frame: &Frame,
    suite: &str,
    error: Option<String>,
    typed: &SuiteForm,
) -> Result<(TaskPage, String), Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let whole = app.suite(caller, slug, suite, None).await?;
    let (_, versions) = app.suite_versions(caller, slug, suite).await?;
    let names = app.names(caller, slug).await?;
    let named: BTreeSet<CaseId> = versions.iter().flat_map(|row| &row.cases).map(|case| case.case).collect();
    let titles = app.case_titles(caller, slug, &named.into_iter().collect::<Vec<_>>()).await?;
    let cases = whole.members.iter().map(|(case, member)| {
        let state = member.as_ref().map_or("gone", |member| member.state.as_str());
        format!("{} (version {}, {state})", title(&titles, case.case), case.version)
    });
    let mut paragraphs: Vec<String> = cases.collect();
    if paragraphs.is_empty() {
        paragraphs.push("No case yet.".to_owned());
    }
    let name = whole.suite.name.clone();
    let page = TaskPage {
        heading: name.clone(),
        back: Link::new(frame.href("/suites"), "Eval suites"),
        state: format!("version {}", whole.suite.version),
        sub: names.workflow_name(whole.suite.workflow),
        lead: "Its cases".to_owned(),
        paragraphs,
        notes: versions.iter().enumerate().rev().map(|(at, row)| told(&titles, row, versions.get(at + 1))).collect(),
        facts: vec![
            KeyValue::new("Cases", whole.members.len().to_string()),
            KeyValue::new("Versions", versions.len().to_string()),
            KeyValue::new("Made", date_of(whole.suite.created_at)),
        ],
        link: Some(Link::new(frame.href(&format!("/suites/{}/results", whole.suite.id)), "Results by release")),
        forms: if frame.may(Permission::Triage) { forms(frame, &whole, &versions, typed).await? } else { Vec::new() },
        error,
    };
    Ok((page, name))
}

fn title(titles: &BTreeMap<CaseId, String>, case: CaseId) -> String {
    titles.get(&case).cloned().unwrap_or_else(|| case.to_string())
}

/// A version, and what it changed.
fn told(titles: &BTreeMap<CaseId, String>, row: &SuiteVersionRow, before: Option<&SuiteVersionRow>) -> TaskNote {
    let none: &[SuiteCase] = &[];
    let changed = changes(before.map_or(none, |before| &before.cases), &row.cases);
    let mut said = vec![format!("Version {} with {} cases", row.version, row.cases.len())];
    said.extend(row.restores.map(|earlier| format!("restores version {earlier}")));
    said.extend(changed.added.iter().map(|case| format!("+ {}", title(titles, case.case))));
    said.extend(changed.removed.iter().map(|case| format!("− {}", title(titles, case.case))));
    said.extend(
        changed
            .updated
            .iter()
            .map(|(then, now)| format!("{}: version {} → {}", title(titles, now.case), then.version, now.version)),
    );
    said.extend(Some(row.note.clone()).filter(|note| !note.is_empty()));
    TaskNote { at: Time(row.at.micros()), what: said.join("; "), by: row.by.display_name.clone() }
}

async fn forms(
    frame: &Frame,
    whole: &WholeSuite,
    versions: &[SuiteVersionRow],
    typed: &SuiteForm,
) -> Result<Vec<TaskForm>, Problem> {
    let href = |act: &str| frame.href(&format!("/suites/{}/{act}", whole.suite.id));
    let note = |of: &str| vec![TaskField { id: format!("{of}-note"), ..remark("note", "Note", &typed.note) }];
    let pick = |of: &str, label: &str, name: &str, options: Vec<SelectOption>| {
        vec![TaskField { id: format!("{of}-{name}"), ..choice(name, label, options) }]
    };
    let filter =
        CaseFilter { workflow: Some(whole.suite.workflow), state: Some(CaseState::Active), ..CaseFilter::default() };
    let page = seatrial_store::Page::new(None, Some(seatrial_domain::limits::PAGE_SIZE_MAX));
    let (tested, _) = frame.app().cases(frame.caller(), frame.slug(), &filter, page).await?;
    let there = |id: CaseId| whole.members.iter().any(|(case, _)| case.case == id);
    let missing: Vec<SelectOption> = tested
        .iter()
        .filter(|row| !there(row.id))
        .map(|row| SelectOption::new(row.id.to_string(), &row.case.title))
        .collect();
    let present = whole.members.iter().map(|(case, member)| {
        let label = member.as_ref().map_or_else(|| case.case.to_string(), |member| member.title.clone());
        SelectOption::new(case.case.to_string(), label)
    });
    let present: Vec<SelectOption> = present.collect();
    let earlier = versions.iter().filter(|row| row.version != whole.suite.version);
    let earlier: Vec<SelectOption> =
        earlier.map(|row| SelectOption::new(row.version.to_string(), format!("version {}", row.version))).collect();
    let mut forms = Vec::new();
    for (act, button, label, name, options) in [
        ("add", "Add the case", "Case", "case_id", missing),
        ("remove", "Take it out", "Case", "case_id", present),
        ("restore", "Restore it as a new version", "Version", "version", earlier),
    ] {
        if !options.is_empty() {
            forms.push(TaskForm {
                selects: pick(act, label, name, options),
                texts: note(act),
                primary: act == "add",
                ..blank(href(act), button)
            });
        }
    }
    Ok(forms)
}

/// `POST /p/{project}/suites/{suite}/{act}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such suite or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<SuiteForm>) -> Answer {
    let (project, suite, act) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let PageForm(form) = form;
    match carried_out(&frame, &suite, &act, &form).await {
        Ok(made) => Ok(frame.done(&format!("/suites/{}", made.suite.id), "suite_changed")),
        Err(error) => {
            let error = refusal(error)?;
            let (body, name) = suite_page(&frame, &suite, Some(error), &form).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, format!("Suite {name}"), body)
        }
    }
}

async fn carried_out(frame: &Frame, suite: &str, act: &str, form: &SuiteForm) -> Result<WholeSuite, AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let case = || {
        let named = given(&form.case_id).and_then(|id| id.parse::<CaseId>().ok());
        named.ok_or_else(|| AppError::invalid("case_id", "choose a case"))
    };
    let mut revision = Revision { note: form.note.clone(), ..Revision::default() };
    match act {
        "add" => revision.add.push(case()?),
        "remove" => revision.remove.push(case()?),
        "restore" => {
            let version = form.version.trim().parse().map_err(|_| AppError::invalid("version", "choose a version"))?;
            return app.restore_suite(caller, slug, suite, version, &form.note).await;
        }
        _ => return Err(AppError::NotFound { noun: "page" }),
    }
    app.revise_suite(caller, slug, suite, &revision).await
}
