//! Spans: one step of a run, without the bodies of its messages.
//!
//! This is the skeleton kept in front of a stored trace: enough to draw a waterfall and to recompute every fact of
//! the run, whatever the dialect the trace came in. Bodies stay in the trace's own bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::run::{Approval, Escalation, Outcome, Rescue, Tokens};
use crate::time::Timestamp;

/// The 16 bytes that name a trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TraceId(pub [u8; 16]);

/// The 8 bytes that name a span within its trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpanId(pub [u8; 8]);

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

/// What a span is, in every dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanClass {
    /// A call of a model. Only these carry tokens and cost that count: agents repeat totals in some dialects.
    Model,
    /// A call of a tool.
    Tool,
    /// An agent at work.
    Agent,
    /// A whole workflow, chain or task.
    Workflow,
    /// A look-up of documents, an embedding or a re-ranking.
    Retrieval,
    /// A guardrail or evaluator.
    Evaluator,
    /// Anything else.
    #[default]
    Other,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its id within the trace.
    pub id: SpanId,
    /// The trace it arrived in (a run may hold several).
    pub trace_id: TraceId,
    /// The span it happened in; `None` for a root.
    pub parent: Option<SpanId>,
    /// Its name, clipped to [`crate::limits::SPAN_NAME_BYTES`].
    pub name: String,
    /// What it is.
    pub class: SpanClass,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// The kind of error when it failed (`error.type`, else the exception's type, else the status message, else `error`).
    pub error: Option<String>,
    /// Tokens it used, when it says.
    pub tokens: Option<Tokens>,
    /// What it cost, in nano-units of the project's currency, when it says.
    pub cost_nanos: Option<i64>,
    /// The model it called.
    pub model: Option<String>,
    /// The tool it called.
    pub tool: Option<String>,
    /// What it states about the whole run.
    pub marks: Option<Box<Marks>>,
}

/// A name for the run's workflow or release, with how directly it was stated: agents, services and SDKs all carry
/// names, and the most direct one counts whichever span of the run arrives first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stated {
    /// How direct the statement is; the lowest rank of a run holds.
    pub rank: u8,
    /// The name.
    pub name: String,
}

/// Statements about a whole run that a span (or its resource) carries: Seatrial's own attributes and their
/// counterparts in other dialects. Absent means not stated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// Which workflow the run belongs to.
    pub workflow: Option<Stated>,
    /// Which release ran.
    pub release: Option<Stated>,
    /// Where it ran, such as `production`.
    pub environment: Option<String>,
    /// The session, case or customer it belongs to.
    pub unit: Option<String>,
    /// How it ended (`seatrial.outcome`).
    pub outcome: Option<Outcome>,
    /// The kind of miss (`seatrial.failure_class`).
    pub failure_class: Option<String>,
    /// Retries the agent counted itself; overrides what is derived from the spans.
    pub retries: Option<i64>,
    /// Cost the agent counted itself, in nano-units; overrides the sum over model spans.
    pub cost_nanos: Option<i64>,
    /// Segment values by dimension.
    pub segments: BTreeMap<String, String>,
    /// Named scores; booleans are 0 and 1.
    pub scores: BTreeMap<String, f64>,
    /// Approvals asked for or answered.
    pub approvals: Vec<Approval>,
    /// Times the run was handed to a person.
    pub escalations: Vec<Escalation>,
    /// Times a person redid the work.
    pub rescues: Vec<Rescue>,
}

impl Marks {
    /// Whether nothing is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
