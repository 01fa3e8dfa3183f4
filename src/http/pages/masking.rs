//! What a project masks in eval cases besides what every project masks: its patterns, tried on a text before they are kept.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::project::ProjectSettings;
use seatrial_domain::redact::RedactionPattern;

use super::context::{Answer, Frame, Visitor};
use super::failure_review::redactions;
use super::form::refusal;
use super::meanwhile;
use super::settings::{Fields, enter, field};
use crate::app::case::{TriedMasking, compiled};
use crate::app::error::AppError;
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::case::DiffLine;
use crate::render::view::masking::{MaskingPage, MaskingPreview, PatternFinds, PatternRow};

const PLACE: &str = "/settings/masking";
const TITLE: &str = "Masking";
/// Empty lines for further patterns.
const SPARE: usize = 3;
/// What the page is tried on until somebody pastes their own.
const SAMPLE: &str = "Please refund order 1042 to anna@example.com, customer C-00417.\nThe ticket is on wiki.internal.example, call +1 202 555 0143.";

/// What the form holds.
struct Typed {
    patterns: Vec<RedactionPattern>,
    text: String,
    rests_on: String,
}

impl Typed {
    fn from(patterns: &[RedactionPattern]) -> Result<Self, AppError> {
        Ok(Self { patterns: patterns.to_vec(), text: SAMPLE.to_owned(), rests_on: etag(&patterns)? })
    }

    /// The fields of a form; a pattern follows its name, and a line without a word is none.
    fn of(fields: &Fields) -> Self {
        let mut patterns: Vec<RedactionPattern> = Vec::new();
        for (field, value) in fields {
            match (field.as_str(), patterns.last_mut()) {
                ("name", _) => {
                    patterns.push(RedactionPattern { name: value.trim().to_owned(), pattern: String::new() })
                }
                ("pattern", Some(last)) => last.pattern.clone_from(value),
                _ => {}
            }
        }
        patterns.retain(|own| !own.name.is_empty() || !own.pattern.trim().is_empty());
        // Forms send lines as CR LF.
        let text = field(fields, "text").replace("\r\n", "\n");
        Self { patterns, text, rests_on: field(fields, "rests_on").to_owned() }
    }
}

/// `GET /p/{project}/settings/masking`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let typed = Typed::from(&frame.project.settings.redaction_patterns)?;
    let preview = if frame.may(Permission::ManageProject) { Some(tried(&frame, &typed).await) } else { None };
    let body = page(&frame, &typed, preview.transpose()?);
    frame.page(TITLE, body)
}

/// `POST /p/{project}/settings/masking/preview`: what the patterns do to the text. It keeps neither.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn preview(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let typed = Typed::of(&form.0);
    let preview = tried(&frame, &typed).await?;
    let body = page(&frame, &typed, Some(preview));
    frame.page(TITLE, body)
}

/// `POST /p/{project}/settings/masking`.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn keep(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let mut typed = Typed::of(&form.0);
    let Err(error) = kept(&frame, &typed).await else { return Ok(frame.done(PLACE, "masking_kept")) };
    let (mut rows, mut said) = (Vec::new(), meanwhile::SAID.to_owned());
    if meanwhile::happened(&error) {
        let now = frame.app().project_settings(frame.caller(), frame.slug()).await?.redaction_patterns;
        typed.rests_on = etag(&now)?;
        rows = meanwhile::rows(lines(&now, &typed.patterns), lines(&typed.patterns, &now));
    } else {
        said = refusal(error)?;
    }
    let preview = tried(&frame, &typed).await?;
    let mut body = page(&frame, &typed, Some(preview));
    (body.error, body.meanwhile) = (Some(said), rows);
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, TITLE, body)
}

async fn kept(frame: &Frame, typed: &Typed) -> Result<(), AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    compiled(&typed.patterns)?;
    let now = app.project_settings(caller, slug).await?;
    // The form rests on the patterns; what else the project has set may have changed, and stays.
    IfMatch::parse(&typed.rests_on).check(&now.redaction_patterns)?;
    let held = IfMatch::parse(&etag(&now)?);
    let settings = ProjectSettings { redaction_patterns: typed.patterns.clone(), ..now };
    app.put_project_settings(caller, slug, settings, &held).await?;
    Ok(())
}

/// The patterns by name, those of both lists in one order.
fn lines(of: &[RedactionPattern], beside: &[RedactionPattern]) -> Vec<(String, String)> {
    let mut names: Vec<&str> = of.iter().chain(beside).map(|own| own.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let said = |name: &str| of.iter().find(|own| own.name == name).map_or_else(String::new, |own| own.pattern.clone());
    names.into_iter().map(|name| (name.to_owned(), said(name))).collect()
}

/// What the patterns do to the text, or why they cannot be tried.
async fn tried(frame: &Frame, typed: &Typed) -> Result<MaskingPreview, Problem> {
    let found = frame.app().try_masking(frame.caller(), frame.slug(), &typed.patterns, typed.text.clone()).await;
    match found {
        Ok(found) => Ok(shown(typed, &found)),
        Err(error) => Ok(MaskingPreview { error: Some(refusal(error)?), ..MaskingPreview::default() }),
    }
}

fn shown(typed: &Typed, found: &TriedMasking) -> MaskingPreview {
    let finds = typed.patterns.iter().zip(&found.finds);
    MaskingPreview {
        error: None,
        masked: found.masked as u64,
        lines: beside(&typed.text, &found.after),
        finds: finds.map(|(own, places)| PatternFinds { name: own.name.clone(), places: *places as u64 }).collect(),
        maskings: redactions(&found.maskings, found.masked),
    }
}

/// The text line by line, before and after. Data that is looked into comes out written anew; then it stands as a whole.
fn beside(before: &str, after: &str) -> Vec<DiffLine> {
    let line = |change: &str, content: &str| DiffLine { change: change.to_owned(), content: content.to_owned() };
    if before.lines().count() != after.lines().count() {
        return vec![line("del", before), line("add", after)];
    }
    let both = before.lines().zip(after.lines());
    both.flat_map(|(before, after)| match before == after {
        true => vec![line("same", before)],
        false => vec![line("del", before), line("add", after)],
    })
    .collect()
}

fn page(frame: &Frame, typed: &Typed, preview: Option<MaskingPreview>) -> MaskingPage {
    let may = frame.may(Permission::ManageProject);
    let spare = if may { SPARE } else { 0 };
    let empty = RedactionPattern { name: String::new(), pattern: String::new() };
    let rows = typed.patterns.iter().cloned().chain(std::iter::repeat_n(empty, spare)).zip(1..);
    MaskingPage {
        may,
        rests_on: typed.rests_on.clone(),
        rows: rows.map(|(own, place)| PatternRow { place, name: own.name, pattern: own.pattern }).collect(),
        text: typed.text.clone(),
        preview,
        error: None,
        meanwhile: Vec::new(),
    }
}
