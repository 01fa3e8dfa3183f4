//! Teams: list, make, change, remove.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get, post, put};
use seatrial_domain::ids::{AccountId, TeamId};
use seatrial_domain::time::Timestamp;
use seatrial_store::team::TeamRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::precondition::IfMatch;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(read).service(put_team).service(remove);
}

/// A named group of members that can own things.
#[derive(Serialize, utoipa::ToSchema)]
struct TeamView {
    /// Its id.
    #[schema(value_type = String)]
    id: TeamId,
    /// Its name, unique in the project.
    name: String,
    /// The accounts in it, those that can no longer act included.
    #[schema(value_type = Vec<String>)]
    members: Vec<AccountId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<TeamRow> for TeamView {
    fn from(row: TeamRow) -> Self {
        Self { id: row.id, name: row.name, members: row.members, created_at: row.created_at }
    }
}

/// What a team is to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamBody {
    /// Its name.
    name: String,
    /// The accounts of its members, who belong to the project.
    #[schema(value_type = Vec<String>)]
    members: Vec<AccountId>,
}

fn team_id(text: &str) -> Result<TeamId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "team" })
}

/// List teams
///
/// By name.
#[utoipa::path(
    operation_id = "list_teams", tag = "teams",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The teams", body = Listed<TeamView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/teams")]
async fn list(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<Listed<TeamView>>, Problem> {
    let rows = app.teams(&caller, &project).await?;
    Ok(Json(Listed::new(rows.into_iter().map(TeamView::from).collect(), None)))
}

/// Make a team
///
/// A team can own whatever a member can; a notice to it reaches each member who can act.
#[utoipa::path(
    operation_id = "create_team", tag = "teams",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = TeamBody,
    responses(
        (status = 201, description = "The team", body = TeamView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The name is taken, or there are too many teams", body = ProblemBody),
        (status = 422, description = "The name is out of bounds, or somebody is no member", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[post("/projects/{project}/teams")]
async fn create(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<TeamBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let row = app.create_team(&caller, &project, &body.name, body.members).await?;
    Ok(HttpResponse::Created().json(TeamView::from(row)))
}

/// Read a team
#[utoipa::path(
    operation_id = "read_team", tag = "teams",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("team" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The team", body = TeamView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such team in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/teams/{team}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, team) = path.into_inner();
    show(app.team(&caller, &project, team_id(&team)?).await?)
}

/// A team, with the tag of its name and members.
fn show(row: TeamRow) -> Result<HttpResponse, Problem> {
    let view = TeamView::from(row);
    tagged(&view, &(&view.name, &view.members))
}

/// Change a team
///
/// Gives it this name and these members instead of those it had.
#[utoipa::path(
    operation_id = "put_team", tag = "teams",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("team" = String, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = TeamBody,
    responses(
        (status = 200, description = "The team", body = TeamView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such team in this project", body = ProblemBody),
        (status = 409, description = "The name is taken", body = ProblemBody),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 422, description = "The name is out of bounds, or somebody is no member", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[put("/projects/{project}/teams/{team}")]
async fn put_team(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<TeamBody>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (project, team) = path.into_inner();
    let body = body.into_inner();
    show(app.put_team(&caller, &project, team_id(&team)?, &body.name, body.members, &if_match).await?)
}

/// Remove a team
///
/// One that owns nothing.
#[utoipa::path(
    operation_id = "delete_team", tag = "teams",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("team" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such team in this project", body = ProblemBody),
        (status = 409, description = "It still owns something (`team_owns_things`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[delete("/projects/{project}/teams/{team}")]
async fn remove(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (project, team) = path.into_inner();
    app.delete_team(&caller, &project, team_id(&team)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
