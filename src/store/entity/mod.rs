//! One file per table: the columns as SeaORM sees them. Reviewed SQL in `migrations/` is what makes the tables.
#![expect(missing_docs, reason = "columns are described where the migrations make them")]

pub mod account;
pub mod api_key;
pub mod attestation;
pub mod audit_entry;
pub mod block;
pub mod bundle;
pub mod case;
pub mod cell;
pub mod decision;
pub mod failure;
pub mod failure_class;
pub mod gap_owner;
pub mod gate;
pub mod lease;
pub mod member;
pub mod outbox;
pub mod policy;
pub mod price;
pub mod project;
pub mod proposal;
pub mod release;
pub mod release_event;
pub mod run;
pub mod run_fact;
pub mod scorecard;
pub mod scorecard_version;
pub mod segment_value;
pub mod session;
pub mod signing_key;
pub mod trace;
pub mod webhook;
pub mod workflow;
