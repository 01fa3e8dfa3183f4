//! The conversation of a run and what went in and came out, best effort in every dialect.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::super::attributes::Value;
use super::message::{Message, parse, read};
use super::steps::{Step, steps};

/// Attributes with a whole input, most telling first; and the same for outputs.
const INPUTS: &[&str] = &[
    "langfuse.trace.input",
    "input.value",
    "langfuse.observation.input",
    "traceloop.entity.input",
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
];
const OUTPUTS: &[&str] = &[
    "langfuse.trace.output",
    "output.value",
    "langfuse.observation.output",
    "traceloop.entity.output",
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
];

/// The messages of the run as far as its spans carry content: those of the model call that saw most of the
/// conversation with its answer, else the input, the tool calls and the output. Empty when no content was sent.
#[must_use]
pub fn conversation(body: &[u8]) -> Vec<Message> {
    let steps = steps(body);
    let seen = steps.iter().map(model_messages).filter(|messages| !messages.is_empty());
    // Of equals the later one, which is what `max_by_key` picks.
    seen.max_by_key(Vec::len).unwrap_or_else(|| from_steps(&steps))
}

/// What the run was given and what it gave back: of its top span, else of the first span with an input and the last
/// with an output. Text that is JSON comes as JSON.
#[must_use]
pub fn input_output(body: &[u8]) -> (Option<Json>, Option<Json>) {
    in_out(&steps(body))
}

fn in_out(steps: &[Step<'_>]) -> (Option<Json>, Option<Json>) {
    let ids: HashSet<(&[u8], &[u8])> = steps.iter().map(|step| (step.trace_id, step.id)).collect();
    let is_top = |step: &&Step<'_>| !ids.contains(&(step.trace_id, step.parent));
    let mut by_end: Vec<&Step<'_>> = steps.iter().collect();
    by_end.sort_by_key(|step| std::cmp::Reverse(step.end));
    let find = |keys: &[&str], rest: &[&Step<'_>]| {
        let tops = steps.iter().filter(is_top);
        tops.chain(rest.iter().copied()).find_map(|step| first(step, keys))
    };
    let by_start: Vec<&Step<'_>> = steps.iter().collect();
    (find(INPUTS, &by_start), find(OUTPUTS, &by_end))
}

fn first(step: &Step<'_>, keys: &[&str]) -> Option<Json> {
    let found = keys.iter().find_map(|key| step.get(key)).map(json_of);
    found.or_else(|| {
        let prefixes = if keys == INPUTS { INPUT_LISTS } else { OUTPUT_LISTS };
        prefixes.iter().map(|prefix| unflatten(step, prefix)).find(|list| *list != Json::Null)
    })
}

fn json_of(value: Value<'_>) -> Json {
    match value {
        Value::Text(text) => parse(text),
        other => other.to_json(),
    }
}

/// Prefixes of lists flattened into attributes: OpenInference's, and OpenLLMetry's before GenAI had messages.
const INPUT_LISTS: &[&str] = &["llm.input_messages.", "gen_ai.prompt."];
const OUTPUT_LISTS: &[&str] = &["llm.output_messages.", "gen_ai.completion."];

/// The messages of a model call, its input and then its output.
fn model_messages(step: &Step<'_>) -> Vec<Message> {
    let mut messages = Vec::new();
    let generation = step.get("langfuse.observation.type").and_then(Value::text) == Some("generation");
    let sides = [
        ("user", "gen_ai.input.messages", INPUT_LISTS, "langfuse.observation.input"),
        ("assistant", "gen_ai.output.messages", OUTPUT_LISTS, "langfuse.observation.output"),
    ];
    if let Some(system) = step.get("gen_ai.system_instructions") {
        // A list of parts, or text.
        let parts = serde_json::json!({ "role": "system", "parts": json_of(system) });
        read(&parts, "system", &mut messages);
    }
    for (role, whole, lists, langfuse) in sides {
        let whole = step.get(whole).or_else(|| step.get(langfuse).filter(|_| generation)).map(json_of);
        let found = whole.or_else(|| lists.iter().map(|list| unflatten(step, list)).find(|list| *list != Json::Null));
        found.iter().for_each(|found| read(found, role, &mut messages));
    }
    messages
}

/// A conversation made of the run's input, its tool calls and its output.
fn from_steps(steps: &[Step<'_>]) -> Vec<Message> {
    let mut messages = Vec::new();
    let (input, output) = in_out(steps);
    input.iter().for_each(|input| read(input, "user", &mut messages));
    for step in steps {
        let kind =
            ["openinference.span.kind", "gen_ai.operation.name", "traceloop.span.kind", "langfuse.observation.type"];
        let is_tool = kind.iter().filter_map(|key| step.get(key)).filter_map(Value::text);
        if !is_tool.into_iter().any(|kind| matches!(kind, "TOOL" | "execute_tool" | "tool")) {
            continue;
        }
        let name = ["gen_ai.tool.name", "tool.name", "traceloop.entity.name"];
        let name = name.iter().find_map(|key| step.get(key)).and_then(Value::text).unwrap_or(step.name);
        messages.push(Message {
            role: "tool".to_owned(),
            tool: Some(name.to_owned()),
            arguments: first(step, INPUTS),
            result: first(step, OUTPUTS),
            ..Message::default()
        });
    }
    output.iter().for_each(|output| read(output, "assistant", &mut messages));
    messages
}

/// Puts attributes such as `llm.input_messages.0.message.role` back together; `null` when there are none.
fn unflatten(step: &Step<'_>, prefix: &str) -> Json {
    let mut root = Map::new();
    for attribute in step.attributes() {
        if let Some(path) = attribute.key.strip_prefix(prefix) {
            put(&mut root, path, attribute.value.to_json(), 16);
        }
    }
    if root.is_empty() { Json::Null } else { lists(Json::Object(root)) }
}

fn put(at: &mut Map<String, Json>, path: &str, value: Json, levels: usize) {
    match path.split_once('.').filter(|_| levels > 0) {
        None => {
            at.insert(path.to_owned(), value);
        }
        Some((head, tail)) => {
            let inner = at.entry(head).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                put(inner, tail, value, levels - 1);
            }
        }
    }
}

/// Objects whose keys are all numbers become lists, in order.
fn lists(json: Json) -> Json {
    let Json::Object(fields) = json else { return json };
    let numbers: Option<Vec<u32>> = fields.keys().map(|key| key.parse().ok()).collect();
    let fields = fields.into_iter().map(|(key, value)| (key, lists(value)));
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mut items: Vec<(u32, Json)> = numbers.into_iter().zip(fields.map(|(_, value)| value)).collect();
            items.sort_by_key(|(number, _)| *number);
            Json::Array(items.into_iter().map(|(_, value)| value).collect())
        }
        _ => Json::Object(fields.collect()),
    }
}
