//! Checks, signals and versions of a scorecard in words.

use seatrial_domain::gate::EvidenceClass;
use seatrial_domain::scorecard::{CheckRole, Criterion};
use seatrial_domain::signal::Signal;

use super::figure;
use crate::render::format;
use crate::render::view::scorecard::SignalNote;

/// What a check asks: `at least 90.0 %`, `not worse than the baseline by 2.0 pp`.
pub fn criterion(criterion: &Criterion, default_margin: f64) -> String {
    let margin = |margin: &Option<f64>| {
        let points = format::decimal(margin.unwrap_or(default_margin) * 100.0, 1);
        format!("{points} pp{}", if margin.is_none() { " (the policy's margin)" } else { "" })
    };
    match criterion {
        Criterion::Floor { rate } => format!("above {}", format::percent(*rate)),
        Criterion::Ceiling { rate } => format!("below {}", format::percent(*rate)),
        Criterion::NotWorseThanBaseline { margin: own } => {
            format!("not worse than the baseline by {}", margin(own))
        }
        Criterion::WithinBaseline { margin: own } => format!("within {} of the baseline", margin(own)),
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
