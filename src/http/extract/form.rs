//! Forms of pages: every one carries a token that only a page of the same session can know.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use seatrial_domain::limits;
use serde::de::DeserializeOwned;

use super::caller::app_of;
use crate::app::App;
use crate::auth::csrf;
use crate::auth::secret::random_secret;
use crate::config::Transport;
use crate::http::cookie::SessionCookies;
use crate::http::problem::Problem;

/// The field that carries the token.
pub const CSRF_FIELD: &str = "csrf";
/// How long the sign-in page may stay open, in minutes.
const SIGN_IN_MINUTES: i64 = 60;

/// Refuses a form whose token is not the one of this session.
///
/// # Errors
/// A problem that tells to load the page again.
pub fn verify_form(request: &HttpRequest, presented: &str) -> Result<(), Problem> {
    let app = app_of(request);
    let token = SessionCookies::new(&app.config).read(request).ok_or_else(Problem::bad_form_token)?;
    if csrf::verify(token.expose(), presented) { Ok(()) } else { Err(Problem::bad_form_token()) }
}

/// The fields of a form of a signed-in person, its token checked. `T` need not have the token's field.
#[derive(Clone, Debug)]
pub struct PageForm<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for PageForm<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let body = body.await.map_err(|error| unread(&error))?;
            let text = std::str::from_utf8(&body).map_err(|_| unreadable("it is not UTF-8"))?;
            let token = url::form_urlencoded::parse(&body).find(|(name, _)| name == CSRF_FIELD);
            verify_form(&request, token.as_ref().map_or("", |(_, value)| value))?;
            // A form has the syntax of a query.
            let fields = web::Query::<T>::from_query(text).map_err(|error| unreadable(&error.to_string()))?;
            Ok(Self(fields.into_inner()))
        })
    }
}

fn unreadable(why: &str) -> Problem {
    Problem::malformed(format!("The form cannot be read: {why}"))
}

/// The framework takes no more of a body than [`limits::JSON_BODY_BYTES`] unless told otherwise.
fn unread(error: &actix_web::Error) -> Problem {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::too_large(format!("The form is larger than {} kB.", limits::JSON_BODY_BYTES >> 10));
    }
    unreadable(&error.to_string())
}

/// How the value of the cookie begins.
const PREFIX: &str = "sea_sign_in_";

/// The sign-in page's form before there is a session: a short-lived cookie stands in for it, so that another site
/// cannot sign somebody in as somebody else.
#[derive(Debug)]
pub struct SignInForm {
    /// To be set with the page.
    pub cookie: Cookie<'static>,
    /// For the form's field.
    pub form_token: String,
}

impl SignInForm {
    /// A form of the browser that asks. It keeps the cookie that it has: another tab, or a part of a page whose session has
    /// ended, must not take away what a form that is being filled in was made with.
    #[must_use]
    pub fn new(app: &App, request: &HttpRequest) -> Self {
        let held = request.cookie(cookie_name(app)).map(|cookie| cookie.value().to_owned());
        let made = || random_secret(PREFIX, app.randomness.as_ref()).expose().to_owned();
        let secret = held.filter(|secret| is_secret(secret)).unwrap_or_else(made);
        let form_token = csrf::form_token(&secret);
        let cookie = Cookie::build(cookie_name(app), secret)
            .path("/")
            .http_only(true)
            .secure(app.config.transport() == Transport::Tls)
            .same_site(SameSite::Lax)
            .max_age(CookieDuration::minutes(SIGN_IN_MINUTES))
            .finish();
        Self { cookie, form_token }
    }

    /// Refuses a sign-in form that was not made by [`SignInForm::new`] for this browser.
    ///
    /// # Errors
    /// A problem that tells to load the page again.
    pub fn verify(app: &App, request: &HttpRequest, presented: &str) -> Result<(), Problem> {
        let cookie = request.cookie(cookie_name(app));
        let right = cookie.is_some_and(|cookie| csrf::verify(cookie.value(), presented));
        if right { Ok(()) } else { Err(Problem::bad_form_token()) }
    }
}

/// Whether the text looks like what [`random_secret`] makes; anything else is not taken over.
fn is_secret(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() >= 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

fn cookie_name(app: &App) -> &'static str {
    match app.config.transport() {
        Transport::Tls => "__Host-seatrial_sign_in",
        Transport::LoopbackHttp => "seatrial_sign_in",
    }
}
