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

/// `view` as JSON, with the tag of `value`, which is what an edit of it is compared with.
///
/// # Errors
/// When the value is no plain data.
pub fn tagged(view: &impl Serialize, value: &impl Serialize) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().insert_header((ETAG, etag(value)?)).json(view))
}
