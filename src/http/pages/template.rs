//! A project's own templates: the list, one to edit and try, its versions.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::DecisionId;
use seatrial_store::Page;
use seatrial_store::decision::DecisionFilter;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::meanwhile;
use crate::app::error::AppError;
use crate::app::precondition::IfMatch;
use crate::app::template::NewTemplate;
use crate::http::artifact::view;
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::Renderer;
use crate::render::artifact::CONTENT_SECURITY_POLICY;
use crate::render::document::{Checked, Document, DocumentView, TemplateFormat};
use crate::render::view::template::{TemplateList, TemplatePage, TemplateRow, TemplateVersion};
use crate::render::view::{Link, MeanwhileRow, SelectOption, Time};

/// Decisions offered to try a template on; the latest.
const DECISIONS: u64 = 20;

type Kind = (Document, TemplateFormat);

fn kind(document: &str, format: &str) -> Result<Kind, AppError> {
    let found = Document::parse(document).zip(TemplateFormat::parse(format));
    found.ok_or(AppError::NotFound { noun: "template" })
}

fn title((document, format): Kind) -> String {
    let document = match document {
        Document::Review => "Review",
        Document::Incident => "Incident review",
    };
    let format = match format {
        TemplateFormat::Html => "HTML",
        TemplateFormat::Markdown => "Markdown",
    };
    format!("{document}, as {format}")
}

fn path_of((document, format): Kind) -> String {
    format!("/templates/{}/{}", document.as_str(), format.as_str())
}

/// `GET /p/{project}/templates`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let mut rows = Vec::new();
    for kind in Document::ALL.into_iter().flat_map(|document| TemplateFormat::ALL.map(|format| (document, format))) {
        let known = frame.app().template(frame.caller(), frame.slug(), kind).await?;
        rows.push(TemplateRow {
            link: Link::new(frame.href(&path_of(kind)), title(kind)),
            version: known.as_ref().map_or(0, |row| row.version),
            built_in: known.as_ref().is_none_or(|row| row.source.is_none()),
            at: known.as_ref().map(|row| Time(row.created_at.micros())),
            by: known.map(|row| row.created_by.display_name),
        });
    }
    frame.page("Templates", TemplateList { rows })
}

/// What was typed and could not be kept.
struct Typed {
    error: String,
    source: String,
    note: String,
    /// The version it rests on.
    version: Option<u32>,
    meanwhile: Vec<MeanwhileRow>,
}

impl Typed {
    /// What was typed, refused for a reason: what somebody else wrote meanwhile stands beside it, and it rests on that.
    async fn refused(frame: &Frame, kind: Kind, form: TemplateForm, error: AppError) -> Result<Self, AppError> {
        let TemplateForm { source, note, version, .. } = form;
        if !meanwhile::happened(&error) {
            let version = version.replace(',', "").parse().ok();
            return Ok(Self { error: refusal(error)?, source, note, version, meanwhile: Vec::new() });
        }
        let now = frame.app().template(frame.caller(), frame.slug(), kind).await?;
        let saved = now.as_ref().and_then(|row| row.source.clone());
        let saved = saved.unwrap_or_else(|| Renderer::built_in_template(kind.0, kind.1));
        let by = now.map(|row| (row.version, row.created_by.display_name, row.note));
        let mut meanwhile: Vec<MeanwhileRow> = differing(&saved, &source.replace("\r\n", "\n")).into_iter().collect();
        if let Some((version, by, why)) = by {
            meanwhile.push(MeanwhileRow::new("Why", format!("version {version} by {by}: {why}"), &note));
        }
        Ok(Self { error: meanwhile::SAID.to_owned(), source, note, version: None, meanwhile })
    }
}

/// The lines from the first to the last that differ, as they are saved and as they were typed.
fn differing(saved: &str, typed: &str) -> Option<MeanwhileRow> {
    let (saved, typed): (Vec<&str>, Vec<&str>) = (saved.lines().collect(), typed.lines().collect());
    let head = saved.iter().zip(&typed).take_while(|(a, b)| a == b).count();
    let (rest, others) = (&saved[head..], &typed[head..]);
    let tail = rest.iter().rev().zip(others.iter().rev()).take_while(|(a, b)| a == b).count();
    let (rest, others) = (&rest[..rest.len() - tail], &others[..others.len() - tail]);
    if rest.is_empty() && others.is_empty() {
        return None;
    }
    let label = format!("Source, from line {}", head + 1);
    let said = |lines: &[&str]| if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") };
    Some(MeanwhileRow::new(label, said(rest), said(others)))
}

