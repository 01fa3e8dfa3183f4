//! Access tokens for people's programs, and the public keys that verify them.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::auth::token::LIFETIME_SECONDS;
use crate::http::cookie::SessionCookies;
use crate::http::extract::{Attempt, SessionCaller};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(issue).service(jwks);
}

/// Who wants a token: an address with its password, or nothing for the person whose session the request came with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    /// The address of the account.
    email: Option<String>,
    /// The password.
    #[schema(format = Password)]
    password: Option<String>,
}

/// A token just issued: RFC 6749's names.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = IssuedToken)]
struct Issued {
    /// Sent as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How long it is good, in seconds.
    expires_in: i64,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Serialize, utoipa::ToSchema)]
struct KeySet {
    /// The keys.
    keys: Vec<serde_json::Value>,
}

/// Issue an access token
///
/// For a person's own programs; it may do what the person may, for an hour. With an address and a password, or, with an
/// empty object, for the person whose session cookie and x-csrf-token the request carries.
#[utoipa::path(
    operation_id = "issue_token", tag = "tokens",
    request_body = TokenRequest,
    responses(
        (status = 201, description = "The token, shown once", body = Issued),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "The address or the password is wrong, or there is no session", body = ProblemBody),
        (status = 403, description = "Plain HTTP from another machine, or no x-csrf-token", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "Only one of address and password was sent", body = ProblemBody),
        (status = 429, description = "Too many attempts from this address", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[post("/tokens")]
async fn issue(
    _attempt: Attempt,
    app: Data<App>,
    request: HttpRequest,
    session: Result<SessionCaller, Problem>,
    body: Json<TokenRequest>,
) -> Result<HttpResponse, Problem> {
    let account = match (&body.email, &body.password) {
        (Some(email), Some(password)) => {
            SessionCookies::new(&app.config).check_transport(&request)?;
            app.check_password(email, password).await?.id
        }
        (None, None) => session?.holder.account.id,
        (Some(_), None) => return Err(AppError::invalid("password", "goes with the address; send both").into()),
        (None, Some(_)) => return Err(AppError::invalid("email", "goes with the password; send both").into()),
    };
    let issued = app.issue_token(account)?;
    let body = Issued {
        access_token: issued.token.expose().to_owned(),
        token_type: "Bearer",
        expires_in: LIFETIME_SECONDS,
        expires_at: issued.expires_at,
    };
    Ok(HttpResponse::Created().json(body))
}

/// Read the public keys
///
/// For others that verify access tokens of this installation. A key that was replaced stays until its last token ends.
#[utoipa::path(
    operation_id = "read_keys", tag = "tokens",
    responses(
        (status = 200, description = "The keys", body = KeySet),
        (status = 503, description = "The database cannot be read", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[get("/jwks")]
async fn jwks(app: Data<App>) -> Result<Json<KeySet>, Problem> {
    Ok(Json(KeySet { keys: app.public_keys().await? }))
}
