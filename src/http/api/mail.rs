//! Mail: a test of its settings.

use actix_web::post;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(test);
}

/// What became of a test mail.
#[derive(Serialize, utoipa::ToSchema)]
struct MailTestView {
    /// Where it went: the asker's own address.
    address: String,
    /// Whether the mail server took it.
    delivered: bool,
    /// What went wrong.
    error: Option<String>,
}

/// Send a test mail
///
/// To the asker's own address, now and once. Takes a person: a key has no address.
#[utoipa::path(
    operation_id = "test_mail", tag = "webhooks",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "What became of it", body = MailTestView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing, or it is no person who asks", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[post("/projects/{project}/mail/test")]
async fn test(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<MailTestView>, Problem> {
    let test = app.test_mail(&caller, &project).await?;
    Ok(Json(MailTestView { address: test.address, delivered: test.delivered, error: test.error }))
}
