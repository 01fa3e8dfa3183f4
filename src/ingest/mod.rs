//! Foreign bytes into domain facts. Pure functions with hard caps, meant for threads that may block.

pub mod eval;
pub mod otlp;
