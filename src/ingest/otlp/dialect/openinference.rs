//! OpenInference: kinds, flattened model calls, costs, and inline annotations and evaluations.

use std::borrow::Cow;

use seatrial_domain::limits;
use seatrial_domain::span::SpanClass;
use serde::Deserialize;

use super::super::attributes::Value;
use super::super::draft::{Annotation, Draft, dialect, release};
use super::openllmetry;

/// Reads `openinference.span.kind`.
pub(super) fn kind<'a>(draft: &mut Draft<'a>, value: Value<'a>) {
    let class = match value.text().unwrap_or_default().trim() {
        "LLM" => SpanClass::Model,
        "TOOL" => SpanClass::Tool,
        "AGENT" => SpanClass::Agent,
        "CHAIN" => SpanClass::Workflow,
        "RETRIEVER" | "EMBEDDING" | "RERANKER" => SpanClass::Retrieval,
        "GUARDRAIL" | "EVALUATOR" => SpanClass::Evaluator,
        "PROMPT" => SpanClass::Other,
        _ => return,
    };
    draft.classify(dialect::OPENINFERENCE, class);
}

/// Reads `llm.<key>`.
pub(super) fn read_llm<'a>(draft: &mut Draft<'a>, key: &str, value: Value<'a>) {
    match key {
        "model_name" => draft.offer_model(dialect::OPENINFERENCE, value),
        "token_count.prompt" => draft.offer_tokens(true, dialect::OPENINFERENCE, value.int()),
        "token_count.completion" => draft.offer_tokens(false, dialect::OPENINFERENCE, value.int()),
        "cost.total" => draft.offer_cost(dialect::OPENINFERENCE, value.float()),
        "provider" | "system" => draft.smells_of_model = true,
        "request.type" => openllmetry::request_type(draft, value),
        _ => {}
    }
}

/// Reads `metadata`, a JSON object as text, for a release.
pub(super) fn metadata<'a>(draft: &mut Draft<'a>, value: Value<'a>) {
    #[derive(Deserialize)]
    struct Metadata<'a> {
        #[serde(borrow)]
        release: Option<Cow<'a, str>>,
    }
    let Value::Text(text) = value else { return };
    // Most metadata has no release; looking for the word first saves parsing it on every span.
    if !text.contains("\"release\"") {
        return;
    }
    if let Ok(Metadata { release: Some(name) }) = serde_json::from_str::<Metadata<'a>>(text)
        && !name.trim().is_empty()
    {
        draft.release.offer(release::METADATA, name);
    }
}

/// Reads one field of an inline annotation, such as `annotations.0.annotation.score` or
/// `trace.evaluations.0.evaluation.label`. Those of a session are not about this run.
pub(super) fn annotation<'a>(draft: &mut Draft<'a>, key: &'a str, value: Value<'a>) {
    let list = key.strip_prefix("trace.").unwrap_or(key);
    if !list.starts_with("annotations.") && !list.starts_with("evaluations.") {
        return;
    }
    let Some((prefix, field)) = key.rsplit_once('.') else { return };
    let known = draft.annotations.iter().position(|annotation| annotation.prefix == prefix);
    let index = match known {
        Some(index) => index,
        None if draft.annotations.len() >= limits::SCORES_PER_RUN => return,
        None => {
            draft.annotations.push(Annotation { prefix, name: None, score: None, label: None });
            draft.annotations.len() - 1
        }
    };
    let annotation = &mut draft.annotations[index];
    match field {
        "name" => annotation.name = value.text(),
        "score" => annotation.score = value.float(),
        "label" => annotation.label = value.text(),
        _ => {}
    }
}
