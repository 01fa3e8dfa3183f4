//! The figures of a check on an amount or a ratio: in its unit, with intervals for the eye.

use serde::{Deserialize, Serialize};

use super::process::Totals;
use crate::evidence::{EvidenceBundle, Series};
use crate::scorecard::{Check, Reads};
use crate::signal::Signal;
use crate::stats::rank::order_statistic_ranks;
use crate::stats::ratio::{Fieller, RatioSums};
use crate::stats::special::{exp, ln, sqrt};
use crate::stats::{Interval, Sketch, round9};

/// What an amount is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmountUnit {
    /// Seconds.
    Seconds,
    /// Units of the project's currency.
    Currency,
    /// A plain number: retries per run, minutes per hundred runs, a score.
    Number,
}

impl AmountUnit {
    /// The unit a signal is shown in.
    #[must_use]
    pub const fn of(signal: &Signal) -> Self {
        match signal {
            Signal::TimeToTrust | Signal::Latency => Self::Seconds,
            Signal::CostPerRun | Signal::CostPerSuccess => Self::Currency,
            _ => Self::Number,
        }
    }
}

/// One arm's figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountFigure {
    /// Runs where it is known.
    pub n: u64,
    /// The figure; absent when there is nothing to divide by.
    pub value: Option<f64>,
    /// Its 95 % interval: Fieller's of a mean or ratio, order statistics of a quantile.
    #[schema(value_type = Option<Object>)]
    pub interval: Option<Interval>,
    /// Whether the interval is unbounded: too few successes to bound the ratio.
    pub unbounded: bool,
}

/// The figures of a check on an amount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountFigures {
    /// What they are measured in.
    pub unit: AmountUnit,
    /// The currency's code, of an amount of money.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// Which statistic of which signal: `latency p95`.
    pub what: String,
    /// The baseline's.
    pub baseline: Option<AmountFigure>,
    /// The candidate's.
    pub candidate: AmountFigure,
    /// Candidate over baseline, less one: 0.05 is five per cent more.
    pub change: Option<f64>,
    /// Its 95 % interval, put together from both intervals on the logarithm. For the eye.
    #[schema(value_type = Option<Object>)]
    pub change_interval: Option<Interval>,
    /// Runs of the candidate that are still open and counted as not yet done.
    pub open: u64,
}

/// Reads the figures of a series that adds up to `totals`; `None` for a rate.
pub(super) fn amount_figures(
    bundle: &EvidenceBundle,
    check: &Check,
    series: &Series,
    totals: &Totals,
    alpha: f64,
) -> Option<AmountFigures> {
    let (a, b) = match (totals, check.reads()) {
        (Totals::Sums { settled, .. }, _) => (of_sums(&settled.a, alpha), of_sums(&settled.b, alpha)),
        (Totals::Sketches { all, .. }, Reads::Quantile(q)) => {
            let unit = check.signal.sketch_unit().unwrap_or(1.0);
            (of_sketch(&all.a, q, unit, alpha), of_sketch(&all.b, q, unit, alpha))
        }
        _ => return None,
    };
    let compared = bundle.baseline.is_some() && check.criterion.is_relative();
    let (change, change_interval) = if compared { change(&a, &b) } else { (None, None) };
    Some(AmountFigures {
        unit: AmountUnit::of(&check.signal),
        currency: currency(bundle, check).to_owned(),
        what: check.subject(),
        baseline: compared.then_some(a),
        candidate: b,
        change,
        change_interval,
        open: series.open,
    })
}

/// The currency in which a check's amounts are counted; empty for what is no money.
pub(super) fn currency<'a>(bundle: &'a EvidenceBundle, check: &Check) -> &'a str {
    if AmountUnit::of(&check.signal) == AmountUnit::Currency { &bundle.project.currency } else { "" }
}

fn of_sums(sums: &RatioSums, alpha: f64) -> AmountFigure {
    let fieller = sums.fieller(alpha);
    AmountFigure {
        n: sums.n,
        value: sums.ratio().map(round9),
        interval: if let Fieller::Bounded(interval) = fieller { Some(interval.round9()) } else { None },
        unbounded: fieller == Fieller::Unbounded,
    }
}

fn of_sketch(sketch: &Sketch, q: f64, unit: f64, alpha: f64) -> AmountFigure {
    let n = u64::try_from(sketch.count()).unwrap_or(0);
    let at = |rank: u64| sketch.at_rank(i64::try_from(rank).ok()?).map(|value| value / unit);
    let interval = order_statistic_ranks(n, q, alpha).and_then(|(low, high)| at(low).zip(at(high)));
    AmountFigure {
        n,
        value: sketch.quantile(q).map(|value| round9(value / unit)),
        interval: interval.map(|(low, high)| Interval::new(low, high).round9()),
        unbounded: false,
    }
}

/// The change with its interval: the arms' relative distances to their ends, added as squares of logarithms.
fn change(a: &AmountFigure, b: &AmountFigure) -> (Option<f64>, Option<Interval>) {
    let Some((old, new)) = a.value.zip(b.value).filter(|&(old, new)| old > 0.0 && new > 0.0) else {
        return (None, None);
    };
    let ratio = new / old;
    let ends = a.interval.zip(b.interval).filter(|(a, b)| a.low > 0.0 && b.low > 0.0).map(|(a, b)| {
        let far = |x: f64, y: f64| sqrt(x * x + y * y);
        let down = far(ln(new / b.low), ln(a.high / old));
        let up = far(ln(b.high / new), ln(old / a.low));
        Interval::new(ratio * exp(-down) - 1.0, ratio * exp(up) - 1.0).round9()
    });
    (Some(round9(ratio - 1.0)), ends)
}
