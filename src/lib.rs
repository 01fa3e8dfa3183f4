//! Seatrial: the release gate of record for AI agents.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod demo;
pub mod http;
pub mod ingest;
pub mod notify;
pub mod render;
pub mod telemetry;
pub mod worker;
