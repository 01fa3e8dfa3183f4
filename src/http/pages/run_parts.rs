//! One run's facts, late facts and form as its page shows them, and the form read back as a fact.

use std::collections::HashMap;

use seatrial_domain::run::{
    Approval, ApprovalStatus, Escalation, FactValue, LateFact, Outcome, OutcomeSource, Rescue, RunFacts,
};
use seatrial_domain::time::Timestamp;
use serde::Deserialize;

use super::form::given;
use crate::app::error::AppError;
use crate::render::format;
use crate::render::view::Time;
use crate::render::view::run::{Fact, FactEvent};

/// Nano-units in one unit of a currency.
const NANOS: f64 = 1e9;

/// Where an outcome comes from, in words.
pub const fn source_words(source: OutcomeSource) -> Option<&'static str> {
    match source {
        OutcomeSource::Reviewer => Some("a reviewer"),
        OutcomeSource::Fact => Some("a fact or report"),
        OutcomeSource::Attribute => Some("an attribute of the trace"),
        OutcomeSource::Score => Some("an evaluator's score"),
        OutcomeSource::TerminalTool => Some("the tool that ends the work"),
        OutcomeSource::SpanError => Some("an error in the trace"),
        OutcomeSource::Nothing => None,
    }
}

/// Everything known about a run.
pub fn facts(facts: &RunFacts, currency: &str) -> Vec<Fact> {
    let outcome = (facts.outcome != Outcome::Unknown).then(|| facts.outcome.as_str().to_owned());
    let class = match (&facts.failure_class, facts.concluded()) {
        (Some(class), _) => known("Failure class", class.clone()),
        (None, true) => none("Failure class"),
        (None, false) => unknown("Failure class"),
    };
    let mut list = vec![
        Fact { source: source_words(facts.outcome_source).map(str::to_owned), ..maybe("Outcome", outcome) },
        class,
        listed("Approvals", facts.approvals.as_deref(), approval),
        listed("Escalations", facts.escalations.as_deref(), escalation),
        listed("Rescues", facts.rescues.as_deref(), rescue),
        maybe("Cost", facts.cost_nanos.map(|nanos| format::money(nanos as f64, currency))),
        maybe(
            "Tokens",
            facts.tokens.map(|tokens| {
                format!("{} in, {} out", format::count(tokens.input.into()), format::count(tokens.output.into()))
            }),
        ),
        counted("Retries", facts.retries),
        listed("Tools", facts.tools.as_deref(), Clone::clone),
        counted("Tool errors", facts.tool_errors),
        maybe("Trusted", facts.trusted_at.map(|at| format::date_time(at.micros()))),
        maybe("Unit", facts.unit.clone()),
    ];
    list.extend(facts.scores.iter().map(|(name, value)| known(&format!("Score {name}"), format::number(*value))));
    list
}

fn fact(label: &str, knowledge: &str, value: String) -> Fact {
    Fact { label: label.to_owned(), knowledge: knowledge.to_owned(), value, source: None }
}

fn known(label: &str, value: String) -> Fact {
    fact(label, "known", value)
}

fn none(label: &str) -> Fact {
    fact(label, "none", String::new())
}

fn unknown(label: &str) -> Fact {
    fact(label, "unknown", String::new())
}

fn maybe(label: &str, value: Option<String>) -> Fact {
    value.map_or_else(|| unknown(label), |value| known(label, value))
}

fn counted(label: &str, n: Option<i64>) -> Fact {
    match n {
        Some(0) => none(label),
        n => maybe(label, n.map(|n| format::count(n.into()))),
    }
}

fn listed<T>(label: &str, items: Option<&[T]>, words: fn(&T) -> String) -> Fact {
    match items {
        None => unknown(label),
        Some([]) => none(label),
        Some(items) => known(label, items.iter().map(words).collect::<Vec<_>>().join("; ")),
    }
}

fn approval(approval: &Approval) -> String {
    let status = match approval.status {
        ApprovalStatus::Requested => "requested",
        ApprovalStatus::Granted => "granted",
        ApprovalStatus::Denied => "denied",
        ApprovalStatus::Expired => "expired",
    };
    let by = approval.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let tool = approval.tool.as_ref().map(|tool| format!(" for {tool}")).unwrap_or_default();
    format!("{status}{by}{tool}")
}

fn escalation(escalation: &Escalation) -> String {
    let expected = match escalation.expected {
        Some(true) => "expected",
        Some(false) => "unexpected",
        None => "not said whether expected",
    };
    escalation.reason.as_ref().map_or_else(|| expected.to_owned(), |reason| format!("{expected}: {reason}"))
}

fn rescue(rescue: &Rescue) -> String {
    let by = rescue.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let took = rescue.seconds.map(|s| format!(", {}", format::duration(s as f64 * 1e6))).unwrap_or_default();
    let why = rescue.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("rescued{by}{took}{why}")
}

