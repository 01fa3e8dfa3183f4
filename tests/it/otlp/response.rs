//! Answers in the encoding of the request.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use seatrial::ingest::otlp::response::{Signal, accepted, error, partial, refused};
use seatrial::ingest::otlp::{DecodeError, Decoded, Format};
use serde_json::{Value as Json, json};

use super::{decode_both, request, span};

/// `google.rpc.Status`, declared here a second time.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn json_of(bytes: &[u8]) -> Json {
    serde_json::from_slice(bytes).expect("JSON")
}

#[test]
fn full_success_is_empty() {
    let decoded = Decoded::default();
    assert!(accepted(Signal::Traces, Format::Protobuf, &decoded).is_empty());
    assert_eq!(accepted(Signal::Logs, Format::Json, &decoded), b"{}");
    assert_eq!(Format::Json.content_type(), "application/json");
    assert_eq!(Format::Protobuf.content_type(), "application/x-protobuf");
}

#[test]
fn partial_success_counts_and_explains() {
    let mut bad = span(1, 1, 0, vec![]);
    bad.trace_id.clear();
    let decoded = decode_both(&request(vec![], vec![bad, span(1, 2, 0, vec![])]));
    let answer = accepted(Signal::Traces, Format::Protobuf, &decoded);
    let partial_success = ExportTraceServiceResponse::decode(&answer[..]).expect("a response").partial_success;
    let partial_success = partial_success.expect("partial");
    assert_eq!(partial_success.rejected_spans, 1);
    assert!(partial_success.error_message.contains("trace id has 0 bytes"), "{}", partial_success.error_message);
    let answer = json_of(&accepted(Signal::Traces, Format::Json, &decoded));
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    let warning = json_of(&partial(Signal::Metrics, Format::Json, 0, Some("not stored".to_owned())));
    assert_eq!(warning, json!({"partialSuccess": {"rejectedDataPoints": "0", "errorMessage": "not stored"}}));
}

#[test]
fn errors_are_a_status_of_google_rpc() {
    for (http, rpc) in [(400, 3), (401, 16), (403, 7), (404, 5), (413, 3), (415, 3), (429, 8), (500, 13), (503, 14)] {
        let status = Status::decode(&error(Format::Protobuf, http, "why")[..]).expect("a status");
        assert_eq!((status.code, status.message.as_str()), (rpc, "why"));
        assert_eq!(json_of(&error(Format::Json, http, "why")), json!({"code": rpc, "message": "why"}));
    }
    let refusal = DecodeError::TooLarge { cap: 7 };
    let status = json_of(&refused(Format::Json, &refusal));
    assert!(status["message"].as_str().expect("a message").contains("more than 7 bytes"));
}
