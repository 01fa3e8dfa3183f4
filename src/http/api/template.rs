//! A project's own templates for the documents that leave.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post, put};
use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::ids::DecisionId;
use seatrial_domain::time::Timestamp;
use seatrial_store::template::TemplateRow;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::precondition::IfMatch;
use crate::app::template::NewTemplate;
use crate::http::artifact::view;
use crate::http::extract::if_match::tagged;
use crate::http::extract::{Caller, Listed};
use crate::http::problem::{Problem, ProblemBody};
use crate::render::Renderer;
use crate::render::document::{Checked, Document, DocumentView, TemplateFormat};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read).service(versions).service(put_template).service(preview);
}

/// A template.
#[derive(Serialize, utoipa::ToSchema)]
struct TemplateView {
    /// `review` or `incident`.
    document: String,
    /// `html` or `markdown`.
    format: String,
    /// The project's version; 0 while it never wrote one.
    version: u32,
    /// Whether the built-in template is used.
    built_in: bool,
    /// The template in use: Handlebars.
    source: String,
    /// Why it was written.
    note: String,
    /// Who wrote it.
    created_by: Option<Actor>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

impl TemplateView {
    fn of(kind: (Document, TemplateFormat), row: Option<TemplateRow>) -> Self {
        let (document, format) = kind;
        let own = row.as_ref().and_then(|row| row.source.clone());
        Self {
            document: document.as_str().to_owned(),
            format: format.as_str().to_owned(),
            version: row.as_ref().map_or(0, |row| row.version),
            built_in: own.is_none(),
            source: own.unwrap_or_else(|| Renderer::built_in_template(document, format)),
            note: row.as_ref().map_or_else(String::new, |row| row.note.clone()),
            created_at: row.as_ref().map(|row| row.created_at),
            created_by: row.map(|row| row.created_by),
        }
    }
}

/// A template to be written.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplateBody {
    /// The template: Handlebars. Null to go back to the built-in one.
    source: Option<String>,
    /// Why.
    #[serde(default)]
    note: String,
    /// The version this was made from; 0 where the project has none.
    version: u32,
}

/// A template to be tried.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewBody {
    /// The template: Handlebars.
    source: String,
    /// The decision whose document is made; a sample when absent.
    #[schema(value_type = Option<String>)]
    decision: Option<DecisionId>,
}

/// A document that a template made.
#[derive(Serialize, utoipa::ToSchema)]
struct PreviewView {
    /// The document. Show HTML in a sandboxed frame.
    output: String,
}

fn kind(document: &str, format: &str) -> Result<(Document, TemplateFormat), AppError> {
    let found = Document::parse(document).zip(TemplateFormat::parse(format));
    found.ok_or(AppError::NotFound { noun: "template" })
}

fn checked(renderer: &Renderer, kind: (Document, TemplateFormat), source: &str) -> Result<Checked, AppError> {
    let found = renderer.check_template(kind.0, kind.1, source);
    found.map_err(|problem| AppError::invalid("source", problem.to_string()))
}

/// Read a template
///
/// The project's own, or the built-in one: what a project begins from.
#[utoipa::path(
    operation_id = "read_template", tag = "templates",
    params(
        ("project" = String, Path), ("document" = String, Path, description = "`review` or `incident`"),
        ("format" = String, Path, description = "`html` or `markdown`")
    ),
    responses(
        (status = 200, description = "The template in use", body = TemplateView),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or template", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/templates/{document}/{format}")]
async fn read(app: Data<App>, caller: Caller, path: Path<(String, String, String)>) -> Result<HttpResponse, Problem> {
    let (project, document, format) = path.into_inner();
    let kind = kind(&document, &format)?;
    show(&TemplateView::of(kind, app.template(&caller, &project, kind).await?))
}

/// A template, with the tag of its version.
fn show(view: &TemplateView) -> Result<HttpResponse, Problem> {
    tagged(view, &view.version)
}

