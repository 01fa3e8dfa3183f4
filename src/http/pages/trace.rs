//! A run's trace and conversation as a page shows them: spans on one time axis, one span's body, messages in order.

use seatrial_domain::span::{Span, SpanClass};
use seatrial_domain::trace::outline;
use seatrial_store::run::WholeRun;
use serde_json::Value;

use crate::app::content::content_of;
use crate::ingest::otlp::view;
use crate::render::format;
use crate::render::view::run::{Message, SpanBody, SpanRow, Waterfall};
use crate::render::view::{KeyValue, Time};

/// Spans on one page: more than a person reads, few enough for a browser. The span asked for is always among them.
const SPANS_SHOWN: usize = 2_000;
/// Deeper spans are drawn at this depth.
const DEPTH_SHOWN: usize = 12;
/// Messages on one page.
const MESSAGES_SHOWN: usize = 500;
/// Attributes and events of one span.
const DETAILS_SHOWN: usize = 200;

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

/// The spans; `None` without a trace. `chosen` is the id of the span whose body is shown.
pub fn waterfall(run: &WholeRun, chosen: Option<&str>, currency: &str) -> Option<Waterfall> {
    let spans = outline(&run.spans);
    let start = run.spans.iter().map(|span| span.started_at.micros()).min()?;
    let end = run.spans.iter().map(|span| span.ended_at.unwrap_or(span.started_at).micros()).max()?;
    let total_us = (end - start).max(1);
    let shown = |index: usize, span: &Span| index < SPANS_SHOWN || chosen == Some(&span.id.to_string());
    let rows: Vec<SpanRow> = spans
        .iter()
        .enumerate()
        .filter(|(index, (_, span))| shown(*index, span))
        .map(|(index, (depth, span))| {
            let has_children = spans.get(index + 1).is_some_and(|(next, _)| next > depth);
            let mut row = row(span, *depth, (start, total_us), currency);
            row.has_children = has_children;
            row.body = (chosen == Some(row.id.as_str())).then(|| body(run, span)).flatten();
            row
        })
        .collect();
    let hidden = (spans.len() - rows.len()) as u64;
    Some(Waterfall { total_us, notes: notes(run, &spans), hidden, rows })
}

fn row(span: &Span, depth: usize, (start, total_us): (i64, i64), currency: &str) -> SpanRow {
    let began = span.started_at.micros() - start;
    let ended = span.ended_at.map_or(total_us, |ended| ended.micros() - start);
    let (bar_x, bar_width) = SpanRow::bar(began, ended, total_us);
    let tokens = span.tokens.map(|tokens| tokens.input.saturating_add(tokens.output));
    SpanRow {
        id: span.id.to_string(),
        parent: if depth == 0 { String::new() } else { span.parent.map(|id| id.to_string()).unwrap_or_default() },
        depth: u8::try_from(depth.min(DEPTH_SHOWN)).unwrap_or(u8::MAX),
        has_children: false,
        kind: kind(span.class).to_owned(),
        name: span.name.clone(),
        error: span.error.is_some(),
        bar_x,
        bar_width,
        duration_us: span.ended_at.map(|ended| ended.micros_since(span.started_at).max(0)),
        tokens: tokens.and_then(|tokens| u64::try_from(tokens).ok()),
        cost: span.cost_nanos.map(|nanos| format::money(nanos as f64, currency)),
        body: None,
    }
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

fn body(run: &WholeRun, span: &Span) -> Option<SpanBody> {
    let found = view::span(&run.body, span.trace_id, span.id)?;
    let attributes = found.get("attributes").and_then(Value::as_object);
    let of = |keys: &[&str]| keys.iter().find_map(|key| attributes?.get(*key)).map(readable);
    let events = found.get("events").and_then(Value::as_array).into_iter().flatten().take(DETAILS_SHOWN);
    let status = found.get("status");
    let failed = status.and_then(|status| status.get("code")).and_then(Value::as_str) == Some("error");
    let message = status.and_then(|status| status.get("message")).and_then(Value::as_str).map(str::to_owned);
    Some(SpanBody {
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

/// The conversation: what was reported, or what the trace carries.
pub fn messages(run: &WholeRun) -> Vec<Message> {
    let content = content_of(run);
    if content.messages.is_empty() {
        let said = |role: &str, value: &Option<Value>| {
            value.as_ref().map(|value| Message { role: role.to_owned(), name: None, content: readable(value) })
        };
        return [said("user", &content.input), said("assistant", &content.output)].into_iter().flatten().collect();
    }
    content.messages.iter().take(MESSAGES_SHOWN).map(message).collect()
}

/// One message in any of the usual shapes; one in none of them as JSON.
fn message(value: &Value) -> Message {
    let text = |keys: &[&str]| keys.iter().find_map(|key| value.get(*key)).filter(|found| !found.is_null());
    let mut parts: Vec<String> = Vec::new();
    parts.extend(text(&["content", "text"]).map(words).filter(|said| !said.is_empty()));
    if let Some(calls) = value.get("tool_calls").and_then(Value::as_array) {
        parts.extend(calls.iter().map(call));
    }
    parts.extend(text(&["arguments"]).map(|arguments| format!("call with {}", readable(arguments))));
    parts.extend(text(&["result"]).map(readable));
    let content = if parts.is_empty() { readable(value) } else { parts.join("\n") };
    Message {
        role: text(&["role"]).map_or_else(|| "unknown".to_owned(), plain),
        name: text(&["tool", "name"]).map(plain),
        content,
    }
}

/// Text parts joined; other content as JSON.
fn words(content: &Value) -> String {
    let Some(items) = content.as_array() else { return readable(content) };
    let part = |item: &Value| item.get("text").and_then(Value::as_str).map_or_else(|| readable(item), str::to_owned);
    items.iter().map(part).collect::<Vec<_>>().join("\n")
}

fn call(call: &Value) -> String {
    let function = call.get("function").unwrap_or(call);
    let name = function.get("name").map(plain).unwrap_or_default();
    let arguments = ["arguments", "args", "input"].iter().find_map(|key| function.get(*key)).map(readable);
    format!("call of {name} with {}", arguments.unwrap_or_default())
}
