//! Integration tests: everything that is not the pure domain.

mod demo;
