//! Putting OTLP spans together: attributes, times, and the message texts of the OpenTelemetry GenAI conventions.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span, status};
use seatrial_domain::time::Timestamp;

/// A text attribute.
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.into()))
}

/// A whole-number attribute.
pub fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

/// A number attribute.
pub fn double(key: &str, value: f64) -> KeyValue {
    attribute(key, any_value::Value::DoubleValue(value))
}

/// A true-or-false attribute.
pub fn boolean(key: &str, value: bool) -> KeyValue {
    attribute(key, any_value::Value::BoolValue(value))
}

/// An attribute that is a list with one text.
pub fn texts(key: &str, value: &str) -> KeyValue {
    let only = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    attribute(key, any_value::Value::ArrayValue(ArrayValue { values: vec![only] }))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// OTLP's time: nanoseconds since the Unix epoch; times before it become 0.
pub fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.micros()).unwrap_or(0).saturating_mul(1_000)
}

/// A span without attributes.
pub fn span(
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    name: String,
    from: Timestamp,
    to: Timestamp,
) -> Span {
    Span {
        trace_id: trace.to_vec(),
        span_id: id.to_vec(),
        parent_span_id: parent.map(|parent| parent.to_vec()).unwrap_or_default(),
        name,
        kind: span::SpanKind::Internal.into(),
        start_time_unix_nano: nanos(from),
        end_time_unix_nano: nanos(to),
        ..Span::default()
    }
}

/// Marks a span as failed, with the exception event that instrumentations record.
pub fn fail(span: &mut Span, error_type: &str, message: &str) {
    span.attributes.push(text("error.type", error_type));
    span.status = Some(Status { message: message.to_owned(), code: status::StatusCode::Error.into() });
    span.events.push(span::Event {
        time_unix_nano: span.end_time_unix_nano,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", error_type), text("exception.message", message)],
        ..span::Event::default()
    });
}

/// A span event.
pub fn event(at: Timestamp, name: &str, attributes: Vec<KeyValue>) -> span::Event {
    span::Event { time_unix_nano: nanos(at), name: name.to_owned(), attributes, ..span::Event::default() }
}

/// The messages of a conversation so far, as `gen_ai.input.messages` and `gen_ai.output.messages` carry them.
#[derive(Clone, Debug, Default)]
pub struct Conversation(String);

impl Conversation {
    /// One message with one text.
    pub fn message(role: &str, said: &str) -> String {
        format!(r#"{{"role":"{role}","parts":[{{"type":"text","content":{}}}]}}"#, json_text(said))
    }

    /// One message of the assistant that calls a tool; `arguments` is JSON.
    pub fn call(id: &str, tool: &str, arguments: &str) -> String {
        format!(
            r#"{{"role":"assistant","parts":[{{"type":"tool_call","id":"{id}","name":"{tool}","arguments":{arguments}}}]}}"#
        )
    }

    /// One message with a tool's answer; `response` is JSON.
    pub fn answer(id: &str, response: &str) -> String {
        format!(r#"{{"role":"tool","parts":[{{"type":"tool_call_response","id":"{id}","response":{response}}}]}}"#)
    }

    /// Appends a message.
    pub fn push(&mut self, message: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(message);
    }

    /// All messages so far as a JSON array.
    pub fn json(&self) -> String {
        format!("[{}]", self.0)
    }
}

/// A text as a JSON string, quotes included.
pub fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
