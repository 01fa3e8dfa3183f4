//! Verification of the ledger and of one decision, in the service.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use seatrial_domain::decision::{Replay, VerificationReport};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(ledger).service(decision);
}

/// What verification of the whole chain found.
#[derive(Serialize, utoipa::ToSchema)]
struct LedgerVerificationView {
    /// Whether everything holds.
    ok: bool,
    /// Entries that were read.
    entries: u64,
    /// The digest of the newest one; absent while nothing is decided.
    #[schema(value_type = Option<String>)]
    head: Option<Digest>,
    /// The place of the first entry that does not hold.
    fault_at: Option<u64>,
    /// What about it does not hold.
    problem: Option<String>,
    /// The engine of this build.
    engine: u32,
}

/// One thing that was verified.
#[derive(Serialize, utoipa::ToSchema)]
struct VerificationStepView {
    /// What.
    name: &'static str,
    /// Whether it holds.
    ok: bool,
    /// In words.
    detail: String,
}

/// What verification of one decision found.
#[derive(Serialize, utoipa::ToSchema)]
struct DecisionVerificationView {
    /// Whether everything holds.
    ok: bool,
    /// Step by step; the last is the first that does not hold, when one does not.
    steps: Vec<VerificationStepView>,
    /// The first thing wrong, in words.
    problem: Option<String>,
    /// What was decided, as far as it could be read.
    verdict: Option<Verdict>,
    /// The engine that made the recommendation; absent when verification did not come that far.
    engine: Option<u32>,
    /// Whether the recommendation was computed again, and is the same.
    computed_again: bool,
}

impl From<VerificationReport> for DecisionVerificationView {
    fn from(report: VerificationReport) -> Self {
        let engine = report.replay.map(|replay| match replay {
            Replay::Same { engine } | Replay::OtherEngine { engine, .. } => engine,
        });
        let steps = report.steps.into_iter();
        Self {
            ok: report.ok,
            steps: steps.map(|s| VerificationStepView { name: s.name, ok: s.ok, detail: s.detail }).collect(),
            problem: report.problem,
            verdict: report.verdict,
            engine,
            computed_again: matches!(report.replay, Some(Replay::Same { .. })),
        }
    }
}

/// Verify the ledger
///
/// Every decision of the project from the first to the newest: its digest computed again, and held against the one
/// before it. What left as an export is verified offline instead, where nobody has to trust this service.
#[utoipa::path(
    operation_id = "verify_ledger", tag = "decisions",
    params(("project" = String, Path)),
    responses(
        (status = 200, description = "What was found", body = LedgerVerificationView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/ledger-verification")]
async fn ledger(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
) -> Result<Json<LedgerVerificationView>, Problem> {
    let found = app.verify_ledger(&caller, &project).await?;
    let (fault_at, problem) = found.fault.unzip();
    Ok(Json(LedgerVerificationView {
        ok: problem.is_none(),
        entries: found.entries,
        head: found.head,
        fault_at,
        problem,
        engine: found.engine,
    }))
}

/// Verify a decision
///
/// As its export is verified offline: the chain, the digests of evidence, policy and scorecard, and the recommendation
/// computed again from the evidence.
#[utoipa::path(
    operation_id = "verify_decision", tag = "decisions",
    params(("project" = String, Path), ("decision" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "What was found", body = DecisionVerificationView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such decision in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/decisions/{decision}/verification")]
async fn decision(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<DecisionVerificationView>, Problem> {
    let (project, id) = path.into_inner();
    let id = id.parse().map_err(|_| AppError::NotFound { noun: "decision" })?;
    Ok(Json(app.verify_decision(&caller, &project, id).await?.into()))
}
