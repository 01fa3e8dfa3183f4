//! Dot-and-interval rows: the baseline and the candidate of each signal or segment on one axis.

use super::scale::Scale;
use super::{Axis, Canvas, Chart, Label};

/// A value with its 95 % interval, in the unit of the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The point.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// What is read at its mark, as the table has it: the value with its interval and counts.
    pub reading: String,
}

/// One row of the plot.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRow {
    /// What the row is about; text from a run is fine.
    pub label: String,
    /// The baseline, where it has data.
    pub baseline: Option<Interval>,
    /// The candidate, where it has data.
    pub candidate: Option<Interval>,
}

const WIDTH: f64 = 640.0;
const LEFT: f64 = 180.0;
const RIGHT: f64 = 620.0;
const ROW: f64 = 30.0;
const TOP: f64 = 12.0;

/// Draws the rows on one axis. `reference` is a floor, a ceiling or "no difference", drawn as a line across.
pub fn interval_plot(label: Label<'_>, axis: Axis<'_>, rows: &[IntervalRow], reference: Option<f64>) -> Chart {
    let height = TOP + ROW * rows.len() as f64 + 28.0;
    let bottom = TOP + ROW * rows.len() as f64;
    let mut canvas = Canvas::new("chart interval-plot", label, WIDTH, height);
    let values = rows
        .iter()
        .flat_map(|row| [&row.baseline, &row.candidate])
        .flatten()
        .flat_map(|i| [i.low, i.value, i.high])
        .chain(reference);
    let (scale, ticks) = Scale::fit(values, axis.unit, LEFT, RIGHT);
    for tick in ticks {
        let x = scale.at(tick);
        canvas.line("chart-grid", x, TOP, x, bottom);
        canvas.text("chart-label", x, bottom + 18.0, "middle", &axis.show(tick), 14);
    }
    if let Some(value) = reference {
        let x = scale.at(value);
        canvas.line("chart-reference", x, TOP, x, bottom);
    }
    for (i, row) in rows.iter().enumerate() {
        let middle = TOP + ROW * (i as f64 + 0.5);
        canvas.text("chart-label", LEFT - 12.0, middle + 4.0, "end", &row.label, 26);
        arm(&mut canvas, &scale, (&row.label, Arm::Baseline), row.baseline.as_ref(), middle);
        arm(&mut canvas, &scale, (&row.label, Arm::Candidate), row.candidate.as_ref(), middle);
        if row.baseline.is_none() && row.candidate.is_none() {
            canvas.text("chart-label", LEFT, middle + 4.0, "start", "no data", 10);
        }
    }
    canvas.line("chart-axis", LEFT, bottom, RIGHT, bottom);
    canvas.finish()
}

/// Whose interval it is.
#[derive(Clone, Copy)]
enum Arm {
    Baseline,
    Candidate,
}

fn arm(canvas: &mut Canvas, scale: &Scale, (row, arm): (&str, Arm), interval: Option<&Interval>, middle: f64) {
    let Some(Interval { value, low, high, reading }) = interval else { return };
    let (name, series, y, top) = match arm {
        Arm::Baseline => ("baseline", "series-1", middle - 5.0, middle - ROW / 2.0),
        Arm::Candidate => ("this release", "series-2", middle + 5.0, middle),
    };
    canvas.mark(&format!("{row}, {name}: {reading}"), (LEFT, top, RIGHT - LEFT, ROW / 2.0));
    canvas.line(&format!("chart-interval {series}"), scale.at(*low), y, scale.at(*high), y);
    let x = scale.at(*value);
    // The arms differ in shape too, so that colour never stands alone: round for the baseline, square for the candidate.
    match arm {
        Arm::Baseline => canvas.dot(&format!("chart-dot {series}"), x, y, 4.0),
        Arm::Candidate => canvas.rect(&format!("chart-dot {series}"), x - 4.0, y - 4.0, 8.0, 8.0),
    }
    canvas.end_group();
}
