//! The vocabulary and the rules of Seatrial: no I/O, no clock, no randomness.

pub mod access;
