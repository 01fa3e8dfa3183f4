//! A run's conversation as a page shows it: turns, each with what was said, the calls it made and what came back.

use std::collections::VecDeque;

use seatrial_store::run::WholeRun;
use serde_json::Value;

use super::trace::readable;
use crate::app::content::content_of;
use crate::render::format;
use crate::render::view::run::{Part, Turn};

/// Messages on one page.
const MESSAGES_SHOWN: usize = 500;
/// Longer content is folded, so that one tool's page of output does not bury the conversation.
const FOLDED_CHARS: usize = 1_200;
/// Of folded content this much is shown.
const GIST_CHARS: usize = 160;

/// The conversation, and how many messages of it are not shown: what was reported, or what the trace carries.
pub fn turns(run: &WholeRun) -> (Vec<Turn>, u64) {
    let content = content_of(run);
    if content.messages.is_empty() {
        let said = |role: &str, value: &Option<Value>| {
            let text = readable(value.as_ref()?);
            Some(Turn { role: role.to_owned(), parts: vec![part("text", None, text)] })
        };
        return ([said("user", &content.input), said("assistant", &content.output)].into_iter().flatten().collect(), 0);
    }
    let mut turns: Vec<Turn> = Vec::new();
    let mut called: VecDeque<String> = VecDeque::new();
    for message in content.messages.iter().take(MESSAGES_SHOWN) {
        let (role, mut parts) = read(message);
        name_results(&mut parts, &mut called);
        match turns.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => turns.push(Turn { role, parts }),
        }
    }
    (turns, content.messages.len().saturating_sub(MESSAGES_SHOWN) as u64)
}

/// Gives results without a name that of the call they answer: calls are answered in their order.
fn name_results(parts: &mut [Part], called: &mut VecDeque<String>) {
    for part in parts {
        match (part.kind.as_str(), &part.tool) {
            ("call", Some(tool)) => called.push_back(tool.clone()),
            ("result", None) => part.tool = called.pop_front(),
            ("result", Some(_)) => drop(called.pop_front()),
            _ => {}
        }
    }
}

/// Who speaks, and what: a message in any of the usual shapes, one in none of them as JSON.
fn read(message: &Value) -> (String, Vec<Part>) {
    let text = |keys: &[&str]| keys.iter().find_map(|key| message.get(*key)).filter(|found| !found.is_null());
    let role = text(&["role"]).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    let name = text(&["tool", "name"]).and_then(Value::as_str).map(str::to_owned);
    let mut parts = Vec::new();
    if let Some(said) = text(&["content", "text"]).map(words).filter(|said| !said.is_empty()) {
        let kind = if role == "tool" { "result" } else { "text" };
        parts.push(part(kind, name.clone(), said));
    }
    let calls = message.get("tool_calls").and_then(Value::as_array);
    parts.extend(calls.into_iter().flatten().map(call));
    parts.extend(text(&["arguments"]).map(|arguments| part("call", name.clone(), readable(arguments))));
    parts.extend(text(&["result"]).map(|result| part("result", name.clone(), readable(result))));
    if parts.is_empty() {
        parts.push(match name {
            Some(name) => part("call", Some(name), String::new()),
            None => part("text", None, readable(message)),
        });
    }
    (role, parts)
}

fn part(kind: &str, tool: Option<String>, content: String) -> Part {
    let folded = (content.chars().count() > FOLDED_CHARS).then(|| {
        let gist: String = content.chars().take(GIST_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("{}… ({} characters)", gist.trim_end(), format::count(content.chars().count() as i128))
    });
    let error = kind == "result" && failed(&content);
    Part { kind: kind.to_owned(), tool: tool.filter(|_| kind != "text"), content, error, folded }
}

/// Whether a result says that the call failed. For the eye only: facts come from spans.
fn failed(content: &str) -> bool {
    let text = content.trim_start();
    if let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) {
        let told = |value: &Value| !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("");
        return ["error", "is_error", "exception"].iter().filter_map(|key| fields.get(*key)).any(told);
    }
    ["error", "traceback (most recent call last)", "exception"]
        .iter()
        .any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// Text parts joined; other content as JSON.
fn words(content: &Value) -> String {
    let Some(items) = content.as_array() else { return readable(content) };
    let part = |item: &Value| item.get("text").and_then(Value::as_str).map_or_else(|| readable(item), str::to_owned);
    items.iter().map(part).collect::<Vec<_>>().join("\n")
}

fn call(call: &Value) -> Part {
    let function = call.get("function").unwrap_or(call);
    let name = function.get("name").and_then(Value::as_str).map(str::to_owned);
    let arguments = ["arguments", "args", "input"].iter().find_map(|key| function.get(*key)).map(readable);
    part("call", name, arguments.unwrap_or_default())
}
