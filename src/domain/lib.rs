//! Seatrial's vocabulary and rules: runs and their facts, signals, cells, evidence, gates and decisions.
//!
//! Nothing here performs I/O, reads a clock or draws randomness: time and randomness are parameters, so the
//! same frozen evidence and policy give the same bytes on any machine. Storage, HTTP and rendering depend on
//! this crate; it depends on none of them.

pub mod access;
pub mod cell;
pub mod failure;
pub mod ids;
pub mod limits;
pub mod price;
pub mod run;
pub mod signal;
pub mod span;
pub mod stats;
pub mod time;
pub mod trace;
pub mod workflow;
