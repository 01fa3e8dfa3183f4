//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod config;
mod demo;
mod migrations;
mod notify;
mod otlp;
mod problem;
mod render;
mod support;
mod tidy;
mod web;
