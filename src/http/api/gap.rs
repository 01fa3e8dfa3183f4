//! Gaps: list, read, give to somebody, close.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post, put};
use seatrial_domain::access::Permission;
use seatrial_domain::gap::{GapState, NextStepKind};
use seatrial_domain::ids::{GapId, ReleaseId, WorkflowId};
use seatrial_domain::owner::OwnerId;
use seatrial_domain::time::Timestamp;
use seatrial_store::gap::{GapFilter, GapRow};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::scorecard_view::ActorView;
use crate::app::error::AppError;
use crate::app::{App, access};
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read).service(put_owner).service(close);
}

/// Something missing from the evidence of a release.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct GapView {
    /// Its id.
    #[schema(value_type = String)]
    id: GapId,
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// What is missing: `kind` or `kind:subject`.
    gap: String,
    /// In words, with its figures.
    text: String,
    /// The kind of step that closes it.
    next_step: NextStepKind,
    /// Exactly what to do.
    todo: String,
    /// Where it stands.
    state: GapState,
    /// When the rule found it.
    #[schema(value_type = String, format = DateTime)]
    found_at: Timestamp,
    /// When the rule last found it.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Who has it: an account's or a team's id.
    #[schema(value_type = Option<String>)]
    owner: Option<OwnerId>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// Who gave it to them.
    assigned_by: Option<ActorView>,
    /// Who closed it.
    closed_by: Option<ActorView>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    /// What was done.
    done: Option<String>,
}

impl From<GapRow> for GapView {
    fn from(row: GapRow) -> Self {
        Self {
            id: row.id,
            workflow_id: row.workflow,
            release_id: row.release,
            gap: row.key,
            text: row.text,
            next_step: row.next_step,
            todo: row.todo,
            state: row.state,
            found_at: row.found_at,
            seen_at: row.seen_at,
            owner: row.owner,
            due_at: row.due_at,
            assigned_by: row.assigned_by.map(ActorView::from),
            closed_by: row.closed_by.map(ActorView::from),
            closed_at: row.closed_at,
            done: row.done,
        }
    }
}

/// Which gaps are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct GapQuery {
    /// Of this workflow, by its id.
    workflow: Option<String>,
    /// Of this release, by its id.
    release: Option<String>,
    /// `open` or `closed`.
    state: Option<String>,
    /// Of this owner: an account's or a team's id, or `me` with every team of whoever asks.
    owner: Option<String>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

impl GapQuery {
    fn filter(&self) -> Result<GapFilter, AppError> {
        let state = self
            .state
            .as_deref()
            .map(|name| GapState::parse(name).ok_or_else(|| AppError::invalid("state", "use open or closed")));
        Ok(GapFilter {
            workflow: id_of("workflow", self.workflow.as_deref())?,
            release: id_of("release", self.release.as_deref())?,
            state: state.transpose()?,
            owners: None,
        })
    }
}

/// The owners that a query names: one by its id, or whatever stands for whoever asks, their teams included.
pub(super) async fn owners(
    app: &App,
    caller: &access::Caller,
    project: &str,
    owner: Option<&str>,
) -> Result<Option<Vec<OwnerId>>, AppError> {
    if owner != Some("me") {
        return Ok(id_of("owner", owner)?.map(|owner| vec![owner]));
    }
    let access = app.enter(caller, project, Permission::ReadEvidence).await?;
    let account =
        caller.account().ok_or_else(|| AppError::invalid("owner", "a key is nobody; name an owner by its id"))?;
    Ok(Some(app.owner_ids(&access, account).await?))
}

/// An id in a query.
pub(super) fn id_of<T: std::str::FromStr>(field: &'static str, text: Option<&str>) -> Result<Option<T>, AppError> {
    let wrong = || AppError::invalid(field, "name it by its id");
    text.map(|text| text.parse().map_err(|_| wrong())).transpose()
}

fn gap_id(text: &str) -> Result<GapId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "gap" })
}

/// To whom a gap is given.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct GapAssignmentBody {
    /// A member who can act, or a team that has one: `acc_…` or `team_…`.
    #[schema(value_type = String)]
    owner: OwnerId,
    /// Until when; without a date nobody is reminded.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
}

/// What closed a gap.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct GapClosingBody {
    /// What was done.
    done: String,
}

/// List gaps
///
/// What the rules found missing from the evidence of releases, latest first, each with who has it and exactly what to do.
/// They are found when evidence is frozen, and every hour for gates that wait for a decision.
#[utoipa::path(
    operation_id = "list_gaps", tag = "gates",
    params(("project" = String, Path, description = "The project's name in URLs"), GapQuery),
    responses(
        (status = 200, description = "A page of gaps", body = Listed<GapView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "A filter or the cursor is not known", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/gaps")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<GapQuery>,
) -> Result<Json<Listed<GapView>>, Problem> {
    let query = query.into_inner();
    let owners = owners(&app, &caller, &project, query.owner.as_deref()).await?;
    let filter = GapFilter { owners, ..query.filter()? };
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let (rows, next) = app.gaps(&caller, &project, &filter, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(GapView::from).collect(), next)))
}

/// Read a gap
#[utoipa::path(
    operation_id = "read_gap", tag = "gates",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("gap" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The gap", body = GapView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such gap in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/gaps/{gap}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<GapView>, Problem> {
    let (project, gap) = path.into_inner();
    Ok(Json(app.gap(&caller, &project, gap_id(&gap)?).await?.into()))
}

/// Give a gap to somebody
///
/// With a due date they are reminded every week from then on, and after them those who answer for the workflow, then the
/// project's admins. With an unowned gap the recommendation is never to ship.
#[utoipa::path(
    operation_id = "put_gap_owner", tag = "gates",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("gap" = String, Path, description = "Its id"),
    ),
    request_body = GapAssignmentBody,
    responses(
        (status = 200, description = "The gap", body = GapView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such gap in this project", body = ProblemBody),
        (status = 409, description = "It is closed, or can only be closed", body = ProblemBody),
        (status = 422, description = "The owner cannot act, or the date is over", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[put("/projects/{project}/gaps/{gap}/owner")]
async fn put_owner(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<GapAssignmentBody>,
) -> Result<Json<GapView>, Problem> {
    let (project, gap) = path.into_inner();
    let row = app.put_gap_owner(&caller, &project, gap_id(&gap)?, body.owner, body.due_at).await?;
    Ok(Json(row.into()))
}

/// Close a gap
///
/// With what was done. When the rule still finds it at the next look it is open again.
#[utoipa::path(
    operation_id = "close_gap", tag = "gates",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("gap" = String, Path, description = "Its id"),
    ),
    request_body = GapClosingBody,
    responses(
        (status = 200, description = "The gap", body = GapView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such gap in this project", body = ProblemBody),
        (status = 409, description = "It is closed already", body = ProblemBody),
        (status = 422, description = "Nothing was said", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_responses")))
)]
#[post("/projects/{project}/gaps/{gap}/close")]
async fn close(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<GapClosingBody>,
) -> Result<Json<GapView>, Problem> {
    let (project, gap) = path.into_inner();
    Ok(Json(app.close_gap(&caller, &project, gap_id(&gap)?, &body.done).await?.into()))
}
