//! OpenTelemetry over HTTP: traces, scores and what agents' dialects say in their attributes.
//!
//! A request goes through [`Format::of`] and [`Encoding::of`] (its headers), [`decompress`] and [`decode`] (its body, on a
//! thread that may block), and is answered with [`response`]. What is stored of a trace is read back by [`view`].

mod attributes;
mod decode;
mod dialect;
mod draft;
mod envelope;
mod json;
mod logs;
mod normalize;
pub mod response;
mod run_key;
mod split;
pub mod view;
mod wire;

use seatrial_domain::limits;
use seatrial_domain::span::{Span, SpanId, TraceId};
use seatrial_domain::time::Timestamp;

pub use decode::decode;
pub use envelope::{Encoding, Format, decompress, decompress_to};
pub use logs::decode_logs;

/// The spans of one trace, or of one run within it, that a request carried.
#[derive(Clone, Debug, PartialEq)]
pub struct TracePiece {
    /// The trace.
    pub trace_id: TraceId,
    /// The run, where spans or their resource name one (`seatrial.run.id`). It may span several traces.
    pub run_key: Option<String>,
    /// The workflow as far as these spans know it; ask [`seatrial_domain::trace::identity`] again over all of a run.
    pub workflow: String,
    /// The release as far as these spans know it.
    pub release: String,
    /// The spans, as they arrived.
    pub spans: Vec<Span>,
    /// OTLP protobuf (`TracesData`) with exactly these spans under their resource and scope. The bodies of several
    /// pieces one after another are again a `TracesData`.
    pub body: Vec<u8>,
}

/// An evaluator's score of a trace, from a log record or from a span that only carries feedback.
#[derive(Clone, Debug, PartialEq)]
pub struct ScorePiece {
    /// The trace it is about.
    pub trace_id: TraceId,
    /// The span it is about, when it names one.
    pub span_id: Option<SpanId>,
    /// The score's name.
    pub name: String,
    /// The score; a pass is 1 and a fail 0 where only a label was given.
    pub value: f64,
    /// When it was given.
    pub at: Timestamp,
}

/// Something that was wrong with one span or log record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The trace id it carried, in hexadecimal, clipped to 32 digits.
    pub trace_id: String,
    /// The span id it carried, in hexadecimal, clipped to 16 digits.
    pub span_id: String,
    /// What is wrong and what to do, as a sentence without its end.
    pub reason: String,
    /// Whether it was rejected; otherwise only what the note speaks of was left out.
    pub rejected: bool,
}

/// Most notes kept of one request; the rest are only counted.
pub const NOTES_KEPT: usize = 20;

/// What a request held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Spans, one piece per trace and run, in order of arrival.
    pub pieces: Vec<TracePiece>,
    /// Scores of traces that need not be in this request.
    pub scores: Vec<ScorePiece>,
    /// How many spans were accepted.
    pub spans: usize,
    /// How many spans or log records were rejected.
    pub rejected: usize,
    /// How many accepted ones were cut short.
    pub warned: usize,
    /// The first [`NOTES_KEPT`] things that were wrong.
    pub notes: Vec<Note>,
}

impl Decoded {
    fn note(&mut self, trace_id: &[u8], span_id: &[u8], reason: impl Into<String>, rejected: bool) {
        *if rejected { &mut self.rejected } else { &mut self.warned } += 1;
        if self.notes.len() < NOTES_KEPT {
            let hex = |id: &[u8], most: usize| id.iter().take(most).map(|byte| format!("{byte:02x}")).collect();
            let note = Note { trace_id: hex(trace_id, 16), span_id: hex(span_id, 8), reason: reason.into(), rejected };
            self.notes.push(note);
        }
    }

    /// What to tell the sender: how much was rejected and the first few reasons. `None` when nothing was wrong.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        if self.notes.is_empty() {
            return None;
        }
        let mut reasons: Vec<String> = Vec::new();
        for note in &self.notes {
            let about = if note.span_id.is_empty() { &note.trace_id } else { &note.span_id };
            reasons.push(if about.is_empty() { note.reason.clone() } else { format!("{about}: {}", note.reason) });
            if reasons.len() == 5 {
                break;
            }
        }
        let more = (self.rejected + self.warned).saturating_sub(reasons.len());
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Some(format!(
            "{} rejected, {} accepted in part. {}{more}",
            self.rejected,
            self.warned,
            limits::clip(&reasons.join("; "), 2_000)
        ))
    }
}

/// Why a whole request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Neither of the two content types.
    #[error("content type `{0}` is not OTLP; send application/x-protobuf or application/json")]
    ContentType(String),
    /// A compression other than gzip and zstd.
    #[error("content encoding `{0}` is not accepted; compress with gzip, with zstd, or not at all")]
    ContentEncoding(String),
    /// More than fits.
    #[error("the body has more than {cap} bytes after decompression; send fewer spans in each request")]
    TooLarge {
        /// The cap, in bytes.
        cap: usize,
    },
    /// More spans than fit.
    #[error("the request has more than {cap} spans; send fewer in each request")]
    TooManySpans {
        /// The cap.
        cap: usize,
    },
    /// Not what it says it is.
    #[error("{0}")]
    Malformed(String),
}

impl DecodeError {
    /// The HTTP status of the answer. None of these may be retried.
    #[must_use]
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::ContentType(_) | Self::ContentEncoding(_) => 415,
            Self::TooLarge { .. } | Self::TooManySpans { .. } => 413,
            Self::Malformed(_) => 400,
        }
    }
}

fn malformed(wire::Malformed(what): wire::Malformed) -> DecodeError {
    DecodeError::Malformed(format!("the body {what}"))
}

fn malformed_json(error: &serde_json::Error) -> DecodeError {
    DecodeError::Malformed(format!("the body is not OTLP/JSON: {error}"))
}
