//! Recordings of agent frameworks, as far as they are OTLP, against what people read off them.

use seatrial::ingest::otlp::{Format, TracePiece};
use seatrial_domain::run::Tokens;
use seatrial_domain::span::SpanClass;
use seatrial_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{assert_body, decode_ok, summary, tar_files};
use crate::support::shared;

#[derive(Debug, Deserialize)]
struct RebuiltTruth {
    file: String,
    trace_id: String,
    spans: usize,
    roots: usize,
    generations: usize,
    tools: usize,
    start_unix_nano: u64,
    end_unix_nano: u64,
}

/// Model calls that wrap another one or are told apart otherwise than by the exporter's own type.
const MORE_GENERATIONS: &[&str] = &[];
/// Tools that the exporter's own type calls spans, and that their attributes show.
const MORE_TOOLS: &[(&str, usize)] = &[("agno-2025-06-11.json", 1), ("koog-2025-08-26.json", 2)];

fn check_rebuilt(piece: &TracePiece, truth: &RebuiltTruth) {
    let file = truth.file.as_str();
    let of_class = |class| piece.spans.iter().filter(|span| span.class == class).count();
    let summary = summary(&piece.spans);
    assert_eq!(piece.spans.len(), truth.spans, "{file}");
    assert_eq!(piece.spans.iter().filter(|span| span.parent.is_none()).count(), truth.roots, "{file}");
    assert_eq!(summary.started_at, Timestamp::from_unix_nanos(truth.start_unix_nano), "{file}");
    assert_eq!(summary.last_at, Timestamp::from_unix_nanos(truth.end_unix_nano), "{file}");
    let models = of_class(SpanClass::Model);
    assert!(models == truth.generations || MORE_GENERATIONS.contains(&file), "{file}: {models}");
    let more = MORE_TOOLS.iter().find(|(name, _)| *name == file).map_or(0, |(_, more)| *more);
    assert_eq!(of_class(SpanClass::Tool), truth.tools + more, "{file}");
    assert!(summary.tokens.is_some_and(|tokens| tokens.input > 0 && tokens.output > 0), "{file}: {:?}", summary.tokens);
    assert!(!summary.unrecovered_error, "{file}");
}

#[test]
fn frameworks_exported_from_langfuse_and_rebuilt_as_otlp() {
    let truths: Vec<RebuiltTruth> = shared::csv_rows("data/otlp/rebuilt_langfuse.truth.csv");
    let lines: Vec<Json> = shared::json_lines("data/otlp/rebuilt_langfuse.otlp.jsonl.gz");
    let archive = tar_files("data/otlp/rebuilt_langfuse.pb.tar.gz");
    assert_eq!(lines.len(), truths.len());
    let decoded: Vec<TracePiece> =
        lines.iter().flat_map(|line| decode_ok(line.to_string().as_bytes(), Format::Json).pieces).collect();
    for truth in &truths {
        let piece = decoded.iter().find(|piece| piece.trace_id.to_string() == truth.trace_id).expect("its trace");
        assert_body(piece);
        check_rebuilt(piece, truth);
        let name = truth.file.replace(".json", ".pb");
        let (_, body) = archive.iter().find(|(file, _)| *file == name).expect("its protobuf");
        assert_eq!(decode_ok(body, Format::Protobuf).pieces[0].spans, piece.spans, "{name}");
    }
}

/// The tool calls and tokens of all turns, and whether each call failed.
fn agentevals_truth(truth: &Json) -> (Vec<(String, bool)>, Tokens) {
    let turns = truth["turns"].as_array().expect("turns");
    let calls = turns.iter().flat_map(|turn| turn["tool_calls"].as_array().expect("calls"));
    let calls = calls.map(|call| {
        let failed = call["is_error"].as_bool().expect("is_error");
        (call["name"].as_str().expect("a name").to_owned(), failed)
    });
    let tokens = |kind: &str| truth["tokens"][kind].as_i64().expect("tokens");
    (calls.collect(), Tokens { input: tokens("input"), output: tokens("output") })
}

#[test]
fn the_google_adk_in_five_modes_of_telemetry() {
    let files = tar_files("data/otlp/recorded_agentevals.tar.gz");
    let mut compared = 0;
    for (name, bytes) in &files {
        let Some(stem) = name.strip_suffix(".json").filter(|stem| !stem.ends_with(".truth")) else { continue };
        let document: Json = serde_json::from_slice(bytes).expect("JSON");
        if document.get("resourceSpans").is_none() {
            // Exports of Jaeger and Tempo, which are not OTLP: refused or empty, and nothing worse.
            assert!(decode_ok(bytes, Format::Json).pieces.is_empty(), "{name}");
            continue;
        }
        let truth = files.iter().find(|(file, _)| *file == format!("{stem}.truth.json")).expect("its truth");
        let (mut calls, tokens) = agentevals_truth(&serde_json::from_slice(&truth.1).expect("JSON"));
        let decoded = decode_ok(bytes, Format::Json);
        assert_eq!(decoded.rejected, 0, "{name}: {:?}", decoded.notes);
        let mut spans = Vec::new();
        for piece in &decoded.pieces {
            assert_body(piece);
            spans.extend(piece.spans.iter().cloned());
        }
        let mut seen: Vec<(String, bool)> = spans
            .iter()
            .filter(|span| span.class == SpanClass::Tool)
            .map(|span| (span.tool.clone().unwrap_or_default(), span.error.is_some()))
            .collect();
        seen.sort();
        calls.sort();
        assert_eq!(seen, calls, "{name}");
        assert_eq!(summary(&spans).tokens, Some(tokens), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 40);
}

#[test]
fn exports_that_are_not_otlp_are_refused_or_empty() {
    for (name, bytes) in tar_files("data/otlp/recorded_langfuse.tar.gz") {
        if name.ends_with(".json") {
            let decoded = seatrial::ingest::otlp::decode(&bytes, Format::Json, super::NOW);
            assert!(decoded.is_err() || decoded.is_ok_and(|decoded| decoded.pieces.is_empty()), "{name}");
        }
    }
}
