//! Gates: opened, evaluated, frozen; the frozen evidence; owners of gaps.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post, put};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::{Forecast, GateState};
use seatrial_domain::ids::GateId;
use seatrial_domain::owner::OwnerId;
use seatrial_store::gate::GateFilter;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::gate_view::{EvaluationView, FrozenView, GateDetail, GateView};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::gate::NewGate;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(open)
        .service(list)
        .service(read)
        .service(evaluation)
        .service(forecast)
        .service(freeze)
        .service(bundle)
        .service(assign_gap);
}

/// The gate a path names.
pub(super) fn gate_id(text: &str) -> Result<GateId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "gate" })
}

/// The question to be asked.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    /// The workflow, by name or id.
    workflow: String,
    /// The release that wants to go on, by name or id.
    release: String,
    /// The release it is compared with; when absent its own baseline, or else the release that went live last.
    baseline: Option<String>,
}

/// Which gates are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct GatesQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Of this release, by name or id.
    release: Option<String>,
    /// In this state.
    state: Option<GateState>,
}

/// Who takes on a gap.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct GapOwnerBody {
    /// The gap's key: its kind, or `kind:subject`.
    gap: String,
    /// The account id of a member.
    #[schema(value_type = String)]
    owner: OwnerId,
}

/// Open a gate
///
/// Asks whether a release may go on. A release has at most one gate that waits for its decision.
#[utoipa::path(
    operation_id = "open_gate", tag = "gates",
    params(("project" = String, Path)),
    request_body = OpenBody,
    responses(
        (status = 201, description = "The gate", body = GateView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow, release or baseline", body = ProblemBody),
        (status = 409, description = "A gate of the release waits already (`gate_already_open`)", body = ProblemBody),
        (status = 422, description = "The baseline is the release itself", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("open_gates")))
)]
#[post("/projects/{project}/gates")]
async fn open(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<OpenBody>,
) -> Result<HttpResponse, Problem> {
    let OpenBody { workflow, release, baseline } = body.into_inner();
    let row = app.open_gate(&caller, &project, &NewGate { workflow, release, baseline }).await?;
    let names = app.names(&caller, &project).await?;
    Ok(HttpResponse::Created().json(GateView::of(row, &names)))
}

/// List gates
#[utoipa::path(
    operation_id = "list_gates", tag = "gates",
    params(("project" = String, Path), GatesQuery, PageQuery),
    responses(
        (status = 200, description = "The gates, latest first", body = Listed<GateView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/gates")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<GatesQuery>,
    page: Query<PageQuery>,
) -> Result<Json<Listed<GateView>>, Problem> {
    let names = app.names(&caller, &project).await?;
    let workflow = query.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
    let release = query.release.as_deref().map(|name| names.release(workflow, name)).transpose()?;
    let filter = GateFilter { workflow, release, state: query.state };
    let (rows, next) = app.list_gates(&caller, &project, &filter, page.page()?).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| GateView::of(row, &names)).collect(), next)))
}

/// Read a gate
///
/// With the recommendation on its latest frozen evidence, what waits for a second person, and the decision that stands.
#[utoipa::path(
    operation_id = "read_gate", tag = "gates",
    params(("project" = String, Path), ("gate" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The gate", body = GateDetail),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or gate", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/gates/{gate}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<GateDetail>, Problem> {
    let (project, gate) = path.into_inner();
    let whole = app.gate(&caller, &project, gate_id(&gate)?).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(GateDetail::of(whole, &names)))
}

/// Evaluate a gate as of now
///
/// What would be frozen and recommended now, and what is different from what was frozen. Looking as often as one likes
/// does not raise the error rate. It decides nothing.
#[utoipa::path(
    operation_id = "evaluate_gate", tag = "gates",
    params(("project" = String, Path), ("gate" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The evaluation", body = EvaluationView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or gate", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/gates/{gate}/evaluation")]
async fn evaluation(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<EvaluationView>, Problem> {
    let (project, gate) = path.into_inner();
    Ok(Json(app.evaluate_gate(&caller, &project, gate_id(&gate)?).await?.into()))
}

/// Forecast a gate
///
/// How many more runs each inconclusive check on a rate will probably take: its evidence is carried forward over runs
/// drawn from what is known now, with a seed from the evidence itself. Takes longer than an evaluation. It decides
/// nothing.
#[utoipa::path(
    operation_id = "forecast_gate", tag = "gates",
    params(("project" = String, Path), ("gate" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "A forecast for each inconclusive check on a rate", body = Vec<Forecast>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or gate", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/gates/{gate}/forecast")]
async fn forecast(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<Vec<Forecast>>, Problem> {
    let (project, gate) = path.into_inner();
    Ok(Json(app.forecast_gate(&caller, &project, gate_id(&gate)?).await?))
}

/// Freeze the evidence of a gate
///
/// Later facts never change it; freezing again makes another bundle.
#[utoipa::path(
    operation_id = "freeze_gate", tag = "gates",
    params(("project" = String, Path), ("gate" = String, Path, description = "Its id")),
    responses(
        (status = 201, description = "The frozen evidence and the recommendation on it", body = FrozenView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or gate", body = ProblemBody),
        (status = 409, description = "Somebody froze at the same time (`evidence_changed`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("freeze")))
)]
#[post("/projects/{project}/gates/{gate}/freeze")]
async fn freeze(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, gate) = path.into_inner();
    let frozen = app.freeze_gate(&caller, &project, gate_id(&gate)?).await?;
    let view = FrozenView { bundle: frozen.bundle.into(), recommendation: frozen.recommendation };
    Ok(HttpResponse::Created().json(view))
}

/// Read frozen evidence
///
/// The canonical bytes (RFC 8785), exactly as they were hashed: their SHA-256 is the digest.
#[utoipa::path(
    operation_id = "read_bundle", tag = "gates",
    params(("project" = String, Path), ("digest" = String, Path, description = "`sha256:` and 64 digits")),
    responses(
        (status = 200, description = "The canonical bytes", body = Object, content_type = "application/json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or evidence", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/bundles/{digest}")]
async fn bundle(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, digest) = path.into_inner();
    let digest: Digest = digest.parse().map_err(|_| AppError::NotFound { noun: "evidence bundle" })?;
    let row = app.bundle(&caller, &project, digest).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(row.canonical))
}

/// Give a gap an owner
///
/// With an unowned gap the recommendation is never to ship. Holds for the release, whatever gate finds the gap.
#[utoipa::path(
    operation_id = "assign_gap", tag = "gates",
    params(("project" = String, Path), ("gate" = String, Path, description = "Its id")),
    request_body = GapOwnerBody,
    responses(
        (status = 204, description = "The gap has its owner"),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, gate or gap", body = ProblemBody),
        (status = 409, description = "It can only be closed (`gap_cannot_be_owned`)", body = ProblemBody),
        (status = 422, description = "The owner is no active member", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[put("/projects/{project}/gates/{gate}/gap-owner")]
async fn assign_gap(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<GapOwnerBody>,
) -> Result<HttpResponse, Problem> {
    let (project, gate) = path.into_inner();
    app.assign_gap(&caller, &project, gate_id(&gate)?, &body.gap, body.owner).await?;
    Ok(HttpResponse::NoContent().finish())
}
