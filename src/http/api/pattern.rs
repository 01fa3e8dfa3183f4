//! Failure patterns: list, read, confirm, say that a release fixes one, open one again.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::ids::{PatternId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::pattern::PatternState;
use seatrial_domain::response::Stretch;
use seatrial_domain::time::Timestamp;
use seatrial_store::pattern::{PatternEvent, PatternFilter, PatternRow};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::failure_view::{ActorView, FailureCountView};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::app::pattern::PatternDetail;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

/// One failure is no pattern yet.
const AT_LEAST: u64 = 2;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read).service(confirm).service(fix).service(reopen);
}

/// Failures of one class with the same failing step and similar content.
#[derive(Serialize, utoipa::ToSchema)]
struct PatternView {
    /// Its id.
    #[schema(value_type = String)]
    id: PatternId,
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The workflow's name.
    workflow: String,
    /// The kind of miss; absent while nobody named one.
    failure_class: Option<String>,
    /// The failing step: a tool, an agent, or the name of a span; absent while it is not known.
    step: Option<String>,
    /// Where it stands.
    state: PatternState,
    /// The release it was last said to be fixed in.
    #[schema(value_type = Option<String>)]
    fixed_in_id: Option<ReleaseId>,
    /// That release's name.
    fixed_in: Option<String>,
    /// How many failures it has.
    failures: u64,
    /// When it was found.
    #[schema(value_type = String, format = DateTime)]
    found_at: Timestamp,
    /// When the run of its latest failure began.
    #[schema(value_type = String, format = DateTime)]
    latest_at: Timestamp,
    /// When its state last changed.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

impl PatternView {
    fn new(row: PatternRow, names: &Names) -> Self {
        Self {
            id: row.id,
            workflow: names.workflow_name(row.workflow),
            workflow_id: row.workflow,
            failure_class: row.failure_class,
            step: row.step,
            state: row.state,
            fixed_in: row.fixed_in.map(|release| names.release_name(release)),
            fixed_in_id: row.fixed_in,
            failures: row.failures,
            found_at: row.found_at,
            latest_at: row.latest_at,
            changed_at: row.changed_at,
        }
    }
}

/// What became of a pattern.
#[derive(Serialize, utoipa::ToSchema)]
struct PatternEventView {
    /// Where it stood from then on.
    state: PatternState,
    /// The release it was said to be fixed in, or on which it was seen.
    #[schema(value_type = Option<String>)]
    release_id: Option<ReleaseId>,
    /// That release's name.
    release: Option<String>,
    /// The run that showed it.
    #[schema(value_type = Option<String>)]
    run_id: Option<RunId>,
    /// Why.
    note: String,
    /// Who.
    by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl PatternEventView {
    fn new(event: PatternEvent, names: &Names) -> Self {
        Self {
            state: event.state,
            release: event.release.map(|release| names.release_name(release)),
            release_id: event.release,
            run_id: event.run,
            note: event.note,
            by: event.by.into(),
            at: event.at,
        }
    }
}

/// A pattern with its failures by release, and what became of it.
#[derive(Serialize, utoipa::ToSchema)]
struct PatternDetailView {
    #[serde(flatten)]
    pattern: PatternView,
    /// Its failures by release and class, and what was learned from them; at most 200 groups.
    counts: Vec<FailureCountView>,
    /// What became of it, latest first, at most 200.
    history: Vec<PatternEventView>,
    /// While it is watched: how many runs of the release it was fixed in, or of later ones, concluded without it. `high`
    /// is what the share of such failures can still be.
    watched: Option<Stretch>,
}

impl PatternDetailView {
    fn new(detail: PatternDetail, names: &Names) -> Self {
        Self {
            pattern: PatternView::new(detail.row, names),
            counts: detail.counts.into_iter().map(|count| FailureCountView::new(count, names)).collect(),
            history: detail.events.into_iter().map(|event| PatternEventView::new(event, names)).collect(),
            watched: detail.watched,
        }
    }
}

/// Which patterns are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PatternQuery {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// In this state.
    #[param(inline)]
    state: Option<PatternState>,
    /// Of this failure class.
    failure_class: Option<String>,
    /// With at least so many failures; 2 unless given.
    at_least: Option<u64>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

fn pattern_id(text: &str) -> Result<PatternId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "failure pattern" })
}

/// What somebody says about a pattern.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PatternNoteBody {
    /// Why, at most 4,000 bytes.
    #[serde(default)]
    note: String,
}

/// Which release fixes a pattern.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PatternFixBody {
    /// The release of the pattern's workflow, by name or id.
    release: String,
    /// How, at most 4,000 bytes.
    #[serde(default)]
    note: String,
}

