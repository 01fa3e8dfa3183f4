//! Runs as the API shows them.

use std::collections::BTreeMap;

use seatrial_domain::failure::Severity;
use seatrial_domain::ids::{ReleaseId, RunId, WorkflowId};
use seatrial_domain::run::{
    Approval, Escalation, FactValue, Outcome, OutcomeSource, Provenance, Rescue, RunFacts, Tokens,
};
use seatrial_domain::span::{Span, SpanClass};
use seatrial_domain::time::Timestamp;
use seatrial_domain::trace::outline;
use seatrial_store::run::{RunRow, WholeRun};
use serde::Serialize;

use crate::app::names::Names;

/// A run as a list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RunItem {
    /// Its id.
    #[schema(value_type = String)]
    pub id: RunId,
    /// The sender's own id.
    pub external_id: String,
    /// The workflow.
    #[schema(value_type = String)]
    pub workflow_id: WorkflowId,
    /// The workflow's name.
    pub workflow: String,
    /// The release.
    #[schema(value_type = String)]
    pub release_id: ReleaseId,
    /// The release's name.
    pub release: String,
    /// Whether the settle window has passed, so that it is evidence for its release.
    pub settled: bool,
    /// Whether it was a successful outcome: outcome success and not rescued.
    pub successful: bool,
    /// When its first piece arrived.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Its effective facts.
    pub facts: FactsView,
}

/// The effective facts of a run. An absent field is unknown; an empty list is known to be none.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FactsView {
    /// Where it ran.
    pub environment: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// When it closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the outcome comes from.
    pub outcome_source: OutcomeSource,
    /// The kind of miss.
    pub failure_class: Option<String>,
    /// How bad that kind is.
    pub severity: Option<Severity>,
    /// Approvals asked for.
    pub approvals: Option<Vec<Approval>>,
    /// Hand-offs to a person.
    pub escalations: Option<Vec<Escalation>>,
    /// Rescues by a person.
    pub rescues: Option<Vec<Rescue>>,
    /// Calls repeated after their own error.
    pub retries: Option<i64>,
    /// Tools called, in order.
    pub tools: Option<Vec<String>>,
    /// Tool calls that failed.
    pub tool_errors: Option<i64>,
    /// Total cost in nano-units of the project's currency.
    pub cost_nanos: Option<i64>,
    /// Tokens used.
    pub tokens: Option<Tokens>,
    /// When the result could be trusted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trusted_at: Option<Timestamp>,
    /// The session, case or customer it belongs to.
    pub unit: Option<String>,
    /// Segment values by dimension.
    pub segments: BTreeMap<String, String>,
    /// Named scores.
    pub scores: BTreeMap<String, f64>,
}

impl From<RunFacts> for FactsView {
    fn from(facts: RunFacts) -> Self {
        Self {
            environment: facts.environment,
            started_at: facts.started_at,
            ended_at: facts.ended_at,
            closed_at: facts.closed_at,
            outcome: facts.outcome,
            outcome_source: facts.outcome_source,
            failure_class: facts.failure_class,
            severity: facts.severity,
            approvals: facts.approvals,
            escalations: facts.escalations,
            rescues: facts.rescues,
            retries: facts.retries,
            tools: facts.tools,
            tool_errors: facts.tool_errors,
            cost_nanos: facts.cost_nanos,
            tokens: facts.tokens,
            trusted_at: facts.trusted_at,
            unit: facts.unit,
            segments: facts.segments,
            scores: facts.scores,
        }
    }
}

impl RunItem {
    /// The row with the names it stands under.
    #[must_use]
    pub fn new(row: RunRow, names: &Names) -> Self {
        Self {
            id: row.id,
            external_id: row.external_id,
            workflow_id: row.workflow,
            workflow: names.workflow_name(row.workflow),
            release_id: row.release,
            release: names.release_name(row.release),
            settled: row.settled,
            successful: row.facts.concluded() && row.facts.successful(),
            received_at: row.received_at,
            updated_at: row.updated_at,
            facts: row.facts.into(),
        }
    }
}

/// A fact that was appended later, and who said it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LateFactView {
    /// What it says.
    pub fact: FactValue,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// One step of the run.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SpanView {
    /// The span's id in hexadecimal.
    pub span_id: String,
    /// The trace's id in hexadecimal.
    pub trace_id: String,
    /// The span it happened in.
    pub parent_id: Option<String>,
    /// How deep it is nested; 0 at the top.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// What it is.
    #[schema(value_type = String)]
    pub class: SpanClass,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// The kind of error when it failed.
    pub error: Option<String>,
    /// Tokens it used.
    pub tokens: Option<Tokens>,
    /// What it cost, in nano-units.
    pub cost_nanos: Option<i64>,
    /// The model it called.
    pub model: Option<String>,
    /// The tool it called.
    pub tool: Option<String>,
}

impl SpanView {
    /// A span at its depth in the outline.
    #[must_use]
    pub fn new(depth: usize, span: &Span) -> Self {
        Self {
            span_id: span.id.to_string(),
            trace_id: span.trace_id.to_string(),
            parent_id: span.parent.map(|parent| parent.to_string()),
            depth,
            name: span.name.clone(),
            class: span.class,
            started_at: span.started_at,
            ended_at: span.ended_at,
            error: span.error.clone(),
            tokens: span.tokens,
            cost_nanos: span.cost_nanos,
            model: span.model.clone(),
            tool: span.tool.clone(),
        }
    }
}

/// A run with everything known about it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: RunItem,
    /// What was appended later, in the order it was recorded.
    pub late_facts: Vec<LateFactView>,
    /// The steps of its trace, parents before children.
    pub spans: Vec<SpanView>,
    /// What its sender says it was given.
    #[schema(value_type = Option<Object>)]
    pub input: Option<serde_json::Value>,
    /// What its sender says it gave back.
    #[schema(value_type = Option<Object>)]
    pub output: Option<serde_json::Value>,
    /// The conversation its sender reported.
    #[schema(value_type = Option<Vec<Object>>)]
    pub messages: Option<Vec<serde_json::Value>>,
}

impl RunDetail {
    /// The run with the names it stands under.
    #[must_use]
    pub fn new(whole: WholeRun, names: &Names) -> Self {
        let late_facts = whole.late.into_iter().map(|fact| LateFactView {
            fact: fact.value,
            at: fact.at,
            recorded_at: fact.recorded_at,
            provenance: fact.provenance,
        });
        let report = whole.report;
        let (input, output, messages) = report.map_or((None, None, None), |r| (r.input, r.output, r.messages));
        Self {
            run: RunItem::new(whole.row, names),
            late_facts: late_facts.collect(),
            spans: outline(&whole.spans).into_iter().map(|(depth, span)| SpanView::new(depth, span)).collect(),
            input,
            output,
            messages,
        }
    }
}
