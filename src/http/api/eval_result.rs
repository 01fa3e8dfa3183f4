//! Eval results: taken in from runners, read by case and by release.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::ids::CaseId;
use seatrial_domain::suite::EvalVerdict;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::suite_view::{EvalResultView, SuiteResultsView};
use crate::app::App;
use crate::app::error::AppError;
use crate::app::eval_result::{Execution, NewResult};
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(record).service(of_release).service(of_case);
}

/// What a runner says of one trial.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResultBody {
    /// The case: its id, a text that holds its id, or its title.
    case: String,
    /// Which trial of the case in this execution, from 1; counted in the order of the request unless given.
    trial: Option<u32>,
    /// What became of it.
    verdict: EvalVerdict,
    /// The runner's score.
    score: Option<f64>,
    /// What the runner says; secrets are masked, and the first 4,000 bytes kept.
    message: Option<String>,
    /// How long it took, in milliseconds.
    duration_ms: Option<u64>,
}

/// The results of an execution of a suite.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResultsBody {
    /// The release that was tested, by name or id.
    release: String,
    /// The runner's name for this execution: the same results under the same name again change nothing.
    execution: String,
    /// Whichever runner ran it, such as `promptfoo`.
    runner: String,
    /// The trials, at most 1,000.
    results: Vec<ResultBody>,
}

/// What became of one result.
#[derive(Serialize, utoipa::ToSchema)]
struct TakenView {
    /// Its place in the request, from 0.
    index: usize,
    /// `created`, `unchanged` or `rejected`.
    status: &'static str,
    /// The case.
    #[schema(value_type = Option<String>)]
    case_id: Option<CaseId>,
    /// Which trial it is.
    trial: Option<u32>,
    /// Why it was rejected, and what to do.
    error: Option<String>,
}

/// What became of the results.
#[derive(Serialize, utoipa::ToSchema)]
struct TakenResults {
    /// New ones.
    created: usize,
    /// Those that were known.
    unchanged: usize,
    /// Those that were not taken.
    rejected: usize,
    /// One for each, in order.
    results: Vec<TakenView>,
}

/// Record eval results
///
/// What a runner says of the cases of a suite on a release, a result for each trial. A case that repeated trials show
/// both passing and failing is flaky. Each result is taken or rejected by itself.
#[utoipa::path(
    operation_id = "record_eval_results", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id")),
    request_body = ResultsBody,
    responses(
        (status = 200, description = "One result for each", body = TakenResults),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite or release in this project", body = ProblemBody),
        (status = 422, description = "There are too many, or a name is missing; none was taken", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("write_eval_results")))
)]
#[post("/projects/{project}/suites/{suite}/results")]
async fn record(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    body: Json<ResultsBody>,
) -> Result<Json<TakenResults>, Problem> {
    let (project, suite) = path.into_inner();
    let body = body.into_inner();
    let of = Execution { suite, release: body.release, execution: body.execution, runner: body.runner };
    let results = body.results.into_iter().map(|result| NewResult {
        case: result.case,
        trial: result.trial,
        verdict: result.verdict,
        score: result.score,
        message: result.message,
        duration_ms: result.duration_ms,
    });
    let taken = app.record_results(&caller, &project, &of, results.collect()).await?;
    let count = |new: bool| taken.iter().filter(|taken| matches!(taken, Ok((_, _, is)) if *is == new)).count();
    let (created, unchanged) = (count(true), count(false));
    let rejected = taken.len() - created - unchanged;
    let results = taken.into_iter().enumerate().map(|(index, taken)| match taken {
        Ok((case, trial, new)) => {
            let status = if new { "created" } else { "unchanged" };
            TakenView { index, status, case_id: Some(case), trial: Some(trial), error: None }
        }
        Err(why) => TakenView { index, status: "rejected", case_id: None, trial: None, error: Some(why) },
    });
    Ok(Json(TakenResults { created, unchanged, rejected, results: results.collect() }))
}

/// Which release, beside which.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ReleaseQuery {
    /// The release, by name or id.
    release: String,
    /// A release to compare with, by name or id.
    baseline: Option<String>,
}

/// Read the results of a suite on a release
///
/// Each case by its latest execution, beside the baseline where one is named; what a gate sees of it as `summary`.
#[utoipa::path(
    operation_id = "read_suite_results", tag = "suites",
    params(("project" = String, Path), ("suite" = String, Path, description = "The suite's name or id"), ReleaseQuery),
    responses(
        (status = 200, description = "The results", body = SuiteResultsView),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such suite or release in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/suites/{suite}/results")]
async fn of_release(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<ReleaseQuery>,
) -> Result<Json<SuiteResultsView>, Problem> {
    let (project, suite) = path.into_inner();
    let results = app.suite_results(&caller, &project, &suite, &query.release, query.baseline.as_deref()).await?;
    Ok(Json(results.into()))
}

/// List the results of an eval case
///
/// Every trial on every release, the latest first.
#[utoipa::path(
    operation_id = "list_case_results", tag = "cases",
    params(("project" = String, Path), ("case" = String, Path, description = "The case's id"), PageQuery),
    responses(
        (status = 200, description = "A page of trials", body = Listed<EvalResultView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such case in this project", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/cases/{case}/results")]
async fn of_case(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<PageQuery>,
) -> Result<Json<Listed<EvalResultView>>, Problem> {
    let (project, case) = path.into_inner();
    let id: CaseId = case.parse().map_err(|_| AppError::NotFound { noun: "eval case" })?;
    let (rows, next) = app.case_results(&caller, &project, id, query.page()?).await?;
    let names = app.names(&caller, &project).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| EvalResultView::new(row, &names)).collect(), next)))
}
