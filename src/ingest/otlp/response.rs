//! What an OTLP client is answered, in the encoding it asked in.

use prost::Message;
use serde_json::json;

use super::{DecodeError, Decoded, Format};

/// What a request exported. The three responses differ in one name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `/v1/traces`.
    Traces,
    /// `/v1/logs`.
    Logs,
    /// `/v1/metrics`.
    Metrics,
}

impl Signal {
    const fn rejected_name(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Logs => "rejectedLogRecords",
            Self::Metrics => "rejectedDataPoints",
        }
    }
}

/// `ExportTraceServiceResponse`, `ExportLogsServiceResponse` and `ExportMetricsServiceResponse` alike.
#[derive(Clone, PartialEq, Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The body of a 200: empty when everything was accepted, else with what was not.
#[must_use]
pub fn accepted(signal: Signal, format: Format, decoded: &Decoded) -> Vec<u8> {
    partial(signal, format, decoded.rejected, decoded.message())
}

/// The body of a 200 for `rejected` items and a message; no rejected item and a message is a warning.
#[must_use]
pub fn partial(signal: Signal, format: Format, rejected: usize, message: Option<String>) -> Vec<u8> {
    let rejected = i64::try_from(rejected).unwrap_or(i64::MAX);
    let partial = message.map(|error_message| PartialSuccess { rejected, error_message });
    match (format, partial) {
        (Format::Protobuf, partial_success) => ExportResponse { partial_success }.encode_to_vec(),
        (Format::Json, None) => b"{}".to_vec(),
        (Format::Json, Some(partial)) => {
            // 64-bit integers are text in the JSON mapping of protobuf.
            let rejected = (signal.rejected_name(), partial.rejected.to_string());
            json!({ "partialSuccess": { rejected.0: rejected.1, "errorMessage": partial.error_message } })
                .to_string()
                .into_bytes()
        }
    }
}

/// The body of an error: a `google.rpc.Status`.
#[must_use]
pub fn error(format: Format, http_status: u16, message: &str) -> Vec<u8> {
    let code = rpc_code(http_status);
    match format {
        Format::Protobuf => Status { code, message: message.to_owned() }.encode_to_vec(),
        Format::Json => json!({ "code": code, "message": message }).to_string().into_bytes(),
    }
}

/// The body of the error that refuses a whole request.
#[must_use]
pub fn refused(format: Format, refusal: &DecodeError) -> Vec<u8> {
    error(format, refusal.http_status(), &refusal.to_string())
}

/// The `google.rpc.Code` of an HTTP status.
const fn rpc_code(http_status: u16) -> i32 {
    match http_status {
        400 | 413 | 415 => 3, // INVALID_ARGUMENT
        401 => 16,            // UNAUTHENTICATED
        403 => 7,             // PERMISSION_DENIED
        404 => 5,             // NOT_FOUND
        409 => 10,            // ABORTED
        429 => 8,             // RESOURCE_EXHAUSTED
        501 => 12,            // UNIMPLEMENTED
        502 | 503 => 14,      // UNAVAILABLE
        504 => 4,             // DEADLINE_EXCEEDED
        500..=599 => 13,      // INTERNAL
        _ => 2,               // UNKNOWN
    }
}
