//! HTTP: the only place that names actix-web and utoipa.
//!
//! A handler takes a [`extract::Caller`], parses, calls one use case and presents its answer; errors become
//! [`problem::Problem`]s. `api` is the REST API, `pages` the web application, `otlp` the OpenTelemetry endpoints.

pub mod api;
pub mod artifact;
pub mod body;
pub mod client_address;
pub mod cookie;
pub mod extract;
pub mod health;
pub mod middleware;
pub mod openapi;
pub mod otlp;
pub mod pages;
pub mod present;
pub mod problem;
pub mod problem_table;
pub mod server;
pub mod sign_in;
