//! Control characters of log records, escaped where the record leaves the process.

use std::io::{self, Write};

/// A writer that gets whole records and passes them on with their control characters escaped.
#[derive(Debug)]
pub struct Escaping<W> {
    inner: W,
}

impl<W> Escaping<W> {
    /// Escapes on the way to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner }
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.inner.write_all(escape_record(&String::from_utf8_lossy(record)).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The record with every control character and direction mark written as `\u{…}`, its final line end
/// excepted: one record stays one line, and a terminal shows it rather than obeys it.
pub fn escape_record(record: &str) -> String {
    let (body, end) = record.strip_suffix('\n').map_or((record, ""), |body| (body, "\n"));
    let mut escaped = String::with_capacity(record.len());
    for c in body.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped.push_str(end);
    escaped
}
