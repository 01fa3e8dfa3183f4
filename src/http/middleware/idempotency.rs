//! `Idempotency-Key`: a request that makes something may be sent again, and is answered as it was the first time.

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, FromRequest as _, HttpRequest, HttpResponse};
use futures_util::stream;
use seatrial_domain::limits;
use seatrial_store::request::{Request, current, within};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::access::Caller;
use crate::app::idempotency::{Begun, Repeatable};
use crate::http::body;
use crate::http::problem::Problem;

/// The client's name for a request.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of the first time.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    content_type: String,
    body: String,
}

/// Whether `Idempotency-Key` means something here. Runs and facts carry keys of their own; signing in has nothing that
/// could be done twice.
#[must_use]
pub fn is_repeatable(method: &Method, path: &str) -> bool {
    method == Method::POST
        && path.starts_with("/api/v1/projects")
        && !path.ends_with("/runs")
        && !path.ends_with("/facts")
}

/// Carries a request with the header out once.
///
/// # Errors
/// Only those of the services inside.
pub async fn repeatable<B: MessageBody + 'static>(
    app: Data<App>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let key = request.headers().get(HEADER).cloned();
    let Some(key) = key.filter(|_| is_repeatable(request.method(), request.path())) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let begun = match begin(&app, &mut request, &key).await {
        Ok(begun) => begun,
        // Who asks is nobody: the handler says so better.
        Err(problem) => return Ok(request.into_response(problem.response())),
    };
    let repeatable = match begun {
        Begun::New(repeatable) => repeatable,
        Begun::Answered(answer) => return Ok(request.into_response(replay(&answer))),
    };
    let context = Request { mark: Some(repeatable.mark.clone()), ..current().unwrap_or_default() };
    let response = within(context, next.call(request)).await?;
    keep(&app, &repeatable, response.map_into_boxed_body()).await
}

async fn begin(app: &App, request: &mut ServiceRequest, key: &HeaderValue) -> Result<Begun, Problem> {
    let (http_request, payload) = request.parts_mut();
    let caller = caller(http_request).await?;
    let bytes = body::read(
        actix_web::web::Payload::from_request(http_request, payload).await.map_err(unread)?,
        limits::JSON_BODY_BYTES,
        |_| Ok(()),
    )
    .await?;
    let what = format!("{} {}", http_request.method(), http_request.path());
    let begun = app.begin_repeatable(&caller, &what, key.to_str().unwrap_or_default(), &bytes).await?;
    request.set_payload(Payload::Stream { payload: Box::pin(stream::once(std::future::ready(Ok(bytes)))) });
    Ok(begun)
}

async fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    Caller::from_request(request, &mut Payload::None).await
}

fn unread(error: Error) -> Problem {
    Problem::malformed(format!("The body cannot be read: {error}"))
}

fn replay(answer: &[u8]) -> HttpResponse {
    let Ok(kept) = serde_json::from_slice::<Kept>(answer) else {
        return Problem::internal(&"a kept answer cannot be read").response();
    };
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((REPLAYED, "true"));
    if !kept.content_type.is_empty() {
        response.insert_header((CONTENT_TYPE, kept.content_type));
    }
    response.body(kept.body)
}

/// Keeps the answer of a request that changed something, and passes it on.
async fn keep(
    app: &App,
    repeatable: &Repeatable,
    response: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !repeatable.mark.is_written() || !response.status().is_success() {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let bytes: Bytes = to_bytes(body).await.map_err(ErrorInternalServerError)?;
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kept = Kept {
        status: response.status().as_u16(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    if let Ok(kept) = serde_json::to_vec(&kept) {
        app.keep_answer(repeatable, &kept).await;
    }
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(bytes))))
}
