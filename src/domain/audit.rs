//! The audit log: who did what to which thing, from where. Append-only, chained by hash like decisions.
//!
//! An entry names the digest of the one before it, so changing, adding or removing one later changes a digest that a
//! later entry names. Exports are lines of [`SealedEntry`] and verify offline ([`ChainCheck`]).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::Actor;
use crate::canonical::{CanonicalError, to_canonical};
use crate::digest::Digest;
use crate::ids::{AuditId, ProjectId};
use crate::time::Timestamp;

/// The version of the entry's shape.
pub const AUDIT_SCHEMA: u32 = 1;

/// One act. Its detail has `before`, null of what came to be, and `after`, null of what is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// The version of this shape.
    pub schema: u32,
    /// Its id.
    pub id: AuditId,
    /// Whose log; of acts that belong to no project, the nil id.
    pub project: ProjectId,
    /// Its place in the chain, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What they did.
    pub action: String,
    /// To what kind of thing.
    pub noun: String,
    /// To which one.
    pub noun_id: String,
    /// What changed, without secrets.
    pub detail: Value,
    /// The address the request came from; absent of background work and of the command line on the server.
    pub address: Option<String>,
    /// The request, as its answer and the service's log name it.
    pub request_id: Option<String>,
    /// The digest of the entry before it; absent of the first.
    pub previous: Option<Digest>,
}

/// An entry and the digest it was stored under: a line of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedEntry {
    /// The entry.
    pub record: AuditRecord,
    /// Its digest when it was appended.
    pub digest: Digest,
}

impl AuditRecord {
    /// The bytes that are hashed and stored. A detail that JSON cannot hold exactly is kept as its text.
    ///
    /// # Errors
    /// When the sequence is beyond what JSON holds exactly.
    pub fn seal(mut self) -> Result<(SealedEntry, Vec<u8>), CanonicalError> {
        let canonical = match to_canonical(&self) {
            Ok(canonical) => canonical,
            Err(_) => {
                self.detail = Value::String(self.detail.to_string());
                to_canonical(&self)?
            }
        };
        Ok((SealedEntry { digest: Digest::of(&canonical), record: self }, canonical))
    }
}

/// What does not hold of an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditProblem {
    /// The content is not what was sealed.
    #[error("its content has the digest {actual}, and it was stored under {stored}: it was changed")]
    Changed {
        /// The digest it was stored under.
        stored: Digest,
        /// The digest of what is there.
        actual: Digest,
    },
    /// It does not follow the entry before it.
    #[error("it does not name the digest of the entry before it: an entry was changed, added or removed")]
    Link,
    /// A number is missing or repeated.
    #[error("its sequence should be {expected}: an entry is missing, repeated or out of order")]
    Sequence {
        /// The number that belongs here.
        expected: u64,
    },
    /// It belongs to another log.
    #[error("it belongs to another project than the entries before it")]
    Project,
    /// It has no canonical form.
    #[error("it has no canonical form: {0}")]
    Canonical(CanonicalError),
}

/// Checks a chain entry by entry, so that a log of any length is verified in little memory.
#[derive(Clone, Debug, Default)]
pub struct ChainCheck {
    last: Option<(ProjectId, u64, Digest)>,
    first_sequence: Option<u64>,
    entries: u64,
}

impl ChainCheck {
    /// A check that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry. A list may begin in the middle of a chain: then what its first entry names as the one
    /// before it is taken as given.
    ///
    /// # Errors
    /// What does not hold of it.
    pub fn take(&mut self, entry: &SealedEntry) -> Result<(), AuditProblem> {
        let record = &entry.record;
        let actual = Digest::of(&to_canonical(record).map_err(AuditProblem::Canonical)?);
        if actual != entry.digest {
            return Err(AuditProblem::Changed { stored: entry.digest, actual });
        }
        match self.last {
            Some((project, sequence, digest)) => {
                if record.project != project {
                    return Err(AuditProblem::Project);
                }
                let expected = sequence.saturating_add(1);
                if record.sequence != expected {
                    return Err(AuditProblem::Sequence { expected });
                }
                if record.previous != Some(digest) {
                    return Err(AuditProblem::Link);
                }
            }
            None if record.sequence == 0 => return Err(AuditProblem::Sequence { expected: 1 }),
            None if (record.sequence == 1) != record.previous.is_none() => return Err(AuditProblem::Link),
            None => self.first_sequence = Some(record.sequence),
        }
        self.last = Some((record.project, record.sequence, entry.digest));
        self.entries += 1;
        Ok(())
    }

    /// How many entries were right.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The sequence of the first entry; absent before one was seen.
    #[must_use]
    pub const fn first_sequence(&self) -> Option<u64> {
        self.first_sequence
    }

    /// The last entry's sequence and digest: compare it with one noted elsewhere.
    #[must_use]
    pub fn head(&self) -> Option<(u64, Digest)> {
        self.last.map(|(_, sequence, digest)| (sequence, digest))
    }
}
