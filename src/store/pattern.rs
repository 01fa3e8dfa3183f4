//! Failure patterns: listed by their latest failure, found, grouped into by the worker, and moved through their life.

mod group;

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::ids::{PatternId, ProjectId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::pattern::PatternState;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::{pattern, pattern_event, run};
use crate::error::StoreError;
use crate::ingest::lock;
use crate::scope::{Cursor, Page, Scope};

/// The place of a pattern's first event among its events.
const FIRST: i64 = 1;

pub use group::{NewPattern, assign, count_again, due, insert, learn, sharing};

/// A failure pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternRow {
    /// Its id.
    pub id: PatternId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The kind of miss, when it is known.
    pub failure_class: Option<String>,
    /// The failing step, when it is known.
    pub step: Option<String>,
    /// Where it stands.
    pub state: PatternState,
    /// The release it was last said to be fixed in.
    pub fixed_in: Option<ReleaseId>,
    /// How many failures it has.
    pub failures: u64,
    /// When it was found.
    pub found_at: Timestamp,
    /// When the run of its latest failure began.
    pub latest_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// What became of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternEvent {
    /// Its id.
    pub id: Uuid,
    /// Where it stood from then on.
    pub state: PatternState,
    /// The release it was said to be fixed in, or on which it was seen.
    pub release: Option<ReleaseId>,
    /// The run that showed it.
    pub run: Option<RunId>,
    /// Why.
    pub note: String,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// Which patterns are wanted.
#[derive(Clone, Debug, Default)]
pub struct PatternFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// In this state.
    pub state: Option<PatternState>,
    /// Of this failure class.
    pub failure_class: Option<String>,
    /// With at least so many failures.
    pub at_least: u64,
}

impl PatternRow {
    fn from_model(row: pattern::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: PatternId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            failure_class: row.failure_class,
            step: row.step,
            state: PatternState::parse(&row.state)
                .ok_or_else(|| StoreError::corrupt("failure pattern's state", &row.state))?,
            fixed_in: row.fixed_in.map(ReleaseId::from_uuid),
            failures: u64::try_from(row.failures).unwrap_or_default(),
            found_at: Timestamp::from_micros(row.found_at),
            latest_at: Timestamp::from_micros(row.latest_at),
            changed_at: Timestamp::from_micros(row.changed_at),
        })
    }
}

/// Lists patterns, that of the latest failure first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &PatternFilter,
    page: Page,
) -> Result<(Vec<PatternRow>, Option<Cursor>), StoreError> {
    use pattern::Column as C;
    let at_least = i64::try_from(filter.at_least).unwrap_or(i64::MAX);
    let mut query = pattern::Entity::find().filter(C::ProjectId.eq(scope.uuid())).filter(C::Failures.gte(at_least));
    if let Some(workflow) = filter.workflow {
        query = query.filter(C::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(state) = filter.state {
        query = query.filter(C::State.eq(state.as_str()));
    }
    if let Some(class) = &filter.failure_class {
        query = query.filter(C::FailureClass.eq(class));
    }
    if let Some(after) = page.after {
        let same = C::LatestAt.eq(after.key).and(C::Id.lt(after.id));
        query = query.filter(Condition::any().add(C::LatestAt.lt(after.key)).add(same));
    }
    let query = query.order_by_desc(C::LatestAt).order_by_desc(C::Id).limit(page.limit + 1);
    let rows = query.all(db.raw()).await?.into_iter().map(PatternRow::from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.latest_at.micros(), id: row.id.uuid() }))
}

/// A pattern by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: PatternId) -> Result<Option<PatternRow>, StoreError> {
    let query = pattern::Entity::find_by_id(id.uuid()).filter(pattern::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(PatternRow::from_model).transpose()
}

/// A pattern to change it: until the transaction ends nobody else changes one of the project, and no failure is added.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn for_update(tx: &WriteTx, scope: Scope, id: PatternId) -> Result<Option<PatternRow>, StoreError> {
    lock(tx, scope).await?;
    find(tx, scope, id).await
}

