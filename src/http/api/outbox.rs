//! The outbox: the log of what was sent to whom, what waits, and what was given up.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use seatrial_domain::ids::MessageId;
use seatrial_domain::time::Timestamp;
use seatrial_store::outbox::{Message, MessageState};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::outbox::MessageDetail;
use crate::http::extract::{Caller, Listed, PageQuery};
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(read).service(resend);
}

/// A message to one recipient.
#[derive(Serialize, utoipa::ToSchema)]
struct MessageView {
    /// Its id: in `Message-ID` or `webhook-id` of every attempt.
    #[schema(value_type = String)]
    id: MessageId,
    /// `mail` or `webhook`.
    channel: &'static str,
    /// To whom: the id of an account or a webhook.
    recipient: String,
    /// What it tells, such as `sc_…:stale:…`. A recipient is told once.
    about: String,
    /// `pending`, `sent`, or `dead` when it was given up.
    state: &'static str,
    /// Attempts begun so far.
    attempts: u32,
    /// When it is tried next, while it is pending.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// What went wrong last, or why it waits; may repeat what the other side said.
    last_error: Option<String>,
    /// When it was enqueued.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the other side took it.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            channel: message.channel.as_str(),
            recipient: message.recipient,
            about: message.dedup_key,
            state: message.state.as_str(),
            attempts: message.attempts,
            next_at: (message.state == MessageState::Pending).then_some(message.next_at),
            last_error: message.last_error,
            created_at: message.created_at,
            sent_at: message.sent_at,
        }
    }
}

/// Which messages are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OutboxQuery {
    /// `pending`, `sent` or `dead`.
    state: Option<String>,
    /// Where to begin: `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many items at most; 50 unless given, never more than 200.
    limit: Option<u64>,
}

/// List messages
///
/// The log of mails and webhooks, latest first: what was sent, what waits and why, what was given up.
#[utoipa::path(
    operation_id = "list_messages", tag = "webhooks",
    params(("project" = String, Path, description = "The project's name in URLs"), OutboxQuery),
    responses(
        (status = 200, description = "A page of messages", body = Listed<MessageView>),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project", body = ProblemBody),
        (status = 422, description = "The state or the cursor is not known", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[get("/projects/{project}/outbox")]
async fn list(
    app: Data<App>,
    caller: Caller,
    project: Path<String>,
    query: Query<OutboxQuery>,
) -> Result<Json<Listed<MessageView>>, Problem> {
    let query = query.into_inner();
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.page()?;
    let unknown = || AppError::invalid("state", "use pending, sent or dead");
    let state = query.state.map(|name| MessageState::parse(&name).ok_or_else(unknown)).transpose()?;
    let (rows, next) = app.outbox(&caller, &project, state, page).await?;
    Ok(Json(Listed::new(rows.into_iter().map(MessageView::from).collect(), next)))
}

/// One attempt at a message.
#[derive(Serialize, utoipa::ToSchema)]
struct DeliveryView {
    /// Which attempt, from 1; it begins anew when a message is sent again.
    attempt: u32,
    /// `delivered`, `retry` or `failed`.
    outcome: String,
    /// What went wrong; may repeat what the other side said.
    detail: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A message with what became of each attempt.
#[derive(Serialize, utoipa::ToSchema)]
struct MessageDetailView {
    /// The message.
    #[serde(flatten)]
    message: MessageView,
    /// The attempts in order.
    deliveries: Vec<DeliveryView>,
}

impl From<MessageDetail> for MessageDetailView {
    fn from(detail: MessageDetail) -> Self {
        let deliveries = detail.deliveries.into_iter().map(|row| DeliveryView {
            attempt: row.attempt,
            outcome: row.outcome,
            detail: row.detail,
            at: row.at,
        });
        Self { message: detail.message.into(), deliveries: deliveries.collect() }
    }
}

fn message_id(text: &str) -> Result<MessageId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "message" })
}

/// Read a message
///
/// With the delivery log: what became of each attempt.
#[utoipa::path(
    operation_id = "read_message", tag = "webhooks",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("message" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The message", body = MessageDetailView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such message in this project", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[get("/projects/{project}/outbox/{message}")]
async fn read(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<MessageDetailView>, Problem> {
    let (project, message) = path.into_inner();
    Ok(Json(app.message_detail(&caller, &project, message_id(&message)?).await?.into()))
}

/// Send a message again
///
/// One that was given up, from its first attempt on and with the same id.
#[utoipa::path(
    operation_id = "resend_message", tag = "webhooks",
    params(
        ("project" = String, Path, description = "The project's name in URLs"),
        ("message" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 200, description = "It waits for its next attempt", body = MessageDetailView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such message in this project", body = ProblemBody),
        (status = 409, description = "It was not given up (`message_not_dead`)", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[post("/projects/{project}/outbox/{message}/resend")]
async fn resend(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<MessageDetailView>, Problem> {
    let (project, message) = path.into_inner();
    Ok(Json(app.resend(&caller, &project, message_id(&message)?).await?.into()))
}
