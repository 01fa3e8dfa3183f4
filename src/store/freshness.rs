//! What a scorecard's freshness is judged from: failures nobody has learned from, and the classes that cases cover.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::time::Timestamp;

use crate::connection::Connection;
use crate::entity::{case, failure};
use crate::error::StoreError;
use crate::scope::Scope;

/// The state of an eval case that is tested on every release.
const ACTIVE_CASE: &str = "active";

/// Open failures of a workflow that occurred after `since`, by failure class, each with its first; those without a class
/// are under `None`.
///
/// # Errors
/// When the database fails.
pub async fn open_failures(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    since: Timestamp,
) -> Result<Vec<(Option<String>, u64, Timestamp)>, StoreError> {
    let rows: Vec<(Option<String>, i64, i64)> = failure::Entity::find()
        .select_only()
        .column(failure::Column::FailureClass)
        .column_as(failure::Column::RunId.count(), "failures")
        .column_as(failure::Column::OccurredAt.min(), "first")
        .filter(failure::Column::ProjectId.eq(scope.uuid()))
        .filter(failure::Column::WorkflowId.eq(workflow.uuid()))
        .filter(failure::Column::Status.eq(LearningStatus::Open.as_str()))
        .filter(failure::Column::OccurredAt.gt(since.micros()))
        .group_by(failure::Column::FailureClass)
        .into_tuple()
        .all(db.raw())
        .await?;
    let group = |(class, n, first)| (class, u64::try_from(n).unwrap_or_default(), Timestamp::from_micros(first));
    Ok(rows.into_iter().map(group).collect())
}

/// The failure classes of a workflow that an active eval case tests.
///
/// # Errors
/// When the database fails.
pub async fn covered_classes(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
) -> Result<BTreeSet<String>, StoreError> {
    let classes: Vec<String> = case::Entity::find()
        .select_only()
        .column(case::Column::FailureClass)
        .filter(case::Column::ProjectId.eq(scope.uuid()))
        .filter(case::Column::WorkflowId.eq(workflow.uuid()))
        .filter(case::Column::State.eq(ACTIVE_CASE))
        .filter(case::Column::FailureClass.is_not_null())
        .distinct()
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(classes.into_iter().collect())
}
