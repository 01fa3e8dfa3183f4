//! Refuses compressed request bodies where nobody inflates them under a cap.
//!
//! Only the OTLP routes and the run batch accept compression, and they inflate it themselves with a hard
//! limit. Everywhere else a compressed body would be an invitation to send a bomb.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::http::problem::Problem;

/// Answers 415 to a request with a `Content-Encoding`, unless `accepts` says that the handler of this
/// path inflates by itself.
///
/// # Errors
/// Only those of the services inside.
pub async fn refuse_encodings<B: MessageBody>(
    accepts: fn(&str) -> bool,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let encoded = HttpMessage::headers(&request)
        .get_all(CONTENT_ENCODING)
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded && !accepts(request.path()) {
        let detail = "A compressed body (Content-Encoding) is accepted by /v1/traces and /v1/logs only. \
                      Send this request without compression.";
        let response = Problem::unsupported_media(detail).response();
        return Ok(request.into_response(response).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// The paths whose handlers inflate by themselves: OTLP over HTTP.
pub fn is_otlp(path: &str) -> bool {
    matches!(path, "/v1/traces" | "/v1/logs" | "/v1/metrics")
}
