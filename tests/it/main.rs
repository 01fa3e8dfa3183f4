//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod config;
mod identity;
mod demo;
mod migrations;
mod notify;
mod otlp;
mod problem;
mod render;
mod sums;
mod support;
mod tidy;
mod web;
