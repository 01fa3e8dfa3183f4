//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod config;
mod identity;
mod notify;
mod problem;
mod support;
mod tidy;
mod web;
