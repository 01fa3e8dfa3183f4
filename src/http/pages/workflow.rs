//! Workflows: what each requires and observes, and changing it.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::workflow::{FactKind, FactSource, RiskClass, ScoreRule, WorkflowRules};
use seatrial_store::workflow::WorkflowRow as StoredWorkflow;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::gap::owner_options;
use super::settings::{Fields, enter, field};
use super::signal::{FACTS, source};
use crate::app::error::{AppError, FieldError};
use crate::app::precondition::{IfMatch, etag};
use crate::app::workflow::WorkflowSettings;
use crate::http::extract::PageForm;
use crate::http::present::policy::{duration, hundredths};
use crate::http::problem::Problem;
use crate::render::view::workflow::{WorkflowFact, WorkflowList, WorkflowPage, WorkflowRow};
use crate::render::view::{Empty, Link, SelectOption};

const SOURCES: [FactSource; 3] = [FactSource::Traces, FactSource::Api, FactSource::NotApplicable];
const RISKS: [(RiskClass, &str); 3] = [
    (RiskClass::Low, "low: mistakes are cheap and seen at once"),
    (RiskClass::Medium, "medium: mistakes cost work"),
    (RiskClass::High, "high: mistakes cost money, trust or safety"),
];
const MINUTE_SECONDS: f64 = 60.0;
const HOUR_SECONDS: f64 = 3_600.0;

/// `GET /p/{project}/settings/workflows`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let owners = names.workflows().into_iter().filter_map(|row| row.owner).collect();
    let owners = app.owner_names(caller, slug, owners).await?;
    let row = |row: &&StoredWorkflow| {
        let reported = |kind: &&FactKind| row.rules.observes.contains_key(*kind);
        let words = |wanted: bool| {
            let kinds = FACTS.iter().filter(|kind| reported(kind) == wanted);
            kinds.map(|kind| kind.noun()).collect::<Vec<_>>().join(", ")
        };
        WorkflowRow {
            link: Link::new(frame.href(&path_of(row)), &row.name),
            risk: row.risk_class.as_str().to_owned(),
            owner: row.owner.and_then(|id| owners.get(&id)).map(|owner| owner.name.clone()),
            observes: words(true),
            unobserved: words(false),
            settles: duration(u64::try_from(row.rules.settle_seconds).unwrap_or_default()),
        }
    };
    let rows: Vec<WorkflowRow> = names.workflows().iter().map(row).collect();
    let empty = rows.is_empty().then(|| Empty::no_runs(&app.config.server.public_url));
    frame.page("Workflows", WorkflowList { rows, empty })
}

fn path_of(row: &StoredWorkflow) -> String {
    format!("/settings/workflows/{}", row.id)
}

async fn find(frame: &Frame, workflow: &str) -> Result<StoredWorkflow, AppError> {
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let id = names.workflow(workflow)?;
    names.workflow_row(id).cloned().ok_or(AppError::NotFound { noun: "workflow" })
}

/// `GET /p/{project}/settings/workflows/{workflow}`.
///
/// # Errors
/// When there is no such workflow, the project is not theirs, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, workflow) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let row = find(&frame, &workflow).await?;
    let body = page(&frame, &row, &typed_of(&row)?, None).await?;
    frame.page(row.name.clone(), body)
}

/// `POST /p/{project}/settings/workflows/{workflow}`.
///
/// # Errors
/// When the token is wrong, there is no such workflow, they may not, or the database fails.
pub async fn keep(visitor: Visitor, path: Path<(String, String)>, form: PageForm<Fields>) -> Answer {
    let (project, workflow) = path.into_inner();
    let frame = enter(visitor, &project, Permission::EditWorkflows).await?;
    let row = find(&frame, &workflow).await?;
    let PageForm(fields) = form;
    let rests_on = IfMatch::parse(field(&fields, "rests_on"));
    let kept = match settings_of(&fields, &row.rules) {
        Ok(settings) => frame.app().put_workflow(frame.caller(), frame.slug(), &row.name, settings, &rests_on).await,
        Err(error) => Err(error),
    };
    match kept {
        Ok(_) => Ok(frame.done(&path_of(&row), "workflow_kept")),
        Err(error) => {
            let error = refusal(error)?;
            let body = page(&frame, &row, &fields, Some(error)).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, row.name.clone(), body)
        }
    }
}

/// A time in this unit, without the noise of binary fractions.
#[expect(clippy::cast_precision_loss, reason = "the times of a workflow are at most 90 days")]
fn in_unit(seconds: i64, unit: f64) -> String {
    (seconds as f64 / unit).to_string()
}

