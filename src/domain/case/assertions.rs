//! What an eval case asserts: what must and must not hold, a reference answer, tools and bounds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CaseError;
use super::content::same_as_observed;
use crate::limits;
use crate::redact::Redactor;

/// A figure of a run that a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Total cost in nano-units of the project's currency.
    CostNanos,
    /// From start to end, in milliseconds.
    LatencyMs,
    /// Input and output tokens together.
    Tokens,
    /// Calls of tools.
    ToolCalls,
    /// Calls repeated after their own error.
    Retries,
}

impl Figure {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CostNanos => "cost_nanos",
            Self::LatencyMs => "latency_ms",
            Self::Tokens => "tokens",
            Self::ToolCalls => "tool_calls",
            Self::Retries => "retries",
        }
    }
}

/// Bounds on a figure of the run that is tested. At least one of the two is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The figure.
    pub figure: Figure,
    /// Its least accepted value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// Its greatest accepted value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
}

/// What a case asserts. All of it has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Assertions {
    /// What the answer must do or contain, each in a sentence.
    pub must: Vec<String>,
    /// What it must not do or contain.
    pub must_not: Vec<String>,
    /// A right answer, written by a person. Never what the failed run answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Tools that must be called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_tools: Vec<String>,
    /// Tools that must not be called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_tools: Vec<String>,
    /// Bounds on figures of the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Bound>,
}

impl Assertions {
    /// How many things are asserted.
    #[must_use]
    pub fn count(&self) -> usize {
        let texts = self.must.len() + self.must_not.len() + usize::from(self.reference.is_some());
        texts + self.expected_tools.len() + self.forbidden_tools.len() + self.bounds.len()
    }

    /// Whether nothing is asserted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Each assertion in a line that begins with its kind.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let of = |kind: &'static str, texts: &[String]| {
            texts.iter().map(move |text| format!("{kind}: {text}")).collect::<Vec<_>>()
        };
        let mut lines = of("must", &self.must);
        lines.extend(of("must not", &self.must_not));
        lines.extend(self.reference.iter().map(|text| format!("reference answer: {text}")));
        lines.extend(of("expected tool", &self.expected_tools));
        lines.extend(of("forbidden tool", &self.forbidden_tools));
        for bound in &self.bounds {
            let least = bound.at_least.map(|value| format!(" at least {value}")).unwrap_or_default();
            let most = bound.at_most.map(|value| format!(" at most {value}")).unwrap_or_default();
            lines.push(format!("bound: {}{least}{most}", bound.figure.as_str()));
        }
        lines
    }

    /// These assertions trimmed, masked and checked against each other and against what the failed run answered.
    ///
    /// # Errors
    /// [`CaseError`] naming the field.
    pub(super) fn checked(&self, observed: Option<&Value>, redactor: &mut Redactor) -> Result<Self, CaseError> {
        let checked = Self {
            must: texts("must", &self.must, limits::NOTE_BYTES, redactor)?,
            must_not: texts("must_not", &self.must_not, limits::NOTE_BYTES, redactor)?,
            reference: self.reference.as_deref().map(|text| reference(text, redactor)).transpose()?.flatten(),
            expected_tools: texts("expected_tools", &self.expected_tools, limits::LABEL_BYTES, redactor)?,
            forbidden_tools: texts("forbidden_tools", &self.forbidden_tools, limits::LABEL_BYTES, redactor)?,
            bounds: self.bounds.clone(),
        };
        contradiction("must_not", &checked.must, &checked.must_not)?;
        contradiction("forbidden_tools", &checked.expected_tools, &checked.forbidden_tools)?;
        checked.check_bounds()?;
        if let Some(observed) = observed {
            checked.check_observed(observed)?;
        }
        Ok(checked)
    }

    fn check_bounds(&self) -> Result<(), CaseError> {
        if self.bounds.len() > limits::ASSERTIONS_PER_CASE {
            return Err(too_many("bounds", self.bounds.len()));
        }
        for (i, bound) in self.bounds.iter().enumerate() {
            let field = format!("bounds[{i}]");
            let wrong = match (bound.at_least, bound.at_most) {
                (None, None) => Some("give `at_least`, `at_most` or both"),
                (Some(least), Some(most)) if least > most => Some("`at_least` is greater than `at_most`"),
                (least, most) if least.into_iter().chain(most).any(|value| value < 0) => {
                    Some("the figure is never negative")
                }
                _ if self.bounds[..i].iter().any(|other| other.figure == bound.figure) => {
                    Some("there is another bound on the same figure; put the two together")
                }
                _ => None,
            };
            if let Some(wrong) = wrong {
                return Err(CaseError::at(field, wrong));
            }
        }
        Ok(())
    }

    fn check_observed(&self, observed: &Value) -> Result<(), CaseError> {
        let must = self.must.iter().enumerate().map(|(i, text)| (format!("must[{i}]"), text));
        let mut expected = must.chain(self.reference.iter().map(|text| ("reference".to_owned(), text)));
        match expected.find(|(_, text)| same_as_observed(text, observed)) {
            Some((field, _)) => Err(CaseError::EnshrinesFailure { field }),
            None => Ok(()),
        }
    }
}

fn texts(field: &str, texts: &[String], most_bytes: usize, redactor: &mut Redactor) -> Result<Vec<String>, CaseError> {
    let mut clean: Vec<String> = Vec::new();
    for (i, text) in texts.iter().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let field = format!("{field}[{i}]");
        let text = short(&field, text, most_bytes, redactor)?;
        if !clean.contains(&text) {
            clean.push(text);
        }
    }
    if clean.len() > limits::ASSERTIONS_PER_CASE {
        return Err(too_many(field, clean.len()));
    }
    Ok(clean)
}

fn reference(text: &str, redactor: &mut Redactor) -> Result<Option<String>, CaseError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    short("reference", text, limits::CASE_CONTENT_BYTES, redactor).map(Some)
}

fn short(field: &str, text: &str, most_bytes: usize, redactor: &mut Redactor) -> Result<String, CaseError> {
    let text = text.trim();
    if text.len() > most_bytes {
        return Err(CaseError::at(
            field,
            format!("it is {} bytes long; at most {most_bytes} are accepted", text.len()),
        ));
    }
    Ok(redactor.text(field, text))
}

fn too_many(field: &str, count: usize) -> CaseError {
    CaseError::at(field, format!("there are {count}; at most {} are accepted", limits::ASSERTIONS_PER_CASE))
}

fn contradiction(field: &str, required: &[String], forbidden: &[String]) -> Result<(), CaseError> {
    match forbidden.iter().position(|text| required.contains(text)) {
        Some(i) => Err(CaseError::Contradiction { field: format!("{field}[{i}]") }),
        None => Ok(()),
    }
}
