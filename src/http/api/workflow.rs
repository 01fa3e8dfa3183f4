//! Workflows and their releases.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post, put};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::owner::OwnerId;
use seatrial_domain::release::ReleaseState;
use seatrial_domain::time::Timestamp;
use seatrial_domain::workflow::{RiskClass, WorkflowRules};
use seatrial_store::release::ReleaseRow;
use seatrial_store::workflow::WorkflowRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::workflow::{ReleaseMove, WorkflowSettings};
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, IfMatch, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(read)
        .service(put_workflow)
        .service(list_releases)
        .service(read_release)
        .service(put_release)
        .service(move_release);
}

/// A workflow.
#[derive(Serialize, utoipa::ToSchema)]
struct WorkflowView {
    /// Its id.
    #[schema(value_type = String)]
    id: WorkflowId,
    /// Its name.
    name: String,
    /// How much harm it can do.
    risk_class: RiskClass,
    /// Who owns it.
    #[schema(value_type = Option<String>)]
    owner: Option<OwnerId>,
    /// What it requires and observes.
    rules: WorkflowRules,
    /// When it was first seen or made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<WorkflowRow> for WorkflowView {
    fn from(row: WorkflowRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            risk_class: row.risk_class,
            owner: row.owner,
            rules: row.rules,
            created_at: row.created_at,
        }
    }
}

/// What people say about a workflow.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkflowBody {
    /// How much harm it can do.
    #[serde(default)]
    risk_class: RiskClass,
    /// Who owns it: the account id of a member.
    #[schema(value_type = Option<String>)]
    owner: Option<OwnerId>,
    /// What it requires and observes.
    #[serde(default)]
    rules: WorkflowRules,
}

/// A release.
#[derive(Serialize, utoipa::ToSchema)]
struct ReleaseView {
    /// Its id.
    #[schema(value_type = String)]
    id: ReleaseId,
    /// The workflow it is a version of.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// Its name.
    name: String,
    /// Where it stands.
    state: ReleaseState,
    /// What it is compared with.
    #[schema(value_type = Option<String>)]
    baseline_id: Option<ReleaseId>,
    /// When it was first seen or made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last went live.
    #[schema(value_type = Option<String>, format = DateTime)]
    live_at: Option<Timestamp>,
}

impl From<ReleaseRow> for ReleaseView {
    fn from(row: ReleaseRow) -> Self {
        Self {
            id: row.id,
            workflow_id: row.workflow,
            name: row.name,
            state: row.state,
            baseline_id: row.baseline,
            created_at: row.created_at,
            live_at: row.live_at,
        }
    }
}

/// What a release is compared with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    /// Another release of the workflow, by name or id.
    baseline: Option<String>,
}

/// Where a release is to stand.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MoveBody {
    /// The new state.
    state: ReleaseState,
    /// Why.
    reason: String,
}

