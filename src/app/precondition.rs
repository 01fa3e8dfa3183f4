//! `ETag` and `If-Match`: an edit names what it rests on, and is refused when somebody has changed that since.

use seatrial_domain::digest::Digest;
use serde::Serialize;

use super::error::AppError;

/// What an edit rests on: the tags of which one must be that of what is there; anything, where none was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// Whatever is there.
    pub const ANYTHING: Self = Self(None);

    /// Reads the header. `*` is anything.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        let tags: Vec<String> = header.split(',').map(|tag| tag.trim().trim_start_matches("W/").to_owned()).collect();
        if tags.iter().any(|tag| tag == "*") { Self::ANYTHING } else { Self(Some(tags)) }
    }

    /// Refuses unless what is there is what the edit rests on.
    ///
    /// # Errors
    /// [`AppError::ChangedMeanwhile`].
    pub fn check(&self, current: &impl Serialize) -> Result<(), AppError> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let tag = etag(current)?;
        if tags.contains(&tag) { Ok(()) } else { Err(AppError::ChangedMeanwhile) }
    }
}

/// The tag of a value: another value has another one.
///
/// # Errors
/// When the value is no plain data.
pub fn etag(value: &impl Serialize) -> Result<String, AppError> {
    let bytes = serde_json::to_vec(value).map_err(AppError::internal)?;
    Ok(format!("\"{}\"", &Digest::of(&bytes).hex()[..32]))
}
