//! Paired bars: the failure mix before and now.

use super::{Axis, Canvas, Chart, Label};

/// One class of the mix.
#[derive(Debug, Clone, PartialEq)]
pub struct BarRow {
    /// Name of the class.
    pub label: String,
    /// On the baseline.
    pub before: Share,
    /// Now.
    pub now: Share,
}

/// How much of the whole one class is.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Share of 1; `None` where there is no data.
    pub value: Option<f64>,
    /// What is read at its bar, as the table has it: the share with its interval and counts.
    pub reading: String,
}

const WIDTH: f64 = 640.0;
const LEFT: f64 = 180.0;
const RIGHT: f64 = 560.0;
const ROW: f64 = 34.0;
const BAR: f64 = 12.0;

/// Draws two bars per class, before above now, each with its share written at its end.
pub fn mix_bars(label: Label<'_>, rows: &[BarRow]) -> Chart {
    let height = 8.0 + ROW * rows.len() as f64 + 4.0;
    let mut canvas = Canvas::new("chart bars", label, WIDTH, height);
    let most = rows.iter().flat_map(|r| [r.before.value, r.now.value]).flatten().fold(0.0_f64, f64::max);
    let unit = if most > 0.0 { (RIGHT - LEFT) / most } else { 0.0 };
    for (i, row) in rows.iter().enumerate() {
        let top = 8.0 + ROW * i as f64;
        canvas.text("chart-label", LEFT - 12.0, top + BAR + 4.0, "end", &row.label, 26);
        bar(&mut canvas, &format!("{}, before", row.label), "series-1", &row.before, top, unit);
        bar(&mut canvas, &format!("{}, now", row.label), "series-2", &row.now, top + BAR + 1.0, unit);
    }
    canvas.line("chart-axis", LEFT, 4.0, LEFT, height - 4.0);
    canvas.finish()
}

fn bar(canvas: &mut Canvas, name: &str, series: &str, share: &Share, y: f64, unit: f64) {
    let written = share.value.map_or_else(|| "no data".to_owned(), |s| Axis::RATE.show(s));
    let width = share.value.unwrap_or(0.0) * unit;
    canvas.mark(&format!("{name}: {}", share.reading), (LEFT, y, WIDTH - LEFT, BAR));
    canvas.rect(&format!("chart-bar {series}"), LEFT, y, width, BAR);
    canvas.text("chart-label", LEFT + width + 6.0, y + BAR - 2.0, "start", &written, 12);
    canvas.end_group();
}
