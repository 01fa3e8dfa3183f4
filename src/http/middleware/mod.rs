//! What happens to every request. Outermost first: root span, security headers, metrics, refusal of
//! request encodings, where it comes from, whether it was carried out already, whether it is an object, then the routes.

pub mod content_encoding;
pub mod cors;
pub mod idempotency;
pub mod json_object;
pub mod metrics;
pub mod origin;
pub mod rate_limit;
pub mod request_limit;
pub mod root_span;
pub mod security_headers;
