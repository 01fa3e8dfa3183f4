//! The shapes of the documents that leave, for programs that read them.

use actix_web::web::Path;
use actix_web::{HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::error::AppError;
use crate::http::problem::{Problem, ProblemBody};
use crate::render::document::Document;
use crate::render::schema::schema;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read_schema);
}

/// Read the schema of a document
///
/// JSON Schema (2020-12) of the JSON form of a review or an incident review. Within a version, which the document names in
/// its member `schema`, fields are only added.
#[utoipa::path(
    operation_id = "read_document_schema", tag = "decisions",
    params(("document" = String, Path, description = "`review` or `incident`")),
    responses(
        (status = 200, description = "The schema", body = Object, content_type = "application/schema+json"),
        (status = 404, description = "There is no such document", body = ProblemBody),
    ),
    security(()),
    extensions(("x-permission" = json!("none")))
)]
#[get("/schemas/{document}")]
async fn read_schema(document: Path<String>) -> Result<HttpResponse, Problem> {
    let document = Document::parse(&document).ok_or(AppError::NotFound { noun: "document" })?;
    let schema = schema(document).map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::Ok().content_type("application/schema+json").body(format!("{schema:#}\n")))
}
