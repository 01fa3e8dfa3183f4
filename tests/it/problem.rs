//! problem+json, the middleware around every request, the session cookie and the log escape.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, ResponseError, web};
use seatrial::app::error::{AppError, FieldError, Unauthenticated};
use seatrial::auth::secret::Secret;
use seatrial::config::{Config, Sources, load};
use seatrial::http::client_address::client_address;
use seatrial::http::cookie::{LOOPBACK_NAME, SECURE_NAME, SessionCookies};
use seatrial::http::middleware::content_encoding::{is_otlp, refuse_encodings};
use seatrial::http::middleware::metrics::record_request;
use seatrial::http::middleware::rate_limit::{AttemptLimiter, limit_attempts};
use seatrial::http::middleware::root_span::{REQUEST_ID_HEADER, SeatrialRootSpan, echo_request_id};
use seatrial::http::middleware::security_headers::security_headers;
use seatrial::http::problem::Problem;
use seatrial::telemetry::escape_record;
use seatrial::telemetry::metrics::AllMetrics;
use seatrial_domain::access::Permission;
use serde_json::{Value, json};
use tracing_actix_web::TracingLogger;

async fn body_of<B: MessageBody>(response: ServiceResponse<B>) -> Value {
    let bytes = to_bytes(response.into_body()).await.map_err(|_| "no body").expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn shown(error: AppError) -> (StatusCode, Value) {
    let response = Problem::from(error).error_response();
    let status = response.status();
    let bytes = to_bytes(response.into_body()).await.map_err(|_| "no body").expect("a body");
    (status, serde_json::from_slice(&bytes).expect("JSON"))
}

#[actix_web::test]
async fn every_error_has_a_status_a_code_and_a_sentence() {
    let cases = [
        (AppError::NotFound { noun: "run" }, 404, "not_found"),
        (AppError::Forbidden { permission: Permission::Decide }, 403, "forbidden"),
        (AppError::Unauthenticated { why: Unauthenticated::WrongPassword }, 401, "unauthenticated"),
        (AppError::invalid("cost_nanos", "must not be negative"), 422, "invalid"),
        (
            AppError::Conflict { code: "already_promoted", detail: "This failure has a case.".into() },
            409,
            "already_promoted",
        ),
        (AppError::TooLarge { what: "the body", limit: "64 MiB".into() }, 413, "too_large"),
        (AppError::Overloaded { retry_after_seconds: 2 }, 429, "overloaded"),
        (AppError::ReadOnly, 503, "read_only"),
        (AppError::internal("the disk at /var/lib is gone"), 500, "internal"),
    ];
    for (error, status, code) in cases {
        let (shown_status, body) = shown(error).await;
        assert_eq!(shown_status.as_u16(), status, "{code}");
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("/docs/problems#{code}"));
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()));
        let detail = body["detail"].as_str().expect("a detail");
        assert!(detail.ends_with('.') && detail.starts_with(char::is_uppercase), "{detail}");
    }
}

#[actix_web::test]
async fn fields_are_listed_and_causes_of_faults_are_not_shown() {
    let errors = vec![FieldError::new("runs[0].ended_at", "is before started_at"), FieldError::new("", "is empty")];
    let (_, body) = shown(AppError::Invalid { errors }).await;
    assert_eq!(body["errors"][0], json!({"field": "runs[0].ended_at", "message": "is before started_at"}));
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(2));
    let (_, body) = shown(AppError::internal("secret path /var/lib")).await;
    let id = body["error_id"].as_str().expect("an id for the log");
    assert_eq!(id.len(), 16);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(id)));
    assert!(!body.to_string().contains("/var/lib"));
    assert!(body.get("errors").is_none());
}

#[actix_web::test]
async fn headers_say_what_the_problem_asks_of_the_client() {
    let busy = Problem::from(AppError::Overloaded { retry_after_seconds: 7 }).error_response();
    assert_eq!(busy.headers().get("retry-after").expect("when to come back"), "7");
    assert_eq!(busy.headers().get("content-type").expect("a type"), "application/problem+json");
    let unknown = Problem::from(AppError::Unauthenticated { why: Unauthenticated::Missing }).error_response();
    assert!(unknown.headers().contains_key("www-authenticate"));
}

