//! Telling people and machines: mail by SMTP, signed webhooks, and the guarded client that sends them.

pub mod mail;
pub mod outbound;
pub mod text;
pub mod webhook;
