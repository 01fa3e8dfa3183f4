//! However a trace is cut into requests, in whatever order and however often they come, it ends up the same.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use seatrial::ingest::otlp::Format;
use seatrial_domain::price::PriceTable;
use seatrial_domain::span::Span;
use seatrial_domain::trace::{identity, merge, summarize};

use super::{body_of, decode_ok, spans_of};

const SAMPLES: &[&str] = &[
    "otel_py_plain/001_POST_v1_traces",
    "openinference_langgraph/001_POST_v1_traces",
    "openinference_openai-agents/001_POST_v1_traces",
    "traceloop/001_POST_v1_traces",
    "langfuse_py_v3/008_POST_api_public_otel_v1_traces",
];

fn sample(name: &str) -> ExportTraceServiceRequest {
    let body = body_of(&format!("samples/ingest/{name}.body.raw"));
    ExportTraceServiceRequest::decode(&body[..]).expect("a sample decodes")
}

/// The request with only the spans whose position is chosen, and nothing empty.
fn part(whole: &ExportTraceServiceRequest, chosen: &[bool]) -> ExportTraceServiceRequest {
    let mut part = whole.clone();
    let mut chosen = chosen.iter();
    for resource in &mut part.resource_spans {
        for scope in &mut resource.scope_spans {
            scope.spans.retain(|_| *chosen.next().expect("a choice for each span"));
        }
        resource.scope_spans.retain(|scope| !scope.spans.is_empty());
    }
    part.resource_spans.retain(|resource| !resource.scope_spans.is_empty());
    part
}

fn all_spans(request: &ExportTraceServiceRequest) -> Vec<Span> {
    let decoded = decode_ok(&request.encode_to_vec(), Format::Protobuf);
    decoded.pieces.into_iter().flat_map(|piece| piece.spans).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_order_and_repeat_gives_the_same_run(
        sample_index in 0..SAMPLES.len(),
        splits in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 16), 1..6),
        repeats in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
    ) {
        let whole = sample(SAMPLES[sample_index]);
        let count = spans_of(&whole).count();
        let mut parts: Vec<ExportTraceServiceRequest> =
            splits.iter().map(|chosen| part(&whole, &chosen[..count])).collect();
        // What no part holds comes last, the root perhaps among it.
        let rest: Vec<bool> = (0..count).map(|i| !splits.iter().any(|chosen| chosen[i])).collect();
        parts.push(part(&whole, &rest));
        for repeat in repeats {
            parts.push(repeat.get(&parts).clone());
        }

        let mut expected = Vec::new();
        merge(&mut expected, all_spans(&whole));
        let mut known = Vec::new();
        for part in &parts {
            merge(&mut known, all_spans(part));
        }
        prop_assert_eq!(&known, &expected);
        prop_assert!(!merge(&mut known, all_spans(&whole)), "a repeat changes nothing");
        let prices = PriceTable::default();
        prop_assert_eq!(summarize(&known, &prices), summarize(&expected, &prices));
        prop_assert_eq!(identity(&known), identity(&expected));

        // Bodies one after another are a body of all.
        let bodies: Vec<u8> = parts
            .iter()
            .flat_map(|part| decode_ok(&part.encode_to_vec(), Format::Protobuf).pieces)
            .flat_map(|piece| piece.body)
            .collect();
        let mut stored = Vec::new();
        merge(&mut stored, decode_ok(&bodies, Format::Protobuf).pieces.into_iter().flat_map(|p| p.spans).collect());
        prop_assert_eq!(stored, expected);
    }
}
