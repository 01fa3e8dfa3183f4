//! The statistics of a gate: intervals to look at, e-processes that decide, sketches that merge.
//!
//! Everything here is a pure function of counts and sums. Logarithms, exponentials and special
//! functions come from the `libm` crate alone, never from the platform, so that a frozen verdict
//! replays to the same bytes on any machine. Formulas and golden vectors: `docs/STATISTICS.md`.

pub mod amount;
pub mod bet;
pub mod class_mix;
pub mod detector;
pub mod draw;
pub mod e_bh;
pub mod e_process;
pub mod interval;
pub mod kitagawa;
pub mod paired;
pub mod quantile;
pub mod rank;
pub mod ratio;
pub mod round;
pub mod sequence;
pub mod sketch;
pub mod special;
pub mod standardised;
pub mod test_statistics;

pub use bet::{EvidenceMethod, Predictor};
pub use e_process::{EProcess, Null, Outcomes, Trajectory};
pub use interval::Interval;
pub use round::round9;
pub use sketch::Sketch;