async fn echo(body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().body(body)
}

async fn fail() -> Result<HttpResponse, Problem> {
    Err(AppError::NotFound { noun: "run" }.into())
}

async fn own_policy() -> HttpResponse {
    HttpResponse::Ok().insert_header(("content-security-policy", "default-src 'self'")).finish()
}

#[actix_web::test]
async fn every_answer_has_strict_headers_a_request_id_and_a_metric() {
    let metrics = Arc::new(AllMetrics::new());
    let shared = Arc::clone(&metrics);
    let app = init_service(
        App::new()
            .wrap(from_fn(move |request, next| record_request(Arc::clone(&shared), request, next)))
            .wrap(from_fn(|request, next| security_headers(true, request, next)))
            .wrap(from_fn(echo_request_id))
            .wrap(TracingLogger::<SeatrialRootSpan>::new())
            .route("/runs/{id}", web::get().to(fail))
            .route("/artifact", web::get().to(own_policy)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().uri("/runs/run_1?token=hunter2").to_request()).await;
    assert_eq!(response.status(), 404);
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let policy = header("content-security-policy");
    for directive in
        ["default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("strict-transport-security").contains("max-age"));
    assert_eq!(header(REQUEST_ID_HEADER.as_str()).len(), 36);
    let own = call_service(&app, TestRequest::get().uri("/artifact").to_request()).await;
    assert_eq!(own.headers().get("content-security-policy").expect("its own"), "default-src 'self'");
    let missing = call_service(&app, TestRequest::get().uri("/nothing/here").to_request()).await;
    assert!(missing.headers().contains_key("content-security-policy"));
    let text = metrics.encode();
    let line = r#"seatrial_http_requests_total{method="GET",route="/runs/{id}",status="4xx"} 1"#;
    assert!(text.contains(line), "{text}");
    assert!(text.contains(r#"route="none""#) && !text.contains("hunter2") && !text.contains("nothing/here"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[actix_web::test]
async fn compressed_bodies_are_refused_outside_otlp() {
    let app = init_service(
        App::new()
            .wrap(from_fn(|request, next| refuse_encodings(is_otlp, request, next)))
            .route("/api/v1/x", web::post().to(echo))
            .route("/v1/traces", web::post().to(echo)),
    )
    .await;
    for encoding in ["gzip", "zstd", "br", "deflate", "identity, gzip", "nonsense"] {
        let request =
            TestRequest::post().uri("/api/v1/x").insert_header(("content-encoding", encoding)).set_payload("x");
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), 415, "{encoding}");
        let body = body_of(response).await;
        assert_eq!(body["code"], "unsupported_media");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("without compression")));
    }
    for (path, encoding) in [("/v1/traces", "gzip"), ("/api/v1/x", "identity")] {
        let request = TestRequest::post().uri(path).insert_header(("content-encoding", encoding)).set_payload("x");
        assert_eq!(call_service(&app, request.to_request()).await.status(), 200, "{path} {encoding}");
    }
}

#[actix_web::test]
async fn attempts_to_sign_in_are_limited_by_address() {
    let limiter = AttemptLimiter::new(3, &[]);
    let app = init_service(
        App::new().service(
            web::resource("/sign-in")
                .wrap(from_fn(move |request, next| limit_attempts(limiter.clone(), request, next)))
                .route(web::post().to(echo)),
        ),
    )
    .await;
    let attempt = |address: &str| {
        let peer: SocketAddr = address.parse().expect("an address");
        // A client in front of no proxy can write what it likes here.
        TestRequest::post()
            .uri("/sign-in")
            .peer_addr(peer)
            .insert_header(("x-forwarded-for", "203.0.113.1"))
            .to_request()
    };
    for _ in 0..3 {
        assert_eq!(call_service(&app, attempt("198.51.100.7:1000")).await.status(), 200);
    }
    let response = call_service(&app, attempt("198.51.100.7:1001")).await;
    assert_eq!(response.status(), 429);
    let wait: u32 = response
        .headers()
        .get("retry-after")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok())
        .expect("seconds");
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(call_service(&app, attempt("198.51.100.8:1000")).await.status(), 200, "another address");
}

