//! Where a request really comes from, behind proxies that are trusted and in front of those that are not.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpMessage, HttpRequest};

use crate::config::network::IpRange;

/// The address of the client: the peer, or, when the peer is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one. Addresses further left were written by the client and prove nothing.
pub fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpRange]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for text in forwarded.into_iter().rev() {
        match text.parse::<IpAddr>() {
            Ok(address) if is_trusted(address.to_canonical()) => {}
            Ok(address) => return Some(address.to_canonical()),
            // A proxy that is trusted wrote something unreadable: do not go further left.
            Err(_) => return Some(peer),
        }
    }
    Some(peer)
}

/// Whether the request reached a trusted proxy over HTTPS, as that proxy says.
pub fn came_by_tls(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpRange]) -> bool {
    let from_proxy = peer.is_some_and(|peer| trusted.iter().any(|range| range.contains(peer.to_canonical())));
    let protocol = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok()).unwrap_or("");
    from_proxy && protocol.trim().eq_ignore_ascii_case("https")
}

/// [`client_address`] of a request inside a handler.
pub fn of_request(request: &HttpRequest, trusted: &[IpRange]) -> Option<IpAddr> {
    client_address(request.peer_addr().map(|peer| peer.ip()), request.headers(), trusted)
}

/// [`client_address`] of a request inside a middleware.
pub fn of_service_request(request: &ServiceRequest, trusted: &[IpRange]) -> Option<IpAddr> {
    client_address(request.peer_addr().map(|peer| peer.ip()), HttpMessage::headers(request), trusted)
}
