//! Triage: label, assign, reserve, act on many failures at once, and take an act back.

use actix_web::web::{Data, Json, Path};
use actix_web::{get, post};
use seatrial_domain::access::Permission;
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{AccountId, ActId, CaseId, PatternId, RunId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::Label;
use seatrial_store::failure::FailureFilter;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::failure::{assigned, named, run_id};
use super::failure_view::FailureView;
use super::triage_view::{ActView, ActedView};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::app::triage::{Chosen, Deed};
use crate::http::extract::{Caller, Listed};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(label).service(assign).service(reserve).service(release);
    config.service(acts).service(many).service(undo);
}

/// What a reviewer says about a failure. What is absent stays as it is; an empty text takes it away.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LabelBody {
    /// The kind of miss: a class of the project's taxonomy.
    failure_class: Option<String>,
    /// The failing span of the run's trace: 16 hexadecimal digits.
    span_id: Option<String>,
    /// The failing step by name, such as a tool or an agent; that of the span unless given.
    step: Option<String>,
    /// A remark, at most 4,000 bytes.
    note: Option<String>,
}

impl From<LabelBody> for Label {
    fn from(body: LabelBody) -> Self {
        Self { failure_class: body.failure_class, span_id: body.span_id, step: body.step, note: body.note }
    }
}

/// Label a failure
///
/// Its class, of the project's taxonomy; the step that failed; a note. The class becomes a fact of the run, so every
/// figure changes with it.
#[utoipa::path(
    operation_id = "label_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    request_body = LabelBody,
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`reserved` by somebody else", body = ProblemBody),
        (status = 422, description = "The class is not in the taxonomy, the span not in the trace, or a text too long",
            body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/label")]
async fn label(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<LabelBody>,
) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let deed = Deed::Label(body.into_inner().into());
    let row = app.triage_one(&caller, &project, run_id(&run)?, &deed).await?;
    named(&app, &caller, &project, row).await
}

/// Who is asked to look at a failure.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    /// The account of a member who may triage; null for nobody.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
}

/// Assign a failure
#[utoipa::path(
    operation_id = "assign_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    request_body = AssignBody,
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`reserved` by somebody else", body = ProblemBody),
        (status = 422, description = "The account is no member who may triage", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/assign")]
async fn assign(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<AssignBody>,
) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let row = app.triage_one(&caller, &project, run_id(&run)?, &Deed::Assign(body.account)).await?;
    named(&app, &caller, &project, row).await
}

/// Reserve a failure
///
/// Keeps it for the signed-in person for 15 minutes; again for longer. Others see it and may not decide about it.
#[utoipa::path(
    operation_id = "reserve_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing, or the caller is no person", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`reserved` by somebody else", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/reserve")]
async fn reserve(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let row = app.reserve_failure(&caller, &project, run_id(&run)?).await?;
    named(&app, &caller, &project, row).await
}

