//! The server: everything that is served, behind the middleware, until it is told to stop.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt as _;

use super::middleware::content_encoding::{is_otlp, refuse_encodings};
use super::middleware::cors::cors;
use super::middleware::idempotency::repeatable;
use super::middleware::json_object::refuse_lists;
use super::middleware::metrics::record_request;
use super::middleware::origin::carry_origin;
use super::middleware::rate_limit::AttemptLimiter;
use super::middleware::request_limit::RequestLimits;
use super::middleware::root_span::{SeatrialRootSpan, echo_request_id};
use super::middleware::security_headers::security_headers;
use super::pages::problem::show_problems;
use super::problem::Problem;
use super::{api, extract, health, otlp, pages, problem_table};
use crate::app::App;
use crate::config::Transport;
use crate::render::Renderer;

/// Serves `app` on `listener` until the returned server is stopped. Signals are the caller's business.
///
/// # Errors
/// When the listener cannot be used, or a template cannot be read.
pub fn serve(app: web::Data<App>, listener: TcpListener) -> std::io::Result<Server> {
    let workers = app.config.server.workers;
    let shutdown_seconds = app.config.server.shutdown_seconds;
    let https = app.config.transport() == Transport::Tls;
    let attempts = app.config.auth.sign_in_attempts_per_minute;
    let limiter = web::Data::new(AttemptLimiter::new(attempts, &app.config.server.trusted_proxies));
    let limits = web::Data::new(RequestLimits::new(&app.config.limits));
    let renderer = web::Data::new(Renderer::new().map_err(std::io::Error::other)?);
    let server = HttpServer::new(move || {
        let metrics = Arc::clone(&app.metrics);
        let (origin, repeated) = (app.clone(), app.clone());
        actix_web::App::new()
            .wrap(from_fn(refuse_lists))
            .wrap(from_fn(move |request, next| repeatable(repeated.clone(), request, next)))
            .wrap(from_fn(move |request, next| carry_origin(origin.clone(), request, next)))
            .wrap(from_fn(|request, next| refuse_encodings(is_otlp, request, next)))
            .wrap(from_fn(move |request, next| record_request(Arc::clone(&metrics), request, next)))
            .wrap(from_fn(show_problems))
            .wrap(from_fn(move |request, next| security_headers(https, request, next)))
            .wrap(cors(&app.config))
            .wrap(from_fn(echo_request_id))
            .wrap(TracingLogger::<SeatrialRootSpan>::new())
            .app_data(app.clone())
            .app_data(limiter.clone())
            .app_data(limits.clone())
            .app_data(renderer.clone())
            .configure(extract::configure)
            .service(problem_table::problems)
            .service(health::healthz)
            .service(health::readyz)
            .service(health::metrics)
            .service(otlp::traces)
            .service(otlp::logs)
            .service(otlp::metrics)
            .into_utoipa_app()
            .configure(api::configure)
            .into_app()
            .configure(pages::configure)
            .default_service(web::to(no_route))
    });
    let server = if workers > 0 { server.workers(workers) } else { server };
    Ok(server.disable_signals().shutdown_timeout(shutdown_seconds).listen(listener)?.run())
}

/// Serves `app` on `listener` until `stop` is done; then stops accepting, and finishes the requests in hand within
/// `server.shutdown_seconds`.
///
/// # Errors
/// When the listener cannot be used, or the server ends by itself.
pub async fn serve_until(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let server = serve(web::Data::from(Arc::clone(&app)), listener)?;
    let handle = server.handle();
    let mut running = tokio::spawn(server);
    tokio::select! {
        ended = &mut running => return ended.map_err(std::io::Error::other)?,
        () = stop => {}
    }
    // Open streams of events would otherwise keep the server waiting.
    app.store.changes().stop();
    handle.stop(true).await;
    running.await.map_err(std::io::Error::other)?
}

async fn no_route() -> Result<actix_web::HttpResponse, Problem> {
    Err(Problem::no_route())
}
