//! Scorecards over time: what differs between versions, and a first one from a workflow's history.

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use seatrial_domain::scorecard::{Change, LeftOut, Proposal, ProposalReason};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::scorecard_view::ScorecardBody;
use crate::app::App;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(diff).service(proposal);
}

/// Which versions are compared.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DiffQuery {
    /// The earlier version.
    from: u32,
    /// The later one.
    to: u32,
}

/// What differs between two versions of a scorecard.
#[derive(Serialize, utoipa::ToSchema)]
struct ScorecardDiff {
    /// The earlier version.
    from: u32,
    /// The later one.
    to: u32,
    /// Every part that differs, with the same as a sentence.
    changes: Vec<Change>,
}

/// Compare two versions of a scorecard
///
/// Every part that differs, in words.
#[utoipa::path(
    operation_id = "diff_scorecard", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        DiffQuery,
    ),
    responses(
        (status = 200, description = "What differs", body = ScorecardDiff),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow, scorecard or version", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/scorecard/diff")]
async fn diff(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<DiffQuery>,
) -> Result<Json<ScorecardDiff>, Problem> {
    let (project, workflow) = path.into_inner();
    let DiffQuery { from, to } = query.into_inner();
    let changes = app.scorecard_diff(&caller, &project, &workflow, (from, to)).await?;
    Ok(Json(ScorecardDiff { from, to, changes }))
}

/// A scorecard to begin with.
#[derive(Serialize, utoipa::ToSchema)]
struct ScorecardProposal {
    /// What it would say: a body for writing the first version, once it has at least one check and an owner.
    scorecard: ScorecardBody,
    /// Why each part is as it is.
    reasons: Vec<ProposalReason>,
    /// Signals without a check, and why.
    left_out: Vec<LeftOut>,
}

/// Propose a scorecard
///
/// Checks with thresholds from the workflow's last 90 days, each with the reason. Nothing is written: read it, change what
/// you know better, and write it.
#[utoipa::path(
    operation_id = "propose_scorecard", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
    ),
    responses(
        (status = 200, description = "The proposal", body = ScorecardProposal),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/scorecard/proposal")]
async fn proposal(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<ScorecardProposal>, Problem> {
    let (project, workflow) = path.into_inner();
    let Proposal { definition, reasons, left_out } = app.propose_scorecard(&caller, &project, &workflow).await?;
    Ok(Json(ScorecardProposal { scorecard: definition.into(), reasons, left_out }))
}
