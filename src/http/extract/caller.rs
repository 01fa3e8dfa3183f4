//! Who is asking: found from the request's headers, in one place, for the API and for the pages.
//!
//! In this order: `Authorization: Bearer` with an API key or an access token; `Authorization: Basic` with an API key as
//! the password, which OTLP exporters and some SDKs can send; `x-api-key`; the session cookie. What is sent and wrong is
//! refused, never skipped in favour of the next. A request that changes something on the strength of a cookie must prove
//! that a page of this service sent it: the API by the header `x-csrf-token`, forms by [`super::form`].

use std::future::{Future, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::app::App;
use crate::app::access::Caller;
use crate::app::error::{AppError, Unauthenticated};
use crate::app::session::SessionHolder;
use crate::auth::csrf;
use crate::auth::secret::Secret;
use crate::auth::token::looks_like_token;
use crate::http::client_address::of_request as of_address;
use crate::http::cookie::SessionCookies;
use crate::http::middleware::request_limit::RequestLimits;
use crate::http::problem::Problem;

/// The header by which a script of a page proves that it belongs to the session.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// The header that some SDKs send their key in.
const API_KEY_HEADER: &str = "x-api-key";

type LocalFuture<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// What a request presents.
#[derive(Clone, Debug)]
enum Presented {
    Nothing,
    ApiKey(Secret),
    Token(Secret),
    Session { token: Secret, csrf_proved: bool },
    Unreadable,
}

impl Presented {
    /// Reads the headers. Does not look anything up.
    fn of(app: &App, request: &HttpRequest) -> Self {
        let headers = request.headers();
        if let Some(value) = headers.get(AUTHORIZATION) {
            return value.to_str().ok().and_then(authorization).unwrap_or(Self::Unreadable);
        }
        if let Some(value) = headers.get(API_KEY_HEADER) {
            return value.to_str().map_or(Self::Unreadable, |key| Self::ApiKey(Secret::new(key.trim())));
        }
        match SessionCookies::new(&app.config).read(request) {
            Some(token) => {
                let csrf_proved = request.method().is_safe() || proves_page(&token, headers);
                Self::Session { token, csrf_proved }
            }
            None => Self::Nothing,
        }
    }
}

/// The credential of an `Authorization` header.
fn authorization(value: &str) -> Option<Presented> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        let secret = Secret::new(rest);
        return Some(if looks_like_token(rest) { Presented::Token(secret) } else { Presented::ApiKey(secret) });
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?;
        let (_user, password) = pair.split_once(':')?;
        return Some(Presented::ApiKey(Secret::new(password)));
    }
    None
}

fn proves_page(session_token: &Secret, headers: &HeaderMap) -> bool {
    let presented = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    presented.is_some_and(|presented| csrf::verify(session_token.expose(), presented))
}

const fn refuse(why: Unauthenticated) -> AppError {
    AppError::Unauthenticated { why }
}

/// Who presents this, and whether it may be used: a cookie alone must not change anything. Counts the request by where
/// it comes from before anything is looked up, and by who asks after.
async fn resolve(
    app: &App,
    presented: Presented,
    counted: Result<Option<web::Data<RequestLimits>>, AppError>,
) -> Result<(Caller, bool), AppError> {
    let limits = counted?;
    let (caller, usable) = match presented {
        Presented::Nothing => return Err(refuse(Unauthenticated::Missing)),
        Presented::Unreadable => return Err(refuse(Unauthenticated::Invalid)),
        Presented::ApiKey(key) => (app.resolve_api_key(key.expose()).await?, true),
        Presented::Token(token) => (app.resolve_token(token.expose()).await?, true),
        Presented::Session { token, csrf_proved } => (app.resolve_session(token.expose()).await?.caller(), csrf_proved),
    };
    if let Some(limits) = limits {
        limits.check_caller(&caller)?;
    }
    Ok((caller, usable))
}

/// Counts a request by the address it comes from. A request that is looked at twice (to see whether it was carried out
/// already) is counted once.
pub(super) fn count(app: &App, request: &HttpRequest) -> Result<Option<web::Data<RequestLimits>>, AppError> {
    struct Counted;

    let Some(limits) = request.app_data::<web::Data<RequestLimits>>() else { return Ok(None) };
    if request.extensions_mut().insert(Counted).is_some() {
        return Ok(None);
    }
    // Without an address (a Unix socket) nobody can be told from anybody.
    if let Some(address) = of_address(request, &app.config.server.trusted_proxies) {
        limits.check_address(address)?;
    }
    Ok(Some(limits.clone()))
}

/// Who sends a request, for handlers that answer in a format of their own. A cookie alone counts as nobody there.
///
/// # Errors
/// [`AppError::Unauthenticated`] with the reason, or when the database fails.
pub async fn of_request(request: &HttpRequest) -> Result<Caller, AppError> {
    let app = app_of(request);
    let presented = Presented::of(&app, request);
    let (caller, usable) = resolve(&app, presented, count(&app, request)).await?;
    if usable { Ok(caller) } else { Err(refuse(Unauthenticated::Missing)) }
}

fn missing_csrf() -> Problem {
    let mut problem = Problem::bad_form_token();
    problem.detail = "A request that changes something with a session cookie needs the session's form token in the \
                      header x-csrf-token. Programs send an API key or access token instead of a cookie."
        .to_owned();
    problem
}

/// The service that a handler works with.
///
/// # Panics
/// Never in a server: [`crate::http::server::serve`] registers it.
pub(super) fn app_of(request: &HttpRequest) -> web::Data<App> {
    request.app_data::<web::Data<App>>().cloned().expect("invariant: the server registers the service for its handlers")
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request);
        let presented = Presented::of(&app, request);
        let counted = count(&app, request);
        Box::pin(async move {
            let (caller, usable) = resolve(&app, presented, counted).await?;
            if usable { Ok(caller) } else { Err(missing_csrf()) }
        })
    }
}

/// A person with a browser session and nothing else: for what a key or a token must not do, such as ending sessions.
/// Requests that change something have proved that they come from a page.
#[derive(Clone, Debug)]
pub struct SessionCaller {
    /// Whose session it is.
    pub holder: SessionHolder,
}

impl FromRequest for SessionCaller {
    type Error = Problem;
    type Future = LocalFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request);
        let Some(token) = SessionCookies::new(&app.config).read(request) else {
            return Box::pin(ready(Err(refuse(Unauthenticated::Missing).into())));
        };
        let proved = request.method().is_safe() || proves_page(&token, request.headers());
        let counted = count(&app, request).map(drop);
        Box::pin(async move {
            counted?;
            let holder = app.resolve_session(token.expose()).await?;
            if proved { Ok(Self { holder }) } else { Err(missing_csrf()) }
        })
    }
}
