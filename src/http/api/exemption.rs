//! Exemptions of checks: list, ask for, approve, end.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use seatrial_domain::ids::ExemptionId;
use seatrial_domain::scorecard::Exemption;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::exemption::NewExemption;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(request).service(approve).service(end);
}

/// An exemption and where it stands.
#[derive(Serialize, utoipa::ToSchema)]
struct ExemptionView {
    /// The exemption.
    #[serde(flatten)]
    exemption: Exemption,
    /// `requested`, `in_force`, `ended` or `expired`.
    state: &'static str,
}

impl ExemptionView {
    fn of(exemption: Exemption, now: Timestamp) -> Self {
        Self { state: exemption.state(now), exemption }
    }
}

/// What is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ExemptionBody {
    /// The check's key on the scorecard.
    check: String,
    /// Why.
    reason: String,
    /// When it ends by itself, within 90 days.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

fn exemption_id(text: &str) -> Result<ExemptionId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "exemption" })
}

/// List exemptions
///
/// Latest first, those that are over included.
#[utoipa::path(
    operation_id = "list_exemptions", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of exemptions", body = Listed<ExemptionView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow, or it has no scorecard", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/scorecard/exemptions")]
async fn list(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<ExemptionView>>, Problem> {
    let (project, workflow) = path.into_inner();
    let (rows, next) = app.exemptions(&caller, &project, &workflow, query.page()?).await?;
    let now = app.now();
    Ok(Json(Listed::new(rows.into_iter().map(|row| ExemptionView::of(row, now)).collect(), next)))
}

/// Ask for an exemption
///
/// A check that neither blocks nor demands anything until a date. It has no effect until a second person approves it, and
/// it never counts as a pass: while a key check is exempted, the machine does not recommend shipping.
#[utoipa::path(
    operation_id = "request_exemption", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
    ),
    request_body = ExemptionBody,
    responses(
        (status = 201, description = "It waits for an approval", body = ExemptionView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow, or it has no scorecard", body = ProblemBody),
        (status = 409, description = "The caller is no person", body = ProblemBody),
        (status = 422, description = "There is no such check, no reason, or the time is over or too far away", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("edit_scorecards")))
)]
#[post("/projects/{project}/workflows/{workflow}/scorecard/exemptions")]
async fn request(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ExemptionBody>,
) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let ExemptionBody { check, reason, expires_at } = body.into_inner();
    let new = NewExemption { check, reason, expires_at };
    let made = app.request_exemption(&caller, &project, &workflow, new).await?;
    Ok(HttpResponse::Created().json(ExemptionView::of(made, app.now())))
}

/// Approve an exemption
///
/// By somebody else than who asked for it.
#[utoipa::path(
    operation_id = "approve_exemption", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        ("exemption" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "It is in force", body = ExemptionView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such exemption of this workflow", body = ProblemBody),
        (status = 409, description = "The caller asked for it, or it does not wait for an approval", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("approve_second")))
)]
#[post("/projects/{project}/workflows/{workflow}/scorecard/exemptions/{exemption}/approve")]
async fn approve(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
) -> Result<Json<ExemptionView>, Problem> {
    let (project, workflow, exemption) = path.into_inner();
    let made = app.approve_exemption(&caller, &project, &workflow, exemption_id(&exemption)?).await?;
    Ok(Json(ExemptionView::of(made, app.now())))
}

/// End an exemption
///
/// Before its time, or take back the wish for one.
#[utoipa::path(
    operation_id = "end_exemption", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        ("exemption" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "It is over", body = ExemptionView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such exemption of this workflow", body = ProblemBody),
        (status = 409, description = "It is over already", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("edit_scorecards")))
)]
#[post("/projects/{project}/workflows/{workflow}/scorecard/exemptions/{exemption}/end")]
async fn end(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
) -> Result<Json<ExemptionView>, Problem> {
    let (project, workflow, exemption) = path.into_inner();
    let made = app.end_exemption(&caller, &project, &workflow, exemption_id(&exemption)?).await?;
    Ok(Json(ExemptionView::of(made, app.now())))
}
