//! `If-Match` of a request, and `ETag` of an answer.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;

use crate::app::precondition::{IfMatch, etag};
use crate::http::problem::Problem;

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(IF_MATCH);
        // What cannot be read names nothing that is there.
        ready(Ok(header.map_or(Self::ANYTHING, |value| Self::parse(value.to_str().unwrap_or_default()))))
    }
}

/// The version that a writer read of something whose `ETag` is its version, by `If-Match: "3"`.
///
/// # Errors
/// When the header is no version.
pub fn version(request: &HttpRequest) -> Result<Option<u32>, Problem> {
    let Some(value) = request.headers().get(IF_MATCH) else { return Ok(None) };
    let version = value.to_str().ok().and_then(|text| text.trim().trim_matches('"').parse().ok());
    version
        .map(Some)
        .ok_or_else(|| Problem::malformed("If-Match must be the ETag of the version you read, like \"3\"."))
}

/// `view` as JSON, with the tag of `value`, which is what an edit of it is compared with.
///
/// # Errors
/// When the value is no plain data.
pub fn tagged(view: &impl Serialize, value: &impl Serialize) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().insert_header((ETAG, etag(value)?)).json(view))
}
