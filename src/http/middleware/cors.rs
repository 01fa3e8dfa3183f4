//! Calls from pages of other sites: off, unless the operator names the sites. They bring a token of their own; cookies are
//! never taken from another site.

use actix_cors::Cors;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH};
use actix_web::middleware::Condition;

use crate::config::Config;

/// How long a browser may remember the answer to its question, in seconds.
const REMEMBERED_SECONDS: usize = 600;

/// Answers what browsers ask before they call from another site.
#[must_use]
pub fn cors(config: &Config) -> Condition<Cors> {
    let origins: Vec<String> = config.cors_origins().map(str::to_owned).collect();
    let mut allowed = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH])
        .allowed_header("idempotency-key")
        .expose_headers([ETAG])
        .expose_headers(["retry-after", "x-request-id"])
        .max_age(REMEMBERED_SECONDS);
    for origin in &origins {
        allowed = allowed.allowed_origin(origin);
    }
    Condition::new(!origins.is_empty(), allowed)
}
