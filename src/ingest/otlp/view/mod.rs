//! Reading back what is stored of a trace: one span whole, the conversation, and what went in and came out.
//!
//! All of it is text of others: whoever shows it escapes it.

mod conversation;
mod message;
mod steps;

use seatrial_domain::span::{SpanId, TraceId};
use seatrial_domain::time::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::attributes;
use super::wire::{Fields, Wire};
use steps::{Step, fields, hex, steps};

pub use conversation::{conversation, input_output};
pub use message::Message;

/// Everything that arrived about one span: ids, times, status, attributes, events, links, resource and scope. `body`
/// is a `TracesData`; of a span that arrived several times the version that ended last. `None` when it is not there.
#[must_use]
pub fn span(body: &[u8], trace_id: TraceId, span_id: SpanId) -> Option<Json> {
    let step = steps(body).into_iter().find(|step| step.trace_id == trace_id.0 && step.id == span_id.0)?;
    let message = step.message;
    let lists = |number| fields(message, number).filter_map(Wire::into_bytes);
    Some(json!({
        "trace_id": hex(step.trace_id),
        "span_id": hex(step.id),
        "parent_span_id": (!step.parent.is_empty()).then(|| hex(step.parent)),
        "name": step.name,
        "kind": kind(fields(message, 6).last().map_or(0, Wire::number)),
        "started_at": time(step.start),
        "ended_at": time(step.end),
        "status": status(&step),
        "attributes": attributes::to_json(lists(9)),
        "events": lists(11).map(event).collect::<Vec<_>>(),
        "links": lists(13).map(link).collect::<Vec<_>>(),
        "resource": attributes::to_json(fields(step.resource, 1).filter_map(Wire::into_bytes)),
        "scope": scope(step.scope),
    }))
}

fn time(nanos: u64) -> Option<Timestamp> {
    Some(Timestamp::from_unix_nanos(nanos)).filter(|_| nanos > 0)
}

const fn kind(number: u64) -> &'static str {
    match number {
        1 => "internal",
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => "unspecified",
    }
}

fn text_of(message: &[u8], number: u32) -> Option<&str> {
    fields(message, number).last()?.text().ok().filter(|text| !text.is_empty())
}

fn status(step: &Step<'_>) -> Json {
    let status = fields(step.message, 15).filter_map(Wire::into_bytes).last().unwrap_or_default();
    let code = match fields(status, 3).last().map_or(0, Wire::number) {
        1 => "ok",
        2 => "error",
        _ => "unset",
    };
    json!({ "code": code, "message": text_of(status, 2) })
}

fn event(message: &[u8]) -> Json {
    json!({
        "name": text_of(message, 2),
        "at": time(fields(message, 1).last().map_or(0, Wire::number)),
        "attributes": attributes::to_json(fields(message, 3).filter_map(Wire::into_bytes)),
    })
}

fn link(message: &[u8]) -> Json {
    let id = |number| fields(message, number).filter_map(Wire::into_bytes).last().map(hex);
    json!({
        "trace_id": id(1),
        "span_id": id(2),
        "attributes": attributes::to_json(fields(message, 4).filter_map(Wire::into_bytes)),
    })
}

fn scope(message: &[u8]) -> Json {
    let mut scope = Map::new();
    scope.insert("name".to_owned(), text_of(message, 1).into());
    scope.insert("version".to_owned(), text_of(message, 2).into());
    let attributes = attributes::to_json(
        Fields::of(message)
            .filter_map(Result::ok)
            .filter_map(|field| if field.number == 3 { field.value.into_bytes() } else { None }),
    );
    scope.insert("attributes".to_owned(), Json::Object(attributes));
    Json::Object(scope)
}
