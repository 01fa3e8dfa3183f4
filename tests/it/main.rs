//! The integration tests: one binary, a module per noun.

mod auth;
mod config;
mod notify;
mod problem;
