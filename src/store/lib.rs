//! Seatrial's storage: the only place that names SeaORM or sqlx.
//!
//! Both databases are one implementation. Every finder starts from a [`Scope`] (the project), every list is paged and
//! bounded, and a write happens inside a [`WriteTx`] that the use case commits. Runs go through [`ingest`], which
//! applies many requests in one transaction and keeps cells and evidence blocks equal to a recomputation.

pub mod account;
pub mod accumulate;
mod actor;
pub mod alert;
pub mod api_key;
pub mod archive;
pub mod attestation;
pub mod audit;
pub mod blob;
pub mod bundle;
pub mod case;
pub mod case_band;
pub mod case_version;
pub mod changes;
mod connection;
mod contains;
pub mod decision;
pub mod delivery;
pub mod deployment;
pub mod drift;
pub mod entity;
mod error;
pub mod eval_result;
pub mod evidence;
pub mod exemption;
pub mod failure;
pub mod failure_class;
pub mod forecast;
pub mod freshness;
pub mod gap;
pub mod gate;
pub mod idempotency;
pub mod ingest;
pub mod invitation;
pub mod lease;
pub mod member;
mod migrations;
pub mod notice;
mod open;
pub mod outbox;
pub mod owner;
pub mod password_reset;
pub mod pattern;
pub mod policy;
pub mod prefix;
pub mod price;
pub mod project;
pub mod proposal;
pub mod release;
pub mod request;
pub mod response;
pub mod retention;
pub mod run;
pub mod sample;
pub mod saved_view;
mod scope;
pub mod scorecard;
pub mod segment;
pub mod session;
pub mod signing_key;
pub mod suite;
pub mod team;
pub mod template;
pub mod triage_act;
pub mod webhook;
pub mod workflow;

/// The target under which the database driver writes log records.
pub const DRIVER_LOG_TARGET: &str = "sqlx";

pub use connection::{Connection, ReadConnection, WriteTx};
pub use error::StoreError;
pub use open::{Backend, OpenOptions, Store};
pub use scope::{Cursor, Order, Page, Scope};
