//! A counted attempt to prove who somebody is: take it as a handler's first argument.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::caller::app_of;
use crate::http::client_address::of_request;
use crate::http::middleware::rate_limit::AttemptLimiter;
use crate::http::problem::Problem;

/// Proof that the client's address has not tried too often; otherwise the answer is 429 with `Retry-After`.
#[derive(Clone, Copy, Debug)]
pub struct Attempt(());

impl FromRequest for Attempt {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request);
        let limiter = request.app_data::<web::Data<AttemptLimiter>>();
        // Without an address (a Unix socket) there is one shared allowance.
        let address = of_request(request, &app.config.server.trusted_proxies);
        let address = address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let checked = limiter.map_or(Ok(()), |limiter| limiter.check(address));
        ready(checked.map(|()| Self(())).map_err(Problem::rate_limited))
    }
}
