//! Errors of pages as pages: the same problems as in the API, for people.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};
use tracing_actix_web::RequestId;

use crate::http::extract::page::PageRejection;
use crate::http::problem::Problem;
use crate::render::Renderer;
use crate::render::view::{KeyValue, Link, Page, problem};

/// Paths that programs ask; whatever they accept, they get problems as JSON.
const PROGRAMS: [&str; 6] = ["/api/", "/v1/", "/healthz", "/readyz", "/metrics", "/assets/"];

/// Shows a problem that a page's handler or its extractors answered as a page.
///
/// # Errors
/// Only those of the services inside.
pub async fn show_problems<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let problem = response.response().error().and_then(problem_of).filter(|_| for_people(response.request()));
    let page = problem.and_then(|problem| page(response.request(), problem));
    Ok(match page {
        Some(page) => response.into_response(page).map_into_right_body(),
        None => response.map_into_left_body(),
    })
}

fn problem_of(error: &Error) -> Option<&Problem> {
    match error.as_error::<PageRejection>() {
        Some(PageRejection::Problem(problem)) => Some(problem),
        _ => error.as_error::<Problem>(),
    }
}

fn for_people(request: &HttpRequest) -> bool {
    let path = request.path();
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !PROGRAMS.iter().any(|program| path.starts_with(program))
        && (path.starts_with("/p/")
            || path.starts_with("/sign-")
            || path.starts_with("/account")
            || accepts.contains("text/html"))
}

fn page(request: &HttpRequest, problem: &Problem) -> Option<HttpResponse> {
    let renderer = request.app_data::<web::Data<Renderer>>()?;
    let status = StatusCode::from_u16(problem.status).ok()?;
    let body = problem::Problem {
        status: problem.status,
        title: problem.title.to_owned(),
        detail: problem.detail.clone(),
        fields: problem.errors.iter().map(|error| KeyValue::new(&error.field, &error.message)).collect(),
        action: action(request, status),
        request_id: request.extensions().get::<RequestId>().map(ToString::to_string),
    };
    // Where rendering fails, the problem stays as it was.
    let text = renderer.page(&Page::bare(problem.title, "", body)).ok()?;
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = problem.retry_after_seconds {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    Some(
        response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("text/html; charset=utf-8").body(text),
    )
}

/// The way on: to sign in, or back to the page the form was on.
fn action(request: &HttpRequest, status: StatusCode) -> Option<Link> {
    if status == StatusCode::UNAUTHORIZED {
        return Some(Link::new("/sign-in", "Sign in"));
    }
    let mut parts = request.path().trim_start_matches('/').split('/');
    let (root, project, noun) = (parts.next()?, parts.next()?, parts.next()?);
    (root == "p" && status != StatusCode::NOT_FOUND)
        .then(|| Link::new(format!("/p/{project}/{noun}"), "Back to the list"))
}
