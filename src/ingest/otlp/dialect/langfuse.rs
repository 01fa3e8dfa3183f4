//! Langfuse: the attributes its SDKs (3 to 5) put on OpenTelemetry spans.

use seatrial_domain::span::SpanClass;
use serde_json::Value as Json;

use super::super::attributes::Value;
use super::super::draft::{Draft, dialect, release, workflow};
use super::json_object;

/// Reads `langfuse.<key>`.
pub(super) fn read<'a>(draft: &mut Draft<'a>, key: &str, value: Value<'a>) {
    match key {
        "observation.type" => kind(draft, value.text().unwrap_or_default()),
        "observation.level" => draft.failed |= value.text().is_some_and(|level| level.eq_ignore_ascii_case("error")),
        "observation.status_message" => draft.offer_error(6, value),
        "observation.model.name" => draft.offer_model(dialect::LANGFUSE, value),
        "observation.usage_details" => usage(draft, value),
        "observation.cost_details" => cost(draft, value),
        "trace.name" => draft.offer_workflow(workflow::LANGFUSE_TRACE, value),
        "release" => draft.offer_release(release::LANGFUSE_RELEASE, value),
        "version" => draft.offer_release(release::LANGFUSE_VERSION, value),
        "environment" => draft.offer_environment(dialect::LANGFUSE, value),
        "session.id" => draft.offer_unit(dialect::LANGFUSE, value),
        _ => {}
    }
}

fn kind(draft: &mut Draft<'_>, kind: &str) {
    let class = match kind {
        "generation" => SpanClass::Model,
        "tool" => SpanClass::Tool,
        "agent" => SpanClass::Agent,
        "chain" => SpanClass::Workflow,
        "retriever" | "embedding" => SpanClass::Retrieval,
        "evaluator" | "guardrail" => SpanClass::Evaluator,
        "event" => SpanClass::Other,
        // `span` is the SDK's default and says nothing; another dialect may.
        _ => return,
    };
    draft.classify(dialect::LANGFUSE, class);
}

/// Tokens by kind. Kinds do not overlap: whatever has `input` in its name was read, `output` was written.
fn usage<'a>(draft: &mut Draft<'a>, value: Value<'a>) {
    let Some(details) = json_object(value) else { return };
    let sum = |words: [&str; 2]| {
        let counts = details.iter().filter(|(kind, _)| words.iter().any(|word| kind.contains(word)));
        counts.filter_map(|(_, count)| count.as_i64()).reduce(i64::saturating_add)
    };
    let negative = details.values().any(|count| count.as_i64().is_some_and(|count| count < 0));
    let checked = |count: Option<i64>| if negative { count.and(Some(-1)) } else { count };
    draft.offer_tokens(true, dialect::LANGFUSE, checked(sum(["input", "prompt"])));
    draft.offer_tokens(false, dialect::LANGFUSE, checked(sum(["output", "completion"])));
}

/// The total cost, else the sum of its parts.
fn cost<'a>(draft: &mut Draft<'a>, value: Value<'a>) {
    let Some(details) = json_object(value) else { return };
    let total = details.get("total").and_then(Json::as_f64);
    let parts = || details.values().filter_map(Json::as_f64).reduce(|sum, part| sum + part);
    draft.offer_cost(dialect::LANGFUSE, total.or_else(parts));
}
