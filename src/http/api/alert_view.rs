//! Alerts as the API shows them.

use std::collections::BTreeMap;

use seatrial_domain::alert::{AlertEvidence, AlertKind, AlertState};
use seatrial_domain::digest::Digest;
use seatrial_domain::drift::Finding;
use seatrial_domain::ids::{AlertId, GateId, ReleaseId, ResponseId, WorkflowId};
use seatrial_domain::response::ResponseKind;
use seatrial_domain::time::Timestamp;
use seatrial_store::alert::{AlertEvent, AlertRow};
use serde::Serialize;

use super::response::ResponseView;
use super::scorecard_view::ActorView;
use crate::app::alert::AlertDetail;
use crate::app::drift::{DriftPreview, WouldFire};

/// What is watched for in a live release, and where it stands.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AlertView {
    /// Its id.
    #[schema(value_type = String)]
    id: AlertId,
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// What is watched for.
    kind: AlertKind,
    /// Where it stands.
    state: AlertState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Why, in words with figures.
    text: String,
    /// The digest of the evidence it last fired on.
    #[schema(value_type = Option<String>)]
    evidence_digest: Option<Digest>,
    /// The gate whose evidence was frozen for it, of a regression.
    #[schema(value_type = Option<String>)]
    gate_id: Option<GateId>,
    /// The response it opened.
    #[schema(value_type = Option<String>)]
    response_id: Option<ResponseId>,
    /// What the machine recommends while it is raised. A person decides.
    recommended: Option<ResponseKind>,
}

impl From<AlertRow> for AlertView {
    fn from(row: AlertRow) -> Self {
        Self {
            id: row.id,
            workflow_id: row.workflow,
            release_id: row.release,
            kind: row.kind,
            state: row.state,
            since: row.since,
            text: row.text,
            evidence_digest: row.digest,
            gate_id: row.gate,
            response_id: row.response,
            recommended: row.kind.response().filter(|_| row.state.is_raised()),
        }
    }
}

/// Something that happened to an alert.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AlertEventView {
    /// Where it stands from then on.
    state: AlertState,
    /// Why, or what somebody said.
    text: String,
    /// Who moved it.
    by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When people were told; null while a quiet period lasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    told_at: Option<Timestamp>,
    /// The digest of the evidence, where it fired.
    #[schema(value_type = Option<String>)]
    evidence_digest: Option<Digest>,
}

impl From<AlertEvent> for AlertEventView {
    fn from(event: AlertEvent) -> Self {
        Self {
            state: event.state,
            text: event.text,
            by: event.by.into(),
            at: event.at,
            told_at: event.told_at,
            evidence_digest: event.digest,
        }
    }
}

/// An alert with its history, its evidence and what is done about it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AlertDetailView {
    /// The alert.
    #[serde(flatten)]
    alert: AlertView,
    /// What happened to it, latest first.
    history: Vec<AlertEventView>,
    /// What it last fired on, as it was frozen then.
    evidence: Option<AlertEvidence>,
    /// What is done about it, latest first.
    responses: Vec<ResponseView>,
}

impl From<AlertDetail> for AlertDetailView {
    fn from(detail: AlertDetail) -> Self {
        Self {
            alert: detail.row.into(),
            history: detail.events.into_iter().map(AlertEventView::from).collect(),
            evidence: detail.evidence,
            responses: detail.responses.into_iter().map(ResponseView::from).collect(),
        }
    }
}

/// An alert that would have fired.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct WouldFireView {
    /// What is watched for.
    kind: AlertKind,
    /// In which hour.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What had changed, the strongest first.
    findings: Vec<Finding>,
}

impl From<WouldFire> for WouldFireView {
    fn from(would: WouldFire) -> Self {
        Self { kind: would.kind, at: would.at, findings: would.findings }
    }
}

/// What settings would have done.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AlertPreviewView {
    /// From this hour on.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Up to this time.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// How many streams would have been watched, by kind: 0 is too little history.
    #[schema(value_type = BTreeMap<String, u64>)]
    streams: BTreeMap<AlertKind, u64>,
    /// Every time an alert would have fired, earliest first.
    fired: Vec<WouldFireView>,
}

impl From<DriftPreview> for AlertPreviewView {
    fn from(preview: DriftPreview) -> Self {
        Self {
            from: preview.from,
            to: preview.to,
            streams: preview.streams,
            fired: preview.fired.into_iter().map(WouldFireView::from).collect(),
        }
    }
}
