//! Eval cases: what is tested now, and where each test came from.

use actix_web::web::{Path, Query};
use seatrial_domain::case::{Assertions, Bound, CaseState, Figure};
use seatrial_domain::ids::{CaseId, ReleaseId};
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::suite::{EvalVerdict, Trial, outcome};
use seatrial_store::Page;
use seatrial_store::case::{CaseFilter, CaseRow};
use seatrial_store::eval_result::EvalResultRow;
use seatrial_store::failure::FailureRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::given;
use super::suite_results::cell;
use super::trace::readable;
use super::{link, order};
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::http::extract::PageQuery;
use crate::http::problem::Problem;
use crate::render::format;
use crate::render::view::case::{
    self as view, Assertion, CaseList, CasePage, CaseResult, CaseStanding, DiffLine, Provenance,
};
use crate::render::view::{Empty, Filter, FilterChip, Link, Pager, SelectOption, Time};

/// Which cases are wanted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    status: Option<String>,
    workflow: Option<String>,
    failure_class: Option<String>,
    sort: Option<String>,
    cursor: Option<String>,
}

impl ListQuery {
    fn href(&self, frame: &Frame, changed: &[(&str, Option<&str>)]) -> String {
        link::with_query(&frame.href("/cases"), &self.parameters(changed))
    }

    fn parameters<'a>(&'a self, changed: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, Option<&'a str>)> {
        let mut parameters = vec![
            ("status", self.status.as_deref()),
            ("workflow", self.workflow.as_deref()),
            ("failure_class", self.failure_class.as_deref()),
            (order::NAME, order::said(order::of(self.sort.as_deref()))),
        ];
        parameters.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
        parameters.extend(changed);
        parameters
    }
}

/// `GET /p/{project}/cases`.
///
/// # Errors
/// When the project is not theirs, a filter names nothing, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let text = |field: &Option<String>| field.as_deref().and_then(given);
    let filter = CaseFilter {
        workflow: text(&query.workflow).map(|name| names.workflow(&name)).transpose()?,
        state: text(&query.status).and_then(|name| CaseState::parse(&name)),
        failure_class: text(&query.failure_class),
        ..CaseFilter::default()
    };
    let order = order::of(query.sort.as_deref());
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?.in_order(order);
    let (rows, next) = app.cases(caller, slug, &filter, page).await?;
    let cursor = next.map(|cursor| cursor.to_string());
    let body = CaseList {
        chips: chips(&frame, &query),
        filters: filters(&query, &names),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| query.href(&frame, &[])),
            next: cursor.as_deref().map(|cursor| query.href(&frame, &[("cursor", Some(cursor))])),
            note: format!("{} eval cases on this page, {}", rows.len(), order::words(order)),
        },
        made: order::head("Made", order, |sort| query.href(&frame, &[(order::NAME, sort)])),
        empty: rows.is_empty().then(|| empty(&frame)),
        rows: rows.iter().map(|row| row_view(&frame, &names, row)).collect(),
    };
    let frame = frame.with_views(ViewedList::Cases, &query.parameters(&[])).await?;
    frame.page("Eval cases", body)
}

fn empty(frame: &Frame) -> Empty {
    Empty {
        title: "No eval case here".to_owned(),
        text: "Promote a failed run: its input is copied, and you say what must and must not happen.".to_owned(),
        command: None,
        action: Some(Link::new(frame.href("/failures"), "Open failures")),
    }
}

fn chips(frame: &Frame, query: &ListQuery) -> Vec<FilterChip> {
    let states = [("active", "Active"), ("draft", "Draft"), ("quarantined", "Quarantined"), ("retired", "Retired")];
    let chip = |(state, label): (&str, &str)| {
        let on = query.status.as_deref() == Some(state);
        FilterChip { label: label.to_owned(), href: query.href(frame, &[("status", (!on).then_some(state))]), on }
    };
    states.into_iter().map(chip).collect()
}

fn filters(query: &ListQuery, names: &Names) -> Vec<Filter> {
    let chosen = query.workflow.as_deref().unwrap_or_default();
    let mut options = vec![SelectOption::new("", "All workflows").selected(chosen.is_empty())];
    options.extend(
        names.workflows().into_iter().map(|row| SelectOption::new(&row.name, &row.name).selected(row.name == chosen)),
    );
    let class = query.failure_class.clone().unwrap_or_default();
    vec![
        Filter { name: "workflow".to_owned(), label: "Workflow".to_owned(), options, value: String::new() },
        Filter {
            name: "failure_class".to_owned(),
            label: "Failure class".to_owned(),
            options: Vec::new(),
            value: class,
        },
        order::field(order::of(query.sort.as_deref())),
    ]
}

fn row_view(frame: &Frame, names: &Names, row: &CaseRow) -> view::CaseRow {
    view::CaseRow {
        link: Link::new(frame.href(&format!("/cases/{}", row.id)), &row.case.title),
        status: row.case.state.as_str().to_owned(),
        workflow: names.workflow_name(row.workflow),
        class: row.case.failure_class.clone(),
        assertions: row.case.definition.assertions.count() as u64,
        failures: row.failures,
        // Runners report results with the suites; until then no case has one.
        result: None,
        created_at: Time(row.created_at.micros()),
    }
}

