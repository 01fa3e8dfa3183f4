//! Checkpoints: the head of a project's chain at a time, small enough to be kept where nobody of the project can
//! change it. Whoever rewrites the chain afterwards cannot make it agree with a checkpoint that left before.

use serde::{Deserialize, Serialize};

use super::SealedDecision;
use crate::canonical::{CanonicalError, from_value, parse_strict, to_canonical};
use crate::digest::Digest;
use crate::ids::{DecisionId, ProjectId};
use crate::time::Timestamp;

/// The name and version of a checkpoint's shape.
pub const CHECKPOINT_FORMAT: &str = "seatrial.checkpoint/1";

/// The head of a chain at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// `seatrial.checkpoint/1`.
    pub format: String,
    /// Whose chain.
    #[schema(value_type = String)]
    pub project: ProjectId,
    /// The place of its last decision, from 1: so many decisions there were.
    pub sequence: u64,
    /// That decision.
    #[schema(value_type = String)]
    pub decision: DecisionId,
    /// The digest it was sealed with, which rests on every one before it.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// When the checkpoint was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
}

impl Checkpoint {
    /// The checkpoint of a chain that ends with this decision.
    #[must_use]
    pub fn of(head: &SealedDecision, made_at: Timestamp) -> Self {
        Self {
            format: CHECKPOINT_FORMAT.to_owned(),
            project: head.record.project,
            sequence: head.record.sequence,
            decision: head.record.id,
            digest: head.digest,
            made_at,
        }
    }

    /// The bytes to keep.
    ///
    /// # Errors
    /// When the sequence is beyond what JSON holds exactly.
    pub fn bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }

    /// Reads a checkpoint that was kept.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let value = parse_strict(bytes).map_err(|error| format!("The checkpoint cannot be read: {error}."))?;
        let checkpoint: Self =
            from_value(&value).map_err(|error| format!("The document is no checkpoint: {error}."))?;
        if checkpoint.format == CHECKPOINT_FORMAT {
            Ok(checkpoint)
        } else {
            let format: String = checkpoint.format.chars().take(60).collect();
            Err(format!("The checkpoint says it is `{format}`; this version reads {CHECKPOINT_FORMAT}."))
        }
    }

    /// What the checkpoint says of these decisions of a verified chain.
    ///
    /// # Errors
    /// When the chain is another project's, lacks the decision, or has another one in its place.
    pub fn holds_of(&self, decisions: &[SealedDecision]) -> Result<String, String> {
        let Self { sequence, digest, made_at, .. } = self;
        if decisions.first().is_some_and(|first| first.record.project != self.project) {
            return Err("The checkpoint is of another project's chain.".to_owned());
        }
        let found = decisions.iter().find(|sealed| sealed.record.sequence == *sequence);
        let Some(found) = found else {
            let end = decisions.last().map_or(0, |last| last.record.sequence);
            return Err(if end < *sequence {
                format!(
                    "When the checkpoint was made, {made_at}, the chain had {sequence} decisions; the export ends with number {end}. Export again; when the chain is still shorter, decisions were taken out of it."
                )
            } else {
                format!("The checkpoint is of decision {sequence}, which is before the first one in the export.")
            });
        };
        if found.digest != *digest || found.record.id != self.decision {
            return Err(format!(
                "On {made_at} decision {sequence} was {} with the digest {digest}; the chain now has {} with {}: it was rewritten.",
                self.decision, found.record.id, found.digest
            ));
        }
        Ok(format!("The chain up to decision {sequence} is the one of {made_at}."))
    }
}
