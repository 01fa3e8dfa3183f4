//! Runs: the list, one run with its trace, and late facts added by hand.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::RunId;
use seatrial_domain::run::Outcome;
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::time::Timestamp;
use seatrial_store::Order;
use seatrial_store::ingest::{Applied, Target};
use seatrial_store::run::{RunFilter, RunRow, WholeRun};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor, see_other};
use super::form::{given, refusal};
use super::run_parts::{self, FactForm};
use super::trace::TraceQuery;
use super::{conversation, link, order, trace};
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::app::run::NewFact;
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::run::{self as view, RunList, RunPage};
use crate::render::view::{Empty, Filter, FilterChip, KeyValue, Link, Pager, SelectOption, Time};

/// Which runs are wanted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    q: Option<String>,
    workflow: Option<String>,
    release: Option<String>,
    outcome: Option<String>,
    failure_class: Option<String>,
    from: Option<String>,
    to: Option<String>,
    sort: Option<String>,
    cursor: Option<String>,
}

fn time(field: &str, given: Option<String>) -> Result<Option<Timestamp>, AppError> {
    let wrong = |_| AppError::invalid(field, "is a time such as 2026-01-31T12:00:00Z");
    given.map(|text| text.parse().map_err(wrong)).transpose()
}

impl ListQuery {
    /// What was typed into the search field becomes the filter it names: a workflow, a release or a sender's id.
    fn understood(mut self, names: &Names) -> Self {
        let Some(typed) = self.q.take().as_deref().and_then(given) else { return self };
        if names.workflow(&typed).is_ok() {
            self.workflow = Some(typed);
        } else if names.release(None, &typed).is_ok() {
            self.release = Some(typed);
        } else {
            self.q = Some(typed);
        }
        self
    }

    fn filter(&self, names: &Names) -> Result<RunFilter, AppError> {
        let text = |field: &Option<String>| field.as_deref().and_then(given);
        let workflow = text(&self.workflow).map(|name| names.workflow(&name)).transpose()?;
        let release = text(&self.release).map(|name| names.release(workflow, &name)).transpose()?;
        let outcome = |name: String| {
            let wrong = || AppError::invalid("outcome", "is success, failure, abandoned or unknown");
            Outcome::parse(&name).ok_or_else(wrong)
        };
        let outcome = text(&self.outcome).map(outcome).transpose()?;
        Ok(RunFilter {
            workflow,
            release,
            outcome: outcome.map(|outcome| outcome.as_str().to_owned()),
            failure_class: text(&self.failure_class),
            external_id: text(&self.q),
            from: time("from", text(&self.from))?,
            to: time("to", text(&self.to))?,
        })
    }

    fn parameters(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("workflow", self.workflow.as_deref()),
            ("release", self.release.as_deref()),
            ("outcome", self.outcome.as_deref()),
            ("failure_class", self.failure_class.as_deref()),
            ("q", self.q.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            (order::NAME, order::said(self.order())),
        ]
    }

    fn order(&self) -> Order {
        order::of(self.sort.as_deref())
    }

    /// The list from its top in an order.
    fn in_order(&self, frame: &Frame, sort: Option<&'static str>) -> String {
        let mut parameters = self.parameters().to_vec();
        parameters.retain(|(name, _)| *name != order::NAME);
        parameters.push((order::NAME, sort));
        link::with_query(&frame.href("/runs"), &parameters)
    }

    fn href(&self, frame: &Frame, cursor: Option<&str>) -> String {
        let mut parameters = self.parameters().to_vec();
        parameters.push(("cursor", cursor));
        link::with_query(&frame.href("/runs"), &parameters)
    }

