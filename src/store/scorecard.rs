//! Scorecards: the current one of each workflow, and every version of it.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{ProjectId, ScorecardId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::owner::Owner;
use seatrial_domain::scorecard::{FreshnessState, Scorecard};
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::{scorecard, scorecard_version};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};
use crate::workflow::owner_uuid;

pub use seatrial_domain::scorecard::Definition;

/// The current scorecard of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct ScorecardRow {
    /// Its id, the same for all versions.
    pub id: ScorecardId,
    /// The workflow it belongs to.
    pub workflow: WorkflowId,
    /// The version, from 1.
    pub version: u32,
    /// What it says.
    pub definition: Definition,
    /// When it was last attested.
    pub attested_at: Option<Timestamp>,
    /// The state that was last recorded and told about; what it is now is judged anew.
    pub freshness: FreshnessState,
    /// Since when it is in that state.
    pub freshness_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its current version was written.
    pub updated_at: Timestamp,
}

impl ScorecardRow {
    /// The scorecard with the owners as they are now.
    #[must_use]
    pub fn scorecard(&self, owner: Option<Owner>, backup: Option<Owner>) -> Scorecard {
        let definition = self.definition.clone();
        Scorecard {
            id: self.id,
            name: definition.name,
            version: self.version,
            workflow: self.workflow,
            owner,
            backup,
            cadence_days: definition.cadence_days,
            checks: definition.checks,
            dimensions: definition.dimensions,
            required_segments: definition.required_segments,
        }
    }

    fn from_model(row: scorecard::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ScorecardId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            version: stored_version(row.version)?,
            definition: read_definition(&row.definition_json)?,
            attested_at: row.attested_at.map(Timestamp::from_micros),
            freshness: read_state(&row.freshness)?,
            freshness_at: Timestamp::from_micros(row.freshness_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

/// One version of a scorecard, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// The version, from 1.
    pub version: u32,
    /// What it says.
    pub definition: Definition,
    /// Who wrote it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
}

pub(crate) fn stored_version(version: i64) -> Result<u32, StoreError> {
    u32::try_from(version).map_err(|error| StoreError::corrupt("scorecard's version", error))
}

fn read_definition(json: &str) -> Result<Definition, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::corrupt("scorecard", error))
}

fn definition_json(definition: &Definition) -> Result<String, StoreError> {
    serde_json::to_string(definition).map_err(|error| StoreError::corrupt("scorecard", error))
}

fn read_state(name: &str) -> Result<FreshnessState, StoreError> {
    [FreshnessState::Fresh, FreshnessState::Due, FreshnessState::Stale, FreshnessState::Unowned]
        .into_iter()
        .find(|state| state.as_str() == name)
        .ok_or_else(|| StoreError::corrupt("scorecard's state", "its name is not known"))
}

/// The scorecard of a workflow.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_workflow(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
) -> Result<Option<ScorecardRow>, StoreError> {
    let query = scorecard::Entity::find()
        .filter(scorecard::Column::ProjectId.eq(scope.uuid()))
        .filter(scorecard::Column::WorkflowId.eq(workflow.uuid()));
    query.one(db.raw()).await?.map(ScorecardRow::from_model).transpose()
}

/// A scorecard by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn by_id(db: &impl Connection, scope: Scope, id: ScorecardId) -> Result<Option<ScorecardRow>, StoreError> {
    let query = scorecard::Entity::find_by_id(id.uuid()).filter(scorecard::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(ScorecardRow::from_model).transpose()
}

/// The scorecards of the project in the order they were made, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(db: &impl Connection, scope: Scope) -> Result<Vec<ScorecardRow>, StoreError> {
    let rows = scorecard::Entity::find()
        .filter(scorecard::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(scorecard::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(ScorecardRow::from_model).collect()
}

/// Up to `limit` scorecards of all projects by id, after `after`: for the background work, which serves every project.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_all_projects(
    db: &impl Connection,
    after: Option<ScorecardId>,
    limit: u64,
) -> Result<Vec<(Scope, ScorecardRow)>, StoreError> {
    let mut query = scorecard::Entity::find();
    if let Some(after) = after {
        query = query.filter(scorecard::Column::Id.gt(after.uuid()));
    }
    let rows = query.order_by_asc(scorecard::Column::Id).limit(limit).all(db.raw()).await?;
    let rows = rows.into_iter().map(|row| {
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        ScorecardRow::from_model(row).map(|row| (scope, row))
    });
    rows.collect()
}

/// Makes the first version of a workflow's scorecard.
///
/// # Errors
/// [`StoreError::Duplicate`] when the workflow has a scorecard, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &ScorecardRow, created_by: &Actor) -> Result<(), StoreError> {
    let model = scorecard::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        workflow_id: row.workflow.uuid(),
        version: i64::from(row.version),
        owner_id: row.definition.owner.map(owner_uuid),
        backup_id: row.definition.backup.map(owner_uuid),
        definition_json: definition_json(&row.definition)?,
        attested_at: row.attested_at.map(Timestamp::micros),
        freshness: row.freshness.as_str().to_owned(),
        freshness_at: row.freshness_at.micros(),
        created_at: row.created_at.micros(),
        updated_at: row.updated_at.micros(),
    };
    scorecard::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    insert_version(tx, scope, row, created_by).await
}

