//! The document that leaves with a decision: everything needed to verify it offline.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SealedDecision;
use crate::canonical::{CanonicalError, parse_strict, to_canonical};
use crate::ids::DecisionId;

/// The name and version of the export's shape.
pub const EXPORT_FORMAT: &str = "seatrial.decision-export/1";

/// A decision with everything needed to verify it offline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionExport {
    /// [`EXPORT_FORMAT`].
    pub format: String,
    /// The decision this export is about.
    pub decision: DecisionId,
    /// The frozen evidence, as the JSON value of its canonical bytes.
    pub bundle: Value,
    /// The recommendation, likewise.
    pub recommendation: Value,
    /// The project's chain up to this decision and beyond; best from the first.
    pub decisions: Vec<SealedDecision>,
}

impl DecisionExport {
    /// An export from stored canonical bytes.
    ///
    /// # Errors
    /// When the stored bytes are not JSON.
    pub fn from_stored(
        decision: DecisionId,
        bundle: &[u8],
        recommendation: &[u8],
        decisions: Vec<SealedDecision>,
    ) -> Result<Self, CanonicalError> {
        Ok(Self {
            format: EXPORT_FORMAT.to_owned(),
            decision,
            bundle: parse_strict(bundle)?,
            recommendation: parse_strict(recommendation)?,
            decisions,
        })
    }

    /// The bytes to hand out. Reformatting them does not break verification; changing them does.
    ///
    /// # Errors
    /// When a number has no exact form.
    pub fn bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }
}
