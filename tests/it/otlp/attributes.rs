//! What attributes and span events mean: Seatrial's own, and the dialects where they overlap or have changed.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Status, span::Link};
use seatrial_domain::run::{ApprovalStatus, Outcome, Tokens};
use seatrial_domain::span::{Span, SpanClass};

use super::{attribute, decode_both, decode_one, event, request, span, summary, text};

const fn int(value: i64) -> Value {
    Value::IntValue(value)
}

fn class_of(key: &str, kind: &str) -> SpanClass {
    decode_one(vec![], vec![text(key, kind)]).class
}

#[test]
fn every_dialect_says_what_a_span_is() {
    let kinds = [
        ("gen_ai.operation.name", "chat", SpanClass::Model),
        ("gen_ai.operation.name", "text_completion", SpanClass::Model),
        ("gen_ai.operation.name", "generate_content", SpanClass::Model),
        ("gen_ai.operation.name", "execute_tool", SpanClass::Tool),
        ("gen_ai.operation.name", "invoke_agent", SpanClass::Agent),
        ("gen_ai.operation.name", "invoke_workflow", SpanClass::Workflow),
        ("gen_ai.operation.name", "embeddings", SpanClass::Retrieval),
        ("gen_ai.operation.name", "create_agent", SpanClass::Other),
        ("gen_ai.operation.name", "something_new", SpanClass::Other),
        ("openinference.span.kind", "LLM", SpanClass::Model),
        ("openinference.span.kind", "TOOL", SpanClass::Tool),
        ("openinference.span.kind", "AGENT", SpanClass::Agent),
        ("openinference.span.kind", "CHAIN", SpanClass::Workflow),
        ("openinference.span.kind", "RERANKER", SpanClass::Retrieval),
        ("openinference.span.kind", "GUARDRAIL", SpanClass::Evaluator),
        ("openinference.span.kind", "PROMPT", SpanClass::Other),
        ("traceloop.span.kind", "workflow", SpanClass::Workflow),
        ("traceloop.span.kind", "task", SpanClass::Workflow),
        ("traceloop.span.kind", "agent", SpanClass::Agent),
        ("traceloop.span.kind", "tool", SpanClass::Tool),
        ("llm.request.type", "chat", SpanClass::Model),
        ("langfuse.observation.type", "generation", SpanClass::Model),
        ("langfuse.observation.type", "tool", SpanClass::Tool),
        ("langfuse.observation.type", "agent", SpanClass::Agent),
        ("langfuse.observation.type", "chain", SpanClass::Workflow),
        ("langfuse.observation.type", "retriever", SpanClass::Retrieval),
        ("langfuse.observation.type", "evaluator", SpanClass::Evaluator),
        ("langfuse.observation.type", "span", SpanClass::Other),
    ];
    for (key, kind, class) in kinds {
        assert_eq!(class_of(key, kind), class, "{key} = {kind}");
    }
}

#[test]
fn spans_without_a_kind_are_known_by_what_only_one_kind_has() {
    let old = decode_one(
        vec![],
        vec![
            text("gen_ai.system", "openai"),
            text("gen_ai.request.model", "gpt-4"),
            attribute("gen_ai.usage.prompt_tokens", int(7)),
            attribute("gen_ai.usage.completion_tokens", Value::StringValue("5".to_owned())),
        ],
    );
    assert_eq!((old.class, old.tokens), (SpanClass::Model, Some(Tokens { input: 7, output: 5 })));
    let tool = decode_one(vec![], vec![text("langfuse.observation.type", "span"), text("gen_ai.tool.name", "search")]);
    assert_eq!((tool.class, tool.tool.as_deref()), (SpanClass::Tool, Some("search")));
    // An agent's creation names a model and is no call of it.
    let created = decode_one(
        vec![],
        vec![
            text("gen_ai.operation.name", "create_agent"),
            text("gen_ai.system", "openai"),
            text("gen_ai.request.model", "gpt-4"),
        ],
    );
    assert_eq!(created.class, SpanClass::Other);
}

