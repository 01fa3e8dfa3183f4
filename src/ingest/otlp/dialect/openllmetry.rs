//! OpenLLMetry: the `traceloop.*` attributes its SDK sets beside the GenAI ones.

use seatrial_domain::span::SpanClass;

use super::super::attributes::Value;
use super::super::draft::{Draft, dialect, workflow};

/// Reads `traceloop.<key>`.
pub(super) fn read<'a>(draft: &mut Draft<'a>, key: &str, value: Value<'a>) {
    match key {
        "span.kind" => kind(draft, value.text().unwrap_or_default()),
        "workflow.name" => draft.offer_workflow(workflow::TRACELOOP, value),
        "entity.name" => draft.entity = value.text(),
        "association.properties.session_id" => draft.offer_unit(dialect::TRACELOOP, value),
        _ => {}
    }
}

fn kind(draft: &mut Draft<'_>, kind: &str) {
    let class = match kind {
        "workflow" => {
            draft.is_workflow = true;
            SpanClass::Workflow
        }
        "task" => SpanClass::Workflow,
        "agent" => SpanClass::Agent,
        "tool" => SpanClass::Tool,
        _ => return,
    };
    draft.classify(dialect::TRACELOOP, class);
}

/// Reads `llm.request.type`, which its instrumentations set before there was `gen_ai.operation.name`.
pub(super) fn request_type<'a>(draft: &mut Draft<'a>, value: Value<'a>) {
    let class = match value.text().unwrap_or_default() {
        "chat" | "completion" => SpanClass::Model,
        "embedding" | "rerank" => SpanClass::Retrieval,
        _ => return,
    };
    draft.classify(dialect::OTHER, class);
}
