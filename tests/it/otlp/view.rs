//! Reading stored bodies back: one span whole, conversations of every dialect, input and output.

use seatrial::ingest::otlp::view::{Message, conversation, input_output, span};
use seatrial::ingest::otlp::{Format, TracePiece};
use serde_json::{Value as Json, json};

use super::{attribute, body_of, decode_both, decode_ok, request, text};
use crate::support::shared;

fn first_piece(sample: &str) -> TracePiece {
    let body = body_of(&format!("samples/ingest/{sample}.body.raw"));
    decode_ok(&body, Format::Protobuf).pieces.into_iter().next().expect("a piece")
}

#[test]
fn a_span_is_shown_whole() {
    let piece = first_piece("otel_py_plain/001_POST_v1_traces");
    let tool = piece.spans.iter().find(|span| span.tool.is_some()).expect("a tool");
    let shown = span(&piece.body, piece.trace_id, tool.id).expect("the span");
    assert_eq!(shown["name"], "execute_tool refund");
    assert_eq!(shown["span_id"], tool.id.to_string());
    assert_eq!(shown["parent_span_id"], tool.parent.expect("a parent").to_string());
    assert_eq!(shown["status"], json!({"code": "error", "message": "payments API timed out"}));
    assert_eq!(shown["kind"], "internal");
    assert_eq!(shown["attributes"]["gen_ai.tool.call.arguments"], r#"{"order": "A-17"}"#);
    assert_eq!(shown["events"][0]["attributes"]["exception.type"], "TimeoutError");
    assert_eq!(shown["resource"]["service.name"], "refund-agent");
    assert_eq!(shown["scope"]["name"], "holdpoint.sample");
    assert_eq!(shown["started_at"], tool.started_at.to_string());
    assert_eq!(span(&piece.body, piece.trace_id, seatrial_domain::span::SpanId([9; 8])), None);
}

#[test]
fn of_a_repeated_span_the_finished_version_is_shown() {
    let running = |end| {
        let mut one = super::span(1, 1, 0, vec![text("n", if end == 0 { "running" } else { "done" })]);
        one.end_time_unix_nano = if end == 0 { 0 } else { one.end_time_unix_nano };
        decode_both(&request(vec![], vec![one])).pieces.remove(0)
    };
    let (early, late) = (running(0), running(1));
    for body in [[early.body.clone(), late.body.clone()].concat(), [late.body.clone(), early.body.clone()].concat()] {
        let shown = span(&body, late.trace_id, late.spans[0].id).expect("the span");
        assert_eq!(shown["attributes"]["n"], "done");
    }
}

fn said<'a>(messages: &'a [Message], role: &str) -> Vec<&'a str> {
    messages.iter().filter(|m| m.role == role && !m.text.is_empty()).map(|m| m.text.as_str()).collect()
}

fn called(messages: &[Message]) -> Vec<(&str, &Json)> {
    messages.iter().filter_map(|m| Some((m.tool.as_deref()?, m.arguments.as_ref()?))).collect()
}

#[test]
fn conversations_are_read_in_every_dialect() {
    let refund = json!({"order": "A-17"});
    for sample in [
        "otel_native_genai/001_POST_v1_traces",
        "traceloop/001_POST_v1_traces",
        "openinference_manual/001_POST_v1_traces",
    ] {
        let messages = conversation(&first_piece(sample).body);
        assert_eq!(said(&messages, "user"), ["Refund order A-17"], "{sample}: {messages:#?}");
        assert_eq!(called(&messages)[0], ("refund", &refund), "{sample}: {messages:#?}");
    }
    let genai = conversation(&first_piece("otel_native_genai/001_POST_v1_traces").body);
    assert_eq!(said(&genai, "system"), ["You refund orders"]);
    assert_eq!(said(&genai, "assistant"), ["Sorry"]);

    let langgraph = conversation(&first_piece("openinference_langgraph/001_POST_v1_traces").body);
    assert_eq!((said(&langgraph, "user"), said(&langgraph, "assistant")), (vec!["Refund order A-17"], vec!["Done"]));
    let result = langgraph.iter().find(|message| message.role == "tool").expect("a result");
    assert_eq!((result.tool.as_deref(), result.result.as_ref()), (Some("refund"), Some(&json!("refunded A-17"))));

    let langfuse = conversation(&first_piece("langfuse_py_v5/007_POST_api_public_otel_v1_traces").body);
    assert_eq!(
        (said(&langfuse, "user"), said(&langfuse, "assistant")),
        (vec!["Refund order A-17"], vec!["calling tool"])
    );
}

