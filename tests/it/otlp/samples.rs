//! Bytes captured from real SDKs, with facts read off their decoded form.

use seatrial::ingest::otlp::{Format, TracePiece, decode_logs};
use seatrial_domain::run::Tokens;
use seatrial_domain::span::SpanClass;

use super::{NOW, assert_body, body_of, decode_ok, summary};

const INGEST: &str = "samples/ingest";

/// What one trace of a sample shows.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    workflow: &'static str,
    release: &'static str,
    environment: Option<&'static str>,
    unit: Option<&'static str>,
    spans: usize,
    tools: Vec<&'static str>,
    tool_error: Option<&'static str>,
    tokens: Option<(i64, i64)>,
    cost_nanos: Option<i64>,
    model: Option<&'static str>,
}

fn check(piece: &TracePiece, expected: &Facts) {
    assert_body(piece);
    let summary = summary(&piece.spans);
    assert_eq!(piece.workflow, expected.workflow);
    assert_eq!(piece.release, expected.release);
    assert_eq!(summary.marks.environment.as_deref(), expected.environment);
    assert_eq!(summary.marks.unit.as_deref(), expected.unit);
    assert_eq!(piece.spans.len(), expected.spans);
    assert_eq!(summary.tools.as_deref().unwrap_or_default(), expected.tools);
    let failed = piece.spans.iter().filter(|span| span.class == SpanClass::Tool).find_map(|span| span.error.as_deref());
    assert_eq!(failed, expected.tool_error);
    assert_eq!(summary.tool_errors, Some(i64::from(expected.tool_error.is_some())));
    let tokens = expected.tokens.map(|(input, output)| Tokens { input, output });
    assert_eq!(summary.tokens, tokens);
    assert_eq!(summary.cost_nanos, expected.cost_nanos);
    assert_eq!(summary.model.as_deref(), expected.model);
}

fn pieces(folder: &str, file: &str, format: Format) -> Vec<TracePiece> {
    let decoded = decode_ok(&body_of(&format!("{INGEST}/{folder}/{file}.body.raw")), format);
    assert_eq!((decoded.rejected, decoded.warned), (0, 0), "{folder}: {:?}", decoded.notes);
    decoded.pieces
}

#[test]
fn the_python_sdk_with_hand_made_genai_spans() {
    for folder in ["otel_py_plain", "otel_py_gzip_partial", "otel_py_400", "otel_py_429_retry", "otel_py_503_retry"] {
        let pieces = pieces(folder, "001_POST_v1_traces", Format::Protobuf);
        let [piece] = &pieces[..] else { panic!("{folder}: one trace") };
        check(
            piece,
            &Facts {
                workflow: "refund-agent",
                release: "2026.11.1",
                environment: Some("production"),
                unit: Some("conv_42"),
                spans: 3,
                tools: vec!["refund"],
                tool_error: Some("TimeoutError"),
                tokens: Some((812, 41)),
                model: Some("gpt-4o-mini"),
                ..Facts::default()
            },
        );
        let summary = summary(&piece.spans);
        assert!(summary.unrecovered_error);
        assert_eq!(summary.marks.scores.get("TaskCompletion"), Some(&0.0));

        let logs = body_of(&format!("{INGEST}/{folder}/002_POST_v1_logs.body.raw"));
        let logs = decode_logs(&logs, Format::Protobuf, NOW).expect("the logs decode");
        let [score] = &logs.scores[..] else { panic!("{folder}: one score, {logs:?}") };
        assert_eq!((score.trace_id, score.name.as_str(), score.value), (piece.trace_id, "Relevance", 0.25));
        assert!(score.span_id.is_some() && score.at < NOW);
    }
}

#[test]
fn a_repeated_export_decodes_to_the_same() {
    for folder in ["otel_py_429_retry", "otel_py_503_retry"] {
        let first = pieces(folder, "001_POST_v1_traces", Format::Protobuf);
        assert_eq!(first, pieces(folder, "003_POST_v1_traces", Format::Protobuf));
    }
}

#[test]
fn the_javascript_sdk_in_json_gzip_and_protobuf() {
    let samples = [
        ("otel_js_json", Format::Json),
        ("otel_js_json_gzip_partial", Format::Json),
        ("otel_js_proto", Format::Protobuf),
    ];
    for (folder, format) in samples {
        let pieces = pieces(folder, "001_POST_v1_traces", format);
        let [piece] = &pieces[..] else { panic!("{folder}: one trace") };
        check(
            piece,
            &Facts {
                workflow: "refund-agent",
                release: "2.0.0",
                unit: Some("conv_43"),
                spans: 2,
                tools: vec!["refund"],
                tool_error: Some("Error"),
                ..Facts::default()
            },
        );
    }
}

