//! What differs between two versions of a scorecard, in words that a reader of the later one needs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Check, Criterion, Definition, Reads, Scope};
use crate::owner::OwnerId;

/// What happened to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

/// One part that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Change {
    /// The part: `owner`, `checks.success`.
    pub part: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// What it said.
    pub before: Option<String>,
    /// What it says.
    pub after: Option<String>,
    /// The same as a sentence.
    pub text: String,
}

/// Every part of `after` that differs from `before`, in the scorecard's order. `name` gives an owner's name.
#[must_use]
pub fn changes(before: &Definition, after: &Definition, name: &dyn Fn(OwnerId) -> String) -> Vec<Change> {
    let mut all = Vec::new();
    let mut part = |part: &str, label: &str, old: Option<String>, new: Option<String>| {
        all.extend(change(part, label, old, new));
    };
    part("name", "The name", Some(before.name.clone()), Some(after.name.clone()));
    part("owner", "The owner", before.owner.map(name), after.owner.map(name));
    part("backup", "The backup", before.backup.map(name), after.backup.map(name));
    let days = |days: u32| Some(if days == 1 { "every day".to_owned() } else { format!("every {days} days") });
    part("cadence_days", "The review", days(before.cadence_days), days(after.cadence_days));
    let keys: BTreeSet<&str> = before.checks.iter().chain(&after.checks).map(|check| check.key.as_str()).collect();
    for key in keys {
        let of = |checks: &[Check]| checks.iter().find(|check| check.key == key).map(words);
        part(&format!("checks.{key}"), &format!("The check {key}"), of(&before.checks), of(&after.checks));
    }
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    part("dimensions", "Key checks are also read by", list(&before.dimensions), list(&after.dimensions));
    let required = |definition: &Definition| {
        let words: Vec<String> = definition.required_segments.iter().map(super::SegmentRef::words).collect();
        list(&words)
    };
    part("required_segments", "Segments that must pass themselves", required(before), required(after));
    all
}

fn change(part: &str, label: &str, before: Option<String>, after: Option<String>) -> Option<Change> {
    if before == after {
        return None;
    }
    let (kind, text) = match (&before, &after) {
        (Some(old), Some(new)) => (ChangeKind::Changed, format!("{label}: from “{old}” to “{new}”.")),
        (None, Some(new)) => (ChangeKind::Added, format!("{label}: new, “{new}”.")),
        (Some(old), None) => (ChangeKind::Removed, format!("{label}: gone, it was “{old}”.")),
        (None, None) => return None,
    };
    Some(Change { part: part.to_owned(), kind, before, after, text })
}

/// A check in words: `success_rate above 80 %, key, by customer_tier`.
fn words(check: &Check) -> String {
    let unit = if check.reads() == Reads::Rate { "points" } else { "per cent" };
    let by = |margin: Option<f64>| {
        margin.map_or_else(|| "the policy's margin".to_owned(), |margin| format!("{} {unit}", share(margin)))
    };
    let asked = match check.criterion {
        Criterion::AtMost { value } => format!("at most {value}"),
        Criterion::AtLeast { value } => format!("at least {value}"),
        Criterion::Floor { rate } => format!("above {} %", share(rate)),
        Criterion::Ceiling { rate } => format!("below {} %", share(rate)),
        Criterion::NotWorseThanBaseline { margin } => format!("not worse than the baseline by {}", by(margin)),
        Criterion::WithinBaseline { margin } => format!("within {} of the baseline", by(margin)),
    };
    let role = match check.role {
        super::CheckRole::Key => "key",
        super::CheckRole::Standard => "standard",
        super::CheckRole::Info => "info",
    };
    let scope = match &check.scope {
        Scope::All => String::new(),
        Scope::Dimension { name } => format!(", by {name}"),
    };
    format!("{} {asked}, {role}{scope}", check.subject())
}

/// A share in percent, as short as it is exact to a hundredth: `80`, `2.5`.
fn share(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
