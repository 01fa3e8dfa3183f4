//! What a signal reads over a group of runs: the figure, what it was computed from, and how sure it is.

use serde::Serialize;

use super::sums::{float, wide};
use super::{Signal, SignalKind};
use crate::cell::{Amount, Cell, Counts};
use crate::stats::interval::wilson;
use crate::stats::rank::order_statistic_ranks;
use crate::stats::ratio::Fieller;
use crate::stats::round::round9;
use crate::stats::sketch::Sketch;
use crate::workflow::FactKind;

/// Level of every interval that is shown: 95 %. These never decide.
pub const SHOWN_ALPHA: f64 = 0.05;
const MICROS: f64 = 1e6;

/// A rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RateValue {
    /// Runs with the property.
    pub numerator: i64,
    /// Runs where it is known.
    pub denominator: i64,
    /// Numerator over denominator; absent without a denominator.
    pub value: Option<f64>,
    /// Wilson's 95 % interval, lower end.
    pub low: Option<f64>,
    /// … and upper end.
    pub high: Option<f64>,
}

/// An amount: seconds for durations, units of the currency for costs, the score's own unit for scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AmountValue {
    /// Runs where it is known.
    pub n: i64,
    /// Its sum.
    pub total: f64,
    /// Its mean.
    pub mean: Option<f64>,
    /// Its median, within 1 %; not kept for scores.
    pub p50: Option<f64>,
    /// 95 % interval of the median, lower end.
    pub p50_low: Option<f64>,
    /// … and upper end.
    pub p50_high: Option<f64>,
    /// Its 95th percentile, within 1 %.
    pub p95: Option<f64>,
    /// 95 % interval of the 95th percentile, lower end; absent below 72 runs ("not enough runs").
    pub p95_low: Option<f64>,
    /// … and upper end.
    pub p95_high: Option<f64>,
}

/// One sum over another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RatioValue {
    /// The sum above.
    pub numerator: f64,
    /// The sum below.
    pub denominator: f64,
    /// Their ratio; absent without a denominator.
    pub value: Option<f64>,
    /// 95 % interval (Fieller), where it is bounded.
    pub low: Option<f64>,
    /// … and upper end.
    pub high: Option<f64>,
    /// Whether the interval is unbounded: too few successes to bound the ratio.
    pub unbounded: bool,
}

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SignalValue {
    /// A rate.
    Rate(RateValue),
    /// An amount.
    Amount(AmountValue),
    /// A ratio.
    Ratio(RatioValue),
}

/// Why a signal cannot carry a verdict although it has a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Unverified {
    /// The fact nobody reports.
    pub fact: FactKind,
    /// What to do, in a sentence.
    pub why: String,
}

/// A signal over a group of runs.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SignalReading {
    /// Which signal.
    #[schema(value_type = String)]
    pub signal: Signal,
    /// The figure.
    #[serde(flatten)]
    pub value: SignalValue,
    /// Concluded runs that say something about it.
    pub known: i64,
    /// Concluded runs.
    pub concluded: i64,
    /// Why it is unverified, when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified: Option<Unverified>,
}

/// Reads `signal` from a cell. `labour_nanos_per_hour` is what an hour of rescue costs the project.
#[must_use]
pub fn read(signal: &Signal, cell: &Cell, labour_nanos_per_hour: i64) -> SignalReading {
    let counts = &cell.counts;
    let value = match signal.definition().kind {
        SignalKind::Rate => {
            let (numerator, denominator) = signal.rate(counts).unwrap_or((0, 0));
            SignalValue::Rate(rate(numerator, denominator))
        }
        SignalKind::Amount => SignalValue::Amount(amount(signal, cell)),
        SignalKind::Ratio => SignalValue::Ratio(ratio(signal, counts, labour_nanos_per_hour)),
    };
    SignalReading {
        signal: signal.clone(),
        value,
        known: signal.known(counts),
        concluded: counts.concluded,
        unverified: unverified(signal, counts),
    }
}

/// Why nobody can vouch for the signal over these runs; `None` when its facts are reported.
#[must_use]
pub fn unverified(signal: &Signal, counts: &Counts) -> Option<Unverified> {
    let fact = signal.needs()?;
    let (known, noun) = match fact {
        FactKind::Approvals => (counts.approvals_known, "approvals"),
        FactKind::Escalations => (counts.escalations_known, "escalations"),
        FactKind::Rescues => (counts.rescues_known, "rescues"),
    };
    (known == 0 && counts.concluded > 0).then(|| Unverified {
        fact,
        why: format!(
            "Nobody reports {noun} of these runs, so {signal} is unverified. Post them as facts, or declare on the \
             workflow who observes {noun} (or that there cannot be any)."
        ),
    })
}

fn rate(numerator: i64, denominator: i64) -> RateValue {
    let (s, n) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let interval = wilson(s, n, SHOWN_ALPHA);
    RateValue {
        numerator,
        denominator,
        value: (n > 0).then(|| round9(float(numerator) / float(denominator))),
        low: interval.map(|interval| round9(interval.low)),
        high: interval.map(|interval| round9(interval.high)),
    }
}

fn amount(signal: &Signal, cell: &Cell) -> AmountValue {
    let counts = &cell.counts;
    let score = |name: &String| counts.scores.get(name).copied().unwrap_or_default();
    let sums: Amount = match signal {
        Signal::TimeToTrust => counts.time_to_trust,
        Signal::Latency => counts.latency,
        Signal::CostPerRun => counts.cost,
        Signal::Score(name) => score(name),
        _ => Amount::default(),
    };
    let (sketch, unit): (Option<&Sketch>, f64) = match signal.cell_sketch(cell) {
        Some((sketch, unit)) => (Some(sketch), unit),
        None => (None, MICROS),
    };
    let quantile = |q: f64| sketch.and_then(|sketch| sketch.quantile(q)).map(|value| round9(value / unit));
    let interval = |q: f64| {
        let (sketch, (low, high)) = sketch.zip(order_statistic_ranks(sums.n.unsigned_abs(), q, SHOWN_ALPHA))?;
        let at = |rank: u64| sketch.at_rank(i64::try_from(rank).ok()?).map(|value| round9(value / unit));
        at(low).zip(at(high))
    };
    let (p50, p95) = (interval(0.5), interval(0.95));
    AmountValue {
        n: sums.n,
        total: round9(wide(sums.sum) / unit),
        mean: sums.mean().map(|mean| round9(mean / unit)),
        p50: quantile(0.5),
        p50_low: p50.map(|(low, _)| low),
        p50_high: p50.map(|(_, high)| high),
        p95: quantile(0.95),
        p95_low: p95.map(|(low, _)| low),
        p95_high: p95.map(|(_, high)| high),
    }
}

fn ratio(signal: &Signal, counts: &Counts, labour_nanos_per_hour: i64) -> RatioValue {
    let sums = signal.sums(counts, labour_nanos_per_hour).unwrap_or_default();
    // Minutes per hundred runs are summed as hundreds of minutes per run; above and below the line they stand as named.
    let scale = if *signal == Signal::RescueMinutes { 100.0 } else { 1.0 };
    let fieller = sums.fieller(SHOWN_ALPHA);
    let bounds = if let Fieller::Bounded(interval) = fieller { Some(interval) } else { None };
    RatioValue {
        numerator: round9(sums.c / scale),
        denominator: round9(sums.y / scale),
        value: sums.ratio().map(round9),
        low: bounds.map(|interval| round9(interval.low.max(0.0))),
        high: bounds.map(|interval| round9(interval.high)),
        unbounded: fieller == Fieller::Unbounded,
    }
}