/// What is written now, as the form has it.
fn typed_of(row: &StoredWorkflow) -> Result<Fields, AppError> {
    let rules = &row.rules;
    let score = rules.score_rule.as_ref();
    let mut fields = vec![
        ("rests_on", etag(&WorkflowSettings::of(row))?),
        ("risk_class", row.risk_class.as_str().to_owned()),
        ("owner", row.owner.map(|id| id.to_string()).unwrap_or_default()),
        ("settle_hours", in_unit(rules.settle_seconds, HOUR_SECONDS)),
        ("idle_minutes", in_unit(rules.idle_close_seconds, MINUTE_SECONDS)),
        ("terminal_tool", rules.terminal_tool.clone().unwrap_or_default()),
        ("score_name", score.map(|rule| rule.name.clone()).unwrap_or_default()),
        ("score_at_least", score.map(|rule| rule.success_at_least.to_string()).unwrap_or_default()),
        ("environments", rules.excluded_environments.join("\n")),
        ("sample_share", hundredths(rules.sample_share)),
    ];
    if rules.requires_review {
        fields.push(("requires_review", "yes".to_owned()));
    }
    fields.extend(FACTS.iter().map(|kind| (kind.noun(), rules.observes.get(kind).map_or("", |s| key(*s)).to_owned())));
    Ok(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

const fn key(source: FactSource) -> &'static str {
    match source {
        FactSource::Traces => "traces",
        FactSource::Api => "api",
        FactSource::NotApplicable => "not_applicable",
    }
}

/// What the fields say.
fn settings_of(fields: &Fields, before: &WorkflowRules) -> Result<WorkflowSettings, AppError> {
    let mut wrong = Vec::new();
    let number = |name: &str, wrong: &mut Vec<FieldError>| -> f64 {
        field(fields, name).trim().replace(',', ".").parse().unwrap_or_else(|_| {
            wrong.push(FieldError::new(name, "is a number, such as 24 or 0.5"));
            0.0
        })
    };
    let seconds = |name: &str, unit: f64, wrong: &mut Vec<FieldError>| {
        // Beyond any bound, and within what a whole number holds.
        let seconds = (number(name, wrong) * unit).round().clamp(-1.0, 1e12);
        #[expect(clippy::cast_possible_truncation, reason = "the value is within the range above")]
        let whole = seconds as i64;
        whole
    };
    let observes: BTreeMap<FactKind, FactSource> = FACTS
        .into_iter()
        .filter_map(|kind| Some((kind, SOURCES.into_iter().find(|is| key(*is) == field(fields, kind.noun()))?)))
        .collect();
    let score_rule = given(field(fields, "score_name"))
        .map(|name| ScoreRule { name, success_at_least: number("score_at_least", &mut wrong) });
    // A share that was not touched stays what it is, to the last digit.
    let touched = field(fields, "sample_share").trim() != hundredths(before.sample_share);
    let sample_share = if touched { number("sample_share", &mut wrong) / 100.0 } else { before.sample_share };
    let owner = given(field(fields, "owner")).map(|id| id.parse::<OwnerId>()).transpose().unwrap_or_else(|_| {
        wrong.push(FieldError::new("owner", "choose somebody"));
        None
    });
    let risk = RISKS.into_iter().find(|(risk, _)| risk.as_str() == field(fields, "risk_class"));
    let rules = WorkflowRules {
        observes,
        score_rule,
        terminal_tool: given(field(fields, "terminal_tool")),
        requires_review: field(fields, "requires_review") == "yes",
        settle_seconds: seconds("settle_hours", HOUR_SECONDS, &mut wrong),
        idle_close_seconds: seconds("idle_minutes", MINUTE_SECONDS, &mut wrong),
        excluded_environments: field(fields, "environments").lines().filter_map(given).collect(),
        sample_share,
    };
    if wrong.is_empty() {
        Ok(WorkflowSettings { risk_class: risk.map_or_else(RiskClass::default, |(risk, _)| risk), owner, rules })
    } else {
        Err(AppError::Invalid { errors: wrong })
    }
}

async fn page(
    frame: &Frame,
    row: &StoredWorkflow,
    fields: &Fields,
    error: Option<String>,
) -> Result<WorkflowPage, Problem> {
    let text = |name: &str| field(fields, name).to_owned();
    let owner = field(fields, "owner").parse().ok();
    let nobody = SelectOption::new("", "nobody").selected(owner.is_none());
    let fact = |kind: &FactKind| WorkflowFact {
        name: kind.noun().to_owned(),
        label: match kind {
            FactKind::Approvals => "Approvals",
            FactKind::Escalations => "Escalations",
            FactKind::Rescues => "Rescues",
        }
        .to_owned(),
        meaning: match kind {
            FactKind::Approvals => "Requests for a person's approval.",
            FactKind::Escalations => "Hand-offs to a person.",
            FactKind::Rescues => "A person redoing or repairing the work.",
        }
        .to_owned(),
        sources: std::iter::once(("", "nobody: it is unknown"))
            .chain(SOURCES.iter().map(|is| (key(*is), source(*is))))
            .map(|(value, label)| SelectOption::new(value, label).selected(value == field(fields, kind.noun())))
            .collect(),
    };
    let href = |path: &str| frame.href(&format!("{path}/{}", row.id));
    Ok(WorkflowPage {
        name: row.name.clone(),
        path: frame.href(&path_of(row)),
        back: Link::new(frame.href("/settings/workflows"), "Workflows"),
        links: vec![
            Link::new(href("/alert-settings"), "How it is watched"),
            Link::new(
                super::link::with_query(&frame.href("/settings/signals"), &[("workflow", Some(&row.name))]),
                "What its signals mean",
            ),
        ],
        may: frame.may(Permission::EditWorkflows),
        rests_on: text("rests_on"),
        error,
        risks: RISKS
            .iter()
            .map(|(risk, label)| SelectOption::new(risk.as_str(), *label).selected(risk.as_str() == text("risk_class")))
            .collect(),
        owners: [vec![nobody], owner_options(frame, owner).await?].concat(),
        facts: FACTS.iter().map(fact).collect(),
        settle_hours: text("settle_hours"),
        idle_minutes: text("idle_minutes"),
        requires_review: field(fields, "requires_review") == "yes",
        terminal_tool: text("terminal_tool"),
        score_name: text("score_name"),
        score_at_least: text("score_at_least"),
        environments: text("environments"),
        sample_share: text("sample_share"),
    })
}
