//! Rule 4: what a piece of evidence may be used for. A signal that is too vague cannot carry a verdict, and it is said
//! why it is.

use super::EvidenceClass;
use crate::scorecard::CheckRole;

/// How far the figure of a claim can be relied on beside what it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpness {
    /// Width of the interval beside the difference.
    pub width: f64,
    /// Margin either way.
    pub margin: f64,
}

/// What is known of a signal or a check before it is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claim {
    /// What it is about: `success_rate`, `latency p95`.
    pub subject: String,
    /// What it proves, in a sentence; empty when nobody says.
    pub proves: String,
    /// How much it weighs; absent for a signal that no check of the scorecard reads.
    pub role: Option<CheckRole>,
    /// What nobody reports and it rests on: `rescues`.
    pub unreported: Option<String>,
    /// Concluded runs that say anything about it.
    pub known: u64,
    /// Whether somebody who can act answers for it.
    pub owned: bool,
    /// Whether the scorecard behind it is stale.
    pub stale: bool,
    /// Whether its evidence has spoken, for or against.
    pub spoken: bool,
    /// How sharp its figure is; absent where it is asked no comparison.
    pub sharpness: Option<Sharpness>,
    /// Dimensions within which it changes otherwise than it does as a whole, and is not settled.
    pub blended: Vec<String>,
}

/// Where a claim belongs, with the reasons: all of them when it is too vague, else the one.
#[must_use]
pub fn classify(claim: &Claim) -> (EvidenceClass, Vec<String>) {
    let vague = vague(claim);
    if !vague.is_empty() {
        return (EvidenceClass::TooVague, vague);
    }
    if claim.role == Some(CheckRole::Info) {
        let why = format!("{} is shown for information: it explains a release and decides nothing.", claim.subject);
        return (EvidenceClass::IncidentReview, vec![why]);
    }
    (EvidenceClass::Gate, vec![claim.proves.clone()])
}

fn vague(claim: &Claim) -> Vec<String> {
    let mut why = Vec::new();
    let subject = &claim.subject;
    if claim.proves.trim().is_empty() {
        why.push(format!("{subject} does not say what it proves."));
    }
    if claim.role.is_none() {
        why.push(format!("{subject} has no criterion: no check of the scorecard says what would be good enough."));
    }
    if let Some(facts) = &claim.unreported {
        why.push(format!("Nobody reports {facts}, the facts that {subject} rests on."));
    }
    if claim.known == 0 {
        why.push(format!("{subject} has no denominator: no concluded run says anything about it."));
    }
    if !claim.owned {
        why.push("Nobody answers for it: the scorecard has no owner who can act.".to_owned());
    }
    if claim.stale {
        why.push("The scorecard is stale.".to_owned());
    }
    // Where the evidence has spoken, neither the width of an interval nor the blend takes anything away: the parts
    // were asked too.
    if claim.spoken {
        return why;
    }
    if let Some(Sharpness { width, margin }) = claim.sharpness.filter(|found| found.width > 2.0 * found.margin) {
        why.push(format!(
            "Its interval ({} points wide) is wider than its margin of {} points either way.",
            super::words::margin(width),
            super::words::margin(margin)
        ));
    }
    for dimension in &claim.blended {
        why.push(format!("It is a blend that misleads: by {dimension} it changes otherwise than as a whole."));
    }
    why
}
