//! Eval cases with their snapshots. A snapshot is written once, with its digest, and never touched again.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait as _, Func};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, FromQueryResult, IntoActiveModel as _};
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use seatrial_domain::access::Actor;
use seatrial_domain::case::{CaseState, Definition, EvalCase};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::{CaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::similarity::{BANDS, Shingles};
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::blob;
use crate::case_band;
use crate::case_version::{self, NewVersion};
use crate::connection::{Connection, WriteTx};
use crate::contains::holding;
use crate::entity::{case, failure};
use crate::error::StoreError;
use crate::ingest::lock;
use crate::scope::{Cursor, Order, Page, Scope};

/// Most cases that are asked for by id at once.
const IDS_AT_ONCE: usize = 200;

/// A stored case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// Its version, from 1: what people write makes the next one.
    pub version: u32,
    /// The workflow it tests.
    pub workflow: WorkflowId,
    /// The case.
    pub case: EvalCase,
    /// Equal for exact duplicates.
    pub content_digest: Digest,
    /// The SHA-256 of the snapshot's canonical bytes.
    pub snapshot_digest: Digest,
    /// Who made it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// How many failures became it or are linked to it.
    pub failures: u64,
}

/// A case to store.
#[derive(Clone, Copy, Debug)]
pub struct NewCase<'a> {
    /// Its id.
    pub id: CaseId,
    /// The workflow it tests.
    pub workflow: WorkflowId,
    /// The case.
    pub case: &'a EvalCase,
    /// Equal for exact duplicates.
    pub content_digest: Digest,
    /// The snapshot's canonical bytes, not compressed.
    pub snapshot: &'a [u8],
    /// Their SHA-256.
    pub snapshot_digest: Digest,
    /// Who makes it.
    pub by: &'a Actor,
    /// When.
    pub at: Timestamp,
}

/// Which cases are wanted.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// In this state.
    pub state: Option<CaseState>,
    /// Guarding against this class of failure.
    pub failure_class: Option<String>,
    /// With this text in its title, in capitals or not.
    pub title: Option<String>,
}

/// A case without its snapshot, which only [`snapshot`] reads.
#[derive(FromQueryResult)]
struct Stored {
    id: Uuid,
    version: i64,
    workflow_id: Uuid,
    title: String,
    state: String,
    failure_class: Option<String>,
    definition_json: String,
    content_digest: String,
    snapshot_digest: String,
    created_by: String,
    created_at: i64,
}

fn select(scope: Scope) -> Select<case::Entity> {
    stored().filter(case::Column::ProjectId.eq(scope.uuid()))
}

/// What is read of a case.
fn stored() -> Select<case::Entity> {
    case::Entity::find()
        .select_only()
        .columns([case::Column::Id, case::Column::WorkflowId, case::Column::Title, case::Column::State])
        .columns([case::Column::FailureClass, case::Column::DefinitionJson, case::Column::ContentDigest])
        .columns([
            case::Column::SnapshotDigest,
            case::Column::CreatedBy,
            case::Column::CreatedAt,
            case::Column::Version,
        ])
}

fn read(row: Stored, failures: u64) -> Result<CaseRow, StoreError> {
    let definition: Definition =
        serde_json::from_str(&row.definition_json).map_err(|error| StoreError::corrupt("eval case", error))?;
    let digest = |text: &str| text.parse::<Digest>().map_err(|error| StoreError::corrupt("eval case's digest", error));
    Ok(CaseRow {
        id: CaseId::from_uuid(row.id),
        version: u32::try_from(row.version).map_err(|error| StoreError::corrupt("eval case's version", error))?,
        workflow: WorkflowId::from_uuid(row.workflow_id),
        content_digest: digest(&row.content_digest)?,
        snapshot_digest: digest(&row.snapshot_digest)?,
        case: EvalCase {
            title: row.title,
            state: CaseState::parse(&row.state).ok_or_else(|| StoreError::corrupt("eval case's state", &row.state))?,
            failure_class: row.failure_class,
            definition,
        },
        created_by: serde_json::from_str(&row.created_by)
            .map_err(|error| StoreError::corrupt("eval case's author", error))?,
        created_at: Timestamp::from_micros(row.created_at),
        failures,
    })
}

