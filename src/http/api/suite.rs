//! Eval suites: list, make, read, revise, restore, export.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use seatrial_domain::ids::CaseId;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::suite_view::{ExportedCase, SuiteDetail, SuiteItem, SuiteVersionView};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::suite::Revision;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(read).service(versions).service(revise).service(restore);
    config.service(export);
}

/// Which suites are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SuiteQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// List eval suites
///
/// The latest first.
#[utoipa::path(
    operation_id = "list_suites", tag = "suites",
    params(("project" = String, Path, description = "The project's name in URLs"), SuiteQuery),
    responses(
        (status = 200, description = "A page of suites", body = Listed<SuiteItem>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/suites")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<SuiteQuery>,
) -> Result<Json<Listed<SuiteItem>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let names = app.names(&caller, &project).await?;
    let workflow = query.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
    let (rows, next) = app.suites(&caller, &project, workflow, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| SuiteItem::new(row, &names)).collect(), next)))
}

/// A new suite.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSuiteBody {
    /// Its name, of which the project has one.
    name: String,
    /// The workflow it tests, by name or id.
    workflow: String,
    /// Its cases, each as it is now: active or quarantined ones of the workflow.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    cases: Vec<CaseId>,
    /// Why it is made.
    #[serde(default)]
    note: String,
}

/// Make an eval suite
///
/// With its first version.
#[utoipa::path(
    operation_id = "create_suite", tag = "suites",
    params(("project" = String, Path)),
    request_body = NewSuiteBody,
    responses(
        (status = 200, description = "The suite", body = SuiteDetail),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or case", body = ProblemBody),
        (status = 409, description = "`already_exists`, `other_workflow` or `wrong_state`", body = ProblemBody),
        (status = 422, description = "The name or the note cannot stand", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/suites")]
async fn create(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<NewSuiteBody>,
) -> Result<Json<SuiteDetail>, Problem> {
    let body = body.into_inner();
    let revision = Revision { cases: Some(body.cases), note: body.note, ..Revision::default() };
    let made = app.create_suite(&caller, &project, &body.name, &body.workflow, &revision).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(SuiteDetail::new(made, &names)))
}

/// Which version is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionQuery {
    /// The version; the latest unless given.
    version: Option<u32>,
}

/// Read an eval suite
///
/// At its latest version, or at another one.
#[utoipa::path(
    operation_id = "read_suite", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id"), VersionQuery),
    responses(
        (status = 200, description = "The suite", body = SuiteDetail),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite or version in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/suites/{suite}")]
async fn read(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<VersionQuery>,
) -> Result<Json<SuiteDetail>, Problem> {
    let (project, suite) = path.into_inner();
    let found = app.suite(&caller, &project, &suite, query.version).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(SuiteDetail::new(found, &names)))
}

/// List the versions of an eval suite
///
/// The latest first, at most 200. Each says which cases came, went and changed since the one before it.
#[utoipa::path(
    operation_id = "list_suite_versions", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id")),
    responses(
        (status = 200, description = "The versions", body = Listed<SuiteVersionView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/suites/{suite}/versions")]
async fn versions(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<Listed<SuiteVersionView>>, Problem> {
    let (project, suite) = path.into_inner();
    let (_, rows) = app.suite_versions(&caller, &project, &suite).await?;
    Ok(Json(Listed::new(SuiteVersionView::list(rows), None)))
}

/// What a new version is made of.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RevisionBody {
    /// Exactly these cases; those of the version before, where absent.
    #[schema(value_type = Option<Vec<String>>)]
    cases: Option<Vec<CaseId>>,
    /// Cases that come, each as it is now; one that is there takes its present version.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    add: Vec<CaseId>,
    /// Cases that go.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    remove: Vec<CaseId>,
    /// Why.
    #[serde(default)]
    note: String,
    /// The version this was made from; when it is not the latest, the answer is 409 `suite_changed`.
    from_version: Option<u32>,
}

/// Make the next version of an eval suite
///
/// Versions never change; when nothing differs from the latest, none is made.
#[utoipa::path(
    operation_id = "revise_suite", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id")),
    request_body = RevisionBody,
    responses(
        (status = 200, description = "The suite", body = SuiteDetail),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite or case in this project", body = ProblemBody),
        (status = 409, description = "`suite_changed`, `other_workflow` or `wrong_state`", body = ProblemBody),
        (status = 422, description = "Too many cases, or the note is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/suites/{suite}/versions")]
async fn revise(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<RevisionBody>,
) -> Result<Json<SuiteDetail>, Problem> {
    let (project, suite) = path.into_inner();
    let body = body.into_inner();
    let revision = Revision {
        cases: body.cases,
        add: body.add,
        remove: body.remove,
        note: body.note,
        from_version: body.from_version,
    };
    let made = app.revise_suite(&caller, &project, &suite, &revision).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(SuiteDetail::new(made, &names)))
}

/// Which version is restored, and why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RestoreBody {
    /// The earlier version.
    version: u32,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Restore an earlier version of an eval suite
///
/// Makes a new version with the cases of that one.
#[utoipa::path(
    operation_id = "restore_suite", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id")),
    request_body = RestoreBody,
    responses(
        (status = 200, description = "The suite", body = SuiteDetail),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite or version in this project", body = ProblemBody),
        (status = 422, description = "The note is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/suites/{suite}/restore")]
async fn restore(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<RestoreBody>,
) -> Result<Json<SuiteDetail>, Problem> {
    let (project, suite) = path.into_inner();
    let made = app.restore_suite(&caller, &project, &suite, body.version, &body.note).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(SuiteDetail::new(made, &names)))
}

/// Export an eval suite
///
/// The cases that are tested, one JSON object a line (NDJSON), for a runner. Results name each by its `case_id`.
#[utoipa::path(
    operation_id = "export_suite", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id"), VersionQuery),
    responses(
        (status = 200, description = "The cases", body = ExportedCase, content_type = "application/x-ndjson"),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite or version in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/suites/{suite}/cases.ndjson")]
async fn export(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<VersionQuery>,
) -> Result<HttpResponse, Problem> {
    let (project, suite) = path.into_inner();
    let (suite, rows) = app.export_suite(&caller, &project, &suite, query.version).await?;
    let mut lines = String::new();
    for row in rows {
        let line = serde_json::to_string(&ExportedCase::new(row, &suite)).map_err(AppError::internal)?;
        lines.push_str(&line);
        lines.push('\n');
    }
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(lines))
}
