//! What another scorecard would have made of frozen evidence: shown to whoever is about to write it.
//!
//! A bundle holds the blocks of the checks it was frozen for. Another bound, margin or role reads the same blocks; a signal
//! that was not looked at, or not by that dimension, cannot be told afterwards, and that is said rather than guessed.

use serde::{Deserialize, Serialize};

use super::{Recommendation, evaluate};
use crate::evidence::{CheckEvidence, EvidenceBundle};
use crate::scorecard::{Check, Criterion, Reads, Scorecard, SegmentRef};

/// The checks that a scorecard is to have.
#[derive(Clone, Copy, Debug)]
pub struct Proposed<'a> {
    /// What it asks.
    pub checks: &'a [Check],
    /// Dimensions by whose values every key check is read too.
    pub dimensions: &'a [String],
    /// Segments that must pass themselves.
    pub required_segments: &'a [SegmentRef],
}

/// A check that the frozen evidence says nothing about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Untold {
    /// Its key on the proposed scorecard.
    pub check: String,
    /// Why, in words.
    pub why: String,
}

/// Answers a gate as it would have been answered with a proposed scorecard, on the evidence that was frozen for another:
/// the bundle that stands for that, what follows from it, and the checks of which it holds nothing.
///
/// `None` when the gate had no scorecard: there is no evidence of any check then.
#[must_use]
pub fn reconsider(
    bundle: &EvidenceBundle,
    proposed: Proposed<'_>,
) -> Option<(EvidenceBundle, Recommendation, Vec<Untold>)> {
    let old = bundle.scorecard.as_ref()?;
    let card = Scorecard {
        version: old.version.saturating_add(1),
        checks: proposed.checks.to_vec(),
        dimensions: proposed.dimensions.to_vec(),
        required_segments: proposed.required_segments.to_vec(),
        ..old.clone()
    };
    let (mut checks, mut untold) = (Vec::new(), Vec::new());
    for check in &card.checks {
        match evidence_of(bundle, old, &card, check) {
            Ok(evidence) => checks.push(evidence),
            Err(why) => untold.push(Untold { check: check.key.clone(), why }),
        }
    }
    let other = EvidenceBundle { scorecard: Some(card), checks, ..bundle.clone() };
    let recommendation = evaluate(&other);
    Some((other, recommendation, untold))
}

/// What the bundle holds that a proposed check reads, or why it holds nothing.
fn evidence_of(
    bundle: &EvidenceBundle,
    old: &Scorecard,
    card: &Scorecard,
    check: &Check,
) -> Result<CheckEvidence, String> {
    let same_signal = |other: &&Check| other.signal == check.signal && other.reads() == check.reads();
    let mut alike: Vec<&Check> = old.checks.iter().filter(same_signal).collect();
    // A check of the same name first; the order of the scorecard otherwise.
    alike.sort_by_key(|other| other.key != check.key);
    if alike.is_empty() {
        return Err(format!("the evidence holds nothing of {}: no check read it then", check.subject()));
    }
    // Blocks of a comparison hold both arms, those of a bound the candidate's alone, cut in another way.
    alike.retain(|other| other.criterion.is_relative() == check.criterion.is_relative());
    if alike.is_empty() {
        let (asked, held) = if check.criterion.is_relative() {
            ("compared with the baseline", "held against a bound")
        } else {
            ("held against a bound", "compared with the baseline")
        };
        return Err(format!("{} was {held} then; its evidence was not put together to be {asked}", check.subject()));
    }
    let wanted = card.dimensions_of(check);
    let missing = |other: &Check| {
        let had = old.dimensions_of(other);
        wanted.iter().find(|dimension| !had.contains(dimension)).cloned()
    };
    let Some(other) = alike.iter().find(|other| missing(other).is_none()) else {
        let dimension = alike.iter().find_map(|other| missing(other)).unwrap_or_default();
        return Err(format!("{} was not read by {dimension} then", check.subject()));
    };
    let found = bundle.checks.iter().find(|evidence| evidence.key == other.key);
    let Some(found) = found else { return Err(format!("the bundle holds no evidence of {}", other.key)) };
    if open_depends_on_bound(check, other, found) {
        let subject = check.subject();
        return Err(format!(
            "runs still open were counted by the bound of then, so {subject} at another one is not known"
        ));
    }
    let mut evidence = found.clone();
    evidence.key.clone_from(&check.key);
    evidence.segments.retain(|segment| wanted.contains(&segment.dimension));
    evidence.matched.retain(|matched| wanted.contains(&matched.dimension));
    for segment in &mut evidence.segments {
        segment.required = card.requires(&segment.dimension, &segment.value);
    }
    Ok(evidence)
}

/// Runs that have been open for longer than a bound count as above it. None above a bound means none above a higher one;
/// otherwise another bound would have counted others.
fn open_depends_on_bound(check: &Check, other: &Check, evidence: &CheckEvidence) -> bool {
    let bound = |criterion: &Criterion| match *criterion {
        Criterion::AtMost { value } | Criterion::AtLeast { value } => Some(value),
        _ => None,
    };
    let (Reads::Quantile(_), Some(new), Some(old)) = (check.reads(), bound(&check.criterion), bound(&other.criterion))
    else {
        return false;
    };
    new.to_bits() != old.to_bits() && !(evidence.overall.open == 0 && new > old)
}
