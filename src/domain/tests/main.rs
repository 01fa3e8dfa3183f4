//! Tests of the domain, one module per noun, one binary.

mod stats;
mod support;
