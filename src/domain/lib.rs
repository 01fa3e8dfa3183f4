//! Seatrial's vocabulary and rules: runs and their facts, signals, cells, evidence, gates and decisions.
//!
//! Nothing here performs I/O, reads a clock or draws randomness: time and randomness are parameters, so the
//! same frozen evidence and policy give the same bytes on any machine. Storage, HTTP and rendering depend on
//! this crate; it depends on none of them.

pub mod access;
pub mod alert;
pub mod audit;
pub mod canonical;
pub mod case;
pub mod cell;
pub mod decision;
pub mod digest;
pub mod drift;
pub mod evidence;
pub mod failure;
pub mod gap;
pub mod gate;
pub mod ids;
pub mod limits;
pub mod notice;
pub mod owner;
pub mod pattern;
pub mod policy;
pub mod price;
pub mod project;
pub mod redact;
pub mod release;
pub mod response;
pub mod run;
pub mod sample;
pub mod saved_view;
pub mod scorecard;
pub mod signal;
pub mod similarity;
pub mod span;
pub mod stats;
pub mod suite;
pub mod time;
pub mod trace;
pub mod triage;
pub mod workers;
pub mod workflow;
