//! A run's trace as a page shows it: spans on one time axis, and one span's body.

use seatrial_domain::span::{Span, SpanClass};
use seatrial_domain::trace::{Axis, outline};
use seatrial_store::run::WholeRun;
use serde_json::Value;

use super::link;
use crate::ingest::otlp::view;
use crate::render::format;
use crate::render::view::run::{SpanBody, SpanLine, SpanRow, Waterfall};
use crate::render::view::{KeyValue, Link, Pager, Time};

/// Spans on one page without script: some screens full. The script draws its window from all of them.
const SPANS_SHOWN: usize = 200;
/// Deeper spans are drawn at this depth.
const DEPTH_SHOWN: usize = 12;
/// Attributes and events of one span.
const DETAILS_SHOWN: usize = 200;
/// The setting of `idle` that folds the axis.
const FOLDED: &str = "folded";

/// Attributes that hold what went in and what came out, in the dialects that are read.
const INPUTS: [&str; 6] = [
    "input.value",
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
    "langfuse.observation.input",
    "traceloop.entity.input",
    "gen_ai.prompt",
];
const OUTPUTS: [&str; 6] = [
    "output.value",
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "langfuse.observation.output",
    "traceloop.entity.output",
    "gen_ai.completion",
];

/// Which part of a trace is looked at, and how.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct TraceQuery {
    /// Id of the span whose body is shown.
    span: Option<String>,
    /// First span of the page, counted from 0.
    from: Option<usize>,
    /// `folded`: stretches in which nothing happened take little room.
    idle: Option<String>,
}

impl TraceQuery {
    fn folded(&self) -> bool {
        self.idle.as_deref() == Some(FOLDED)
    }

    fn href(&self, page: &str, span: Option<&str>, from: Option<usize>) -> String {
        let from = from.filter(|from| *from > 0).map(|from| from.to_string());
        link::with_query(page, &[("span", span), ("from", from.as_deref()), ("idle", self.idle.as_deref())])
    }
}

/// A run's spans in the order they are shown in, and the axis they are drawn on.
struct Drawing<'a> {
    spans: Vec<(usize, &'a Span)>,
    axis: Axis,
    /// The same with its idle stretches folded, which `axis` is when it was asked for.
    folded: Axis,
    currency: &'a str,
}

impl<'a> Drawing<'a> {
    fn of(run: &'a WholeRun, folded: bool, currency: &'a str) -> Option<Self> {
        let whole = Axis::whole(&run.spans)?;
        let without_idle = whole.clone().folded(&run.spans);
        let axis = if folded { without_idle.clone() } else { whole };
        Some(Self { spans: outline(&run.spans), axis, folded: without_idle, currency })
    }

    fn line(&self, depth: usize, span: &Span) -> SpanLine {
        let (x, width) = self.axis.bar(span, SpanRow::AXIS);
        SpanLine {
            id: span.id.to_string(),
            depth: u8::try_from(depth.min(DEPTH_SHOWN)).unwrap_or(u8::MAX),
            kind: kind(span.class),
            name: span.name.clone(),
            error: span.error.is_some(),
            x,
            width,
            took: took(span),
            cost: span.cost_nanos.map(|nanos| format::money(nanos as f64, self.currency)),
        }
    }

    fn lines(&self) -> Vec<SpanLine> {
        self.spans.iter().map(|(depth, span)| self.line(*depth, span)).collect()
    }

    fn row(&self, depth: usize, span: &Span, chosen: bool, href: String) -> SpanRow {
        let line = self.line(depth, span);
        let tokens = span.tokens.map(|tokens| tokens.input.saturating_add(tokens.output));
        SpanRow {
            id: line.id,
            depth: line.depth,
            kind: line.kind.to_owned(),
            name: line.name,
            error: line.error,
            bar_x: line.x,
            bar_width: line.width,
            took: line.took,
            tokens: tokens.map(|tokens| format::count(tokens.into())),
            cost: line.cost,
            chosen,
            href,
        }
    }
}

/// Every span of a run, for the script; `None` without a trace.
pub fn lines(run: &WholeRun, query: &TraceQuery, currency: &str) -> Option<Vec<SpanLine>> {
    Some(Drawing::of(run, query.folded(), currency)?.lines())
}

