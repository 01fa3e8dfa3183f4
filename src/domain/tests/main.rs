//! Tests of the domain, one module per noun, one binary.

mod access;
mod case;
mod gate_cases;
mod redact;
mod stats;
mod support;
