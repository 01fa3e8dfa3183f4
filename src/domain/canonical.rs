//! Canonical JSON (RFC 8785): the one byte sequence of a document, so that it can be named by its digest.
//!
//! Object keys are sorted by UTF-16 code units, numbers are written as ECMAScript writes them, nothing is escaped
//! that need not be. Nothing hashed depends on the order of a map.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;
use serde_json::{Map, Number, Value};

/// The largest integer whose neighbours are all exact in the numbers of JSON readers: 2⁵³ − 1.
const EXACT_INTEGER: u64 = (1 << 53) - 1;

/// Why a document has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// An integer that readers would round.
    #[error("the integer {0} is beyond 2^53 - 1 and would be rounded by readers of JSON; write it as a string")]
    Integer(String),
    /// Infinity or not a number.
    #[error("a number is infinite or not a number, which JSON cannot hold; leave it out")]
    NotFinite,
    /// The value could not be turned into JSON, or the text is not JSON of the wanted shape.
    #[error("not JSON of the wanted shape: {0}")]
    Shape(String),
}

/// The canonical bytes of a JSON value.
///
/// # Errors
/// When a number has no exact form; see [`CanonicalError`].
pub fn canonical_bytes(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut text = String::new();
    write_value(&mut text, value)?;
    Ok(text.into_bytes())
}

/// The canonical bytes of anything that serialises.
///
/// A NaN or infinite `f64` field turns into `null` on the way; types that are frozen hold such figures as absent.
///
/// # Errors
/// As [`canonical_bytes`], and when `document` cannot be turned into JSON.
pub fn to_canonical<T: Serialize + ?Sized>(document: &T) -> Result<Vec<u8>, CanonicalError> {
    canonical_bytes(&to_value(document)?)
}

/// Anything that serialises, as a JSON value.
///
/// # Errors
/// When `document` cannot be turned into JSON, such as a map whose keys are no strings.
pub fn to_value<T: Serialize + ?Sized>(document: &T) -> Result<Value, CanonicalError> {
    serde_json::to_value(document).map_err(|error| CanonicalError::Shape(error.to_string()))
}

/// Reads JSON and refuses a key that occurs twice in one object, which two readers could understand differently.
///
/// # Errors
/// When the bytes are not JSON, or a key repeats.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let strict: Strict = serde_json::from_slice(bytes).map_err(|error| CanonicalError::Shape(error.to_string()))?;
    Ok(strict.0)
}

/// A value read back into a type.
///
/// # Errors
/// When the value has another shape.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, CanonicalError> {
    T::deserialize(value).map_err(|error| CanonicalError::Shape(error.to_string()))
}

fn write_value(text: &mut String, value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(text, number)?,
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write_value(text, item)?;
            }
            text.push(']');
        }
        Value::Object(map) => write_object(text, map)?,
    }
    Ok(())
}

fn write_object(text: &mut String, map: &Map<String, Value>) -> Result<(), CanonicalError> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by(|(a, _), (b, _)| utf16_order(a, b));
    text.push('{');
    for (i, (key, value)) in entries.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        write_string(text, key);
        text.push(':');
        write_value(text, value)?;
    }
    text.push('}');
    Ok(())
}

fn utf16_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            c if c < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
}

fn write_number(text: &mut String, number: &Number) -> Result<(), CanonicalError> {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    if let Some(magnitude) = magnitude {
        let written = number.to_string();
        // Beyond 2⁵³ only what a reader's number would be written as again.
        if magnitude > EXACT_INTEGER && number.as_f64().map(ecmascript).as_ref() != Some(&written) {
            return Err(CanonicalError::Integer(written));
        }
        text.push_str(&written);
        return Ok(());
    }
    let float = number.as_f64().filter(|float| float.is_finite()).ok_or(CanonicalError::NotFinite)?;
    text.push_str(&ecmascript(float));
    Ok(())
}

/// A finite number as ECMAScript's `Number::toString` writes it.
fn ecmascript(float: f64) -> String {
    if float == 0.0 {
        return "0".to_owned();
    }
    // The shortest digits that read back, the even ones of two as near (as ECMAScript wants and Rust's own
    // formatting does not promise), and where the point goes: 1250.0 is digits 125, point after the 4th place.
    let written = Number::from_f64(float.abs()).map(|number| number.to_string()).unwrap_or_default();
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    let places = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(leading).unwrap_or(0);
    let point = exponent.parse::<i32>().unwrap_or(0) + places;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let sign = if float < 0.0 { "-" } else { "" };
    if count <= point && point <= 21 {
        format!("{sign}{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{rest}")
    } else if -6 < point && point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{dot}{rest}e{:+}", point - 1)
    }
}

/// A JSON value read without repeated keys.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if map.contains_key(&key) {
                let clipped = crate::limits::clip(&key, 60);
                return Err(serde::de::Error::custom(format!("the key `{clipped}` occurs twice in one object")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
