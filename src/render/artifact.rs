//! What the documents of the review artifact need beyond their model: charts, the policy they are served with,
//! tidy Markdown.

use serde::Serialize;

use super::markdown::{self, MarkdownHtml};
use super::svg::{Axis, Chart, HeatCell, HeatRow, Interval, IntervalRow, Label, heat_map, interval_plot};
use super::view::artifact::ArtifactView;
use super::view::gate::{GateCheck, GateSegment};
use super::view::incident::IncidentView;
use super::view::release::{MixRow, interval_of};
use super::view::{Figure, Unit};

/// What a browser may do with the HTML artifact: show it. Send it as `content-security-policy`; the document
/// carries it too, for when it is opened from a file.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Segment columns a map of checks can hold and stay legible.
const MAP_COLUMNS: usize = 8;

/// The parts of the HTML document that are drawn or rendered from the model.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Drawn {
    checks: Option<Chart>,
    map: Option<Chart>,
    mix: Option<Chart>,
    reason: Option<MarkdownHtml>,
}

/// Draws the charts of the document and renders the reason.
pub(super) fn charts(view: &ArtifactView) -> Drawn {
    Drawn {
        checks: check_plot("checks", &view.checks),
        map: check_map("map", &view.checks),
        mix: MixRow::chart("mix", &view.failure_mix),
        reason: view.decision.as_ref().map(|decision| markdown::to_html(&decision.reason)),
    }
}

/// The same of an incident review: the checks that fail, and the failure classes.
pub(super) fn incident_charts(view: &IncidentView) -> Drawn {
    Drawn {
        checks: check_plot("checks", &view.changed),
        map: None,
        mix: MixRow::chart("mix", &view.failure_mix),
        reason: view
            .decision
            .as_ref()
            .filter(|decision| !decision.reason.trim().is_empty())
            .map(|decision| markdown::to_html(&decision.reason)),
    }
}

/// Most characters of a Markdown document: GitHub takes 65,536 in a comment, GitLab more.
pub const MARKDOWN_CHARACTERS: usize = 65_000;

/// Markdown that fits a comment: cut at the end of a line, saying so and where the whole is.
pub(super) fn shortened(text: String, url: Option<&str>) -> String {
    if text.chars().count() <= MARKDOWN_CHARACTERS {
        return text;
    }
    let link = url.and_then(super::text::safe_href);
    let whole = link.map(|url| format!(" [The whole document]({url})")).unwrap_or_default();
    let note = format!("\n\n**Shortened to fit a comment.**{whole}\n");
    let room = MARKDOWN_CHARACTERS.saturating_sub(note.chars().count());
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let end = text[..end].rfind('\n').unwrap_or(end);
    format!("{}{note}", text[..end].trim_end())
}

/// The rates of the checks on both releases with their intervals; `None` when no check is on a rate. `id` is unique
/// in the page.
pub fn check_plot(id: &str, checks: &[GateCheck]) -> Option<Chart> {
    let rate =
        |figure: &Figure| -> Option<Interval> { if figure.unit == Unit::Rate { interval_of(figure) } else { None } };
    let rows: Vec<IntervalRow> = checks
        .iter()
        .map(|check| IntervalRow {
            label: check.label.clone(),
            baseline: rate(&check.baseline),
            candidate: rate(&check.candidate),
        })
        .filter(|row| row.baseline.is_some() || row.candidate.is_some())
        .collect();
    if rows.is_empty() {
        return None;
    }
    let label = Label {
        id,
        title: "Checks on the baseline and on this release, with 95 % intervals",
        description: "Round marks are the baseline, square marks this release. The table of checks holds the same figures.",
    };
    Some(interval_plot(label, Axis::RATE, &rows, None))
}

/// Checks by segments at a glance; `None` when no check has segments. `id` is unique in the page.
pub fn check_map(id: &str, checks: &[GateCheck]) -> Option<Chart> {
    let name = |segment: &GateSegment| format!("{} = {}", segment.dimension, segment.value);
    let mut columns: Vec<String> = Vec::new();
    for segment in checks.iter().flat_map(|check| &check.segments) {
        let column = name(segment);
        if !columns.contains(&column) && columns.len() < MAP_COLUMNS {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        return None;
    }
    let cells = |check: &GateCheck| -> Vec<HeatCell> {
        let mut row = vec![HeatCell { result: Some(check.result.clone()), note: check.candidate.text() }];
        row.extend(columns.iter().map(|column| match check.segments.iter().find(|s| name(s) == *column) {
            Some(segment) => HeatCell { result: Some(segment.result.clone()), note: segment.candidate.text() },
            None => HeatCell { result: None, note: String::new() },
        }));
        row
    };
    let rows: Vec<HeatRow> =
        checks.iter().map(|check| HeatRow { label: check.label.clone(), cells: cells(check) }).collect();
    let mut heads = vec!["overall".to_owned()];
    // A narrow column has no room for the dimension; where all have the same one, its values tell them apart.
    let same = columns.iter().all(|column| column.split(" = ").next() == columns[0].split(" = ").next());
    let short = |column: &String| column.split_once(" = ").map_or(column.clone(), |(_, value)| value.to_owned());
    heads.extend(columns.iter().map(|column| if same { short(column) } else { column.clone() }));
    let label = Label {
        id,
        title: "Result of each check, overall and in each segment",
        description: "The table of checks holds the same results with their figures.",
    };
    Some(heat_map(label, &heads, &rows))
}

/// Removes trailing spaces and runs of empty lines that the template's blocks leave.
pub(super) fn tidy_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            if !empty {
                out.push('\n');
            }
            empty = true;
        } else {
            out.push_str(line);
            out.push('\n');
            empty = false;
        }
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}
