//! Members: who belongs to a project, and as what. They come by invitation: that an address has an account is told to
//! nobody but whoever reads its mail.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get, put};
use seatrial_domain::access::Role;
use seatrial_domain::ids::AccountId;
use seatrial_store::member::MemberRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, IfMatch, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read).service(put_roles).service(remove);
}

/// A member.
#[derive(Serialize, utoipa::ToSchema)]
struct Member {
    /// The account.
    #[schema(value_type = String)]
    account_id: AccountId,
    /// The name.
    name: String,
    /// The address.
    email: String,
    /// The roles in this project.
    roles: Vec<Role>,
    /// Whether the account can still sign in.
    active: bool,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self { account_id: row.account, name: row.name, email: row.email, roles: row.roles, active: row.active }
    }
}

/// A member's roles.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberRoles {
    /// At least one.
    roles: Vec<Role>,
}

/// List members
///
/// By name.
#[utoipa::path(
    operation_id = "list_members", tag = "members",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The members", body = Listed<Member>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/members")]
async fn list(app: Data<App>, caller: Caller, path: Path<String>) -> Result<Json<Listed<Member>>, Problem> {
    let members = app.members(&caller, &path).await?;
    Ok(Json(Listed::new(members.into_iter().map(Member::from).collect(), None)))
}

/// Read a member
///
/// The `ETag` stands for the roles.
#[utoipa::path(
    operation_id = "read_member", tag = "members",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("account" = String, Path, description = "The member's account id"),
    ),
    responses(
        (status = 200, description = "The member", body = Member),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such member or project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/members/{account}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, AccountId)>) -> Result<HttpResponse, Problem> {
    let (project, account) = path.into_inner();
    show(app.member(&caller, &project, account).await?)
}

/// A member, with the tag of what they are.
fn show(row: MemberRow) -> Result<HttpResponse, Problem> {
    let roles = row.roles.clone();
    tagged(&Member::from(row), &roles)
}

/// Change a member's roles
///
/// They hold at the next request. A project always keeps an admin. `If-Match` with the `ETag` of the member you read refuses
/// the change when somebody changed the roles since.
#[utoipa::path(
    operation_id = "put_member_roles", tag = "members",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("account" = String, Path, description = "The member's account id"),
    ),
    request_body = MemberRoles,
    responses(
        (status = 200, description = "The member", body = Member),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such member or project", body = ProblemBody),
        (status = 409, description = "No admin would be left", body = ProblemBody),
        (status = 412, description = "Somebody changed the roles since", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 422, description = "No role was named", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[put("/projects/{project}/members/{account}/roles")]
async fn put_roles(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, AccountId)>,
    if_match: IfMatch,
    body: Json<MemberRoles>,
) -> Result<HttpResponse, Problem> {
    let (project, account) = path.into_inner();
    let row = app.set_member_roles(&caller, &project, account, body.into_inner().roles, &if_match).await?;
    show(row)
}

/// Remove a member
///
/// Their account and what they recorded stay. A project always keeps an admin.
#[utoipa::path(
    operation_id = "remove_member", tag = "members",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("account" = String, Path, description = "The member's account id"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such member or project", body = ProblemBody),
        (status = 409, description = "No admin would be left", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[delete("/projects/{project}/members/{account}")]
async fn remove(app: Data<App>, caller: Caller, path: Path<(String, AccountId)>) -> Result<HttpResponse, Problem> {
    let (project, account) = path.into_inner();
    app.remove_member(&caller, &project, account).await?;
    Ok(HttpResponse::NoContent().finish())
}
