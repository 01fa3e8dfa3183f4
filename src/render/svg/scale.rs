//! Axes: which numbers a chart spans, where its ticks stand, and how a number becomes a coordinate.

use crate::render::format;
use crate::render::view::Unit;

/// What the numbers along an axis are.
#[derive(Debug, Clone, Copy)]
pub struct Axis<'a> {
    /// Unit of the values.
    pub unit: Unit,
    /// ISO 4217 code for amounts, otherwise empty.
    pub currency: &'a str,
}

impl Axis<'_> {
    /// An axis of shares shown as percent.
    pub const RATE: Axis<'static> = Axis { unit: Unit::Rate, currency: "" };

    /// A value as a tick or label shows it.
    pub fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Rate => {
                // Whole percents without a decimal; rounded first, since 0.85 × 1,000 is not quite 850.
                let tenths = (value * 1000.0).round();
                let places = usize::from(tenths % 10.0 != 0.0);
                format!("{} %", format::decimal(tenths / 10.0, places))
            }
            Unit::Points => format::points(value),
            Unit::Number => format::number(value),
            Unit::DurationUs => format::duration(value),
            Unit::MoneyNanos => format::money(value, self.currency),
        }
    }
}

/// A linear map from `low..high` to `from..to` pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Spans `values` with a little room, snapped to round ticks; rates stay within 0 and 1.
    pub(super) fn fit(values: impl Iterator<Item = f64>, unit: Unit, from: f64, to: f64) -> (Self, Vec<f64>) {
        let (mut low, mut high) =
            values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-12 {
            let room = if unit == Unit::Rate { 0.05 } else { (low.abs() * 0.1).max(1e-9) };
            low -= room;
            high += room;
        }
        let step = round_step((high - low) / 4.0);
        low = (low / step).floor() * step;
        high = (high / step).ceil() * step;
        if unit == Unit::Rate {
            low = low.max(0.0);
            high = high.min(1.0);
        }
        let count = ((high - low) / step).round().clamp(1.0, 12.0);
        let ticks =
            (0..=count as u32).map(|i| low + f64::from(i) * step).filter(|t| *t <= high + step * 1e-6).collect();
        (Self { low, high, from, to }, ticks)
    }

    /// The coordinate of `value`, kept within the chart.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }
}

/// The round number (1, 2 or 5 times a power of ten) at or above `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.abs().max(1e-15).log10().floor());
    let lead = raw / power;
    let nice = if lead <= 1.0 {
        1.0
    } else if lead <= 2.0 {
        2.0
    } else if lead <= 5.0 {
        5.0
    } else {
        10.0
    };
    nice * power
}
