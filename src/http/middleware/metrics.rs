//! Counts and times every request, by the pattern of its route.

use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tokio::time::Instant;

use crate::telemetry::metrics::{AllMetrics, RequestLabels, RouteLabels, method_label, status_class};

/// Records the request in `metrics`.
///
/// # Errors
/// Only those of the services inside.
pub async fn record_request<B: MessageBody>(
    metrics: Arc<AllMetrics>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let method = method_label(request.method().as_str());
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    metrics.http_seconds.get_or_create(&RouteLabels { route: route.clone() }).observe(started.elapsed().as_secs_f64());
    metrics.http_requests.get_or_create(&RequestLabels { method, route, status: status_class(status) }).inc();
    outcome
}
