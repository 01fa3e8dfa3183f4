//! Bodies that are broken, huge, or made to hurt: refused with a reason, and never a panic.

use std::io::Write;
use std::time::Instant;

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use proptest::prelude::*;
use prost::Message;
use seatrial::ingest::otlp::{DecodeError, Encoding, Format, decode, decode_logs, decompress, decompress_to};
use seatrial_domain::limits;

use super::{NOW, ProtoSpan, attribute, body_of, decode_both, decode_ok, event, request, span, text};

fn refusal(body: &[u8], format: Format) -> DecodeError {
    decode(body, format, NOW).expect_err("the body is refused")
}

/// The reason why the only span is rejected.
fn reason(one: ProtoSpan) -> String {
    let decoded = decode_both(&request(vec![], vec![one]));
    assert_eq!((decoded.spans, decoded.rejected, decoded.pieces.len()), (0, 1, 0));
    decoded.notes[0].reason.clone()
}

/// What is said about the only span, which is taken.
fn warning(one: ProtoSpan) -> String {
    let decoded = decode_both(&request(vec![], vec![one]));
    assert_eq!((decoded.spans, decoded.rejected, decoded.warned), (1, 0, 1), "{:?}", decoded.notes);
    decoded.notes[0].reason.clone()
}

#[test]
fn headers_name_what_is_accepted() {
    assert_eq!(Format::of(Some("application/x-protobuf")), Ok(Format::Protobuf));
    assert_eq!(Format::of(Some("Application/JSON; charset=utf-8")), Ok(Format::Json));
    for given in [None, Some("text/plain"), Some("application/x-protobuf2"), Some("application/json\u{7}, text/html")] {
        let error = Format::of(given).expect_err("refused");
        assert_eq!(error.http_status(), 415);
        assert!(error.to_string().contains("application/x-protobuf or application/json"), "{error}");
    }
    for (given, encoding) in [
        (None, Encoding::Identity),
        (Some("identity"), Encoding::Identity),
        (Some("GZIP"), Encoding::Gzip),
        (Some("zstd"), Encoding::Zstd),
    ] {
        assert_eq!(Encoding::of(given), Ok(encoding));
    }
    for given in ["br", "deflate", "gzip, gzip"] {
        let error = Encoding::of(Some(given)).expect_err("refused");
        assert_eq!(error.http_status(), 415);
        assert!(error.to_string().contains(given) && error.to_string().contains("with zstd, or not at all"), "{error}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_gzip_bomb_is_refused_at_the_cap() {
    // A gigabyte in a megabyte, as a row of members; and one member that lies about its size.
    let member = gzip(&vec![0; 1 << 20]);
    let bomb = member.repeat(1_024);
    assert!(bomb.len() < 2 << 20);
    assert_eq!(decompress(&bomb, Encoding::Gzip), Err(DecodeError::TooLarge { cap: limits::OTLP_DECOMPRESSED_BYTES }));
    let mut liar = member.clone();
    liar.splice(member.len() - 4.., u32::MAX.to_le_bytes());
    assert!(matches!(decompress_to(&liar, Encoding::Gzip, 1 << 16), Err(DecodeError::TooLarge { .. })));
    assert_eq!(refusal_of_gzip(&liar).http_status(), 400);
    assert_eq!(refusal_of_gzip(&member[..member.len() / 2]).http_status(), 400);
    assert_eq!(refusal_of_gzip(b"no gzip").http_status(), 400);
    let exactly = decompress_to(&member, Encoding::Gzip, 1 << 20).expect("what fits exactly is taken").into_owned();
    assert!(exactly.len() == 1 << 20 && exactly.capacity() <= (1 << 20) + 1);
    assert!(matches!(decompress_to(&member, Encoding::Gzip, (1 << 20) - 1), Err(DecodeError::TooLarge { .. })));
    assert!(matches!(decompress_to(&[0; 9], Encoding::Identity, 8), Err(DecodeError::TooLarge { .. })));
    assert_eq!(refusal_of_gzip(b"").http_status(), 400);
}

#[test]
fn a_zstd_bomb_is_refused_at_the_cap() {
    let compress = |bytes: &[u8], level| zstd::stream::encode_all(bytes, level).expect("memory");
    // A gigabyte in some 100 kB, as a row of frames; one frame that says its size; a window larger than is given.
    let frame = compress(&vec![0; 1 << 20], 1);
    let bomb = frame.repeat(1_024);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(decompress(&bomb, Encoding::Zstd), Err(DecodeError::TooLarge { cap: limits::OTLP_DECOMPRESSED_BYTES }));
    let exactly = decompress_to(&frame, Encoding::Zstd, 1 << 20).expect("what fits exactly is taken").into_owned();
    assert!(exactly.len() == 1 << 20 && exactly.capacity() <= (1 << 20) + 1);
    let mut wide = zstd::stream::Encoder::new(Vec::new(), 1).expect("memory");
    wide.window_log(27).expect("a window of 128 MiB");
    wide.write_all(&vec![7; 1 << 20]).expect("memory");
    let wide = wide.finish().expect("memory");
    for broken in [&wide[..], &frame[..frame.len() / 2], b"no zstd"] {
        let error = decompress(broken, Encoding::Zstd).expect_err("refused");
        assert_eq!(error.http_status(), 400);
        assert!(error.to_string().contains("not valid zstd"), "{error}");
    }
}

fn refusal_of_gzip(body: &[u8]) -> DecodeError {
    decompress(body, Encoding::Gzip).expect_err("refused")
}

#[test]
fn truncated_protobuf_is_refused_and_never_a_panic() {
    let body = body_of("samples/ingest/otel_py_plain/001_POST_v1_traces.body.raw");
    for length in 1..body.len() {
        let error = refusal(&body[..length], Format::Protobuf);
        assert_eq!(error.http_status(), 400);
        assert!(error.to_string().contains("truncated"), "{error}");
    }
    assert_eq!(decode_ok(&[], Format::Protobuf).spans, 0, "an empty request succeeds");
}

#[test]
fn json_of_another_spelling_or_shape_is_explained() {
    let snake = r#"{"resource_spans": [{"scope_spans": [{"spans": [{"trace_id": "00"}]}]}]}"#;
    let error = refusal(snake.as_bytes(), Format::Json);
    assert_eq!(error.http_status(), 400);
    assert!(error.to_string().contains("`resource_spans`") && error.to_string().contains("lowerCamelCase"), "{error}");
    let error = decode_logs(br#"{"resource_logs": []}"#, Format::Json, NOW).expect_err("refused");
    assert!(error.to_string().contains("`resource_logs`"), "{error}");
    let deep = refusal(&b"[".repeat(1 << 20), Format::Json).to_string();
    assert!(deep.contains("not OTLP/JSON"), "{deep}");
    let bomb = format!(
        "{}{}",
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":"#,
        r#"{"arrayValue":{"values":["#.repeat(10_000)
    );
    assert!(refusal(bomb.as_bytes(), Format::Json).to_string().contains("recursion limit"));
    for body in [
        "",
        "{",
        "7",
        "{} {}",
        r#"{"resourceSpans": 7}"#,
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":7}]}}]}"#,
    ] {
        assert_eq!(refusal(body.as_bytes(), Format::Json).http_status(), 400, "{body}");
    }
    assert_eq!(decode_ok(br#"{"resourceSpans": [], "later": {"a": [1]}}"#, Format::Json).spans, 0);
}

#[test]
fn json_as_exporters_really_write_it_is_read() {
    let body = r#"{"resourceSpans":[{"resource":null,"scopeSpans":[{"spans":[{
        "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","parentSpanId":"","flags":257,
        "name":"a \u0007<b>\n name","kind":"SPAN_KIND_INTERNAL","startTimeUnixNano":1785100000000000000,
        "endTimeUnixNano":1.785100001e18,"status":{"code":"STATUS_CODE_ERROR"},"unknown":{"deep":[{}]},
        "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat","unknown":{"x":1}}},
            {"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},
            {"key":"gen_ai.usage.output_tokens","value":{"intValue":3.0}},
            {"key":"llm.cost.total","value":{"doubleValue":2}},
            {"key":"nan","value":{"doubleValue":"NaN"}},{"key":"empty","value":{}},{"key":"none"},
            {"key":"bytes","value":{"bytesValue":"AQI="}}]}]}]}]}"#;
    let decoded = decode_ok(body.as_bytes(), Format::Json);
    let one = &decoded.pieces[0].spans[0];
    assert_eq!(one.trace_id.to_string(), "5b8efff798038103d269b633813fc60c");
    assert_eq!((one.name.as_str(), one.parent, one.error.as_deref()), ("a <b> name", None, Some("error")));
    assert_eq!(one.ended_at.expect("an end").micros_since(one.started_at), 1_000_000);
    assert_eq!((one.tokens.map(|t| (t.input, t.output)), one.cost_nanos), (Some((12, 3)), Some(2_000_000_000)));
    super::assert_body(&decoded.pieces[0]);
}

