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

#[derive(Debug, FromQueryResult)]
struct CellRow {
    release_id: uuid::Uuid,
    dimension: String,
    value: String,
    start_at: i64,
    body: Vec<u8>,
}

/// The statement that reads `columns` of the cells a query wants.
pub(super) fn select(columns: &str, db: &impl Connection, scope: Scope, query: &CellQuery) -> Statement {
    let backend = db.raw().get_database_backend();
    let mut values: Vec<Value> = vec![
        scope.uuid().into(),
        query.workflow.uuid().into(),
        resolution_name(query.by).into(),
        query.from.floor_to(query.by.micros()).micros().into(),
        query.to.micros().into(),
    ];
    let mut mark = placeholder_counter(backend);
    let mut sql = format!(
        "SELECT {columns} FROM cells WHERE project_id = {} AND workflow_id = {} \
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
    Statement::from_sql_and_values(backend, sql, values)
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
    let statement = select("release_id, dimension, value, start_at, body", db, scope, query);
    let rows = CellRow::find_by_statement(statement).all(db.raw()).await?;
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

/// The hours of one release, or of all releases of a workflow, that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRange {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release; all of them when absent, and then only the sums over all runs of each.
    pub release: Option<ReleaseId>,
    /// From the hour of this time on.
    pub from: Timestamp,
    /// Up to this time, exclusive.
    pub to: Timestamp,
}

impl CellRange {
    /// How many hours it spans.
    #[must_use]
    pub fn hours(&self) -> i64 {
        (self.to.micros_since(self.from) / HOUR).max(1)
    }
}

/// The hours of several releases, each in its own range of time, in one query: group, where the hour starts, its sums. All
/// ranges name a release, or none does.
///
/// # Errors
/// When the database fails or a cell cannot be decoded.
pub async fn cells_of(
    db: &impl Connection,
    scope: Scope,
    ranges: &[CellRange],
) -> Result<Vec<(Group, Timestamp, Cell)>, StoreError> {
    let Some(first) = ranges.first() else { return Ok(Vec::new()) };
    let raw = db.raw();
    let backend = raw.get_database_backend();
    let mut mark = placeholder_counter(backend);
    let mut values: Vec<Value> = Vec::new();
    let mut wanted = Vec::new();
    for range in ranges {
        let mut row: Vec<Value> = vec![range.workflow.uuid().into()];
        row.extend(range.release.map(|release| Value::from(release.uuid())));
        row.extend([Value::from(range.from.hour().micros()), range.to.micros().into()]);
        let marks: Vec<String> = row.iter().map(|_| mark()).collect();
        wanted.push(format!("({})", marks.join(", ")));
        values.extend(row);
    }
    let (column, of_release) = match first.release {
        Some(_) => ("release_id, ", "c.release_id = w.release_id"),
        None => ("", "c.dimension = ''"),
    };
    // The ranges are few and lead: both databases look each up by the key of the cells.
    let sql = format!(
        "WITH w (workflow_id, {column}from_at, to_at) AS (VALUES {}) SELECT c.workflow_id, c.release_id, c.dimension, \
         c.value, c.start_at, c.body FROM w CROSS JOIN cells c WHERE c.project_id = {} AND c.workflow_id = w.workflow_id \
         AND {of_release} AND c.resolution = {} AND c.start_at >= w.from_at AND c.start_at < w.to_at",
        wanted.join(", "),
        mark(),
        mark()
    );
    values.extend([Value::from(scope.uuid()), resolution_name(Resolution::Hour).into()]);
    let rows =
        WorkflowCellRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(raw).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let cell = blob::decode_cell(&row.body)?;
        if cell.is_empty() {
            continue;
        }
        let group = Group {
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            dimension: row.dimension,
            value: row.value,
        };
        found.push((group, Timestamp::from_micros(row.start_at), cell));
    }
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Ok(found)
}

#[derive(Debug, FromQueryResult)]
struct WorkflowCellRow {
    workflow_id: uuid::Uuid,
    release_id: uuid::Uuid,
    dimension: String,
    value: String,
    start_at: i64,
    body: Vec<u8>,
}

/// Which evidence blocks are wanted.
#[derive(Clone, Debug)]
pub struct BlockQuery<'a> {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release.
    pub release: ReleaseId,
    /// Settled runs, or concluded ones.
    pub basis: Basis,
    /// The segment dimensions; [`seatrial_domain::cell::ALL`] stands for all runs.
    pub dimensions: &'a [String],
    /// From the hour of this time on.
    pub from: Timestamp,
    /// Up to this time, exclusive.
    pub to: Timestamp,
}

/// Hours of one group's evidence blocks as they are kept, to be decoded where they are needed.
#[derive(Clone, Debug, Default)]
pub struct BlockHours {
    /// When each hour starts, and its blocks.
    hours: Vec<(Timestamp, Vec<u8>)>,
    to: Timestamp,
}

impl BlockHours {
    /// The blocks of the hours that have a part between two times, the second exclusive, in the order of their minutes.
    ///
    /// # Errors
    /// When a block cannot be decoded.
    pub fn decode(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Vec<Block>, StoreError> {
        let wanted =
            |start: Timestamp| from.is_none_or(|from| start.plus_micros(HOUR) > from) && to.is_none_or(|to| start < to);
        let mut found = Vec::new();
        for (_, body) in self.hours.iter().filter(|(start, _)| wanted(*start)) {
            // A block is the better part of a kilobyte: an hour of them is moved at once.
            found.append(&mut blob::decode_blocks(body)?);
        }
        found.retain(|block| block.minute < self.to);
        Ok(found)
    }
}

/// Reads evidence blocks, by dimension and value.
///
/// # Errors
/// When the database fails.
pub async fn blocks(
    db: &impl Connection,
    scope: Scope,
    query: &BlockQuery<'_>,
) -> Result<BTreeMap<(String, String), BlockHours>, StoreError> {
    let raw = db.raw();
    let backend = raw.get_database_backend();
    let mut mark = placeholder_counter(backend);
    let mut sql = format!(
        "SELECT release_id, dimension, value, start_at, body FROM blocks WHERE project_id = {} AND workflow_id = {} \
         AND release_id = {} AND basis = {} AND start_at >= {} AND start_at < {}",
        mark(),
        mark(),
        mark(),
        mark(),
        mark(),
        mark()
    );
    let mut values: Vec<Value> = vec![
        scope.uuid().into(),
        query.workflow.uuid().into(),
        query.release.uuid().into(),
        basis_name(query.basis).into(),
        query.from.hour().micros().into(),
        query.to.plus_micros(HOUR).micros().into(),
    ];
    let dimensions: Vec<String> = query.dimensions.iter().map(|_| mark()).collect();
    sql.push_str(&format!(" AND dimension IN ({}) ORDER BY dimension, start_at, value", dimensions.join(", ")));
    values.extend(query.dimensions.iter().map(|dimension| Value::from(dimension.clone())));
    let rows = CellRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(raw).await?;
    let mut found: BTreeMap<(String, String), BlockHours> = BTreeMap::new();
    for row in rows {
        let group = found.entry((row.dimension, row.value));
        let group = group.or_insert_with(|| BlockHours { hours: Vec::new(), to: query.to });
        group.hours.push((Timestamp::from_micros(row.start_at), row.body));
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
