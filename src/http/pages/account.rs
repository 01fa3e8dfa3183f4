//! One's own account: signed-in browsers, the password; and the links that arrive by mail.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use seatrial_domain::ids::SessionId;
use serde::Deserialize;

use super::context::{Answer, html, see_other};
use super::form::refusal;
use super::sign_in::Nothing;
use super::{flash, form};
use crate::app::App;
use crate::app::error::AppError;
use crate::http::extract::{Attempt, PageCaller, PageForm, SignInForm};
use crate::http::problem::Problem;
use crate::render::Renderer;
use crate::render::view::account::{AccountPage, AskPassword, ChoosePassword, InvitationPage, SessionRow};
use crate::render::view::{Page, Time, View};

/// `GET /account`.
///
/// # Errors
/// When the database fails.
pub async fn show(app: Data<App>, renderer: Data<Renderer>, who: PageCaller, request: HttpRequest) -> Answer {
    let message = flash::of_query(request.query_string());
    let body = account(&app, &who, None).await?;
    html(&renderer, StatusCode::OK, &Page { flash: message, ..Page::bare("Your account", who.form_token, body) })
}

async fn account(app: &App, who: &PageCaller, error: Option<String>) -> Result<AccountPage, Problem> {
    let sessions = match who.caller.account() {
        Some(account) => app.sessions(account).await?,
        None => Vec::new(),
    };
    let time = |at: seatrial_domain::time::Timestamp| Time(at.micros());
    let rows = sessions.into_iter().map(|session| SessionRow {
        id: session.id.to_string(),
        current: session.id == who.session,
        created_at: time(session.created_at),
        seen_at: time(session.last_seen_at),
        ends_at: time(session.ends_at),
    });
    Ok(AccountPage { name: who.name.clone(), email: who.email.clone(), sessions: rows.collect(), error })
}

/// The form of a new password.
#[derive(Deserialize)]
pub struct NewPassword {
    present_password: String,
    new_password: String,
}

/// `POST /account/password`.
///
/// # Errors
/// When the form's token is wrong, too many attempts were made, or the database fails.
pub async fn change_password(
    _attempt: Attempt,
    app: Data<App>,
    renderer: Data<Renderer>,
    who: PageCaller,
    form: PageForm<NewPassword>,
) -> Answer {
    let NewPassword { present_password, new_password } = form.0;
    let Some(account_id) = who.caller.account() else { return Ok(see_other("/sign-in")) };
    let changed = app.change_password(account_id, Some(who.session), &present_password, new_password).await;
    match changed {
        Ok(()) => Ok(see_other(&flash::append("/account", "password_changed"))),
        Err(error) => {
            let body = account(&app, &who, Some(refusal(error)?)).await?;
            html(&renderer, StatusCode::UNPROCESSABLE_ENTITY, &Page::bare("Your account", who.form_token, body))
        }
    }
}

/// `POST /account/sessions/{session}/end`.
///
/// # Errors
/// When they have no such session, the form's token is wrong, or the database fails.
pub async fn end_session(
    app: Data<App>,
    who: PageCaller,
    session: Path<SessionId>,
    _form: PageForm<Nothing>,
) -> Result<HttpResponse, Problem> {
    if let Some(account) = who.caller.account() {
        app.end_session(account, session.into_inner()).await?;
    }
    Ok(see_other(&flash::append("/account", "session_ended")))
}

/// A page for somebody who is not signed in, with a form that belongs to their browser.
fn solo<T: View>(
    (app, request): (&App, &HttpRequest),
    renderer: &Renderer,
    status: StatusCode,
    title: &str,
    body: T,
) -> Answer {
    let SignInForm { cookie, form_token } = SignInForm::new(app, request);
    let mut response = html(renderer, status, &Page::bare(title, form_token, body))?;
    response.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(response)
}

/// `GET /password-reset`.
///
/// # Errors
/// When the template and its model do not fit.
pub async fn ask(app: Data<App>, renderer: Data<Renderer>, request: HttpRequest) -> Answer {
    let body = AskPassword { mail: app.require_mail().is_ok(), asked: false, error: None };
    solo((&app, &request), &renderer, StatusCode::OK, "A new password", body)
}

