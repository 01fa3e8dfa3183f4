//! Invitations to a project.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, post};
use seatrial_domain::access::{Actor, Role};
use seatrial_domain::ids::InvitationId;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::account::AccountBody;
use crate::app::App;
use crate::app::invitation::InvitationView;
use crate::http::extract::{Attempt, Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list).service(revoke).service(accept);
}

/// An invitation.
#[derive(Serialize, utoipa::ToSchema)]
struct Invitation {
    /// Its id.
    #[schema(value_type = String)]
    id: InvitationId,
    /// Whom it is for.
    email: String,
    /// What they will be.
    roles: Vec<Role>,
    /// Who invited them.
    invited_by: Actor,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when it is good.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// `open`, `accepted`, `revoked` or `expired`.
    state: &'static str,
}

impl From<InvitationView> for Invitation {
    fn from(view: InvitationView) -> Self {
        let InvitationView { id, email, roles, invited_by, created_at, expires_at, state } = view;
        Self { id, email, roles, invited_by, created_at, expires_at, state: state.as_str() }
    }
}

/// An invitation just made.
#[derive(Serialize, utoipa::ToSchema)]
struct CreatedInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    /// The link, to be handed over by hand: only where the service has no mail server, and only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Whom to invite.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    /// Their address.
    email: String,
    /// What they will be; at least one role.
    roles: Vec<Role>,
}

/// Who comes, and what proves it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationAcceptance {
    /// The token of the link.
    token: String,
    /// For somebody without an account: the name that others see.
    name: Option<String>,
    /// For somebody without an account: the password.
    #[schema(format = Password, min_length = 12)]
    password: Option<String>,
}

/// Invite somebody
///
/// Sends a link to the address, good for seven days; an open invitation of the same address is taken back. The answer is
/// the same whether or not the address has an account.
#[utoipa::path(
    operation_id = "create_invitation", tag = "members",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = NewInvitation,
    responses(
        (status = 201, description = "The invitation", body = CreatedInvitation),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "They are a member already", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "A field breaks a rule", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[post("/projects/{project}/invitations")]
async fn create(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Json<NewInvitation>,
) -> Result<HttpResponse, Problem> {
    let NewInvitation { email, roles } = body.into_inner();
    let created = app.invite(&caller, &path, &email, roles).await?;
    Ok(HttpResponse::Created().json(CreatedInvitation { invitation: created.view.into(), url: created.url }))
}

/// List invitations
///
/// The newest first, those that were accepted or taken back included.
#[utoipa::path(
    operation_id = "list_invitations", tag = "members",
    params(("project" = String, Path, description = "The project's name in URLs"), PageQuery),
    responses(
        (status = 200, description = "A page of invitations", body = Listed<Invitation>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The cursor is not one of this list", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[get("/projects/{project}/invitations")]
async fn list(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<Invitation>>, Problem> {
    let (views, next) = app.invitations(&caller, &path, query.page()?).await?;
    Ok(Json(Listed::new(views.into_iter().map(Invitation::from).collect(), next)))
}

/// Take an invitation back
///
/// Its link does not work any more. One that was accepted stays as it is.
#[utoipa::path(
    operation_id = "revoke_invitation", tag = "members",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("invitation" = String, Path, description = "The invitation's id"),
    ),
    responses(
        (status = 204, description = "Taken back"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such invitation or project", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[delete("/projects/{project}/invitations/{invitation}")]
async fn revoke(app: Data<App>, caller: Caller, path: Path<(String, InvitationId)>) -> Result<HttpResponse, Problem> {
    let (project, invitation) = path.into_inner();
    app.revoke_invitation(&caller, &project, invitation).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Accept an invitation
///
/// With the token of its link, once. Somebody without an account sends a name and a password and gets one; the password of
/// an account that is there is not touched.
#[utoipa::path(
    operation_id = "accept_invitation", tag = "account",
    request_body = InvitationAcceptance,
    responses(
        (status = 201, description = "The account that belongs to the project now", body = AccountBody),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 409, description = "The address got an account meanwhile; send it again", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "The link is not good any more, or a field breaks a rule", body = ProblemBody),
        (status = 429, description = "Too many attempts from this address", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[post("/invitation-acceptances")]
async fn accept(_attempt: Attempt, app: Data<App>, body: Json<InvitationAcceptance>) -> Result<HttpResponse, Problem> {
    let InvitationAcceptance { token, name, password } = body.into_inner();
    let account = app.accept_invitation(&token, name, password).await?;
    Ok(HttpResponse::Created().json(AccountBody::from(account)))
}
