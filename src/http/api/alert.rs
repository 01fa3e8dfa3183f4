//! Alerts: list, read, acknowledge, resolve, the incident review; how a workflow is watched, and what that would do.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post, put};
use seatrial_domain::alert::{AlertKind, AlertState};
use seatrial_domain::drift::DriftSettings;
use seatrial_domain::ids::AlertId;
use seatrial_store::alert::AlertFilter;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::alert_view::{AlertDetailView, AlertPreviewView, AlertView};
use super::gap::id_of;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::precondition::IfMatch;
use crate::http::artifact::{Format, respond_to_alert};
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::render::Renderer;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(read)
        .service(acknowledge)
        .service(resolve)
        .service(review)
        .service(read_settings)
        .service(put_settings)
        .service(preview);
}

/// Which alerts are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertQuery {
    /// `learning`, `ok`, `firing`, `no_data`, `acknowledged` or `resolved`; several with commas between them.
    state: Option<String>,
    /// Of this workflow, by its id.
    workflow: Option<String>,
    /// Of this release, by its id.
    release: Option<String>,
    /// Of this kind, such as `regression`.
    kind: Option<String>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

impl AlertQuery {
    fn filter(&self) -> Result<AlertFilter, AppError> {
        let names = |known: Vec<&'static str>| format!("use {}", known.join(", "));
        let states = || names(AlertState::ALL.iter().map(|state| state.as_str()).collect());
        let kinds = || names(AlertKind::ALL.iter().map(|kind| kind.as_str()).collect());
        let state = |name: &str| AlertState::parse(name).ok_or_else(|| AppError::invalid("state", states()));
        let wanted = self.state.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
        let kind =
            self.kind.as_deref().map(|name| AlertKind::parse(name).ok_or_else(|| AppError::invalid("kind", kinds())));
        Ok(AlertFilter {
            states: wanted.map(state).collect::<Result<_, _>>()?,
            workflow: id_of("workflow", self.workflow.as_deref())?,
            release: id_of("release", self.release.as_deref())?,
            kind: kind.transpose()?,
        })
    }
}

fn alert_id(text: &str) -> Result<AlertId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "alert" })
}

/// What somebody has to say about an alert.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertNoteBody {
    /// What.
    note: String,
}

/// Why an alert is over.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertResolutionBody {
    /// What was done, or why nothing is.
    note: String,
    /// Whether the change is accepted: what is usual is learned anew from now on. Otherwise the release is compared with
    /// what it was compared with before.
    #[serde(default)]
    accepted: bool,
}

/// Settings to be tried on past data.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertPreviewBody {
    /// The settings.
    settings: DriftSettings,
    /// How many days to look back, at most 60.
    days: i64,
}

/// Which form of an alert's document is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertReviewQuery {
    /// `html` (self-contained), `markdown` or `json`; `json` unless given.
    format: Option<String>,
}

/// List alerts
///
/// What every live release is watched for and where it stands, those that changed last first. A release is watched from
/// the moment it is live, without being asked.
#[utoipa::path(
    operation_id = "list_alerts", tag = "alerts",
    params(("project" = String, Path, description = "The project's name in URLs"), AlertQuery),
    responses(
        (status = 200, description = "A page of alerts", body = Listed<AlertView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "A filter or the cursor is not known", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/alerts")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<AlertQuery>,
) -> Result<Json<Listed<AlertView>>, Problem> {
    let filter = query.filter()?;
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let (rows, next) = app.alerts(&caller, &project, &filter, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(AlertView::from).collect(), next)))
}

/// Read an alert
///
/// With its history, the evidence it last fired on as it was frozen then, and what is done about it.
#[utoipa::path(
    operation_id = "read_alert", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("alert" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The alert", body = AlertDetailView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such alert in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/alerts/{alert}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<AlertDetailView>, Problem> {
    let (project, alert) = path.into_inner();
    Ok(Json(app.alert(&caller, &project, alert_id(&alert)?).await?.into()))
}

