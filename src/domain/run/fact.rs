//! Late facts: what is learned about a run after its trace or report. They are appended, never overwritten.

use serde::{Deserialize, Serialize};

use super::{Approval, Escalation, Outcome, Rescue};
use crate::limits;
use crate::time::Timestamp;

/// What a late fact says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FactValue {
    /// An approval was asked for or answered.
    Approval(Approval),
    /// The run was handed to a person.
    Escalation(Escalation),
    /// A person redid the work.
    Rescue(Rescue),
    /// Another system knows how it ended.
    Outcome {
        /// How it ended.
        outcome: Outcome,
    },
    /// The kind of miss.
    FailureClass {
        /// The class, of the project's taxonomy or new.
        failure_class: String,
    },
    /// The cost became known or was corrected.
    Cost {
        /// Total cost of the run in nano-units of the project's currency.
        cost_nanos: i64,
    },
    /// An evaluator's score.
    Score {
        /// The score's name.
        name: String,
        /// Its value; booleans are 0 and 1.
        value: f64,
    },
    /// A reviewer looked and says how it ended.
    ReviewerConfirmation {
        /// How it ended.
        outcome: Outcome,
        /// The kind of miss, if any.
        failure_class: Option<String>,
    },
}

/// Who said it, when, and by which way it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Provenance {
    /// The account or API key that sent it, by id.
    pub actor: String,
    /// The system it comes from, such as `helpdesk`; free text.
    pub source: Option<String>,
}

/// The sender's key of a fact: the same key again changes nothing.
pub type FactKey = String;

/// A fact appended to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LateFact {
    /// What it says.
    pub value: FactValue,
    /// When it happened; when it was recorded, if the sender does not say.
    pub at: Timestamp,
    /// When Seatrial recorded it. Of two facts about the same thing the later recorded one holds.
    pub recorded_at: Timestamp,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl FactValue {
    /// The name of the kind, as in the API's `kind`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Approval(_) => "approval",
            Self::Escalation(_) => "escalation",
            Self::Rescue(_) => "rescue",
            Self::Outcome { .. } => "outcome",
            Self::FailureClass { .. } => "failure_class",
            Self::Cost { .. } => "cost",
            Self::Score { .. } => "score",
            Self::ReviewerConfirmation { .. } => "reviewer_confirmation",
        }
    }

    /// Checks ranges and lengths.
    ///
    /// # Errors
    /// A sentence naming the field, what is wrong and what is accepted.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Cost { cost_nanos } => check_cost(*cost_nanos),
            Self::Score { name, value } => {
                check_label("name", name)?;
                check_score(name, *value)
            }
            Self::FailureClass { failure_class } => check_label("failure_class", failure_class),
            Self::Rescue(Rescue { seconds: Some(seconds), .. }) if *seconds < 0 => {
                Err(format!("`seconds` is {seconds}; a rescue cannot take negative time"))
            }
            Self::Outcome { outcome: Outcome::Unknown } => {
                Err("`outcome` is `unknown`; a fact must say success, failure or abandoned".to_owned())
            }
            Self::ReviewerConfirmation { failure_class: Some(class), .. } => check_label("failure_class", class),
            _ => Ok(()),
        }
    }
}

pub(super) fn check_cost(cost_nanos: i64) -> Result<(), String> {
    if (0..=limits::COST_NANOS).contains(&cost_nanos) {
        return Ok(());
    }
    Err(format!(
        "`cost_nanos` is {cost_nanos}; accepted are 0 to {} nano-units (leave it out when the cost is unknown)",
        limits::COST_NANOS
    ))
}

pub(super) fn check_label(field: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("`{field}` is empty; give it a name"));
    }
    if text.len() > limits::LABEL_BYTES {
        return Err(format!("`{field}` is {} bytes long; at most {} are accepted", text.len(), limits::LABEL_BYTES));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("`{field}` contains control characters; remove them"));
    }
    Ok(())
}

pub(super) fn check_score(name: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value.abs() <= 1e9 {
        return Ok(());
    }
    Err(format!("score `{name}` is {value}; accepted are numbers from -1e9 to 1e9"))
}
