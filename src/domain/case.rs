//! Eval cases: a reusable test made from a run.
//!
//! What the failed run did is kept as *observed* and never becomes the expected answer. A case is tested only when it
//! asserts something. Two cases with the same input of the same workflow are one case.

mod assertions;
mod content;
mod snapshot;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::Actor;
use crate::canonical::CanonicalError;
use crate::digest::Digest;
use crate::ids::{ReleaseId, RunId, WorkflowId};
use crate::limits;
use crate::redact::{Redaction, Redactor};
use crate::time::Timestamp;

pub use assertions::{Assertions, Bound, Figure};
pub use content::{RunContent, as_text, exact};
pub use snapshot::{SNAPSHOT_FORMAT, Snapshot, SnapshotSource, masked_again as masked_snapshot};

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Being written; not tested.
    Draft,
    /// Tested on every release.
    Active,
    /// Kept out of verdicts for now, because its result cannot be trusted.
    Quarantined,
    /// No longer tested; kept for the record.
    Retired,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Active, Self::Quarantined, Self::Retired];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Retired => "retired",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a case may go from this state to `next`. Staying is always allowed.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (_, Self::Retired)
                | (Self::Draft, Self::Draft | Self::Active)
                | (Self::Active, Self::Active | Self::Quarantined)
                | (Self::Quarantined, Self::Quarantined | Self::Active)
                | (Self::Retired, Self::Draft | Self::Active)
        )
    }
}

/// Why a case cannot be as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// Nothing is asserted.
    #[error("the case asserts nothing yet; add a `must`, a `must_not`, a reference answer, a tool or a bound first")]
    NoAssertion,
    /// The reference or a `must` is what the failed run answered.
    #[error(
        "this is what the failed run answered; a failure never becomes the expected answer: write what would have been \
         right, or put it under `must_not`"
    )]
    EnshrinesFailure {
        /// `reference` or `must[2]`.
        field: String,
    },
    /// Two assertions contradict each other.
    #[error("this is both required and forbidden; take one of the two out")]
    Contradiction {
        /// Where the second one stands.
        field: String,
    },
    /// A text is missing, too long or not needed.
    #[error("{message}")]
    Field {
        /// Where.
        field: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// The state cannot follow the present one.
    #[error("a case that is {from} cannot become {to}", from = from.as_str(), to = to.as_str())]
    Transition {
        /// The present state.
        from: CaseState,
        /// The wanted state.
        to: CaseState,
    },
}

impl CaseError {
    /// The field it is about; empty when it is about the case as a whole.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::NoAssertion => "assertions",
            Self::Transition { .. } => "state",
            Self::EnshrinesFailure { field } | Self::Contradiction { field } | Self::Field { field, .. } => field,
        }
    }

    pub(crate) fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field { field: field.into(), message: message.into() }
    }
}

/// Where a case comes from. It stays true when the run is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The run it was made from.
    pub run: RunId,
    /// The run's external id, masked like everything else that came from outside.
    pub external_id: String,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The workflow's name then.
    pub workflow: String,
    /// The release that failed.
    pub release_id: ReleaseId,
    /// The release's name then.
    pub release: String,
    /// Who promoted it.
    pub promoted_by: Actor,
    /// When.
    pub promoted_at: Timestamp,
    /// The SHA-256 of the snapshot's canonical bytes.
    pub snapshot_digest: Digest,
}

/// What an eval case is made of besides its title and state. Everything in it is masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// What the agent is given.
    pub input: Value,
    /// What the failed run gave back: evidence, never expected. `None` when the run carries no output.
    pub observed: Option<Value>,
    /// What must and must not hold.
    pub assertions: Assertions,
    /// Labels to find it by.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What was masked, at most [`limits::REDACTIONS_LISTED`] entries.
    pub redactions: Vec<Redaction>,
    /// How many things were masked.
    pub redacted: u64,
}

