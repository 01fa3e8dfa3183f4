//! Limits on requests by API key, account and address: one client that runs wild does not take the service from others.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use super::rate_limit::network_of;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::config;

/// After this many checks, clients that are back at their full allowance are forgotten.
const SWEEP_EVERY: u32 = 4_096;

/// Counts requests. Clones share the counts.
#[derive(Clone)]
pub struct RequestLimits {
    by_caller: Option<Arc<DefaultKeyedRateLimiter<Uuid>>>,
    by_address: Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>,
    checks: Arc<AtomicU32>,
}

impl std::fmt::Debug for RequestLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestLimits").finish_non_exhaustive()
    }
}

impl RequestLimits {
    /// The limits of these settings; 0 is none.
    #[must_use]
    pub fn new(settings: &config::Limits) -> Self {
        let quota = |per_second: u32| NonZeroU32::new(per_second).map(Quota::per_second);
        Self {
            by_caller: quota(settings.caller_requests_per_second).map(|quota| Arc::new(RateLimiter::keyed(quota))),
            by_address: quota(settings.address_requests_per_second).map(|quota| Arc::new(RateLimiter::keyed(quota))),
            checks: Arc::default(),
        }
    }

    /// Counts a request from an address.
    ///
    /// # Errors
    /// [`AppError::RateLimited`].
    pub fn check_address(&self, address: IpAddr) -> Result<(), AppError> {
        self.sweep();
        check(self.by_address.as_deref(), &network_of(address), "this address")
    }

    /// Counts a request of somebody.
    ///
    /// # Errors
    /// [`AppError::RateLimited`].
    pub fn check_caller(&self, caller: &Caller) -> Result<(), AppError> {
        match caller {
            Caller::ApiKey { id, .. } => check(self.by_caller.as_deref(), &id.uuid(), "this API key"),
            Caller::Account { id, .. } => check(self.by_caller.as_deref(), &id.uuid(), "this account"),
        }
    }

    fn sweep(&self) {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.by_caller.iter().for_each(|limiter| limiter.retain_recent());
            self.by_address.iter().for_each(|limiter| limiter.retain_recent());
        }
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: &K,
    whose: &'static str,
) -> Result<(), AppError> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        let retry_after_seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        AppError::RateLimited { whose, retry_after_seconds }
    })
}