#[test]
fn the_official_genai_instrumentations() {
    let pieces = pieces("otel_native_genai", "001_POST_v1_traces", Format::Protobuf);
    let [run, rate_limited] = &pieces[..] else { panic!("two traces") };
    check(
        run,
        &Facts {
            workflow: "refund-run",
            release: "1.4.2",
            unit: Some("conv_42"),
            spans: 5,
            tools: vec!["refund"],
            tool_error: Some("_OTHER"),
            tokens: Some((1_624, 82)),
            model: Some("gpt-4o-mini"),
            ..Facts::default()
        },
    );
    assert!(run.spans.iter().find(|span| span.parent.is_none()).expect("a root").error.is_none());
    assert!(summary(&run.spans).unrecovered_error, "the root says nothing, the tool failed");
    let root = &rate_limited.spans[0];
    assert_eq!((root.class, root.error.as_deref()), (SpanClass::Model, Some("openai.RateLimitError")));
    assert_eq!((rate_limited.workflow.as_str(), rate_limited.release.as_str()), ("refund-agent", "1.4.2"));

    let logs = body_of(&format!("{INGEST}/otel_native_genai/002_POST_v1_logs.body.raw"));
    let logs = decode_logs(&logs, Format::Protobuf, NOW).expect("the logs decode");
    assert_eq!((logs.scores.len(), logs.rejected), (0, 0), "message records are accepted and dropped");
}

#[test]
fn openinference_by_hand_of_langgraph_and_of_the_openai_agents_sdk() {
    let common = Facts { workflow: "refund-agent", release: "1.4.2", unit: Some("conv_42"), ..Facts::default() };
    let samples = [
        (
            "openinference_manual",
            Facts {
                spans: 3,
                tools: vec!["refund"],
                tool_error: Some("TimeoutError"),
                tokens: Some((812, 41)),
                cost_nanos: Some(300_000),
                model: Some("gpt-4o-mini"),
                ..common
            },
        ),
        (
            "openinference_langgraph",
            Facts {
                workflow: "refund-agent",
                release: "1.4.2",
                unit: Some("conv_42"),
                spans: 7,
                tools: vec!["refund"],
                tokens: Some((1_712, 46)),
                ..Facts::default()
            },
        ),
        (
            "openinference_openai-agents",
            Facts {
                workflow: "refund-agent",
                release: "1.4.2",
                unit: Some("conv_42"),
                spans: 6,
                tools: vec!["refund"],
                tool_error: Some(
                    "Error running tool (non-fatal): {'tool_name': 'refund', 'error': 'Tool execution failed. Error \
                     details are redacted.'}",
                ),
                ..Facts::default()
            },
        ),
    ];
    for (folder, expected) in samples {
        let pieces = pieces(folder, "001_POST_v1_traces", Format::Protobuf);
        let [piece] = &pieces[..] else { panic!("{folder}: one trace") };
        check(piece, &expected);
    }
}

#[test]
fn openllmetry() {
    let pieces = pieces("traceloop", "001_POST_v1_traces", Format::Protobuf);
    let [piece] = &pieces[..] else { panic!("one trace") };
    check(
        piece,
        &Facts {
            workflow: "refund-run",
            release: "1.4.2",
            environment: Some("production"),
            unit: Some("conv_42"),
            spans: 5,
            tools: vec!["refund"],
            tool_error: Some("TimeoutError"),
            tokens: Some((812, 41)),
            model: Some("gpt-4o-mini"),
            ..Facts::default()
        },
    );
}

#[test]
fn three_majors_of_the_langfuse_sdk() {
    let samples = [("langfuse_py_v3", "008"), ("langfuse_py_v4", "008"), ("langfuse_py_v5", "007")];
    for (folder, number) in samples {
        let pieces = pieces(folder, &format!("{number}_POST_api_public_otel_v1_traces"), Format::Protobuf);
        check(
            &pieces[0],
            &Facts {
                workflow: "refund-agent",
                release: "2026.11.1",
                environment: Some("production"),
                unit: Some("conv_42"),
                spans: 3,
                tools: vec!["refund"],
                tool_error: Some("payments API timed out"),
                // Kinds of usage do not overlap in Langfuse: 812 read and 600 read from the cache.
                tokens: Some((1_412, 41)),
                cost_nanos: Some(300_000),
                model: Some("gpt-4o-mini"),
            },
        );
        let experiments = pieces.iter().skip(1).map(|piece| summary(&piece.spans).marks.environment);
        assert!(
            experiments.into_iter().all(|environment| environment.as_deref() == Some("sdk-experiment")),
            "{folder}: experiments are marked, so that they are no evidence"
        );
        assert!(pieces.len() > 1, "{folder} has an experiment");
    }
}
