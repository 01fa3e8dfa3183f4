//! Seatrial, the release gate of record for AI agents.

pub mod demo;
