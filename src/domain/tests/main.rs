//! The domain's tests, one module per noun, in one binary.

mod access;
