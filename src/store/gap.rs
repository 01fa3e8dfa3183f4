//! Gaps: what the rules found missing from the evidence of a release, who has it, and what was done about it.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::gap::{GapState, NextStepKind};
use seatrial_domain::ids::{GapId, ProjectId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::gap;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};
use crate::{actor, owner};

/// A gap that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct GapRow {
    /// Its id.
    pub id: GapId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release whose evidence it is missing from.
    pub release: ReleaseId,
    /// What is missing: `kind` or `kind:subject`.
    pub key: String,
    /// In words, with its figures.
    pub text: String,
    /// The kind of step that closes it.
    pub next_step: NextStepKind,
    /// Exactly what to do.
    pub todo: String,
    /// Where it stands.
    pub state: GapState,
    /// When the rule found it first, or again after it was closed.
    pub found_at: Timestamp,
    /// When the rule last looked and found it.
    pub seen_at: Timestamp,
    /// Who has it.
    pub owner: Option<OwnerId>,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// Who gave it to them.
    pub assigned_by: Option<Actor>,
    /// Since when they have it.
    pub assigned_at: Option<Timestamp>,
    /// Who closed it; Seatrial, when the rule no longer found it.
    pub closed_by: Option<Actor>,
    /// When.
    pub closed_at: Option<Timestamp>,
    /// What was done.
    pub done: Option<String>,
}

impl GapRow {
    fn from_model(row: gap::Model) -> Result<Self, StoreError> {
        let corrupt = |part: &'static str| StoreError::corrupt("gap", part);
        Ok(Self {
            id: GapId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            key: row.gap,
            text: row.body,
            next_step: NextStepKind::parse(&row.next_step).ok_or_else(|| corrupt("its next step is not known"))?,
            todo: row.todo,
            state: GapState::parse(&row.state).ok_or_else(|| corrupt("its state is not known"))?,
            found_at: Timestamp::from_micros(row.found_at),
            seen_at: Timestamp::from_micros(row.seen_at),
            owner: owner::read(row.owner.as_deref())?,
            due_at: row.due_at.map(Timestamp::from_micros),
            assigned_by: row.assigned_by_json.as_deref().map(actor::read).transpose()?,
            assigned_at: row.assigned_at.map(Timestamp::from_micros),
            closed_by: row.closed_by_json.as_deref().map(actor::read).transpose()?,
            closed_at: row.closed_at.map(Timestamp::from_micros),
            done: row.done,
        })
    }

    fn to_model(&self, scope: Scope) -> Result<gap::Model, StoreError> {
        Ok(gap::Model {
            id: self.id.uuid(),
            project_id: scope.uuid(),
            workflow_id: self.workflow.uuid(),
            release_id: self.release.uuid(),
            gap: self.key.clone(),
            body: self.text.clone(),
            next_step: self.next_step.as_str().to_owned(),
            todo: self.todo.clone(),
            state: self.state.as_str().to_owned(),
            found_at: self.found_at.micros(),
            seen_at: self.seen_at.micros(),
            owner: self.owner.map(|owner| owner.to_string()),
            due_at: self.due_at.map(Timestamp::micros),
            assigned_by_json: self.assigned_by.as_ref().map(actor::write).transpose()?,
            assigned_at: self.assigned_at.map(Timestamp::micros),
            closed_by_json: self.closed_by.as_ref().map(actor::write).transpose()?,
            closed_at: self.closed_at.map(Timestamp::micros),
            done: self.done.clone(),
        })
    }
}

/// Which gaps are wanted.
#[derive(Clone, Debug, Default)]
pub struct GapFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
    /// In this state.
    pub state: Option<GapState>,
    /// Of one of these owners.
    pub owners: Option<Vec<OwnerId>>,
}

/// The gaps of a project, those found first last.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &GapFilter,
    page: Page,
) -> Result<(Vec<GapRow>, Option<Cursor>), StoreError> {
    let mut query = gap::Entity::find().filter(gap::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = filter.workflow {
        query = query.filter(gap::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(gap::Column::ReleaseId.eq(release.uuid()));
    }
    if let Some(state) = filter.state {
        query = query.filter(gap::Column::State.eq(state.as_str()));
    }
    if let Some(owners) = &filter.owners {
        query = query.filter(gap::Column::Owner.is_in(owners.iter().map(ToString::to_string)));
    }
    if let Some(after) = page.after {
        query = query.filter(gap::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(gap::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(GapRow::from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: 0, id: row.id.uuid() }))
}

/// The gaps of a release by key, closed ones included.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_release(
    db: &impl Connection,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
) -> Result<BTreeMap<String, GapRow>, StoreError> {
    let rows = gap::Entity::find()
        .filter(gap::Column::ProjectId.eq(scope.uuid()))
        .filter(gap::Column::WorkflowId.eq(workflow.uuid()))
        .filter(gap::Column::ReleaseId.eq(release.uuid()))
        .order_by_asc(gap::Column::Id)
        .limit(limits::GAPS_PER_RELEASE)
        .all(db.raw())
        .await?;
    rows.into_iter().map(|row| GapRow::from_model(row).map(|row| (row.key.clone(), row))).collect()
}

/// A gap by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: GapId) -> Result<Option<GapRow>, StoreError> {
    let query = gap::Entity::find_by_id(id.uuid()).filter(gap::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(GapRow::from_model).transpose()
}

/// Writes a gap whole, new or known.
///
/// # Errors
/// When the database fails.
pub async fn put(tx: &WriteTx, scope: Scope, row: &GapRow) -> Result<(), StoreError> {
    use gap::Column as C;
    let key = [C::ProjectId, C::WorkflowId, C::ReleaseId, C::Gap];
    let said = [C::Body, C::NextStep, C::Todo, C::State, C::FoundAt, C::SeenAt];
    let held = [C::Owner, C::DueAt, C::AssignedByJson, C::AssignedAt];
    let closed = [C::ClosedByJson, C::ClosedAt, C::Done];
    let new = said.into_iter().chain(held).chain(closed);
    gap::Entity::insert(row.to_model(scope)?.into_active_model().reset_all())
        .on_conflict(OnConflict::columns(key).update_columns(new).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}

/// Gives everything open that `from` has to `to`. Returns how many gaps that were.
///
/// # Errors
/// When the database fails.
pub async fn hand_over(tx: &WriteTx, scope: Scope, from: OwnerId, to: OwnerId) -> Result<u64, StoreError> {
    let updated = gap::Entity::update_many()
        .col_expr(gap::Column::Owner, Expr::value(to.to_string()))
        .filter(gap::Column::ProjectId.eq(scope.uuid()))
        .filter(gap::Column::Owner.eq(from.to_string()))
        .filter(gap::Column::State.eq(GapState::Open.as_str()))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected)
}

/// Open gaps of all projects whose time is over, by id, after `after`: for the background work.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn overdue(
    db: &impl Connection,
    after: Option<GapId>,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(Scope, GapRow)>, StoreError> {
    let mut query = gap::Entity::find()
        .filter(gap::Column::State.eq(GapState::Open.as_str()))
        .filter(gap::Column::DueAt.lte(now.micros()));
    if let Some(after) = after {
        query = query.filter(gap::Column::Id.gt(after.uuid()));
    }
    let rows = query.order_by_asc(gap::Column::Id).limit(limit).all(db.raw()).await?;
    let rows = rows.into_iter().map(|row| {
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        GapRow::from_model(row).map(|row| (scope, row))
    });
    rows.collect()
}
