//! Owners: what somebody owns, and handing it over.

use actix_web::web::{Data, Json, Path};
use actix_web::{get, post};
use seatrial_domain::ids::{ScorecardId, WorkflowId};
use seatrial_domain::owner::{Owner, OwnerId};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::gap::GapView;
use super::response::ResponseView;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::owner::Owned;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read_owned).service(hand_over);
}

/// A thing with a name.
#[derive(Serialize, utoipa::ToSchema)]
struct NamedWorkflow {
    /// Its id.
    #[schema(value_type = String)]
    id: WorkflowId,
    /// Its name.
    name: String,
}

/// A scorecard that somebody answers for.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnedScorecard {
    /// Its id.
    #[schema(value_type = String)]
    id: ScorecardId,
    /// Its name.
    name: String,
    /// `owner` or `backup`.
    role: &'static str,
}

/// What an owner has in a project.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnedView {
    /// The owner as they are now.
    owner: Owner,
    /// Workflows.
    workflows: Vec<NamedWorkflow>,
    /// Scorecards they answer for.
    scorecards: Vec<OwnedScorecard>,
    /// Open gaps, at most 200.
    gaps: Vec<GapView>,
    /// Responses that are not over, at most 200.
    responses: Vec<ResponseView>,
}

impl From<Owned> for OwnedView {
    fn from(owned: Owned) -> Self {
        let id = owned.owner.id;
        let scorecards = owned.scorecards.into_iter().map(|row| OwnedScorecard {
            id: row.id,
            role: if row.definition.owner == Some(id) { "owner" } else { "backup" },
            name: row.definition.name,
        });
        Self {
            owner: owned.owner,
            workflows: owned.workflows.into_iter().map(|row| NamedWorkflow { id: row.id, name: row.name }).collect(),
            scorecards: scorecards.collect(),
            gaps: owned.gaps.into_iter().map(GapView::from).collect(),
            responses: owned.responses.into_iter().map(ResponseView::from).collect(),
        }
    }
}

/// To whom everything goes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct HandOverBody {
    /// A member who can act, or a team that has one: `acc_…` or `team_…`.
    #[schema(value_type = String)]
    to: OwnerId,
}

/// How much was handed over.
#[derive(Serialize, utoipa::ToSchema)]
struct HandedOverView {
    /// Workflows.
    workflows: u64,
    /// Scorecards, each with a new version that says so.
    scorecards: u64,
    /// Open gaps.
    gaps: u64,
    /// Responses that are not over.
    responses: u64,
}

fn owner_id(text: &str) -> Result<OwnerId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "owner" })
}

/// Read what somebody owns
///
/// Whether or not they can still act: ask before somebody leaves, or after.
#[utoipa::path(
    operation_id = "read_owned", tag = "teams",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("owner" = String, Path, description = "An account's or a team's id"),
    ),
    responses(
        (status = 200, description = "What they have", body = OwnedView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, or the id is of no account or team", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/owners/{owner}")]
async fn read_owned(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<OwnedView>, Problem> {
    let (project, owner) = path.into_inner();
    Ok(Json(app.owned(&caller, &project, owner_id(&owner)?).await?.into()))
}

/// Hand over what somebody owns
///
/// Workflows, scorecards (each gets a new version), open gaps and responses, at once.
#[utoipa::path(
    operation_id = "hand_over", tag = "teams",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("owner" = String, Path, description = "Who has it now: an account's or a team's id"),
    ),
    request_body = HandOverBody,
    responses(
        (status = 200, description = "What was handed over", body = HandedOverView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, or the id is of no account or team", body = ProblemBody),
        (status = 409, description = "A scorecard was written meanwhile", body = ProblemBody),
        (status = 422, description = "The new owner cannot act, or is the old one", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_members")))
)]
#[post("/projects/{project}/owners/{owner}/hand-over")]
async fn hand_over(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<HandOverBody>,
) -> Result<Json<HandedOverView>, Problem> {
    let (project, owner) = path.into_inner();
    let done = app.hand_over(&caller, &project, owner_id(&owner)?, body.to).await?;
    let (workflows, scorecards) = (done.workflows, done.scorecards);
    Ok(Json(HandedOverView { workflows, scorecards, gaps: done.gaps, responses: done.responses }))
}