async fn read_all(db: &impl Connection, scope: Scope, rows: Vec<Stored>) -> Result<Vec<CaseRow>, StoreError> {
    let linked: Vec<(Uuid, i64)> = failure::Entity::find()
        .select_only()
        .column(failure::Column::CaseId)
        .expr_as(failure::Column::RunId.count(), "failures")
        .filter(failure::Column::ProjectId.eq(scope.uuid()))
        .filter(failure::Column::CaseId.is_in(rows.iter().map(|row| row.id)))
        .group_by(failure::Column::CaseId)
        .into_tuple()
        .all(db.raw())
        .await?;
    let linked: HashMap<Uuid, i64> = linked.into_iter().collect();
    let count = |id: &Uuid| linked.get(id).and_then(|count| u64::try_from(*count).ok()).unwrap_or(0);
    rows.into_iter()
        .map(|row| {
            let failures = count(&row.id);
            read(row, failures)
        })
        .collect()
}

/// Finds a case.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
    let rows = select(scope).filter(case::Column::Id.eq(id.uuid())).into_model().all(db.raw()).await?;
    Ok(read_all(db, scope, rows).await?.pop())
}

/// Finds the case with this content: an exact duplicate, whatever its state. The oldest when there are several.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn by_content(db: &impl Connection, scope: Scope, content: Digest) -> Result<Option<CaseRow>, StoreError> {
    let rows = select(scope)
        .filter(case::Column::ContentDigest.eq(content.to_string()))
        .order_by_asc(case::Column::Id)
        .limit(1)
        .into_model()
        .all(db.raw())
        .await?;
    Ok(read_all(db, scope, rows).await?.pop())
}

/// These cases, in any order. Those of no case of the project are missing.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn these(db: &impl Connection, scope: Scope, ids: &[CaseId]) -> Result<Vec<CaseRow>, StoreError> {
    let query = stored()
        .filter(scope.owns(case::Column::ProjectId))
        .filter(case::Column::Id.is_in(ids.iter().take(IDS_AT_ONCE).map(|id| id.uuid())));
    read_all(db, scope, query.into_model().all(db.raw()).await?).await
}

/// Lists cases, latest first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &CaseFilter,
    page: Page,
) -> Result<(Vec<CaseRow>, Option<Cursor>), StoreError> {
    let mut query = select(scope);
    if let Some(workflow) = filter.workflow {
        query = query.filter(case::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(state) = filter.state {
        query = query.filter(case::Column::State.eq(state.as_str()));
    }
    if let Some(class) = &filter.failure_class {
        query = query.filter(case::Column::FailureClass.eq(class));
    }
    if let Some(title) = &filter.title {
        let pattern = holding(&title.to_lowercase());
        query = query.filter(Func::lower(Expr::col(case::Column::Title)).like(pattern));
    }
    // Ids of version 7 sort by the time they were made, and the index of the table has them in order.
    let oldest = page.order == Order::Oldest;
    if let Some(after) = page.after {
        let id = case::Column::Id;
        query = query.filter(if oldest { id.gt(after.id) } else { id.lt(after.id) });
    }
    let direction = if oldest { sea_orm::Order::Asc } else { sea_orm::Order::Desc };
    let query = query.order_by(case::Column::Id, direction).limit(page.limit + 1);
    let rows = query.into_model::<Stored>().all(db.raw()).await?;
    let (rows, next) = page.split(rows, |row| Cursor { key: row.created_at, id: row.id });
    Ok((read_all(db, scope, rows).await?, next))
}

/// How many active cases guard against each class of failure of a workflow, at most `limits::PAGE_SIZE_MAX` classes.
///
/// # Errors
/// When the database fails.
pub async fn coverage(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
) -> Result<HashMap<String, u64>, StoreError> {
    let rows: Vec<(String, i64)> = case::Entity::find()
        .select_only()
        .column(case::Column::FailureClass)
        .expr_as(case::Column::Id.count(), "cases")
        .filter(case::Column::ProjectId.eq(scope.uuid()))
        .filter(case::Column::WorkflowId.eq(workflow.uuid()))
        .filter(case::Column::State.eq(CaseState::Active.as_str()))
        .filter(case::Column::FailureClass.is_not_null())
        .group_by(case::Column::FailureClass)
        .limit(limits::PAGE_SIZE_MAX)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|(class, cases)| (class, u64::try_from(cases).unwrap_or(0))).collect())
}

