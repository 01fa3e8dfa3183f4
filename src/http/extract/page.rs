//! The person who looks at a page: signed in by the session cookie, or sent to sign in and back.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use seatrial_domain::ids::SessionId;

use super::caller::{app_of, count};
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::auth::csrf;
use crate::http::cookie::SessionCookies;
use crate::http::problem::Problem;

/// Where people sign in.
pub const SIGN_IN_PATH: &str = "/sign-in";
/// Longer addresses are not remembered while somebody signs in.
const NEXT_BYTES: usize = 2_000;

/// A person who is signed in.
#[derive(Clone, Debug)]
pub struct PageCaller {
    /// Who is asking, for the use cases.
    pub caller: Caller,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their session.
    pub session: SessionId,
    /// What every form of the page carries in its field `csrf`, and every script in the header `x-csrf-token`.
    pub form_token: String,
}

/// Why a page is not shown.
#[derive(Debug)]
pub enum PageRejection {
    /// Nobody is signed in: go there first.
    SignIn {
        /// The address of the sign-in page, with the way back.
        location: String,
    },
    /// Something else is wrong.
    Problem(Problem),
}

impl fmt::Display for PageRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn { .. } => f.write_str("sign in first"),
            Self::Problem(problem) => problem.fmt(f),
        }
    }
}

impl ResponseError for PageRejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn { location } => {
                HttpResponse::SeeOther().insert_header((header::LOCATION, location.as_str())).finish()
            }
            Self::Problem(problem) => problem.error_response(),
        }
    }
}

impl FromRequest for PageCaller {
    type Error = PageRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageRejection>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request);
        let location = sign_in_location(request);
        if let Err(error) = count(&app, request) {
            return Box::pin(ready(Err(PageRejection::Problem(error.into()))));
        }
        let Some(token) = SessionCookies::new(&app.config).read(request) else {
            return Box::pin(ready(Err(PageRejection::SignIn { location })));
        };
        Box::pin(async move {
            match app.resolve_session(token.expose()).await {
                Ok(holder) => Ok(Self {
                    caller: holder.caller(),
                    name: holder.account.name,
                    email: holder.account.email,
                    session: holder.session,
                    form_token: csrf::form_token(token.expose()),
                }),
                Err(AppError::Unauthenticated { .. }) => Err(PageRejection::SignIn { location }),
                Err(error) => Err(PageRejection::Problem(error.into())),
            }
        })
    }
}

/// The sign-in page with the way back to what was asked for. A form that was sent cannot be sent again by a redirect.
fn sign_in_location(request: &HttpRequest) -> String {
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    let back = request.method() == Method::GET && wanted != "/" && wanted.len() <= NEXT_BYTES;
    match local_path(wanted).filter(|_| back) {
        Some(path) => {
            let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("{SIGN_IN_PATH}?next={next}")
        }
        None => SIGN_IN_PATH.to_owned(),
    }
}

/// `next` when it is a path of this service, so that a link to the sign-in page cannot lead elsewhere afterwards.
#[must_use]
pub fn local_path(next: &str) -> Option<&str> {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    let clean = next.len() <= NEXT_BYTES && !next.chars().any(char::is_control);
    (local && clean).then_some(next)
}
