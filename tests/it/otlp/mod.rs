//! OTLP ingest: real bytes of SDKs, dialects, hostile bodies, answers, and reading back.

mod attributes;
mod derived;
mod hostile;
mod merging;
mod recorded;
mod response;
mod samples;
mod view;

use std::io::Read;

use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as ProtoSpan, span::Event};
use prost::Message;
use seatrial::ingest::otlp::{Decoded, Encoding, Format, TracePiece, decode, decompress};
use seatrial_domain::price::PriceTable;
use seatrial_domain::span::Span;
use seatrial_domain::time::{SECOND, Timestamp};
use seatrial_domain::trace::{TraceSummary, merge, summarize};

use crate::support::shared;

/// Later than everything in the samples: 2027-01-15.
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000 * SECOND);
/// Of spans made here: 2026-07-27.
const START_NANOS: u64 = 1_785_100_000_000_000_000;

fn read(relative: &str) -> Vec<u8> {
    let path = shared::path(relative);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A captured body, decompressed when it was sent so.
fn body_of(relative: &str) -> Vec<u8> {
    let raw = read(relative);
    decompress(&raw, if raw.starts_with(&[0x1f, 0x8b]) { Encoding::Gzip } else { Encoding::Identity })
        .expect("a captured body decompresses")
        .into_owned()
}

/// The regular files of a `.tar.gz`, with their names.
fn tar_files(relative: &str) -> Vec<(String, Vec<u8>)> {
    let mut tar = Vec::new();
    MultiGzDecoder::new(&read(relative)[..]).read_to_end(&mut tar).expect("the archive decompresses");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches(['\0', ' ']).to_owned();
    let (mut files, mut at) = (Vec::new(), 0);
    while let Some(header) = tar.get(at..at + 512).filter(|header| header[0] != 0) {
        let size = usize::from_str_radix(text(&header[124..136]).trim(), 8).expect("a size in the archive");
        if matches!(header[156], b'0' | 0) {
            files.push((text(&header[..100]), tar[at + 512..at + 512 + size].to_vec()));
        }
        at += 512 + size.div_ceil(512) * 512;
    }
    assert!(!files.is_empty(), "{relative} is empty");
    files
}

fn decode_ok(body: &[u8], format: Format) -> Decoded {
    decode(body, format, NOW).expect("the body decodes")
}

/// What the spans of a piece show, merged as the store would.
fn summary(spans: &[Span]) -> TraceSummary {
    let mut known = Vec::new();
    merge(&mut known, spans.to_vec());
    summarize(&known, &PriceTable::default())
}

/// Checks a stored body against an independent decoder: exactly the spans of the piece, in order.
fn assert_body(piece: &TracePiece) {
    let stored = ExportTraceServiceRequest::decode(&piece.body[..]).expect("a stored body is a valid TracesData");
    let ids: Vec<Vec<u8>> = spans_of(&stored).map(|span| span.span_id.clone()).collect();
    let expected: Vec<Vec<u8>> = piece.spans.iter().map(|span| span.id.0.to_vec()).collect();
    assert_eq!(ids, expected);
}

fn spans_of(request: &ExportTraceServiceRequest) -> impl Iterator<Item = &ProtoSpan> {
    request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans)
}

fn attribute(key: &str, value: impl Into<Value>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value.into()) }), ..KeyValue::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

/// A finished span of one second: the `n`th of trace `trace`, under span `parent` (0 for a root).
fn span(trace: u8, n: u8, parent: u8, attributes: Vec<KeyValue>) -> ProtoSpan {
    let start = START_NANOS + u64::from(n) * 1_000_000_000;
    ProtoSpan {
        trace_id: vec![trace; 16],
        span_id: vec![n; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: format!("span {n}"),
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000_000_000,
        attributes,
        ..ProtoSpan::default()
    }
}

fn event(name: &str, attributes: Vec<KeyValue>) -> Event {
    Event { time_unix_nano: START_NANOS, name: name.to_owned(), attributes, ..Event::default() }
}

/// One request with these spans under one resource and scope.
fn request(resource: Vec<KeyValue>, spans: Vec<ProtoSpan>) -> ExportTraceServiceRequest {
    let resource = Some(Resource { attributes: resource, ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}

/// Decodes a request, and the same as JSON, which must give the same.
fn decode_both(request: &ExportTraceServiceRequest) -> Decoded {
    let decoded = decode_ok(&request.encode_to_vec(), Format::Protobuf);
    let json = serde_json::to_vec(request).expect("a request serialises");
    let mut from_json = decode_ok(&json, Format::Json);
    for (piece, other) in decoded.pieces.iter().zip(&mut from_json.pieces) {
        assert_body(piece);
        assert_body(other);
        // The same spans, but fields in another order and zeros written out.
        other.body.clone_from(&piece.body);
    }
    assert_eq!(decoded, from_json);
    decoded
}

/// Decodes one span alone, with a resource.
fn decode_one(resource: Vec<KeyValue>, attributes: Vec<KeyValue>) -> Span {
    let decoded = decode_both(&request(resource, vec![span(1, 1, 0, attributes)]));
    decoded.pieces.into_iter().next().expect("a piece").spans.into_iter().next().expect("a span")
}
