//! What the web build made, served under names that change with their content; and the API's documentation.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use crate::http::openapi;
use crate::http::problem::Problem;
use crate::render::assets::{Dist, href};

/// The name of an asset holds the digest of its content, so it never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// Asked again each time: it changes with the version.
const ASK_AGAIN: &str = "no-cache";

static OPENAPI: LazyLock<String> = LazyLock::new(openapi::json);

fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        _ => "application/octet-stream",
    }
}

/// `GET /assets/{file}`.
///
/// # Errors
/// A 404 when the build made no such file.
pub async fn asset(file: Path<String>) -> Result<HttpResponse, Problem> {
    // A name, never a path: a development build reads the folder itself.
    let plain = !file.contains("..") && file.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let found = Dist::get(&format!("assets/{file}")).filter(|_| plain).ok_or_else(Problem::no_route)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, FOR_GOOD)).content_type(content_type(&file));
    Ok(response.body(found.data.into_owned()))
}

/// `GET /favicon.ico`: browsers ask for it on pages that name no icon, such as artifacts.
///
/// # Errors
/// None.
pub async fn favicon() -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::MovedPermanently();
    Ok(response.insert_header((header::LOCATION, href("favicon.svg"))).finish())
}

/// `GET /api/docs`: the API browser.
///
/// # Errors
/// A 404 when the web assets were not built.
pub async fn api_docs(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Some(page) = Dist::get("api-docs/index.html") else {
        let mut problem = Problem::no_route();
        problem.detail = format!("{} is part of the web assets, which this build does not have.", request.path());
        return Err(problem);
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, ASK_AGAIN)).content_type("text/html; charset=utf-8");
    Ok(response.body(page.data.into_owned()))
}

/// `GET /api/openapi.json`.
///
/// # Errors
/// None.
pub async fn openapi() -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, ASK_AGAIN)).content_type("application/json");
    Ok(response.body(OPENAPI.as_str()))
}
