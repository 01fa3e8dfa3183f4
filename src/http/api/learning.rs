//! What was learned from the failures of a release.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use seatrial_domain::stats::interval::wilson;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read);
}

/// What was learned from the failures of a release.
#[derive(Serialize, utoipa::ToSchema)]
struct LearningView {
    /// Failures: the denominator.
    failures: u64,
    /// Promoted, linked or dismissed with a reason: the numerator.
    learned: u64,
    /// `learned / failures`; absent without failures.
    learning_rate: Option<f64>,
    /// The lower bound of its 95 % interval (Wilson).
    low: Option<f64>,
    /// The upper bound.
    high: Option<f64>,
    /// Critical failures nobody has learned from: a gap where the release is judged.
    open_critical: u64,
}

/// Read the learning rate of a release
///
/// The share of its failures that became an eval case, are linked to one, or were dismissed with a reason.
#[utoipa::path(
    operation_id = "read_learning", tag = "failures",
    params(
        ("project" = String, Path),
        ("workflow" = String, Path, description = "The workflow's name or id"),
        ("release" = String, Path, description = "The release's name or id"),
    ),
    responses(
        (status = 200, description = "What was learned", body = LearningView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such workflow or release in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/releases/{release}/learning")]
async fn read(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
) -> Result<Json<LearningView>, Problem> {
    let (project, workflow, release) = path.into_inner();
    let learning = app.learning(&caller, &project, &workflow, &release).await?;
    let known = learning.failures > 0;
    let interval = wilson(learning.learned, learning.failures, 0.05);
    Ok(Json(LearningView {
        failures: learning.failures,
        learned: learning.learned,
        learning_rate: known.then(|| learning.learned as f64 / learning.failures as f64),
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        open_critical: learning.open_critical,
    }))
}
