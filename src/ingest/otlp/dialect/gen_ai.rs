//! The GenAI semantic conventions of OpenTelemetry, all generations: before 1.37 (`gen_ai.system`,
//! `usage.prompt_tokens`), 1.37 to 1.41, and the renames of their own repository's first release.

use seatrial_domain::span::SpanClass;

use super::super::attributes::{Attribute, Value};
use super::super::draft::{Draft, dialect, release, score_of, workflow};

/// Reads `gen_ai.<key>`.
pub(super) fn read<'a>(draft: &mut Draft<'a>, key: &str, value: Value<'a>) {
    match key {
        "operation.name" => operation(draft, value.text().unwrap_or_default()),
        "agent.name" if draft.agent.is_none() => draft.agent = value.label(),
        "agent.version" => draft.offer_release(release::AGENT, value),
        "workflow.name" => draft.offer_workflow(workflow::GEN_AI, value),
        "conversation.id" => draft.offer_unit(dialect::GEN_AI, value),
        "tool.name" => draft.offer_tool(dialect::GEN_AI, value),
        // The requested model is what prices and segments are named by; the answer names a dated snapshot of it.
        "request.model" => draft.offer_model(dialect::GEN_AI, value),
        "response.model" => draft.offer_model(dialect::OTHER, value),
        "usage.input_tokens" => draft.offer_tokens(true, dialect::GEN_AI, value.int()),
        "usage.output_tokens" => draft.offer_tokens(false, dialect::GEN_AI, value.int()),
        "usage.prompt_tokens" => draft.offer_tokens(true, dialect::OTHER, value.int()),
        "usage.completion_tokens" => draft.offer_tokens(false, dialect::OTHER, value.int()),
        "usage.cost" | "usage.total_cost" => draft.offer_cost(dialect::OTHER, value.float()),
        "system" | "provider.name" => draft.smells_of_model = true,
        _ => {}
    }
}

fn operation(draft: &mut Draft<'_>, name: &str) {
    let class = match name {
        "chat" | "text_completion" | "generate_content" => SpanClass::Model,
        "execute_tool" => SpanClass::Tool,
        "invoke_agent" | "plan" => SpanClass::Agent,
        "invoke_workflow" => {
            draft.is_workflow = true;
            SpanClass::Workflow
        }
        "embeddings" | "retrieval" | "search_memory" => SpanClass::Retrieval,
        "evaluation" => SpanClass::Evaluator,
        "create_agent"
        | "create_memory_store"
        | "create_memory"
        | "update_memory"
        | "upsert_memory"
        | "delete_memory"
        | "delete_memory_store" => SpanClass::Other,
        _ => return,
    };
    draft.classify(dialect::GEN_AI, class);
}

/// Reads the name and score of a `gen_ai.evaluation.result` event.
pub(in super::super) fn evaluation<'a>(
    attributes: impl Iterator<Item = Attribute<'a>>,
) -> Option<(std::borrow::Cow<'a, str>, f64)> {
    let (mut name, mut score, mut label) = (None, None, None);
    for Attribute { key, value } in attributes {
        match key {
            "gen_ai.evaluation.name" => name = value.label(),
            "gen_ai.evaluation.score.value" => score = value.float(),
            "gen_ai.evaluation.score.label" => label = value.text(),
            _ => {}
        }
    }
    Some((name?, score_of(score, label)?))
}
