//! What somebody else saved while a form was open. One way for every form that rests on what it was opened with: what was
//! typed stays, what is saved stands beside it, and the form shown again rests on that, so that sending it once more
//! writes over it knowingly.

use crate::app::error::AppError;
use crate::render::view::MeanwhileRow;

/// Said above the form.
pub const SAID: &str = "Somebody else saved this after you opened it. What you typed is below, and what they saved beside \
                        it; sending it again writes over theirs.";

/// Whether a form was refused because of it.
pub fn happened(error: &AppError) -> bool {
    matches!(error, AppError::ChangedMeanwhile | AppError::Conflict { code: "version_conflict", .. })
}

/// The fields that differ. `saved` and `typed` are the same fields in the same order, each with its label.
pub fn rows(saved: Vec<(String, String)>, typed: Vec<(String, String)>) -> Vec<MeanwhileRow> {
    let both = saved.into_iter().zip(typed);
    both.filter(|((_, saved), (_, typed))| saved != typed)
        .map(|((label, saved), (_, typed))| MeanwhileRow::new(label, said(saved), said(typed)))
        .collect()
}

fn said(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}
