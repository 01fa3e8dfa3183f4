//! One's own account: who am I, and a new password.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, put};
use seatrial_domain::access::Role;
use seatrial_domain::ids::AccountId;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::account::AccountView;
use crate::app::error::{AppError, Unauthenticated};
use crate::http::extract::{Attempt, Caller, SessionCaller};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read).service(change_password);
}

/// An account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountBody {
    /// Its id.
    #[schema(value_type = String)]
    pub(super) id: AccountId,
    /// The address to sign in with and to write to.
    pub(super) email: String,
    /// The name that others see.
    pub(super) name: String,
}

impl From<AccountView> for AccountBody {
    fn from(view: AccountView) -> Self {
        Self { id: view.id, email: view.email, name: view.name }
    }
}

/// One's own account with the projects it belongs to.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnAccount {
    #[serde(flatten)]
    account: AccountBody,
    /// The projects, by name.
    projects: Vec<OwnProject>,
}

/// A project that the account belongs to.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnProject {
    /// Its name in URLs.
    slug: String,
    /// Its name.
    name: String,
    /// The account's roles in it.
    roles: Vec<Role>,
}

/// A new password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The password that is valid now.
    #[schema(format = Password)]
    present_password: String,
    /// The password that will be.
    #[schema(format = Password, min_length = 12)]
    new_password: String,
}

/// Read your account
///
/// With the projects it belongs to and its roles in each. For people: an API key has no account.
#[utoipa::path(
    operation_id = "read_account", tag = "account",
    responses(
        (status = 200, description = "The account", body = OwnAccount),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("signed_in")))
)]
#[get("/account")]
async fn read(app: Data<App>, caller: Caller) -> Result<Json<OwnAccount>, Problem> {
    let id = caller.account().ok_or(AppError::Unauthenticated { why: Unauthenticated::Missing })?;
    let account = app.account(id).await?.into();
    let memberships = app.memberships(id).await?.into_iter();
    let projects = memberships.map(|membership| OwnProject {
        slug: membership.project.slug,
        name: membership.project.name,
        roles: membership.roles,
    });
    Ok(Json(OwnAccount { account, projects: projects.collect() }))
}

/// Change your password
///
/// Ends every other session of the account.
#[utoipa::path(
    operation_id = "change_password", tag = "account",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "There is no session", body = ProblemBody),
        (status = 403, description = "The header x-csrf-token is missing or wrong", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "The present password is wrong, or the new one breaks a rule", body = ProblemBody),
        (status = 429, description = "Too many attempts from this address", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("session")))
)]
#[put("/account/password")]
async fn change_password(
    _attempt: Attempt,
    app: Data<App>,
    own: SessionCaller,
    body: Json<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { present_password, new_password } = body.into_inner();
    let holder = own.holder;
    app.change_password(holder.account.id, Some(holder.session), &present_password, new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}
