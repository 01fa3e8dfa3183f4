//! What went into a run and came out of it, and how two answers are compared.

use serde_json::{Number, Value};

use crate::limits;

/// What a run was given, gave back and said on the way, as far as it carries content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunContent {
    /// What it was given.
    pub input: Option<Value>,
    /// What it gave back.
    pub output: Option<Value>,
    /// The conversation.
    pub messages: Vec<Value>,
}

/// Integers up to this are exact in every JSON reader: 2⁵³ − 1.
const EXACT_INTEGER: u64 = (1 << 53) - 1;

/// The value with integers that JSON readers would round written as strings, so that it has canonical bytes.
#[must_use]
pub fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) if rounds(&number) => Value::String(number.to_string()),
        Value::Array(items) => Value::Array(items.into_iter().map(exact).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, exact(value))).collect()),
        other => other,
    }
}

fn rounds(number: &Number) -> bool {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    magnitude.is_some_and(|magnitude| magnitude > EXACT_INTEGER)
}

/// The value as people read it: a text as it is, a message by its words, anything else as JSON.
#[must_use]
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => said(other).map_or_else(|| other.to_string(), str::to_owned),
    }
}

/// The words of an object that is a message or wraps one text.
fn said(value: &Value) -> Option<&str> {
    let fields = value.as_object()?;
    ["content", "text", "output", "answer", "message", "result"].iter().find_map(|key| fields.get(*key)?.as_str())
}

/// Whether a text says what the failed run answered, whatever the line breaks and spaces.
pub(super) fn same_as_observed(text: &str, observed: &Value) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let text_words = words(text);
    if text_words.is_empty() {
        return false;
    }
    let last = match observed {
        Value::Array(items) => items.last(),
        _ => None,
    };
    let answers = [Some(observed), last].into_iter().flatten();
    let told = answers.clone().any(|answer| words(&as_text(answer)) == text_words);
    let parsed = serde_json::from_str::<Value>(text).ok();
    told || parsed.is_some_and(|parsed| answers.into_iter().any(|answer| *answer == parsed))
}

/// What is kept of an observed output beside the case: all of it, or the beginning of its text when it is very long.
pub(super) fn clipped(observed: Value) -> Value {
    if observed.to_string().len() <= limits::CASE_CONTENT_BYTES {
        return observed;
    }
    let text = as_text(&observed);
    // JSON may need several bytes for a character of the text.
    Value::String(format!("{}…", limits::clip(&text, limits::CASE_CONTENT_BYTES / 8)))
}
