//! Redaction: secrets and personal data are masked before anything is stored, and what was masked is listed, so that
//! a reviewer sees the difference. Masking what is masked already changes nothing.
//!
//! The detectors are deliberately narrow where prose would suffer (telephone numbers, payment cards) and wide where a
//! miss costs most (credentials): a false mask is seen in the list and costs a word, a missed password costs more.

mod detect;
mod identity;
mod names;
mod own;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits;
use names::Sensitive;

pub use own::{OwnPatterns, RedactionPattern};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// A private key in PEM or PGP armour.
    PrivateKey,
    /// A provider's API key, recognised by its form.
    ApiKey,
    /// A bearer token, JSON web token or the value of an authorization header.
    Token,
    /// The value of a field or setting whose name says that it is secret.
    Secret,
    /// A mail address.
    Email,
    /// The number of a payment card.
    Card,
    /// A telephone number.
    Phone,
    /// A number by which a state knows a person.
    NationalId,
    /// The number of a bank account.
    BankAccount,
    /// What a pattern of the project's own finds.
    Own,
}

impl SecretKind {
    const ALL: [Self; 10] = [
        Self::PrivateKey,
        Self::ApiKey,
        Self::Token,
        Self::Secret,
        Self::Email,
        Self::Card,
        Self::Phone,
        Self::NationalId,
        Self::BankAccount,
        Self::Own,
    ];

    /// What stands in its place.
    #[must_use]
    pub const fn mask(self) -> &'static str {
        match self {
            Self::PrivateKey => "[private_key]",
            Self::ApiKey => "[api_key]",
            Self::Token => "[token]",
            Self::Secret => "[secret]",
            Self::Email => "[email]",
            Self::Card => "[card]",
            Self::Phone => "[phone]",
            Self::NationalId => "[national_id]",
            Self::BankAccount => "[bank_account]",
            Self::Own => "[masked]",
        }
    }
}

/// Whether `text` holds nothing but a mask and punctuation.
fn is_masked(text: &str) -> bool {
    let trimmed = text.trim();
    let rest = SecretKind::ALL.iter().find_map(|kind| trimmed.strip_prefix(kind.mask()));
    rest.is_some_and(|rest| !rest.chars().any(char::is_alphanumeric))
}

/// Something that was masked, without what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Redaction {
    /// Where: a path such as `input.customer.notes` or `messages[2].content`.
    pub path: String,
    /// What kind of thing it was.
    pub kind: SecretKind,
    /// The words around it as they are stored.
    pub after: String,
}

/// A redaction with what was there before. Shown to the reviewer who decides, never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masking {
    /// The redaction.
    pub redaction: Redaction,
    /// The words as they were in the run.
    pub before: String,
}

/// Masks values and remembers what it masked.
#[derive(Debug, Default)]
pub struct Redactor {
    found: Vec<Masking>,
    count: usize,
    keep_numbers: bool,
    own: OwnPatterns,
}

/// Strings that hold JSON are looked into this many levels deep; beyond it they are treated as text.
const NESTED: usize = 6;
/// Characters shown on either side of a mask.
const AROUND: usize = 40;

impl Redactor {
    /// A redactor that has masked nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A redactor that also masks what a project's own patterns find.
    #[must_use]
    pub fn with(own: OwnPatterns) -> Self {
        Self { own, ..Self::default() }
    }

    /// One that has masked nothing yet and masks the same.
    #[must_use]
    pub fn clone_patterns(&self) -> Self {
        Self::with(self.own.clone())
    }

    /// How many things were masked.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// What was masked, in the order it was found; at most [`limits::REDACTIONS_LISTED`] of them.
    #[must_use]
    pub fn found(&self) -> &[Masking] {
        &self.found
    }

    /// What was masked, without what it was.
    #[must_use]
    pub fn redactions(&self) -> Vec<Redaction> {
        self.found.iter().map(|masking| masking.redaction.clone()).collect()
    }

    /// Masks every text of a JSON value, keys included, and every value whose key says that it is secret.
    #[must_use]
    pub fn value(&mut self, path: &str, value: &Value) -> Value {
        self.any(path, value, NESTED)
    }

    /// Masks a JSON value like [`Redactor::value`] and leaves its numbers alone: those of figures are no card numbers.
    #[must_use]
    pub fn figures(&mut self, path: &str, value: &Value) -> Value {
        self.keep_numbers = true;
        let masked = self.any(path, value, NESTED);
        self.keep_numbers = false;
        masked
    }

    /// Masks a text. A text that holds a JSON object or list is looked into as JSON.
    #[must_use]
    pub fn text(&mut self, path: &str, text: &str) -> String {
        self.string(path, text, NESTED)
    }

