//! Seatrial's own seeded simulator: the demo project, and bodies of a known size for the ingest benchmark.
//!
//! Everything here is a pure generator. The seed and the present time are parameters, nothing reads a clock or
//! performs I/O, and the same parameters give the same bytes on every machine (only IEEE additions and
//! multiplications are used, no library transcendental functions).
//!
//! [`scenario`] says what is true of each release, [`mod@simulate`] draws runs from it, [`batch`] encodes them as OTLP
//! requests and late facts, [`control`] describes the rest of the project (people, rules, scorecards, gates), and
//! [`load`] makes the benchmark's bodies.

pub mod attributes;
pub mod batch;
pub mod control;
pub mod dice;
mod draw;
pub mod load;
pub mod scenario;
mod script;
pub mod simulate;
mod spans;
mod trace;

pub use batch::{DemoBatch, requests};
pub use draw::{ApprovalDraw, DrawnRun, EscalationDraw, RescueDraw};
pub use load::load_bodies;
pub use simulate::{LateFactInput, SimulatedRun, draws, simulate};

/// Runs of the demo project unless asked otherwise.
pub const DEMO_RUNS: usize = 20_000;
/// The seed of the demo project, so that everybody looks at the same story.
pub const DEMO_SEED: u64 = 20_260_101;
