//! Responses: list, open, read, give to somebody, note, acknowledge, close, cancel.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post, put};
use seatrial_domain::ids::ResponseId;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::response::{OriginKind, ResponseState};
use seatrial_domain::time::Timestamp;
use seatrial_store::response::ResponseFilter;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::gap::{id_of, owners};
pub(super) use super::response_view::ResponseView;
use super::response_view::{ResponseBody, ResponseDetailView};
use crate::app::App;
use crate::app::error::AppError;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(open)
        .service(read)
        .service(put_response)
        .service(note)
        .service(acknowledge)
        .service(close)
        .service(cancel);
}

/// Which responses are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ResponseQuery {
    /// `open`, `acted`, `closed` or `cancelled`.
    state: Option<String>,
    /// Of this workflow, by its id.
    workflow: Option<String>,
    /// About this kind of thing: `gap`, `failure_pattern`, `decision` or `alert`.
    origin: Option<String>,
    /// About this one.
    origin_id: Option<String>,
    /// Of this owner: an account's or a team's id, or `me` with every team of whoever asks.
    owner: Option<String>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

impl ResponseQuery {
    fn filter(&self) -> Result<ResponseFilter, AppError> {
        let unknown = |field: &str, known: &str| AppError::invalid(field, format!("use {known}"));
        let states = || unknown("state", "open, acted, closed or cancelled");
        let origins = || unknown("origin", "gap, failure_pattern, decision or alert");
        let state = self.state.as_deref().map(|name| ResponseState::parse(name).ok_or_else(states));
        let origin = self.origin.as_deref().map(|name| OriginKind::parse(name).ok_or_else(origins));
        Ok(ResponseFilter {
            release: None,
            state: state.transpose()?,
            workflow: id_of("workflow", self.workflow.as_deref())?,
            origin: origin.transpose()?,
            origin_id: self.origin_id.clone().filter(|id| !id.contains('\0')),
            owners: None,
        })
    }
}

fn response_id(text: &str) -> Result<ResponseId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "response" })
}

/// Who has a response, until when.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResponseAssignmentBody {
    /// A member who can act, or a team that has one: `acc_…` or `team_…`.
    #[schema(value_type = String)]
    owner: OwnerId,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

/// What somebody has to say.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResponseNoteBody {
    /// What.
    note: String,
}

/// What was done.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResponseClosingBody {
    /// What was done.
    done: String,
}

/// Why it is not to be done.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResponseCancellingBody {
    /// Why.
    reason: String,
}

/// List responses
///
/// Latest first.
#[utoipa::path(
    operation_id = "list_responses", tag = "responses",
    params(("project" = String, Path, description = "The project's name in URLs"), ResponseQuery),
    responses(
        (status = 200, description = "A page of responses", body = Listed<ResponseView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "A filter or the cursor is not known", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/responses")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<ResponseQuery>,
) -> Result<Json<Listed<ResponseView>>, Problem> {
    let query = query.into_inner();
    let owners = owners(&app, &caller, &project, query.owner.as_deref()).await?;
    let filter = ResponseFilter { owners, ..query.filter()? };
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let (rows, next) = app.responses(&caller, &project, &filter, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(ResponseView::from).collect(), next)))
}