#[test]
fn wrong_ids_and_times_reject_their_span_only() {
    let good = span(1, 1, 0, vec![]);
    assert!(reason(ProtoSpan { trace_id: vec![1; 8], ..good.clone() }).contains("trace id has 8 bytes"));
    assert!(reason(ProtoSpan { trace_id: vec![0; 16], ..good.clone() }).contains("not all zero"));
    assert!(reason(ProtoSpan { span_id: vec![], ..good.clone() }).contains("span id has 0 bytes"));
    assert!(reason(ProtoSpan { parent_span_id: vec![1; 3], ..good.clone() }).contains("parent span id has 3 bytes"));
    assert!(reason(ProtoSpan { start_time_unix_nano: 0, ..good.clone() }).contains("no start time"));
    assert!(reason(ProtoSpan { start_time_unix_nano: u64::MAX, ..good.clone() }).contains("in the future"));
    assert!(reason(ProtoSpan { end_time_unix_nano: u64::MAX, ..good.clone() }).contains("its end"));
    assert!(reason(ProtoSpan { end_time_unix_nano: 1, ..good.clone() }).contains("before it starts"));

    let zero_parent = ProtoSpan { parent_span_id: vec![0; 8], ..good.clone() };
    assert_eq!(decode_both(&request(vec![], vec![zero_parent])).pieces[0].spans[0].parent, None);
    let bad = ProtoSpan { trace_id: vec![], ..good.clone() };
    let decoded = decode_both(&request(vec![], vec![bad, good]));
    assert_eq!((decoded.spans, decoded.rejected), (1, 1));
    let message = decoded.message().expect("a message");
    assert!(
        message.starts_with("1 rejected, 0 accepted in part. 0101010101010101: the trace id has 0 bytes"),
        "{message}"
    );
    let base64_id =
        br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"7"}]}]}]}"#;
    assert_eq!(decode_ok(base64_id, Format::Json).rejected, 1);
}

