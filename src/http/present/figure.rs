//! Signals as figures: a value never appears without its denominator, its interval and what is known of it.

use seatrial_domain::cell::{Cell, Counts};
use seatrial_domain::evidence::RateCount;
use seatrial_domain::gate::{AmountFigure, AmountFigures, AmountUnit};
use seatrial_domain::signal::{AmountValue, Direction, Group, RatioValue, Signal, SignalReading, SignalValue};
use seatrial_domain::stats::Interval;
use seatrial_domain::stats::interval::wilson;

use crate::app::signal::{Difference, GroupSignal};
use crate::render::view::overview::GROUP_SENTENCES;
use crate::render::view::{Delta, Figure, Reading, Unit};

/// Level of every interval that is shown.
pub const SHOWN_ALPHA: f64 = 0.05;
const MICROS: f64 = 1e6;
const NANOS: f64 = 1e9;

/// What people call a signal: `Success rate`, `Latency, median`.
pub fn label(signal: &Signal) -> String {
    let how = match signal {
        Signal::TimeToTrust | Signal::Latency => ", median",
        Signal::CostPerRun => ", mean",
        Signal::Score(name) => return format!("Score {name}, mean"),
        _ => "",
    };
    let words = signal.definition().name.replace('_', " ");
    let mut chars = words.chars();
    let start: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{start}{}{how}", chars.as_str())
}

/// The sentence of a signal's group.
pub const fn sentence(group: Group) -> &'static str {
    match group {
        Group::Trustworthy => GROUP_SENTENCES[0],
        Group::ShouldHaveStopped => GROUP_SENTENCES[1],
        Group::Cleanup => GROUP_SENTENCES[2],
        Group::Supporting => "Supporting figures",
    }
}

/// The groups in the order in which they are shown.
pub const GROUPS: [Group; 4] = [Group::Trustworthy, Group::ShouldHaveStopped, Group::Cleanup, Group::Supporting];

/// A count for a view model; nothing that is counted is below zero.
pub fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

/// A rate from its counts, with Wilson's 95 % interval.
pub fn rate(successes: u64, n: u64) -> Figure {
    match wilson(successes, n, SHOWN_ALPHA) {
        Some(Interval { low, high, .. }) => Figure::rate(successes, n, low, high),
        None => Figure::rate(0, 0, 0.0, 1.0),
    }
}

/// A rate from a bundle's counts.
pub fn rate_of(count: RateCount) -> Figure {
    rate(count.successes, count.n)
}

/// One arm's figure of a check on an amount, as a bundle keeps it: in seconds, units of the currency, or a number.
pub fn amount_of(of: &AmountFigures, figure: &AmountFigure) -> Figure {
    let (unit, scale) = match of.unit {
        AmountUnit::Seconds => (Unit::DurationUs, MICROS),
        AmountUnit::Currency => (Unit::MoneyNanos, NANOS),
        AmountUnit::Number => (Unit::Number, 1.0),
    };
    let shown = Figure {
        value: figure.value.map(|value| value * scale),
        denominator: Some(figure.n),
        low: figure.interval.map(|interval| interval.low * scale),
        high: figure.interval.map(|interval| interval.high * scale),
        ..Figure::unknown(unit)
    };
    if unit == Unit::MoneyNanos { in_currency(shown, &of.currency) } else { shown }
}

/// What people call a check on an amount: `Latency p95`, `Cost per success`.
pub fn amount_label(of: &AmountFigures) -> String {
    let words = of.what.replace('_', " ");
    let mut chars = words.chars();
    let start: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{start}{}", chars.as_str())
}

/// The change of an amount: the difference in its unit, read by the interval of the relative change.
pub fn amount_change(signal: &Signal, of: &AmountFigures) -> Delta {
    let Some(baseline) = &of.baseline else { return Delta::unknown() };
    let (old, new) = (amount_of(of, baseline), amount_of(of, &of.candidate));
    let Some((from, to)) = old.value.zip(new.value) else { return Delta::unknown() };
    let reads = |interval: Interval| reading(signal.definition().direction, interval.low, interval.high);
    let difference = Figure { value: Some(to - from), denominator: None, low: None, high: None, ..new };
    Delta::new(difference, of.change_interval.map_or(Reading::Same, reads))
}

/// A signal's reading, with amounts in `currency`.
pub fn figure(reading: &SignalReading, currency: &str) -> Figure {
    let mut figure = match reading.value {
        SignalValue::Rate(value) => rate(count(value.numerator), count(value.denominator)),
        SignalValue::Amount(value) => amount(&reading.signal, &value, currency),
        SignalValue::Ratio(value) => ratio(&reading.signal, &value, reading.known, currency),
    };
    if reading.concluded > 0 && reading.known < reading.concluded && covers_concluded(&reading.signal) {
        figure = figure.covering(reading.known as f64 / reading.concluded as f64);
    }
    if reading.unverified.is_some() { figure.unverified() } else { figure }
}