/// The form of an address.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    csrf: String,
    email: String,
}

/// `POST /password-reset`. Says the same whether or not the address has an account.
///
/// # Errors
/// When the form's token is wrong, too many attempts were made, or the database fails.
pub async fn ask_password(
    _attempt: Attempt,
    app: Data<App>,
    renderer: Data<Renderer>,
    request: HttpRequest,
    form: Form<Asked>,
) -> Answer {
    SignInForm::verify(&app, &request, &form.csrf)?;
    let error = app.ask_password_reset(&form.email).await.err().map(refusal).transpose()?;
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = AskPassword { mail: app.require_mail().is_ok(), asked: error.is_none(), error };
    solo((&app, &request), &renderer, status, "A new password", body)
}

/// The token of a link.
#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// `GET /password-reset/choose`.
///
/// # Errors
/// When the link is not good any more, or the database fails.
pub async fn choose(app: Data<App>, renderer: Data<Renderer>, request: HttpRequest, link: Query<Link>) -> Answer {
    app.check_password_reset(&link.token).await?;
    let body = ChoosePassword { token: link.into_inner().token, error: None };
    solo((&app, &request), &renderer, StatusCode::OK, "Choose a new password", body)
}

/// The form of a password for a link.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    csrf: String,
    token: String,
    new_password: String,
}

/// `POST /password-reset/choose`.
///
/// # Errors
/// When the form's token is wrong, too many attempts were made, or the database fails.
pub async fn choose_password(
    _attempt: Attempt,
    app: Data<App>,
    renderer: Data<Renderer>,
    request: HttpRequest,
    form: Form<Chosen>,
) -> Answer {
    SignInForm::verify(&app, &request, &form.csrf)?;
    let Chosen { token, new_password, .. } = form.into_inner();
    match app.use_password_reset(&token, new_password).await {
        Ok(()) => Ok(see_other(&flash::append("/sign-in", "password_chosen"))),
        Err(error) => {
            let body = ChoosePassword { token, error: Some(refusal(error)?) };
            solo((&app, &request), &renderer, StatusCode::UNPROCESSABLE_ENTITY, "Choose a new password", body)
        }
    }
}

async fn invitation_page(
    app: &App,
    token: String,
    name: String,
    error: Option<String>,
) -> Result<InvitationPage, AppError> {
    let open = app.open_invitation(&token).await?;
    let (project, invited_by, email, has_account) = (open.project, open.invited_by, open.email, open.has_account);
    Ok(InvitationPage { token, project, invited_by, email, has_account, name, error })
}

/// `GET /invitation`.
///
/// # Errors
/// When the link is not good any more, or the database fails.
pub async fn invitation(app: Data<App>, renderer: Data<Renderer>, request: HttpRequest, link: Query<Link>) -> Answer {
    let body = invitation_page(&app, link.into_inner().token, String::new(), None).await?;
    solo((&app, &request), &renderer, StatusCode::OK, "An invitation", body)
}

/// The form of somebody who comes.
#[derive(Deserialize)]
pub struct Coming {
    #[serde(default)]
    csrf: String,
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// `POST /invitation`.
///
/// # Errors
/// When the form's token is wrong, the link is not good any more, too many attempts were made, or the database fails.
pub async fn accept_invitation(
    _attempt: Attempt,
    app: Data<App>,
    renderer: Data<Renderer>,
    request: HttpRequest,
    form: Form<Coming>,
) -> Answer {
    SignInForm::verify(&app, &request, &form.csrf)?;
    let Coming { token, name, password, .. } = form.into_inner();
    let password = (!password.is_empty()).then_some(password);
    match app.accept_invitation(&token, form::given(&name), password).await {
        Ok(_) => Ok(see_other(&flash::append("/sign-in", "joined"))),
        Err(error) => {
            let body = invitation_page(&app, token, name, Some(refusal(error)?)).await?;
            solo((&app, &request), &renderer, StatusCode::UNPROCESSABLE_ENTITY, "An invitation", body)
        }
    }
}