/// An eval case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvalCase {
    /// What it tests, in a line.
    pub title: String,
    /// Where it stands.
    pub state: CaseState,
    /// The kind of miss it guards against.
    pub failure_class: Option<String>,
    /// What it is made of.
    pub definition: Definition,
}

/// What a reviewer writes about a case. It is masked before it is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    /// The title.
    pub title: String,
    /// The kind of miss.
    pub failure_class: Option<String>,
    /// What must and must not hold.
    pub assertions: Assertions,
    /// Labels.
    pub tags: Vec<String>,
}

impl EvalCase {
    /// A new draft. `input` and `observed` must be masked already and come from the same run as the provenance;
    /// `writing` is masked here.
    ///
    /// # Errors
    /// [`CaseError`] when something is missing, too long, contradictory, or would make the failure the expected answer.
    pub fn draft(
        writing: &Writing,
        input: Value,
        observed: Option<Value>,
        provenance: Provenance,
        redactor: &mut Redactor,
    ) -> Result<Self, CaseError> {
        if input.is_null() {
            return Err(CaseError::at("input", "the run carries no input; write what the agent is given"));
        }
        let bytes = input.to_string().len();
        if bytes > limits::CASE_CONTENT_BYTES {
            let most = limits::CASE_CONTENT_BYTES;
            let message = format!("the input is {bytes} bytes long; at most {most} are accepted: give a shorter one");
            return Err(CaseError::at("input", message));
        }
        let assertions = writing.assertions.checked(observed.as_ref(), redactor)?;
        let observed = observed.map(content::clipped);
        Ok(Self {
            title: label("title", &writing.title, redactor)?,
            state: CaseState::Draft,
            failure_class: class(writing.failure_class.as_deref(), redactor)?,
            definition: Definition {
                input,
                observed,
                assertions,
                tags: tags(&writing.tags, redactor)?,
                provenance,
                redactions: redactor.redactions(),
                redacted: u64::try_from(redactor.count()).unwrap_or(u64::MAX),
            },
        })
    }

    /// Moves the case to another state.
    ///
    /// # Errors
    /// [`CaseError::NoAssertion`] when it would be tested and asserts nothing, [`CaseError::Transition`] when the state
    /// cannot follow the present one.
    pub fn move_to(&mut self, state: CaseState) -> Result<(), CaseError> {
        if !self.state.may_become(state) {
            return Err(CaseError::Transition { from: self.state, to: state });
        }
        let tested = matches!(state, CaseState::Active | CaseState::Quarantined);
        if tested && self.definition.assertions.is_empty() {
            return Err(CaseError::NoAssertion);
        }
        self.state = state;
        Ok(())
    }

    /// Replaces what a reviewer wrote: title, class, assertions and tags. What came from the run never changes.
    ///
    /// # Errors
    /// As [`EvalCase::draft`], and [`CaseError::NoAssertion`] when an active case would assert nothing.
    pub fn rewrite(&mut self, writing: &Writing, redactor: &mut Redactor) -> Result<(), CaseError> {
        let assertions = writing.assertions.checked(self.definition.observed.as_ref(), redactor)?;
        let tested = matches!(self.state, CaseState::Active | CaseState::Quarantined);
        if tested && assertions.is_empty() {
            return Err(CaseError::NoAssertion);
        }
        self.title = label("title", &writing.title, redactor)?;
        self.failure_class = class(writing.failure_class.as_deref(), redactor)?;
        self.definition.tags = tags(&writing.tags, redactor)?;
        self.definition.assertions = assertions;
        Ok(())
    }

