//! Proving who somebody is: passwords, browser sessions, access tokens, API keys and form tokens.
//!
//! What an actor may do is `seatrial_domain::access`; this module only finds out who it is.

pub mod api_key;
pub mod csrf;
pub mod password;
pub mod secret;
pub mod session;
pub mod token;
