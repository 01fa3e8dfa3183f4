//! What the integration tests stand on: databases, sinks for what the service sends out, the shared data, the browser.

pub mod app;
pub mod browser;
pub mod evidence;
pub mod mail;
pub mod notices;
pub mod postgres;
pub mod real_data;
pub mod schema;
pub mod shared;
pub mod smtp_sink;
pub mod sql;
pub mod tree;
pub mod visitor;
pub mod webhook_sink;