    /// The case as it would be stored now: masked once more, by what is known to be secret today. What was masked before
    /// stays, and what is masked in addition is listed with it.
    ///
    /// # Errors
    /// When what is masked leaves no assertions that can be read, which it does not.
    pub fn masked_again(&self, redactor: &mut Redactor) -> Result<Self, serde_json::Error> {
        let before = &self.definition;
        let mut case = self.clone();
        case.title = redactor.text("title", &self.title);
        case.failure_class = self.failure_class.as_deref().map(|class| redactor.text("failure_class", class));
        let definition = &mut case.definition;
        definition.input = exact(redactor.value("input", &before.input));
        definition.observed = before.observed.as_ref().map(|observed| exact(redactor.value("observed", observed)));
        let assertions = redactor.figures("assertions", &serde_json::to_value(&before.assertions)?);
        definition.assertions = serde_json::from_value(assertions)?;
        definition.tags =
            before.tags.iter().enumerate().map(|(i, tag)| redactor.text(&format!("tags[{i}]"), tag)).collect();
        definition.provenance.external_id = redactor.text("external_id", &before.provenance.external_id);
        let listed = redactor.redactions();
        let mut known = redactor.clone_patterns();
        for redaction in &mut definition.redactions {
            redaction.after = known.text("redactions", &redaction.after);
            redaction.path = known.text("redactions", &redaction.path);
        }
        definition.redactions.extend(listed);
        definition.redactions.truncate(limits::REDACTIONS_LISTED);
        definition.redacted = before.redacted.saturating_add(u64::try_from(redactor.count()).unwrap_or(u64::MAX));
        Ok(case)
    }

    /// What this says differently from `before`, a line each, beginning with `+`, `-` or the name of what changed.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.title != before.title {
            lines.push(format!("title: {} → {}", before.title, self.title));
        }
        if self.failure_class != before.failure_class {
            let name = |class: &Option<String>| class.clone().unwrap_or_else(|| "none".to_owned());
            lines.push(format!("failure class: {} → {}", name(&before.failure_class), name(&self.failure_class)));
        }
        let (now, then) = (self.definition.assertions.lines(), before.definition.assertions.lines());
        let tag = |case: &Self| case.definition.tags.iter().map(|tag| format!("tag: {tag}")).collect::<Vec<_>>();
        for (now, then) in [(now, then), (tag(self), tag(before))] {
            lines.extend(then.iter().filter(|line| !now.contains(line)).map(|line| format!("- {line}")));
            lines.extend(now.iter().filter(|line| !then.contains(line)).map(|line| format!("+ {line}")));
        }
        if self.definition.input != before.definition.input {
            lines.push("input: masked anew".to_owned());
        }
        lines
    }

    /// What is equal for exact duplicates; see [`content_digest`].
    ///
    /// # Errors
    /// When the input has no canonical form.
    pub fn content_digest(&self) -> Result<Digest, CanonicalError> {
        content_digest(&self.definition.provenance.workflow, &self.definition.input)
    }
}

/// The digest of the canonical JSON of workflow and input: equal for cases that test the same.
///
/// # Errors
/// When the input has no canonical form; [`exact`] gives it one.
pub fn content_digest(workflow: &str, input: &Value) -> Result<Digest, CanonicalError> {
    Digest::of_document(&json!({ "workflow": workflow, "input": input }))
}

fn label(field: &str, text: &str, redactor: &mut Redactor) -> Result<String, CaseError> {
    let masked = redactor.text(field, text.trim());
    limits::label(&masked).ok_or_else(|| CaseError::at(field, "it is empty; give it a name"))
}

fn class(name: Option<&str>, redactor: &mut Redactor) -> Result<Option<String>, CaseError> {
    name.filter(|name| !name.trim().is_empty()).map(|name| label("failure_class", name, redactor)).transpose()
}

fn tags(tags: &[String], redactor: &mut Redactor) -> Result<Vec<String>, CaseError> {
    let mut clean: Vec<String> = Vec::new();
    for (i, tag) in tags.iter().enumerate().filter(|(_, tag)| !tag.trim().is_empty()) {
        let tag = label(&format!("tags[{i}]"), tag, redactor)?;
        if !clean.contains(&tag) {
            clean.push(tag);
        }
    }
    if clean.len() > limits::TAGS_PER_CASE {
        let message = format!("there are {} tags; at most {} are accepted", clean.len(), limits::TAGS_PER_CASE);
        return Err(CaseError::at("tags", message));
    }
    Ok(clean)
}
