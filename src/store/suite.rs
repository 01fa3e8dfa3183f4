//! Eval suites and their versions. A version is written once.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::case::CaseState;
use seatrial_domain::ids::{CaseId, SuiteId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::suite::SuiteCase;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::{case, suite, suite_version};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// A suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteRow {
    /// Its id.
    pub id: SuiteId,
    /// The workflow it tests.
    pub workflow: WorkflowId,
    /// Its name, of which the project has one.
    pub name: String,
    /// Its latest version.
    pub version: u32,
    /// Who made it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
}

/// A version of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteVersionRow {
    /// The suite.
    pub suite: SuiteId,
    /// Its number, from 1.
    pub version: u32,
    /// Why it was made.
    pub note: String,
    /// Its cases, by id.
    pub cases: Vec<SuiteCase>,
    /// The version it restores.
    pub restores: Option<u32>,
    /// Who made it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What a suite says of a case without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its title now.
    pub title: String,
    /// Where it stands.
    pub state: CaseState,
    /// Its latest version.
    pub version: u32,
    /// The workflow it tests.
    pub workflow: WorkflowId,
}

fn number(version: i64) -> Result<u32, StoreError> {
    u32::try_from(version).map_err(|error| StoreError::corrupt("eval suite's version", error))
}

fn corrupt(error: serde_json::Error) -> StoreError {
    StoreError::corrupt("eval suite", error)
}