    fn any(&mut self, path: &str, value: &Value, nested: usize) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) if self.keep_numbers => value.clone(),
            Value::Number(number) => {
                let text = number.to_string();
                let masked = self.plain(path, &text);
                if masked == text { value.clone() } else { Value::String(masked) }
            }
            Value::String(text) => Value::String(self.string(path, text, nested)),
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(i, item)| self.any(&format!("{path}[{i}]"), item, nested));
                Value::Array(items.collect())
            }
            Value::Object(fields) => Value::Object(self.object(path, fields, nested)),
        }
    }

    fn object(&mut self, path: &str, fields: &Map<String, Value>, nested: usize) -> Map<String, Value> {
        // `{"name": "password", "value": "…"}` and its like name their value in another field.
        let named = ["name", "key", "field"].iter().find_map(|key| fields.get(*key)).and_then(Value::as_str);
        let named = named.and_then(Sensitive::of);
        let mut masked = Map::new();
        for (key, value) in fields {
            let shown = self.plain(path, key);
            let below = format!("{path}.{}", limits::clip(&shown, 80));
            let sensitive = Sensitive::of(key).or_else(|| named.filter(|_| key == "value"));
            let value = match sensitive {
                Some(sensitive) => self.sensitive(&below, value, sensitive, nested),
                None => self.any(&below, value, nested),
            };
            masked.insert(unused(&masked, shown), value);
        }
        masked
    }

    /// Masks what stands under a key that says that it is secret.
    fn sensitive(&mut self, path: &str, value: &Value, sensitive: Sensitive, nested: usize) -> Value {
        match value {
            Value::String(text) if sensitive.covers(text) && !is_masked(text) => {
                self.record(path, sensitive.kind(), text.clone(), sensitive.kind().mask().to_owned());
                Value::String(sensitive.kind().mask().to_owned())
            }
            Value::Number(number) if sensitive.covers_numbers() => {
                self.record(path, sensitive.kind(), number.to_string(), sensitive.kind().mask().to_owned());
                Value::String(sensitive.kind().mask().to_owned())
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(i, item)| self.sensitive(&format!("{path}[{i}]"), item, sensitive, nested));
                Value::Array(items.collect())
            }
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| {
                    let key = self.plain(path, key);
                    let value = self.sensitive(&format!("{path}.{key}"), value, sensitive, nested);
                    (key, value)
                });
                Value::Object(fields.collect())
            }
            other => self.any(path, other, nested),
        }
    }

    fn string(&mut self, path: &str, text: &str, nested: usize) -> String {
        if nested > 0 && text.trim_start().starts_with(['{', '[', '"']) {
            let inner = serde_json::from_str::<Value>(text);
            if let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = inner {
                let before = self.count;
                let masked = self.any(path, &inner, nested - 1);
                if self.count > before {
                    return masked.to_string();
                }
            }
        }
        self.plain(path, text)
    }

    /// Masks what the detectors find in a text.
    fn plain(&mut self, path: &str, text: &str) -> String {
        let hits = detect::hits(text, &self.own);
        if hits.is_empty() {
            return text.to_owned();
        }
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        let mut places = Vec::with_capacity(hits.len());
        for hit in hits {
            masked.push_str(&text[at..hit.start]);
            places.push((hit, masked.len()));
            masked.push_str(hit.kind.mask());
            at = hit.end;
        }
        masked.push_str(&text[at..]);
        for (hit, place) in places {
            let before = around(text, hit.start, hit.end);
            let after = around(&masked, place, place + hit.kind.mask().len());
            self.record(path, hit.kind, before, after);
        }
        masked
    }

    fn record(&mut self, path: &str, kind: SecretKind, before: String, after: String) {
        self.count += 1;
        if self.found.len() < limits::REDACTIONS_LISTED {
            let before = limits::clip(&before, 400).to_owned();
            self.found.push(Masking { redaction: Redaction { path: path.to_owned(), kind, after }, before });
        }
    }
}

/// The key, numbered when another masked key came out the same.
fn unused(map: &Map<String, Value>, key: String) -> String {
    if !map.contains_key(&key) {
        return key;
    }
    (2..).map(|n| format!("{key} {n}")).find(|key| !map.contains_key(key)).unwrap_or(key)
}

/// The part of `text` from `start` to `end` with some characters on either side.
fn around(text: &str, start: usize, end: usize) -> String {
    let from = text[..start].char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
    let to = text[end..].char_indices().nth(AROUND).map_or(text.len(), |(at, _)| end + at);
    let (left, right) = (if from > 0 { "…" } else { "" }, if to < text.len() { "…" } else { "" });
    format!("{left}{}{right}", &text[from..to])
}