/// List failure patterns
///
/// Failures of one class with the same failing step and similar content, that of the latest failure first. They are found
/// in the background; list the failures of one by `pattern`, and act on all of them by a group.
#[utoipa::path(
    operation_id = "list_patterns", tag = "failures",
    params(("project" = String, Path, description = "The project's name in URLs"), PatternQuery),
    responses(
        (status = 200, description = "A page of patterns", body = Listed<PatternView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or workflow", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/patterns")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<PatternQuery>,
) -> Result<Json<Listed<PatternView>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let names = app.names(&caller, &project).await?;
    let filter = PatternFilter {
        workflow: query.workflow.as_deref().map(|name| names.workflow(name)).transpose()?,
        state: query.state,
        failure_class: query.failure_class.filter(|class| !class.contains('\0')),
        at_least: query.at_least.unwrap_or(AT_LEAST),
    };
    let (rows, next) = app.patterns(&caller, &project, &filter, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| PatternView::new(row, &names)).collect(), next)))
}

async fn shown(
    app: &App,
    caller: &Caller,
    project: &str,
    detail: PatternDetail,
) -> Result<Json<PatternDetailView>, Problem> {
    let names = app.names(caller, project).await?;
    Ok(Json(PatternDetailView::new(detail, &names)))
}

/// Read a failure pattern
#[utoipa::path(
    operation_id = "read_pattern", tag = "failures",
    params(("project" = String, Path), ("pattern" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The pattern", body = PatternDetailView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such pattern in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/patterns/{pattern}")]
async fn read(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<PatternDetailView>, Problem> {
    let (project, pattern) = path.into_inner();
    let detail = app.pattern(&caller, &project, pattern_id(&pattern)?).await?;
    shown(&app, &caller, &project, detail).await
}

/// Confirm a failure pattern
///
/// Says that these failures are one thing that goes wrong.
#[utoipa::path(
    operation_id = "confirm_pattern", tag = "failures",
    params(("project" = String, Path), ("pattern" = String, Path, description = "Its id")),
    request_body = PatternNoteBody,
    responses(
        (status = 200, description = "The pattern", body = PatternDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such pattern in this project", body = ProblemBody),
        (status = 409, description = "`wrong_state`: it is not new", body = ProblemBody),
        (status = 422, description = "The note is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/patterns/{pattern}/confirm")]
async fn confirm(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<PatternNoteBody>,
) -> Result<Json<PatternDetailView>, Problem> {
    let (project, pattern) = path.into_inner();
    let detail = app.confirm_pattern(&caller, &project, pattern_id(&pattern)?, &body.note).await?;
    shown(&app, &caller, &project, detail).await
}

/// Say that a release fixes a failure pattern
///
/// From the first run of that release or a later one it is watched; a failure of it there opens it again, and those who
/// answer for the workflow are told.
#[utoipa::path(
    operation_id = "fix_pattern", tag = "failures",
    params(("project" = String, Path), ("pattern" = String, Path, description = "Its id")),
    request_body = PatternFixBody,
    responses(
        (status = 200, description = "The pattern", body = PatternDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such pattern or release in this project", body = ProblemBody),
        (status = 409, description = "`wrong_state`: it is not confirmed; `pattern_seen`: that release or a later one \
            has failures of it", body = ProblemBody),
        (status = 422, description = "The note is too long", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/patterns/{pattern}/fix")]
async fn fix(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<PatternFixBody>,
) -> Result<Json<PatternDetailView>, Problem> {
    let (project, pattern) = path.into_inner();
    let detail = app.fix_pattern(&caller, &project, pattern_id(&pattern)?, &body.release, &body.note).await?;
    shown(&app, &caller, &project, detail).await
}

/// Open a failure pattern again
///
/// Takes a fix back.
#[utoipa::path(
    operation_id = "reopen_pattern", tag = "failures",
    params(("project" = String, Path), ("pattern" = String, Path, description = "Its id")),
    request_body = PatternNoteBody,
    responses(
        (status = 200, description = "The pattern", body = PatternDetailView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such pattern in this project", body = ProblemBody),
        (status = 409, description = "`wrong_state`: it is not fixed", body = ProblemBody),
        (status = 422, description = "Nothing was said, or too much", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/patterns/{pattern}/reopen")]
async fn reopen(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<PatternNoteBody>,
) -> Result<Json<PatternDetailView>, Problem> {
    let (project, pattern) = path.into_inner();
    let detail = app.reopen_pattern(&caller, &project, pattern_id(&pattern)?, &body.note).await?;
    shown(&app, &caller, &project, detail).await
}