#[test]
fn wrong_amounts_are_left_out_and_said_so() {
    let int = |key: &str, value| attribute(key, Value::IntValue(value));
    assert!(warning(span(1, 1, 0, vec![int("gen_ai.usage.input_tokens", -1)])).contains("negative number of tokens"));
    assert!(
        warning(span(1, 1, 0, vec![attribute("llm.cost.total", Value::DoubleValue(-0.1))])).contains("negative cost")
    );
    assert!(
        warning(span(1, 1, 0, vec![attribute("llm.cost.total", Value::DoubleValue(1e300))]))
            .contains("beyond a million")
    );
    assert!(warning(span(1, 1, 0, vec![int("seatrial.cost_nanos", -1)])).contains("seatrial.cost_nanos"));
    assert!(warning(span(1, 1, 0, vec![text("seatrial.retries", "many")])).contains("seatrial.retries"));
    assert!(warning(span(1, 1, 0, vec![text("seatrial.outcome", "splendid")])).contains("success, failure, abandoned"));
    assert!(
        warning(span(1, 1, 0, vec![text("langfuse.observation.usage_details", r#"{"input": -4}"#)]))
            .contains("negative")
    );
    let mut one = span(1, 1, 0, vec![]);
    one.events = vec![event("seatrial.approval", vec![text("status", "maybe")])];
    assert!(warning(one).contains("requested, granted, denied or expired"));
    let segments = (0..20).map(|n| text(&format!("seatrial.segment.d{n}"), "v")).collect();
    assert!(warning(span(1, 1, 0, segments)).contains("segments beyond 16"));
}

#[test]
fn hostile_names_are_cleaned_and_clipped() {
    let mut one = span(
        1,
        1,
        0,
        vec![text("gen_ai.tool.name", "\u{1b}[31mdrop\u{0}"), text("seatrial.workflow", &"w".repeat(5_000))],
    );
    one.name = format!("\u{1b}]0;evil\u{7}<script>{}", "é".repeat(300));
    let decoded = decode_both(&request(vec![], vec![one]));
    let read = &decoded.pieces[0].spans[0];
    assert!(read.name.starts_with("]0;evil<script>é") && read.name.len() <= limits::SPAN_NAME_BYTES);
    assert_eq!(read.tool.as_deref(), Some("[31mdrop"));
    assert_eq!(decoded.pieces[0].workflow.len(), limits::LABEL_BYTES);
}

#[test]
fn values_nested_too_deep_reject_their_span() {
    let nest = |levels: usize| {
        let inner = AnyValue { value: Some(Value::BoolValue(true)) };
        (0..levels)
            .fold(inner, |inner, _| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![inner] })) })
    };
    let body = |levels| {
        request(vec![], vec![span(1, 1, 0, vec![attribute("deep", nest(levels).value.expect("a value"))])])
            .encode_to_vec()
    };
    assert_eq!(decode_ok(&body(30), Format::Protobuf).spans, 1);
    let decoded = decode_ok(&body(40), Format::Protobuf);
    assert_eq!((decoded.spans, decoded.rejected), (0, 1));
    assert!(decoded.notes[0].reason.contains("nested"), "{:?}", decoded.notes);
}

