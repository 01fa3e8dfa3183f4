//! Scalars of OTLP/JSON: each type accepts what exporters really send for it.

use std::fmt;

use base64::Engine as _;
use serde::de::{Error, Visitor};

use super::super::wire::put_varint;
use super::put_bytes;
use super::schema::{Field, Kind};

/// Reads one scalar and writes it as a field.
pub(super) struct Scalar<'o> {
    pub field: &'static Field,
    pub out: &'o mut Vec<u8>,
}

impl Scalar<'_> {
    fn varint<E>(self, value: u64) -> Result<(), E> {
        self.out.push(self.field.number << 3);
        put_varint(self.out, value);
        Ok(())
    }

    fn eight_bytes<E>(self, value: u64) -> Result<(), E> {
        self.out.push(self.field.number << 3 | 1);
        self.out.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn wrong<E: Error>(&self, given: &str) -> E {
        E::custom(format_args!("`{}` is {given}, expected {}", self.field.name, self.expected()))
    }

    const fn expected(&self) -> &'static str {
        match self.field.kind {
            Kind::Message(_) => "an object",
            Kind::Text => "text",
            Kind::Hex => "hexadecimal text",
            Kind::Base64 => "base64 text",
            Kind::Bool => "true or false",
            Kind::Varint => "a whole number",
            Kind::Fixed64 => "a whole number of nanoseconds, as a number or text",
            Kind::Double => "a number",
        }
    }
}

impl Visitor<'_> for Scalar<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in `{}`", self.expected(), self.field.name)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.field.kind {
            Kind::Bool => self.varint(u64::from(value)),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match self.field.kind {
            Kind::Varint => self.varint(value),
            Kind::Fixed64 => self.eight_bytes(value),
            Kind::Double => self.eight_bytes((value as f64).to_bits()),
            _ => Err(self.wrong("a number")),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match self.field.kind {
            Kind::Varint => self.varint(value.cast_unsigned()),
            Kind::Double => self.eight_bytes((value as f64).to_bits()),
            _ => Err(self.wrong("a negative number")),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let whole = value.fract() == 0.0;
        match self.field.kind {
            Kind::Double => self.eight_bytes(value.to_bits()),
            // Some encoders write large times in exponent notation; what a float can hold of them is what arrived.
            Kind::Fixed64 if whole && (0.0..1.8e19).contains(&value) => self.eight_bytes(value as u64),
            Kind::Varint if whole && value.abs() < 9.2e18 => self.varint((value as i64).cast_unsigned()),
            _ => Err(self.wrong("a number with a fraction")),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let given = || format!("`{}`", value.chars().take(40).collect::<String>());
        match self.field.kind {
            Kind::Text => put_bytes(self.out, self.field.number, value.as_bytes()),
            // An id that is no hexadecimal text is left empty, so that its span is refused and not the batch.
            Kind::Hex => put_bytes(self.out, self.field.number, &hex(value).unwrap_or_default()),
            Kind::Base64 => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(value);
                let bytes = bytes.map_err(|_| self.wrong::<E>(&given()))?;
                put_bytes(self.out, self.field.number, &bytes);
            }
            Kind::Varint => {
                let number = value.parse().ok().or_else(|| enum_number(value));
                let number: i64 = number.ok_or_else(|| self.wrong::<E>(&given()))?;
                return self.varint(number.cast_unsigned());
            }
            Kind::Fixed64 => {
                let number = value.parse().map_err(|_| self.wrong::<E>(&given()))?;
                return self.eight_bytes(number);
            }
            Kind::Double => {
                let number: f64 = value.parse().map_err(|_| self.wrong::<E>(&given()))?;
                return self.eight_bytes(number.to_bits());
            }
            Kind::Bool | Kind::Message(_) => return Err(self.wrong(&given())),
        }
        Ok(())
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// The numbers of enum values that encoders write by name against the specification.
fn enum_number(name: &str) -> Option<i64> {
    Some(match name {
        "STATUS_CODE_UNSET" | "SPAN_KIND_UNSPECIFIED" => 0,
        "STATUS_CODE_OK" | "SPAN_KIND_INTERNAL" => 1,
        "STATUS_CODE_ERROR" | "SPAN_KIND_SERVER" => 2,
        "SPAN_KIND_CLIENT" => 3,
        "SPAN_KIND_PRODUCER" => 4,
        "SPAN_KIND_CONSUMER" => 5,
        _ => return None,
    })
}
