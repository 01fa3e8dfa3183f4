//! A signal over time: a sparkline for a table, a line with its band and release markers for a page.

use super::scale::Scale;
use super::{Axis, Canvas, Chart, Label};

/// Something that happened at one point of the series: a release, an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Index of the point.
    pub at: usize,
    /// What happened.
    pub label: String,
}

/// A series with its band and markers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineChart {
    /// One value per step, oldest first; a gap where there is no data.
    pub values: Vec<Option<f64>>,
    /// Interval of each value, as long as `values`, or empty for none.
    pub band: Vec<Option<(f64, f64)>>,
    /// Markers, in order.
    pub markers: Vec<Marker>,
    /// Label of each step, as long as `values`, or empty; the first and the last are written.
    pub steps: Vec<String>,
}

/// Draws a small line without axes, 120 × 28.
pub fn sparkline(label: Label<'_>, axis: Axis<'_>, values: &[Option<f64>], markers: &[Marker]) -> Chart {
    const WIDTH: f64 = 120.0;
    const HEIGHT: f64 = 28.0;
    let mut canvas = Canvas::new("sparkline", label, WIDTH, HEIGHT);
    let (scale, _) = Scale::fit(values.iter().flatten().copied(), axis.unit, HEIGHT - 4.0, 4.0);
    let x = |i: usize| place(i, values.len(), 3.0, WIDTH - 4.0);
    for marker in markers.iter().filter(|m| m.at < values.len()) {
        canvas.group(&marker.label);
        canvas.line("chart-marker", x(marker.at), 0.0, x(marker.at), HEIGHT);
        canvas.end_group();
    }
    for piece in pieces(values) {
        let points: Vec<(f64, f64)> = piece.iter().map(|(i, v)| (x(*i), scale.at(*v))).collect();
        draw_piece(&mut canvas, &points, "chart-line series-2");
    }
    if let Some((i, value)) = values.iter().enumerate().rev().find_map(|(i, v)| v.map(|v| (i, v))) {
        canvas.group(&axis.show(value));
        canvas.dot("chart-dot series-2", x(i), scale.at(value), 2.5);
        canvas.end_group();
    }
    canvas.finish()
}

/// Draws a line with grid, band and markers, 640 × 200.
pub fn line_chart(label: Label<'_>, axis: Axis<'_>, chart: &LineChart) -> Chart {
    const LEFT: f64 = 64.0;
    const RIGHT: f64 = 628.0;
    const TOP: f64 = 20.0;
    const BOTTOM: f64 = 172.0;
    let mut canvas = Canvas::new("chart line", label, 640.0, 200.0);
    let band = chart.band.iter().flatten().flat_map(|(low, high)| [*low, *high]);
    let (scale, ticks) = Scale::fit(chart.values.iter().flatten().copied().chain(band), axis.unit, BOTTOM, TOP);
    let n = chart.values.len();
    let x = |i: usize| place(i, n, LEFT, RIGHT);
    for tick in ticks {
        let y = scale.at(tick);
        canvas.line("chart-grid", LEFT, y, RIGHT, y);
        canvas.text("chart-label", LEFT - 8.0, y + 4.0, "end", &axis.show(tick), 10);
    }
    for piece in pieces(&chart.band) {
        let upper = piece.iter().map(|(i, (_, high))| (x(*i), scale.at(*high)));
        let lower = piece.iter().rev().map(|(i, (low, _))| (x(*i), scale.at(*low)));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        canvas.polygon("chart-area series-2", &outline);
    }
    for piece in pieces(&chart.values) {
        let points: Vec<(f64, f64)> = piece.iter().map(|(i, v)| (x(*i), scale.at(*v))).collect();
        draw_piece(&mut canvas, &points, "chart-line series-2");
    }
    for marker in chart.markers.iter().filter(|m| m.at < n) {
        let at = x(marker.at);
        // The whole of it is told to who points at it or has it read to them.
        canvas.group(&marker.label);
        canvas.line("chart-marker", at, TOP - 4.0, at, BOTTOM);
        let anchor = if at > (LEFT + RIGHT) / 2.0 { "end" } else { "start" };
        canvas.text("chart-label", at, TOP - 8.0, anchor, &marker.label, 24);
        canvas.end_group();
    }
    if let (Some(first), Some(last)) = (chart.steps.first(), chart.steps.last()) {
        canvas.text("chart-label", LEFT, BOTTOM + 18.0, "start", first, 24);
        canvas.text("chart-label", RIGHT, BOTTOM + 18.0, "end", last, 24);
    }
    canvas.line("chart-axis", LEFT, BOTTOM, RIGHT, BOTTOM);
    canvas.finish()
}

fn place(i: usize, n: usize, from: f64, to: f64) -> f64 {
    if n < 2 { f64::midpoint(from, to) } else { from + (to - from) * i as f64 / (n - 1) as f64 }
}

/// A stretch of one point is a dot: a line needs two.
fn draw_piece(canvas: &mut Canvas, points: &[(f64, f64)], class: &str) {
    match points {
        [(x, y)] => canvas.dot("chart-dot series-2", *x, *y, 1.5),
        _ => canvas.polyline(class, points),
    }
}

/// The stretches without a gap, each point with its index.
fn pieces<T: Copy>(values: &[Option<T>]) -> Vec<Vec<(usize, T)>> {
    let mut out: Vec<Vec<(usize, T)>> = Vec::new();
    let mut open = false;
    for (i, value) in values.iter().enumerate() {
        match value {
            None => open = false,
            Some(v) => {
                if !open {
                    out.push(Vec::new());
                    open = true;
                }
                if let Some(piece) = out.last_mut() {
                    piece.push((i, *v));
                }
            }
        }
    }
    out
}
