//! Seatrial's vocabulary and rules: no async, no I/O, no clock, no randomness.

pub mod stats;
