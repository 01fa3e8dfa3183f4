//! Versions of eval cases: what a case said when a suite named it stays readable.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::case::{CaseState, Definition, EvalCase};
use seatrial_domain::ids::CaseId;
use seatrial_domain::limits;
use seatrial_domain::suite::SuiteCase;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::case_version;
use crate::error::StoreError;
use crate::scope::Scope;

/// Versions asked for at once: each is two conditions, and SQLite limits how deep they nest.
const CHUNK: usize = 200;

/// A version of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// The case.
    pub case: CaseId,
    /// Its number, from 1.
    pub version: u32,
    /// What the case said.
    pub title: String,
    /// The kind of miss it guarded against.
    pub failure_class: Option<String>,
    /// What it was made of.
    pub definition: Definition,
    /// Why it was written.
    pub note: String,
    /// Who wrote it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// A version to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub version: u32,
    /// What the case says now; its state is no part of a version.
    pub content: &'a EvalCase,
    /// Why.
    pub note: &'a str,
    /// Who writes it.
    pub by: &'a Actor,
    /// When.
    pub at: Timestamp,
}

impl VersionRow {
    /// What it says differently from another version, a line each.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        self.case_in(CaseState::Draft).changes_since(&before.case_in(CaseState::Draft))
    }

    /// The case as this version says it, in a state.
    #[must_use]
    pub fn case_in(&self, state: CaseState) -> EvalCase {
        EvalCase {
            title: self.title.clone(),
            state,
            failure_class: self.failure_class.clone(),
            definition: self.definition.clone(),
        }
    }
}

/// Keeps a version.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, new: NewVersion<'_>) -> Result<(), StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::corrupt("eval case", error);
    let row = case_version::Model {
        case_id: new.case.uuid(),
        version: i64::from(new.version),
        project_id: scope.uuid(),
        title: new.content.title.clone(),
        failure_class: new.content.failure_class.clone(),
        definition_json: serde_json::to_string(&new.content.definition).map_err(corrupt)?,
        note: new.note.to_owned(),
        created_by: serde_json::to_string(new.by).map_err(corrupt)?,
        created_at: new.at.micros(),
    };
    case_version::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Writes what a version says anew, with more of it masked: who wrote it, when, and its number stay.
///
/// # Errors
/// When the database fails.
pub async fn replace(tx: &WriteTx, scope: Scope, row: &VersionRow) -> Result<(), StoreError> {
    let definition =
        serde_json::to_string(&row.definition).map_err(|error| StoreError::corrupt("eval case's version", error))?;
    case_version::Entity::update_many()
        .col_expr(case_version::Column::Title, Expr::value(row.title.clone()))
        .col_expr(case_version::Column::FailureClass, Expr::value(row.failure_class.clone()))
        .col_expr(case_version::Column::DefinitionJson, Expr::value(definition))
        .col_expr(case_version::Column::Note, Expr::value(row.note.clone()))
        .filter(case_version::Column::ProjectId.eq(scope.uuid()))
        .filter(case_version::Column::CaseId.eq(row.case.uuid()))
        .filter(case_version::Column::Version.eq(i64::from(row.version)))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// The versions of a case, latest first, at most [`limits::PAGE_SIZE_MAX`].
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(db: &impl Connection, scope: Scope, case: CaseId) -> Result<Vec<VersionRow>, StoreError> {
    let rows = case_version::Entity::find()
        .filter(case_version::Column::ProjectId.eq(scope.uuid()))
        .filter(case_version::Column::CaseId.eq(case.uuid()))
        .order_by_desc(case_version::Column::Version)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(read).collect()
}

/// One version of a case.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(
    db: &impl Connection,
    scope: Scope,
    case: CaseId,
    version: u32,
) -> Result<Option<VersionRow>, StoreError> {
    let query = case_version::Entity::find_by_id((case.uuid(), i64::from(version)));
    let row = query.filter(case_version::Column::ProjectId.eq(scope.uuid())).one(db.raw()).await?;
    row.map(read).transpose()
}

/// These versions of cases, by case; at most [`limits::CASES_PER_SUITE`].
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn these(db: &impl Connection, scope: Scope, cases: &[SuiteCase]) -> Result<Vec<VersionRow>, StoreError> {
    let mut rows = Vec::with_capacity(cases.len());
    for chunk in cases.chunks(CHUNK) {
        let of = |case: &SuiteCase| {
            let same = case_version::Column::CaseId.eq(case.case.uuid());
            same.and(case_version::Column::Version.eq(i64::from(case.version)))
        };
        let any = chunk.iter().fold(Condition::any(), |any, case| any.add(of(case)));
        let found = case_version::Entity::find()
            .filter(case_version::Column::ProjectId.eq(scope.uuid()))
            .filter(any)
            .order_by_asc(case_version::Column::CaseId)
            .all(db.raw())
            .await?;
        for row in found {
            rows.push(read(row)?);
        }
    }
    Ok(rows)
}

fn read(row: case_version::Model) -> Result<VersionRow, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::corrupt("eval case's version", error);
    Ok(VersionRow {
        case: CaseId::from_uuid(row.case_id),
        version: u32::try_from(row.version).map_err(|error| StoreError::corrupt("eval case's version", error))?,
        title: row.title,
        failure_class: row.failure_class,
        definition: serde_json::from_str(&row.definition_json).map_err(corrupt)?,
        note: row.note,
        by: serde_json::from_str(&row.created_by).map_err(corrupt)?,
        at: Timestamp::from_micros(row.created_at),
    })
}
