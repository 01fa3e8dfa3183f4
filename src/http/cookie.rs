//! The session cookie.
//!
//! Behind TLS it is `__Host-seatrial_session`: the browser then guarantees that it is secure, from this
//! host only and for the whole of it. On plain HTTP browsers refuse such a cookie, so on this machine, and
//! only there, it has a plain name. Plain HTTP from elsewhere gets no cookie at all.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};

use crate::auth::secret::Secret;
use crate::config::network::IpRange;
use crate::config::{Config, Transport};
use crate::http::client_address::{came_by_tls, of_request};
use crate::http::problem::Problem;

/// What the cookie is called behind TLS.
pub const SECURE_NAME: &str = "__Host-seatrial_session";
/// What it is called on plain HTTP on this machine.
pub const LOOPBACK_NAME: &str = "seatrial_session";

/// Makes and reads session cookies as the configuration asks.
#[derive(Clone, Debug)]
pub struct SessionCookies {
    transport: Transport,
    public_is_https: bool,
    trusted_proxies: Vec<IpRange>,
}

impl SessionCookies {
    /// Cookies for this configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            transport: config.transport(),
            public_is_https: config.server.public_url.starts_with("https://"),
            trusted_proxies: config.server.trusted_proxies.clone(),
        }
    }

    /// The cookie's name.
    pub fn name(&self) -> &'static str {
        match self.transport {
            Transport::Tls => SECURE_NAME,
            Transport::LoopbackHttp => LOOPBACK_NAME,
        }
    }

    /// Whether a session may be begun over this connection.
    ///
    /// # Errors
    /// A problem that says what to do, for plain HTTP from another machine.
    pub fn check_transport(&self, request: &HttpRequest) -> Result<(), Problem> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        if self.permits(peer, of_request(request, &self.trusted_proxies), request) {
            Ok(())
        } else {
            Err(Problem::insecure_transport())
        }
    }

    fn permits(&self, peer: Option<IpAddr>, client: Option<IpAddr>, request: &HttpRequest) -> bool {
        let on_this_machine = client.is_some_and(|address| address.is_loopback());
        match self.transport {
            Transport::LoopbackHttp => on_this_machine,
            // The service itself speaks plain HTTP: somebody in front ended TLS. Where the proxies are
            // named, one of them has to say so; where none is named, the operator says so by public_url.
            Transport::Tls if self.trusted_proxies.is_empty() => self.public_is_https,
            Transport::Tls => came_by_tls(peer, request.headers(), &self.trusted_proxies),
        }
    }

    /// The cookie that begins a session.
    pub fn begin(&self, token: &Secret, lifetime: Duration) -> Cookie<'static> {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        self.build(token.expose().to_owned(), CookieDuration::seconds(seconds))
    }

    /// The cookie that ends a session.
    pub fn end(&self) -> Cookie<'static> {
        self.build(String::new(), CookieDuration::ZERO)
    }

    /// The token that a request carries.
    pub fn read(&self, request: &HttpRequest) -> Option<Secret> {
        request.cookie(self.name()).map(|cookie| Secret::new(cookie.value())).filter(|token| !token.is_empty())
    }

    fn build(&self, value: String, max_age: CookieDuration) -> Cookie<'static> {
        Cookie::build(self.name(), value)
            .path("/")
            .http_only(true)
            .secure(self.transport == Transport::Tls)
            // Lax, not Strict: a link in a mail must find the person signed in. Forms carry a token.
            .same_site(SameSite::Lax)
            .max_age(max_age)
            .finish()
    }
}
