//! Deployment events of releases.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{DeploymentId, ReleaseId, WorkflowId};
use seatrial_domain::release::{DeploymentKind, ReleaseState};
use seatrial_domain::time::Timestamp;
use seatrial_store::deployment::DeploymentRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::deployment::{Marker, NewDeployment};
use crate::app::names::Names;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(announce).service(list);
}

fn production() -> String {
    "production".to_owned()
}

/// What happened to a release.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DeploymentBody {
    /// The workflow, by name or id.
    workflow: String,
    /// The release: the string that its traces carry. Made known when nobody has heard of it.
    release: String,
    /// Where; only `production` (also `prod`, `live`) moves the release.
    #[serde(default = "production")]
    environment: String,
    /// What happened; `deployed` when absent.
    #[serde(default)]
    kind: DeploymentKind,
    /// When; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Where more is told, such as the pipeline's page.
    url: Option<String>,
    /// In words.
    #[serde(default)]
    note: String,
    /// Your key for this event, such as the pipeline's run: the same again changes nothing.
    idempotency_key: Option<String>,
}

/// A deployment event.
#[derive(Serialize, utoipa::ToSchema)]
struct DeploymentView {
    /// Its id.
    #[schema(value_type = String)]
    id: DeploymentId,
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// Where the release stands now.
    release_state: Option<ReleaseState>,
    /// Where it happened.
    environment: String,
    /// What happened.
    kind: DeploymentKind,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Where more is told.
    url: Option<String>,
    /// In words.
    note: String,
    /// The sender's key.
    idempotency_key: String,
    /// Who told.
    recorded_by: Actor,
    /// When it was told.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

impl DeploymentView {
    fn of(row: DeploymentRow, names: &Names) -> Self {
        Self {
            id: row.id,
            workflow_id: row.workflow,
            release_id: row.release,
            release: names.release_name(row.release),
            release_state: names.release_row(row.release).map(|release| release.state),
            environment: row.environment,
            kind: row.kind,
            at: row.at,
            url: row.url,
            note: row.note,
            idempotency_key: row.idempotency_key,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}

/// Something that happened to a release, for a time series to show.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MarkerView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// Where it stands from then on; null when it did not move.
    state: Option<ReleaseState>,
    /// The environment of a deployment.
    environment: Option<String>,
    /// Who.
    actor: String,
    /// In words.
    text: String,
}

impl MarkerView {
    pub(super) fn of(marker: Marker, names: &Names) -> Self {
        Self {
            at: marker.at,
            release_id: marker.release,
            release: names.release_name(marker.release),
            state: marker.state,
            environment: marker.environment,
            actor: marker.actor,
            text: marker.text,
        }
    }
}

/// Announce a deployment
///
/// A pipeline tells that a release was deployed, rolled back or retired. In production that moves the release; elsewhere
/// it is told and marked on time series. It decides nothing: whether the release may go on is a person's decision.
#[utoipa::path(
    operation_id = "announce_deployment", tag = "releases",
    params(("project" = String, Path)),
    request_body = DeploymentBody,
    responses(
        (status = 201, description = "It is recorded", body = DeploymentView),
        (status = 200, description = "It was recorded before; nothing changed", body = DeploymentView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 409, description = "The key was used for another event (`idempotency_key_reused`)", body = ProblemBody),
        (status = 422, description = "A value is out of bounds", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("open_gates")))
)]
#[post("/projects/{project}/deployments")]
async fn announce(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<DeploymentBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let new = NewDeployment {
        workflow: body.workflow,
        release: body.release,
        environment: body.environment,
        kind: body.kind,
        at: body.at,
        url: body.url,
        note: body.note.trim().to_owned(),
        idempotency_key: body.idempotency_key,
    };
    let done = app.announce_deployment(&caller, &project, new).await?;
    let mut response = if done.repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    let names = app.names(&caller, &project).await?;
    Ok(response.json(DeploymentView::of(done.deployment, &names)))
}

/// Which deployments are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DeploymentsQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
}

/// List deployments
#[utoipa::path(
    operation_id = "list_deployments", tag = "releases",
    params(("project" = String, Path), DeploymentsQuery, PageQuery),
    responses(
        (status = 200, description = "The deployments, latest first", body = Listed<DeploymentView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/deployments")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<DeploymentsQuery>,
    page: Query<PageQuery>,
) -> Result<Json<Listed<DeploymentView>>, Problem> {
    let names = app.names(&caller, &project).await?;
    let workflow = query.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
    let (rows, next) = app.deployments(&caller, &project, workflow, page.page()?).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| DeploymentView::of(row, &names)).collect(), next)))
}
