//! Figures in words. The same figures give the same words: they are hashed with the recommendation.

use super::{CheckVerdict, Figures};
use crate::evidence::RateCount;
use crate::policy::Policy;
use crate::scorecard::{Check, Criterion};
use crate::stats::Interval;

/// A whole number with thousands separated: `1,034`.
pub(super) fn whole(n: u64) -> String {
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
pub(super) fn rate(count: RateCount) -> String {
    if count.n == 0 {
        return "no runs".to_owned();
    }
    let share = 100.0 * count.successes as f64 / count.n as f64;
    format!("{share:.1} % ({} of {})", whole(count.successes), whole(count.n))
}

/// A difference of rates in points, with its sign: `+26.4`.
pub(super) fn points(difference: f64) -> String {
    let text = format!("{:+.1}", 100.0 * difference);
    if text == "-0.0" { "+0.0".to_owned() } else { text }
}

/// A margin in points: `5`.
pub(super) fn margin(margin: f64) -> String {
    let text = format!("{:.2}", 100.0 * margin);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn interval(interval: Interval) -> String {
    format!("95 % interval {} to {}", points(interval.low), points(interval.high))
}

/// What a check asks, in words.
pub(super) fn criterion(check: &Check, policy: &Policy) -> String {
    let own = |own: Option<f64>| margin(own.unwrap_or(policy.default_margin));
    match check.criterion {
        Criterion::Floor { rate } => format!("above {} %", margin(rate)),
        Criterion::Ceiling { rate } => format!("below {} %", margin(rate)),
        Criterion::NotWorseThanBaseline { margin } => format!("not worse than the baseline by {} points", own(margin)),
        Criterion::WithinBaseline { margin } => format!("within {} points of the baseline", own(margin)),
    }
}

/// The figures of a group of runs, in words.
pub(super) fn figures(figures: &Figures) -> String {
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
        let e = crate::stats::special::exp(ln_e.min(30.0));
        let at_least = if ln_e > 30.0 { "more than " } else { "" };
        format!("evidence {at_least}{} to 1", whole(e as u64))
    } else {
        format!("{:.0} % of the evidence needed", (100.0 * ln_e.max(0.0) / bar).min(99.0))
    }
}
