//! Runs: the list, and one run with its facts, its trace and its late facts.

use serde::Serialize;

use super::{Empty, Filter, FilterChip, KeyValue, Link, Pager, SelectOption, SortHead, Time, View};

/// Body of `/p/{project}/runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunList {
    /// Filters as chips.
    pub chips: Vec<FilterChip>,
    /// Fields of the filter form.
    pub filters: Vec<Filter>,
    /// The runs, by their start.
    pub rows: Vec<RunRow>,
    /// The column along which the list goes.
    pub started: SortHead,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// One run in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Id, `run_…`.
    pub id: String,
    /// The id the sender gave it.
    pub external_id: String,
    /// Workflow.
    pub workflow: String,
    /// Release.
    pub release: String,
    /// `success`, `failure`, `abandoned` or `unknown`.
    pub outcome: String,
    /// A person had to redo it.
    pub rescued: bool,
    /// Failure class, if any.
    pub class: Option<String>,
    /// Severity of the class.
    pub severity: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// How long it took, in microseconds; `None` while it runs.
    pub duration_us: Option<i64>,
    /// What it cost, in nano-units of `currency`; `None` is unknown.
    pub cost_nanos: Option<i64>,
    /// ISO 4217 code of the project.
    pub currency: String,
    /// Not settled yet: no evidence for a release.
    pub unsettled: bool,
}

/// Body of `/p/{project}/runs/{run_id}`. `?span={span_id}` chooses the span whose body is shown.
///
/// Form: `POST …/facts` with `csrf`, `key` (idempotency key), `kind`, `value`, `minutes`, `reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunPage {
    /// Id, `run_…`.
    pub id: String,
    /// The id the sender gave it (the trace id when it came from OTLP).
    pub external_id: String,
    /// Workflow, with the list of its runs.
    pub workflow: Link,
    /// Release, with its page.
    pub release: Link,
    /// Where it ran: `production`.
    pub environment: Option<String>,
    /// `success`, `failure`, `abandoned` or `unknown`.
    pub outcome: String,
    /// A person had to redo it: not a successful outcome, whatever it reported.
    pub rescued: bool,
    /// Failure class.
    pub class: Option<String>,
    /// Severity of the class.
    pub severity: Option<String>,
    /// `open`, `closed`, `concluded` or `settled`.
    pub stage: String,
    /// When it settles or settled, once it is closed.
    pub settles_at: Option<Time>,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
    /// Everything known about the run, with where it comes from.
    pub facts: Vec<Fact>,
    /// Segment values: dimension and value.
    pub segments: Vec<KeyValue>,
    /// Facts that arrived after the trace, oldest first; none is overwritten.
    pub history: Vec<FactEvent>,
    /// The spans; `None` when the trace was not kept (retention) or never sent.
    pub waterfall: Option<Waterfall>,
    /// The conversation, in order.
    pub turns: Vec<Turn>,
    /// Messages that are not shown because there are too many.
    pub more_messages: u64,
    /// Learning status, when the run is a failure.
    pub learning: Option<String>,
    /// Where to learn from it, or the case it became.
    pub learning_link: Option<Link>,
    /// The late-fact form; `None` when the person may not add one.
    pub fact_form: Option<FactForm>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Name for people: `Failure class`.
    pub label: String,
    /// `known`, `none` (known to be none) or `unknown`.
    pub knowledge: String,
    /// The value for people; empty unless known.
    pub value: String,
    /// Where it comes from, in words: `trace`, `API, key deploy-bot`, `reviewer Ana Reyes`.
    pub source: Option<String>,
}

/// One late fact as it was appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactEvent {
    /// When it was received.
    pub at: Time,
    /// What it says, in words: `rescued, 12 min: amount corrected by hand`.
    pub what: String,
    /// Who or what sent it.
    pub by: String,
    /// How it came: `API`, `page`, `webhook`.
    pub source: String,
    /// A later fact replaced what it says in the figures; the entry stays.
    pub superseded: bool,
}

/// The late-fact form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactForm {
    /// Idempotency key of this opening of the form: sent twice, it counts once.
    pub key: String,
    /// Kinds of fact to choose from.
    pub kinds: Vec<SelectOption>,
    /// Why the last attempt was not accepted, and what to do.
    pub error: Option<String>,
    /// The value typed in the last attempt.
    pub value: String,
    /// The minutes typed in it.
    pub minutes: String,
    /// The reason typed in it.
    pub reason: String,
}

