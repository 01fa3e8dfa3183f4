//! What benchmarks share: the real program in a child process, so that its processor time and memory are its own, or the
//! service in this one, a plain HTTP client, and what `/proc` says of a process.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod http;
pub mod in_process;
pub mod measure;
pub mod server;

/// Failures end the benchmark; there is nobody to handle them.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