    /// The filters that are on, each with the list without it.
    fn chips(&self, frame: &Frame) -> Vec<FilterChip> {
        // The order is no filter: the head of its column says it.
        let filters = self.parameters().into_iter().filter(|(name, _)| *name != order::NAME);
        let on = filters.filter_map(|(name, value)| Some((name, given(value?)?)));
        let chip = |(name, value): (&str, String)| {
            let mut others = self.parameters().to_vec();
            others.retain(|(other, _)| *other != name);
            let label = if name == "q" { "id" } else { name };
            FilterChip {
                label: format!("{}: {value} ✕", label.replace('_', " ")),
                href: link::with_query(&frame.href("/runs"), &others),
                on: true,
            }
        };
        on.map(chip).collect()
    }
}

/// `GET /p/{project}/runs`.
///
/// # Errors
/// When the project is not theirs, a filter names nothing, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    if let Some(id) = query.q.as_deref().and_then(|typed| typed.trim().parse::<RunId>().ok()) {
        return Ok(see_other(&frame.href(&format!("/runs/{id}"))));
    }
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let query = query.into_inner().understood(&names);
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?.in_order(query.order());
    let filter = query.filter(&names)?;
    let (rows, next) = frame.app().list_runs(frame.caller(), frame.slug(), &filter, page).await?;
    let filtered = query.parameters().iter().any(|(name, value)| *name != order::NAME && value.is_some());
    let empty = rows.is_empty().then(|| if filtered { nothing_found(&frame) } else { no_runs(&frame) });
    let cursor = next.map(|cursor| cursor.to_string());
    let body = RunList {
        chips: query.chips(&frame),
        filters: filters(&query, &names),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| query.href(&frame, None)),
            next: cursor.as_deref().map(|cursor| query.href(&frame, Some(cursor))),
            note: format!("{} runs on this page, {}", rows.len(), order::words(query.order())),
        },
        started: order::head("Started", query.order(), |sort| query.in_order(&frame, sort)),
        rows: rows.iter().map(|row| row_view(row, &names, frame.currency())).collect(),
        empty,
    };
    let frame = frame.with_views(ViewedList::Runs, &query.parameters()).await?;
    frame.page("Runs", body)
}

fn no_runs(frame: &Frame) -> Empty {
    Empty::no_runs(&frame.app().config.server.public_url)
}

fn nothing_found(frame: &Frame) -> Empty {
    Empty {
        title: "No run matches".to_owned(),
        text: "Nothing was found with these filters. Take one away, or look at all runs.".to_owned(),
        command: None,
        action: Some(Link::new(frame.href("/runs"), "All runs")),
    }
}

fn filters(query: &ListQuery, names: &Names) -> Vec<Filter> {
    let chosen = query.workflow.as_deref().unwrap_or_default();
    let mut workflows = vec![SelectOption::new("", "All workflows").selected(chosen.is_empty())];
    workflows.extend(
        names.workflows().into_iter().map(|row| SelectOption::new(&row.name, &row.name).selected(row.name == chosen)),
    );
    let outcome = query.outcome.as_deref().unwrap_or_default();
    let outcomes = [
        ("", "Any"),
        ("success", "Success"),
        ("failure", "Failure"),
        ("abandoned", "Abandoned"),
        ("unknown", "Unknown"),
    ];
    let outcomes =
        outcomes.into_iter().map(|(value, label)| SelectOption::new(value, label).selected(value == outcome));
    let text = |name: &str, label: &str, value: &Option<String>| Filter {
        name: name.to_owned(),
        label: label.to_owned(),
        options: Vec::new(),
        value: value.clone().unwrap_or_default(),
    };
    let select = |name: &str, label: &str, options| Filter {
        name: name.to_owned(),
        label: label.to_owned(),
        options,
        value: String::new(),
    };
    vec![
        select("workflow", "Workflow", workflows),
        text("release", "Release", &query.release),
        select("outcome", "Outcome", outcomes.collect()),
        text("failure_class", "Failure class", &query.failure_class),
        text("q", "Id", &query.q),
        order::field(query.order()),
    ]
}

