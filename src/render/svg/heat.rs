//! A map of checks by segments: where the evidence passes, fails, or says nothing yet.

use super::{Canvas, Chart, Label};

/// One cell of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatCell {
    /// Result of the check in the segment: `pass`, `fail`, `conflict`, `inconclusive`, `unproved`, `unverified`; `None` where it does not apply.
    pub result: Option<String>,
    /// What the tooltip adds, usually the figure.
    pub note: String,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatRow {
    /// Name of the check.
    pub label: String,
    /// One cell per column.
    pub cells: Vec<HeatCell>,
}

const LEFT: f64 = 180.0;
/// Room above the cells for names that fit their column, and for names that do not and are slanted.
const TOP: f64 = 28.0;
const SLANTED_TOP: f64 = 104.0;
/// Longer names are cut even when they are slanted.
const NAME_CHARS: usize = 22;
const ROW: f64 = 28.0;

/// Draws the map. A cell says its result by a mark as well as by its shade: ✓ pass, ✕ fail, ! conflict, … inconclusive, ? unproved.
pub fn heat_map(label: Label<'_>, columns: &[String], rows: &[HeatRow]) -> Chart {
    let width = 640.0;
    let cell = (width - LEFT - 8.0) / (columns.len().max(1) as f64);
    // About seven user units a character at this size.
    let fits = |column: &String| column.chars().count() as f64 * 7.0 <= cell;
    let slanted = !columns.iter().all(fits);
    let top = if slanted { SLANTED_TOP } else { TOP };
    let mut canvas = Canvas::new("chart heatmap", label, width, top + ROW * rows.len() as f64 + 4.0);
    for (i, column) in columns.iter().enumerate() {
        let (x, y) = (LEFT + cell * (i as f64 + 0.5), top - 10.0);
        if slanted {
            canvas.slanted("chart-label", x, y, column, NAME_CHARS);
        } else {
            canvas.text("chart-label", x, y, "middle", column, NAME_CHARS);
        }
    }
    for (r, row) in rows.iter().enumerate() {
        let y = top + ROW * r as f64;
        canvas.text("chart-label", LEFT - 12.0, y + 18.0, "end", &row.label, 26);
        for (c, item) in row.cells.iter().take(columns.len()).enumerate() {
            let (mark, class, word) = show(item.result.as_deref());
            let x = LEFT + cell * c as f64;
            let note = if item.note.is_empty() { String::new() } else { format!(", {}", item.note) };
            let reading = format!("{}, {}: {word}{note}", row.label, columns[c]);
            canvas.mark(&reading, (x + 1.0, y + 1.0, cell - 2.0, ROW - 2.0));
            canvas.out.push_str("<g fill-opacity=\"0.15\">");
            canvas.rect(&format!("heat-rect {class}"), x + 1.0, y + 1.0, cell - 2.0, ROW - 2.0);
            canvas.end_group();
            canvas.text("chart-label", x + cell / 2.0, y + 18.0, "middle", mark, 2);
            canvas.end_group();
        }
    }
    canvas.finish()
}

fn show(result: Option<&str>) -> (&'static str, &'static str, &'static str) {
    match result {
        Some("pass") => ("✓", "is-pass", "pass"),
        Some("fail") => ("✕", "is-fail", "fail"),
        Some("conflict") => ("!", "is-conflict", "conflict"),
        Some("inconclusive") => ("…", "is-inconclusive", "inconclusive"),
        Some("unproved") => ("?", "is-unproved", "unproved"),
        Some("unverified") => ("?", "is-unverified", "unverified"),
        _ => ("–", "is-none", "does not apply"),
    }
}
