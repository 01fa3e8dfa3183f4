//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod cli;
mod config;
mod demo;
mod identity;
mod notify;
mod otlp;
mod problem;
mod project;
mod render;
mod sums;
mod support;
mod tidy;
mod web;
