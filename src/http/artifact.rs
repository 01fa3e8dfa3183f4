//! The review artifact as a response in each of its formats, for pages and the API.

use actix_web::HttpResponse;
use actix_web::http::header;
use seatrial_domain::ids::DecisionId;

use super::present::artifact::artifact;
use super::problem::Problem;
use crate::app::App;
use crate::app::access::Caller;
use crate::render::artifact::CONTENT_SECURITY_POLICY;
use crate::render::{RenderError, Renderer};

/// The formats of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A self-contained document.
    Html,
    /// For a comment on a pull request.
    Markdown,
    /// For programs.
    Json,
}

impl Format {
    /// The format of a file's ending, or of the API's `format`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "html" => Some(Self::Html),
            "md" | "markdown" => Some(Self::Markdown),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The artifact of the decision `id` of `project` in a format. HTML has a policy of its own: it is a document, not a
/// page of the application, and may load nothing.
///
/// # Errors
/// When there is no such decision in the project, the caller may not, or the database fails.
pub async fn respond(
    app: &App,
    renderer: &Renderer,
    caller: &Caller,
    (project, id): (&str, DecisionId),
    format: Format,
) -> Result<HttpResponse, Problem> {
    let view = artifact(&app.artifact(caller, project, id).await?);
    let fault = |error: RenderError| Problem::internal(&error);
    let mut response = HttpResponse::Ok();
    Ok(match format {
        Format::Html => {
            response.insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
            response.content_type("text/html; charset=utf-8").body(renderer.artifact_html(&view).map_err(fault)?)
        }
        Format::Markdown => {
            let text = renderer.artifact_markdown(&view).map_err(fault)?;
            response.content_type("text/markdown; charset=utf-8").body(text)
        }
        Format::Json => response.content_type("application/json").body(renderer.artifact_json(&view).map_err(fault)?),
    })
}
