//! Tests of the domain, one module per noun, one binary.

mod access;
mod gate_cases;
mod stats;
mod support;