/// List the versions of a template
#[utoipa::path(
    operation_id = "list_template_versions", tag = "templates",
    params(
        ("project" = String, Path), ("document" = String, Path, description = "`review` or `incident`"),
        ("format" = String, Path, description = "`html` or `markdown`")
    ),
    responses(
        (status = 200, description = "The versions the project wrote, latest first", body = Listed<TemplateView>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or template", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/templates/{document}/{format}/versions")]
async fn versions(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
) -> Result<Json<Listed<TemplateView>>, Problem> {
    let (project, document, format) = path.into_inner();
    let kind = kind(&document, &format)?;
    let rows = app.template_versions(&caller, &project, kind).await?;
    Ok(Json(Listed::new(rows.into_iter().map(|row| TemplateView::of(kind, Some(row))).collect(), None)))
}

/// Write a version of a template
///
/// Checked before it is kept: what it may use, and that it renders every sample strictly, hostile text included. A template
/// that fails later all the same gives way to the built-in one.
#[utoipa::path(
    operation_id = "put_template", tag = "templates",
    params(
        ("project" = String, Path), ("document" = String, Path, description = "`review` or `incident`"),
        ("format" = String, Path, description = "`html` or `markdown`"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what the edit rests on"),
    ),
    request_body = TemplateBody,
    responses(
        (status = 200, description = "The new version", body = TemplateView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project or template", body = ProblemBody),
        (status = 409, description = "Somebody wrote a version meanwhile (`version_conflict`)", body = ProblemBody),
        (status = 412, description = "It is not what If-Match names any more", body = ProblemBody),
        (status = 422, description = "The template cannot be used; `source` says why and in which line", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("manage_project")))
)]
#[put("/projects/{project}/templates/{document}/{format}")]
async fn put_template(
    app: Data<App>,
    renderer: Data<Renderer>,
    caller: Caller,
    path: Path<(String, String, String)>,
    body: Json<TemplateBody>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (project, document, format) = path.into_inner();
    let kind = kind(&document, &format)?;
    let TemplateBody { source, note, version } = body.into_inner();
    // Whoever may not is told so before anything is computed for them.
    app.enter(&caller, &project, Permission::ManageProject).await?;
    let source = source.map(|source| checked(&renderer, kind, &source)).transpose()?;
    let row = app.put_template(&caller, &project, kind, NewTemplate { source, note, version }, &if_match).await?;
    show(&TemplateView::of(kind, Some(row)))
}

/// Try a template
///
/// Checks it as for keeping and makes the document, of a sample or of a decision. Nothing is kept.
#[utoipa::path(
    operation_id = "preview_template", tag = "templates",
    params(
        ("project" = String, Path), ("document" = String, Path, description = "`review` or `incident`"),
        ("format" = String, Path, description = "`html` or `markdown`")
    ),
    request_body = PreviewBody,
    responses(
        (status = 200, description = "The document", body = PreviewView),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, template or decision", body = ProblemBody),
        (status = 409, description = "The decision is no incident (`not_an_incident`)", body = ProblemBody),
        (status = 422, description = "The template cannot be used; `source` says why and in which line", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[post("/projects/{project}/templates/{document}/{format}/preview")]
async fn preview(
    app: Data<App>,
    renderer: Data<Renderer>,
    caller: Caller,
    path: Path<(String, String, String)>,
    body: Json<PreviewBody>,
) -> Result<Json<PreviewView>, Problem> {
    let (project, document, format) = path.into_inner();
    let kind = kind(&document, &format)?;
    app.template(&caller, &project, kind).await?;
    let template = checked(&renderer, kind, &body.source)?;
    let view = match body.decision {
        Some(id) => view(&app, &caller, (&project, id), kind.0).await?,
        None => DocumentView::sample(kind.0),
    };
    let output = renderer.with_template(&view, kind.1, template.source());
    let output = output.map_err(|error| AppError::invalid("source", error))?;
    Ok(Json(PreviewView { output }))
}