/// What was appended later, oldest first. `people` are names by account id.
pub fn history(late: &[LateFact], people: &HashMap<String, String>, currency: &str) -> Vec<FactEvent> {
    let event = |(index, fact): (usize, &LateFact)| {
        let actor = fact.provenance.actor.as_str();
        let name = actor.split_once(':').and_then(|(_, id)| people.get(id));
        FactEvent {
            at: Time(fact.recorded_at.micros()),
            what: words(&fact.value, currency),
            by: name.cloned().unwrap_or_else(|| actor.replace(':', " ")),
            source: fact.provenance.source.clone().unwrap_or_else(|| "API".to_owned()),
            superseded: late[index + 1..].iter().any(|later| replaces(&later.value, &fact.value)),
        }
    };
    late.iter().enumerate().map(event).collect()
}

fn words(value: &FactValue, currency: &str) -> String {
    let class_of = |class: &Option<String>| class.as_ref().map(|class| format!(", {class}")).unwrap_or_default();
    match value {
        FactValue::Approval(value) => format!("approval {}", approval(value)),
        FactValue::Escalation(value) => format!("escalation, {}", escalation(value)),
        FactValue::Rescue(value) => rescue(value),
        FactValue::Outcome { outcome } => format!("outcome {}", outcome.as_str()),
        FactValue::FailureClass { failure_class } if failure_class.is_empty() => "no failure class".to_owned(),
        FactValue::FailureClass { failure_class } => format!("failure class {failure_class}"),
        FactValue::Cost { cost_nanos } => format!("cost {}", format::money(*cost_nanos as f64, currency)),
        FactValue::Score { name, value } => format!("score {name} = {}", format::number(*value)),
        FactValue::ReviewerConfirmation { outcome, failure_class } => {
            format!("a reviewer confirms {}{}", outcome.as_str(), class_of(failure_class))
        }
    }
}

/// Whether the later fact is about the same thing, so that the earlier one no longer counts.
fn replaces(later: &FactValue, earlier: &FactValue) -> bool {
    match (later, earlier) {
        (FactValue::Score { name: new, .. }, FactValue::Score { name: old, .. }) => new == old,
        (FactValue::Approval(_) | FactValue::Escalation(_) | FactValue::Rescue(_), _) => false,
        (later, earlier) => later.kind() == earlier.kind(),
    }
}

/// The late-fact form as it is sent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FactForm {
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) value: String,
    #[serde(default)]
    pub(super) minutes: String,
    #[serde(default)]
    pub(super) reason: String,
}

impl FactForm {
    /// The fact the form states, at `now`, by the person `by`.
    ///
    /// # Errors
    /// When a field does not hold what its kind takes.
    pub fn fact(&self, now: Timestamp, by: &str) -> Result<FactValue, AppError> {
        let value = self.value.trim();
        let (at, reason) = (Some(now), given(&self.reason));
        let outcome = |text: &str| {
            let found = Outcome::parse(text).filter(|outcome| *outcome != Outcome::Unknown);
            found.ok_or_else(|| AppError::invalid("value", "write success, failure or abandoned"))
        };
        Ok(match self.kind.as_str() {
            "outcome" => FactValue::Outcome { outcome: outcome(value)? },
            "confirmation" => {
                let (stated, class) = value.split_once(',').map_or((value, None), |(o, class)| (o, given(class)));
                FactValue::ReviewerConfirmation { outcome: outcome(stated.trim())?, failure_class: class }
            }
            "failure_class" => FactValue::FailureClass { failure_class: value.to_owned() },
            "rescue" => FactValue::Rescue(Rescue { at, by: Some(by.to_owned()), seconds: self.seconds()?, reason }),
            "escalation" => {
                let expected = match value {
                    "" => None,
                    "expected" => Some(true),
                    "unexpected" => Some(false),
                    _ => return Err(AppError::invalid("value", "write expected or unexpected, or nothing")),
                };
                FactValue::Escalation(Escalation { at, reason, expected })
            }
            "approval" => {
                let status = ApprovalStatus::parse(value);
                let status = status.ok_or_else(|| AppError::invalid("value", "write granted, denied or expired"))?;
                FactValue::Approval(Approval { status, at, by: Some(by.to_owned()), tool: None })
            }
            "cost" => FactValue::Cost { cost_nanos: self.cost()? },
            "score" => {
                let (name, number) = value.split_once('=').unwrap_or((value, ""));
                let number = number.trim().parse::<f64>();
                let number =
                    number.map_err(|_| AppError::invalid("value", "write name=number, such as quality=0.8"))?;
                FactValue::Score { name: name.trim().to_owned(), value: number }
            }
            _ => return Err(AppError::invalid("kind", "choose one of the kinds")),
        })
    }

    fn seconds(&self) -> Result<Option<i64>, AppError> {
        let Some(text) = given(&self.minutes) else { return Ok(None) };
        let minutes = text.parse::<f64>().ok().filter(|minutes| (0.0..=100_000.0).contains(minutes));
        let minutes = minutes.ok_or_else(|| AppError::invalid("minutes", "write a number of minutes, such as 12.5"))?;
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
        Ok(Some((minutes * 60.0).round() as i64))
    }

    fn cost(&self) -> Result<i64, AppError> {
        let amount = self.value.trim().parse::<f64>().ok().filter(|amount| (0.0..=1_000_000.0).contains(amount));
        let wrong = || AppError::invalid("value", "write an amount from 0 to 1,000,000, such as 0.031");
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
        amount.map(|amount| (amount * NANOS).round() as i64).ok_or_else(wrong)
    }
}
