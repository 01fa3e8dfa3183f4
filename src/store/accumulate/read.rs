//! Reading cells and evidence blocks by range, and everything that is kept of a project.

use std::collections::BTreeMap;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement};
use seatrial_domain::cell::{Basis, Block, Cell, Resolution};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::time::{HOUR, Timestamp};

use super::{
    BLOCKS, BlockKey, CELLS, CellKey, Changes, Group, Table, basis_name, placeholder_counter, resolution_name,
};
use crate::blob;
use crate::connection::Connection;
use crate::error::StoreError;
use crate::scope::Scope;

/// Which cells are wanted.
#[derive(Clone, Debug)]
pub struct CellQuery {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The releases; all when empty.
    pub releases: Vec<ReleaseId>,
    /// The segment dimension; empty for all runs; every dimension when absent.
    pub dimension: Option<String>,
    /// From this time (rounded down to the hour).
    pub from: Timestamp,
    /// Up to this time, exclusive (rounded up to the hour).
    pub to: Timestamp,
    /// Whether to keep days apart (for a series) rather than read whole days at once.
    pub by: Resolution,
}

#[derive(FromQueryResult)]
struct CellRow {
    release_id: uuid::Uuid,
    dimension: String,
    value: String,
    start_at: i64,
    body: Vec<u8>,
}

/// Reads cells: hours when `by` is hours, else days.
///
/// # Errors
/// When the database fails or a cell cannot be decoded.
pub async fn cells(
    db: &impl Connection,
    scope: Scope,
    query: &CellQuery,
) -> Result<Vec<(Group, Timestamp, Cell)>, StoreError> {
    let raw = db.raw();
    let backend = raw.get_database_backend();
    let mut values: Vec<Value> = vec![
        scope.uuid().into(),
        query.workflow.uuid().into(),
        resolution_name(query.by).into(),
        query.from.floor_to(query.by.micros()).micros().into(),
        query.to.micros().into(),
    ];
    let mut mark = placeholder_counter(backend);
    let mut sql = format!(
        "SELECT release_id, dimension, value, start_at, body FROM cells WHERE project_id = {} AND workflow_id = {} \
         AND resolution = {} AND start_at >= {} AND start_at < {}",
        mark(),
        mark(),
        mark(),
        mark(),
        mark()
    );
    if let Some(dimension) = &query.dimension {
        sql.push_str(&format!(" AND dimension = {}", mark()));
        values.push(dimension.clone().into());
    }
    if !query.releases.is_empty() {
        let marks: Vec<String> = query.releases.iter().map(|_| mark()).collect();
        sql.push_str(&format!(" AND release_id IN ({})", marks.join(", ")));
        values.extend(query.releases.iter().map(|release| Value::from(release.uuid())));
    }
    let rows = CellRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(raw).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let cell = blob::decode_cell(&row.body)?;
        if cell.is_empty() {
            continue;
        }
        let release = ReleaseId::from_uuid(row.release_id);
        let group = Group { workflow: query.workflow, release, dimension: row.dimension, value: row.value };
        found.push((group, Timestamp::from_micros(row.start_at), cell));
    }
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Ok(found)
}

/// Reads the evidence blocks of a release in order of time, by segment value, up to `to` (exclusive).
///
/// # Errors
/// When the database fails or a block cannot be decoded.
pub async fn blocks(
    db: &impl Connection,
    scope: Scope,
    (workflow, release): (WorkflowId, ReleaseId),
    basis: Basis,
    dimension: &str,
    to: Timestamp,
) -> Result<BTreeMap<String, Vec<Block>>, StoreError> {
    let raw = db.raw();
    let backend = raw.get_database_backend();
    let mut mark = placeholder_counter(backend);
    let sql = format!(
        "SELECT release_id, dimension, value, start_at, body FROM blocks WHERE project_id = {} AND workflow_id = {} \
         AND release_id = {} AND basis = {} AND dimension = {} AND start_at < {} ORDER BY start_at",
        mark(),
        mark(),
        mark(),
        mark(),
        mark(),
        mark()
    );
    let values: [Value; 6] = [
        scope.uuid().into(),
        workflow.uuid().into(),
        release.uuid().into(),
        basis_name(basis).into(),
        dimension.into(),
        to.plus_micros(HOUR).micros().into(),
    ];
    let rows = CellRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(raw).await?;
    let mut found: BTreeMap<String, Vec<Block>> = BTreeMap::new();
    for row in rows {
        let blocks = blob::decode_blocks(&row.body)?;
        found.entry(row.value).or_default().extend(blocks.into_iter().filter(|block| block.minute < to));
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct SumRow {
    workflow_id: uuid::Uuid,
    release_id: uuid::Uuid,
    dimension: String,
    value: String,
    kind: String,
    start_at: i64,
    body: Vec<u8>,
}

impl SumRow {
    fn group(&self) -> Group {
        Group {
            workflow: WorkflowId::from_uuid(self.workflow_id),
            release: ReleaseId::from_uuid(self.release_id),
            dimension: self.dimension.clone(),
            value: self.value.clone(),
        }
    }
}

async fn all_rows(db: &impl Connection, scope: Scope, table: &Table) -> Result<Vec<SumRow>, StoreError> {
    let raw = db.raw();
    let backend = raw.get_database_backend();
    let mut mark = placeholder_counter(backend);
    let sql = format!(
        "SELECT workflow_id, release_id, dimension, value, {} AS kind, start_at, body FROM {} WHERE project_id = {}",
        table.kind,
        table.name,
        mark()
    );
    let values = [Value::from(scope.uuid())];
    Ok(SumRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(raw).await?)
}

/// Everything that is kept of a project, for checking it against a recomputation.
///
/// # Errors
/// When the database fails or something kept cannot be decoded.
pub async fn kept(db: &impl Connection, scope: Scope) -> Result<Changes, StoreError> {
    let mut sums = Changes::default();
    for row in all_rows(db, scope, &CELLS).await? {
        let resolution = if row.kind == resolution_name(Resolution::Day) { Resolution::Day } else { Resolution::Hour };
        let key = CellKey { group: row.group(), resolution, start: Timestamp::from_micros(row.start_at) };
        sums.cells.insert(key, blob::decode_cell(&row.body)?);
    }
    for row in all_rows(db, scope, &BLOCKS).await? {
        let basis = if row.kind == basis_name(Basis::Settled) { Basis::Settled } else { Basis::Concluded };
        let key = BlockKey { group: row.group(), basis, start: Timestamp::from_micros(row.start_at) };
        let minutes = blob::decode_blocks(&row.body)?.into_iter().map(|block| (block.minute, block.into()));
        sums.blocks.insert(key, minutes.collect());
    }
    sums.compact();
    Ok(sums)
}
