//! The documents of a decision as responses in each of their formats, for pages and the API.

use actix_web::HttpResponse;
use actix_web::http::header;
use seatrial_domain::ids::DecisionId;

use super::present::artifact::artifact;
use super::present::incident::incident;
use super::problem::Problem;
use crate::app::App;
use crate::app::access::Caller;
use crate::app::incident::AlertCause;
use crate::render::artifact::CONTENT_SECURITY_POLICY;
use crate::render::document::{Document, DocumentView, TemplateFormat};
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

impl Format {
    const fn template(self) -> Option<TemplateFormat> {
        match self {
            Self::Html => Some(TemplateFormat::Html),
            Self::Markdown => Some(TemplateFormat::Markdown),
            Self::Json => None,
        }
    }
}

/// What a document of the decision `id` of `project` is made from.
///
/// # Errors
/// When there is no such decision in the project, it is no incident, the caller may not, or the database fails.
pub async fn view(
    app: &App,
    caller: &Caller,
    (project, id): (&str, DecisionId),
    document: Document,
) -> Result<DocumentView, Problem> {
    Ok(match document {
        Document::Review => DocumentView::Review(Box::new(artifact(&app.artifact(caller, project, id).await?))),
        Document::Incident => {
            let found = app.incident(caller, project, id).await?;
            let names = app.names(caller, project).await?;
            DocumentView::Incident(Box::new(incident(&found, &names)))
        }
    })
}

/// A document of the decision `id` of `project` in a format, by the project's own template where it has one; when that
/// fails, by the built-in one. `X-Seatrial-Template` says which. HTML has a policy of its own: it is a document, not a
/// page of the application, and may load nothing.
///
/// # Errors
/// When there is no such decision in the project, it is no incident, the caller may not, or the database fails.
pub async fn respond(
    app: &App,
    renderer: &Renderer,
    caller: &Caller,
    (project, id): (&str, DecisionId),
    (document, format): (Document, Format),
) -> Result<HttpResponse, Problem> {
    let view = view(app, caller, (project, id), document).await?;
    respond_with(app, renderer, caller, (project, &id.to_string()), (&view, format)).await
}

/// The incident review of an alert in a format, as [`respond`] makes it of a decision.
///
/// # Errors
/// When the caller may not read evidence or the database fails.
pub async fn respond_to_alert(
    app: &App,
    renderer: &Renderer,
    caller: &Caller,
    (project, alert): (&str, AlertCause),
    format: Format,
) -> Result<HttpResponse, Problem> {
    let id = alert.id.clone();
    let found = app.incident_of_alert(caller, project, alert).await?;
    let names = app.names(caller, project).await?;
    let view = DocumentView::Incident(Box::new(incident(&found, &names)));
    respond_with(app, renderer, caller, (project, &id), (&view, format)).await
}

async fn respond_with(
    app: &App,
    renderer: &Renderer,
    caller: &Caller,
    (project, about): (&str, &str),
    (view, format): (&DocumentView, Format),
) -> Result<HttpResponse, Problem> {
    let document = view.document();
    let fault = |error: RenderError| Problem::internal(&error);
    let mut response = HttpResponse::Ok();
    let Some(template) = format.template() else {
        return Ok(response.content_type("application/json").body(renderer.document_json(view).map_err(fault)?));
    };
    let own = app.template(caller, project, (document, template)).await?;
    let (mut used, mut made) = ("built-in".to_owned(), None);
    if let Some((version, source)) = own.and_then(|row| Some((row.version, row.source?))) {
        match renderer.with_template(view, template, &source) {
            Ok(text) => (used, made) = (format!("version {version}"), Some(text)),
            Err(error) => {
                tracing::warn!(%project, %about, version, %error, "a project's template failed; the built-in one took its place");
                used = format!("built-in; version {version} failed");
            }
        }
    }
    let text = match made {
        Some(text) => text,
        None => renderer.document(view, template).map_err(fault)?,
    };
    response.insert_header(("x-seatrial-template", used));
    Ok(match template {
        TemplateFormat::Html => {
            response.insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
            response.content_type("text/html; charset=utf-8").body(text)
        }
        TemplateFormat::Markdown => response.content_type("text/markdown; charset=utf-8").body(text),
    })
}
