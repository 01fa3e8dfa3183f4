//! The span around every request, the record at its end, and the request id that a person can quote.
//!
//! Only the method, the *pattern* of the route, the status and the time are recorded: paths, query
//! strings and headers can hold names, keys and what customers wrote.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tokio::time::Instant;
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

use crate::telemetry::metrics::method_label;

/// The header that carries the request id back.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Requests slower than this are worth a warning.
const SLOW: Duration = Duration::from_secs(5);

/// Builds the span of a request: `TracingLogger::<SeatrialRootSpan>::new()`.
#[derive(Debug)]
pub struct SeatrialRootSpan;

struct StartedAt(Instant);

impl RootSpanBuilder for SeatrialRootSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(StartedAt(Instant::now()));
        let request_id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
        let method = method_label(request.method().as_str());
        tracing::info_span!("request", method, route, request_id, status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, elapsed) = match outcome {
            Ok(response) => {
                let extensions = response.request().extensions();
                let elapsed = extensions.get::<StartedAt>().map(|started| started.0.elapsed());
                (response.status().as_u16(), elapsed.unwrap_or_default())
            }
            Err(error) => (error.as_response_error().status_code().as_u16(), Duration::ZERO),
        };
        span.record("status", status);
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        span.in_scope(|| {
            if status >= 500 || elapsed > SLOW {
                tracing::warn!(status, elapsed_ms, "request finished");
            } else {
                tracing::debug!(status, elapsed_ms, "request finished");
            }
        });
    }
}

/// Puts the request id into the answer, for a person to quote and an operator to find.
///
/// # Errors
/// Only those of the services inside.
pub async fn echo_request_id<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let request_id = request.extensions().get::<RequestId>().map(ToString::to_string);
    let mut response = next.call(request).await?;
    if let Some(value) = request_id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    Ok(response)
}
