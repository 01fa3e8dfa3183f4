//! Segment dimensions: by what the runs of a workflow are told apart.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::limits;

use crate::connection::Connection;
use crate::entity::segment_value;
use crate::error::StoreError;
use crate::scope::Scope;

/// The dimensions that runs of the workflow carry, by name; at most `limits::SEGMENTS_PER_RUN`.
///
/// # Errors
/// When the database fails.
pub async fn dimensions(db: &impl Connection, scope: Scope, workflow: WorkflowId) -> Result<Vec<String>, StoreError> {
    let names = segment_value::Entity::find()
        .select_only()
        .column(segment_value::Column::Dimension)
        .distinct()
        .filter(segment_value::Column::ProjectId.eq(scope.uuid()))
        .filter(segment_value::Column::WorkflowId.eq(workflow.uuid()))
        .order_by_asc(segment_value::Column::Dimension)
        .limit(limits::SEGMENTS_PER_RUN as u64)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(names)
}
