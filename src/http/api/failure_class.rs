//! How often each failure class was seen.

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::extract::{Caller, Listed};
use crate::http::problem::{Problem, ProblemBody};

/// Days counted unless somebody says otherwise.
const DAYS: u32 = 90;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(counts);
}

/// Failures of one class.
#[derive(Serialize, utoipa::ToSchema)]
struct FailureClassCount {
    /// The class; absent when nobody named one. It need not be one of the taxonomy.
    failure_class: Option<String>,
    /// All of them.
    failures: u64,
    /// Not looked at yet.
    open: u64,
}

/// Over which time.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ClassCountQuery {
    /// Of runs that began in so many days up to now; 90 unless given, at most 732.
    days: Option<u32>,
}

/// Count failures by class
///
/// The most frequent first, at most 200 classes.
#[utoipa::path(
    operation_id = "count_failure_classes", tag = "failures",
    params(("project" = String, Path, description = "The project's name in URLs"), ClassCountQuery),
    responses(
        (status = 200, description = "The classes that were seen", body = Listed<FailureClassCount>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The time is out of bounds", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_runs")))
)]
#[get("/projects/{project}/failure-classes/counts")]
async fn counts(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<ClassCountQuery>,
) -> Result<Json<Listed<FailureClassCount>>, Problem> {
    let rows = app.failure_class_counts(&caller, &project, query.days.unwrap_or(DAYS)).await?;
    let items = rows.into_iter().map(|row| FailureClassCount {
        failure_class: row.failure_class,
        failures: row.failures,
        open: row.open,
    });
    Ok(Json(Listed::new(items.collect(), None)))
}
