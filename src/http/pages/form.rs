//! What forms share: empty fields are absent, and why one was not accepted.

use crate::app::error::{AppError, FieldError};

/// A field's text, trimmed; `None` when nothing was typed.
pub fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Why a form was not accepted, as one text to show above it, when it is the sender's to mend: the form is then shown
/// again. Anything else is an error of its own.
///
/// # Errors
/// The error itself when it is not about the input.
pub fn refusal(error: AppError) -> Result<String, AppError> {
    match error {
        AppError::Invalid { errors } => Ok(sentences(&errors)),
        AppError::Conflict { detail, .. } => Ok(detail),
        AppError::ChangedMeanwhile => {
            Ok("Somebody else changed this after you opened it. Look at what it says now, then \
             send your change again."
                .to_owned())
        }
        other => Err(other),
    }
}

fn sentences(errors: &[FieldError]) -> String {
    let sentence = |error: &FieldError| {
        if error.field.is_empty() { error.message.clone() } else { format!("{}: {}", error.field, error.message) }
    };
    errors.iter().map(sentence).collect::<Vec<_>>().join("; ")
}
