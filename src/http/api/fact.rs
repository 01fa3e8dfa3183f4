//! Late facts: what is learned about runs after they ran.

use actix_web::post;
use actix_web::web::{Data, Json, Path};
use seatrial_domain::ids::RunId;
use seatrial_domain::limits;
use seatrial_domain::run::FactValue;
use seatrial_domain::time::Timestamp;
use seatrial_store::ingest::Refused;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::run::{BatchResult, RunStatus, run_result, status};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::run::{NewFact, ReportOutcome, target};
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(add_facts).service(add_facts_to_many);
}

/// Something learned about a run after it ran.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct FactBody {
    /// The sender's key of this fact: the same key again changes nothing.
    idempotency_key: String,
    /// When it happened; now, if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// The system it comes from, such as `helpdesk`.
    source: Option<String>,
    /// What it says.
    fact: FactValue,
}

impl From<FactBody> for NewFact {
    fn from(body: FactBody) -> Self {
        Self { idempotency_key: body.idempotency_key, at: body.at, source: body.source, value: body.fact }
    }
}

/// A fact about a run that the sender knows by its own id.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct FactOfRun {
    /// The run: its id here, or the sender's own.
    run: String,
    /// The sender's key of this fact: the same key again changes nothing.
    idempotency_key: String,
    /// When it happened; now, if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// The system it comes from, such as `helpdesk`.
    source: Option<String>,
    /// What it says.
    fact: FactValue,
}

/// Late facts about any runs of the project.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct FactBatch {
    /// The facts, at most 10,000.
    facts: Vec<FactOfRun>,
}

/// What became of a fact.
#[derive(Serialize, utoipa::ToSchema)]
struct FactResult {
    /// The run it was appended to.
    #[schema(value_type = String)]
    run_id: RunId,
    /// `updated`, or `unchanged` when the key was known.
    status: RunStatus,
}

/// Add a late fact to a run
///
/// An approval, escalation, rescue, outcome, failure class, cost, score or reviewer's confirmation. Facts are
/// appended, never overwritten; every figure computed from the run changes at once.
#[utoipa::path(
    operation_id = "add_fact", tag = "runs",
    params(("project" = String, Path), ("run" = String, Path, description = "The run's id here, or the sender's own")),
    request_body = FactBody,
    responses(
        (status = 200, description = "It is recorded", body = FactResult),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such run in this project", body = ProblemBody),
        (status = 422, description = "A value is out of bounds", body = ProblemBody),
        (status = 429, description = "The queue is full; nothing was accepted", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("add_facts")))
)]
#[post("/projects/{project}/runs/{run}/facts")]
async fn add_facts(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<FactBody>,
) -> Result<Json<FactResult>, Problem> {
    let (project, run) = path.into_inner();
    let fact = vec![(target(&run), body.into_inner().into())];
    let result = app.add_facts(&caller, &project, fact).await?.into_iter().next();
    match result {
        Some(Ok((run_id, applied))) => Ok(Json(FactResult { run_id, status: status(applied) })),
        Some(Err(Refused::NoRun(_))) | None => Err(AppError::NotFound { noun: "run" }.into()),
        Some(Err(refused)) => Err(AppError::invalid("fact", refused.to_string()).into()),
    }
}

/// Add late facts to many runs
///
/// For systems that know runs by the sender's own ids, such as a help desk. Each fact has its own result.
#[utoipa::path(
    operation_id = "add_facts", tag = "runs",
    params(("project" = String, Path)),
    request_body = FactBatch,
    responses(
        (status = 200, description = "One result for each fact", body = BatchResult),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "A value is out of bounds; nothing was recorded", body = ProblemBody),
        (status = 429, description = "The queue is full; nothing was accepted", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("add_facts")))
)]
#[post("/projects/{project}/facts")]
async fn add_facts_to_many(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<FactBatch>,
) -> Result<Json<BatchResult>, Problem> {
    let facts = body.into_inner().facts;
    if facts.len() > limits::RUNS_PER_BATCH {
        return Err(Problem::too_large(format!("At most {} facts are taken at once.", limits::RUNS_PER_BATCH)));
    }
    let names: Vec<String> = facts.iter().map(|fact| fact.run.clone()).collect();
    let facts = facts.into_iter().map(|fact| {
        let new = NewFact { idempotency_key: fact.idempotency_key, at: fact.at, source: fact.source, value: fact.fact };
        (target(&fact.run), new)
    });
    let results = app.add_facts(&caller, &project, facts.collect()).await?;
    let results = names.into_iter().zip(results).enumerate().map(|(index, (name, result))| {
        let result = result.map_err(|refused| refused.to_string());
        run_result(index, ReportOutcome { external_id: Some(name), result })
    });
    Ok(Json(BatchResult::new(results.collect())))
}
