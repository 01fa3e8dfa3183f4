//! Prefixes that were used lately, as they are in memory: a page that follows a gate, or a second person who looks, does
//! not read and decode megabytes again.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use seatrial_domain::evidence::Prefix;
use seatrial_domain::gate::Progress;
use seatrial_domain::ids::GateId;

/// The most bytes of prefixes that are held, by the length of their encoded form; in memory they take a few times that.
const BYTES: u64 = 16 << 20;
/// About how many gates are looked at in the same hours.
const GATES: usize = 16;

/// A prefix with how far its evidence had come.
pub(super) type Known = Arc<(Prefix, Progress)>;

/// The prefixes of some gates, each of one revision: any other is not the one that is kept.
#[derive(Debug)]
pub struct RememberedPrefixes(Cache<GateId, Remembered, ByLength>);

#[derive(Clone, Debug)]
struct Remembered {
    revision: i64,
    length: u64,
    known: Known,
}

#[derive(Clone, Debug)]
struct ByLength;

impl Weighter<GateId, Remembered> for ByLength {
    fn weight(&self, _: &GateId, remembered: &Remembered) -> u64 {
        remembered.length
    }
}

impl Default for RememberedPrefixes {
    fn default() -> Self {
        Self(Cache::with_weighter(GATES, BYTES, ByLength))
    }
}

impl RememberedPrefixes {
    /// The prefix of a gate, when it is of this revision.
    pub(super) fn find(&self, gate: GateId, revision: i64) -> Option<Known> {
        self.0.get(&gate).filter(|found| found.revision == revision).map(|found| found.known)
    }

    /// Remembers a prefix that is `length` bytes long in its encoded form.
    pub(super) fn put(&self, gate: GateId, revision: i64, length: usize, known: Known) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        self.0.insert(gate, Remembered { revision, length, known });
    }
}