#[test]
fn a_run_without_model_calls_shows_its_tools_between_input_and_output() {
    let spans = vec![
        super::span(
            1,
            1,
            0,
            vec![text("input.value", "do it"), text("output.value", "done"), text("openinference.span.kind", "AGENT")],
        ),
        super::span(
            1,
            2,
            1,
            vec![
                text("openinference.span.kind", "TOOL"),
                text("tool.name", "act"),
                text("input.value", r#"{"a":1}"#),
                text("output.value", "ok"),
            ],
        ),
    ];
    let piece = decode_both(&request(vec![], spans)).pieces.remove(0);
    let messages = conversation(&piece.body);
    assert_eq!((said(&messages, "user"), said(&messages, "assistant")), (vec!["do it"], vec!["done"]));
    assert_eq!(
        (messages[1].tool.as_deref(), &messages[1].arguments, &messages[1].result),
        (Some("act"), &Some(json!({"a": 1})), &Some(json!("ok")))
    );
}

#[test]
fn input_and_output_are_those_of_the_top_span() {
    let of = |sample: &str| input_output(&first_piece(sample).body);
    assert_eq!(
        of("openinference_manual/001_POST_v1_traces"),
        (Some(json!({"q": "Refund order A-17"})), Some(json!("Sorry")))
    );
    assert_eq!(
        of("langfuse_py_v3/008_POST_api_public_otel_v1_traces"),
        (Some(json!({"q": "Refund"})), Some(json!({"a": "no"})))
    );
    assert_eq!(
        of("langfuse_py_v5/007_POST_api_public_otel_v1_traces"),
        (Some(json!({"q": "Refund order A-17"})), Some(json!({"a": "Sorry"})))
    );
    let (input, output) = of("traceloop/001_POST_v1_traces");
    assert_eq!((input, output), (Some(json!({"args": ["Refund order A-17"], "kwargs": {}})), Some(json!("Sorry"))));
    let (input, output) = of("otel_py_plain/001_POST_v1_traces");
    assert_eq!(input.expect("an input")[0]["parts"][0]["content"], "Refund order A-17");
    assert_eq!(output.expect("an output")[0]["parts"][0]["content"], "Sorry, I could not refund.");
    assert_eq!(of("otel_js_proto/001_POST_v1_traces"), (None, None), "content is often absent");
}

#[test]
fn derived_conversations_read_alike_in_both_dialects() {
    let read = |dialect: &str| -> Vec<Vec<Message>> {
        let lines: Vec<Json> = shared::json_lines(&format!("data/otlp/{dialect}.otlp.jsonl.gz"));
        let pieces = lines.iter().take(5).flat_map(|line| decode_ok(line.to_string().as_bytes(), Format::Json).pieces);
        pieces.map(|piece| conversation(&piece.body)).collect()
    };
    for (a, b) in read("derived_gen_ai").iter().zip(&read("derived_openinference")) {
        assert!(a.len() > 5, "{a:#?}");
        let texts = |messages: &[Message]| {
            messages.iter().filter(|m| !m.text.is_empty()).map(|m| (m.role.clone(), m.text.clone())).collect::<Vec<_>>()
        };
        assert_eq!(texts(a), texts(b));
        assert_eq!(called(a), called(b));
    }
}

#[test]
fn old_flattened_prompts_are_put_together() {
    let one = super::span(
        1,
        1,
        0,
        vec![
            text("llm.request.type", "chat"),
            text("gen_ai.prompt.0.role", "system"),
            text("gen_ai.prompt.0.content", "be brief"),
            text("gen_ai.prompt.1.role", "user"),
            text("gen_ai.prompt.1.content", "hi"),
            text("gen_ai.completion.0.role", "assistant"),
            text("gen_ai.completion.0.content", "ho"),
            attribute("gen_ai.completion.0.9999999999.x", super::Value::IntValue(1)),
        ],
    );
    let piece = decode_both(&request(vec![], vec![one])).pieces.remove(0);
    let messages = conversation(&piece.body);
    let all: Vec<(&str, &str)> = messages.iter().map(|m| (m.role.as_str(), m.text.as_str())).collect();
    assert_eq!(all, [("system", "be brief"), ("user", "hi"), ("assistant", "ho")]);
}
