//! Runs: report, list, read, add facts, delete.

use actix_web::web::{Data, Json, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use seatrial_domain::ids::RunId;
use seatrial_domain::limits;
use seatrial_domain::run::{Outcome, RunReport};
use seatrial_domain::time::Timestamp;
use seatrial_store::ingest::Applied;
use seatrial_store::run::RunFilter;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::run_view::{RunDetail, RunItem};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::run::ReportOutcome;
use crate::http::body;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(report).service(list).service(read).service(remove);
}

/// A batch of runs as one JSON document.
#[derive(Deserialize, utoipa::ToSchema)]
struct RunBatch {
    /// The runs, at most 10,000.
    #[schema(value_type = Vec<RunReport>)]
    runs: Vec<serde_json::Value>,
}

/// What became of one run of a batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RunResult {
    /// Its position in the batch, from 0.
    index: usize,
    /// The sender's id, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    /// What became of it.
    status: RunStatus,
    /// Its id here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    run_id: Option<RunId>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RunStatus {
    Created,
    Updated,
    Unchanged,
    Rejected,
}

/// What became of a batch. Everything not rejected is on disk.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BatchResult {
    created: usize,
    updated: usize,
    unchanged: usize,
    rejected: usize,
    results: Vec<RunResult>,
}

pub(super) fn status(applied: Applied) -> RunStatus {
    match applied {
        Applied::Created => RunStatus::Created,
        Applied::Updated => RunStatus::Updated,
        Applied::Unchanged => RunStatus::Unchanged,
    }
}

impl BatchResult {
    pub(super) fn new(results: Vec<RunResult>) -> Self {
        let count = |status| results.iter().filter(|result| result.status == status).count();
        Self {
            created: count(RunStatus::Created),
            updated: count(RunStatus::Updated),
            unchanged: count(RunStatus::Unchanged),
            rejected: count(RunStatus::Rejected),
            results,
        }
    }
}

pub(super) fn run_result(index: usize, outcome: ReportOutcome) -> RunResult {
    let external_id = outcome.external_id;
    match outcome.result {
        Ok((run_id, applied)) => {
            RunResult { index, external_id, status: status(applied), run_id: Some(run_id), error: None }
        }
        Err(error) => RunResult { index, external_id, status: RunStatus::Rejected, run_id: None, error: Some(error) },
    }
}

fn parse_item(value: Result<serde_json::Value, serde_json::Error>) -> Result<RunReport, String> {
    value.and_then(serde_json::from_value).map_err(|error| format!("the item is not a run: {error}"))
}

/// Report runs
///
/// A JSON batch, or NDJSON (`application/x-ndjson`) with one run a line. Each run has its own result: a bad one does
/// not sink the others. The same run again changes nothing; a report may add what was unknown, never change what was
/// known. Answered when everything accepted is on disk.
#[utoipa::path(
    operation_id = "report_runs", tag = "runs",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body(content((RunBatch = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "One result for each run", body = BatchResult),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 415, description = "Neither JSON nor NDJSON", body = ProblemBody),
        (status = 429, description = "The queue is full; nothing was accepted", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("write_runs")))
)]
#[post("/projects/{project}/runs")]
async fn report(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<BatchResult>, Problem> {
    let kind = body::content_type(&request);
    if kind != "application/json" && kind != "application/x-ndjson" {
        return Err(Problem::unsupported_media(
            "Send a batch as `application/json` ({\"runs\": […]}) or one run a line as `application/x-ndjson`.",
        ));
    }
    let (project, mut room) = app.room_for_runs(&caller, &project, body::declared_length(&request)).await?;
    let bytes = body::read(payload, limits::RUN_BATCH_BYTES, |bytes| room.cover(bytes)).await?;
    let items = app.ingest.decode(move || parse_batch(&kind, &bytes)).await?.map_err(Problem::malformed)?;
    if items.len() > limits::RUNS_PER_BATCH {
        return Err(Problem::too_large(format!(
            "The batch has {} runs; at most {} are taken at once.",
            items.len(),
            limits::RUNS_PER_BATCH
        )));
    }
    let outcomes = app.report_runs(&project, items, room).await?;
    Ok(Json(BatchResult::new(outcomes.into_iter().enumerate().map(|(i, outcome)| run_result(i, outcome)).collect())))
}

fn parse_batch(kind: &str, bytes: &[u8]) -> Result<Vec<Result<RunReport, String>>, String> {
    if kind == "application/json" {
        let batch: RunBatch = serde_json::from_slice(bytes)
            .map_err(|error| format!("The body is not a batch of runs ({{\"runs\": […]}}): {error}"))?;
        return Ok(batch.runs.into_iter().map(|value| parse_item(Ok(value))).collect());
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let items = lines.map(|line| {
        if line.len() > limits::RUN_LINE_BYTES {
            return Err(format!("the line is {} bytes long; at most {} are taken", line.len(), limits::RUN_LINE_BYTES));
        }
        parse_item(serde_json::from_slice(line))
    });
    Ok(items.collect())
}

/// Which runs are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RunQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Of this release of the workflow, by name or id.
    release: Option<String>,
    /// With this outcome.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// With this failure class.
    failure_class: Option<String>,
    /// With this id of the sender's.
    external_id: Option<String>,
    /// That started at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// That started before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// List runs
///
/// Latest start first.
#[utoipa::path(
    operation_id = "list_runs", tag = "runs",
    params(("project" = String, Path, description = "The project's name in URLs"), RunQuery),
    responses(
        (status = 200, description = "A page of runs", body = Listed<RunItem>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/runs")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<RunQuery>,
) -> Result<Json<Listed<RunItem>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let names = app.names(&caller, &project).await?;
    let workflow = query.workflow.map(|name| names.workflow(&name)).transpose()?;
    let release = match query.release {
        None => None,
        Some(name) => Some(names.release(workflow, &name)?),
    };
    let filter = RunFilter {
        workflow,
        release,
        outcome: query.outcome.map(|outcome| outcome.as_str().to_owned()),
        failure_class: query.failure_class,
        external_id: query.external_id,
        from: query.from,
        to: query.to,
    };
    let (rows, next) = app.list_runs(&caller, &project, &filter, page).await?;
    let items = rows.into_iter().map(|row| RunItem::new(row, &names)).collect();
    Ok(Json(Listed::new(items, next)))
}

/// Read a run
///
/// Its facts, what was appended later and by whom, and the spans of its trace.
#[utoipa::path(
    operation_id = "read_run", tag = "runs",
    params(("project" = String, Path), ("run" = String, Path, description = "The run's id")),
    responses(
        (status = 200, description = "The run", body = RunDetail),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such run in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/runs/{run}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<RunDetail>, Problem> {
    let (project, run) = path.into_inner();
    let id = run.parse().map_err(|_| AppError::NotFound { noun: "run" })?;
    let whole = app.run(&caller, &project, id).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(RunDetail::new(whole, &names)))
}

/// Delete a run
///
/// Its trace and facts go, and what it contributed leaves every figure. Eval cases made from it, frozen evidence and
/// decisions keep their copies.
#[utoipa::path(
    operation_id = "delete_run", tag = "runs",
    params(("project" = String, Path), ("run" = String, Path, description = "The run's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such run in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[delete("/projects/{project}/runs/{run}")]
async fn remove(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, run) = path.into_inner();
    let id = run.parse().map_err(|_| AppError::NotFound { noun: "run" })?;
    app.delete_run(&caller, &project, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
