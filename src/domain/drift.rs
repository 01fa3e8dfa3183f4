//! Drift: whether a live release behaves as it did, hour by hour, from cells.
//!
//! A [`Watch`] learns what was usual from the baseline's last weeks and from the release's own first days, then takes
//! hours in, each once. For every kind of change and every segment with enough history it runs an e-detector
//! ([`crate::stats::detector`]); all detectors of a release share one promise: while nothing changes, the first false
//! alarm is expected no earlier than after the days that the project sets. What is learned from finitely many runs is
//! not known exactly, so a detector bets against the upper end of what was learned, not against its middle.

mod learn;
mod settings;
mod stream;
mod traffic;
mod watch;
mod words;

use serde::{Deserialize, Serialize};

use crate::alert::AlertKind;
use crate::evidence::RateCount;
use crate::response::named;
use crate::time::Timestamp;

pub use settings::{DriftSettings, KindSettings, QuietPeriod, SettingsProblem};
pub use stream::{Stream, Watched};
pub use watch::{Group, History, Hour, Plan, Restart, Watch};
pub use words::{Named, alert_text};

named! {
    /// What a stream is compared with.
    Against {
        /// The baseline release's last weeks before the release went live.
        Baseline => "baseline",
        /// The release's own first days.
        FirstDays => "first_days",
        /// The same hours of earlier weeks.
        LikeHours => "like_hours",
    }
}

/// Something that changed in one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it is compared with.
    pub against: Against,
    /// The segment's dimension; empty for all runs.
    pub dimension: String,
    /// The segment's value; empty for all runs.
    pub value: String,
    /// What is counted: a signal, a failure class, a cost.
    pub what: String,
    /// Since when, as far as can be told: the hour in which the present excursion began.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The hour in which there was enough evidence.
    #[schema(value_type = String, format = DateTime)]
    pub noticed_at: Timestamp,
    /// What was usual: hits among outcomes.
    pub before: RateCount,
    /// What was counted since the change.
    pub now: RateCount,
    /// The highest rate that would still have been no change, in the hours it was compared with; the largest of them.
    pub bound: f64,
    /// Whether like hours were compared with like hours.
    pub seasonal: bool,
    /// Logarithm of the detector's value.
    pub ln_evidence: f64,
    /// The logarithm it had to reach.
    pub ln_bar: f64,
    /// In words, with the figures.
    pub text: String,
}

/// What was read of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// How many of its streams have enough history.
    pub watched: u64,
    /// What changed, the strongest first, all runs before segments.
    pub findings: Vec<Finding>,
    /// Whether the release has had no runs for long enough that nothing can be said.
    pub silent: bool,
    /// Whether everything that had changed is back.
    pub recovered: bool,
}

/// A kind and what was read of it.
pub type KindReading = (AlertKind, Reading);
