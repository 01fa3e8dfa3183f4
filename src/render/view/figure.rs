//! A figure: a value that never appears without its denominator and its interval.

use serde::{Deserialize, Serialize};

use crate::render::format;

/// What the numbers of a [`Figure`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share of 1, shown as percent.
    Rate,
    /// A difference of two shares of 1, shown as percentage points.
    Points,
    /// A plain number (a mean, a score).
    Number,
    /// A length of time in microseconds.
    DurationUs,
    /// An amount in nano-units of [`Figure::currency`].
    MoneyNanos,
}

/// One shown statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figure {
    /// The value in `unit`; `None` is "no data", never zero.
    pub value: Option<f64>,
    /// What was counted above the line; for rates only.
    pub numerator: Option<u64>,
    /// Over how many runs (or units) the value was taken.
    pub denominator: Option<u64>,
    /// Lower bound of the 95 % interval, in `unit`; `None` where there is none or it is unbounded.
    pub low: Option<f64>,
    /// Upper bound of the 95 % interval, in `unit`.
    pub high: Option<f64>,
    /// What the numbers are.
    pub unit: Unit,
    /// ISO 4217 code, for [`Unit::MoneyNanos`].
    pub currency: Option<String>,
    /// Share (0 to 1) of the concluded runs for which the fact is known; `None` where that is all of them by definition.
    pub coverage: Option<f64>,
    /// Page that lists the runs behind the figure.
    pub href: Option<String>,
    /// No source reports the facts of this signal for this workflow.
    pub unverified: bool,
}

impl Figure {
    /// "No data" in `unit`.
    pub fn unknown(unit: Unit) -> Self {
        Self {
            value: None,
            numerator: None,
            denominator: None,
            low: None,
            high: None,
            unit,
            currency: None,
            coverage: None,
            href: None,
            unverified: false,
        }
    }

    /// A rate from its counts, with the bounds of its interval as shares of 1. No data when `denominator` is 0.
    pub fn rate(numerator: u64, denominator: u64, low: f64, high: f64) -> Self {
        if denominator == 0 {
            return Self { numerator: Some(0), denominator: Some(0), ..Self::unknown(Unit::Rate) };
        }
        Self {
            value: Some(numerator as f64 / denominator as f64),
            numerator: Some(numerator),
            denominator: Some(denominator),
            low: Some(low),
            high: Some(high),
            ..Self::unknown(Unit::Rate)
        }
    }

    /// A difference of two rates (shares of 1) with its interval.
    pub fn points(difference: f64, low: f64, high: f64) -> Self {
        Self { value: Some(difference), low: Some(low), high: Some(high), ..Self::unknown(Unit::Points) }
    }

    /// A length of time in microseconds over `runs` runs.
    pub fn duration_us(value: f64, runs: u64) -> Self {
        Self { value: Some(value), denominator: Some(runs), ..Self::unknown(Unit::DurationUs) }
    }

    /// An amount in nano-units of `currency` over `runs` runs.
    pub fn money(nanos: f64, currency: &str, runs: u64) -> Self {
        Self {
            value: Some(nanos),
            denominator: Some(runs),
            currency: Some(currency.to_owned()),
            ..Self::unknown(Unit::MoneyNanos)
        }
    }

    /// A plain number over `runs` runs.
    pub fn number(value: f64, runs: u64) -> Self {
        Self { value: Some(value), denominator: Some(runs), ..Self::unknown(Unit::Number) }
    }

    /// The same figure with an interval, in its unit.
    #[must_use]
    pub fn between(mut self, low: f64, high: f64) -> Self {
        self.low = Some(low);
        self.high = Some(high);
        self
    }

    /// The same figure with the page that lists its runs.
    #[must_use]
    pub fn linked(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// The same figure with the share of concluded runs for which the fact is known.
    #[must_use]
    pub fn covering(mut self, coverage: f64) -> Self {
        self.coverage = Some(coverage);
        self
    }

    /// The same figure marked as reported by no source.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.unverified = true;
        self
    }

    /// The value alone: `41.2 %`, `+2.1 pp`, `1.2 s`, `$0.031`, or `no data`.
    pub fn value_text(&self) -> String {
        self.value.map_or_else(|| "no data".to_owned(), |value| self.show(value))
    }

    fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Rate => format::percent(value),
            Unit::Points => format::points(value),
            Unit::Number => format::number(value),
            Unit::DurationUs => format::duration(value),
            Unit::MoneyNanos => format::money(value, self.currency.as_deref().unwrap_or_default()),
        }
    }

    fn show_bound(&self, value: f64) -> String {
        match self.unit {
            Unit::Rate => format::percent_number(value),
            Unit::Points => format::signed(value * 100.0, 1),
            _ => self.show(value),
        }
    }

    /// The interval, `[38.0, 44.5]`; an open side is shown as unbounded. Empty when there is no interval or no value.
    pub fn interval_text(&self) -> String {
        let side = |bound: Option<f64>| bound.map_or_else(|| "unbounded".to_owned(), |b| self.show_bound(b));
        match (self.value, self.low, self.high) {
            (None, ..) | (_, None, None) => String::new(),
            (_, low, high) => format!("[{}, {}]", side(low), side(high)),
        }
    }

    /// The counts, `412/1,000`, or `1,000 runs` where there is no numerator. Empty when nothing was counted.
    pub fn ratio_text(&self) -> String {
        match (self.numerator, self.denominator) {
            (Some(top), Some(bottom)) => format!("{}/{}", format::count(top.into()), format::count(bottom.into())),
            (None, Some(1)) => "1 run".to_owned(),
            (None, Some(bottom)) => format!("{} runs", format::count(bottom.into())),
            _ => String::new(),
        }
    }

    /// One line of plain text, `41.2 % [38.0, 44.5] · 412/1,000`.
    pub fn text(&self) -> String {
        let mut out = self.value_text();
        let interval = self.interval_text();
        if !interval.is_empty() {
            out.push(' ');
            out.push_str(&interval);
        }
        let ratio = self.ratio_text();
        if !ratio.is_empty() {
            out.push_str(" · ");
            out.push_str(&ratio);
        }
        if self.unverified {
            out.push_str(" · unverified");
        }
        out
    }

    /// The parts that the eye reads from punctuation, in words for a screen reader:
    /// `95 % interval from 38.0 to 44.5, 412 of 1,000 runs`. Empty when there is neither.
    pub fn spoken(&self) -> String {
        let mut parts = Vec::new();
        if self.value.is_some() && (self.low.is_some() || self.high.is_some()) {
            let low = self.low.map_or_else(|| "no lower bound".to_owned(), |b| format!("from {}", self.show_bound(b)));
            let high =
                self.high.map_or_else(|| "without upper bound".to_owned(), |b| format!("to {}", self.show_bound(b)));
            parts.push(format!("95 % interval {low} {high}"));
        }
        match (self.numerator, self.denominator) {
            (Some(top), Some(bottom)) => {
                parts.push(format!("{} of {} runs", format::count(top.into()), format::count(bottom.into())));
            }
            (None, Some(_)) => parts.push(self.ratio_text()),
            _ => {}
        }
        if self.unverified {
            parts.push("unverified: no source reports this fact".to_owned());
        }
        parts.join(", ")
    }
}

/// A figure with what it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedFigure {
    /// `baseline`, `this release`, a segment.
    pub name: String,
    /// The figure.
    pub figure: Figure,
}

impl NamedFigure {
    /// `figure` of `name`.
    pub fn new(name: impl Into<String>, figure: Figure) -> Self {
        Self { name: name.into(), figure }
    }
}

/// Which way a difference points, judged by the signal's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The interval lies on the good side of no difference.
    Better,
    /// The interval lies on the bad side.
    Worse,
    /// The interval includes no difference.
    Same,
    /// The signal has no good side (approvals, escalations) and the interval excludes no difference.
    Changed,
    /// One side has no data.
    Unknown,
}

impl Reading {
    /// Class and word of the reading.
    pub fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Better => ("is-better", "better"),
            Self::Worse => ("is-worse", "worse"),
            Self::Same => ("is-same", "no clear difference"),
            Self::Changed => ("is-changed", "changed"),
            Self::Unknown => ("is-unknown", "not comparable"),
        }
    }
}

/// A difference from the baseline and how to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Delta {
    /// The difference with its interval, in [`Unit::Points`] or the unit of the signal.
    pub figure: Figure,
    /// Which way it points.
    pub reading: Reading,
}

impl Delta {
    /// A difference read as `reading`.
    pub fn new(figure: Figure, reading: Reading) -> Self {
        Self { figure, reading }
    }

    /// A difference that cannot be taken.
    pub fn unknown() -> Self {
        Self { figure: Figure::unknown(Unit::Points), reading: Reading::Unknown }
    }

    /// The difference with its sign, `+2.1 pp`, `−3 ms`.
    pub fn value_text(&self) -> String {
        match (self.figure.unit, self.figure.value) {
            (Unit::Points, _) | (_, None) => self.figure.value_text(),
            (_, Some(value)) => {
                let text = self.figure.value_text();
                if value > 0.0 { format!("+{text}") } else { text }
            }
        }
    }
}