/// The spans; `None` without a trace. `page` is the address of the run's page.
pub fn waterfall(run: &WholeRun, page: &str, query: &TraceQuery, currency: &str) -> Option<Waterfall> {
    let drawing = Drawing::of(run, query.folded(), currency)?;
    let chosen = query.span.as_deref();
    let at = drawing.spans.iter().position(|(_, span)| chosen == Some(span.id.to_string().as_str()));
    let last_page = drawing.spans.len().saturating_sub(1) / SPANS_SHOWN * SPANS_SHOWN;
    let from = query.from.or(at.map(|at| at / SPANS_SHOWN * SPANS_SHOWN)).unwrap_or(0).min(last_page);
    let until = drawing.spans.len().min(from.saturating_add(SPANS_SHOWN));
    let rows = drawing.spans[from..until].iter().enumerate().map(|(index, (depth, span))| {
        let id = span.id.to_string();
        let href = query.href(page, Some(&id), Some(from)) + "#span-body";
        drawing.row(*depth, span, at == Some(from + index), href)
    });
    let spans = drawing.spans.len();
    Some(Waterfall {
        total_us: drawing.axis.total_us(),
        spans: spans as u64,
        rows: rows.collect(),
        pager: Pager {
            previous: (from > 0).then(|| query.href(page, None, Some(from.saturating_sub(SPANS_SHOWN)))),
            next: (until < spans).then(|| query.href(page, None, Some(until))),
            note: format!("Spans {} to {until} of {}", from + 1, format::count(spans as i128)),
        },
        lines: link::with_query(&format!("{page}/spans"), &[("idle", query.idle.as_deref())]),
        bodies: format!("{page}/spans/"),
        idle: idle(&drawing.folded, page, query),
        notes: notes(run, &drawing.spans),
        chosen: chosen.and_then(|id| body(run, id)),
    })
}

/// The link that folds the axis or unfolds it.
fn idle(folded: &Axis, page: &str, query: &TraceQuery) -> Option<Link> {
    let (count, idle_us) = folded.folds().fold((0, 0), |(count, sum), (from, to)| (count + 1, sum + (to - from)));
    if count == 0 {
        return None;
    }
    let stretches = if count == 1 { "stretch" } else { "stretches" };
    let verb = if query.folded() { "Unfold" } else { "Fold" };
    let label = format!("{verb} {count} idle {stretches}, {}", format::duration(idle_us as f64));
    let other = (!query.folded()).then_some(FOLDED);
    let href = link::with_query(page, &[("span", query.span.as_deref()), ("idle", other)]);
    Some(Link::new(href, label))
}

fn took(span: &Span) -> String {
    span.ended_at.map_or_else(
        || "not ended".to_owned(),
        |ended| format::duration(ended.micros_since(span.started_at).max(0) as f64),
    )
}

const fn kind(class: SpanClass) -> &'static str {
    match class {
        SpanClass::Model => "llm",
        SpanClass::Tool => "tool",
        SpanClass::Agent => "agent",
        SpanClass::Workflow => "chain",
        SpanClass::Retrieval => "retriever",
        SpanClass::Evaluator | SpanClass::Other => "other",
    }
}

fn notes(run: &WholeRun, spans: &[(usize, &Span)]) -> Vec<String> {
    let at_top = spans.iter().filter(|(depth, span)| *depth == 0 && span.parent.is_some()).count();
    let mut notes = Vec::new();
    if at_top > 0 {
        notes.push(format!(
            "{at_top} spans name a parent that did not arrive, or each other; they are shown at the top."
        ));
    }
    if run.spans.iter().any(|span| span.ended_at.is_none()) {
        notes.push("Some spans have not ended; their bars reach to the end.".to_owned());
    }
    notes
}

/// What one span holds; `None` when the run has no such span or its body is not kept.
pub fn body(run: &WholeRun, id: &str) -> Option<SpanBody> {
    let span = run.spans.iter().find(|span| span.id.to_string() == id)?;
    let found = view::span(&run.body, span.trace_id, span.id)?;
    let attributes = found.get("attributes").and_then(Value::as_object);
    let of = |keys: &[&str]| keys.iter().find_map(|key| attributes?.get(*key)).map(readable);
    let events = found.get("events").and_then(Value::as_array).into_iter().flatten().take(DETAILS_SHOWN);
    let status = found.get("status");
    let failed = status.and_then(|status| status.get("code")).and_then(Value::as_str) == Some("error");
    let message = status.and_then(|status| status.get("message")).and_then(Value::as_str).map(str::to_owned);
    Some(SpanBody {
        id: span.id.to_string(),
        name: span.name.clone(),
        kind: kind(span.class).to_owned(),
        took: took(span),
        started_at: Time(span.started_at.micros()),
        status: message.or_else(|| failed.then(|| span.error.clone()).flatten()),
        input: of(&INPUTS),
        output: of(&OUTPUTS),
        attributes: attributes
            .into_iter()
            .flatten()
            .filter(|(key, _)| !INPUTS.contains(&key.as_str()) && !OUTPUTS.contains(&key.as_str()))
            .take(DETAILS_SHOWN)
            .map(|(key, value)| KeyValue::new(key, plain(value)))
            .collect(),
        events: events.map(event).collect(),
    })
}

fn event(event: &Value) -> KeyValue {
    let name = event.get("name").map(plain).unwrap_or_default();
    let attributes = event.get("attributes").and_then(Value::as_object);
    let parts = attributes.into_iter().flatten().map(|(key, value)| format!("{key}: {}", plain(value)));
    KeyValue::new(name, parts.collect::<Vec<_>>().join(", "))
}

/// A value on one line.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value to be read: text as it is (JSON in a text indented), anything else as indented JSON.
pub fn readable(value: &Value) -> String {
    let indented = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).map_or_else(|_| text.clone(), |parsed: Value| indented(&parsed))
        }
        Value::String(text) => text.clone(),
        other => indented(other),
    }
}
