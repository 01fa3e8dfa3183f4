//! Whether the process lives and whether it can serve.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;

use crate::app::App;

/// What `/readyz` found.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    database: String,
    writer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    free_disk_mib: Option<u64>,
}

/// Less than this and the next hours of traces may not fit.
const LEAST_FREE_MIB: u64 = 256;

/// The process answers.
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// The database answers a real query, takes a real write, the writer of runs is alive, and the disk has room.
#[get("/readyz")]
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    let database = app.store.ping().await;
    let writer = app.ingest.healthy();
    let free_disk_mib = app.store.path().and_then(crate::telemetry::free_disk_mib);
    let ready = database.is_ok() && writer && free_disk_mib.is_none_or(|free| free >= LEAST_FREE_MIB);
    let body = Readiness {
        ready,
        database: database.map_or_else(|error| error.to_string(), |()| "ok".to_owned()),
        writer: if writer { "ok" } else { "the last commit failed" },
        free_disk_mib,
    };
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// Counters and histograms for Prometheus.
#[get("/metrics")]
pub async fn metrics(app: web::Data<App>, request: actix_web::HttpRequest) -> HttpResponse {
    let settings = &app.config.metrics;
    let presented = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let presented = presented.strip_prefix("Bearer ").unwrap_or_default();
    let allowed =
        settings.token.is_empty() || crate::auth::secret::SecretHash::of(settings.token.expose()).matches(presented);
    if !settings.enabled || !allowed {
        return HttpResponse::NotFound().finish();
    }
    HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text(&app))
}

/// The metrics, with what the store counts brought up to date.
fn text(app: &App) -> String {
    let counter = &app.metrics.database_statements;
    counter.inc_by(app.store.statements().saturating_sub(counter.get()));
    app.metrics.encode()
}
