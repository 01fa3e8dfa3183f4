//! What a gate reads besides cells and blocks: units, and what became of failures.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use seatrial_domain::evidence::Learning;
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{ReleaseId, WorkflowId};

use crate::connection::Connection;
use crate::entity::{failure, run};
use crate::error::StoreError;
use crate::scope::Scope;

/// Whether any run of these releases names a unit, so that outcomes are counted by unit.
///
/// # Errors
/// When the database fails.
pub async fn units_known(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    releases: &[ReleaseId],
) -> Result<bool, StoreError> {
    let named: Option<String> = run::Entity::find()
        .select_only()
        .column(run::Column::Unit)
        .filter(run::Column::ProjectId.eq(scope.uuid()))
        .filter(run::Column::WorkflowId.eq(workflow.uuid()))
        .filter(run::Column::ReleaseId.is_in(releases.iter().map(|release| release.uuid())))
        .filter(run::Column::Unit.is_not_null())
        .limit(1)
        .into_tuple()
        .one(db.raw())
        .await?;
    Ok(named.is_some())
}

/// What became of a release's failures.
///
/// # Errors
/// When the database fails.
pub async fn learning(
    db: &impl Connection,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
) -> Result<Learning, StoreError> {
    let groups: Vec<(String, Option<String>, i64)> = failure::Entity::find()
        .select_only()
        .columns([failure::Column::Status, failure::Column::Severity])
        .column_as(failure::Column::RunId.count(), "failures")
        .filter(failure::Column::ProjectId.eq(scope.uuid()))
        .filter(failure::Column::WorkflowId.eq(workflow.uuid()))
        .filter(failure::Column::ReleaseId.eq(release.uuid()))
        .group_by(failure::Column::Status)
        .group_by(failure::Column::Severity)
        .into_tuple()
        .all(db.raw())
        .await?;
    let mut learning = Learning::default();
    for (status, severity, n) in groups {
        let n = u64::try_from(n).unwrap_or(0);
        let open = status == LearningStatus::Open.as_str();
        let critical = severity.as_deref() == Some(Severity::Critical.as_str());
        learning.failures += n;
        learning.learned += if open { 0 } else { n };
        learning.open_critical += if open && critical { n } else { 0 };
    }
    Ok(learning)
}
