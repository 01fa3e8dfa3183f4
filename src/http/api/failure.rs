//! Failures: list, count, preview, promote, link, dismiss, undo.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::case::{Assertions, CaseState};
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{CaseId, RunId};
use seatrial_domain::time::Timestamp;
use seatrial_store::failure::{Assigned, FailureFilter, FailureRow};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::case_view::CaseDetail;
use super::failure_view::{CasePreviewView, FailureCountView, FailureView};
use super::gap::id_of;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::failure::Promotion;
use crate::app::names::Names;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(counts).service(preview).service(promote).service(link).service(dismiss).service(undo);
}

/// Which failures are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FailureQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Of this release of the workflow, by name or id.
    release: Option<String>,
    /// Of this failure class; empty for those without one.
    failure_class: Option<String>,
    /// With this learning status. The counts cover every status.
    #[param(inline)]
    status: Option<LearningStatus>,
    /// Of this severity.
    #[param(inline)]
    severity: Option<Severity>,
    /// Assigned to this account; `me`, or `nobody`.
    assigned: Option<String>,
    /// With this failing step.
    step: Option<String>,
    /// Of this failure pattern, by its id.
    pattern: Option<String>,
    /// Of runs that began at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Of runs that began before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// The people whose failures are wanted: an account, `me` or `nobody`.
pub(super) fn assigned(text: &str, caller: &Caller) -> Result<Assigned, AppError> {
    let wrong = || AppError::invalid("assigned", "is no account: give `acc_` and 32 digits, `me`, or `nobody`");
    match text {
        "nobody" => Ok(Assigned::Nobody),
        "me" => caller.account().map(Assigned::To).ok_or_else(wrong),
        id => id.parse().map(Assigned::To).map_err(|_| wrong()),
    }
}

impl FailureQuery {
    fn filter(&self, names: &Names, caller: &Caller) -> Result<FailureFilter, AppError> {
        let workflow = self.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
        Ok(FailureFilter {
            workflow,
            release: self.release.as_deref().map(|name| names.release(workflow, name)).transpose()?,
            failure_class: self.failure_class.clone(),
            status: self.status,
            severity: self.severity,
            assigned: self.assigned.as_deref().map(|text| assigned(text, caller)).transpose()?,
            step: self.step.clone(),
            pattern: id_of("pattern", self.pattern.as_deref())?,
            from: self.from,
            to: self.to,
        })
    }
}

/// List failures
///
/// Concluded runs that were no successful outcome or that carry a failure class, with what was learned from each:
/// critical first, the latest of equals first.
#[utoipa::path(
    operation_id = "list_failures", tag = "failures",
    params(("project" = String, Path, description = "The project's name in URLs"), FailureQuery),
    responses(
        (status = 200, description = "A page of failures", body = Listed<FailureView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/failures")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<FailureQuery>,
) -> Result<Json<Listed<FailureView>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.page()?;
    let names = app.names(&caller, &project).await?;
    let (rows, next) = app.failures(&caller, &project, &query.filter(&names, &caller)?, page).await?;
    let items = rows.into_iter().map(|row| FailureView::new(row, &names, app.now())).collect();
    Ok(Json(Listed::new(items, next)))
}

