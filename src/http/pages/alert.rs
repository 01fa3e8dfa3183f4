//! Alerts: what drifted in live releases, why, and what is done about it; acknowledging and resolving.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::alert::AlertState;
use seatrial_domain::ids::AlertId;
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::time::DAY;
use seatrial_store::alert::AlertFilter;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::gap::field;
use super::{link, order};
use crate::app::alert::AlertDetail;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::http::artifact::{Format, respond_to_alert};
use crate::http::extract::{PageForm, PageQuery};
use crate::http::present::alert::{moment, promise};
use crate::http::problem::Problem;
use crate::render::Renderer;
use crate::render::view::alert::AlertPage;
use crate::render::view::task::{TaskField, TaskForm, TaskList, TaskRow};
use crate::render::view::{Empty, FilterChip, KeyValue, Link, Pager, SelectOption, Time};

/// Which alerts are wanted.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    /// `yes`: those that are calm or over too.
    all: Option<String>,
    sort: Option<String>,
    cursor: Option<String>,
}

/// `GET /p/{project}/alerts`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let all = query.all.as_deref() == Some("yes");
    let raised = vec![AlertState::Firing, AlertState::Acknowledged];
    let filter = AlertFilter { states: if all { Vec::new() } else { raised }, ..AlertFilter::default() };
    let order = order::of(query.sort.as_deref());
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?.in_order(order);
    let (rows, next) = frame.app().alerts(frame.caller(), frame.slug(), &filter, page).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let base = frame.href("/alerts");
    let in_order = |all: bool, sort: Option<&str>, cursor: Option<&str>| {
        link::with_query(&base, &[("all", all.then_some("yes")), (order::NAME, sort), ("cursor", cursor)])
    };
    let href = |all: bool, cursor: Option<&str>| in_order(all, order::said(order), cursor);
    let body = TaskList {
        heading: "Alerts".to_owned(),
        sub: "What changed in live releases, where, and since which release. Every live release is watched.".to_owned(),
        chips: vec![FilterChip {
            label: "Those that are calm or over too".to_owned(),
            href: href(!all, None),
            on: all,
        }],
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| href(all, None)),
            next: next.map(|cursor| href(all, Some(&cursor.to_string()))),
            note: format!("{} alerts on this page by when they changed, {}", rows.len(), order::words(order)),
        },
        order: Some(order::head("Since", order, |sort| in_order(all, sort, None))),
        empty: rows.is_empty().then(|| empty(&frame, all)),
        act: None,
        more: Some(Link::new(frame.href("/alert-settings"), "How workflows are watched")),
        rows: rows
            .iter()
            .map(|row| TaskRow {
                link: Link::new(
                    frame.href(&format!("/alerts/{}", row.id)),
                    format!("{}: {}", row.kind.words(), place(&names, row)),
                ),
                state: row.state.as_str().replace('_', " "),
                detail: row.text.clone(),
                owner: None,
                due_at: None,
                since: Time(row.since.micros()),
            })
            .collect(),
    };
    let frame = frame
        .with_views(ViewedList::Alerts, &[("all", all.then_some("yes")), (order::NAME, order::said(order))])
        .await?;
    frame.page("Alerts", body)
}

fn place(names: &Names, row: &seatrial_store::alert::AlertRow) -> String {
    format!("{} {}", names.workflow_name(row.workflow), names.release_name(row.release))
}

fn empty(frame: &Frame, all: bool) -> Empty {
    let text = if all {
        "A release is watched from the moment it is live: after a decision to ship, or a deployment in production."
    } else {
        "Nothing changed beyond chance in the live releases that are watched."
    };
    Empty {
        title: "No alert here".to_owned(),
        text: text.to_owned(),
        command: Some(format!("seatrial alert list --project {} --all", frame.slug())),
        action: Some(Link::new(frame.href("/releases"), "Releases")),
    }
}

fn alert_id(text: &str) -> Result<AlertId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "alert" })
}

/// `GET /p/{project}/alerts/{alert}`.
///
/// # Errors
/// When there is no such alert in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, alert) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let detail = frame.app().alert(frame.caller(), frame.slug(), alert_id(&alert)?).await?;
    let body = alert_page(&frame, &detail, None, "").await?;
    frame.page(format!("Alert: {}", detail.row.kind.words()), body)
}

async fn alert_page(
    frame: &Frame,
    detail: &AlertDetail,
    error: Option<String>,
    typed: &str,
) -> Result<AlertPage, Problem> {
    let row = &detail.row;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let mut facts = vec![KeyValue::new("In this state since", row.since.to_string()[..16].replace('T', " ") + " UTC")];
    if let Some(evidence) = &detail.evidence {
        facts.push(KeyValue::new("Promise", promise(evidence.settings.days_between_false_alarms, evidence.streams)));
    }
    if let Some(kind) = row.kind.response().filter(|_| row.state.is_raised()) {
        facts.push(KeyValue::new("Recommended", format!("{}; a person decides", kind.words())));
    }
    facts.extend(row.digest.map(|digest| KeyValue::new("Evidence", digest.to_string())));
    Ok(AlertPage {
        heading: row.kind.words().to_owned(),
        back: Link::new(frame.href("/alerts"), "Alerts"),
        state: row.state.as_str().to_owned(),
        sub: place(&names, row),
        text: row.text.clone(),
        findings: detail
            .evidence
            .iter()
            .flat_map(|evidence| &evidence.findings)
            .map(|found| found.finding.text.clone())
            .collect(),
        history: detail.events.iter().map(moment).collect(),
        facts,
        links: links(frame, detail),
        forms: if frame.may(Permission::ManageResponses) { forms(frame, detail, typed) } else { Vec::new() },
        error,
    })
}

