//! A project's own templates for the documents that leave.

use serde::Serialize;

use super::{HOSTILE, Link, MeanwhileRow, SelectOption, Time, View};

/// Body of `/p/{project}/templates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateList {
    /// One for each document and format.
    pub rows: Vec<TemplateRow>,
}

/// One template in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateRow {
    /// Label and address.
    pub link: Link,
    /// The project's version; 0 while it never wrote one.
    pub version: u32,
    /// The built-in template is used.
    pub built_in: bool,
    /// When the version was written.
    pub at: Option<Time>,
    /// By whom.
    pub by: Option<String>,
}

/// Body of `/p/{project}/templates/{document}/{format}`. Forms, with `csrf`: `POST` there with `source`, `note`, `version`
/// writes a version, with `built_in` goes back to the built-in one; `POST …/preview` with `source`, `decision` tries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplatePage {
    /// Name for people: `Review, as HTML`.
    pub title: String,
    /// Where its forms go.
    pub path: String,
    /// The version that counts; 0 while the project never wrote one.
    pub version: u32,
    /// The version that the form was opened with.
    pub rests_on: u32,
    /// The built-in template is used.
    pub built_in: bool,
    /// The template, or what was typed when it could not be kept.
    pub source: String,
    /// Why it was to be written, when it could not be kept.
    pub note: String,
    /// What is wrong with it, and in which line.
    pub error: Option<String>,
    /// What somebody else wrote while the form was open.
    pub meanwhile: Vec<MeanwhileRow>,
    /// Decisions to try it on; the first choice is a sample.
    pub decisions: Vec<SelectOption>,
    /// The person may write a version.
    pub can_write: bool,
    /// The versions, latest first.
    pub versions: Vec<TemplateVersion>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateVersion {
    /// Number.
    pub version: u32,
    /// It went back to the built-in template.
    pub built_in: bool,
    /// Why it was written.
    pub note: String,
    /// When.
    pub at: Time,
    /// By whom.
    pub by: String,
}

impl View for TemplateList {
    const TEMPLATE: &'static str = "pages/template/list";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "templates";
}

impl View for TemplatePage {
    const TEMPLATE: &'static str = "pages/template/show";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "templates";
}

impl TemplateList {
    /// One own and one built-in template.
    pub fn sample() -> Self {
        let row = |label: &str, version| TemplateRow {
            link: Link::new("/p/demo/templates/review/html", label),
            version,
            built_in: version == 0,
            at: (version > 0).then(|| Time::sample(-60)),
            by: (version > 0).then(|| HOSTILE.to_owned()),
        };
        Self { rows: vec![row("Review, as HTML", 3), row("Review, as Markdown", 0)] }
    }
}

impl TemplatePage {
    /// As somebody who may write it sees it.
    pub fn sample() -> Self {
        Self::with("{{release}}", "Our logo")
    }

    /// With hostile text in every field.
    pub fn hostile_sample() -> Self {
        Self {
            error: Some(HOSTILE.to_owned()),
            meanwhile: vec![MeanwhileRow::new(HOSTILE, HOSTILE, HOSTILE)],
            ..Self::with(HOSTILE, HOSTILE)
        }
    }

    /// As a viewer sees it, before the project wrote one.
    pub fn bare_sample() -> Self {
        Self { version: 0, built_in: true, can_write: false, versions: vec![], ..Self::sample() }
    }

    fn with(source: &str, note: &str) -> Self {
        Self {
            title: "Review, as HTML".to_owned(),
            path: "/p/demo/templates/review/html".to_owned(),
            version: 2,
            rests_on: 2,
            built_in: false,
            source: source.to_owned(),
            note: note.to_owned(),
            error: None,
            meanwhile: vec![],
            decisions: vec![SelectOption::new("", "A sample").selected(true), SelectOption::new("dec_01", note)],
            can_write: true,
            versions: vec![TemplateVersion {
                version: 2,
                built_in: false,
                note: note.to_owned(),
                at: Time::sample(-60),
                by: note.to_owned(),
            }],
        }
    }
}
