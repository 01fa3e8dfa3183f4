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
    /// The position of the first that cannot stand: it is none, too long, finds an empty text, or repeats a name.
    pub fn of(patterns: &[RedactionPattern]) -> Result<Self, usize> {
        if patterns.len() > limits::REDACTION_PATTERNS {
            return Err(limits::REDACTION_PATTERNS);
        }
        let compile = |(at, own): (usize, &RedactionPattern)| {
            let named = limits::label(&own.name).as_deref() == Some(own.name.as_str());
            let new = patterns[..at].iter().all(|other| other.name != own.name);
            let short = (1..=limits::LABEL_BYTES).contains(&own.pattern.len());
            let compiled = RegexBuilder::new(&own.pattern).size_limit(COMPILED_BYTES).build().ok();
            compiled.filter(|regex| named && new && short && !regex.is_match("")).ok_or(at)
        };
        Ok(Self(patterns.iter().enumerate().map(compile).collect::<Result<_, _>>()?))
    }

    /// What they find in a text.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let all = self.0.iter().flat_map(|regex| regex.find_iter(text));
        let all = all.filter(|found| !found.is_empty());
        all.map(|found| Hit { start: found.start(), end: found.end(), kind: SecretKind::Own }).collect()
    }
}