#[test]
fn one_ipv6_customer_is_one_address_for_the_limit() {
    let limiter = AttemptLimiter::new(1, &[]);
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    assert!(limiter.check(address("2001:db8:1:1::1")).is_ok());
    assert!(limiter.check(address("2001:db8:1:1:ffff::9")).is_err(), "the same /64");
    assert!(limiter.check(address("2001:db8:1:2::1")).is_ok(), "another /64");
}

#[test]
fn forwarding_headers_are_believed_from_trusted_proxies_only() {
    let trusted = ["10.0.0.0/8".parse().expect("a range")];
    let cases = [
        ("198.51.100.7", "203.0.113.1", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        ("10.0.0.1", "6.6.6.6, garbage", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"),
    ];
    for (peer, forwarded, expected) in cases {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for".parse().expect("a name"), forwarded.parse().expect("a value"));
        let found = client_address(peer.parse().ok(), &headers, &trusted);
        assert_eq!(found, expected.parse().ok(), "{peer} with {forwarded}");
    }
}

fn config(pairs: &[(&str, &str)]) -> Config {
    let overrides = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load(&Sources { overrides, ..Sources::default() }).expect("valid settings")
}

#[test]
fn the_cookie_has_the_host_prefix_except_on_this_machine() {
    let token = Secret::new("sea_session_0");
    let tls = SessionCookies::new(&config(&[("server.public_url", "https://seatrial.example")]));
    let cookie = tls.begin(&token, Duration::from_secs(60));
    assert_eq!(cookie.name(), SECURE_NAME);
    assert_eq!(
        cookie.to_string(),
        format!("{SECURE_NAME}=sea_session_0; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60")
    );
    let local = SessionCookies::new(&config(&[]));
    let cookie = local.begin(&token, Duration::from_secs(60));
    assert_eq!((cookie.name(), cookie.secure()), (LOOPBACK_NAME, Some(false)));
    assert_eq!(local.end().max_age().map(|age| age.whole_seconds()), Some(0));
    let request = TestRequest::get().cookie(cookie).to_http_request();
    assert_eq!(local.read(&request).expect("found").expose(), "sea_session_0");
    assert!(tls.read(&request).is_none(), "the plain name means nothing behind TLS");
}

#[test]
fn plain_http_from_another_machine_begins_no_session() {
    let request = |peer: &str, protocol: &str| {
        let peer: SocketAddr = peer.parse().expect("an address");
        TestRequest::get().peer_addr(peer).insert_header(("x-forwarded-proto", protocol)).to_http_request()
    };
    let local = SessionCookies::new(&config(&[]));
    assert!(local.check_transport(&request("127.0.0.1:9", "http")).is_ok());
    let refused = local.check_transport(&request("192.168.1.5:9", "https")).expect_err("from elsewhere");
    assert_eq!(refused.code, "insecure_transport");
    assert!(refused.detail.contains("trusted_proxies"));
    let proxied = SessionCookies::new(&config(&[
        ("server.public_url", "https://seatrial.example"),
        ("server.trusted_proxies", "10.0.0.0/8"),
    ]));
    assert!(proxied.check_transport(&request("10.0.0.1:9", "https")).is_ok());
    assert!(proxied.check_transport(&request("10.0.0.1:9", "http")).is_err(), "the proxy says plain HTTP");
    assert!(proxied.check_transport(&request("192.168.1.5:9", "https")).is_err(), "not the proxy");
}

#[test]
fn a_log_record_stays_one_line() {
    let record = "found \u{1b}[31mred\r\n{\"level\":\"ERROR\"} \u{202e}gpj.exe é\n";
    let escaped = escape_record(record);
    assert_eq!(escaped, "found \\u{1b}[31mred\\u{d}\\u{a}{\"level\":\"ERROR\"} \\u{202e}gpj.exe é\n");
}
