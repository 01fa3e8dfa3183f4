//! The copy of a run that a case rests on: canonical JSON named by its digest, masked, independent of the run.

use serde::Serialize;
use serde_json::{Value, json};

use super::content::{RunContent, exact};
use crate::canonical::{CanonicalError, canonical_bytes, to_value};
use crate::digest::Digest;
use crate::ids::{ReleaseId, RunId, WorkflowId};
use crate::redact::Redactor;
use crate::run::{LateFact, RunFacts};
use crate::span::Span;
use crate::time::Timestamp;

/// The layout of a snapshot.
pub const SNAPSHOT_FORMAT: &str = "seatrial.case_snapshot/1";

/// What a snapshot is made from.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotSource<'a> {
    /// The run.
    pub run: RunId,
    /// Its external id.
    pub external_id: &'a str,
    /// Its workflow.
    pub workflow_id: WorkflowId,
    /// The workflow's name.
    pub workflow: &'a str,
    /// Its release.
    pub release_id: ReleaseId,
    /// The release's name.
    pub release: &'a str,
    /// When its first piece arrived.
    pub received_at: Timestamp,
    /// Its effective facts.
    pub facts: &'a RunFacts,
    /// What was appended later.
    pub late: &'a [LateFact],
    /// Its spans without bodies.
    pub spans: &'a [Span],
    /// What went in, came out and was said.
    pub content: &'a RunContent,
}

/// A masked copy of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub digest: Digest,
    /// The masked external id.
    pub external_id: String,
    /// The masked input.
    pub input: Option<Value>,
    /// The masked output.
    pub output: Option<Value>,
}

#[derive(Serialize)]
struct SpanCopy {
    trace_id: String,
    span_id: String,
    parent_span_id: Option<String>,
    class: crate::span::SpanClass,
    name: String,
    tool: Option<String>,
    model: Option<String>,
    error: Option<String>,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    tokens: Option<crate::run::Tokens>,
    cost_nanos: Option<i64>,
}

impl Snapshot {
    /// Copies a run, masked by `redactor`.
    ///
    /// # Errors
    /// When something in the run has no canonical form, which its facts cannot have.
    pub fn take(source: &SnapshotSource<'_>, redactor: &mut Redactor) -> Result<Self, CanonicalError> {
        let content = source.content;
        let mut masked = |path: &str, value: Option<&Value>| value.map(|value| exact(redactor.value(path, value)));
        let input = masked("input", content.input.as_ref());
        let output = masked("output", content.output.as_ref());
        let messages = masked("messages", Some(&Value::Array(content.messages.clone())));
        let facts = exact(redactor.figures("facts", &to_value(source.facts)?));
        let late = exact(redactor.figures("late_facts", &to_value(source.late)?));
        let external_id = redactor.text("external_id", source.external_id);
        let spans: Vec<SpanCopy> = source.spans.iter().enumerate().map(|(i, span)| copy(i, span, redactor)).collect();
        let document = json!({
            "format": SNAPSHOT_FORMAT,
            "run": {
                "id": source.run,
                "external_id": external_id,
                "workflow_id": source.workflow_id,
                "workflow": source.workflow,
                "release_id": source.release_id,
                "release": source.release,
                "received_at": source.received_at,
                "facts": facts,
                "late_facts": late,
            },
            "content": { "input": input, "output": output, "messages": messages },
            "spans": exact(to_value(&spans)?),
            "redactions": redactor.redactions(),
        });
        let bytes = canonical_bytes(&document)?;
        Ok(Self { digest: Digest::of(&bytes), bytes, external_id, input, output })
    }
}

/// A stored snapshot masked once more: its canonical bytes, and their digest. Ids and times stay as they are.
///
/// # Errors
/// When the bytes are no snapshot.
pub fn masked_again(bytes: &[u8], redactor: &mut Redactor) -> Result<(Vec<u8>, Digest), CanonicalError> {
    let mut document: Value = crate::canonical::parse_strict(bytes)?;
    let before = redactor.count();
    for part in ["input", "output", "messages"] {
        mask(&mut document, &format!("/content/{part}"), |value| exact(redactor.value(part, value)));
    }
    mask(&mut document, "/run/external_id", |value| redactor.figures("external_id", value));
    mask(&mut document, "/run/facts", |value| redactor.figures("facts", value));
    mask(&mut document, "/run/late_facts", |value| redactor.figures("late_facts", value));
    let spans = document.get("spans").and_then(Value::as_array).map_or(0, Vec::len);
    for at in 0..spans {
        for field in ["name", "tool", "model", "error"] {
            let path = format!("spans[{at}].{field}");
            mask(&mut document, &format!("/spans/{at}/{field}"), |value| redactor.figures(&path, value));
        }
    }
    if redactor.count() > before {
        let mut known = redactor.clone_patterns();
        mask(&mut document, "/redactions", |value| known.figures("redactions", value));
        if let Some(listed) = document.get_mut("redactions").and_then(Value::as_array_mut) {
            let new = to_value(&redactor.redactions())?;
            listed.extend(new.as_array().into_iter().flatten().cloned());
            listed.truncate(crate::limits::REDACTIONS_LISTED);
        }
    }
    let bytes = canonical_bytes(&document)?;
    Ok((bytes.clone(), Digest::of(&bytes)))
}

fn mask(document: &mut Value, pointer: &str, masked: impl FnOnce(&Value) -> Value) {
    if let Some(part) = document.pointer_mut(pointer) {
        *part = masked(part);
    }
}

/// Ids are kept as they are: digits of a span's id are no card number.
fn copy(position: usize, span: &Span, redactor: &mut Redactor) -> SpanCopy {
    let mut text = |field: &str, text: &str| redactor.text(&format!("spans[{position}].{field}"), text);
    SpanCopy {
        trace_id: span.trace_id.to_string(),
        span_id: span.id.to_string(),
        parent_span_id: span.parent.map(|parent| parent.to_string()),
        class: span.class,
        name: text("name", &span.name),
        tool: span.tool.as_deref().map(|tool| text("tool", tool)),
        model: span.model.as_deref().map(|model| text("model", model)),
        error: span.error.as_deref().map(|error| text("error", error)),
        started_at: span.started_at,
        ended_at: span.ended_at,
        tokens: span.tokens,
        cost_nanos: span.cost_nanos,
    }
}
