//! Acts on failures as the API shows them.

use seatrial_domain::ids::{ActId, RunId};
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::ActKind;
use seatrial_store::triage_act::ActRow;
use serde::Serialize;

use super::failure_view::{ActorView, FailureView};
use crate::app::names::Names;
use crate::app::triage::Acted;

/// Something that was done with a failure.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ActView {
    /// By which it is taken back; other failures may share it.
    #[schema(value_type = String)]
    id: ActId,
    /// What was done.
    kind: ActKind,
    /// By whom.
    by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    undone_at: Option<Timestamp>,
}

impl ActView {
    /// An act.
    #[must_use]
    pub fn new(row: ActRow) -> Self {
        Self { id: row.id, kind: row.kind, by: row.by.into(), at: row.at, undone_at: row.undone_at }
    }
}

/// A failure with which something could not be done.
#[derive(Serialize, utoipa::ToSchema)]
struct RefusedView {
    /// The run.
    #[schema(value_type = String)]
    run_id: RunId,
    /// The stable code of the reason, such as `already_decided`.
    code: &'static str,
    /// The reason, and what to do.
    detail: String,
}

/// What became of an act on many failures.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ActedView {
    /// By which the act is taken back; absent when nothing changed.
    #[schema(value_type = Option<String>)]
    act: Option<ActId>,
    /// The failures that changed, as they are now.
    changed: Vec<FailureView>,
    /// How many were like that already.
    unchanged: u64,
    /// Those it was not done with, and why.
    refused: Vec<RefusedView>,
    /// Whether the group has more than one act takes: send the same again.
    more: bool,
}

impl ActedView {
    /// What became of an act, with the names of what the failures belong to.
    #[must_use]
    pub fn new(acted: Acted, names: &Names, now: Timestamp) -> Self {
        Self {
            act: acted.act,
            changed: acted.changed.into_iter().map(|row| FailureView::new(row, names, now)).collect(),
            unchanged: acted.unchanged,
            refused: acted
                .refused
                .into_iter()
                .map(|(run_id, error)| RefusedView { run_id, code: error.code(), detail: error.to_string() })
                .collect(),
            more: acted.more,
        }
    }
}
