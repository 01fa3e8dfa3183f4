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
const TOP: f64 = 28.0;
const ROW: f64 = 28.0;

/// Draws the map. A cell says its result by a mark as well as by its shade: ✓ pass, ✕ fail, ! conflict, … inconclusive, ? unproved.
pub fn heat_map(label: Label<'_>, columns: &[String], rows: &[HeatRow]) -> Chart {
    let width = 640.0;
    let cell = (width - LEFT - 8.0) / (columns.len().max(1) as f64);
    let mut canvas = Canvas::new("chart heatmap", label, width, TOP + ROW * rows.len() as f64 + 4.0);
    // About seven user units a character at this size.
    let room = (cell / 7.0) as usize;
    for (i, column) in columns.iter().enumerate() {
        canvas.text("chart-label", LEFT + cell * (i as f64 + 0.5), TOP - 10.0, "middle", column, room.max(3));
    }
    for (r, row) in rows.iter().enumerate() {
        let y = TOP + ROW * r as f64;
        canvas.text("chart-label", LEFT - 12.0, y + 18.0, "end", &row.label, 26);
        for (c, item) in row.cells.iter().take(columns.len()).enumerate() {
            let (mark, class, word) = show(item.result.as_deref());
            let x = LEFT + cell * c as f64;
            canvas.group(&format!("{}, {}: {word}. {}", row.label, columns[c], item.note));
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
