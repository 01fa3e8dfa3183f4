//! Tests of the domain, one module per noun, one binary.

mod access;
mod stats;
mod support;
