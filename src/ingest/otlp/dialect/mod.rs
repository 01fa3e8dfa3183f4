//! What agents' dialects say in attributes: one module a dialect, one pass over the attributes of a span.

mod gen_ai;
mod langfuse;
mod openinference;
mod openllmetry;
mod seatrial;

use super::attributes::{Attribute, Value};
use super::draft::{Draft, dialect, release, workflow};

pub(super) use gen_ai::evaluation;
pub(super) use seatrial::event;

/// Reads one attribute of a span, or one that a resource states for all its spans.
pub(super) fn read<'a>(draft: &mut Draft<'a>, attribute: Attribute<'a>) {
    let Attribute { key, value } = attribute;
    let Some((head, tail)) = key.split_once('.') else {
        if key == "metadata" {
            openinference::metadata(draft, value);
        }
        return;
    };
    match head {
        "gen_ai" => gen_ai::read(draft, tail, value),
        "llm" => openinference::read_llm(draft, tail, value),
        "langfuse" => langfuse::read(draft, tail, value),
        "traceloop" => openllmetry::read(draft, tail, value),
        "seatrial" => seatrial::read(draft, tail, value),
        "openinference" if tail == "span.kind" => openinference::kind(draft, value),
        "agent" if tail == "name" && draft.agent.is_none() => draft.agent = value.label(),
        "tool" if tail == "name" => draft.offer_tool(dialect::OPENINFERENCE, value),
        "session" if tail == "id" => draft.offer_unit(dialect::OPENINFERENCE, value),
        "session" | "annotations" | "evaluations" | "trace" => openinference::annotation(draft, key, value),
        "metadata" if tail == "release" => draft.offer_release(release::METADATA, value),
        "error" if tail == "type" => draft.offer_error(0, value),
        "operation" if tail == "cost" => draft.offer_cost(dialect::OTHER, value.float()),
        _ => {}
    }
}

/// Reads an attribute that means something on a resource only.
pub(super) fn read_resource<'a>(draft: &mut Draft<'a>, attribute: Attribute<'a>) {
    let value = attribute.value;
    match attribute.key {
        // SDKs fill in `unknown_service` or `unknown_service:python` when nobody named the service.
        "service.name" if value.text().is_some_and(|name| name.starts_with("unknown_service")) => {}
        "service.name" => draft.offer_workflow(workflow::SERVICE, value),
        "service.version" => draft.offer_release(release::SERVICE, value),
        "deployment.environment.name" => draft.offer_environment(dialect::GEN_AI, value),
        "deployment.environment" => draft.offer_environment(dialect::OTHER, value),
        _ => read(draft, attribute),
    }
}

/// A JSON object carried as text, such as `langfuse.observation.usage_details`; also a structured one.
fn json_object(value: Value<'_>) -> Option<serde_json::Map<String, serde_json::Value>> {
    let json = match value {
        Value::Text(text) => serde_json::from_str(text).ok()?,
        other => other.to_json(),
    };
    match json {
        serde_json::Value::Object(object) => Some(object),
        _ => None,
    }
}