async fn insert_version(tx: &WriteTx, scope: Scope, row: &ScorecardRow, created_by: &Actor) -> Result<(), StoreError> {
    let model = scorecard_version::Model {
        scorecard_id: row.id.uuid(),
        version: i64::from(row.version),
        project_id: scope.uuid(),
        definition_json: definition_json(&row.definition)?,
        created_by: actor::write(created_by)?,
        created_at: row.updated_at.micros(),
    };
    scorecard_version::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Writes `row` as the next version, provided that the stored one is the version before it. Returns whether it was;
/// when it was not, nothing is changed.
///
/// # Errors
/// When the database fails.
pub async fn put_version(
    tx: &WriteTx,
    scope: Scope,
    row: &ScorecardRow,
    created_by: &Actor,
) -> Result<bool, StoreError> {
    let updated = scorecard::Entity::update_many()
        .col_expr(scorecard::Column::Version, Expr::value(i64::from(row.version)))
        .col_expr(scorecard::Column::OwnerId, Expr::value(row.definition.owner.map(owner_uuid)))
        .col_expr(scorecard::Column::BackupId, Expr::value(row.definition.backup.map(owner_uuid)))
        .col_expr(scorecard::Column::DefinitionJson, Expr::value(definition_json(&row.definition)?))
        .col_expr(scorecard::Column::UpdatedAt, Expr::value(row.updated_at.micros()))
        .filter(scorecard::Column::ProjectId.eq(scope.uuid()))
        .filter(scorecard::Column::Id.eq(row.id.uuid()))
        .filter(scorecard::Column::Version.eq(i64::from(row.version) - 1))
        .exec(tx.raw())
        .await?;
    if updated.rows_affected == 0 {
        return Ok(false);
    }
    insert_version(tx, scope, row, created_by).await?;
    Ok(true)
}

/// Every version of a scorecard, latest first. The cursor's key is the version.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn versions(
    db: &impl Connection,
    scope: Scope,
    id: ScorecardId,
    page: Page,
) -> Result<(Vec<VersionRow>, Option<Cursor>), StoreError> {
    let mut query = scorecard_version::Entity::find()
        .filter(scorecard_version::Column::ProjectId.eq(scope.uuid()))
        .filter(scorecard_version::Column::ScorecardId.eq(id.uuid()));
    if let Some(after) = page.after {
        query = query.filter(scorecard_version::Column::Version.lt(after.key));
    }
    let rows = query.order_by_desc(scorecard_version::Column::Version).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(read_version).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(page.split(rows, |row| Cursor { key: i64::from(row.version), id: id.uuid() }))
}

/// One version of a scorecard.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn version(
    db: &impl Connection,
    scope: Scope,
    id: ScorecardId,
    version: u32,
) -> Result<Option<VersionRow>, StoreError> {
    let query = scorecard_version::Entity::find()
        .filter(scorecard_version::Column::ProjectId.eq(scope.uuid()))
        .filter(scorecard_version::Column::ScorecardId.eq(id.uuid()))
        .filter(scorecard_version::Column::Version.eq(i64::from(version)));
    query.one(db.raw()).await?.map(read_version).transpose()
}

fn read_version(row: scorecard_version::Model) -> Result<VersionRow, StoreError> {
    Ok(VersionRow {
        version: stored_version(row.version)?,
        definition: read_definition(&row.definition_json)?,
        created_by: actor::read(&row.created_by)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

/// Records that a scorecard is in `state` since `at`, provided that nothing about it changed since `before` was read.
/// Returns whether nothing had; when something had, nothing is recorded and it is to be judged anew.
///
/// # Errors
/// When the database fails.
pub async fn record_freshness(
    tx: &WriteTx,
    scope: Scope,
    before: &ScorecardRow,
    state: FreshnessState,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let unchanged = match before.attested_at {
        Some(attested) => scorecard::Column::AttestedAt.eq(attested.micros()),
        None => scorecard::Column::AttestedAt.is_null(),
    };
    let updated = scorecard::Entity::update_many()
        .col_expr(scorecard::Column::Freshness, Expr::value(state.as_str()))
        .col_expr(scorecard::Column::FreshnessAt, Expr::value(at.micros()))
        .filter(scorecard::Column::ProjectId.eq(scope.uuid()))
        .filter(scorecard::Column::Id.eq(before.id.uuid()))
        .filter(scorecard::Column::Version.eq(i64::from(before.version)))
        .filter(scorecard::Column::Freshness.eq(before.freshness.as_str()))
        .filter(scorecard::Column::FreshnessAt.eq(before.freshness_at.micros()))
        .filter(unchanged)
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}
