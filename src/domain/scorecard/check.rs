//! What a single check may ask of its signal.

use super::{Check, Criterion, Reads, Statistic};
use crate::signal::{Direction, Signal, SignalKind};

impl Check {
    /// What it reads of its signal.
    #[must_use]
    pub fn reads(&self) -> Reads {
        match self.signal.definition().kind {
            SignalKind::Rate => Reads::Rate,
            SignalKind::Ratio => Reads::Ratio,
            SignalKind::Amount => self.amount_statistic().quantile().map_or(Reads::Mean, Reads::Quantile),
        }
    }

    /// The statistic of an amount: the one named, or else the 95th percentile of a duration and the mean of the rest.
    fn amount_statistic(&self) -> Statistic {
        let usual = match self.signal {
            Signal::TimeToTrust | Signal::Latency => Statistic::P95,
            _ => Statistic::Mean,
        };
        self.statistic.unwrap_or(usual)
    }

    /// The signal with the statistic that is read of it: `latency p95`, `cost_per_success`.
    #[must_use]
    pub fn subject(&self) -> String {
        match self.reads() {
            Reads::Rate | Reads::Ratio => self.signal.to_string(),
            Reads::Mean | Reads::Quantile(_) => format!("{} {}", self.signal, self.amount_statistic().as_str()),
        }
    }

    /// The part that cannot stand, and why.
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str)> {
        self.statistic_problem().or_else(|| self.criterion_problem().map(|problem| ("criterion", problem)))
    }

    fn statistic_problem(&self) -> Option<(&'static str, &'static str)> {
        if self.statistic.is_some() && self.signal.definition().kind != SignalKind::Amount {
            return Some(("statistic", "only an amount has a mean and percentiles; leave it out"));
        }
        let quantile = matches!(self.reads(), Reads::Quantile(_));
        (quantile && self.signal.sketch_unit().is_none())
            .then_some(("statistic", "no percentiles are kept of this signal: read its mean"))
    }

    fn criterion_problem(&self) -> Option<&'static str> {
        let direction = self.signal.definition().direction;
        let rate = self.reads() == Reads::Rate;
        let inside = |x: f64| x > 0.0 && x < 1.0;
        match self.criterion {
            Criterion::Floor { .. } | Criterion::Ceiling { .. } if !rate => {
                Some("floor and ceiling are for rates: give this signal at_most or at_least, in its own unit")
            }
            Criterion::AtMost { .. } | Criterion::AtLeast { .. } if rate => {
                Some("this signal is a rate: give it a floor or a ceiling")
            }
            Criterion::Floor { rate } | Criterion::Ceiling { rate } if !inside(rate) => {
                Some("a rate above 0 and below 1; 0 and 1 cannot be proved by any number of runs")
            }
            Criterion::AtMost { value } | Criterion::AtLeast { value } if !(value > 0.0 && value < 1e12) => {
                Some("a value above 0 and below 1e12, in the signal's unit")
            }
            Criterion::Floor { .. } if direction == Direction::LowerIsBetter => {
                Some("lower is better for this signal: give it a ceiling")
            }
            Criterion::AtLeast { .. } if direction == Direction::LowerIsBetter => {
                Some("lower is better for this signal: give it at_most")
            }
            Criterion::Ceiling { .. } if direction == Direction::HigherIsBetter => {
                Some("higher is better for this signal: give it a floor")
            }
            Criterion::AtMost { .. } if direction == Direction::HigherIsBetter => {
                Some("higher is better for this signal: give it at_least")
            }
            Criterion::NotWorseThanBaseline { .. } if direction == Direction::ChangeMatters => {
                Some("neither direction is worse for this signal: ask it to stay within the baseline")
            }
            Criterion::NotWorseThanBaseline { margin: Some(margin) }
            | Criterion::WithinBaseline { margin: Some(margin) }
                if !inside(margin) =>
            {
                Some("a margin above 0 and below 1, such as 0.05 for five points (of an amount: five per cent)")
            }
            _ => None,
        }
    }
}
