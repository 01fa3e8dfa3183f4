//! How an answer looks on standard output: for people or for programs. The same flag with the same values everywhere.

use clap::ValueEnum;
use serde::Serialize;

use super::exit::Failure;
use super::printer;

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document on one line.
    Json,
}

impl Format {
    /// Prints the document for programs, or what `text` prints for people.
    ///
    /// # Errors
    /// When the answer cannot be written as JSON.
    pub fn print<T: Serialize + ?Sized>(self, answer: &T, text: impl FnOnce()) -> Result<(), Failure> {
        match self {
            Self::Json => printer::data(&serde_json::to_string(answer).map_err(Failure::new)?),
            Self::Text => text(),
        }
        Ok(())
    }
}
