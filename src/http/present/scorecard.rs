//! Checks, signals and versions of a scorecard in words.

use std::collections::BTreeSet;

use seatrial_domain::gate::{AmountUnit, EvidenceClass};
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, Reads};
use seatrial_domain::signal::Signal;
use seatrial_store::scorecard::Definition;

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

/// What a version changed, in words.
pub fn changes(before: &Definition, after: &Definition) -> Vec<String> {
    let mut changes = Vec::new();
    if before.name != after.name {
        changes.push(format!("Name from {} to {}.", before.name, after.name));
    }
    if before.owner != after.owner {
        changes.push("Another owner.".to_owned());
    }
    if before.backup != after.backup {
        changes.push("Another backup.".to_owned());
    }
    if before.cadence_days != after.cadence_days {
        changes.push(format!("Cadence from {} to {} days.", before.cadence_days, after.cadence_days));
    }
    check_changes(&before.checks, &after.checks, &mut changes);
    if before.dimensions != after.dimensions {
        changes.push(format!("Dimensions are now {}.", none_or(after.dimensions.join(", "))));
    }
    if before.required_segments != after.required_segments {
        let words: Vec<String> = after.required_segments.iter().map(|segment| segment.words()).collect();
        changes.push(format!("Required segments are now {}.", none_or(words.join(", "))));
    }
    if changes.is_empty() {
        changes.push("Nothing but its number.".to_owned());
    }
    changes
}

fn none_or(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

fn check_changes(before: &[Check], after: &[Check], changes: &mut Vec<String>) {
    let keys: BTreeSet<&String> = before.iter().chain(after).map(|check| &check.key).collect();
    let find = |checks: &[Check], key: &str| checks.iter().find(|check| check.key == key).cloned();
    for key in keys {
        match (find(before, key), find(after, key)) {
            (None, Some(_)) => changes.push(format!("Check {key} is new.")),
            (Some(_), None) => changes.push(format!("Check {key} is gone.")),
            (Some(old), Some(new)) if old != new => {
                let words = |check: &Check| format!("{}, {}", criterion(check, 0.0), role(check.role));
                changes.push(format!("Check {key} from “{}” to “{}”.", words(&old), words(&new)));
            }
            _ => {}
        }
    }
}
