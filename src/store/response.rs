//! Responses and the notes about them.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{ProjectId, ReleaseId, ResponseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::response::{Effect, OriginKind, ResponseKind, ResponseState};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::{response, response_note};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};
use crate::{actor, owner};

/// Who did something, when, and what they said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub note: String,
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseRow {
    /// Its id.
    pub id: ResponseId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release, when it is about one.
    pub release: Option<ReleaseId>,
    /// What kind of thing it answers.
    pub origin: OriginKind,
    /// Which.
    pub origin_id: String,
    /// What is done.
    pub kind: ResponseKind,
    /// In words.
    pub title: String,
    /// The signal it is meant to move.
    pub signal: Signal,
    /// What the kind needs to know: a failure class, a sampling rate.
    pub detail: serde_json::Value,
    /// Who has it.
    pub owner: Option<OwnerId>,
    /// Until when.
    pub due_at: Timestamp,
    /// How far it has come.
    pub state: ResponseState,
    /// Who opened it, when.
    pub opened_by: Actor,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who did it, when and how.
    pub acted: Option<Act>,
    /// Who closed or cancelled it, when, and what was done or why not.
    pub closed: Option<Act>,
    /// What it moved, as it was when it was closed.
    pub effect: Option<Effect>,
}

fn act(by: Option<String>, at: Option<i64>, note: Option<String>) -> Result<Option<Act>, StoreError> {
    let (Some(by), Some(at)) = (by, at) else { return Ok(None) };
    let (by, at) = (actor::read(&by)?, Timestamp::from_micros(at));
    Ok(Some(Act { by, at, note: note.unwrap_or_default() }))
}

impl ResponseRow {
    fn from_model(row: response::Model) -> Result<Self, StoreError> {
        let corrupt = |part: &'static str| StoreError::corrupt("response", part);
        let effect = row.effect_json.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id: ResponseId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: row.release_id.map(ReleaseId::from_uuid),
            origin: OriginKind::parse(&row.origin).ok_or_else(|| corrupt("its origin is not known"))?,
            origin_id: row.origin_id,
            kind: ResponseKind::parse(&row.kind).ok_or_else(|| corrupt("its kind is not known"))?,
            title: row.title,
            signal: row.signal.parse().map_err(|error| StoreError::corrupt("response", error))?,
            detail: serde_json::from_str(&row.detail_json).map_err(|error| StoreError::corrupt("response", error))?,
            owner: owner::read(row.owner.as_deref())?,
            due_at: Timestamp::from_micros(row.due_at),
            state: ResponseState::parse(&row.state).ok_or_else(|| corrupt("its state is not known"))?,
            opened_by: actor::read(&row.opened_by_json)?,
            opened_at: Timestamp::from_micros(row.opened_at),
            acted: act(row.acted_by_json, row.acted_at, row.acted_note)?,
            closed: act(row.closed_by_json, row.closed_at, row.done)?,
            effect: effect.map_err(|error| StoreError::corrupt("response", error))?,
        })
    }

    fn to_model(&self, scope: Scope) -> Result<response::Model, StoreError> {
        let json = |error: serde_json::Error| StoreError::corrupt("response", error);
        let by = |act: &Option<Act>| act.as_ref().map(|act| actor::write(&act.by)).transpose();
        let at = |act: &Option<Act>| act.as_ref().map(|act| act.at.micros());
        let note = |act: &Option<Act>| act.as_ref().map(|act| act.note.clone());
        Ok(response::Model {
            id: self.id.uuid(),
            project_id: scope.uuid(),
            workflow_id: self.workflow.uuid(),
            release_id: self.release.map(ReleaseId::uuid),
            origin: self.origin.as_str().to_owned(),
            origin_id: self.origin_id.clone(),
            kind: self.kind.as_str().to_owned(),
            title: self.title.clone(),
            signal: self.signal.to_string(),
            detail_json: serde_json::to_string(&self.detail).map_err(json)?,
            owner: self.owner.map(|owner| owner.to_string()),
            due_at: self.due_at.micros(),
            state: self.state.as_str().to_owned(),
            opened_by_json: actor::write(&self.opened_by)?,
            opened_at: self.opened_at.micros(),
            acted_at: at(&self.acted),
            acted_by_json: by(&self.acted)?,
            acted_note: note(&self.acted),
            closed_by_json: by(&self.closed)?,
            closed_at: at(&self.closed),
            done: note(&self.closed),
            effect_json: self.effect.as_ref().map(serde_json::to_string).transpose().map_err(json)?,
        })
    }
}

