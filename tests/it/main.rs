//! The integration tests: one binary, a module per noun, on what `support` gives.

mod auth;
mod case;
mod config;
mod decision;
mod demo;
mod failure;
mod gate;
mod gate_check;
mod identity;
mod loop_walk;
mod notify;
mod otlp;
mod pages;
mod problem;
mod render;
mod scorecard;
mod signals;
mod sums;
mod support;
mod tidy;
mod web;
mod worker;
