//! OTLP/JSON to OTLP/protobuf, in one pass over the text and without building objects.
//!
//! The output is never much longer than the input, so a body of millions of empty spans costs no more memory than
//! any other. Numbers are accepted as numbers or text, unknown fields are ignored, `null` is absent, and enums may
//! be named, because exporters do all of these.

mod scalar;
mod schema;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::wire::{put_header, put_varint, varint_len};
use scalar::Scalar;
use schema::{Field, Kind, Message};

/// A body in protobuf, and what was noticed on the way.
pub(super) struct Encoded {
    /// The protobuf message.
    pub bytes: Vec<u8>,
    /// A field that was ignored and would have been known in lowerCamelCase: the usual sign of a hand-made body.
    pub snake_case: Option<String>,
}

/// The traces of a JSON body.
pub(super) fn traces(body: &[u8]) -> Result<Encoded, serde_json::Error> {
    encode(body, &schema::TRACES)
}

/// The log records of a JSON body.
pub(super) fn logs(body: &[u8]) -> Result<Encoded, serde_json::Error> {
    encode(body, &schema::LOGS)
}

fn encode(body: &[u8], message: &'static Message) -> Result<Encoded, serde_json::Error> {
    let mut out = Encoded { bytes: Vec::with_capacity(body.len() / 2), snake_case: None };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    MessageBody { message, out: &mut out }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(out)
}

/// Reads an object and writes the fields of a message.
struct MessageBody<'o> {
    message: &'static Message,
    out: &'o mut Encoded,
}

impl<'de> DeserializeSeed<'de> for MessageBody<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MessageBody<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Key { message: self.message, out: self.out })? {
            match field {
                None => map.next_value::<IgnoredAny>().map(drop)?,
                Some(field) if field.repeated => map.next_value_seed(Items { field, out: self.out })?,
                Some(field) => map.next_value_seed(Item { field, out: self.out })?,
            }
        }
        Ok(())
    }
}

/// Finds the field of a key; `None` for an unknown one.
struct Key<'o> {
    message: &'static Message,
    out: &'o mut Encoded,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let field = self.message.fields.iter().find(|field| field.name == key);
        if field.is_none() && self.out.snake_case.is_none() && key.contains('_') {
            let same = |name: &str| name.chars().map(|c| c.to_ascii_lowercase()).eq(key.chars().filter(|c| *c != '_'));
            if self.message.fields.iter().any(|field| same(field.name)) {
                self.out.snake_case = Some(key.to_owned());
            }
        }
        Ok(field)
    }
}

/// Reads a list and writes each element as one field.
struct Items<'o> {
    field: &'static Field,
    out: &'o mut Encoded,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list in `{}`", self.field.name)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Item { field: self.field, out: self.out })?.is_some() {}
        Ok(())
    }
}

/// Reads one value and writes it as a field, key included.
struct Item<'o> {
    field: &'static Field,
    out: &'o mut Encoded,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Kind::Message(message) = self.field.kind else {
            return deserializer.deserialize_any(Scalar { field: self.field, out: &mut self.out.bytes });
        };
        self.out.bytes.push(self.field.number << 3 | 2);
        let start = self.out.bytes.len();
        // The length comes first but is known last: room for one byte, and more is made when it is needed.
        self.out.bytes.push(0);
        MessageBody { message, out: self.out }.deserialize(deserializer)?;
        close(&mut self.out.bytes, start).ok_or_else(|| D::Error::custom("a message is too long"))
    }
}

/// Writes the length of the message that begins after the placeholder at `start`.
fn close(out: &mut Vec<u8>, start: usize) -> Option<()> {
    let length = out.len().checked_sub(start + 1)?;
    let extra = varint_len(length) - 1;
    if extra > 0 {
        out.resize(out.len() + extra, 0);
        out.copy_within(start + 1..start + 1 + length, start + 1 + extra);
    }
    let mut header = Vec::with_capacity(extra + 1);
    put_varint(&mut header, length as u64);
    out.get_mut(start..=start + extra)?.copy_from_slice(&header);
    Some(())
}

/// Writes a length-delimited field.
fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    put_header(out, number, bytes.len());
    out.extend_from_slice(bytes);
}
