//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod case;
mod cli;
mod config;
mod decision;
mod demo;
mod failure;
mod gate;
mod gate_check;
mod identity;
mod import;
mod migrations;
mod notify;
mod openapi;
mod otlp;
mod problem;
mod project;
mod render;
mod scorecard;
mod signals;
mod sums;
mod support;
mod tidy;
mod web;
mod worker;