/// Which responses are wanted.
#[derive(Clone, Debug, Default)]
pub struct ResponseFilter {
    /// In this state.
    pub state: Option<ResponseState>,
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// About this release.
    pub release: Option<ReleaseId>,
    /// About this kind of thing.
    pub origin: Option<OriginKind>,
    /// About this one.
    pub origin_id: Option<String>,
    /// Of one of these owners.
    pub owners: Option<Vec<OwnerId>>,
}

/// The responses of a project, latest first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &ResponseFilter,
    page: Page,
) -> Result<(Vec<ResponseRow>, Option<Cursor>), StoreError> {
    let mut query = response::Entity::find().filter(response::Column::ProjectId.eq(scope.uuid()));
    if let Some(state) = filter.state {
        query = query.filter(response::Column::State.eq(state.as_str()));
    }
    if let Some(workflow) = filter.workflow {
        query = query.filter(response::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(response::Column::ReleaseId.eq(release.uuid()));
    }
    if let Some(origin) = filter.origin {
        query = query.filter(response::Column::Origin.eq(origin.as_str()));
    }
    if let Some(id) = &filter.origin_id {
        query = query.filter(response::Column::OriginId.eq(id.as_str()));
    }
    if let Some(owners) = &filter.owners {
        query = query.filter(response::Column::Owner.is_in(owners.iter().map(ToString::to_string)));
    }
    if let Some(after) = page.after {
        query = query.filter(response::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(response::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(ResponseRow::from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: 0, id: row.id.uuid() }))
}

/// A response by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: ResponseId) -> Result<Option<ResponseRow>, StoreError> {
    let query = response::Entity::find_by_id(id.uuid()).filter(response::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(ResponseRow::from_model).transpose()
}

/// Opens a response.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &ResponseRow) -> Result<(), StoreError> {
    let model = row.to_model(scope)?;
    response::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Writes what became of a response, provided that it still is in state `before`. Returns whether it was.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &WriteTx, scope: Scope, row: &ResponseRow, before: ResponseState) -> Result<bool, StoreError> {
    let updated = response::Entity::update_many()
        .set(row.to_model(scope)?.into_active_model().reset_all())
        .filter(response::Column::ProjectId.eq(scope.uuid()))
        .filter(response::Column::Id.eq(row.id.uuid()))
        .filter(response::Column::State.eq(before.as_str()))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// Gives everything that `from` still has to `to`. Returns how many responses that were.
///
/// # Errors
/// When the database fails.
pub async fn hand_over(tx: &WriteTx, scope: Scope, from: OwnerId, to: OwnerId) -> Result<u64, StoreError> {
    let updated = response::Entity::update_many()
        .col_expr(response::Column::Owner, Expr::value(to.to_string()))
        .filter(response::Column::ProjectId.eq(scope.uuid()))
        .filter(response::Column::Owner.eq(from.to_string()))
        .filter(response::Column::State.is_in([ResponseState::Open.as_str(), ResponseState::Acted.as_str()]))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected)
}

/// Open responses of all projects whose time is over, by id, after `after`: for the background work.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn overdue(
    db: &impl Connection,
    after: Option<ResponseId>,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(Scope, ResponseRow)>, StoreError> {
    let mut query = response::Entity::find()
        .filter(response::Column::State.eq(ResponseState::Open.as_str()))
        .filter(response::Column::DueAt.lte(now.micros()));
    if let Some(after) = after {
        query = query.filter(response::Column::Id.gt(after.uuid()));
    }
    let rows = query.order_by_asc(response::Column::Id).limit(limit).all(db.raw()).await?;
    let rows = rows.into_iter().map(|row| {
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        ResponseRow::from_model(row).map(|row| (scope, row))
    });
    rows.collect()
}

/// What somebody wrote about a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Its id.
    pub id: Uuid,
    /// Who.
    pub by: Actor,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Adds a note.
///
/// # Errors
/// When the database fails.
pub async fn add_note(tx: &WriteTx, scope: Scope, id: ResponseId, note: &Note) -> Result<(), StoreError> {
    let model = response_note::Model {
        id: note.id,
        project_id: scope.uuid(),
        response_id: id.uuid(),
        actor_json: actor::write(&note.by)?,
        body: note.text.clone(),
        at: note.at.micros(),
    };
    response_note::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// The notes about a response in the order they were written, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn notes(db: &impl Connection, scope: Scope, id: ResponseId) -> Result<Vec<Note>, StoreError> {
    let rows = response_note::Entity::find()
        .filter(response_note::Column::ProjectId.eq(scope.uuid()))
        .filter(response_note::Column::ResponseId.eq(id.uuid()))
        .order_by_asc(response_note::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    let notes = rows.into_iter().map(|row| {
        let by = actor::read(&row.actor_json)?;
        Ok(Note { id: row.id, by, text: row.body, at: Timestamp::from_micros(row.at) })
    });
    notes.collect()
}
