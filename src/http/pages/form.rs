//! What forms share: empty fields are absent, and why one was not accepted.

use crate::app::error::{AppError, FieldError};

/// A field's text, trimmed; `None` when nothing was typed.
pub fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A decimal number as a whole number of its smallest parts: `0.75` in parts of 9 places is 750,000,000. `None` when it is
/// no such number, is below zero, or says more places than there are: an amount is kept exactly or not at all.
pub fn scaled(text: &str, places: usize) -> Option<i64> {
    let text = text.trim().replace(',', ".");
    let (whole, parts) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(parts) || (whole.is_empty() && parts.is_empty()) || parts.len() > places {
        return None;
    }
    format!("{whole}{parts:0<places$}").parse().ok()
}

/// The same as a decimal number, without zeros at its end.
pub fn unscaled(parts: i64, places: usize) -> String {
    let text = format!("{parts:0>width$}", width = places + 1);
    let (whole, parts) = text.split_at(text.len() - places);
    let parts = parts.trim_end_matches('0');
    if parts.is_empty() { whole.to_owned() } else { format!("{whole}.{parts}") }
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
