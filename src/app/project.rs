//! Projects: the tenant boundary, and their settings.

use seatrial_store::project::ProjectRow;
use serde::{Deserialize, Serialize};

use super::error::AppError;

/// A project's own settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectSettings {
    /// The currency of all amounts, by its ISO 4217 code.
    pub currency: String,
    /// What an hour of rescue work costs, in nano-units of the currency; 0 leaves labour out.
    pub labour_nanos_per_hour: i64,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self { currency: "USD".to_owned(), labour_nanos_per_hour: 0 }
    }
}

impl ProjectSettings {
    /// Reads the settings of a stored project.
    ///
    /// # Errors
    /// When they cannot be read back.
    pub fn from_row(row: &ProjectRow) -> Result<Self, AppError> {
        serde_json::from_str(&row.settings_json).map_err(AppError::internal)
    }
}