fn read(row: suite::Model) -> Result<SuiteRow, StoreError> {
    Ok(SuiteRow {
        id: SuiteId::from_uuid(row.id),
        workflow: WorkflowId::from_uuid(row.workflow_id),
        name: row.name,
        version: number(row.version)?,
        created_by: serde_json::from_str(&row.created_by).map_err(corrupt)?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

fn read_version(row: suite_version::Model) -> Result<SuiteVersionRow, StoreError> {
    Ok(SuiteVersionRow {
        suite: SuiteId::from_uuid(row.suite_id),
        version: number(row.version)?,
        note: row.note,
        cases: serde_json::from_str(&row.cases_json).map_err(corrupt)?,
        restores: row.restores.map(number).transpose()?,
        by: serde_json::from_str(&row.created_by).map_err(corrupt)?,
        at: Timestamp::from_micros(row.created_at),
    })
}

/// Lists suites, latest first, of a workflow when one is given.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    workflow: Option<WorkflowId>,
    page: Page,
) -> Result<(Vec<SuiteRow>, Option<Cursor>), StoreError> {
    let mut query = suite::Entity::find().filter(suite::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = workflow {
        query = query.filter(suite::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(after) = page.after {
        query = query.filter(suite::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(suite::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let (rows, next) = page.split(rows, |row| Cursor { key: row.created_at, id: row.id });
    Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, next))
}

/// Finds a suite by name or id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, name_or_id: &str) -> Result<Option<SuiteRow>, StoreError> {
    // PostgreSQL refuses a NUL in a text; nothing is called so.
    if name_or_id.contains('\0') {
        return Ok(None);
    }
    let query = suite::Entity::find().filter(suite::Column::ProjectId.eq(scope.uuid()));
    let query = match name_or_id.parse::<SuiteId>() {
        Ok(id) => query.filter(suite::Column::Id.eq(id.uuid())),
        Err(_) => query.filter(suite::Column::Name.eq(name_or_id)),
    };
    query.one(db.raw()).await?.map(read).transpose()
}

/// The versions of a suite, latest first, at most [`limits::PAGE_SIZE_MAX`].
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn versions(db: &impl Connection, scope: Scope, suite: SuiteId) -> Result<Vec<SuiteVersionRow>, StoreError> {
    let rows = suite_version::Entity::find()
        .filter(suite_version::Column::ProjectId.eq(scope.uuid()))
        .filter(suite_version::Column::SuiteId.eq(suite.uuid()))
        .order_by_desc(suite_version::Column::Version)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(read_version).collect()
}

/// One version of a suite.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn version(
    db: &impl Connection,
    scope: Scope,
    suite: SuiteId,
    version: u32,
) -> Result<Option<SuiteVersionRow>, StoreError> {
    let query = suite_version::Entity::find_by_id((suite.uuid(), i64::from(version)));
    let row = query.filter(suite_version::Column::ProjectId.eq(scope.uuid())).one(db.raw()).await?;
    row.map(read_version).transpose()
}

/// The latest versions of a workflow's suites, with their names, at most [`limits::SUITES_PER_WORKFLOW`].
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn present(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
) -> Result<Vec<(SuiteRow, SuiteVersionRow)>, StoreError> {
    let page = Page { limit: limits::SUITES_PER_WORKFLOW, ..Page::new(None, None) };
    let (suites, _) = list(db, scope, Some(workflow), page).await?;
    if suites.is_empty() {
        return Ok(Vec::new());
    }
    let of = |row: &SuiteRow| {
        suite_version::Column::SuiteId.eq(row.id.uuid()).and(suite_version::Column::Version.eq(i64::from(row.version)))
    };
    let any = suites.iter().fold(Condition::any(), |any, row| any.add(of(row)));
    let rows = suite_version::Entity::find()
        .filter(suite_version::Column::ProjectId.eq(scope.uuid()))
        .filter(any)
        .all(db.raw())
        .await?;
    let mut versions = BTreeMap::new();
    for row in rows {
        let row = read_version(row)?;
        versions.insert(row.suite, row);
    }
    Ok(suites.into_iter().filter_map(|row| Some((row.clone(), versions.remove(&row.id)?))).collect())
}

/// Titles and states of cases, by id. Those of no case of the project are missing.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn members(
    db: &impl Connection,
    scope: Scope,
    cases: &[CaseId],
) -> Result<BTreeMap<CaseId, Member>, StoreError> {
    let mut members = BTreeMap::new();
    for chunk in cases.chunks(limits::CASES_PER_SUITE) {
        let rows: Vec<(Uuid, String, String, i64, Uuid)> = case::Entity::find()
            .select_only()
            .columns([case::Column::Id, case::Column::Title, case::Column::State, case::Column::Version])
            .column(case::Column::WorkflowId)
            .filter(scope.owns(case::Column::ProjectId))
            .filter(case::Column::Id.is_in(chunk.iter().map(|case| case.uuid())))
            .into_tuple()
            .all(db.raw())
            .await?;
        for (id, title, state, version, workflow) in rows {
            let state = CaseState::parse(&state).ok_or_else(|| StoreError::corrupt("eval case's state", &state))?;
            let member = Member { title, state, version: number(version)?, workflow: WorkflowId::from_uuid(workflow) };
            members.insert(CaseId::from_uuid(id), member);
        }
    }
    Ok(members)
}

/// Makes a suite. Its first version is written by [`insert_version`].
///
/// # Errors
/// [`StoreError::Duplicate`] when the project has one of this name, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &SuiteRow) -> Result<(), StoreError> {
    let model = suite::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        workflow_id: row.workflow.uuid(),
        name: row.name.clone(),
        version: i64::from(row.version),
        created_by: serde_json::to_string(&row.created_by).map_err(corrupt)?,
        created_at: row.created_at.micros(),
    };
    suite::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Writes a version of a suite and makes it the latest.
///
/// # Errors
/// When the database fails, or the version is there.
pub async fn insert_version(tx: &WriteTx, scope: Scope, row: &SuiteVersionRow) -> Result<(), StoreError> {
    let model = suite_version::Model {
        suite_id: row.suite.uuid(),
        version: i64::from(row.version),
        project_id: scope.uuid(),
        note: row.note.clone(),
        cases_json: serde_json::to_string(&row.cases).map_err(corrupt)?,
        restores: row.restores.map(i64::from),
        created_by: serde_json::to_string(&row.by).map_err(corrupt)?,
        created_at: row.at.micros(),
    };
    suite_version::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    suite::Entity::update_many()
        .col_expr(suite::Column::Version, Expr::value(i64::from(row.version)))
        .filter(suite::Column::ProjectId.eq(scope.uuid()))
        .filter(suite::Column::Id.eq(row.suite.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
