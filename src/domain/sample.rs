//! Sampling of successful runs into triage: which ones, and what a person found. A run that reports a success and is none
//! is found by looking at some of them, chosen by chance and not by anybody's liking.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::RunId;

/// Whether a run is among the share `rate` of successful runs that people look at. The digest of its id decides: every
/// process and every replay chooses the same runs, nobody can know an id's digest before the run, and a higher rate takes
/// every run that a lower one takes.
#[must_use]
pub fn is_sampled(run: RunId, rate: f64) -> bool {
    if rate <= 0.0 {
        return false;
    }
    let digest = Digest::of(run.uuid().as_bytes());
    let first = digest.bytes().first_chunk::<4>().copied().unwrap_or_default();
    f64::from(u32::from_be_bytes(first)) < rate * 4_294_967_296.0
}

/// What became of a sampled run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SampleStatus {
    /// Nobody has looked yet.
    Open,
    /// A person says that it was the success it reported to be.
    Upheld,
    /// A person says that it was none: it is a failure now, and in triage as one.
    Overturned,
}

impl SampleStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Upheld, Self::Overturned];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Upheld => "upheld",
            Self::Overturned => "overturned",
        }
    }

    /// The status of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}