/// `GET /p/{project}/cases/{case}`.
///
/// # Errors
/// When there is no such case in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, case) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let id: CaseId = case.parse().map_err(|_| AppError::NotFound { noun: "eval case" })?;
    let (row, failures) = app.case(caller, slug, id).await?;
    let body = case_page(&frame, &row, &failures).await?;
    frame.page(row.case.title.clone(), body)
}

/// How each version of a case stands on each release, of its latest results.
fn standings(frame: &Frame, names: &Names, results: &[EvalResultRow]) -> Vec<CaseStanding> {
    let mut places: Vec<(ReleaseId, u32)> = Vec::new();
    for row in results {
        let place = (row.release, row.case_version);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let standing = |(release, version): (ReleaseId, u32)| {
        let of_place = results.iter().filter(|row| (row.release, row.case_version) == (release, version));
        let trials: Vec<Trial> = of_place
            .map(|row| Trial { execution: row.execution.clone(), verdict: row.verdict, recorded_at: row.at })
            .collect();
        let name = names.release_name(release);
        CaseStanding {
            release: Link::new(frame.href(&format!("/releases/{release}")), &name),
            version,
            cell: cell(name, outcome(&trials)),
        }
    };
    places.into_iter().map(standing).collect()
}

async fn case_page(frame: &Frame, row: &CaseRow, failures: &[FailureRow]) -> Result<CasePage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let parts = &row.case.definition;
    let from = &parts.provenance;
    let run_href = frame.href(&format!("/runs/{}", from.run));
    let run_kept = match app.run(caller, slug, from.run).await {
        Ok(_) => true,
        Err(AppError::NotFound { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    let severity = match &row.case.failure_class {
        Some(class) => Some(app.failure_classes(caller, slug).await?.severity(class).as_str().to_owned()),
        None => None,
    };
    let names = app.names(caller, slug).await?;
    let (results, _) = app.case_results(caller, slug, row.id, Page::new(None, None)).await?;
    Ok(CasePage {
        id: row.id.to_string(),
        title: row.case.title.clone(),
        status: row.case.state.as_str().to_owned(),
        workflow: from.workflow.clone(),
        class: row.case.failure_class.clone(),
        severity,
        input: readable(&parts.input),
        assertions: assertions(&parts.assertions, frame.currency()),
        reference: parts.assertions.reference.clone(),
        observed: parts.observed.as_ref().map(readable),
        tags: parts.tags.clone(),
        redactions: parts
            .redactions
            .iter()
            .map(|masked| DiffLine { change: "add".to_owned(), content: format!("{}: {}", masked.path, masked.after) })
            .collect(),
        provenance: Provenance {
            run_id: from.run.to_string(),
            run_href: run_kept.then_some(run_href),
            release: from.release.clone(),
            digest: from.snapshot_digest.to_string(),
            copied_at: Time(from.promoted_at.micros()),
            promoted_by: from.promoted_by.display_name.clone(),
        },
        standings: standings(frame, &names, &results),
        results: results
            .into_iter()
            .map(|row| CaseResult {
                release: names.release_name(row.release),
                result: match row.verdict {
                    EvalVerdict::Passed => "pass",
                    EvalVerdict::Failed => "fail",
                    EvalVerdict::Error => "error",
                    EvalVerdict::Skipped => "skipped",
                }
                .to_owned(),
                runner: row.runner,
                at: Time(row.at.micros()),
                note: row.message,
            })
            .collect(),
        failures: failures
            .iter()
            .map(|failure| Link::new(frame.href(&format!("/runs/{}", failure.run)), &failure.external_id))
            .collect(),
    })
}

fn assertions(assertions: &Assertions, currency: &str) -> Vec<Assertion> {
    let of = |kind: &str, text: String| Assertion { kind: kind.to_owned(), text };
    let must = assertions.must.iter().map(|text| of("must", text.clone()));
    let must_not = assertions.must_not.iter().map(|text| of("must_not", text.clone()));
    let tools = assertions.expected_tools.iter().map(|tool| of("tool", format!("must call {tool}")));
    let forbidden = assertions.forbidden_tools.iter().map(|tool| of("tool", format!("must not call {tool}")));
    let bounds = assertions.bounds.iter().map(|found| of("bound", bound(found, currency)));
    must.chain(must_not).chain(tools).chain(forbidden).chain(bounds).collect()
}

fn bound(bound: &Bound, currency: &str) -> String {
    let show = |n: i64| match bound.figure {
        Figure::CostNanos => format::money(n as f64, currency),
        Figure::LatencyMs => format::duration(n as f64 * 1e3),
        _ => format::count(n.into()),
    };
    let name = match bound.figure {
        Figure::CostNanos => "cost",
        Figure::LatencyMs => "latency",
        Figure::Tokens => "tokens",
        Figure::ToolCalls => "tool calls",
        Figure::Retries => "retries",
    };
    let least = bound.at_least.map(|n| format!(" at least {}", show(n))).unwrap_or_default();
    let most = bound.at_most.map(|n| format!(" at most {}", show(n))).unwrap_or_default();
    format!("{name}{least}{most}")
}
