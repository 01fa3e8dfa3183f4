//! A signal as sums: what a mean or a ratio, its interval and its evidence are computed from.

use super::Signal;
use crate::cell::{Amount, Cell, Counts, Sketches};
use crate::stats::ratio::RatioSums;
use crate::stats::sketch::Sketch;

const NANOS: f64 = 1e9;
const MICROS: f64 = 1e6;

impl Signal {
    /// The sums of an amount or a ratio in the unit it is shown in; `None` for a rate.
    ///
    /// An amount is a ratio whose divisor is 1 for every run. Rescue labour is part of the cost at
    /// `labour_nanos_per_hour`; a rescued run is no success, so labour adds nothing to the products with successes.
    #[must_use]
    pub fn sums(&self, counts: &Counts, labour_nanos_per_hour: i64) -> Option<RatioSums> {
        let c = counts;
        Some(match self {
            Self::TimeToTrust => mean_of(&c.time_to_trust, MICROS),
            Self::Latency => mean_of(&c.latency, MICROS),
            Self::CostPerRun => mean_of(&c.cost, NANOS),
            Self::Score(name) => mean_of(&c.scores.get(name).copied().unwrap_or_default(), MICROS),
            Self::CostPerSuccess => cost_per_success(c, float(labour_nanos_per_hour) / 3600.0),
            Self::RescueMinutes => {
                let per_second = 100.0 / 60.0;
                let (sum, squares) = (float(c.rescue_seconds) * per_second, wide(c.rescue_squares));
                counted(c.rescues_known, sum, squares * per_second * per_second)
            }
            Self::MeanRetries => counted(c.retries_known, float(c.retries), wide(c.retry_squares)),
            Self::MeanToolCalls => counted(c.tools_known, float(c.tool_calls), wide(c.tool_call_squares)),
            Self::ToolCallErrorRate => RatioSums {
                n: c.tool_errors_known.unsigned_abs(),
                c: float(c.tool_errors),
                y: float(c.tool_errors_calls),
                cc: wide(c.tool_error_squares),
                yy: wide(c.tool_error_call_squares),
                cy: wide(c.tool_error_product),
            },
            _ => return None,
        })
    }

    /// The sketch of an amount that has one, and how many of the sketch's units make one of the unit it is shown in.
    #[must_use]
    pub fn sketch<'a>(&self, sketches: &'a Sketches) -> Option<(&'a Sketch, f64)> {
        match self {
            Self::TimeToTrust => Some((&sketches.time_to_trust, MICROS)),
            Self::Latency => Some((&sketches.latency, MICROS)),
            Self::CostPerRun => Some((&sketches.cost, NANOS)),
            _ => None,
        }
    }

    /// As [`Self::sketch`], of a cell.
    #[must_use]
    pub fn cell_sketch<'a>(&self, cell: &'a Cell) -> Option<(&'a Sketch, f64)> {
        match self {
            Self::TimeToTrust => Some((&cell.time_to_trust, MICROS)),
            Self::Latency => Some((&cell.latency, MICROS)),
            Self::CostPerRun => Some((&cell.cost, NANOS)),
            _ => None,
        }
    }

    /// How many of the sketch's units make one of the unit the signal is shown in; `None` for one without quantiles.
    #[must_use]
    pub fn sketch_unit(&self) -> Option<f64> {
        match self {
            Self::TimeToTrust | Self::Latency => Some(MICROS),
            Self::CostPerRun => Some(NANOS),
            _ => None,
        }
    }
}

fn mean_of(amount: &Amount, unit: f64) -> RatioSums {
    counted(amount.n, wide(amount.sum) / unit, wide(amount.squares) / unit / unit)
}

/// A sum over runs, each of which counts 1 below.
fn counted(n: i64, sum: f64, squares: f64) -> RatioSums {
    RatioSums { n: n.unsigned_abs(), c: sum, y: float(n), cc: squares, yy: float(n), cy: sum }
}

fn cost_per_success(c: &Counts, labour_nanos_per_second: f64) -> RatioSums {
    let labour = labour_nanos_per_second;
    let squares = wide(c.cost.squares)
        + 2.0 * labour * wide(c.cost_rescue_product)
        + labour * labour * wide(c.cost_rescue_squares);
    RatioSums {
        n: c.cost.n.unsigned_abs(),
        c: (wide(c.cost.sum) + labour * float(c.cost_rescue_seconds)) / NANOS,
        y: float(c.cost_success),
        cc: squares / NANOS / NANOS,
        yy: float(c.cost_success),
        cy: wide(c.success_cost.sum) / NANOS,
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures are shown with nine digits")]
pub(super) fn float(n: i64) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "figures are shown with nine digits")]
pub(super) fn wide(n: i128) -> f64 {
    n as f64
}
