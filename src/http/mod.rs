//! HTTP: the only place that names actix-web and utoipa.

pub mod client_address;
pub mod cookie;
pub mod middleware;
pub mod problem;
