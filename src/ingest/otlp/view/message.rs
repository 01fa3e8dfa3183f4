//! Messages of a conversation, out of the many shapes in which SDKs write them.

use serde::Serialize;
use serde_json::Value as Json;

/// One turn of a conversation, one call of a tool, or one result of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Message {
    /// `system`, `user`, `assistant`, `tool` or whatever the agent calls it.
    pub role: String,
    /// What was said; empty for a call or result.
    pub text: String,
    /// The tool called, or that answered when its name is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The arguments of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Json>,
    /// The result of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Json>,
}

/// Text that is JSON as JSON, any other text as text.
pub(super) fn parse(text: &str) -> Json {
    let structured = text.trim_start().starts_with(['{', '[', '"']);
    structured.then(|| serde_json::from_str(text).ok()).flatten().unwrap_or_else(|| Json::String(text.to_owned()))
}

/// Appends the messages that `json` holds. `role` is that of messages that do not name one.
pub(super) fn read(json: &Json, role: &str, out: &mut Vec<Message>) {
    match json {
        Json::Null => {}
        Json::Array(items) => items.iter().for_each(|item| read(item, role, out)),
        Json::Object(_) => read_object(json, role, out),
        Json::String(text) if !text.is_empty() => match parse(text) {
            Json::String(text) => out.push(said(role, text)),
            nested => read(&nested, role, out),
        },
        Json::String(_) => {}
        other => out.push(said(role, other.to_string())),
    }
}

fn said(role: &str, text: String) -> Message {
    Message { role: role.to_owned(), text, ..Message::default() }
}

fn read_object(json: &Json, role: &str, out: &mut Vec<Message>) {
    // `messages` of a request, `message` of OpenInference, `data` and `kwargs` of LangChain wrap what is meant.
    let wrapped = json.get("messages").or_else(|| json.get("message").filter(|inner| !inner.is_string()));
    if let Some(wrapped) = wrapped {
        return read(wrapped, role, out);
    }
    let kind = json.get("type").and_then(Json::as_str);
    let body = json.get("data").or_else(|| json.get("kwargs")).filter(|inner| inner.is_object()).unwrap_or(json);
    let by_kind = |kind: &str| match kind {
        "human" => Some("user"),
        "ai" => Some("assistant"),
        "system" => Some("system"),
        "tool" => Some("tool"),
        _ => None,
    };
    let body_kind = body.get("type").and_then(Json::as_str);
    let stated = body.get("role").and_then(Json::as_str);
    let role = stated.or_else(|| kind.or(body_kind).and_then(by_kind)).unwrap_or(role);
    let content = ["parts", "content", "contents", "text"].iter().find_map(|key| body.get(*key));
    let calls = body.get("tool_calls").filter(|calls| calls.as_array().is_some_and(|calls| !calls.is_empty()));
    if content.is_none() && calls.is_none() && role != "tool" {
        return out.push(said(role, json.to_string()));
    }
    if role == "tool" {
        let result = content.map(|content| flat(content).map_or_else(|| content.clone(), |text| parse(&text)));
        let parts = content.and_then(Json::as_array);
        if !parts.is_some_and(|parts| parts.iter().any(|part| part.get("type").is_some_and(|t| t != "text"))) {
            let tool = body.get("name").and_then(Json::as_str).map(str::to_owned);
            return out.push(Message { role: role.to_owned(), tool, result, ..Message::default() });
        }
    }
    content.into_iter().for_each(|content| read_content(content, role, out));
    calls.and_then(Json::as_array).into_iter().flatten().for_each(|call| out.push(read_call(call, role)));
}

/// Content as one text when it is nothing else.
fn flat(content: &Json) -> Option<String> {
    match content {
        Json::String(text) => Some(text.clone()),
        Json::Array(parts) => parts.iter().map(part_text).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n")),
        _ => None,
    }
}

/// The text of a part that has only text.
fn part_text(part: &Json) -> Option<&str> {
    let part = part.get("message_content").unwrap_or(part);
    match part {
        Json::String(text) => Some(text),
        Json::Object(fields) => {
            let is_call = fields.contains_key("name") || fields.contains_key("response");
            let text = fields.get("text").or_else(|| fields.get("content")).and_then(Json::as_str);
            text.filter(|_| !is_call)
        }
        _ => None,
    }
}

fn read_content(content: &Json, role: &str, out: &mut Vec<Message>) {
    let Json::Array(parts) = content else {
        match content {
            Json::String(text) if text.is_empty() => {}
            Json::String(text) => out.push(said(role, text.clone())),
            Json::Null => {}
            other => out.push(said(role, other.to_string())),
        }
        return;
    };
    for part in parts {
        let kind = part.get("type").and_then(Json::as_str).unwrap_or_default();
        match (kind, part_text(part)) {
            ("tool_call" | "tool_use" | "function_call", _) => out.push(read_call(part, role)),
            ("tool_call_response" | "tool_result", _) => {
                let result = ["response", "result", "content"].iter().find_map(|key| part.get(*key)).cloned();
                let tool = part.get("name").and_then(Json::as_str).map(str::to_owned);
                out.push(Message { role: "tool".to_owned(), tool, result, ..Message::default() });
            }
            (_, Some(text)) => out.push(said(role, text.to_owned())),
            (_, None) => out.push(said(role, part.to_string())),
        }
    }
}

/// A call in the shape of OpenAI (`function`), OpenInference (`tool_call.function`), GenAI or LangChain (`args`).
fn read_call(call: &Json, role: &str) -> Message {
    let call = call.get("tool_call").unwrap_or(call);
    let function = call.get("function").unwrap_or(call);
    let arguments = ["arguments", "args", "input"].iter().find_map(|key| function.get(*key));
    Message {
        role: role.to_owned(),
        tool: function.get("name").and_then(Json::as_str).map(str::to_owned),
        arguments: arguments.map(|arguments| arguments.as_str().map_or_else(|| arguments.clone(), parse)),
        ..Message::default()
    }
}