#[test]
fn workflow_and_release_come_from_the_most_direct_statement() {
    let mut resource = vec![text("service.name", "svc"), text("langfuse.release", "lf")];
    let mut attributes = vec![];
    let names = |resource: &[_], attributes: &[_]| {
        let decoded = decode_both(&request(resource.to_vec(), vec![span(1, 1, 0, attributes.to_vec())]));
        (decoded.pieces[0].workflow.clone(), decoded.pieces[0].release.clone())
    };
    let expect = |workflow: &str, release: &str| (workflow.to_owned(), release.to_owned());
    assert_eq!(names(&[], &[]), expect("unnamed", "unversioned"));
    assert_eq!(names(&[text("service.name", "unknown_service:python")], &[]).0, "unnamed");
    attributes.push(text("metadata", r#"{"tenant": "acme", "release": "meta"}"#));
    assert_eq!(names(&[], &attributes).1, "meta");
    assert_eq!(names(&resource, &attributes), expect("svc", "lf"));
    attributes.push(text("langfuse.trace.name", "lf-trace"));
    attributes.push(text("gen_ai.agent.version", "agent-7"));
    assert_eq!(names(&resource, &attributes), expect("lf-trace", "agent-7"));
    resource.push(text("service.version", "1.2.3"));
    attributes.push(text("openinference.span.kind", "AGENT"));
    assert_eq!(names(&resource, &attributes), expect("span 1", "1.2.3"));
    attributes.push(text("agent.name", "refunder"));
    assert_eq!(names(&resource, &attributes).0, "refunder");
    attributes.push(text("traceloop.workflow.name", "tl"));
    assert_eq!(names(&resource, &attributes).0, "tl");
    attributes.push(text("gen_ai.workflow.name", "wf"));
    assert_eq!(names(&resource, &attributes).0, "wf");
    resource.push(text("seatrial.workflow", "ours"));
    attributes.push(text("seatrial.release", "r1"));
    assert_eq!(names(&resource, &attributes), expect("ours", "r1"));
    attributes.push(text("seatrial.workflow", "of the span"));
    assert_eq!(names(&resource, &attributes).0, "of the span");
}

#[test]
fn the_newest_conventions_name_a_workflow_as_an_agent() {
    let workflow = vec![text("gen_ai.operation.name", "invoke_workflow"), text("gen_ai.agent.name", "refund-run")];
    let agent = vec![text("gen_ai.operation.name", "invoke_agent"), text("gen_ai.agent.name", "helper")];
    let decoded = decode_both(&request(vec![], vec![span(1, 2, 9, agent), span(1, 1, 9, workflow)]));
    assert_eq!(decoded.pieces[0].workflow, "refund-run");
}

#[test]
fn a_piece_without_its_root_is_named_again_when_the_root_comes() {
    let resource = vec![text("service.name", "svc")];
    let child = decode_both(&request(resource.clone(), vec![span(1, 2, 1, vec![])]));
    assert_eq!(child.pieces[0].workflow, "svc");
    let root = decode_both(&request(resource, vec![span(1, 1, 0, vec![text("gen_ai.workflow.name", "refunds")])]));
    let all: Vec<Span> = [&child, &root].iter().flat_map(|decoded| decoded.pieces[0].spans.clone()).collect();
    assert_eq!(seatrial_domain::trace::identity(&all).workflow, "refunds");
    assert_eq!(summary(&all).marks.workflow.expect("a workflow").name, "refunds");
}

#[test]
fn seatrials_own_attributes_state_facts_of_the_run() {
    let span = decode_one(
        vec![text("seatrial.environment", "staging"), text("seatrial.segment.region", "eu")],
        vec![
            text("seatrial.outcome", "failure"),
            text("seatrial.failure_class", " wrong amount \u{7} "),
            text("seatrial.unit", "case 7"),
            attribute("seatrial.retries", int(2)),
            attribute("seatrial.cost_nanos", int(1_500)),
            attribute("seatrial.segment.tier", int(3)),
            text("seatrial.segment.region", "us"),
            attribute("seatrial.score.accuracy", Value::DoubleValue(0.5)),
            attribute("seatrial.score.safe", Value::BoolValue(true)),
        ],
    );
    let marks = span.marks.expect("marks");
    assert_eq!(marks.environment.as_deref(), Some("staging"));
    assert_eq!((marks.outcome, marks.failure_class.as_deref()), (Some(Outcome::Failure), Some("wrong amount")));
    assert_eq!((marks.unit.as_deref(), marks.retries, marks.cost_nanos), (Some("case 7"), Some(2), Some(1_500)));
    let segments: Vec<_> = marks.segments.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(segments, [("region", "us"), ("tier", "3")]);
    let scores: Vec<_> = marks.scores.iter().map(|(name, score)| (name.as_str(), *score)).collect();
    assert_eq!(scores, [("accuracy", 0.5), ("safe", 1.0)]);
}

#[test]
fn span_events_carry_approvals_escalations_rescues_and_evaluations() {
    let mut one = span(1, 1, 0, vec![]);
    one.events = vec![
        event("seatrial.approval", vec![text("status", "granted"), text("by", "ann"), text("tool", "refund")]),
        event(
            "seatrial.escalation",
            vec![text("reason", "policy\nsays so"), attribute("expected", Value::BoolValue(false))],
        ),
        event("seatrial.rescue", vec![text("by", "bob"), attribute("seconds", int(90)), text("reason", "redone")]),
        event(
            "gen_ai.evaluation.result",
            vec![text("gen_ai.evaluation.name", "quality"), text("gen_ai.evaluation.score.label", "pass")],
        ),
    ];
    let decoded = decode_both(&request(vec![], vec![one]));
    let marks = decoded.pieces[0].spans[0].marks.clone().expect("marks");
    let approval = &marks.approvals[0];
    assert_eq!(
        (approval.status, approval.by.as_deref(), approval.tool.as_deref()),
        (ApprovalStatus::Granted, Some("ann"), Some("refund"))
    );
    assert!(approval.at.is_some());
    assert_eq!(
        (marks.escalations[0].reason.as_deref(), marks.escalations[0].expected),
        (Some("policy\nsays so"), Some(false))
    );
    assert_eq!((marks.rescues[0].by.as_deref(), marks.rescues[0].seconds), (Some("bob"), Some(90)));
    assert_eq!(marks.scores.get("quality"), Some(&1.0));
}

#[test]
fn openinference_annotations_are_scores() {
    let span = decode_one(
        vec![],
        vec![
            text("annotations.0.annotation.name", "correct"),
            attribute("annotations.0.annotation.score", Value::DoubleValue(0.75)),
            text("trace.evaluations.0.evaluation.name", "safe"),
            text("trace.evaluations.0.evaluation.label", "fail"),
            text("session.annotations.0.annotation.name", "other"),
            attribute("session.annotations.0.annotation.score", int(1)),
        ],
    );
    let scores = span.marks.expect("marks").scores;
    assert_eq!(scores.into_iter().collect::<Vec<_>>(), [("correct".to_owned(), 0.75), ("safe".to_owned(), 0.0)]);
}

#[test]
fn a_span_that_only_carries_feedback_scores_the_trace_it_links_to() {
    let mut carrier = span(
        2,
        1,
        0,
        vec![
            text("openinference.span.kind", "EVALUATOR"),
            text("annotations.0.annotation.name", "correct"),
            attribute("annotations.0.annotation.score", int(1)),
        ],
    );
    carrier.links = vec![Link { trace_id: vec![1; 16], span_id: vec![3; 8], ..Link::default() }];
    let decoded = decode_both(&request(vec![], vec![carrier]));
    assert_eq!((decoded.spans, decoded.pieces.len()), (1, 0), "accepted, and no run of its own");
    let score = &decoded.scores[0];
    assert_eq!((score.trace_id.0, score.span_id.expect("a span").0), ([1; 16], [3; 8]));
    assert_eq!((score.name.as_str(), score.value), ("correct", 1.0));
}

#[test]
fn failure_is_what_the_span_says_in_any_way() {
    let with_status = |code, attributes| {
        let mut one = span(1, 1, 0, attributes);
        one.status = Some(Status { code, message: "it broke".to_owned() });
        one
    };
    let thrown = |mut one: super::ProtoSpan| {
        one.events = vec![event("exception", vec![text("exception.type", "KeyError")])];
        one
    };
    let error = |one| decode_both(&request(vec![], vec![one])).pieces[0].spans[0].error.clone();
    assert_eq!(error(with_status(2, vec![])).as_deref(), Some("it broke"));
    assert_eq!(error(with_status(0, vec![])), None);
    assert_eq!(error(thrown(with_status(0, vec![]))).as_deref(), Some("KeyError"));
    assert_eq!(error(thrown(with_status(1, vec![]))), None, "handled: the span says that it went well");
    assert_eq!(error(thrown(with_status(2, vec![text("error.type", "timeout")]))).as_deref(), Some("timeout"));
    assert_eq!(error(with_status(0, vec![text("langfuse.observation.level", "ERROR")])).as_deref(), Some("it broke"));
    assert_eq!(error(span(1, 1, 0, vec![text("langfuse.observation.level", "ERROR")])).as_deref(), Some("error"));
}

#[test]
fn cost_and_tokens_are_known_or_unknown_and_never_guessed() {
    let model = |attributes: Vec<_>| {
        let kind = text("gen_ai.operation.name", "chat");
        decode_one(vec![], std::iter::once(kind).chain(attributes).collect())
    };
    assert_eq!(model(vec![attribute("gen_ai.usage.input_tokens", int(5))]).tokens, None, "output is not zero");
    assert_eq!(model(vec![attribute("llm.cost.total", Value::DoubleValue(0.000_000_1))]).cost_nanos, Some(100));
    assert_eq!(
        model(vec![text("langfuse.observation.cost_details", r#"{"input": 0.1, "output": 0.2}"#)]).cost_nanos,
        Some(300_000_000)
    );
    assert_eq!(model(vec![text("langfuse.observation.cost_details", "not json")]).cost_nanos, None);
    let embedding = vec![text("gen_ai.operation.name", "embeddings"), attribute("gen_ai.usage.input_tokens", int(5))];
    assert_eq!(decode_one(vec![], embedding).tokens, Some(Tokens { input: 5, output: 0 }));
}

#[test]
fn runs_within_a_trace_and_across_traces_are_told_apart_by_their_id() {
    let run = |id: &str| vec![text("seatrial.run.id", id)];
    let spans = vec![
        span(1, 1, 0, vec![]),
        span(1, 2, 1, run("a")),
        span(1, 3, 2, vec![]),
        span(1, 4, 1, run("b")),
        span(1, 5, 4, vec![]),
        // Its trace has one run's id only, which the root stated.
        span(2, 6, 7, vec![]),
        span(2, 8, 0, run("c")),
        // A cycle of parents ends.
        span(3, 9, 10, vec![]),
        span(3, 10, 9, vec![]),
    ];
    let decoded = decode_both(&request(vec![], spans));
    let keys: Vec<(u8, Option<&str>, usize)> =
        decoded.pieces.iter().map(|piece| (piece.trace_id.0[0], piece.run_key.as_deref(), piece.spans.len())).collect();
    assert_eq!(keys, [(1, None, 1), (1, Some("a"), 2), (1, Some("b"), 2), (2, Some("c"), 2), (3, None, 2)]);
    let of_resource = decode_both(&request(run("r"), vec![span(1, 1, 0, vec![]), span(2, 2, 0, vec![])]));
    assert!(of_resource.pieces.iter().all(|piece| piece.run_key.as_deref() == Some("r")));
}
