//! A signal over time: a sparkline for a table, a line with its band and release markers for a page.

use super::scale::Scale;
use super::{Axis, Canvas, Chart, Label, markers, num};
use crate::render::text;

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
    /// What is read at each step, as the table has it: the value with its interval and counts. As long as `values`, or
    /// empty where the value alone is read.
    pub readings: Vec<String>,
    /// Interval of each value, as long as `values`, or empty for none.
    pub band: Vec<Option<(f64, f64)>>,
    /// Markers, in order.
    pub markers: Vec<Marker>,
    /// Label of each step, as long as `values`, or empty; the first and the last are written.
    pub steps: Vec<String>,
}

impl LineChart {
    /// What is read at a step: when it was, the value, and what happened then.
    fn reading(&self, axis: Axis<'_>, step: usize) -> String {
        let when = self.steps.get(step).map(|when| format!("{when}: ")).unwrap_or_default();
        let value = || self.values[step].map_or_else(|| "no data".to_owned(), |value| axis.show(value));
        let what = self.readings.get(step).cloned().unwrap_or_else(value);
        let happened: Vec<&str> = self.markers.iter().filter(|m| m.at == step).map(|m| m.label.as_str()).collect();
        let happened = if happened.is_empty() { String::new() } else { format!(". {}", happened.join("; ")) };
        format!("{when}{what}{happened}")
    }
}

/// Draws a small line without axes, 120 × 28. What is read at each step is an attribute: a page of small lines would be heavy
/// with a mark for each step of each.
pub fn sparkline(label: Label<'_>, axis: Axis<'_>, chart: &LineChart) -> Chart {
    const WIDTH: f64 = 120.0;
    const HEIGHT: f64 = 28.0;
    const FROM: f64 = 3.0;
    const TO: f64 = WIDTH - 4.0;
    let n = chart.values.len();
    let readings: Vec<String> = (0..n).map(|i| text::single_line(&chart.reading(axis, i))).collect();
    let attributes = format!(
        " data-from=\"{}\" data-to=\"{}\" data-readings=\"{}\"",
        num(FROM),
        num(TO),
        text::html(&readings.join("\n"))
    );
    let mut canvas = Canvas::with("sparkline", label, WIDTH, HEIGHT, &attributes);
    let (scale, _) = Scale::fit(chart.values.iter().flatten().copied(), axis.unit, HEIGHT - 4.0, 4.0);
    let x = |i: usize| place(i, n, FROM, TO);
    for marker in chart.markers.iter().filter(|m| m.at < n) {
        canvas.group(&marker.label);
        canvas.line("chart-marker", x(marker.at), 0.0, x(marker.at), HEIGHT);
        canvas.end_group();
    }
    for piece in pieces(&chart.values) {
        let points: Vec<(f64, f64)> = piece.iter().map(|(i, v)| (x(*i), scale.at(*v))).collect();
        draw_piece(&mut canvas, &points, "chart-line series-2");
    }
    if let Some((i, value)) = chart.values.iter().enumerate().rev().find_map(|(i, v)| v.map(|v| (i, v))) {
        canvas.group(&axis.show(value));
        canvas.dot("chart-dot series-2", x(i), scale.at(value), 2.5);
        canvas.end_group();
    }
    canvas.finish()
}

/// Draws a line with grid, band and markers, 640 × 200 and higher by a line for each row of marker labels after the first.
pub fn line_chart(label: Label<'_>, axis: Axis<'_>, chart: &LineChart) -> Chart {
    const WIDTH: f64 = 640.0;
    const LEFT: f64 = 64.0;
    const RIGHT: f64 = 628.0;
    let n = chart.values.len();
    let x = |i: usize| place(i, n, LEFT, RIGHT);
    let labels = markers::set(chart.markers.iter().filter(|m| m.at < n).map(|m| (x(m.at), m.label.as_str())), WIDTH);
    let top = 20.0 + markers::height(&labels);
    let bottom = top + 152.0;
    let mut canvas = Canvas::new("chart line", label, WIDTH, bottom + 28.0);
    let band = chart.band.iter().flatten().flat_map(|(low, high)| [*low, *high]);
    let (scale, ticks) = Scale::fit(chart.values.iter().flatten().copied().chain(band), axis.unit, bottom, top);
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
    markers::draw(&mut canvas, &labels, (top, bottom));
    let step = if n < 2 { RIGHT - LEFT } else { (RIGHT - LEFT) / (n - 1) as f64 };
    for (i, value) in chart.values.iter().enumerate() {
        // The field of the first and of the last step ends with the axis.
        let (from, to) = ((x(i) - step / 2.0).max(LEFT), (x(i) + step / 2.0).min(RIGHT));
        canvas.mark(&chart.reading(axis, i), (from, top, to - from, bottom - top));
        if let Some(value) = value {
            canvas.dot("chart-dot series-2", x(i), scale.at(*value), 2.0);
        }
        canvas.end_group();
    }
    if let (Some(first), Some(last)) = (chart.steps.first(), chart.steps.last()) {
        canvas.text("chart-label", LEFT, bottom + 18.0, "start", first, 24);
        canvas.text("chart-label", RIGHT, bottom + 18.0, "end", last, 24);
    }
    canvas.line("chart-axis", LEFT, bottom, RIGHT, bottom);
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
