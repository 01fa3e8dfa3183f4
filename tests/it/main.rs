//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod config;
mod demo;
mod identity;
mod import;
mod migrations;
mod notify;
mod openapi;
mod otlp;
mod problem;
mod render;
mod signals;
mod sums;
mod support;
mod tidy;
mod web;
