//! Refuses a JSON list where an object is wanted. Every body that the API takes is an object, and what reads them would take
//! a list as the object's fields in their order: an empty one as an object that says nothing.

use std::io;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::StreamExt as _;

/// Lets the body of a JSON request break off where it begins as a list. Looks at what passes and waits for nothing.
///
/// # Errors
/// Only those of the services inside.
pub async fn refuse_lists<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path().starts_with("/api/") && request.content_type().eq_ignore_ascii_case("application/json") {
        let mut begun = false;
        let guarded = request.take_payload().map(move |chunk| {
            let chunk: Bytes = chunk?;
            let first = if begun { None } else { chunk.iter().find(|byte| !byte.is_ascii_whitespace()) };
            begun |= first.is_some();
            if first == Some(&b'[') {
                let error = io::Error::new(io::ErrorKind::InvalidData, "it is a list; send an object");
                return Err(PayloadError::Io(error));
            }
            Ok(chunk)
        });
        request.set_payload(Payload::Stream { payload: Box::pin(guarded) });
    }
    next.call(request).await
}
