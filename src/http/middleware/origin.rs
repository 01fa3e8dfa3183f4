//! Where a request comes from, for the audit log: carried beside the call, so that no use case hands it on.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use seatrial_store::request::{Request, within};
use tracing_actix_web::RequestId;

use crate::app::App;
use crate::http::client_address::of_service_request;

/// Does what the request asks as part of that request.
///
/// # Errors
/// Only those of the services inside.
pub async fn carry_origin<B: MessageBody>(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let address = of_service_request(&request, &app.config.server.trusted_proxies).map(|address| address.to_string());
    let request_id = request.extensions().get::<RequestId>().map(ToString::to_string);
    within(Request { address, request_id, mark: None }, next.call(request)).await
}