/// Stores a case with its snapshot, unless an exact duplicate is there: then returns that one and stores nothing. Two
/// writers cannot both store the same content.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, new: NewCase<'_>) -> Result<Option<CaseRow>, StoreError> {
    lock(tx, scope).await?;
    if let Some(duplicate) = by_content(tx, scope, new.content_digest).await? {
        return Ok(Some(duplicate));
    }
    let corrupt = |error: serde_json::Error| StoreError::corrupt("eval case", error);
    let row = case::Model {
        id: new.id.uuid(),
        project_id: scope.uuid(),
        workflow_id: new.workflow.uuid(),
        title: new.case.title.clone(),
        state: new.case.state.as_str().to_owned(),
        failure_class: new.case.failure_class.clone(),
        definition_json: serde_json::to_string(&new.case.definition).map_err(corrupt)?,
        content_digest: new.content_digest.to_string(),
        snapshot_digest: new.snapshot_digest.to_string(),
        snapshot: blob::compress(new.snapshot)?,
        created_by: serde_json::to_string(new.by).map_err(corrupt)?,
        created_at: new.at.micros(),
        version: 1,
        sketched: true,
    };
    case::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    let first = NewVersion { case: new.id, version: 1, content: new.case, note: "", by: new.by, at: new.at };
    case_version::insert(tx, scope, first).await?;
    case_band::put(tx, scope, (new.workflow, new.id), bands_of(new.case)).await?;
    Ok(None)
}

/// The bands of a case's sketch; `None` when its input has no words.
#[must_use]
pub fn bands_of(case: &EvalCase) -> Option<[i64; BANDS]> {
    Shingles::of_input(&case.definition.input).bands()
}

/// A case that was masked once more.
#[derive(Clone, Copy, Debug)]
pub struct Remasked<'a> {
    /// Its version from then on.
    pub version: u32,
    /// The case.
    pub case: &'a EvalCase,
    /// Equal for exact duplicates.
    pub content_digest: Digest,
    /// The snapshot's canonical bytes, not compressed.
    pub snapshot: &'a [u8],
    /// Their SHA-256.
    pub snapshot_digest: Digest,
}

/// Writes a case that was masked once more, with its copy of the run and its sketch. Read it by [`for_update`].
///
/// # Errors
/// When the database fails.
pub async fn mask(
    tx: &WriteTx,
    scope: Scope,
    (workflow, id): (WorkflowId, CaseId),
    new: Remasked<'_>,
) -> Result<(), StoreError> {
    update(tx, scope, id, new.version, new.case).await?;
    case::Entity::update_many()
        .col_expr(case::Column::ContentDigest, Expr::value(new.content_digest.to_string()))
        .col_expr(case::Column::SnapshotDigest, Expr::value(new.snapshot_digest.to_string()))
        .col_expr(case::Column::Snapshot, Expr::value(blob::compress(new.snapshot)?))
        .filter(case::Column::ProjectId.eq(scope.uuid()))
        .filter(case::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    case_band::put(tx, scope, (workflow, id), bands_of(new.case)).await
}

/// Replaces what people write about a case: title, state, class and definition, as this version of it. The snapshot
/// stays. Read the case in the same transaction, after [`for_update`]; what it said is kept by
/// [`case_version::insert`].
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &WriteTx, scope: Scope, id: CaseId, version: u32, case: &EvalCase) -> Result<(), StoreError> {
    let definition =
        serde_json::to_string(&case.definition).map_err(|error| StoreError::corrupt("eval case", error))?;
    case::Entity::update_many()
        .col_expr(case::Column::Title, Expr::value(case.title.clone()))
        .col_expr(case::Column::State, Expr::value(case.state.as_str()))
        .col_expr(case::Column::FailureClass, Expr::value(case.failure_class.clone()))
        .col_expr(case::Column::DefinitionJson, Expr::value(definition))
        .col_expr(case::Column::Version, Expr::value(i64::from(version)))
        .filter(case::Column::ProjectId.eq(scope.uuid()))
        .filter(case::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Finds a case to change it: until the transaction ends nobody else changes a case of the project.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn for_update(tx: &WriteTx, scope: Scope, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
    lock(tx, scope).await?;
    find(tx, scope, id).await
}

/// The snapshot of a case: its digest and its canonical bytes.
///
/// # Errors
/// When the database fails or the stored bytes are damaged.
pub async fn snapshot(db: &impl Connection, scope: Scope, id: CaseId) -> Result<Option<(Digest, Vec<u8>)>, StoreError> {
    let query = case::Entity::find_by_id(id.uuid()).filter(case::Column::ProjectId.eq(scope.uuid()));
    let Some(row) = query.one(db.raw()).await? else { return Ok(None) };
    let digest = row.snapshot_digest.parse().map_err(|error| StoreError::corrupt("eval case's digest", error))?;
    Ok(Some((digest, blob::decompress(&row.snapshot)?)))
}
