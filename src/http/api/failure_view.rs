//! Failures as the API shows them.

use seatrial_domain::access::{Actor, ActorKind};
use seatrial_domain::case::CaseState;
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{AccountId, CaseId, PatternId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::redact::{Masking, SecretKind};
use seatrial_domain::run::Outcome;
use seatrial_domain::time::Timestamp;
use seatrial_store::failure::{FailureCount, FailureRow, Person};
use serde::Serialize;

use crate::app::failure::{CasePreview, Nearness};
use crate::app::names::Names;

/// Who did something.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ActorView {
    /// `account`, `api_key` or `system`.
    #[schema(value_type = String)]
    pub kind: ActorKind,
    /// The account's or key's id.
    pub id: String,
    /// Its name at the time.
    pub name: String,
}

impl From<Actor> for ActorView {
    fn from(actor: Actor) -> Self {
        Self { kind: actor.kind, id: actor.id, name: actor.display_name }
    }
}

/// A member.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PersonView {
    /// The account.
    #[schema(value_type = String)]
    pub account_id: AccountId,
    /// Their name.
    pub name: String,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self { account_id: person.account, name: person.name }
    }
}

/// A failure that somebody works on.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ReservationView {
    /// Who.
    pub by: PersonView,
    /// Until when, unless they ask for longer.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// A failed run and what was learned from it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FailureView {
    /// The run.
    #[schema(value_type = String)]
    pub run_id: RunId,
    /// The sender's own id of the run.
    pub external_id: String,
    /// The workflow.
    #[schema(value_type = String)]
    pub workflow_id: WorkflowId,
    /// The workflow's name.
    pub workflow: String,
    /// The release.
    #[schema(value_type = String)]
    pub release_id: ReleaseId,
    /// The release's name.
    pub release: String,
    /// How the run ended; `success` when a person had to redo it, or when it carries a class all the same.
    pub outcome: Outcome,
    /// Whether a person redid the work.
    pub rescued: bool,
    /// Whether the run counts as a failure still: a late fact may have said otherwise after somebody decided.
    pub still_failed: bool,
    /// The kind of miss.
    pub failure_class: Option<String>,
    /// How bad that kind is.
    pub severity: Option<Severity>,
    /// When the run began.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// What was learned.
    pub status: LearningStatus,
    /// The case it became or is linked to.
    #[schema(value_type = Option<String>)]
    pub case_id: Option<CaseId>,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// Who decided.
    pub decided_by: Option<ActorView>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// Who is asked to look at it.
    pub assigned_to: Option<PersonView>,
    /// Who works on it now; others may not decide about it until then.
    pub reserved: Option<ReservationView>,
    /// The failing span of the run's trace.
    pub span_id: Option<String>,
    /// The failing step: a tool, an agent, or the name of the span.
    pub step: Option<String>,
    /// A reviewer's remark.
    pub note: Option<String>,
    /// Who labelled it.
    pub labelled_by: Option<ActorView>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub labelled_at: Option<Timestamp>,
    /// The failure pattern it belongs to; absent until it was grouped in the background.
    #[schema(value_type = Option<String>)]
    pub pattern_id: Option<PatternId>,
}

impl FailureView {
    /// A failure with the names of what it belongs to.
    #[must_use]
    pub fn new(row: FailureRow, names: &Names, now: Timestamp) -> Self {
        let reserved = row
            .reserved(now)
            .cloned()
            .map(|reservation| ReservationView { by: reservation.by.into(), until: reservation.until });
        let standing = row.standing;
        Self {
            run_id: row.run,
            external_id: row.external_id,
            workflow: names.workflow_name(row.workflow),
            workflow_id: row.workflow,
            release: names.release_name(row.release),
            release_id: row.release,
            outcome: row.outcome,
            rescued: row.rescued,
            still_failed: row.still_failed,
            failure_class: row.failure_class,
            severity: row.severity,
            occurred_at: row.occurred_at,
            status: standing.status,
            case_id: standing.case,
            reason: standing.reason,
            decided_by: standing.decided_by.map(ActorView::from),
            decided_at: standing.decided_at,
            assigned_to: row.assignee.map(PersonView::from),
            reserved,
            span_id: standing.span_id,
            step: standing.step,
            note: standing.note,
            labelled_by: standing.labelled_by.map(ActorView::from),
            labelled_at: standing.labelled_at,
            pattern_id: row.pattern,
        }
    }
}