#[test]
fn a_body_of_countless_empty_spans_costs_little() {
    // A million spans in two megabytes: a decoder that built them would take a quarter of a gigabyte.
    let spans = [0x12, 0].repeat(1 << 20);
    let scope = [&[0x12][..], &varint(spans.len()), &spans].concat();
    let body = [&[0x0a][..], &varint(scope.len()), &scope].concat();
    let started = Instant::now();
    let decoded = decode_ok(&body, Format::Protobuf);
    assert_eq!((decoded.rejected, decoded.notes.len()), (1 << 20, 20));
    assert!(decoded.message().expect("a message").len() < 1_000);
    assert!(started.elapsed().as_secs() < 60);
}

fn varint(value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(value as u64, &mut bytes);
    bytes
}

#[test]
fn too_many_spans_of_a_run_or_a_request_are_refused() {
    let spans = |count: usize, trace_of: fn(usize) -> u32| -> Vec<ProtoSpan> {
        let one = |n: usize| {
            let mut one = span(1, 1, 0, vec![]);
            one.trace_id[..4].copy_from_slice(&trace_of(n).to_be_bytes());
            one.span_id = (n as u64 + 1).to_be_bytes().to_vec();
            one
        };
        (0..count).map(one).collect()
    };
    let loops = request(vec![], spans(limits::SPANS_PER_RUN + 3, |_| 7)).encode_to_vec();
    let decoded = decode_ok(&loops, Format::Protobuf);
    assert_eq!(
        (decoded.pieces[0].spans.len(), decoded.spans, decoded.rejected),
        (limits::SPANS_PER_RUN, limits::SPANS_PER_RUN, 3)
    );
    assert!(decoded.notes[0].reason.contains("20000 spans"), "{:?}", decoded.notes[0]);
    let flood = request(vec![], spans(limits::SPANS_PER_REQUEST + 1, |n| n as u32 + 1)).encode_to_vec();
    let error = refusal(&flood, Format::Protobuf);
    assert_eq!(error.http_status(), 413);
    assert!(error.to_string().contains("more than 100000 spans"), "{error}");
}

#[test]
fn one_huge_resource_does_not_multiply_by_its_traces() {
    let spans = (1..=200).map(|trace| span(trace, 1, 0, vec![])).collect();
    let body = request(vec![text("huge", &"x".repeat(1 << 20))], spans).encode_to_vec();
    assert_eq!(refusal(&body, Format::Protobuf).http_status(), 413);
}

#[test]
fn cyclic_parents_are_kept_and_shown() {
    let decoded =
        decode_both(&request(vec![], vec![span(1, 1, 2, vec![]), span(1, 2, 1, vec![]), span(1, 3, 3, vec![])]));
    let spans = &decoded.pieces[0].spans;
    assert_eq!(seatrial_domain::trace::outline(spans).len(), 3);
    assert_eq!(super::summary(spans).ended_at, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, Format::Protobuf, NOW);
        let _ = decode(&bytes, Format::Json, NOW);
        let _ = decode_logs(&bytes, Format::Protobuf, NOW);
        let _ = decompress_to(&bytes, Encoding::Gzip, 1 << 16);
        let _ = decompress_to(&bytes, Encoding::Zstd, 1 << 16);
        let _ = seatrial::ingest::otlp::view::conversation(&bytes);
    }

    #[test]
    fn a_flipped_byte_never_panics_and_what_is_stored_decodes(at in 0usize..2_886, to in any::<u8>()) {
        let mut body = body_of("samples/ingest/otel_py_plain/001_POST_v1_traces.body.raw");
        body[at] = to;
        if let Ok(decoded) = decode(&body, Format::Protobuf, NOW) {
            for piece in decoded.pieces {
                let again = decode_ok(&piece.body, Format::Protobuf);
                prop_assert_eq!(again.spans, piece.spans.len());
                let _ = seatrial::ingest::otlp::view::conversation(&piece.body);
                let _ = ExportTraceServiceRequest::decode(&piece.body[..]);
            }
        }
    }
}
