//! What happens to every request. Outermost first: root span, security headers, metrics, refusal of
//! request encodings, then the routes.

pub mod content_encoding;
pub mod metrics;
pub mod rate_limit;
pub mod root_span;
pub mod security_headers;
