//! Eval cases as the API shows them.

use seatrial_domain::case::{Assertions, CaseState, Provenance};
use seatrial_domain::ids::{CaseId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::redact::Redaction;
use seatrial_domain::time::Timestamp;
use seatrial_store::case::CaseRow;
use seatrial_store::case_version::VersionRow;
use serde::Serialize;

use super::failure_view::{ActorView, FailureView};

/// A case as a list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CaseItem {
    /// Its id.
    #[schema(value_type = String)]
    pub id: CaseId,
    /// Its version, from 1: rewriting makes the next one.
    pub version: u32,
    /// What it tests, in a line.
    pub title: String,
    /// Where it stands.
    pub state: CaseState,
    /// The workflow it tests.
    #[schema(value_type = String)]
    pub workflow_id: WorkflowId,
    /// The workflow's name when the case was made.
    pub workflow: String,
    /// The kind of miss it guards against.
    pub failure_class: Option<String>,
    /// How many things it asserts.
    pub assertion_count: usize,
    /// How many failures became it or are linked to it.
    pub failure_count: u64,
    /// Labels.
    pub tags: Vec<String>,
    /// Who made it.
    pub created_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl CaseItem {
    /// A case as a list shows it.
    #[must_use]
    pub fn new(row: &CaseRow) -> Self {
        let definition = &row.case.definition;
        Self {
            id: row.id,
            version: row.version,
            title: row.case.title.clone(),
            state: row.case.state,
            workflow_id: row.workflow,
            workflow: definition.provenance.workflow.clone(),
            failure_class: row.case.failure_class.clone(),
            assertion_count: definition.assertions.count(),
            failure_count: row.failures,
            tags: definition.tags.clone(),
            created_by: row.created_by.clone().into(),
            created_at: row.created_at,
        }
    }
}

/// Where a case comes from. It stays true when the run is gone.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProvenanceView {
    /// The run it was made from, which may have been deleted since.
    #[schema(value_type = String)]
    run_id: RunId,
    /// The sender's own id of the run, masked.
    external_id: String,
    /// The workflow's name then.
    workflow: String,
    /// The release that failed.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name then.
    release: String,
    /// Who promoted it.
    promoted_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    promoted_at: Timestamp,
    /// The SHA-256 of the snapshot's bytes, as `GET …/snapshot` returns them.
    snapshot_digest: String,
}

impl From<Provenance> for ProvenanceView {
    fn from(provenance: Provenance) -> Self {
        Self {
            run_id: provenance.run,
            external_id: provenance.external_id,
            workflow: provenance.workflow,
            release_id: provenance.release_id,
            release: provenance.release,
            promoted_by: provenance.promoted_by.into(),
            promoted_at: provenance.promoted_at,
            snapshot_digest: provenance.snapshot_digest.to_string(),
        }
    }
}

/// A case with everything in it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CaseDetail {
    /// What a list shows of it.
    #[serde(flatten)]
    pub item: CaseItem,
    /// What the agent is given.
    #[schema(value_type = Object)]
    pub input: serde_json::Value,
    /// What the failed run gave back: evidence, never expected. Absent when the run carried no output.
    #[schema(value_type = Option<Object>)]
    pub observed: Option<serde_json::Value>,
    /// What must and must not hold.
    pub assertions: Assertions,
    /// Where it comes from.
    pub provenance: ProvenanceView,
    /// What was masked before it was stored; the first 200.
    pub redactions: Vec<Redaction>,
    /// How many things were masked.
    pub redacted: u64,
    /// Equal for cases with the same input of the same workflow.
    pub content_digest: String,
    /// Failures that became it or are linked to it, latest first, at most 50.
    pub failures: Vec<FailureView>,
}

impl CaseDetail {
    /// A case with its failures.
    #[must_use]
    pub fn new(row: CaseRow, failures: Vec<FailureView>) -> Self {
        let item = CaseItem::new(&row);
        let definition = row.case.definition;
        Self {
            item,
            input: definition.input,
            observed: definition.observed,
            assertions: definition.assertions,
            provenance: definition.provenance.into(),
            redactions: definition.redactions,
            redacted: definition.redacted,
            content_digest: row.content_digest.to_string(),
            failures,
        }
    }
}

/// A version of a case.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CaseVersionView {
    /// Its number, from 1.
    version: u32,
    /// What the case said in a line.
    title: String,
    /// The kind of miss it guarded against.
    failure_class: Option<String>,
    /// What had to hold.
    assertions: Assertions,
    /// Labels.
    tags: Vec<String>,
    /// Why it was written.
    note: String,
    /// What changed since the version before it, a line each; empty for the first.
    changes: Vec<String>,
    /// Who wrote it.
    created_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl CaseVersionView {
    /// Versions, the latest first.
    #[must_use]
    pub fn list(rows: Vec<VersionRow>) -> Vec<Self> {
        let changes: Vec<Vec<String>> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| rows.get(at + 1).map(|before| row.changes_since(before)).unwrap_or_default())
            .collect();
        let shown = |(row, changes): (VersionRow, Vec<String>)| Self {
            version: row.version,
            title: row.title,
            failure_class: row.failure_class,
            assertions: row.definition.assertions,
            tags: row.definition.tags,
            note: row.note,
            changes,
            created_by: row.by.into(),
            created_at: row.at,
        };
        rows.into_iter().zip(changes).map(shown).collect()
    }
}