/// Acknowledge an alert
///
/// Somebody has seen it and works on it. It stays raised until its figures are back or somebody resolves it.
#[utoipa::path(
    operation_id = "acknowledge_alert", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("alert" = String, Path, description = "Its id"),
    ),
    request_body = AlertNoteBody,
    responses(
        (status = 200, description = "The alert", body = AlertDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such alert in this project", body = ProblemBody),
        (status = 409, description = "It does not fire (`alert_not_raised`)", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/alerts/{alert}/acknowledgement")]
async fn acknowledge(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<AlertNoteBody>,
) -> Result<Json<AlertDetailView>, Problem> {
    let (project, alert) = path.into_inner();
    Ok(Json(app.acknowledge_alert(&caller, &project, alert_id(&alert)?, &body.note).await?.into()))
}

/// Resolve an alert
///
/// It is over, or the change is accepted. The kind is watched anew from now on.
#[utoipa::path(
    operation_id = "resolve_alert", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("alert" = String, Path, description = "Its id"),
    ),
    request_body = AlertResolutionBody,
    responses(
        (status = 200, description = "The alert", body = AlertDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such alert in this project", body = ProblemBody),
        (status = 409, description = "It is not raised (`alert_not_raised`)", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/alerts/{alert}/resolution")]
async fn resolve(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<AlertResolutionBody>,
) -> Result<Json<AlertDetailView>, Problem> {
    let (project, alert) = path.into_inner();
    let detail = app.resolve_alert(&caller, &project, alert_id(&alert)?, &body.note, body.accepted).await?;
    Ok(Json(detail.into()))
}

/// Make the incident review of an alert
///
/// What changed, since which release, in which segment, the runs that show it, what was done, and whether it helped.
#[utoipa::path(
    operation_id = "read_alert_review", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("alert" = String, Path, description = "Its id"), AlertReviewQuery,
    ),
    responses(
        (status = 200, description = "The review", content(
            (Object = "application/json"), (String = "text/html"), (String = "text/markdown")
        )),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such alert in this project", body = ProblemBody),
        (status = 409, description = "It never fired (`not_an_incident`)", body = ProblemBody),
        (status = 422, description = "There is no such format", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/alerts/{alert}/review")]
async fn review(
    app: Data<App>,
    renderer: Data<Renderer>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<AlertReviewQuery>,
) -> Result<HttpResponse, Problem> {
    let (project, alert) = path.into_inner();
    let format = Format::parse(query.format.as_deref().unwrap_or("json"));
    let format = format.ok_or_else(|| AppError::invalid("format", "is html, markdown or json"))?;
    let cause = app.alert_cause(&caller, &project, alert_id(&alert)?).await?;
    respond_to_alert(&app, &renderer, &caller, (&project, cause), format).await
}

/// Read how a workflow is watched
#[utoipa::path(
    operation_id = "read_alert_settings", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "Its name or id"),
    ),
    responses(
        (status = 200, description = "The settings; what is not said is usual", body = DriftSettings),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/alert-settings")]
async fn read_settings(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let settings = app.alert_settings(&caller, &project, &workflow).await?;
    tagged(&settings, &settings)
}

/// Say how a workflow is watched
///
/// How often a false alarm may come, what counts as a change, which kinds and dimensions are watched, and when nobody is
/// to be told. Try them on past data first.
#[utoipa::path(
    operation_id = "put_alert_settings", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "Its name or id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = DriftSettings,
    responses(
        (status = 200, description = "The settings", body = DriftSettings),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 422, description = "A value cannot stand", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("edit_workflows")))
)]
#[put("/projects/{project}/workflows/{workflow}/alert-settings")]
async fn put_settings(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<DriftSettings>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (project, workflow) = path.into_inner();
    let settings = app.put_alert_settings(&caller, &project, &workflow, body.into_inner(), &if_match).await?;
    tagged(&settings, &settings)
}

/// Try alert settings on past data
///
/// When each alert would have fired over the last days of the workflow's live release, and why. Nothing is kept and
/// nobody is told.
#[utoipa::path(
    operation_id = "preview_alerts", tag = "alerts",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "Its name or id"),
    ),
    request_body = AlertPreviewBody,
    responses(
        (status = 200, description = "What would have happened", body = AlertPreviewView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 409, description = "No release of the workflow is live (`no_live_release`)", body = ProblemBody),
        (status = 422, description = "A value cannot stand", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[post("/projects/{project}/workflows/{workflow}/alert-settings/preview")]
async fn preview(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<AlertPreviewBody>,
) -> Result<Json<AlertPreviewView>, Problem> {
    let (project, workflow) = path.into_inner();
    let body = body.into_inner();
    Ok(Json(app.preview_alerts(&caller, &project, &workflow, body.settings, body.days).await?.into()))
}