/// Whether a signal's runs are meant to be all concluded ones; time to trust is of successful runs by definition.
const fn covers_concluded(signal: &Signal) -> bool {
    !matches!(signal, Signal::TimeToTrust)
}

fn amount(signal: &Signal, value: &AmountValue, currency: &str) -> Figure {
    let n = count(value.n);
    let (unit, point, bounds) = match signal {
        Signal::TimeToTrust | Signal::Latency => {
            let micros = |seconds: Option<f64>| seconds.map(|seconds| seconds * MICROS);
            let bounds = micros(value.p50_low).zip(micros(value.p50_high));
            (Unit::DurationUs, micros(value.p50), bounds)
        }
        Signal::CostPerRun => (Unit::MoneyNanos, value.mean.map(|mean| mean * NANOS), None),
        _ => (Unit::Number, value.mean, None),
    };
    let figure = Figure { value: point, denominator: Some(n), ..Figure::unknown(unit) };
    let figure = if unit == Unit::MoneyNanos { in_currency(figure, currency) } else { figure };
    match bounds {
        Some((low, high)) => figure.between(low, high),
        None => figure,
    }
}

fn ratio(signal: &Signal, value: &RatioValue, known: i64, currency: &str) -> Figure {
    let money = *signal == Signal::CostPerSuccess;
    let scale = if money { NANOS } else { 1.0 };
    let at = |x: Option<f64>| x.map(|x| x * scale);
    let unit = if money { Unit::MoneyNanos } else { Unit::Number };
    let figure = Figure {
        value: at(value.value),
        denominator: Some(count(known)),
        low: at(value.low),
        high: at(value.high),
        ..Figure::unknown(unit)
    };
    if money { in_currency(figure, currency) } else { figure }
}

fn in_currency(figure: Figure, currency: &str) -> Figure {
    Figure { currency: Some(currency.to_owned()), ..figure }
}

/// How a difference whose interval is `low` to `high` reads for a signal.
pub fn reading(direction: Direction, low: f64, high: f64) -> Reading {
    let (above, below) = (low > 0.0, high < 0.0);
    match (direction, above, below) {
        (_, false, false) => Reading::Same,
        (Direction::ChangeMatters, ..) => Reading::Changed,
        (Direction::HigherIsBetter, true, _) | (Direction::LowerIsBetter, _, true) => Reading::Better,
        _ => Reading::Worse,
    }
}

/// The difference of a rate.
pub fn points(signal: &Signal, difference: Option<Difference>) -> Delta {
    difference.map_or_else(Delta::unknown, |found| {
        let reading = reading(signal.definition().direction, found.low, found.high);
        Delta::new(Figure::points(found.value, found.low, found.high), reading)
    })
}

/// The difference of a rate between two groups of runs.
pub fn points_between(signal: &Signal, candidate: &Counts, baseline: &Counts) -> Delta {
    points(signal, crate::app::signal::difference(signal, candidate, baseline))
}

/// The difference of two figures of a signal. Where none has an interval of its own, intervals that do not touch tell
/// the sides apart, and nothing else does.
pub fn delta(signal: &GroupSignal, candidate: &Figure, baseline: Option<&Figure>) -> Delta {
    if candidate.unit == Unit::Rate {
        return points(&signal.reading.signal, signal.difference);
    }
    let Some((new, (old, baseline))) = candidate.value.zip(baseline.and_then(|b| Some((b.value?, b)))) else {
        return Delta::unknown();
    };
    let gap = |low: Option<f64>, high: Option<f64>| low.zip(high).map(|(low, high)| low - high);
    let above = gap(candidate.low, baseline.high).is_some_and(|gap| gap > 0.0);
    let below = gap(baseline.low, candidate.high).is_some_and(|gap| gap > 0.0);
    let direction = signal.reading.signal.definition().direction;
    let reading = match (above, below) {
        (true, _) => reading(direction, 1.0, 1.0),
        (_, true) => reading(direction, -1.0, -1.0),
        _ => Reading::Same,
    };
    let difference =
        Figure { value: Some(new - old), currency: candidate.currency.clone(), ..Figure::unknown(candidate.unit) };
    Delta::new(difference, reading)
}

/// A signal over a cell, when only counts are at hand.
pub fn of_counts(signal: &Signal, counts: &Counts, currency: &str) -> Figure {
    let cell = Cell { counts: counts.clone(), ..Cell::default() };
    figure(&seatrial_domain::signal::read(signal, &cell, 0), currency)
}
