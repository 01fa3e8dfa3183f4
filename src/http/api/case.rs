//! Eval cases: list, read, rewrite, move, and their snapshots.

use actix_web::http::header::ETAG;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use seatrial_domain::case::{Assertions, CaseState, Writing};
use seatrial_domain::ids::CaseId;
use seatrial_store::case::CaseFilter;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::case_view::{CaseDetail, CaseItem, CaseVersionView};
use super::failure_view::FailureView;
use crate::app::App;
use crate::app::case::Edit;
use crate::app::error::AppError;
use crate::http::extract::if_match::version;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read).service(versions).service(rewrite).service(move_to).service(snapshot);
}

/// Which cases are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CaseQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// In this state.
    #[param(inline)]
    state: Option<CaseState>,
    /// Guarding against this failure class.
    failure_class: Option<String>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// List eval cases
///
/// The latest first.
#[utoipa::path(
    operation_id = "list_cases", tag = "cases",
    params(("project" = String, Path, description = "The project's name in URLs"), CaseQuery),
    responses(
        (status = 200, description = "A page of cases", body = Listed<CaseItem>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/cases")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<CaseQuery>,
) -> Result<Json<Listed<CaseItem>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let workflow = match query.workflow {
        Some(name) => Some(app.names(&caller, &project).await?.workflow(&name)?),
        None => None,
    };
    let filter =
        CaseFilter { workflow, state: query.state, failure_class: query.failure_class, ..CaseFilter::default() };
    let (rows, next) = app.cases(&caller, &project, &filter, page).await?;
    Ok(Json(Listed::new(rows.iter().map(CaseItem::new).collect(), next)))
}

/// Read an eval case
#[utoipa::path(
    operation_id = "read_case", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "The case's id")),
    responses(
        (status = 200, description = "The case", body = CaseDetail),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/cases/{case}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, case) = path.into_inner();
    detail(&app, &caller, &project, case_id(&case)?).await
}

/// What people write about a case. What came from the run never changes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CaseBody {
    /// The title.
    title: String,
    /// The kind of miss it guards against.
    failure_class: Option<String>,
    /// What must and must not hold.
    assertions: Assertions,
    /// Labels.
    #[serde(default)]
    tags: Vec<String>,
    /// Why; kept with the version.
    #[serde(default)]
    note: String,
    /// The version this was made from; when it is not the present one, the answer is 409 `case_changed`.
    version: Option<u32>,
}

/// Rewrite an eval case
///
/// Replaces title, failure class, assertions and tags: a new version of the case. `If-Match` with the `ETag` you read (its
/// version) refuses an edit of a version that is no longer the present one. An active case keeps at least one assertion; what the failed run
/// answered is not accepted as the reference.
#[utoipa::path(
    operation_id = "rewrite_case", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "The case's id")),
    request_body = CaseBody,
    responses(
        (status = 200, description = "The case", body = CaseDetail),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
        (status = 409, description = "`no_assertion` or `case_changed`", body = ProblemBody),
        (status = 422, description = "The case breaks a rule", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[put("/projects/{project}/cases/{case}")]
async fn rewrite(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    request: HttpRequest,
    body: Json<CaseBody>,
) -> Result<HttpResponse, Problem> {
    let (project, case) = path.into_inner();
    let (id, body) = (case_id(&case)?, body.into_inner());
    let writing =
        Writing { title: body.title, failure_class: body.failure_class, assertions: body.assertions, tags: body.tags };
    let edit = Edit { note: body.note, from_version: version(&request)?.or(body.version) };
    app.rewrite_case(&caller, &project, id, &writing, &edit).await?;
    detail(&app, &caller, &project, id).await
}

/// List the versions of an eval case
///
/// The latest first, at most 200. Each says what changed since the one before it.
#[utoipa::path(
    operation_id = "list_case_versions", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "The case's id")),
    responses(
        (status = 200, description = "The versions", body = Listed<CaseVersionView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/cases/{case}/versions")]
async fn versions(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<Listed<CaseVersionView>>, Problem> {
    let (project, case) = path.into_inner();
    let rows = app.case_versions(&caller, &project, case_id(&case)?).await?;
    Ok(Json(Listed::new(CaseVersionView::list(rows), None)))
}

/// Where a case is to stand.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct StateBody {
    /// The state.
    state: CaseState,
}

/// Move an eval case to another state
///
/// A draft becomes active when it asserts something; an active case may be quarantined; any case may be retired and a
/// retired one taken up again.
#[utoipa::path(
    operation_id = "move_case", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "The case's id")),
    request_body = StateBody,
    responses(
        (status = 200, description = "The case", body = CaseDetail),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
        (status = 409, description = "`no_assertion` or `wrong_state`", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/cases/{case}/state")]
async fn move_to(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<StateBody>,
) -> Result<HttpResponse, Problem> {
    let (project, case) = path.into_inner();
    let id = case_id(&case)?;
    app.move_case(&caller, &project, id, body.state).await?;
    detail(&app, &caller, &project, id).await
}

/// Read the snapshot of an eval case
///
/// The masked copy of the run as canonical JSON (RFC 8785). The SHA-256 of the answer's bytes is the case's
/// `snapshot_digest`, also sent as `ETag`.
#[utoipa::path(
    operation_id = "read_case_snapshot", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "The case's id")),
    responses(
        (status = 200, description = "The snapshot", body = Object, content_type = "application/json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/cases/{case}/snapshot")]
async fn snapshot(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, case) = path.into_inner();
    let snapshot = app.case_snapshot(&caller, &project, case_id(&case)?).await?;
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/json").insert_header(("etag", format!("\"{}\"", snapshot.digest)));
    Ok(answer.body(snapshot.bytes))
}

pub(super) fn case_id(text: &str) -> Result<CaseId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "eval case" })
}

/// A case, with its version as the entity tag.
async fn detail(app: &App, caller: &Caller, project: &str, id: CaseId) -> Result<HttpResponse, Problem> {
    let (row, failures) = app.case(caller, project, id).await?;
    let names = app.names(caller, project).await?;
    let tag = format!("\"{}\"", row.version);
    let failures = failures.into_iter().map(|row| FailureView::new(row, &names, app.now())).collect();
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(CaseDetail::new(row, failures)))
}
