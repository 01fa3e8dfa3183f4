//! Figures in words. The same figures give the same words: they are hashed with the recommendation.

use super::amount::currency;
use super::{AmountFigure, AmountFigures, AmountUnit, CheckVerdict, Figures};
use crate::evidence::{EvidenceBundle, RateCount};
use crate::scorecard::{Check, Criterion, Reads};
use crate::stats::Interval;

/// A whole number with thousands separated: `1,034`.
pub(crate) fn whole(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate with its count: `73.7 % (762 of 1,034)`.
pub(crate) fn rate(count: RateCount) -> String {
    if count.n == 0 {
        return "no runs".to_owned();
    }
    let share = 100.0 * count.successes as f64 / count.n as f64;
    format!("{share:.1} % ({} of {})", whole(count.successes), whole(count.n))
}

/// A difference of rates in points, with its sign: `+26.4`.
pub(crate) fn points(difference: f64) -> String {
    let text = format!("{:+.1}", 100.0 * difference);
    if text == "-0.0" { "+0.0".to_owned() } else { text }
}

/// A margin in points: `5`.
pub(crate) fn margin(margin: f64) -> String {
    let text = format!("{:.2}", 100.0 * margin);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn interval(interval: Interval) -> String {
    format!("95 % interval {} to {}", points(interval.low), points(interval.high))
}

/// What a check asks, in words.
pub(super) fn criterion(bundle: &EvidenceBundle, check: &Check) -> String {
    let policy = &bundle.policy;
    let own = |own: Option<f64>| {
        let unit = if check.reads() == Reads::Rate { "points" } else { "%" };
        format!("{} {unit}", margin(own.unwrap_or(policy.default_margin)))
    };
    let amount = |value: f64| quantity(value, AmountUnit::of(&check.signal), currency(bundle, check));
    match check.criterion {
        Criterion::Floor { rate } => format!("above {} %", margin(rate)),
        Criterion::Ceiling { rate } => format!("below {} %", margin(rate)),
        Criterion::AtMost { value } => format!("below {}", amount(value)),
        Criterion::AtLeast { value } => format!("above {}", amount(value)),
        Criterion::NotWorseThanBaseline { margin } => format!("not worse than the baseline by {}", own(margin)),
        Criterion::WithinBaseline { margin } => format!("within {} of the baseline", own(margin)),
    }
}

/// An amount with its unit: `1.42 s`, `0.053`. Four significant digits are enough for a sentence.
pub(crate) fn quantity(value: f64, unit: AmountUnit, currency: &str) -> String {
    // The exponent is read from the exact decimal form, which is the same on every machine.
    let exponent: i32 = format!("{value:e}").rsplit_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let digits = usize::try_from((3 - exponent).clamp(0, 9)).unwrap_or(0);
    let mut text = format!("{value:.digits$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    match unit {
        AmountUnit::Seconds => format!("{text} s"),
        AmountUnit::Currency if !currency.is_empty() => format!("{text} {currency}"),
        AmountUnit::Currency | AmountUnit::Number => text,
    }
}

/// One arm's amount: `0.213 (92 runs)`.
fn amount(figure: &AmountFigure, of: &AmountFigures) -> String {
    let runs = format!("{} runs", whole(figure.n));
    let open = if figure.unbounded { ", unbounded: too few successes to divide by" } else { "" };
    match figure.value {
        Some(value) => format!("{} ({runs}{open})", quantity(value, of.unit, &of.currency)),
        None if figure.n > 0 => format!("nothing to divide by ({runs})"),
        None => "no runs".to_owned(),
    }
}

fn amounts(of: &AmountFigures) -> String {
    let mut text = amount(&of.candidate, of);
    match (&of.baseline, of.candidate.interval) {
        (Some(baseline), _) => text.push_str(&format!(" against {}", amount(baseline, of))),
        (None, Some(own)) => {
            let (low, high) = (quantity(own.low, of.unit, &of.currency), quantity(own.high, of.unit, &of.currency));
            text.push_str(&format!(", 95 % interval {low} to {high}"));
        }
        _ => {}
    }
    if let Some(change) = of.change {
        text.push_str(&format!(", {} %", points(change)));
    }
    if let Some(between) = of.change_interval {
        text.push_str(&format!(" (95 % interval {} to {} %)", points(between.low), points(between.high)));
    }
    if of.open > 0 {
        text.push_str(&format!("; {} runs still open count as not yet done", whole(of.open)));
    }
    text
}

/// The figures of a group of runs, in words.
pub(super) fn figures(figures: &Figures) -> String {
    if let Some(of) = &figures.amount {
        return amounts(of);
    }
    let candidate = rate(figures.candidate);
    match (figures.baseline, figures.difference, figures.difference_interval) {
        (Some(baseline), Some(difference), Some(between)) => {
            format!("{candidate} against {}, {} points ({})", rate(baseline), points(difference), interval(between))
        }
        (Some(baseline), ..) if baseline.n > 0 || figures.candidate.n > 0 => {
            format!("{candidate} against {}", rate(baseline))
        }
        _ => match figures.candidate_interval {
            Some(own) => format!("{candidate}, 95 % interval {:.1} to {:.1} %", 100.0 * own.low, 100.0 * own.high),
            None => candidate,
        },
    }
}

/// A verdict as the verb of a sentence about a check.
pub(super) const fn verb(verdict: CheckVerdict) -> &'static str {
    match verdict {
        CheckVerdict::Pass => "passes",
        CheckVerdict::Fail => "fails",
        CheckVerdict::Conflict => "is in conflict",
        CheckVerdict::Inconclusive => "is inconclusive",
    }
}

/// `evidence` as odds against chance: `e^ln_e` to 1, or how much of what is needed is there.
pub(super) fn evidence(ln_e: f64, bar: f64) -> String {
    if ln_e >= bar {
        // More than a million to one says no more than that.
        let most = crate::stats::special::ln(1e6);
        if ln_e > most {
            return "evidence more than 1,000,000 to 1".to_owned();
        }
        format!("evidence {} to 1", whole(crate::stats::special::exp(ln_e) as u64))
    } else {
        format!("{:.0} % of the evidence needed", (100.0 * ln_e.max(0.0) / bar).min(99.0))
    }
}
