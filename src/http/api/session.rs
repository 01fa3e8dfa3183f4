//! Browser sessions: sign in, list, end.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use seatrial_domain::ids::SessionId;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::account::AccountBody;
use crate::app::App;
use crate::app::session::SessionView;
use crate::auth::csrf;
use crate::http::cookie::SessionCookies;
use crate::http::extract::{Attempt, Listed, SessionCaller};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::sign_in::{SignedIn, sign_in};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(begin).service(list).service(end_own).service(end);
}

/// What a person signs in with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The address of the account.
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

/// A session just begun. Its token is in the cookie and nowhere else.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BegunSession)]
struct Begun {
    /// The session.
    #[schema(value_type = String)]
    id: SessionId,
    /// Who signed in.
    account: AccountBody,
    /// What every request that changes something carries in the header `x-csrf-token`.
    csrf_token: String,
    /// When the session ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// A session.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
struct SessionItem {
    /// Its id.
    #[schema(value_type = String)]
    id: SessionId,
    /// Whether this request came with it.
    current: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

impl SessionItem {
    fn new(view: SessionView, own: SessionId) -> Self {
        let SessionView { id, created_at, last_seen_at, ends_at } = view;
        Self { id, current: id == own, created_at, last_seen_at, ends_at }
    }
}

/// Sign in
///
/// Begins a browser session. The answer is the same, after the same time, whether the address or the password is wrong.
/// Programs use API keys or access tokens instead.
#[utoipa::path(
    operation_id = "begin_session", tag = "sessions",
    request_body = Credentials,
    responses(
        (status = 201, description = "Signed in; the session is in the cookie", body = Begun),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "The address or the password is wrong", body = ProblemBody),
        (status = 403, description = "Plain HTTP from another machine", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 415, description = "The body is not JSON", body = ProblemBody),
        (status = 429, description = "Too many attempts from this address", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[post("/sessions")]
async fn begin(
    _attempt: Attempt,
    app: Data<App>,
    request: HttpRequest,
    body: Json<Credentials>,
) -> Result<HttpResponse, Problem> {
    let SignedIn { account, begun, cookie } = sign_in(&app, &request, &body.email, &body.password).await?;
    let csrf_token = csrf::form_token(begun.token.expose());
    let body = Begun { id: begun.id, account: account.into(), csrf_token, ends_at: begun.ends_at };
    Ok(HttpResponse::Created().cookie(cookie).json(body))
}

/// List your sessions
///
/// Those of the person who is signed in, the one used last first.
#[utoipa::path(
    operation_id = "list_sessions", tag = "sessions",
    responses(
        (status = 200, description = "The sessions that have not ended", body = Listed<SessionItem>),
        (status = 401, description = "There is no session", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("session")))
)]
#[get("/sessions")]
async fn list(app: Data<App>, own: SessionCaller) -> Result<Json<Listed<SessionItem>>, Problem> {
    let sessions = app.sessions(own.holder.account.id).await?;
    let items = sessions.into_iter().map(|view| SessionItem::new(view, own.holder.session));
    Ok(Json(Listed::new(items.collect(), None)))
}

/// Sign out
///
/// Ends the session that the request came with, and its cookie.
#[utoipa::path(
    operation_id = "end_own_session", tag = "sessions",
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "There is no session", body = ProblemBody),
        (status = 403, description = "The header x-csrf-token is missing or wrong", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("session")))
)]
#[delete("/sessions")]
async fn end_own(app: Data<App>, own: SessionCaller) -> Result<HttpResponse, Problem> {
    app.end_session(own.holder.account.id, own.holder.session).await?;
    Ok(HttpResponse::NoContent().cookie(SessionCookies::new(&app.config).end()).finish())
}

/// End one of your sessions
///
/// For a browser that was left signed in somewhere.
#[utoipa::path(
    operation_id = "end_session", tag = "sessions",
    params(("session" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "There is no session", body = ProblemBody),
        (status = 403, description = "The header x-csrf-token is missing or wrong", body = ProblemBody),
        (status = 404, description = "You have no such session", body = ProblemBody),
        (status = 503, description = "The database cannot be written", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("session")))
)]
#[delete("/sessions/{session}")]
async fn end(app: Data<App>, own: SessionCaller, path: Path<SessionId>) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    app.end_session(own.holder.account.id, id).await?;
    let mut response = HttpResponse::NoContent();
    if id == own.holder.session {
        response.cookie(SessionCookies::new(&app.config).end());
    }
    Ok(response.finish())
}
