//! Seatrial's own attributes and span events, for what no dialect can say. `docs/ATTRIBUTES.md` is their reference.

use std::borrow::Cow;

use seatrial_domain::limits;
use seatrial_domain::run::{Approval, ApprovalStatus, Escalation, Outcome, Rescue};
use seatrial_domain::time::Timestamp;

use super::super::attributes::{Attribute, Value};
use super::super::draft::{Draft, dialect, release, workflow};

/// Reads `seatrial.<key>`.
pub(super) fn read<'a>(draft: &mut Draft<'a>, key: &'a str, value: Value<'a>) {
    match key {
        "run.id" => draft.offer_run_key(dialect::SEATRIAL, value),
        "workflow" => draft.offer_workflow(workflow::SEATRIAL, value),
        "release" => draft.offer_release(release::SEATRIAL, value),
        "environment" => draft.offer_environment(dialect::SEATRIAL, value),
        "unit" => draft.offer_unit(dialect::SEATRIAL, value),
        "failure_class" => draft.offer_failure_class(dialect::SEATRIAL, value),
        "outcome" => outcome(draft, value),
        "retries" => match value.int() {
            Some(count) if count >= 0 => draft.retries.offer(dialect::SEATRIAL, count),
            _ => draft.warn("`seatrial.retries` was left out; it must be a whole number, 0 or more"),
        },
        "cost_nanos" => match value.int() {
            Some(nanos) if (0..=limits::COST_NANOS).contains(&nanos) => {
                draft.run_cost_nanos.offer(dialect::SEATRIAL, nanos);
            }
            _ => draft.warn("`seatrial.cost_nanos` was left out; it must be a whole number of nano-units, 0 or more"),
        },
        _ => named(draft, key, value),
    }
}

fn outcome<'a>(draft: &mut Draft<'a>, value: Value<'a>) {
    match value.text().map(str::trim).and_then(Outcome::parse) {
        Some(outcome) => draft.outcome.offer(dialect::SEATRIAL, outcome),
        None => draft.warn("`seatrial.outcome` was left out; it must be success, failure, abandoned or unknown"),
    }
}

/// Reads `seatrial.segment.<dimension>` and `seatrial.score.<name>`.
fn named<'a>(draft: &mut Draft<'a>, key: &'a str, value: Value<'a>) {
    if let Some(dimension) = key.strip_prefix("segment.") {
        let known = draft.segments.iter().position(|(known, _)| *known == dimension);
        match (value.label(), known) {
            (Some(value), Some(known)) => draft.segments[known].1 = value,
            (Some(value), None) if draft.segments.len() < limits::SEGMENTS_PER_RUN => {
                draft.segments.push((dimension, value));
            }
            (Some(_), None) => {
                draft.warn(format!("segments beyond {} were left out", limits::SEGMENTS_PER_RUN));
            }
            (None, _) => draft.warn("a segment without a value was left out; segments are text"),
        }
    } else if let Some(name) = key.strip_prefix("score.") {
        match value.float().or_else(|| value.bool().map(|value| f64::from(u8::from(value)))) {
            Some(score) => draft.score(Cow::Borrowed(name), score),
            None => draft.warn("a score that is no number was left out"),
        }
    }
}

/// Reads the span event `seatrial.<name>`: an approval, an escalation or a rescue.
pub(in super::super) fn event<'a>(
    draft: &mut Draft<'a>,
    name: &str,
    at: Option<Timestamp>,
    attributes: impl Iterator<Item = Attribute<'a>>,
) {
    match name {
        "approval" => approval(draft, at, attributes),
        "escalation" => escalation(draft, at, attributes),
        "rescue" => rescue(draft, at, attributes),
        _ => {}
    }
}

fn approval<'a>(draft: &mut Draft<'a>, at: Option<Timestamp>, attributes: impl Iterator<Item = Attribute<'a>>) {
    let (mut status, mut by, mut tool) = (None, None, None);
    for Attribute { key, value } in attributes {
        match key {
            "status" => status = value.text().map(str::trim).and_then(ApprovalStatus::parse),
            "by" => by = label(value),
            "tool" => tool = label(value),
            _ => {}
        }
    }
    match status {
        Some(status) if draft.approvals.len() < limits::EVENTS_PER_RUN => {
            draft.approvals.push(Approval { status, at, by, tool });
        }
        Some(_) => too_many(draft),
        None => {
            draft.warn("a `seatrial.approval` was left out; its status must be requested, granted, denied or expired")
        }
    }
}

fn escalation<'a>(draft: &mut Draft<'a>, at: Option<Timestamp>, attributes: impl Iterator<Item = Attribute<'a>>) {
    let (mut reason, mut expected) = (None, None);
    for Attribute { key, value } in attributes {
        match key {
            "reason" => reason = note(value),
            "expected" => expected = value.bool(),
            _ => {}
        }
    }
    if draft.escalations.len() < limits::EVENTS_PER_RUN {
        draft.escalations.push(Escalation { at, reason, expected });
    } else {
        too_many(draft);
    }
}

fn rescue<'a>(draft: &mut Draft<'a>, at: Option<Timestamp>, attributes: impl Iterator<Item = Attribute<'a>>) {
    let (mut by, mut seconds, mut reason) = (None, None, None);
    for Attribute { key, value } in attributes {
        match key {
            "by" => by = label(value),
            "seconds" => match value.float() {
                Some(length) if (0.0..1e12).contains(&length) => seconds = Some(length.round() as i64),
                _ => draft.warn("the length of a `seatrial.rescue` was left out; it must be 0 seconds or more"),
            },
            "reason" => reason = note(value),
            _ => {}
        }
    }
    if draft.rescues.len() < limits::EVENTS_PER_RUN {
        draft.rescues.push(Rescue { at, by, seconds, reason });
    } else {
        too_many(draft);
    }
}

fn too_many(draft: &mut Draft<'_>) {
    draft.warn(format!("approvals, escalations or rescues beyond {} were left out", limits::EVENTS_PER_RUN));
}

fn label(value: Value<'_>) -> Option<String> {
    value.label().and_then(|text| limits::label(&text))
}

/// Prose: control characters other than line breaks and tabs are dropped.
fn note(value: Value<'_>) -> Option<String> {
    let text = value.label()?;
    let clipped = limits::clip(text.trim(), limits::NOTE_BYTES);
    Some(clipped.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect())
}