/// Open a response
///
/// About a gap, a failure pattern, a decision or an alert. Its owner is told. `increase_sampling` is done at
/// once: the workflow's `sample_share` goes up. `update_eval_set` is done in triage; when no failure of its kind waits there,
/// the cases learned go into the suite it names. The other kinds are asked of other systems by the event
/// `response.opened`, which says how to acknowledge.
#[utoipa::path(
    operation_id = "open_response", tag = "responses",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = ResponseBody,
    responses(
        (status = 201, description = "The response", body = ResponseDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow, release or suite", body = ProblemBody),
        (status = 422, description = "A value cannot stand", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/responses")]
async fn open(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<ResponseBody>,
) -> Result<HttpResponse, Problem> {
    let detail = app.open_response(&caller, &project, body.into_inner().into()).await?;
    Ok(HttpResponse::Created().json(ResponseDetailView::from(detail)))
}

/// Read a response
///
/// With its notes, and the signal it is meant to move before and after.
#[utoipa::path(
    operation_id = "read_response", tag = "responses",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("response" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The response", body = ResponseDetailView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such response in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/responses/{response}")]
async fn read(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<ResponseDetailView>, Problem> {
    let (project, response) = path.into_inner();
    Ok(Json(app.response(&caller, &project, response_id(&response)?).await?.into()))
}

/// Give a response to somebody
///
/// Or another due date.
#[utoipa::path(
    operation_id = "put_response", tag = "responses",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("response" = String, Path, description = "Its id"),
    ),
    request_body = ResponseAssignmentBody,
    responses(
        (status = 200, description = "The response", body = ResponseDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such response in this project", body = ProblemBody),
        (status = 409, description = "It is over", body = ProblemBody),
        (status = 422, description = "The owner cannot act, or the date is over", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[put("/projects/{project}/responses/{response}")]
async fn put_response(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ResponseAssignmentBody>,
) -> Result<Json<ResponseDetailView>, Problem> {
    let (project, response) = path.into_inner();
    let detail = app.put_response(&caller, &project, response_id(&response)?, body.owner, body.due_at).await?;
    Ok(Json(detail.into()))
}

/// Note something about a response
#[utoipa::path(
    operation_id = "note_response", tag = "responses",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("response" = String, Path, description = "Its id"),
    ),
    request_body = ResponseNoteBody,
    responses(
        (status = 201, description = "The response", body = ResponseDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such response in this project", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/responses/{response}/notes")]
async fn note(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ResponseNoteBody>,
) -> Result<HttpResponse, Problem> {
    let (project, response) = path.into_inner();
    let detail = app.note_response(&caller, &project, response_id(&response)?, &body.note).await?;
    Ok(HttpResponse::Created().json(ResponseDetailView::from(detail)))
}

/// Acknowledge that a response was done
///
/// By the person or the system that did it. From now on its effect is measured.
#[utoipa::path(
    operation_id = "acknowledge_response", tag = "responses",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("response" = String, Path, description = "Its id"),
    ),
    request_body = ResponseNoteBody,
    responses(
        (status = 200, description = "The response", body = ResponseDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such response in this project", body = ProblemBody),
        (status = 409, description = "It was done already or is over (`already_acted`)", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/responses/{response}/acknowledgement")]
async fn acknowledge(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ResponseNoteBody>,
) -> Result<Json<ResponseDetailView>, Problem> {
    let (project, response) = path.into_inner();
    Ok(Json(app.act_on_response(&caller, &project, response_id(&response)?, &body.note).await?.into()))
}

/// Close a response
///
/// With what was done. The answer shows the signal it was meant to move before and after, with intervals, and says so when
/// there is no measurable effect.
#[utoipa::path(
    operation_id = "close_response", tag = "responses",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("response" = String, Path, description = "Its id"),
    ),
    request_body = ResponseClosingBody,
    responses(
        (status = 200, description = "The response", body = ResponseDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such response in this project", body = ProblemBody),
        (status = 409, description = "It is over, or failures of its kind still wait (`failures_waiting`)", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/responses/{response}/close")]
async fn close(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ResponseClosingBody>,
) -> Result<Json<ResponseDetailView>, Problem> {
    let (project, response) = path.into_inner();
    Ok(Json(app.close_response(&caller, &project, response_id(&response)?, &body.done).await?.into()))
}

/// Cancel a response
///
/// It is not to be done after all.
#[utoipa::path(
    operation_id = "cancel_response", tag = "responses",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("response" = String, Path, description = "Its id"),
    ),
    request_body = ResponseCancellingBody,
    responses(
        (status = 200, description = "The response", body = ResponseDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such response in this project", body = ProblemBody),
        (status = 409, description = "It is over", body = ProblemBody),
        (status = 422, description = "No reason was given", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/responses/{response}/cancel")]
async fn cancel(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ResponseCancellingBody>,
) -> Result<Json<ResponseDetailView>, Problem> {
    let (project, response) = path.into_inner();
    Ok(Json(app.cancel_response(&caller, &project, response_id(&response)?, &body.reason).await?.into()))
}
