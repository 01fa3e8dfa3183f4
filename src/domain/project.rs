//! A project's own settings, and what its name in URLs is like.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::redact::{OwnPatterns, RedactionPattern};

/// A project's own settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectSettings {
    /// The currency of all amounts, by its ISO 4217 code.
    pub currency: String,
    /// What is masked in eval cases besides what every project masks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redaction_patterns: Vec<RedactionPattern>,
    /// What an hour of rescue work costs, in nano-units of the currency; 0 leaves labour out.
    pub labour_nanos_per_hour: i64,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self { currency: "USD".to_owned(), redaction_patterns: Vec::new(), labour_nanos_per_hour: 0 }
    }
}

impl ProjectSettings {
    /// What is wrong with the settings: the field and the reason.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            found.push(("currency", "must be three capital letters of ISO 4217, for example USD or EUR"));
        }
        if !(0..=limits::COST_NANOS).contains(&self.labour_nanos_per_hour) {
            found.push(("labour_nanos_per_hour", "must be from 0 to a million units of the currency"));
        }
        if OwnPatterns::of(&self.redaction_patterns).is_err() {
            found.push((
                "redaction_patterns",
                "at most 50 regular expressions of at most 200 bytes that find no empty text; names are not repeated",
            ));
        }
        found
    }

    /// The project's own patterns, ready to use.
    #[must_use]
    pub fn own_patterns(&self) -> OwnPatterns {
        // Settings are checked before they are stored.
        OwnPatterns::of(&self.redaction_patterns).unwrap_or_default()
    }
}

/// Whether `slug` can be a project's name in URLs: 2 to 64 lower-case letters, digits and single hyphens inside.
#[must_use]
pub fn is_slug(slug: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (2..=64).contains(&slug.len())
        && slug.bytes().all(allowed)
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        && !slug.contains("--")
}
