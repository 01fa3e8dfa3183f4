//! The integration tests: one binary, a module per noun, on what `support` gives.

mod support;
mod tidy;
mod web;
