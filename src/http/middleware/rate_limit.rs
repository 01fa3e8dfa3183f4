//! A limit on attempts to sign in, by address, so that a password cannot be guessed at speed.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::network::IpRange;
use crate::http::client_address::of_service_request;
use crate::http::problem::Problem;

/// After this many checks, addresses that are back at their full allowance are forgotten.
const SWEEP_EVERY: u32 = 1_024;

/// Counts attempts by address. Clones share the counts.
#[derive(Clone)]
pub struct AttemptLimiter {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    checks: Arc<AtomicU32>,
    trusted_proxies: Arc<[IpRange]>,
}

impl std::fmt::Debug for AttemptLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttemptLimiter").finish_non_exhaustive()
    }
}

impl AttemptLimiter {
    /// Allows `per_minute` attempts a minute from one address; that many at once after a quiet minute.
    pub fn new(per_minute: u32, trusted_proxies: &[IpRange]) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        Self {
            limiter: Arc::new(RateLimiter::keyed(quota)),
            checks: Arc::new(AtomicU32::new(0)),
            trusted_proxies: trusted_proxies.into(),
        }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    /// After how many seconds the next one is allowed, when this one is too many.
    pub fn check(&self, address: IpAddr) -> Result<(), u32> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&network_of(address)).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
        })
    }
}

/// One customer has a whole /64 of IPv6 addresses, so that is what is counted.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

/// Answers 429 with `Retry-After` when the client's address tried too often. For the sign-in routes only.
///
/// # Errors
/// Only those of the services inside.
pub async fn limit_attempts<B: MessageBody>(
    limiter: AttemptLimiter,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let address = of_service_request(&request, &limiter.trusted_proxies);
    // Without an address (a Unix socket) there is one shared allowance.
    let address = address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    if let Err(retry_after_seconds) = limiter.check(address) {
        let response = Problem::rate_limited(retry_after_seconds).response();
        return Ok(request.into_response(response).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
