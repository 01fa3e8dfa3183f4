//! The inbox of whoever asks, and which mails they want.

use std::collections::BTreeSet;

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post, put};
use seatrial_domain::ids::NoticeId;
use seatrial_domain::notice::Topic;
use seatrial_domain::time::Timestamp;
use seatrial_store::notice::NoticeRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read_one).service(read_all).service(preferences).service(put_preferences);
}

/// What a person was told.
#[derive(Serialize, utoipa::ToSchema)]
struct NoticeView {
    /// Its id.
    #[schema(value_type = String)]
    id: NoticeId,
    /// What it is about.
    topic: Topic,
    /// In one line.
    subject: String,
    /// As text, a line for each detail.
    text: String,
    /// Where to act.
    url: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When they read it.
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Timestamp>,
}

impl From<NoticeRow> for NoticeView {
    fn from(row: NoticeRow) -> Self {
        Self {
            id: row.id,
            topic: row.topic,
            subject: row.subject,
            text: row.text,
            url: row.url,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

/// Which notices are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct NoticeQuery {
    /// Only those that were not read.
    #[serde(default)]
    unread: bool,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// How many notices were unread.
#[derive(Serialize, utoipa::ToSchema)]
struct NoticesRead {
    /// How many.
    read: u64,
}

/// Which mails a person turned off.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NoticePreferences {
    /// The topics they get no mail about. The inbox keeps everything.
    #[schema(value_type = Vec<Topic>)]
    muted: BTreeSet<Topic>,
}

fn notice_id(text: &str) -> Result<NoticeId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "notice" })
}

/// List your notices
///
/// What you were told in the project, latest first, whether or not a mail went with it.
#[utoipa::path(
    operation_id = "list_notices", tag = "notices",
    params(("project" = String, Path, description = "The project's name in URLs"), NoticeQuery),
    responses(
        (status = 200, description = "A page of notices", body = Listed<NoticeView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The caller is no person (`not_a_person`)", body = ProblemBody),
        (status = 422, description = "The cursor is not one this list gave out", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/notices")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<NoticeQuery>,
) -> Result<Json<Listed<NoticeView>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let (rows, next) = app.notices(&caller, &project, query.unread, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(NoticeView::from).collect(), next)))
}

/// Mark a notice as read
#[utoipa::path(
    operation_id = "read_notice", tag = "notices",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("notice" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "Whether it was unread", body = NoticesRead),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "You have no such notice in this project", body = ProblemBody),
        (status = 409, description = "The caller is no person (`not_a_person`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[post("/projects/{project}/notices/{notice}/read")]
async fn read_one(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> Result<Json<NoticesRead>, Problem> {
    let (project, notice) = path.into_inner();
    let read = app.read_notices(&caller, &project, Some(notice_id(&notice)?)).await?;
    Ok(Json(NoticesRead { read }))
}

/// Mark all your notices as read
#[utoipa::path(
    operation_id = "read_all_notices", tag = "notices",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "How many were unread", body = NoticesRead),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The caller is no person (`not_a_person`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[post("/projects/{project}/notices/read")]
async fn read_all(app: Data<App>, caller: Caller, project: Path<String>) -> Result<Json<NoticesRead>, Problem> {
    let read = app.read_notices(&caller, &project, None).await?;
    Ok(Json(NoticesRead { read }))
}

/// Read which mails you turned off
#[utoipa::path(
    operation_id = "read_notice_preferences", tag = "notices",
    params(("project" = String, Path, description = "The project's name in URLs")),
    responses(
        (status = 200, description = "The topics you get no mail about", body = NoticePreferences),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The caller is no person (`not_a_person`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/notice-preferences")]
async fn preferences(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
) -> Result<Json<NoticePreferences>, Problem> {
    Ok(Json(NoticePreferences { muted: app.muted_topics(&caller, &project).await? }))
}

/// Say which mails you want
///
/// Instead of what you said before. Every mail also has a link for this, and the header `List-Unsubscribe`, by which a mail
/// program turns its topic off with one click.
#[utoipa::path(
    operation_id = "put_notice_preferences", tag = "notices",
    params(("project" = String, Path, description = "The project's name in URLs")),
    request_body = NoticePreferences,
    responses(
        (status = 200, description = "The topics you get no mail about", body = NoticePreferences),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 409, description = "The caller is no person (`not_a_person`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[put("/projects/{project}/notice-preferences")]
async fn put_preferences(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    body: Json<NoticePreferences>,
) -> Result<Json<NoticePreferences>, Problem> {
    let muted = body.into_inner().muted;
    app.mute_topics(&caller, &project, muted.clone()).await?;
    Ok(Json(NoticePreferences { muted }))
}