fn row_view(row: &RunRow, names: &Names, currency: &str) -> view::RunRow {
    let facts = &row.facts;
    view::RunRow {
        id: row.id.to_string(),
        external_id: row.external_id.clone(),
        workflow: names.workflow_name(row.workflow),
        release: names.release_name(row.release),
        outcome: facts.outcome.as_str().to_owned(),
        rescued: facts.rescued(),
        class: facts.failure_class.clone(),
        severity: facts.severity.map(|severity| severity.as_str().to_owned()),
        started_at: Time(facts.started_at.micros()),
        duration_us: facts.latency_micros(),
        cost_nanos: facts.cost_nanos,
        currency: currency.to_owned(),
        unsettled: !row.settled,
    }
}

/// `GET /p/{project}/runs/{run}`.
///
/// # Errors
/// When there is no such run in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>, query: Query<TraceQuery>) -> Answer {
    let (project, run) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let form = FactForm::default();
    let body = run_page(&frame, &run, &query, (&form, None)).await?;
    let title = format!("Run {}", crate::render::format::short_id(&body.id));
    frame.page(title, body)
}

async fn run_page(
    frame: &Frame,
    run: &str,
    query: &TraceQuery,
    (form, error): (&FactForm, Option<String>),
) -> Result<RunPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let whole = whole(frame, run).await?;
    let id = whole.row.id;
    let names = app.names(caller, slug).await?;
    let people = if whole.late.is_empty() { HashMap::new() } else { people(frame).await? };
    let (learning, learning_link) = learning(frame, &whole).await?;
    let facts = &whole.row.facts;
    let (workflow, release) = (names.workflow_name(whole.row.workflow), names.release_name(whole.row.release));
    let (turns, more_messages) = conversation::turns(&whole);
    let fact_form = frame.may(Permission::AddFacts).then(|| {
        let key = given(&form.key).unwrap_or_else(|| app.ids.uuid_v7().as_simple().to_string());
        let mut shown = view::FactForm::new(key);
        shown.error = error;
        shown.value = form.value.clone();
        shown.minutes = form.minutes.clone();
        shown.reason = form.reason.clone();
        let kinds = shown.kinds.into_iter();
        shown.kinds = kinds
            .map(|kind| {
                let on = kind.value == form.kind;
                kind.selected(on)
            })
            .collect();
        shown
    });
    Ok(RunPage {
        id: id.to_string(),
        external_id: whole.row.external_id.clone(),
        workflow: Link::new(link::with_query(&frame.href("/runs"), &[("workflow", Some(&workflow))]), &workflow),
        release: Link::new(frame.href(&format!("/releases/{}", whole.row.release)), release),
        environment: facts.environment.clone(),
        outcome: facts.outcome.as_str().to_owned(),
        rescued: facts.rescued(),
        class: facts.failure_class.clone(),
        severity: facts.severity.map(|severity| severity.as_str().to_owned()),
        stage: stage(&whole).to_owned(),
        settles_at: facts.settles_at().map(|at| Time(at.micros())),
        started_at: Time(facts.started_at.micros()),
        ended_at: facts.ended_at.map(|at| Time(at.micros())),
        duration_us: facts.latency_micros(),
        facts: run_parts::facts(facts, frame.currency()),
        segments: facts.segments.iter().map(|(dimension, value)| KeyValue::new(dimension, value)).collect(),
        history: run_parts::history(&whole.late, &people, frame.currency()),
        waterfall: trace::waterfall(&whole, &frame.href(&format!("/runs/{id}")), query, frame.currency()),
        turns,
        more_messages,
        learning,
        learning_link,
        fact_form,
    })
}

/// The run an address names.
async fn whole(frame: &Frame, run: &str) -> Result<WholeRun, Problem> {
    let id: RunId = run.parse().map_err(|_| AppError::NotFound { noun: "run" })?;
    Ok(frame.app().run(frame.caller(), frame.slug(), id).await?)
}

