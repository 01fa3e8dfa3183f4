//! Signing in by password over HTTP: what the API and the sign-in page both do.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use super::cookie::SessionCookies;
use super::problem::Problem;
use crate::app::App;
use crate::app::account::AccountView;
use crate::app::session::BegunSession;

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: AccountView,
    /// Their session.
    pub begun: BegunSession,
    /// To be set with the answer.
    pub cookie: Cookie<'static>,
}

/// Checks the password and begins a session. Count the attempt first ([`super::extract::Attempt`]).
///
/// # Errors
/// The uniform answer for a wrong address or password, or a problem for plain HTTP from another machine.
pub async fn sign_in(app: &App, request: &HttpRequest, email: &str, password: &str) -> Result<SignedIn, Problem> {
    let cookies = SessionCookies::new(&app.config);
    cookies.check_transport(request)?;
    let account = app.check_password(email, password).await?;
    let begun = app.begin_session(account.id).await?;
    let lifetime_micros = begun.ends_at.micros_since(app.now()).max(0);
    let cookie = cookies.begin(&begun.token, Duration::from_micros(lifetime_micros.unsigned_abs()));
    Ok(SignedIn { account, begun, cookie })
}
