//! Use cases: the only layer that composes the store, ingest, mail and sign-in. One file per noun.

pub mod error;
pub mod ports;