/// Failures of one class on one release.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FailureCountView {
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The workflow's name.
    workflow: String,
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// The kind of miss; absent where nobody named one.
    failure_class: Option<String>,
    /// How bad that kind is.
    severity: Option<Severity>,
    /// Not looked at yet.
    open: u64,
    /// Became an eval case.
    promoted: u64,
    /// Covered by a case that was there.
    linked: u64,
    /// Nothing to learn, with a reason.
    dismissed: u64,
    /// The latest start of such a run.
    #[schema(value_type = String, format = DateTime)]
    latest_at: Timestamp,
}

impl FailureCountView {
    /// A group with the names of what it belongs to.
    #[must_use]
    pub fn new(count: FailureCount, names: &Names) -> Self {
        Self {
            workflow: names.workflow_name(count.workflow),
            workflow_id: count.workflow,
            release: names.release_name(count.release),
            release_id: count.release,
            failure_class: count.failure_class,
            severity: count.severity,
            open: count.open,
            promoted: count.promoted,
            linked: count.linked,
            dismissed: count.dismissed,
            latest_at: count.latest_at,
        }
    }
}

/// Something that would be masked.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MaskingView {
    /// Where: a path such as `input.customer.notes`.
    path: String,
    /// What kind of thing it is.
    kind: SecretKind,
    /// The words around it in the run.
    before: String,
    /// The words around it as they would be stored.
    after: String,
}

impl From<Masking> for MaskingView {
    fn from(masking: Masking) -> Self {
        Self {
            path: masking.redaction.path,
            kind: masking.redaction.kind,
            before: masking.before,
            after: masking.redaction.after,
        }
    }
}

/// An existing case that may cover the failure.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NearCaseView {
    /// The case.
    #[schema(value_type = String)]
    id: CaseId,
    /// Its title.
    title: String,
    /// Where it stands.
    state: CaseState,
    /// `same_input`, `similar_input` or `same_class`.
    why: &'static str,
    /// How alike the inputs are, in percent, where that is why.
    likeness_percent: Option<u8>,
}

/// What would be stored if the failure were promoted now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CasePreviewView {
    /// The failure.
    failure: FailureView,
    /// A title made from the input.
    suggested_title: String,
    /// The masked input; absent when the run carries none, then it has to be written.
    #[schema(value_type = Option<Object>)]
    input: Option<serde_json::Value>,
    /// What the run gave back, masked: kept as observed, never expected.
    #[schema(value_type = Option<Object>)]
    observed: Option<serde_json::Value>,
    /// What would be masked; the first 200.
    redactions: Vec<MaskingView>,
    /// How many things would be masked.
    redacted: usize,
    /// Cases that may cover it already, the nearest first.
    nearest: Vec<NearCaseView>,
}

impl CasePreviewView {
    /// A preview with the names of what it belongs to.
    #[must_use]
    pub fn new(preview: CasePreview, names: &Names, now: Timestamp) -> Self {
        let maskings = preview.maskings.into_iter().map(MaskingView::from);
        let nearest = preview.nearest.into_iter().map(|near| NearCaseView {
            id: near.case.id,
            title: near.case.case.title,
            state: near.case.case.state,
            why: match near.why {
                Nearness::SameInput => "same_input",
                Nearness::Alike(_) => "similar_input",
                Nearness::SameClass => "same_class",
            },
            likeness_percent: match near.why {
                Nearness::Alike(percent) => Some(percent),
                _ => None,
            },
        });
        Self {
            failure: FailureView::new(preview.failure, names, now),
            suggested_title: preview.suggested_title,
            input: preview.input,
            observed: preview.observed,
            redactions: maskings.collect(),
            redacted: preview.masked,
            nearest: nearest.collect(),
        }
    }
}