fn links(frame: &Frame, detail: &AlertDetail) -> Vec<Link> {
    let row = &detail.row;
    let mut links = Vec::new();
    if let Some(evidence) = &detail.evidence {
        let since = evidence.findings.iter().map(|found| found.finding.since).min().unwrap_or(evidence.fired_at);
        let release = row.release.to_string();
        let (from, to) = (since.plus_micros(-DAY).to_string(), evidence.fired_at.to_string());
        let query = [("release", Some(release.as_str())), ("from", Some(from.as_str())), ("to", Some(to.as_str()))];
        links.push(Link::new(link::with_query(&frame.href("/runs"), &query), "The runs in the window"));
        let review = frame.href(&format!("/alerts/{}/review.html", row.id));
        links.push(Link::new(review, "The incident review"));
    }
    links.push(Link::new(frame.href(&format!("/releases/{}", row.release)), "The release"));
    links.push(Link::new(frame.href(&format!("/alert-settings/{}", row.workflow)), "How the workflow is watched"));
    links
        .extend(row.gate.map(|gate| Link::new(frame.href(&format!("/gates/{gate}")), "The gate with frozen evidence")));
    let responses = detail.responses.iter();
    links
        .extend(responses.map(|open| {
            Link::new(frame.href(&format!("/responses/{}", open.id)), format!("Response: {}", open.title))
        }));
    links
}

fn forms(frame: &Frame, detail: &AlertDetail, typed: &str) -> Vec<TaskForm> {
    let row = &detail.row;
    let form = |act: &str, label: &str, button: &str, primary: bool, selects: Vec<TaskField>| TaskForm {
        action: frame.href(&format!("/alerts/{}/{act}", row.id)),
        selects,
        dates: Vec::new(),
        texts: vec![TaskField {
            id: format!("alert-{act}"),
            ..field("text", label, if primary { typed.to_owned() } else { String::new() })
        }],
        button: button.to_owned(),
        primary,
    };
    let accepted = TaskField {
        id: "alert-accepted".to_owned(),
        options: vec![
            SelectOption::new("no", "Compare with what it was compared with before"),
            SelectOption::new("yes", "Accept it: learn anew what is usual"),
        ],
        ..field("accepted", "From now on", String::new())
    };
    let resolve = |primary| form("resolve", "What was done, or why nothing is", "Resolve it", primary, vec![accepted]);
    match row.state {
        AlertState::Firing => {
            vec![form("acknowledge", "Who works on it, and how", "Acknowledge it", true, Vec::new()), resolve(false)]
        }
        AlertState::Acknowledged => vec![resolve(true)],
        _ => Vec::new(),
    }
}

/// A form of an alert.
#[derive(Debug, Deserialize)]
pub struct ActForm {
    #[serde(default)]
    text: String,
    accepted: Option<String>,
}

/// `POST /p/{project}/alerts/{alert}/{act}`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such alert or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, String, String)>, form: PageForm<ActForm>) -> Answer {
    let (project, alert, act) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::ManageResponses)?;
    let (id, PageForm(ActForm { text, accepted })) = (alert_id(&alert)?, form);
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let done = match act.as_str() {
        "acknowledge" => app.acknowledge_alert(caller, slug, id, &text).await,
        "resolve" => app.resolve_alert(caller, slug, id, &text, accepted.as_deref() == Some("yes")).await,
        _ => Err(AppError::NotFound { noun: "page" }),
    };
    match done {
        Ok(_) => Ok(frame.done(&format!("/alerts/{id}"), "alert_changed")),
        Err(error) => {
            let error = refusal(error)?;
            let detail = frame.app().alert(frame.caller(), frame.slug(), id).await?;
            let body = alert_page(&frame, &detail, Some(error), &text).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, format!("Alert: {}", detail.row.kind.words()), body)
        }
    }
}

/// `GET /p/{project}/alerts/{alert}/review.{format}`.
///
/// # Errors
/// When there is no such alert, it never fired, there is no such format, or the database fails.
pub async fn review(
    visitor: Visitor,
    renderer: actix_web::web::Data<Renderer>,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let (project, alert, format) = path.into_inner();
    let format = Format::parse(&format).ok_or(AppError::NotFound { noun: "page" })?;
    let cause = visitor.app.alert_cause(visitor.caller(), &project, alert_id(&alert)?).await?;
    respond_to_alert(&visitor.app, &renderer, visitor.caller(), (&project, cause), format).await
}
