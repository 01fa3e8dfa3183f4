//! The client for addresses that users chose: webhooks and the like.
//!
//! The danger is a URL that leads into the network the service runs in. Names are resolved by our own
//! resolver, which refuses every address that is not public, and the connection uses exactly the
//! addresses that it let through: a second answer of the name server (rebinding) is never asked for.
//! Redirects, proxies from the environment and connection reuse are off for the same reason.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tokio::sync::OnceCell;
use url::{Host, Url};

use crate::app::ports::{Outbound, OutboundAnswer, OutboundError, OutboundRequest};
use crate::config;
use crate::notify::text::single_line;

/// More of an answer is not read: it is kept for people to look at, not for machines.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
const MAX_DETAIL_CHARS: usize = 300;
const USER_AGENT: &str = concat!("Seatrial/", env!("CARGO_PKG_VERSION"));

/// The guarded client.
#[derive(Debug)]
pub struct GuardedOutbound {
    settings: config::Outbound,
    /// Built at first use: an installation without certificates of authorities can run without webhooks.
    client: OnceCell<reqwest::Client>,
}

impl GuardedOutbound {
    /// A client for these settings. Does not connect yet.
    pub fn new(settings: config::Outbound) -> Self {
        Self { settings, client: OnceCell::new() }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the guarded client that everything else uses")]
    async fn client(&self) -> Result<&reqwest::Client, OutboundError> {
        let timeout = Duration::from_secs(self.settings.timeout_seconds);
        let allow_private = self.settings.allow_private;
        self.client
            .get_or_try_init(|| async {
                reqwest::Client::builder()
                    .user_agent(USER_AGENT)
                    .redirect(Policy::none())
                    .no_proxy()
                    .referer(false)
                    .pool_max_idle_per_host(0)
                    .connect_timeout(timeout)
                    .timeout(timeout)
                    .dns_resolver(GuardedResolver { allow_private })
                    .build()
                    .map_err(|error| OutboundError::Connection { detail: causes(&error) })
            })
            .await
    }

    fn checked_url(&self, text: &str) -> Result<Url, OutboundError> {
        let url = check_url(text, self.settings.allow_plain_http)?;
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        match literal {
            // A literal address never reaches the resolver.
            Some(address) if !self.settings.allow_private && !is_public(address) => Err(OutboundError::Refused),
            _ => Ok(url),
        }
    }

    fn error(&self, error: &reqwest::Error) -> OutboundError {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(next) = cause {
            if let Some(refusal) = next.downcast_ref::<Refusal>() {
                return match refusal {
                    Refusal::NotPublic => OutboundError::Refused,
                    Refusal::Unresolved => OutboundError::Unresolved,
                };
            }
            cause = next.source();
        }
        if error.is_timeout() {
            OutboundError::Timeout { seconds: self.settings.timeout_seconds }
        } else {
            OutboundError::Connection { detail: causes(error) }
        }
    }
}

#[async_trait]
impl Outbound for GuardedOutbound {
    async fn post(&self, request: &OutboundRequest) -> Result<OutboundAnswer, OutboundError> {
        let url = self.checked_url(&request.url)?;
        let mut builder = self.client().await?.post(url).body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(|error| self.error(&error))?;
        let retry_after_seconds = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse().ok());
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER_BYTES {
            // The status is the answer; a body that breaks off does not change it.
            let Ok(Some(chunk)) = response.chunk().await else { break };
            let room = MAX_ANSWER_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(OutboundAnswer { status, retry_after_seconds, body })
    }
}

/// Checks the URL of an endpoint when it is saved and again when it is used: `https` (or `http` where
/// that is allowed), a host, no user name and no password in it.
///
/// # Errors
/// [`OutboundError::InvalidUrl`] with what to change.
pub fn check_url(text: &str, allow_plain_http: bool) -> Result<Url, OutboundError> {
    let invalid = |detail: &str| OutboundError::InvalidUrl { detail: detail.to_owned() };
    let url = Url::parse(text).map_err(|_| invalid("write it whole, for example https://example.com/hook"))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_plain_http => {}
        "http" => return Err(invalid("use https, or set outbound.allow_plain_http = true")),
        _ => return Err(invalid("only https and http can be used")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("leave the user name and password out; messages are signed instead"));
    }
    match url.host() {
        Some(_) => Ok(url),
        None => Err(invalid("it names no host")),
    }
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the address is not public")]
    NotPublic,
    #[error("the name could not be resolved")]
    Unresolved,
}

#[derive(Debug)]
struct GuardedResolver {
    allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            // The port is the connector's affair; zero stands for "the one of the URL".
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Refusal::Unresolved)?;
            let addresses: Vec<SocketAddr> = found.collect();
            if addresses.is_empty() {
                return Err(Refusal::Unresolved.into());
            }
            // One address inside among several outside is what an attack looks like: refuse them all.
            if !allow_private && !addresses.iter().all(|address| is_public(address.ip())) {
                return Err(Refusal::NotPublic.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to the public internet: none of the ranges that are private, shared,
/// loopback, link-local (cloud metadata included), multicast, reserved, for documentation or benchmarks.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocol = a == 192 && b == 0 && c == 0;
    let relay_6to4 = a == 192 && b == 88 && c == 99;
    let reserved = a >= 240 || a == 0;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || benchmark
        || protocol
        || relay_6to4
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = address.segments();
    // Of 2000::/3 only: everything else is loopback, link-local, unique local, multicast or unassigned.
    let global = segments[0] & 0xE000 == 0x2000;
    let documentation = (segments[0] == 0x2001 && segments[1] == 0x0DB8) || segments[0] == 0x3FFF;
    // Tunnels and protocol assignments (Teredo in 2001::/23, 6to4) wrap an IPv4 address that would escape the check.
    let wraps_v4 = (segments[0] == 0x2001 && segments[1] < 0x0200) || segments[0] == 0x2002;
    global && !documentation && !wraps_v4
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    single_line(&innermost.to_string(), MAX_DETAIL_CHARS)
}
