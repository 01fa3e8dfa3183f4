//! Reading protobuf without copying it: fields as slices of the body that arrived.
//!
//! A generated decoder would build an object of some 250 bytes for every two bytes of an empty span and a string for
//! every attribute, which costs both memory under attack and a third of the time of ingest. This reader hands out
//! borrowed slices instead, and they are also what is stored.

/// Why bytes are not a protobuf message, as the end of a sentence that begins with "the body".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub &'static str);

/// The value of one field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wire<'a> {
    /// An integer, boolean or enum.
    Varint(u64),
    /// Eight bytes, little-endian.
    Fixed64(u64),
    /// A string, bytes or message.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32,
}

impl<'a> Wire<'a> {
    /// The bytes of a length-delimited field.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed("has a field of another type than OTLP defines")),
        }
    }

    /// The bytes of a length-delimited field; `None` for anything else.
    pub const fn into_bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text of a string field.
    pub fn text(self) -> Result<&'a str, Malformed> {
        text(self.bytes()?)
    }

    /// The integer of a varint or eight-byte field; 0 for anything else.
    pub const fn number(self) -> u64 {
        match self {
            Self::Varint(value) | Self::Fixed64(value) => value,
            Self::Bytes(_) | Self::Fixed32 => 0,
        }
    }
}

/// Bytes as UTF-8 text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed("has text that is not UTF-8"))
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// Its number.
    pub number: u32,
    /// Its value.
    pub value: Wire<'a>,
    /// The field as it stands, key included.
    pub raw: &'a [u8],
}

/// The fields of a message, in order. Ends after the first error.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for (i, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { TRUNCATED } else { Malformed("has a number of more than ten bytes") })
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| TRUNCATED)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let start = self.rest;
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?;
                Wire::Fixed64(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Wire::Fixed32
            }
            _ => return Err(Malformed("has a field of an unknown wire type")),
        };
        let number = u32::try_from(key >> 3).map_err(|_| Malformed("has a field number out of range"))?;
        if number == 0 {
            return Err(Malformed("has a field with number 0"));
        }
        Ok(Field { number, value, raw: &start[..start.len() - self.rest.len()] })
    }
}

const TRUNCATED: Malformed = Malformed("ends in the middle of a field; it is truncated or not protobuf");

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// How many bytes a varint takes.
pub(super) const fn varint_len(value: usize) -> usize {
    let bits = usize::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Writes a varint.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes the key and length of a length-delimited field with a number below 16.
pub(super) fn put_header(out: &mut Vec<u8>, number: u8, length: usize) {
    out.push(number << 3 | 2);
    put_varint(out, length as u64);
}