/// Count failures
///
/// By workflow, release and failure class, critical first, then by how many are open; at most 200 groups. `status`,
/// `cursor` and `limit` play no part.
#[utoipa::path(
    operation_id = "count_failures", tag = "failures",
    params(("project" = String, Path, description = "The project's name in URLs"), FailureQuery),
    responses(
        (status = 200, description = "The groups", body = Listed<FailureCountView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/failures/counts")]
async fn counts(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<FailureQuery>,
) -> Result<Json<Listed<FailureCountView>>, Problem> {
    let names = app.names(&caller, &project).await?;
    let counts = app.failure_counts(&caller, &project, &query.filter(&names, &caller)?).await?;
    let items = counts.into_iter().map(|count| FailureCountView::new(count, &names)).collect();
    Ok(Json(Listed::new(items, None)))
}

/// Preview the eval case a failure would become
///
/// Its masked input and output, what would be masked, and cases that may cover it already. Nothing is stored.
#[utoipa::path(
    operation_id = "preview_case", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    responses(
        (status = 200, description = "The preview", body = CasePreviewView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[get("/projects/{project}/failures/{run}/preview")]
async fn preview(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<CasePreviewView>, Problem> {
    let (project, run) = path.into_inner();
    let preview = app.preview_case(&caller, &project, run_id(&run)?).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(CasePreviewView::new(preview, &names, app.now())))
}

/// What a reviewer says when promoting a failure.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PromotionBody {
    /// The title; made from the input when absent.
    title: Option<String>,
    /// The kind of miss; that of the run when absent.
    failure_class: Option<String>,
    /// What the agent is to be given; what the run was given when absent.
    #[schema(value_type = Option<Object>)]
    input: Option<serde_json::Value>,
    /// What must and must not hold. Without any the case is a draft.
    #[serde(default)]
    assertions: Assertions,
    /// Labels.
    #[serde(default)]
    tags: Vec<String>,
    /// `active` (when it asserts something) unless `draft` is wanted.
    state: Option<CaseState>,
}

/// A failure that became a case.
#[derive(Serialize, utoipa::ToSchema)]
struct PromotedView {
    /// The case.
    case: CaseDetail,
    /// The failure.
    failure: FailureView,
}

/// Promote a failure into an eval case
///
/// The run is copied and masked; what it answered is kept as *observed* and never accepted as the reference. The same
/// request again returns the same case. Where a case with the same input is there, the answer is 409 `duplicate_case`
/// with its id: link the failure to it.
#[utoipa::path(
    operation_id = "promote_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    request_body = PromotionBody,
    responses(
        (status = 200, description = "The case and the failure", body = PromotedView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`duplicate_case`, `already_decided`, `reserved`, `no_assertion` or `wrong_state`",
            body = ProblemBody),
        (status = 422, description = "The case breaks a rule", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/promote")]
async fn promote(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<PromotionBody>,
) -> Result<Json<PromotedView>, Problem> {
    let (project, run) = path.into_inner();
    let body = body.into_inner();
    let promotion = Promotion {
        title: body.title,
        failure_class: body.failure_class,
        input: body.input,
        assertions: body.assertions,
        tags: body.tags,
        state: body.state,
    };
    let promoted = app.promote_failure(&caller, &project, run_id(&run)?, promotion).await?;
    let names = app.names(&caller, &project).await?;
    let linked = vec![FailureView::new(promoted.failure.clone(), &names, app.now())];
    Ok(Json(PromotedView {
        case: CaseDetail::new(promoted.case, linked),
        failure: FailureView::new(promoted.failure, &names, app.now()),
    }))
}

/// The case a failure is covered by.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    /// A case of the same workflow.
    #[schema(value_type = String)]
    case_id: CaseId,
}

/// Link a failure to an eval case
///
/// For a miss that a case covers already. The case must be of the same workflow and not retired.
#[utoipa::path(
    operation_id = "link_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    request_body = LinkBody,
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure or case in this project", body = ProblemBody),
        (status = 409, description = "`already_decided`, `other_workflow`, `case_retired` or `reserved`",
            body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/link")]
async fn link(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<LinkBody>,
) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let row = app.link_failure(&caller, &project, run_id(&run)?, body.case_id).await?;
    named(&app, &caller, &project, row).await
}

/// Why there is nothing to learn.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DismissBody {
    /// The reason, at most 4,000 bytes.
    reason: String,
}

/// Dismiss a failure
///
/// For a miss that teaches nothing; the reason is kept.
#[utoipa::path(
    operation_id = "dismiss_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    request_body = DismissBody,
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`already_decided` or `reserved`", body = ProblemBody),
        (status = 422, description = "The reason is missing or too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/dismiss")]
async fn dismiss(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<DismissBody>,
) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let row = app.dismiss_failure(&caller, &project, run_id(&run)?, &body.reason).await?;
    named(&app, &caller, &project, row).await
}

/// Open a failure again
///
/// Takes back that it was promoted, linked or dismissed. A case it became stays, and can be retired.
#[utoipa::path(
    operation_id = "undo_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`not_a_failure` any more, or `reserved` by somebody else",
            body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/undo")]
async fn undo(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let row = app.undo_failure(&caller, &project, run_id(&run)?).await?;
    named(&app, &caller, &project, row).await
}

pub(super) fn run_id(text: &str) -> Result<RunId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "failure" })
}

pub(super) async fn named(
    app: &App,
    caller: &Caller,
    project: &str,
    row: FailureRow,
) -> Result<Json<FailureView>, Problem> {
    let names = app.names(caller, project).await?;
    Ok(Json(FailureView::new(row, &names, app.now())))
}
