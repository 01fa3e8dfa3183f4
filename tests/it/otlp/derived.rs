//! Fifty airline conversations in two dialects and both encodings, against tables made independently.

use std::collections::HashMap;

use seatrial::ingest::otlp::{Format, TracePiece};
use seatrial_domain::span::SpanClass;
use seatrial_domain::time::Timestamp;
use serde::Deserialize;

use super::{assert_body, decode_ok, summary, tar_files};
use crate::support::shared;

#[derive(Debug, Deserialize)]
struct Truth {
    trace_id: String,
    run_id: String,
    release: String,
    n_spans: usize,
    n_llm_spans: usize,
    n_tool_spans: usize,
    tool_errors: i64,
    tool_path: String,
    start_unix_nano: u64,
    end_unix_nano: u64,
}

fn from_json(dialect: &str) -> Vec<TracePiece> {
    let lines: Vec<serde_json::Value> = shared::json_lines(&format!("data/otlp/{dialect}.otlp.jsonl.gz"));
    lines.iter().flat_map(|line| decode_ok(line.to_string().as_bytes(), Format::Json).pieces).collect()
}

fn check(piece: &TracePiece, truth: &Truth) {
    assert_body(piece);
    let summary = summary(&piece.spans);
    let of_class = |class| piece.spans.iter().filter(|span| span.class == class).count();
    assert_eq!(piece.release, truth.release);
    assert_eq!(piece.workflow, "airline-support-agent");
    assert_eq!(summary.marks.environment.as_deref(), Some("production"));
    assert_eq!(summary.marks.unit.as_deref(), Some(truth.run_id.as_str()));
    assert_eq!(piece.spans.len(), truth.n_spans);
    assert_eq!(of_class(SpanClass::Model), truth.n_llm_spans);
    assert_eq!(of_class(SpanClass::Tool), truth.n_tool_spans);
    assert_eq!(summary.tool_errors, Some(truth.tool_errors));
    assert_eq!(summary.tools.expect("tools").join(" "), truth.tool_path);
    assert_eq!(summary.started_at, Timestamp::from_unix_nanos(truth.start_unix_nano));
    assert_eq!(summary.ended_at, Some(Timestamp::from_unix_nanos(truth.end_unix_nano)));
    assert_eq!(summary.cost_nanos, None, "no price, no cost");
}

#[test]
fn both_dialects_and_both_encodings_agree_with_the_truth() {
    for dialect in ["derived_gen_ai", "derived_openinference"] {
        let truths: Vec<Truth> = shared::csv_rows(&format!("data/otlp/{dialect}.truth.csv"));
        let pieces = from_json(dialect);
        assert_eq!(pieces.len(), truths.len());
        let by_id: HashMap<String, &TracePiece> =
            pieces.iter().map(|piece| (piece.trace_id.to_string(), piece)).collect();
        for truth in &truths {
            check(by_id[&truth.trace_id], truth);
        }
        let mut in_protobuf = 0;
        for (name, body) in tar_files(&format!("data/otlp/{dialect}.pb.tar.gz")) {
            for piece in decode_ok(&body, Format::Protobuf).pieces {
                assert_body(&piece);
                let same = by_id.get(&piece.trace_id.to_string()).unwrap_or_else(|| panic!("{name}"));
                assert_eq!(piece.spans, same.spans, "{name}");
                in_protobuf += 1;
            }
        }
        assert!(in_protobuf >= 10, "{dialect}: {in_protobuf} traces in protobuf");
    }
}
