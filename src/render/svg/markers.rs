//! Where the labels of markers stand above a chart: in rows, so that no two lie over each other however near their markers are.

use super::Canvas;
use crate::render::text;

/// Longer labels are cut; the mark of the day says the whole.
const LABEL_CHARS: usize = 24;
/// More rows than this take the room of the chart: a label that finds none is not written, only read at its day.
const ROWS: usize = 5;
const ROW: f64 = 14.0;
/// Kept free between two labels.
const SPACE: f64 = 8.0;

/// The label of one marker.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    x: f64,
    /// What happened, whole.
    label: String,
    anchor: &'static str,
    /// Counted from the chart upwards; `None` where there was no room.
    row: Option<usize>,
    left: f64,
    right: f64,
}

/// Gives each label a row. Set from the right to the left, and where there is room above the labels whose marker stands under
/// it, so that the line of a marker goes through no label; in a crowd it goes behind one.
pub(super) fn set<'a>(markers: impl Iterator<Item = (f64, &'a str)>, width: f64) -> Vec<Placed> {
    let mut waiting: Vec<(f64, &str)> = markers.collect();
    waiting.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut placed: Vec<Placed> = Vec::with_capacity(waiting.len());
    for (x, label) in waiting {
        let length = length(&text::clip(&text::single_line(label), LABEL_CHARS));
        let (anchor, left, right) = if x + length <= width { ("start", x, x + length) } else { ("end", x - length, x) };
        let over = |other: &&Placed| (left..=right).contains(&other.x);
        let least = placed.iter().filter(over).filter_map(|other| other.row).map(|row| row + 1).max().unwrap_or(0);
        let free = |row: &usize| {
            let apart = |other: &Placed| other.right + SPACE <= left || right + SPACE <= other.left;
            placed.iter().filter(|other| other.row == Some(*row)).all(apart)
        };
        let row = (least..ROWS).chain(0..least.min(ROWS)).find(free);
        placed.push(Placed { x, label: label.to_owned(), anchor, row, left, right });
    }
    // Drawn in the order of time.
    placed.reverse();
    placed
}

/// What the rows after the first take.
pub(super) fn height(placed: &[Placed]) -> f64 {
    placed.iter().filter_map(|label| label.row).max().unwrap_or(0) as f64 * ROW
}

/// Draws the line of each marker, and over the lines the labels.
pub(super) fn draw(canvas: &mut Canvas, placed: &[Placed], (top, bottom): (f64, f64)) {
    for Placed { x, row, label, .. } in placed {
        canvas.group(label);
        canvas.line("chart-marker", *x, top - 4.0 - row.unwrap_or(0) as f64 * ROW, *x, bottom);
        canvas.end_group();
    }
    for label in placed {
        if let Some(row) = label.row {
            let y = top - 8.0 - row as f64 * ROW;
            canvas.text("chart-label chart-marker-label", label.x, y, label.anchor, &label.label, LABEL_CHARS);
        }
    }
}

/// About how wide a text is drawn at 12 user units; rather too wide than too narrow.
fn length(label: &str) -> f64 {
    label.chars().map(|c| if c.is_ascii() { 7.2 } else { 12.5 }).sum()
}
