//! New passwords by mail.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::extract::Attempt;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(ask).service(choose);
}

/// For whom a link is asked.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordResetRequest {
    /// The address of the account.
    email: String,
}

/// A new password, and what proves whose.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChoice {
    /// The token of the link in the mail.
    token: String,
    /// The password that will be.
    #[schema(format = Password, min_length = 12)]
    new_password: String,
}

/// Ask for a new password
///
/// Sends a link to the address, if it has an account. The answer is the same, after the same work, if it has none.
#[utoipa::path(
    operation_id = "ask_password_reset", tag = "account",
    request_body = PasswordResetRequest,
    responses(
        (status = 202, description = "If the address has an account, a link is on its way"),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 409, description = "The service has no mail server", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "It is no address", body = ProblemBody),
        (status = 429, description = "Too many attempts from this address", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[post("/password-resets")]
async fn ask(_attempt: Attempt, app: Data<App>, body: Json<PasswordResetRequest>) -> Result<HttpResponse, Problem> {
    app.ask_password_reset(&body.email).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Choose a new password
///
/// With the token of a link, which is good for an hour and works once. Ends every session and access token of the account.
#[utoipa::path(
    operation_id = "choose_password", tag = "account",
    request_body = PasswordChoice,
    responses(
        (status = 204, description = "Chosen"),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "The link is not good any more, or the password breaks a rule", body = ProblemBody),
        (status = 429, description = "Too many attempts from this address", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[post("/password-choices")]
async fn choose(_attempt: Attempt, app: Data<App>, body: Json<PasswordChoice>) -> Result<HttpResponse, Problem> {
    let PasswordChoice { token, new_password } = body.into_inner();
    app.use_password_reset(&token, new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}
