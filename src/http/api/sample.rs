//! Successful runs that were sampled into triage: list, record what was found, and how a workflow is sampled.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::ids::{ReleaseId, RunId, WorkflowId};
use seatrial_domain::sample::SampleStatus;
use seatrial_domain::stats::interval::wilson;
use seatrial_domain::time::Timestamp;
use seatrial_store::sample::{SampleFilter, SampleRow};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::failure::run_id;
use super::failure_view::ActorView;
use crate::app::App;
use crate::app::names::Names;
use crate::app::sample::Finding;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(find).service(sampling);
}

/// A successful run that people are asked to look at.
#[derive(Serialize, utoipa::ToSchema)]
struct SampleView {
    /// The run.
    #[schema(value_type = String)]
    run_id: RunId,
    /// The sender's own id of the run.
    external_id: String,
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The workflow's name.
    workflow: String,
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// When the run began.
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
    /// What became of it.
    status: SampleStatus,
    /// What whoever looked said.
    note: Option<String>,
    /// Who looked.
    decided_by: Option<ActorView>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
}

impl SampleView {
    fn new(row: SampleRow, names: &Names) -> Self {
        Self {
            run_id: row.run,
            external_id: row.external_id,
            workflow: names.workflow_name(row.workflow),
            workflow_id: row.workflow,
            release: names.release_name(row.release),
            release_id: row.release,
            occurred_at: row.occurred_at,
            status: row.status,
            note: row.note,
            decided_by: row.decided_by.map(ActorView::from),
            decided_at: row.decided_at,
        }
    }
}

/// Which samples are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SampleQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Of this release of the workflow, by name or id.
    release: Option<String>,
    /// With this status.
    #[param(inline)]
    status: Option<SampleStatus>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// What a person found in a sampled run.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct FindingBody {
    /// Whether it was the success that it reported to be.
    holds: bool,
    /// The kind of miss when it was none: a class of the project's taxonomy.
    failure_class: Option<String>,
    /// A remark, at most 4,000 bytes.
    #[serde(default)]
    note: String,
}

/// How a workflow is sampled, and what was found.
#[derive(Serialize, utoipa::ToSchema)]
struct SamplingView {
    /// The share of successful runs that people look at, of the workflow's rules.
    sample_share: f64,
    /// Nobody has looked yet.
    open: u64,
    /// Were the successes they reported to be.
    upheld: u64,
    /// Were none: the numerator.
    overturned: u64,
    /// Looked at: the denominator.
    looked_at: u64,
    /// `overturned / looked_at`; absent while nobody has looked.
    overturned_rate: Option<f64>,
    /// The lower bound of its 95 % interval (Wilson).
    low: Option<f64>,
    /// The upper bound.
    high: Option<f64>,
}

/// List sampled runs
///
/// Successful runs that people are asked to look at, the latest first. Each workflow's rules say which share
/// (`sample_share`); the digest of a run's id decides.
#[utoipa::path(
    operation_id = "list_samples", tag = "failures",
    params(("project" = String, Path, description = "The project's name in URLs"), SampleQuery),
    responses(
        (status = 200, description = "A page of sampled runs", body = Listed<SampleView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/samples")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<SampleQuery>,
) -> Result<Json<Listed<SampleView>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let names = app.names(&caller, &project).await?;
    let workflow = query.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
    let release = query.release.as_deref().map(|name| names.release(workflow, name)).transpose()?;
    let filter = SampleFilter { workflow, release, status: query.status };
    let (rows, next) = app.samples(&caller, &project, &filter, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| SampleView::new(row, &names)).collect(), next)))
}

/// Record what was found in a sampled run
///
/// As a reviewer's confirmation of the run, so that every figure changes with it. A run that was no success is a failure
/// from then on, and in triage as one.
#[utoipa::path(
    operation_id = "find_sample", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the sampled run")),
    request_body = FindingBody,
    responses(
        (status = 200, description = "The sampled run", body = SampleView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing, or the caller is no person", body = ProblemBody),
        (status = 404, description = "No such sampled run in this project", body = ProblemBody),
        (status = 409, description = "`already_decided`", body = ProblemBody),
        (status = 422, description = "The class is not in the taxonomy or of a success, or the note too long",
            body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/samples/{run}/finding")]
async fn find(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<FindingBody>,
) -> Result<Json<SampleView>, Problem> {
    let (project, run) = path.into_inner();
    let FindingBody { holds, failure_class, note } = body.into_inner();
    let finding = Finding { holds, failure_class, note };
    let row = app.find_sample(&caller, &project, run_id(&run)?, &finding).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(SampleView::new(row, &names)))
}

/// Which release's samples are counted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SamplingQuery {
    /// Of this release, by name or id; of all when absent.
    release: Option<String>,
}

/// Read how a workflow is sampled
///
/// And what people found: how many of the successes they looked at were none.
#[utoipa::path(
    operation_id = "read_sampling", tag = "failures",
    params(
        ("project" = String, Path),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        SamplingQuery,
    ),
    responses(
        (status = 200, description = "The share, and what was found", body = SamplingView),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow or release in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/workflows/{workflow}/sampling")]
async fn sampling(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<SamplingQuery>,
) -> Result<Json<SamplingView>, Problem> {
    let (project, workflow) = path.into_inner();
    let sampling = app.sampling(&caller, &project, &workflow, query.release.as_deref()).await?;
    let count = sampling.count;
    let looked_at = count.upheld + count.overturned;
    let interval = wilson(count.overturned, looked_at, 0.05);
    Ok(Json(SamplingView {
        sample_share: sampling.share,
        open: count.open,
        upheld: count.upheld,
        overturned: count.overturned,
        looked_at,
        overturned_rate: (looked_at > 0).then(|| count.overturned as f64 / looked_at as f64),
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
    }))
}
