//! Webhooks: list, make, remove, test.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get, post};
use seatrial_domain::ids::WebhookId;
use seatrial_domain::time::Timestamp;
use seatrial_store::webhook::WebhookRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::http::extract::{Caller, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(remove).service(test).service(rotate).service(enable);
}

/// An endpoint that gets signed events.
#[derive(Serialize, utoipa::ToSchema)]
struct WebhookView {
    /// Its id.
    #[schema(value_type = String)]
    id: WebhookId,
    /// Where events are sent.
    url: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was turned off.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    /// Why.
    disabled_reason: Option<String>,
    /// Until when the secret before the last rotation signs too.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_secret_until: Option<Timestamp>,
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            disabled_reason: row.disabled_reason,
            previous_secret_until: row.previous_until,
        }
    }
}

/// A new endpoint.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    /// Where to send events: https, and an address of the public internet unless the configuration allows others.
    url: String,
}

/// A new endpoint with its secret.
#[derive(Serialize, utoipa::ToSchema)]
struct NewWebhook {
    /// The endpoint.
    #[serde(flatten)]
    webhook: WebhookView,
    /// What signs the events (Standard Webhooks), `whsec_…`. Shown this once.
    secret: String,
}

/// What became of a test event.
#[derive(Serialize, utoipa::ToSchema)]
struct TestResult {
    /// Whether the endpoint took it.
    delivered: bool,
    /// What went wrong.
    error: Option<String>,
}

fn webhook_id(text: &str) -> Result<WebhookId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "webhook" })
}

/// List webhooks
#[utoipa::path(
    operation_id = "list_webhooks", tag = "webhooks",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The project's webhooks", body = Listed<WebhookView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[get("/projects/{project}/webhooks")]
async fn list(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<Listed<WebhookView>>, Problem> {
    let rows = app.webhooks(&caller, &project).await?;
    Ok(Json(Listed::new(rows.into_iter().map(WebhookView::from).collect(), None)))
}

/// Make a webhook
///
/// Its secret is shown in the answer and never again. Events are `scorecard.due`, `scorecard.stale`,
/// `scorecard.unowned`, `decision.recorded`, `response.opened`, `response.closed`, `response.cancelled` and `webhook.test`, each `{"type", "timestamp", "data"}`, signed by the Standard Webhooks
/// specification and sent at least once: recognise repeats by `webhook-id`.
#[utoipa::path(
    operation_id = "create_webhook", tag = "webhooks",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = WebhookBody,
    responses(
        (status = 201, description = "The webhook and its secret", body = NewWebhook),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The project has too many webhooks", body = ProblemBody),
        (status = 422, description = "The URL cannot be used", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[post("/projects/{project}/webhooks")]
async fn create(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<WebhookBody>,
) -> Result<HttpResponse, Problem> {
    let (row, secret) = app.create_webhook(&caller, &project, &body.url).await?;
    let view = NewWebhook { webhook: row.into(), secret: secret.expose().to_owned() };
    Ok(HttpResponse::Created().json(view))
}

/// Remove a webhook
///
/// What still waits for it is given up.
#[utoipa::path(
    operation_id = "delete_webhook", tag = "webhooks",
    params(("project" = String, Path), ("webhook" = String, Path, description = "The webhook's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such webhook in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[delete("/projects/{project}/webhooks/{webhook}")]
async fn remove(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, webhook) = path.into_inner();
    app.delete_webhook(&caller, &project, webhook_id(&webhook)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Test a webhook
///
/// Sends one `webhook.test` event now and says what became of it. It is not tried again.
#[utoipa::path(
    operation_id = "test_webhook", tag = "webhooks",
    params(("project" = String, Path), ("webhook" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "What became of it", body = TestResult),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such webhook in this project", body = ProblemBody),
        (status = 409, description = "The webhook is turned off", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[post("/projects/{project}/webhooks/{webhook}/test")]
async fn test(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<TestResult>, Problem> {
    let (project, webhook) = path.into_inner();
    let result = app.test_webhook(&caller, &project, webhook_id(&webhook)?).await?;
    Ok(Json(TestResult { delivered: result.delivered, error: result.error }))
}

/// Give a webhook a new secret
///
/// It is shown in the answer and never again. For a day the secret it had signs too: each event then has two signatures.
#[utoipa::path(
    operation_id = "rotate_webhook_secret", tag = "webhooks",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("webhook" = String, Path, description = "The webhook's id"),
    ),
    responses(
        (status = 200, description = "The webhook and its new secret", body = NewWebhook),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such webhook in this project", body = ProblemBody),
        (status = 409, description = "Somebody gave it another secret at the same time", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[post("/projects/{project}/webhooks/{webhook}/rotate-secret")]
async fn rotate(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<NewWebhook>, Problem> {
    let (project, webhook) = path.into_inner();
    let (row, secret) = app.rotate_webhook(&caller, &project, webhook_id(&webhook)?).await?;
    Ok(Json(NewWebhook { webhook: row.into(), secret: secret.expose().to_owned() }))
}

/// Turn a webhook on again
///
/// One that was turned off because it answered 410.
#[utoipa::path(
    operation_id = "enable_webhook", tag = "webhooks",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("webhook" = String, Path, description = "The webhook's id"),
    ),
    responses(
        (status = 200, description = "The webhook", body = WebhookView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such webhook in this project", body = ProblemBody),
        (status = 409, description = "It is on (`webhook_on`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[post("/projects/{project}/webhooks/{webhook}/enable")]
async fn enable(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<WebhookView>, Problem> {
    let (project, webhook) = path.into_inner();
    Ok(Json(app.enable_webhook(&caller, &project, webhook_id(&webhook)?).await?.into()))
}