/// A change of a release's state.
#[derive(Serialize, utoipa::ToSchema)]
struct EventView {
    /// Where it stood.
    before: ReleaseState,
    /// Where it stands.
    after: ReleaseState,
    /// Who moved it.
    actor: String,
    /// Why.
    reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A release with how it came to stand where it does.
#[derive(Serialize, utoipa::ToSchema)]
struct ReleaseDetail {
    /// The release.
    #[serde(flatten)]
    release: ReleaseView,
    /// Every change of its state, earliest first.
    events: Vec<EventView>,
}

/// List workflows
#[utoipa::path(
    operation_id = "list_workflows", tag = "workflows",
    params(("project" = String, Path)),
    responses(
        (status = 200, description = "The workflows by name", body = Listed<WorkflowView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows")]
async fn list(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<Listed<WorkflowView>>, Problem> {
    let names = app.names(&caller, &project).await?;
    let items = names.workflows().into_iter().cloned().map(WorkflowView::from).collect();
    Ok(Json(Listed::new(items, None)))
}

/// Read a workflow
#[utoipa::path(
    operation_id = "read_workflow", tag = "workflows",
    params(("project" = String, Path), ("workflow" = String, Path, description = "Its name or id")),
    responses(
        (status = 200, description = "The workflow", body = WorkflowView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let names = app.names(&caller, &project).await?;
    let id = names.workflow(&workflow)?;
    let row = names.workflow_row(id).cloned().ok_or(crate::app::error::AppError::NotFound { noun: "workflow" })?;
    let settings = WorkflowSettings::of(&row);
    tagged(&WorkflowView::from(row), &settings)
}

/// Make a workflow known, or change what is said about it
///
/// Which facts are observed and by whom, the settle window, how outcomes are decided. Rules hold for runs written from
/// then on.
#[utoipa::path(
    operation_id = "put_workflow", tag = "workflows",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = WorkflowBody,
    responses(
        (status = 200, description = "The workflow", body = WorkflowView),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "A value is out of bounds", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("edit_workflows")))
)]
#[put("/projects/{project}/workflows/{workflow}")]
async fn put_workflow(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<WorkflowBody>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let body = body.into_inner();
    let settings = WorkflowSettings { risk_class: body.risk_class, owner: body.owner, rules: body.rules };
    let row = app.put_workflow(&caller, &project, &workflow, settings, &if_match).await?;
    let settings = WorkflowSettings::of(&row);
    tagged(&WorkflowView::from(row), &settings)
}

/// List the releases of a workflow
#[utoipa::path(
    operation_id = "list_releases", tag = "releases",
    params(("project" = String, Path), ("workflow" = String, Path, description = "Its name or id")),
    responses(
        (status = 200, description = "The releases, latest first", body = Listed<ReleaseView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/releases")]
async fn list_releases(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<Listed<ReleaseView>>, Problem> {
    let (project, workflow) = path.into_inner();
    let names = app.names(&caller, &project).await?;
    let id = names.workflow(&workflow)?;
    let items = names.releases(id).into_iter().cloned().map(ReleaseView::from).collect();
    Ok(Json(Listed::new(items, None)))
}

/// Read a release
#[utoipa::path(
    operation_id = "read_release", tag = "releases",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "Its name or id"),
        ("release" = String, Path, description = "Its name or id")
    ),
    responses(
        (status = 200, description = "The release and how it came to stand where it does", body = ReleaseDetail),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/releases/{release}")]
async fn read_release(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
) -> Result<Json<ReleaseDetail>, Problem> {
    let (project, workflow, release) = path.into_inner();
    let names = app.names(&caller, &project).await?;
    let id = names.release(Some(names.workflow(&workflow)?), &release)?;
    let row = names.release_row(id).cloned().ok_or(crate::app::error::AppError::NotFound { noun: "release" })?;
    let events = app.release_events(&caller, &project, id).await?.into_iter().map(|event| EventView {
        before: event.before,
        after: event.after,
        actor: event.actor,
        reason: event.reason,
        at: event.at,
    });
    Ok(Json(ReleaseDetail { release: row.into(), events: events.collect() }))
}

/// Make a release known, or set its baseline
#[utoipa::path(
    operation_id = "put_release", tag = "releases",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "Its name or id"),
        ("release" = String, Path, description = "Its name")
    ),
    request_body = ReleaseBody,
    responses(
        (status = 200, description = "The release", body = ReleaseView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or baseline", body = ProblemBody),
        (status = 422, description = "A value is out of bounds", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("edit_workflows")))
)]
#[put("/projects/{project}/workflows/{workflow}/releases/{release}")]
async fn put_release(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
    body: Json<ReleaseBody>,
) -> Result<Json<ReleaseView>, Problem> {
    let (project, workflow, release) = path.into_inner();
    app.enter(&caller, &project, Permission::EditWorkflows).await?;
    let names = app.names(&caller, &project).await?;
    let workflow = names.workflow(&workflow)?;
    let baseline = body.into_inner().baseline.map(|name| names.release(Some(workflow), &name)).transpose()?;
    Ok(Json(app.put_release(&caller, &project, workflow, &release, baseline).await?.into()))
}

/// Move a release by hand
///
/// Live, rolled back, retired, or back to candidate. Recorded with who and why; recorded decisions move releases too.
#[utoipa::path(
    operation_id = "move_release", tag = "releases",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "Its name or id"),
        ("release" = String, Path, description = "Its name or id")
    ),
    request_body = MoveBody,
    responses(
        (status = 200, description = "The release", body = ReleaseView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The reason is missing", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("open_gates")))
)]
#[post("/projects/{project}/workflows/{workflow}/releases/{release}/state")]
async fn move_release(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
    body: Json<MoveBody>,
) -> Result<Json<ReleaseView>, Problem> {
    let (project, workflow, release) = path.into_inner();
    app.enter(&caller, &project, Permission::OpenGates).await?;
    let names = app.names(&caller, &project).await?;
    let id = names.release(Some(names.workflow(&workflow)?), &release)?;
    let body = body.into_inner();
    let to = ReleaseMove { state: body.state, reason: body.reason };
    Ok(Json(app.move_release(&caller, &project, id, to).await?.into()))
}
