//! Checks, signals and versions of a scorecard in words.

use seatrial_domain::gate::{AmountUnit, EvidenceClass};
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, Reads};
use seatrial_domain::signal::Signal;

use super::figure;
use crate::render::format;
use crate::render::view::scorecard::SignalNote;

/// What a check asks: `at least 90.0 %`, `not worse than the baseline by 2.0 pp`, `p95 below 30 s`.
pub fn criterion(check: &Check, default_margin: f64) -> String {
    let rate = check.reads() == Reads::Rate;
    let margin = |margin: &Option<f64>| {
        let points = format::decimal(margin.unwrap_or(default_margin) * 100.0, 1);
        let unit = if rate { "pp" } else { "%" };
        format!("{points} {unit}{}", if margin.is_none() { " (the policy's margin)" } else { "" })
    };
    let unit = if AmountUnit::of(&check.signal) == AmountUnit::Seconds { " s" } else { "" };
    let words = match &check.criterion {
        Criterion::AtMost { value } => format!("below {value}{unit}"),
        Criterion::AtLeast { value } => format!("above {value}{unit}"),
        Criterion::Floor { rate } => format!("above {}", format::percent(*rate)),
        Criterion::Ceiling { rate } => format!("below {}", format::percent(*rate)),
        Criterion::NotWorseThanBaseline { margin: own } => {
            format!("not worse than the baseline by {}", margin(own))
        }
        Criterion::WithinBaseline { margin: own } => format!("within {} of the baseline", margin(own)),
    };
    let subject = check.subject();
    match subject.strip_prefix(&check.signal.to_string()).map(str::trim).filter(|statistic| !statistic.is_empty()) {
        Some(statistic) => format!("{statistic} {words}"),
        None => words,
    }
}

/// The name of a role.
pub const fn role(role: CheckRole) -> &'static str {
    match role {
        CheckRole::Key => "key",
        CheckRole::Standard => "standard",
        CheckRole::Info => "info",
    }
}

/// What a signal proves and does not.
pub fn signal_note(signal: &Signal, class: EvidenceClass, vague_because: Option<String>) -> SignalNote {
    let definition = signal.definition();
    SignalNote {
        label: figure::label(signal),
        definition: definition.exactly.to_owned(),
        proves: definition.proves.to_owned(),
        does_not_prove: definition.does_not_prove.to_owned(),
        evidence_class: class.as_str().to_owned(),
        vague_because,
    }
}