/// `GET /p/{project}/runs/{run}/spans`: every span as one line, for the script that draws a window of them.
///
/// # Errors
/// When there is no such run in the project, or the database fails.
pub async fn spans(visitor: Visitor, path: Path<(String, String)>, query: Query<TraceQuery>) -> Answer {
    let (project, run) = path.into_inner();
    let frame = visitor.enter_for_part(&project).await?;
    let whole = whole(&frame, &run).await?;
    Ok(HttpResponse::Ok().json(trace::lines(&whole, &query, frame.currency()).unwrap_or_default()))
}

/// `GET /p/{project}/runs/{run}/spans/{span}`: one span's body, as the part of the page that shows it.
///
/// # Errors
/// When there is no such run or span in the project, or the database fails.
pub async fn span(visitor: Visitor, path: Path<(String, String, String)>) -> Answer {
    let (project, run, span) = path.into_inner();
    let frame = visitor.enter_for_part(&project).await?;
    let whole = whole(&frame, &run).await?;
    let body = trace::body(&whole, &span).ok_or(AppError::NotFound { noun: "span" })?;
    frame.fragment("pages/run/span_body", &body)
}

fn stage(run: &WholeRun) -> &'static str {
    let facts = &run.row.facts;
    match (run.row.settled, facts.concluded(), facts.closed_at.is_some()) {
        (true, true, _) => "settled",
        (_, true, _) => "concluded",
        (_, _, true) => "closed",
        _ => "open",
    }
}

/// Names of members by account id.
async fn people(frame: &Frame) -> Result<HashMap<String, String>, Problem> {
    let members = frame.app().members(frame.caller(), frame.slug()).await?;
    Ok(members.into_iter().map(|member| (member.account.to_string(), member.name)).collect())
}

/// What has been learned from the run, when it is a failure, and where to go on.
async fn learning(frame: &Frame, run: &WholeRun) -> Result<(Option<String>, Option<Link>), Problem> {
    let failure = match frame.app().failure(frame.caller(), frame.slug(), run.row.id).await {
        Ok(failure) => failure,
        Err(AppError::NotFound { .. }) => return Ok((None, None)),
        Err(error) => return Err(error.into()),
    };
    let href = match failure.standing.case {
        Some(case) => Link::new(frame.href(&format!("/cases/{case}")), "Open the eval case"),
        None => Link::new(frame.href(&format!("/failures?run={}", run.row.id)), "Review this failure"),
    };
    Ok((Some(failure.standing.status.as_str().to_owned()), Some(href)))
}

/// `POST /p/{project}/runs/{run}/facts`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such run, or the database fails.
pub async fn add_fact(visitor: Visitor, path: Path<(String, String)>, form: PageForm<FactForm>) -> Answer {
    let (project, run) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let id: RunId = run.parse().map_err(|_| AppError::NotFound { noun: "run" })?;
    let PageForm(form) = form;
    let error = match add(&frame, id, &form).await {
        Ok(applied) => {
            let code = if applied == Applied::Unchanged { "fact_known" } else { "fact_added" };
            return Ok(frame.done(&format!("/runs/{id}"), code));
        }
        Err(error) => refusal(error)?,
    };
    let body = run_page(&frame, &run, &TraceQuery::default(), (&form, Some(error))).await?;
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Add a late fact", body)
}

async fn add(frame: &Frame, id: RunId, form: &FactForm) -> Result<Applied, AppError> {
    let app = frame.app();
    let value = form.fact(app.now(), &frame.project.actor().display_name)?;
    let key = given(&form.key).unwrap_or_else(|| app.ids.uuid_v7().as_simple().to_string());
    let fact = NewFact { idempotency_key: key, at: None, source: Some("page".to_owned()), value };
    let results = app.add_facts(frame.caller(), frame.slug(), vec![(Target::Id(id), fact)]).await?;
    match results.into_iter().next() {
        Some(Ok((_, applied))) => Ok(applied),
        Some(Err(seatrial_store::ingest::Refused::NoRun(_))) => Err(AppError::NotFound { noun: "run" }),
        Some(Err(refused)) => Err(AppError::invalid("value", refused.to_string())),
        None => Err(AppError::internal("the writer gave no result for a fact")),
    }
}
