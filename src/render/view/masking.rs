//! What a project masks besides what every project masks, tried on a text.

use serde::Serialize;

use super::case::DiffLine;
use super::{HOSTILE, MeanwhileRow, View};

/// Body of `/p/{project}/settings/masking`. One form with `csrf` and `rests_on`, sent to itself or to `…/preview`: a `name`
/// and a `pattern` for each, and `text` to try them on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaskingPage {
    /// Whether the person may change and try them.
    pub may: bool,
    /// What the form rests on.
    pub rests_on: String,
    /// The patterns, and empty lines for more.
    pub rows: Vec<PatternRow>,
    /// What they are tried on.
    pub text: String,
    /// What they do to it.
    pub preview: Option<MaskingPreview>,
    /// Why they were not kept.
    pub error: Option<String>,
    /// What somebody else saved while the form was open.
    pub meanwhile: Vec<MeanwhileRow>,
}

/// A pattern in the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatternRow {
    /// Its place in the form, from 1 on.
    pub place: usize,
    /// What it finds.
    pub name: String,
    /// The regular expression.
    pub pattern: String,
}

/// What patterns do to a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MaskingPreview {
    /// Why they cannot be tried.
    pub error: Option<String>,
    /// How many things are masked.
    pub masked: u64,
    /// The text, line by line.
    pub lines: Vec<DiffLine>,
    /// How often each pattern finds something.
    pub finds: Vec<PatternFinds>,
    /// What was masked, one by one.
    pub maskings: Vec<DiffLine>,
}

/// How often a pattern finds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatternFinds {
    /// Its name.
    pub name: String,
    /// In how many places.
    pub places: u64,
}

impl View for MaskingPage {
    const TEMPLATE: &'static str = "pages/settings/masking";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "masking";
}

impl MaskingPage {
    /// As an administrator sees it.
    pub fn sample() -> Self {
        Self::named("customer number")
    }

    /// With hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it, before there is a pattern.
    pub fn bare_sample() -> Self {
        Self { may: false, rows: vec![], preview: None, error: None, meanwhile: vec![], ..Self::sample() }
    }

    /// With a pattern that cannot be tried.
    pub fn wrong_sample() -> Self {
        let preview = MaskingPreview { error: Some(HOSTILE.to_owned()), ..MaskingPreview::default() };
        Self { preview: Some(preview), ..Self::sample() }
    }

    fn named(text: &str) -> Self {
        Self {
            may: true,
            rests_on: "\"0123\"".to_owned(),
            rows: vec![PatternRow { place: 1, name: text.to_owned(), pattern: text.to_owned() }],
            text: text.to_owned(),
            preview: Some(MaskingPreview {
                error: None,
                masked: 2,
                lines: DiffLine::samples(),
                finds: vec![PatternFinds { name: text.to_owned(), places: 1 }],
                maskings: DiffLine::samples(),
            }),
            error: Some(text.to_owned()),
            meanwhile: vec![MeanwhileRow::new(text, text, text)],
        }
    }
}
