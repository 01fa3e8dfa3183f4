//! Eval results as runners write them: JSON lines (Seatrial's own, promptfoo's) and JUnit XML.
//!
//! A result names its case by id wherever the runner keeps it: in a field, in its metadata or variables, in a property,
//! or within the name of the test.

mod jsonl;
mod junit;

use seatrial_domain::ids::CaseId;
use seatrial_domain::limits;
use seatrial_domain::suite::EvalVerdict;
use serde::Serialize;

/// A trial as a file says it, in the shape of the API.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalItem {
    /// The case: a text that holds its id, or its title.
    pub case: String,
    /// Which trial it is, where the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<u32>,
    /// What became of it.
    pub verdict: EvalVerdict,
    /// The runner's score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What the runner says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// Where in the file something stands, such as `line 3`, and the trial, or why it cannot be read.
pub type Placed = (String, Result<EvalItem, String>);

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalFormat {
    /// A JSON object a line.
    Jsonl,
    /// JUnit XML.
    Junit,
}

impl EvalFormat {
    /// The format of a text by how it begins.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') { Self::Junit } else { Self::Jsonl }
    }
}

/// Reads the trials of a file. Each has its place, such as `line 3`; one that cannot be read does not sink the others.
///
/// # Errors
/// A sentence when the file as a whole cannot be read.
pub fn read(format: EvalFormat, text: &str) -> Result<Vec<Placed>, String> {
    let text = text.trim_start_matches('\u{feff}');
    match format {
        EvalFormat::Jsonl => Ok(jsonl::read(text)),
        EvalFormat::Junit => junit::read(text),
    }
}

/// The text that names the case best: the first that holds the id of a case, or else the first that says anything.
fn named<'a>(candidates: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let mut said = candidates.filter(|text| !text.trim().is_empty());
    let id = said.clone().find_map(id_within);
    id.or_else(|| said.next().map(|text| limits::clip(text.trim(), limits::NOTE_BYTES).to_owned()))
}

/// The id of a case within a text.
fn id_within(text: &str) -> Option<String> {
    let prefix = format!("{}_", CaseId::PREFIX);
    let mut places = text.match_indices(&prefix).filter_map(|(at, _)| text.get(at..at + prefix.len() + 32));
    places.find(|id| id.parse::<CaseId>().is_ok()).map(str::to_owned)
}

/// A message as it is sent: trimmed and bounded, `None` when it says nothing.
fn message(text: &str) -> Option<String> {
    let text = limits::clip(text.trim(), limits::NOTE_BYTES);
    (!text.is_empty()).then(|| text.to_owned())
}
