//! A project's own patterns: customer numbers, internal hosts, whatever only it knows to be personal.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::SecretKind;
use super::detect::Hit;
use crate::limits;

/// Most memory that one compiled pattern takes, in bytes: a pattern is no program.
const COMPILED_BYTES: usize = 256 << 10;

/// Something a project wants masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactionPattern {
    /// What it finds, such as `customer number`.
    pub name: String,
    /// A regular expression (Rust's syntax, searched in linear time); its whole match is masked.
    pub pattern: String,
}

/// Patterns, compiled.
#[derive(Clone, Debug, Default)]
pub struct OwnPatterns(Vec<Regex>);

impl OwnPatterns {
    /// Compiles patterns.
    ///
    /// # Errors
    /// The position of the first that cannot stand, and why: it is none, too long, finds an empty text, or repeats a name.
    pub fn of(patterns: &[RedactionPattern]) -> Result<Self, (usize, String)> {
        if patterns.len() > limits::REDACTION_PATTERNS {
            return Err((
                limits::REDACTION_PATTERNS,
                format!("is one more than the {} allowed", limits::REDACTION_PATTERNS),
            ));
        }
        let compile = |(at, own): (usize, &RedactionPattern)| {
            let new = patterns[..at].iter().all(|other| other.name != own.name);
            let why = if limits::label(&own.name).as_deref() != Some(own.name.as_str()) {
                "needs a name of 1 to 200 bytes without control characters".to_owned()
            } else if !new {
                "has the name of a pattern above".to_owned()
            } else if !(1..=limits::LABEL_BYTES).contains(&own.pattern.len()) {
                format!("is a regular expression of 1 to {} bytes", limits::LABEL_BYTES)
            } else {
                match RegexBuilder::new(&own.pattern).size_limit(COMPILED_BYTES).build() {
                    Ok(regex) if regex.is_match("") => {
                        "finds the empty text, so it would mask between any two letters".to_owned()
                    }
                    Ok(regex) => return Ok(regex),
                    Err(error) => refused(&error),
                }
            };
            Err((at, why))
        };
        Ok(Self(patterns.iter().enumerate().map(compile).collect::<Result<_, _>>()?))
    }

    /// How many places each of them finds in a text, in their order.
    #[must_use]
    pub fn counts(&self, text: &str) -> Vec<usize> {
        self.0.iter().map(|regex| regex.find_iter(text).filter(|found| !found.is_empty()).count()).collect()
    }

    /// What they find in a text.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let all = self.0.iter().flat_map(|regex| regex.find_iter(text));
        let all = all.filter(|found| !found.is_empty());
        all.map(|found| Hit { start: found.start(), end: found.end(), kind: SecretKind::Own }).collect()
    }
}

/// Why the engine does not take a pattern: its last line says so, those before draw where.
fn refused(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "takes too much memory; repeat less of it".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("cannot be read: {}", last.trim_start_matches("error: "))
        }
    }
}
