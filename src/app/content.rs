//! What a run was given, gave back and said, whether it was reported or traced.

use seatrial_domain::case::RunContent;
use seatrial_domain::limits;
use seatrial_store::run::WholeRun;
use serde_json::Value;

use crate::ingest::otlp::view::{conversation, input_output};

/// The content of a run: what its sender reported; where that says nothing, what its trace carries; where that says
/// nothing either, what its messages show. All of it is text of others and not masked.
#[must_use]
pub fn content_of(run: &WholeRun) -> RunContent {
    let mut content = RunContent::default();
    if let Some(report) = &run.report {
        content.input.clone_from(&report.input);
        content.output.clone_from(&report.output);
        content.messages = report.messages.clone().unwrap_or_default();
    }
    if !run.body.is_empty() {
        let (input, output) = input_output(&run.body);
        content.input = content.input.or(input);
        content.output = content.output.or(output);
        if content.messages.is_empty() {
            let messages = conversation(&run.body);
            // A message is texts and JSON, which always serialises.
            content.messages = messages.iter().filter_map(|message| serde_json::to_value(message).ok()).collect();
        }
    }
    content.input = content.input.filter(|input| !input.is_null()).or_else(|| first_request(&content.messages));
    content.output = content.output.filter(|output| !output.is_null()).or_else(|| last_answer(&content.messages));
    content
}

fn role(message: &Value) -> Option<&str> {
    message.get("role").and_then(Value::as_str)
}

fn words(message: &Value) -> Option<&Value> {
    let said = ["content", "text"].iter().find_map(|key| message.get(*key));
    said.filter(|said| said.as_str().is_none_or(|text| !text.is_empty()) && !said.is_null())
}

/// Whether a message is of one of these roles: agent frameworks call the same two by several names.
fn is_of(message: &Value, roles: &[&str]) -> bool {
    role(message).is_some_and(|role| roles.contains(&role))
}

/// What the agent was given: the first message of the user, with what stands before it.
fn first_request(messages: &[Value]) -> Option<Value> {
    let at = messages.iter().position(|message| is_of(message, &["user", "human"]))?;
    if at == 0 { words(&messages[0]).cloned() } else { Some(Value::Array(messages[..=at].to_vec())) }
}

/// What it gave back: the words of its last message, or the message itself when it only calls tools.
fn last_answer(messages: &[Value]) -> Option<Value> {
    let last = messages.iter().rfind(|message| is_of(message, &["assistant", "ai"]))?;
    Some(words(last).unwrap_or(last).clone())
}

/// A line that says what a run was asked, for lists and titles; its external id when its input is no text. Text of
/// others: escape it where it is shown.
#[must_use]
pub fn headline(input: Option<&Value>, external_id: &str) -> String {
    let said = match input {
        Some(Value::Array(items)) => items.iter().rev().find_map(|item| words(item)?.as_str()),
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Object(fields)) => ["content", "text", "question", "task", "input", "query", "prompt"]
            .iter()
            .find_map(|key| fields.get(*key)?.as_str()),
        _ => None,
    };
    let line = said.and_then(|text| text.lines().find(|line| !line.trim().is_empty())).unwrap_or(external_id);
    limits::label(line).unwrap_or_else(|| external_id.to_owned())
}