/// What became of a pattern, latest first, at most [`limits::PATTERN_EVENTS`].
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn events(db: &impl Connection, scope: Scope, id: PatternId) -> Result<Vec<PatternEvent>, StoreError> {
    let rows = pattern_event::Entity::find()
        .filter(pattern_event::Column::ProjectId.eq(scope.uuid()))
        .filter(pattern_event::Column::PatternId.eq(id.uuid()))
        .order_by_desc(pattern_event::Column::Sequence)
        .limit(limits::PATTERN_EVENTS)
        .all(db.raw())
        .await?;
    let events = rows.into_iter().map(|row| {
        Ok(PatternEvent {
            id: row.id,
            state: PatternState::parse(&row.state)
                .ok_or_else(|| StoreError::corrupt("failure pattern's state", &row.state))?,
            release: row.release_id.map(ReleaseId::from_uuid),
            run: row.run_id.map(RunId::from_uuid),
            note: row.note,
            by: actor::read(&row.actor_json)?,
            at: Timestamp::from_micros(row.at),
        })
    });
    events.collect()
}

/// Moves a pattern to another state, with what became of it. Read it in the same transaction by [`for_update`].
///
/// # Errors
/// When the database fails.
pub async fn change(
    tx: &WriteTx,
    scope: Scope,
    id: PatternId,
    fixed_in: Option<ReleaseId>,
    event: &PatternEvent,
) -> Result<(), StoreError> {
    pattern::Entity::update_many()
        .col_expr(pattern::Column::State, Expr::value(event.state.as_str()))
        .col_expr(pattern::Column::FixedIn, Expr::value(fixed_in.map(ReleaseId::uuid)))
        .col_expr(pattern::Column::ChangedAt, Expr::value(event.at.micros()))
        .filter(pattern::Column::ProjectId.eq(scope.uuid()))
        .filter(pattern::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    let last: Option<Option<i64>> = pattern_event::Entity::find()
        .select_only()
        .expr_as(pattern_event::Column::Sequence.max(), "last")
        .filter(pattern_event::Column::ProjectId.eq(scope.uuid()))
        .filter(pattern_event::Column::PatternId.eq(id.uuid()))
        .into_tuple()
        .one(tx.raw())
        .await?;
    let next = last.flatten().map_or(FIRST, |last| last + 1);
    add_events(tx, scope, &[(id, next, event.clone())]).await
}

async fn add_events(tx: &WriteTx, scope: Scope, events: &[(PatternId, i64, PatternEvent)]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let models = events.iter().map(|(id, sequence, event)| {
        let model = pattern_event::Model {
            id: event.id,
            project_id: scope.uuid(),
            pattern_id: id.uuid(),
            state: event.state.as_str().to_owned(),
            release_id: event.release.map(ReleaseId::uuid),
            run_id: event.run.map(RunId::uuid),
            note: event.note.clone(),
            actor_json: actor::write(&event.by)?,
            at: event.at.micros(),
            sequence: *sequence,
        };
        Ok(model.into_active_model().reset_all())
    });
    let models = models.collect::<Result<Vec<_>, StoreError>>()?;
    pattern_event::Entity::insert_many(models).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Patterns of all projects that are said to be fixed and not watched yet, by id, after `after`: for the background work.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn fixed(
    db: &impl Connection,
    after: Option<PatternId>,
    limit: u64,
) -> Result<Vec<(Scope, PatternRow)>, StoreError> {
    let mut query = pattern::Entity::find().filter(pattern::Column::State.eq(PatternState::Fixed.as_str()));
    if let Some(after) = after {
        query = query.filter(pattern::Column::Id.gt(after.uuid()));
    }
    let rows = query.order_by_asc(pattern::Column::Id).limit(limit).all(db.raw()).await?;
    let rows = rows.into_iter().map(|row| {
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        PatternRow::from_model(row).map(|row| (scope, row))
    });
    rows.collect()
}

/// A run of one of these releases, the earliest; `None` when none of them ran.
///
/// # Errors
/// When the database fails.
pub async fn run_of(
    db: &impl Connection,
    scope: Scope,
    releases: &[ReleaseId],
) -> Result<Option<(RunId, ReleaseId)>, StoreError> {
    let found: Option<(Uuid, Uuid)> = run::Entity::find()
        .select_only()
        .columns([run::Column::Id, run::Column::ReleaseId])
        .filter(run::Column::ProjectId.eq(scope.uuid()))
        .filter(run::Column::ReleaseId.is_in(releases.iter().map(|release| release.uuid())))
        .order_by_asc(run::Column::StartedAt)
        .order_by_asc(run::Column::Id)
        .limit(1)
        .into_tuple()
        .one(db.raw())
        .await?;
    Ok(found.map(|(run, release)| (RunId::from_uuid(run), ReleaseId::from_uuid(release))))
}
