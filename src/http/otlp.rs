//! The OpenTelemetry endpoints: `/v1/traces`, `/v1/logs`, `/v1/metrics`, as the OTLP/HTTP specification wants them.
//!
//! The answer has the request's content type; errors are `google.rpc.Status`; only 429 and 503 invite a retry, and
//! they say when. A metrics request is answered and dropped: some SDKs send them beside the traces.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post};
use seatrial_domain::limits;

use super::body::{self, Unread};
use super::extract::Caller;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::otlp::{OtlpBody, OtlpRefusal, OtlpSignal};
use crate::ingest::otlp::response::{Signal, accepted, error, partial, refused};
use crate::ingest::otlp::{DecodeError, Encoding, Format};

/// Spans.
#[post("/v1/traces")]
pub async fn traces(app: Data<App>, caller: Otlp, request: HttpRequest, payload: Payload) -> HttpResponse {
    take_in(app, caller, &request, payload, OtlpSignal::Traces).await
}

/// Log records: evaluation results become scores, the rest is dropped.
#[post("/v1/logs")]
pub async fn logs(app: Data<App>, caller: Otlp, request: HttpRequest, payload: Payload) -> HttpResponse {
    take_in(app, caller, &request, payload, OtlpSignal::Logs).await
}

/// Metrics: accepted and dropped.
#[post("/v1/metrics")]
pub async fn metrics(request: HttpRequest, payload: Payload) -> HttpResponse {
    let format = format_of(&request).unwrap_or(Format::Protobuf);
    match body::discard(payload, limits::OTLP_BODY_BYTES).await {
        Ok(()) => answer(StatusCode::OK, format, partial(Signal::Metrics, format, 0, None)),
        Err(unread) => decode_refusal(format, &unread_refusal(unread)),
    }
}

/// The caller, or why there is none: an OTLP client wants even that in its own format.
pub struct Otlp(Result<Caller, AppError>);

impl actix_web::FromRequest for Otlp {
    type Error = actix_web::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(super::extract::caller::of_request(&request).await)) })
    }
}

fn format_of(request: &HttpRequest) -> Result<Format, DecodeError> {
    Format::of(request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()))
}

fn answer(status: StatusCode, format: Format, body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(status).content_type(format.content_type()).body(body)
}

async fn take_in(
    app: Data<App>,
    caller: Otlp,
    request: &HttpRequest,
    payload: Payload,
    signal: OtlpSignal,
) -> HttpResponse {
    let format = match format_of(request) {
        Ok(format) => format,
        Err(refusal) => return decode_refusal(Format::Json, &refusal),
    };
    match try_take_in(&app, caller, request, payload, signal, format).await {
        Ok(body) => answer(StatusCode::OK, format, body),
        Err(OtlpRefusal::Decode(refusal)) => decode_refusal(format, &refusal),
        Err(OtlpRefusal::App(problem)) => app_refusal(format, &problem),
    }
}

async fn try_take_in(
    app: &App,
    caller: Otlp,
    request: &HttpRequest,
    payload: Payload,
    signal: OtlpSignal,
    format: Format,
) -> Result<Vec<u8>, OtlpRefusal> {
    let project = app.enter_by_key(&caller.0?).await?;
    let encoding = request.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("unreadable"));
    let encoding = Encoding::of(encoding)?;
    let mut room = app.ingest.reserve(body::declared_length(request), "otlp")?;
    let bytes = match body::read(payload, limits::OTLP_BODY_BYTES, |bytes| room.cover(bytes)).await {
        Ok(bytes) => bytes,
        Err(Unread::NoRoom(error)) => return Err(error.into()),
        Err(unread) => return Err(unread_refusal(unread).into()),
    };
    let decoded = app.take_in(&project, OtlpBody { signal, format, encoding, bytes }, room).await?;
    let kind = match signal {
        OtlpSignal::Traces => Signal::Traces,
        OtlpSignal::Logs => Signal::Logs,
    };
    Ok(accepted(kind, format, &decoded))
}

fn unread_refusal(unread: Unread) -> DecodeError {
    match unread {
        Unread::TooLarge(cap) => DecodeError::TooLarge { cap },
        Unread::Broken(why) => DecodeError::Malformed(format!("the body could not be read to its end: {why}")),
        Unread::NoRoom(error) => DecodeError::Malformed(error.to_string()),
    }
}

fn decode_refusal(format: Format, refusal: &DecodeError) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
    answer(status, format, refused(format, refusal))
}

fn app_refusal(format: Format, problem: &AppError) -> HttpResponse {
    // Only what may pass with time is retryable; a database that cannot be written may be mended meanwhile.
    let (status, retry_after_seconds) = match problem {
        AppError::Overloaded { retry_after_seconds } | AppError::RateLimited { retry_after_seconds, .. } => {
            (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after_seconds))
        }
        AppError::ReadOnly | AppError::StorageFull => (StatusCode::SERVICE_UNAVAILABLE, Some(30)),
        AppError::Internal(cause) => {
            tracing::error!(%cause, "an OTLP request was not taken in");
            (StatusCode::SERVICE_UNAVAILABLE, Some(5))
        }
        AppError::Unauthenticated { .. } => (StatusCode::UNAUTHORIZED, None),
        AppError::Forbidden { .. } => (StatusCode::FORBIDDEN, None),
        AppError::NotFound { .. } => (StatusCode::NOT_FOUND, None),
        _ => (StatusCode::BAD_REQUEST, None),
    };
    let body = error(format, status.as_u16(), &problem.to_string());
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = retry_after_seconds {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    response.content_type(format.content_type()).body(body)
}
