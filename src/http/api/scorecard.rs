//! Scorecards: list, read, write in versions, attest.

use actix_web::http::header::ETAG;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, put};
use utoipa_actix_web::service_config::ServiceConfig;

use super::scorecard_view::{AttestationBody, AttestationView, ScorecardBody, ScorecardView, VersionView};
use crate::app::App;
use crate::app::scorecard::ScorecardDetail;
use crate::http::extract::if_match::version;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read).service(write).service(versions).service(attestations).service(attest);
}

/// Shows a scorecard with its version as the entity tag.
fn show(mut builder: HttpResponseBuilder, detail: ScorecardDetail) -> HttpResponse {
    let tag = format!("\"{}\"", detail.row.version);
    builder.insert_header((ETAG, tag)).json(ScorecardView::from(detail))
}

/// List scorecards
///
/// By the names of their workflows, each with its owner and freshness.
#[utoipa::path(
    operation_id = "list_scorecards", tag = "scorecards",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The project's scorecards", body = Listed<ScorecardView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/scorecards")]
async fn list(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<Listed<ScorecardView>>, Problem> {
    let details = app.scorecards(&caller, &project).await?;
    Ok(Json(Listed::new(details.into_iter().map(ScorecardView::from).collect(), None)))
}

/// Read a scorecard
///
/// Its checks, its owner as they are now, and its freshness with the reasons. The `ETag` is its version.
#[utoipa::path(
    operation_id = "read_scorecard", tag = "scorecards",
    params(("project" = String, Path), ("workflow" = String, Path, description = "The workflow's name or id")),
    responses(
        (status = 200, description = "The scorecard", body = ScorecardView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow, or it has no scorecard", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/scorecard")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let detail = app.scorecard(&caller, &project, &workflow).await?;
    Ok(show(HttpResponse::Ok(), detail))
}

/// Write a scorecard
///
/// Its first version, or the next one: then name the version that you read in `If-Match` or `version`, so that nobody
/// overwrites what somebody else wrote meanwhile. Every version is kept.
#[utoipa::path(
    operation_id = "write_scorecard", tag = "scorecards",
    params(
        ("project" = String, Path),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was read"),
    ),
    request_body = ScorecardBody,
    responses(
        (status = 200, description = "The next version", body = ScorecardView),
        (status = 201, description = "The first version", body = ScorecardView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow", body = ProblemBody),
        (status = 409, description = "Another version was written meanwhile", body = ProblemBody),
        (status = 422, description = "A value cannot stand", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("edit_scorecards")))
)]
#[put("/projects/{project}/workflows/{workflow}/scorecard")]
async fn write(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    request: HttpRequest,
    body: Json<ScorecardBody>,
) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let body = body.into_inner();
    let based_on = version(&request)?.or(body.version);
    let (detail, first) = app.put_scorecard(&caller, &project, &workflow, body.into(), based_on).await?;
    Ok(show(if first { HttpResponse::Created() } else { HttpResponse::Ok() }, detail))
}

/// List the versions of a scorecard
///
/// Latest first, each as it was written and by whom.
#[utoipa::path(
    operation_id = "list_scorecard_versions", tag = "scorecards",
    params(("project" = String, Path), ("workflow" = String, Path, description = "The workflow's name or id"), PageQuery),
    responses(
        (status = 200, description = "A page of versions", body = Listed<VersionView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow, or it has no scorecard", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/scorecard/versions")]
async fn versions(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<VersionView>>, Problem> {
    let (project, workflow) = path.into_inner();
    let (rows, next) = app.scorecard_versions(&caller, &project, &workflow, query.page()?).await?;
    Ok(Json(Listed::new(rows.into_iter().map(VersionView::from).collect(), next)))
}

/// List the attestations of a scorecard
///
/// Latest first.
#[utoipa::path(
    operation_id = "list_attestations", tag = "scorecards",
    params(("project" = String, Path), ("workflow" = String, Path, description = "The workflow's name or id"), PageQuery),
    responses(
        (status = 200, description = "A page of attestations", body = Listed<AttestationView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow, or it has no scorecard", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/scorecard/attestations")]
async fn attestations(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<AttestationView>>, Problem> {
    let (project, workflow) = path.into_inner();
    let (rows, next) = app.attestations(&caller, &project, &workflow, query.page()?).await?;
    Ok(Json(Listed::new(rows.into_iter().map(AttestationView::from).collect(), next)))
}

/// Attest a scorecard
///
/// A person states that they re-read it and that it still holds. It is fresh from then on until its next review, or
/// until something happens that asks for another look.
#[utoipa::path(
    operation_id = "attest_scorecard", tag = "scorecards",
    params(("project" = String, Path), ("workflow" = String, Path, description = "The workflow's name or id")),
    request_body = AttestationBody,
    responses(
        (status = 201, description = "It is attested", body = AttestationView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing, or the caller is no person", body = ProblemBody),
        (status = 404, description = "No such workflow, or it has no scorecard", body = ProblemBody),
        (status = 409, description = "Another version was written meanwhile", body = ProblemBody),
        (status = 422, description = "The note is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("attest")))
)]
#[post("/projects/{project}/workflows/{workflow}/scorecard/attestations")]
async fn attest(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<AttestationBody>,
) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let row = app.attest(&caller, &project, &workflow, body.version, &body.note).await?;
    Ok(HttpResponse::Created().json(AttestationView::from(row)))
}