impl FactForm {
    /// The kinds of late facts, with an example of the value each takes.
    pub fn new(key: impl Into<String>) -> Self {
        let kinds = [
            ("outcome", "Outcome: success, failure or abandoned"),
            ("failure_class", "Failure class"),
            ("rescue", "Rescue: a person had to redo the work"),
            ("escalation", "Escalation: expected or unexpected"),
            ("approval", "Approval: granted, denied or expired"),
            ("cost", "Cost, in the project's currency"),
            ("score", "Score: name=number"),
            ("confirmation", "Reviewer's confirmation: outcome, or outcome, failure class"),
        ];
        Self {
            key: key.into(),
            kinds: kinds.into_iter().map(|(value, label)| SelectOption::new(value, label)).collect(),
            error: None,
            value: String::new(),
            minutes: String::new(),
            reason: String::new(),
        }
    }
}

/// The spans of a run on one time axis, in depth-first order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waterfall {
    /// Length of the run in microseconds.
    pub total_us: i64,
    /// Spans of the run.
    pub spans: u64,
    /// The spans of this page of them.
    pub rows: Vec<SpanRow>,
    /// Neighbouring pages of spans.
    pub pager: Pager,
    /// Where the script finds every span of the run at once: [`SpanLine`]s.
    pub lines: String,
    /// Where one span's body is found; the span's id follows.
    pub bodies: String,
    /// Folds the stretches in which nothing happened, or unfolds them; `None` when there are none.
    pub idle: Option<Link>,
    /// What was odd about the trace, in words: `2 spans name each other as parent; both are shown at the top`.
    pub notes: Vec<String>,
    /// The body of the span that was chosen.
    pub chosen: Option<SpanBody>,
}

/// One span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpanRow {
    /// Span id in hexadecimal.
    pub id: String,
    /// Depth, 0 to 12; deeper spans are shown at 12.
    pub depth: u8,
    /// `llm`, `tool`, `agent`, `chain`, `retriever` or `other`.
    pub kind: String,
    /// Name; text of the run.
    pub name: String,
    /// It ended in an error.
    pub error: bool,
    /// Left edge of its bar, 0 to [`SpanRow::AXIS`].
    pub bar_x: u32,
    /// Width of its bar, 1 to [`SpanRow::AXIS`].
    pub bar_width: u32,
    /// How long it took, for people: `1.2 s`; `not ended` when it never did.
    pub took: String,
    /// Tokens for people, when known: `1,204`.
    pub tokens: Option<String>,
    /// Cost for people, when known: `$0.002`.
    pub cost: Option<String>,
    /// It is the one that was chosen.
    pub chosen: bool,
    /// Where it is shown whole.
    pub href: String,
}

impl SpanRow {
    /// Parts of the time axis.
    pub const AXIS: u32 = 1_000;
}

/// One span of the whole list that the script draws its window from, in depth-first order; the names are short because
/// there are thousands of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpanLine {
    /// Span id in hexadecimal.
    pub id: String,
    /// Depth as drawn.
    pub depth: u8,
    /// Kind as in [`SpanRow`].
    pub kind: &'static str,
    /// Name.
    pub name: String,
    /// It ended in an error.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
    /// Left edge of its bar.
    pub x: u32,
    /// Width of its bar.
    pub width: u32,
    /// How long it took, for people.
    pub took: String,
    /// Cost for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

/// What one span holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpanBody {
    /// Span id in hexadecimal.
    pub id: String,
    /// Name; text of the run.
    pub name: String,
    /// `llm`, `tool`, `agent`, `chain`, `retriever` or `other`.
    pub kind: String,
    /// When it began.
    pub started_at: Time,
    /// How long it took, for people.
    pub took: String,
    /// Status message, if any.
    pub status: Option<String>,
    /// Attributes as sent.
    pub attributes: Vec<KeyValue>,
    /// Input, as text or indented JSON.
    pub input: Option<String>,
    /// Output, as text or indented JSON.
    pub output: Option<String>,
    /// Events: name and text.
    pub events: Vec<KeyValue>,
}

/// One turn of the conversation: what one speaker said and did before the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// `system`, `user`, `assistant`, `tool` or what the agent calls it.
    pub role: String,
    /// What was said and done, in order.
    pub parts: Vec<Part>,
}

/// One thing said or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `text`, `call` or `result`.
    pub kind: String,
    /// Name of the tool, when known.
    pub tool: Option<String>,
    /// What was said, the arguments, or the result.
    pub content: String,
    /// It says that something failed.
    pub error: bool,
    /// It is long: shown folded, with this as its first line.
    pub folded: Option<String>,
}

impl View for RunList {
    const TEMPLATE: &'static str = "pages/run/list";
    const SECTION: &'static str = "runs";
    const LIST: &'static str = "rows";
}

impl View for RunPage {
    const TEMPLATE: &'static str = "pages/run/show";
    const SECTION: &'static str = "runs";
}
