//! Triage: what people decide and note about a failure, and how each act of theirs is taken back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::Actor;
use crate::failure::LearningStatus;
use crate::ids::{AccountId, CaseId};
use crate::limits;
use crate::time::Timestamp;

/// A kind of act on failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// It became an eval case.
    Promote,
    /// It was linked to a case that covers it.
    Link,
    /// It was dismissed with a reason.
    Dismiss,
    /// An earlier decision was taken back.
    Reopen,
    /// Failure class, failing step or note were written.
    Label,
    /// Somebody was asked to look at it.
    Assign,
}

impl ActKind {
    const ALL: [Self; 6] = [Self::Promote, Self::Link, Self::Dismiss, Self::Reopen, Self::Label, Self::Assign];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Link => "link",
            Self::Dismiss => "dismiss",
            Self::Reopen => "reopen",
            Self::Label => "label",
            Self::Assign => "assign",
        }
    }

    /// The kind of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Everything about a failure that people write: what was decided, who is asked, how it is labelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What was learned.
    pub status: LearningStatus,
    /// The case it became or is linked to.
    pub case: Option<CaseId>,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// Who decided.
    pub decided_by: Option<Actor>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Who is asked to look at it.
    pub assigned_to: Option<AccountId>,
    /// The failing span of its trace.
    pub span_id: Option<String>,
    /// The failing step: a tool, an agent or the name of a span.
    pub step: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// Who labelled it.
    pub labelled_by: Option<Actor>,
    /// When.
    pub labelled_at: Option<Timestamp>,
}

impl Standing {
    /// That of a failure nobody has looked at.
    #[must_use]
    pub const fn untouched() -> Self {
        Self {
            status: LearningStatus::Open,
            case: None,
            reason: None,
            decided_by: None,
            decided_at: None,
            assigned_to: None,
            span_id: None,
            step: None,
            note: None,
            labelled_by: None,
            labelled_at: None,
        }
    }

    /// This with a decision, which replaces an earlier one.
    #[must_use]
    pub fn decided(&self, status: LearningStatus, by: &Actor, at: Timestamp) -> Self {
        let open = status == LearningStatus::Open;
        Self {
            status,
            case: None,
            reason: None,
            decided_by: (!open).then(|| by.clone()),
            decided_at: (!open).then_some(at),
            ..self.clone()
        }
    }

    /// This with what `before` said of the parts that an act of this kind changes.
    #[must_use]
    pub fn restored(&self, kind: ActKind, before: &Self) -> Self {
        match kind {
            ActKind::Promote | ActKind::Link | ActKind::Dismiss | ActKind::Reopen => Self {
                status: before.status,
                case: before.case,
                reason: before.reason.clone(),
                decided_by: before.decided_by.clone(),
                decided_at: before.decided_at,
                ..self.clone()
            },
            ActKind::Assign => Self { assigned_to: before.assigned_to, ..self.clone() },
            ActKind::Label => Self {
                span_id: before.span_id.clone(),
                step: before.step.clone(),
                note: before.note.clone(),
                labelled_by: before.labelled_by.clone(),
                labelled_at: before.labelled_at,
                ..self.clone()
            },
        }
    }
}

impl Standing {
    /// The parts that an act of this kind changes, for the audit log.
    #[must_use]
    pub fn part(&self, kind: ActKind, failure_class: Option<&str>) -> Value {
        match kind {
            ActKind::Promote | ActKind::Link | ActKind::Dismiss | ActKind::Reopen => {
                json!({"status": self.status, "case": self.case, "reason": self.reason})
            }
            ActKind::Assign => json!({"assigned_to": self.assigned_to}),
            ActKind::Label => json!({
                "failure_class": failure_class, "step": self.step, "span_id": self.span_id, "note": self.note,
            }),
        }
    }
}

/// What a reviewer says about a failure. What is absent stays as it is; an empty text takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The kind of miss, of the project's taxonomy.
    pub failure_class: Option<String>,
    /// The failing span of the trace: 16 hexadecimal digits.
    pub span_id: Option<String>,
    /// The failing step by name, where there is no trace.
    pub step: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

impl Label {
    /// What is wrong with it: the field and the reason.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut at_most = |field, text: &Option<String>, most: usize| {
            if let Some(text) = text.as_ref().filter(|text| text.len() > most) {
                found.push((field, format!("it is {} bytes long; at most {most} are accepted", text.len())));
            }
        };
        at_most("failure_class", &self.failure_class, limits::LABEL_BYTES);
        at_most("step", &self.step, limits::LABEL_BYTES);
        at_most("note", &self.note, limits::NOTE_BYTES);
        if self.span_id.as_ref().is_some_and(|id| !id.is_empty() && !is_span_id(id)) {
            found.push(("span_id", "is not the id of a span: 16 hexadecimal digits".to_owned()));
        }
        let nothing = [&self.failure_class, &self.span_id, &self.step, &self.note].iter().all(|part| part.is_none());
        if nothing {
            found.push(("", "say at least one of failure_class, span_id, step and note".to_owned()));
        }
        found
    }
}

fn is_span_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
