//! Reading request bodies within a bound.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use super::problem::Problem;
use crate::app::error::AppError;

/// The request's content type in lower case, without parameters; empty when it says none.
#[must_use]
pub fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The length that a request declares, in bytes; 0 when it comes in chunks.
#[must_use]
pub fn declared_length(request: &HttpRequest) -> usize {
    let value = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Why a body was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is larger than this many bytes.
    TooLarge(usize),
    /// The connection broke.
    Broken(String),
    /// There is no room for it at present.
    NoRoom(AppError),
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge(limit) => {
                let limit = limit >> 20;
                Self::too_large(format!("The body is larger than {limit} MiB; send it in smaller pieces."))
            }
            Unread::Broken(why) => Self::malformed(format!("The body could not be read to its end: {why}")),
            Unread::NoRoom(error) => error.into(),
        }
    }
}

/// Reads a body of at most `limit` bytes, whether or not it says its length; `cover` is told how much memory it takes
/// before it takes it, and may refuse.
///
/// # Errors
/// When it is larger, the connection breaks, or `cover` refuses.
pub async fn read(
    mut payload: Payload,
    limit: usize,
    mut cover: impl FnMut(usize) -> Result<(), AppError>,
) -> Result<Bytes, Unread> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Unread::Broken(error.to_string()))?;
        if body.len() + chunk.len() > limit {
            return Err(Unread::TooLarge(limit));
        }
        cover(body.len() + chunk.len()).map_err(Unread::NoRoom)?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads a body of at most `limit` bytes to its end and keeps nothing of it.
///
/// # Errors
/// When it is larger or the connection breaks.
pub async fn discard(mut payload: Payload, limit: usize) -> Result<(), Unread> {
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        length += chunk.map_err(|error| Unread::Broken(error.to_string()))?.len();
        if length > limit {
            return Err(Unread::TooLarge(limit));
        }
    }
    Ok(())
}
