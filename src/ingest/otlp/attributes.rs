//! Attributes: the key-value lists of resources, spans, events and log records, read where they stand.

use std::borrow::Cow;

use serde_json::{Map, Number, Value as Json};

use super::wire::{Fields, Malformed, Wire, text};

/// How deep values may nest. Deeper is an attack or a bug; protobuf decoders stop at 100 messages, two a level.
const DEPTH: usize = 32;

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    pub key: &'a str,
    pub value: Value<'a>,
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Empty,
    Text(&'a str),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// An `ArrayValue` message.
    List(&'a [u8]),
    /// A `KeyValueList` message.
    Map(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Attribute<'a> {
    /// Reads a `KeyValue` message.
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        Self::read_at(message, DEPTH)
    }

    fn read_at(message: &'a [u8], depth: usize) -> Result<Self, Malformed> {
        let mut attribute = Self { key: "", value: Value::Empty };
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => attribute.key = field.value.text()?,
                2 => attribute.value = Value::read_at(field.value.bytes()?, depth)?,
                _ => {}
            }
        }
        Ok(attribute)
    }
}

impl<'a> Value<'a> {
    /// Reads an `AnyValue` message, and checks what is nested in it.
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        Self::read_at(message, DEPTH)
    }

    fn read_at(message: &'a [u8], depth: usize) -> Result<Self, Malformed> {
        let mut value = Self::Empty;
        for field in Fields::of(message) {
            let field = field?;
            value = match (field.number, field.value) {
                (1, Wire::Bytes(bytes)) => Self::Text(text(bytes)?),
                (2, Wire::Varint(bit)) => Self::Bool(bit != 0),
                (3, Wire::Varint(int)) => Self::Int(int.cast_signed()),
                (4, Wire::Fixed64(bits)) => Self::Double(f64::from_bits(bits)),
                (5, Wire::Bytes(list)) => {
                    let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
                    items(list).try_for_each(|item| Self::read_at(item?, depth).map(drop))?;
                    Self::List(list)
                }
                (6, Wire::Bytes(map)) => {
                    let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
                    items(map).try_for_each(|item| Attribute::read_at(item?, depth).map(drop))?;
                    Self::Map(map)
                }
                (7, Wire::Bytes(bytes)) => Self::Bytes(bytes),
                _ => value,
            };
        }
        Ok(value)
    }

    /// The text, when it is one and not blank.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text).filter(|text| !text.trim().is_empty()),
            _ => None,
        }
    }

    /// A scalar as text, such as a version somebody set as a number. `None` for blank text and for structures.
    pub fn label(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(_) => self.text().map(Cow::Borrowed),
            Self::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Self::Int(value) => Some(Cow::Owned(value.to_string())),
            Self::Double(value) => Some(Cow::Owned(value.to_string())),
            _ => None,
        }
    }

    /// A number, whichever type carries it.
    pub fn float(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::Double(value) => Some(value),
            Self::Bool(value) => Some(f64::from(u8::from(value))),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|value: &f64| value.is_finite())
    }

    /// A whole number, whichever type carries it.
    pub fn int(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            Self::Double(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(value as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A yes or no, whichever type carries it.
    pub fn bool(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            Self::Int(value) => Some(value != 0),
            Self::Text(text) => match text.trim() {
                "true" | "True" | "TRUE" | "yes" | "1" => Some(true),
                "false" | "False" | "FALSE" | "no" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value as JSON; bytes as base64, numbers JSON has not as text.
    pub fn to_json(self) -> Json {
        match self {
            Self::Empty => Json::Null,
            Self::Text(text) => Json::String(text.to_owned()),
            Self::Bool(value) => Json::Bool(value),
            Self::Int(value) => Json::from(value),
            Self::Double(value) => {
                Number::from_f64(value).map_or_else(|| Json::String(value.to_string()), Json::Number)
            }
            Self::List(list) => {
                let read = |item: Result<&'a [u8], Malformed>| item.and_then(Value::read);
                Json::Array(items(list).filter_map(|item| read(item).ok()).map(Value::to_json).collect())
            }
            Self::Map(map) => Json::Object(to_json(items(map).filter_map(Result::ok))),
            Self::Bytes(bytes) => {
                use base64::Engine as _;
                Json::String(base64::engine::general_purpose::STANDARD.encode(bytes))
            }
        }
    }
}

const TOO_DEEP: Malformed = Malformed("has an attribute nested more than 32 levels deep");

/// The messages of a list's field 1.
fn items(list: &[u8]) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Fields::of(list).filter_map(|field| match field {
        Ok(field) if field.number == 1 => Some(field.value.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// `KeyValue` messages as a JSON object; what cannot be read is left out.
pub(super) fn to_json<'a>(messages: impl Iterator<Item = &'a [u8]>) -> Map<String, Json> {
    messages
        .filter_map(|message| Attribute::read(message).ok())
        .map(|attribute| (attribute.key.to_owned(), attribute.value.to_json()))
        .collect()
}
