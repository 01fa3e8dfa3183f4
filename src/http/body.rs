//! Reading request bodies within a bound.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use super::problem::Problem;

/// The request's content type in lower case, without parameters; empty when it says none.
#[must_use]
pub fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a body of at most `limit` bytes, whether or not it says its length.
///
/// # Errors
/// When it is larger, or the connection breaks.
pub async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Problem::malformed(format!("The body could not be read to its end: {error}")))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::too_large(format!(
                "The body is larger than {} MiB; send it in smaller pieces.",
                limit >> 20
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
