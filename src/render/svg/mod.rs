//! Small SVG charts, the same for pages and for self-contained artifacts.
//!
//! Every chart is a deterministic string with a title and a description for screen readers. Colours come from
//! the stylesheet through classes; presentation attributes, which any stylesheet overrides, keep a chart
//! readable without one. No inline `style`: the content-security policy refuses it.
//!
//! What can be read one by one is a mark: a group of class `mark` whose title is its reading, the same words and
//! figures as in the table behind the chart, with a field around it that is easy to hit. A browser shows the title
//! to who points at it; `web/scripts/chart.ts` makes the marks readable by keys.

mod bars;
mod heat;
mod intervals;
mod line;
mod markers;
mod scale;

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::text;

pub use bars::{BarRow, Share, mix_bars};
pub use heat::{HeatCell, HeatRow, heat_map};
pub use intervals::{Interval, IntervalRow, interval_plot};
pub use line::{LineChart, Marker, line_chart, sparkline};
pub use scale::Axis;

/// A finished chart: made by this module and by nothing else, so `partials/chart.hbs` may write it unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart(String);

impl Chart {
    /// The SVG element.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Chart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What a chart says to somebody who does not see it.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// Unique within the page; letters, digits and hyphens.
    pub id: &'a str,
    /// What the chart shows.
    pub title: &'a str,
    /// What a reader takes from it, in a sentence or two.
    pub description: &'a str,
}

/// An SVG element being written.
struct Canvas {
    out: String,
}

impl Canvas {
    /// Opens `<svg>` of `width` × `height` user units with its title and description.
    fn new(class: &str, label: Label<'_>, width: f64, height: f64) -> Self {
        Self::with(class, label, width, height, "")
    }

    /// The same with further attributes, each after a space and escaped.
    fn with(class: &str, label: Label<'_>, width: f64, height: f64, attributes: &str) -> Self {
        let id: String = label.id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mut out = String::with_capacity(2048);
        let _ = write!(
            out,
            "<svg class=\"{class}\" role=\"img\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
             aria-labelledby=\"{id}-t {id}-d\"{attributes}><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{desc}</desc>",
            w = num(width),
            h = num(height),
            title = text::html(&text::single_line(label.title)),
            desc = text::html(&text::single_line(label.description)),
        );
        Self { out }
    }

    fn finish(mut self) -> Chart {
        self.out.push_str("</svg>");
        Chart(self.out)
    }

    /// A rectangle; a width or height below zero is drawn as none.
    fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let _ = write!(
            self.out,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"currentColor\"/>",
            num(x),
            num(y),
            num(width.max(0.0)),
            num(height.max(0.0))
        );
    }

    fn line(&mut self, class: &str, x1: f64, y1: f64, x2: f64, y2: f64) {
        let _ = write!(
            self.out,
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\"/>",
            num(x1),
            num(y1),
            num(x2),
            num(y2)
        );
    }

    fn dot(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        let _ = write!(
            self.out,
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"currentColor\"/>",
            num(x),
            num(y),
            num(radius)
        );
    }

    /// Text at its baseline; `anchor` is `start`, `middle` or `end`. Cut at `max` characters.
    fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, content: &str, max: usize) {
        let line = text::single_line(content);
        let _ = write!(
            self.out,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"12\" fill=\"currentColor\">{}</text>",
            num(x),
            num(y),
            text::html(&text::clip(&line, max))
        );
    }

    /// Text that rises towards its end at a point, for names wider than what they name. Cut at `max` characters.
    fn slanted(&mut self, class: &str, x: f64, y: f64, content: &str, max: usize) {
        let line = text::single_line(content);
        let _ = write!(
            self.out,
            "<text class=\"{class}\" transform=\"translate({} {}) rotate(32)\" text-anchor=\"end\" font-size=\"12\" fill=\"currentColor\">{}</text>",
            num(x),
            num(y),
            text::html(&text::clip(&line, max))
        );
    }

    /// Opens a group whose title is the tooltip of what is inside.
    fn group(&mut self, tooltip: &str) {
        let _ = write!(self.out, "<g><title>{}</title>", text::html(&text::single_line(tooltip)));
    }

    /// Opens a mark: a group that is read by itself, with the field in which pointing reads it.
    fn mark(&mut self, reading: &str, (x, y, width, height): (f64, f64, f64, f64)) {
        let _ = write!(
            self.out,
            "<g class=\"mark\"><title>{}</title><rect class=\"chart-hit\" x=\"{}\" y=\"{}\" width=\"{}\" \
             height=\"{}\" fill=\"none\" pointer-events=\"all\"/>",
            text::html(&text::single_line(reading)),
            num(x),
            num(y),
            num(width.max(0.0)),
            num(height.max(0.0))
        );
    }

    fn end_group(&mut self) {
        self.out.push_str("</g>");
    }

    fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let list: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", num(*x), num(*y))).collect();
        let _ = write!(
            self.out,
            "<polyline class=\"{class}\" points=\"{}\" fill=\"none\" stroke=\"currentColor\"/>",
            list.join(" ")
        );
    }

    fn polygon(&mut self, class: &str, points: &[(f64, f64)]) {
        let list: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", num(*x), num(*y))).collect();
        let _ = write!(
            self.out,
            "<polygon class=\"{class}\" points=\"{}\" fill=\"currentColor\" fill-opacity=\"0.15\"/>",
            list.join(" ")
        );
    }
}

/// A coordinate with at most one decimal; what is not a number is drawn at zero.
fn num(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let fixed = format!("{value:.1}");
    let short = fixed.strip_suffix(".0").unwrap_or(&fixed);
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}