/// Release a reserved failure
///
/// Nothing changes when it is free.
#[utoipa::path(
    operation_id = "release_failure", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    responses(
        (status = 200, description = "The failure", body = FailureView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
        (status = 409, description = "`reserved` by somebody else", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/failures/{run}/release")]
async fn release(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<FailureView>, Problem> {
    let (project, run) = path.into_inner();
    let row = app.release_failure(&caller, &project, run_id(&run)?).await?;
    named(&app, &caller, &project, row).await
}

/// List what was done with a failure
///
/// The latest first, at most 50 acts. Each can be taken back by its id.
#[utoipa::path(
    operation_id = "list_triage_acts", tag = "failures",
    params(("project" = String, Path), ("run" = String, Path, description = "The id of the failed run")),
    responses(
        (status = 200, description = "The acts", body = Listed<ActView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such failure in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/failures/{run}/acts")]
async fn acts(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<Listed<ActView>>, Problem> {
    let (project, run) = path.into_inner();
    let acts = app.triage_acts(&caller, &project, run_id(&run)?).await?;
    Ok(Json(Listed::new(acts.into_iter().map(ActView::new).collect(), None)))
}

/// What is done with many failures.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum DeedBody {
    /// Link them to a case that covers them.
    Link {
        /// A case of the same workflow.
        #[schema(value_type = String)]
        case_id: CaseId,
    },
    /// Dismiss them.
    Dismiss {
        /// Why nothing is to be learned from them.
        reason: String,
    },
    /// Open them again.
    Reopen,
    /// Ask somebody to look at them.
    Assign {
        /// The account of a member who may triage; null for nobody.
        #[schema(value_type = Option<String>)]
        account: Option<AccountId>,
    },
    /// Label them.
    Label {
        /// The kind of miss: a class of the project's taxonomy.
        failure_class: Option<String>,
        /// The failing step by name.
        step: Option<String>,
        /// A remark.
        note: Option<String>,
    },
}

impl From<DeedBody> for Deed {
    fn from(body: DeedBody) -> Self {
        match body {
            DeedBody::Link { case_id } => Self::Link(case_id),
            DeedBody::Dismiss { reason } => Self::Dismiss(reason),
            DeedBody::Reopen => Self::Reopen,
            DeedBody::Assign { account } => Self::Assign(account),
            DeedBody::Label { failure_class, step, note } => {
                Self::Label(Label { failure_class, span_id: None, step, note })
            }
        }
    }
}

/// A group of failures. What is absent is not asked for; `status` is `open` unless given.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
struct GroupBody {
    /// Of this workflow, by name or id.
    workflow: Option<String>,
    /// Of this release of the workflow, by name or id.
    release: Option<String>,
    /// Of this failure class; empty for those without one.
    failure_class: Option<String>,
    /// With this learning status.
    status: Option<LearningStatus>,
    /// Of this severity.
    severity: Option<Severity>,
    /// Assigned to this account; `me`, or `nobody`.
    assigned: Option<String>,
    /// With this failing step.
    step: Option<String>,
    /// Of this failure pattern.
    #[schema(value_type = Option<String>)]
    pattern: Option<PatternId>,
    /// Of runs that began at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Of runs that began before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl GroupBody {
    fn filter(self, names: &Names, caller: &Caller) -> Result<FailureFilter, AppError> {
        let workflow = self.workflow.as_deref().map(|name| names.workflow(name)).transpose()?;
        Ok(FailureFilter {
            workflow,
            release: self.release.as_deref().map(|name| names.release(workflow, name)).transpose()?,
            failure_class: self.failure_class,
            status: Some(self.status.unwrap_or(LearningStatus::Open)),
            severity: self.severity,
            assigned: self.assigned.as_deref().map(|text| assigned(text, caller)).transpose()?,
            step: self.step,
            pattern: self.pattern,
            from: self.from,
            to: self.to,
        })
    }
}

/// What is done with which failures: either `runs` or `group`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ManyBody {
    /// What is done.
    deed: DeedBody,
    /// The failed runs, at most 500.
    #[schema(value_type = Option<Vec<String>>)]
    runs: Option<Vec<RunId>>,
    /// All of a group, 500 at a time.
    group: Option<GroupBody>,
}

/// Act on many failures
///
/// Link, dismiss, open again, assign or label up to 500 failures at once: those of `runs`, or the first of a `group`.
/// Each has its own result. The whole act is taken back by its id.
#[utoipa::path(
    operation_id = "triage_failures", tag = "failures",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = ManyBody,
    responses(
        (status = 200, description = "What became of it", body = ActedView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow, release or case", body = ProblemBody),
        (status = 422, description = "The deed is not complete, or the failures are not named", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/triage")]
async fn many(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<ManyBody>,
) -> Result<Json<ActedView>, Problem> {
    let body = body.into_inner();
    // Whoever may not is told so before anything about what they sent.
    app.enter(&caller, &project, Permission::Triage).await?;
    let names = app.names(&caller, &project).await?;
    let chosen = match (body.runs, body.group) {
        (Some(runs), None) => Chosen::Runs(runs),
        (None, Some(group)) => Chosen::Group(Box::new(group.filter(&names, &caller)?)),
        _ => {
            let most = limits::FAILURES_PER_ACT;
            let message = format!("name the failures: either up to {most} `runs`, or a `group`");
            return Err(AppError::invalid("runs", message).into());
        }
    };
    let acted = app.triage(&caller, &project, &chosen, &body.deed.into()).await?;
    Ok(Json(ActedView::new(acted, &names, app.now())))
}

/// Take an act back
///
/// Each failure it was about stands as before, unless something was done with it since: then it is left and reported. An
/// eval case that a failure became stays, and can be retired.
#[utoipa::path(
    operation_id = "undo_triage_act", tag = "failures",
    params(("project" = String, Path), ("act" = String, Path, description = "The act's id")),
    responses(
        (status = 200, description = "What became of it", body = ActedView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such act in this project", body = ProblemBody),
        (status = 409, description = "`already_undone`", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("triage")))
)]
#[post("/projects/{project}/triage/{act}/undo")]
async fn undo(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<ActedView>, Problem> {
    let (project, act) = path.into_inner();
    let act: ActId = act.parse().map_err(|_| AppError::NotFound { noun: "triage act" })?;
    let acted = app.undo_act(&caller, &project, act).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(ActedView::new(acted, &names, app.now())))
}
