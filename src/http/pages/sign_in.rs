//! Signing in and out, and where to begin.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::context::{Answer, html, see_other};
use super::{flash, link};
use crate::app::App;
use crate::app::error::{AppError, Unauthenticated};
use crate::http::cookie::SessionCookies;
use crate::http::extract::{Attempt, PageCaller, PageForm, SignInForm, local_path};
use crate::http::problem::Problem;
use crate::http::sign_in::{SignedIn, sign_in as begin};
use crate::render::Renderer;
use crate::render::view::Page;
use crate::render::view::sign_in::SignIn;

/// `GET /`: the first project, by name.
///
/// # Errors
/// When the person belongs to no project, or the database fails.
pub async fn home(app: Data<App>, who: PageCaller) -> Answer {
    let projects = app.projects(&who.caller).await?;
    let first = projects.first().ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no_project",
            "You belong to no project yet",
            "Ask an administrator to add you to a project, or make one with POST /api/v1/projects.",
        )
    })?;
    Ok(see_other(&format!("/p/{}", link::part(&first.slug))))
}

/// Where to go on after signing in.
#[derive(Debug, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

/// `GET /sign-in`.
///
/// # Errors
/// When the template and its model do not fit.
pub async fn show(app: Data<App>, renderer: Data<Renderer>, request: HttpRequest, query: Query<Next>) -> Answer {
    let message = flash::of_query(&format!("done={}", link::part(&query.done)));
    let model = SignIn { email: String::new(), next: next_of(&query.next), error: None, hint: None };
    let SignInForm { cookie, form_token } = SignInForm::new(&app, &request);
    let page = Page { flash: message, ..Page::bare("Sign in", form_token, model) };
    let mut response = html(&renderer, StatusCode::OK, &page)?;
    response.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(response)
}

fn next_of(text: &str) -> String {
    local_path(text).unwrap_or_default().to_owned()
}

/// The form.
#[derive(Deserialize)]
pub struct Credentials {
    #[serde(default)]
    csrf: String,
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`.
///
/// # Errors
/// When the form's token is wrong, the connection is not safe for a password, or too many attempts were made.
pub async fn sign_in(
    _attempt: Attempt,
    app: Data<App>,
    renderer: Data<Renderer>,
    request: HttpRequest,
    form: Form<Credentials>,
) -> Answer {
    SignInForm::verify(&app, &request, &form.csrf)?;
    match begin(&app, &request, &form.email, &form.password).await {
        Ok(SignedIn { cookie, .. }) => {
            let next = next_of(&form.next);
            let mut response = see_other(if next.is_empty() { "/" } else { &next });
            response.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
            Ok(response)
        }
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED.as_u16() => {
            again((&app, &request), &renderer, &form)
        }
        Err(problem) => Err(problem),
    }
}

/// The form again with the address that was typed, never the password.
fn again((app, request): (&App, &HttpRequest), renderer: &Renderer, form: &Credentials) -> Answer {
    let error = AppError::Unauthenticated { why: Unauthenticated::WrongPassword }.to_string();
    let error = Some(format!("{error} Check both, or ask an administrator to reset the password."));
    let model = SignIn { email: form.email.clone(), next: next_of(&form.next), error, hint: None };
    let SignInForm { cookie, form_token } = SignInForm::new(app, request);
    let mut response = html(renderer, StatusCode::UNAUTHORIZED, &Page::bare("Sign in", form_token, model))?;
    response.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(response)
}

/// The form of the button has its token only.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// `POST /sign-out`.
///
/// # Errors
/// When the form's token is wrong or the database fails.
pub async fn sign_out(app: Data<App>, who: PageCaller, _form: PageForm<Nothing>) -> Result<HttpResponse, Problem> {
    if let Some(account) = who.caller.account() {
        app.end_session(account, who.session).await?;
    }
    let mut response = see_other(&flash::append("/sign-in", "signed_out"));
    response.add_cookie(&SessionCookies::new(&app.config).end()).map_err(|error| Problem::internal(&error))?;
    Ok(response)
}
