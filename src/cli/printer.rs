//! The only place that writes to a terminal: data to standard output, talk to standard error.
//!
//! A reader that went away (`seatrial … | head`) is no failure, so write errors are left alone.

use std::io::{self, Write};

use serde_json::Value;

use crate::telemetry::escape_record;

/// A line of data, as it is. Escape foreign text first ([`safe`]), unless a machine reads it.
pub fn data(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// A whole document, which ends its own last line.
pub fn document(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line of talk for the person at the terminal. Control characters in it are escaped.
pub fn say(line: &str) {
    let mut error = io::stderr().lock();
    for line in line.lines() {
        let _ = writeln!(error, "{}", safe(line));
    }
}

/// Foreign text with control characters and direction marks escaped, so that it cannot steer a terminal.
#[must_use]
pub fn safe(text: &str) -> String {
    escape_record(text)
}

/// A text of an answer, made [`safe`]; `absent` where there is none.
#[must_use]
pub fn text_or(value: &Value, absent: &str) -> String {
    value.as_str().map_or_else(|| absent.to_owned(), safe)
}

/// A text of an answer, made [`safe`]; a dash where there is none.
#[must_use]
pub fn text(value: &Value) -> String {
    text_or(value, "-")
}