async fn body(frame: &Frame, kind: Kind, typed: Option<Typed>) -> Result<TemplatePage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let versions = app.template_versions(caller, slug, kind).await?;
    let of_any = DecisionFilter::default();
    let (decisions, _) = app.list_decisions(caller, slug, &of_any, Page::new(None, Some(DECISIONS))).await?;
    let names = app.names(caller, slug).await?;
    let choice = |listed: &crate::app::decision::ListedDecision| {
        let record = &listed.sealed.record;
        let about = format!("{} {}", names.workflow_name(record.workflow), names.release_name(record.release));
        SelectOption::new(record.id.to_string(), format!("Decision {}: {about}", record.sequence))
    };
    let latest = versions.first();
    let own = latest.and_then(|row| row.source.clone());
    let built_in = own.is_none();
    let source = own.unwrap_or_else(|| Renderer::built_in_template(kind.0, kind.1));
    let version = latest.map_or(0, |row| row.version);
    let typed = match typed {
        Some(typed) => typed,
        None => Typed { error: String::new(), source, note: String::new(), version: None, meanwhile: Vec::new() },
    };
    Ok(TemplatePage {
        title: title(kind),
        path: frame.href(&path_of(kind)),
        version,
        rests_on: typed.version.unwrap_or(version),
        built_in,
        source: typed.source,
        note: typed.note,
        error: given(&typed.error),
        meanwhile: typed.meanwhile,
        decisions: std::iter::once(SelectOption::new("", "A sample").selected(true))
            .chain(decisions.iter().map(choice))
            .collect(),
        can_write: frame.may(Permission::ManageProject),
        versions: versions
            .into_iter()
            .map(|row| TemplateVersion {
                version: row.version,
                built_in: row.source.is_none(),
                note: row.note,
                at: Time(row.created_at.micros()),
                by: row.created_by.display_name,
            })
            .collect(),
    })
}

/// `GET /p/{project}/templates/{document}/{format}`.
///
/// # Errors
/// When there is no such template, the project is not theirs, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String, String)>) -> Answer {
    let (project, document, format) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let kind = kind(&document, &format)?;
    let body = body(&frame, kind, None).await?;
    frame.page(title(kind), body)
}

/// The form of a template.
#[derive(Debug, Default, Deserialize)]
pub struct TemplateForm {
    #[serde(default)]
    source: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    built_in: String,
    #[serde(default)]
    decision: String,
}

fn checked(renderer: &Renderer, kind: Kind, source: &str) -> Result<Checked, AppError> {
    // Forms send lines as CR LF.
    let source = source.replace("\r\n", "\n");
    let found = renderer.check_template(kind.0, kind.1, &source);
    found.map_err(|problem| AppError::invalid("", problem.to_string()))
}

/// `POST /p/{project}/templates/{document}/{format}`.
///
/// # Errors
/// When the token is wrong, there is no such template, they may not, or the database fails.
pub async fn write(
    visitor: Visitor,
    renderer: Data<Renderer>,
    path: Path<(String, String, String)>,
    form: PageForm<TemplateForm>,
) -> Answer {
    let (project, document, format) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::ManageProject)?;
    let kind = kind(&document, &format)?;
    let PageForm(form) = form;
    match keep(&frame, &renderer, kind, &form).await {
        Ok(()) => Ok(frame.done(&path_of(kind), "template_written")),
        Err(error) => {
            let typed = Typed::refused(&frame, kind, form, error).await?;
            let body = body(&frame, kind, Some(typed)).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, title(kind), body)
        }
    }
}

async fn keep(frame: &Frame, renderer: &Renderer, kind: Kind, form: &TemplateForm) -> Result<(), AppError> {
    let version = form.version.replace(',', "").parse();
    let version =
        version.map_err(|_| AppError::invalid("", "Load the page again: it was sent without its version."))?;
    let source = match given(&form.built_in) {
        Some(_) => None,
        None => Some(checked(renderer, kind, &form.source)?),
    };
    let new = NewTemplate { source, note: form.note.trim().to_owned(), version };
    frame.app().put_template(frame.caller(), frame.slug(), kind, new, &IfMatch::ANYTHING).await?;
    Ok(())
}

/// `POST /p/{project}/templates/{document}/{format}/preview`: the document alone, which may load nothing and do nothing.
///
/// # Errors
/// When the token is wrong, there is no such template or decision, or the database fails.
pub async fn preview(
    visitor: Visitor,
    renderer: Data<Renderer>,
    path: Path<(String, String, String)>,
    form: PageForm<TemplateForm>,
) -> Answer {
    let (project, document, format) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let kind = kind(&document, &format)?;
    let PageForm(form) = form;
    let made = match checked(&renderer, kind, &form.source) {
        Err(error) => Err(error),
        Ok(template) => {
            let view = match given(&form.decision).map(|id| id.parse::<DecisionId>()).transpose() {
                Ok(Some(id)) => view(frame.app(), frame.caller(), (frame.slug(), id), kind.0).await?,
                Ok(None) => DocumentView::sample(kind.0),
                Err(_) => return Err(AppError::NotFound { noun: "decision" }.into()),
            };
            renderer.with_template(&view, kind.1, template.source()).map_err(|error| AppError::invalid("", error))
        }
    };
    match made {
        Err(error) => {
            let typed = Typed::refused(&frame, kind, form, error).await?;
            let body = body(&frame, kind, Some(typed)).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, title(kind), body)
        }
        Ok(text) => {
            let plain = kind.1 == TemplateFormat::Markdown;
            let shown = if plain { "text/plain; charset=utf-8" } else { "text/html; charset=utf-8" };
            let policy = format!("{CONTENT_SECURITY_POLICY}; sandbox");
            Ok(HttpResponse::Ok()
                .insert_header((header::CONTENT_SECURITY_POLICY, policy))
                .content_type(shown)
                .body(text))
        }
    }
}
