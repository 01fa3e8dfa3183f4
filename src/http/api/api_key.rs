//! API keys of a project.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, post};
use seatrial_domain::access::Scope;
use seatrial_domain::ids::ApiKeyId;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::api_key::{ApiKeyView, NewKey};
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list).service(revoke);
}

/// A key.
#[derive(Serialize, utoipa::ToSchema)]
struct ApiKey {
    /// Its id.
    #[schema(value_type = String)]
    id: ApiKeyId,
    /// What it is for.
    name: String,
    /// Its beginning, for recognising it.
    masked: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends; never when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

impl From<ApiKeyView> for ApiKey {
    fn from(view: ApiKeyView) -> Self {
        let ApiKeyView { id, name, masked, scopes, created_at, expires_at, revoked_at, used_at } = view;
        Self { id, name, masked, scopes, created_at, expires_at, revoked_at, used_at }
    }
}

/// A key to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApiKey {
    /// What it is for, in words.
    name: String,
    /// What it may do; at least one, and nothing that its maker may not.
    scopes: Vec<Scope>,
    /// When it ends; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key just made.
#[derive(Serialize, utoipa::ToSchema)]
struct CreatedApiKey {
    /// The whole key: shown now and never again.
    key: String,
    #[serde(flatten)]
    view: ApiKey,
}

/// Create an API key
///
/// The whole key is in this answer only. It opens this project and no other.
#[utoipa::path(
    operation_id = "create_api_key", tag = "api-keys",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = NewApiKey,
    responses(
        (status = 201, description = "The key, shown once", body = CreatedApiKey),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "A field breaks a rule", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_keys")))
)]
#[post("/projects/{project}/api-keys")]
async fn create(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Json<NewApiKey>,
) -> Result<HttpResponse, Problem> {
    let NewApiKey { name, scopes, expires_at } = body.into_inner();
    let created = app.create_api_key(&caller, &path, NewKey { name, scopes, expires_at }).await?;
    let body = CreatedApiKey { key: created.key.expose().to_owned(), view: created.view.into() };
    Ok(HttpResponse::Created().json(body))
}

/// List API keys
///
/// The newest first, revoked ones included.
#[utoipa::path(
    operation_id = "list_api_keys", tag = "api-keys",
    params(("project" = String, Path, description = "The project's name in URLs"), PageQuery),
    responses(
        (status = 200, description = "A page of keys", body = Listed<ApiKey>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The cursor is not one of this list", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_keys")))
)]
#[get("/projects/{project}/api-keys")]
async fn list(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<ApiKey>>, Problem> {
    let (keys, next) = app.api_keys(&caller, &path, query.page()?).await?;
    Ok(Json(Listed::new(keys.into_iter().map(ApiKey::from).collect(), next)))
}

/// Revoke an API key
///
/// At once and for good. Revoking it again changes nothing.
#[utoipa::path(
    operation_id = "revoke_api_key", tag = "api-keys",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("key" = String, Path, description = "The key's id"),
    ),
    responses(
        (status = 204, description = "Revoked"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such key or project", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_keys")))
)]
#[delete("/projects/{project}/api-keys/{key}")]
async fn revoke(app: Data<App>, caller: Caller, path: Path<(String, ApiKeyId)>) -> Result<HttpResponse, Problem> {
    let (project, key) = path.into_inner();
    app.revoke_api_key(&caller, &project, key).await?;
    Ok(HttpResponse::NoContent().finish())
}
