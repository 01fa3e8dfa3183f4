//! Scorecards over time: what differs between versions, a first one from a workflow's history, and what a change would have
//! meant for the last decisions.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::evidence::EvidenceChanges;
use seatrial_domain::gate::{Untold, Verdict};
use seatrial_domain::ids::DecisionId;
use seatrial_domain::scorecard::{Change, LeftOut, Proposal, ProposalReason};
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::scorecard_view::ScorecardBody;
use crate::app::App;
use crate::app::scorecard_preview::Reconsidered;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(diff).service(proposal).service(preview);
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

/// A decision, and what another scorecard would have made of its evidence.
#[derive(Serialize, utoipa::ToSchema)]
struct ReconsideredView {
    /// The decision.
    #[schema(value_type = String)]
    decision_id: DecisionId,
    /// The release it was about.
    release: String,
    /// What was decided.
    verdict: Verdict,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    /// What would have been different; absent when no check was frozen with it.
    changes: Option<EvidenceChanges>,
    /// Checks of which the frozen evidence holds nothing, and why: they are left out.
    untold: Vec<Untold>,
}

impl From<Reconsidered> for ReconsideredView {
    fn from(one: Reconsidered) -> Self {
        let record = one.decision.record;
        Self {
            decision_id: record.id,
            release: one.release,
            verdict: record.verdict,
            decided_at: record.decided_at,
            changes: one.changes,
            untold: one.untold,
        }
    }
}

/// What a change of a scorecard would have meant.
#[derive(Serialize, utoipa::ToSchema)]
struct ScorecardPreview {
    /// The workflow's last three decisions, latest first.
    decisions: Vec<ReconsideredView>,
}

/// Try a scorecard on the last decisions
///
/// Reads the frozen evidence of the workflow's last three decisions by a scorecard that is not written. It writes nothing.
/// Another bound, margin or role is read from what was frozen; a signal that no check read then cannot be told, and says so.
#[utoipa::path(
    operation_id = "preview_scorecard", tag = "scorecards",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("workflow" = String, Path, description = "The workflow's name or id"),
    ),
    request_body = ScorecardBody,
    responses(
        (status = 200, description = "What it would have meant", body = ScorecardPreview),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow", body = ProblemBody),
        (status = 422, description = "A value cannot stand", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[post("/projects/{project}/workflows/{workflow}/scorecard/preview")]
async fn preview(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ScorecardBody>,
) -> Result<Json<ScorecardPreview>, Problem> {
    let (project, workflow) = path.into_inner();
    let found = app.preview_scorecard(&caller, &project, &workflow, &body.into_inner().into()).await?;
    Ok(Json(ScorecardPreview { decisions: found.into_iter().map(ReconsideredView::from).collect() }))
}
