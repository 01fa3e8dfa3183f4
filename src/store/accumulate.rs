//! Cells and evidence blocks: sums kept by key, changed by adding and subtracting, read by range.
//!
//! A change is read, added to and written back under the project's write lock, so two writers never lose one.

mod read;
mod totals;

use std::collections::BTreeMap;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement};
use seatrial_domain::cell::{Basis, Block, Cell, Counts, Resolution, Sketches};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::run::RunFacts;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection as _, WriteTx};
use crate::error::StoreError;
use crate::scope::Scope;
use crate::{blob, drift, open::Backend, prefix};

pub use read::{BlockHours, BlockQuery, CellQuery, CellRange, blocks, cells, cells_of, kept};
pub use totals::totals;

/// Which runs a sum is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release.
    pub release: ReleaseId,
    /// The segment dimension; empty for all runs.
    pub dimension: String,
    /// Its value; empty for all runs.
    pub value: String,
}

/// The key of a cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// Which runs.
    pub group: Group,
    /// Hour or day.
    pub resolution: Resolution,
    /// Where the hour or day starts.
    pub start: Timestamp,
}

/// The key of an hour of blocks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey {
    /// Which runs.
    pub group: Group,
    /// Settled or concluded ones.
    pub basis: Basis,
    /// Where the hour starts.
    pub start: Timestamp,
}

/// Sums by key: changes waiting to be written, or everything that is kept of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    cells: BTreeMap<CellKey, Cell>,
    blocks: BTreeMap<BlockKey, BTreeMap<Timestamp, Minute>>,
}

/// What is kept of one minute of evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    counts: Counts,
    sketches: Sketches,
}

impl Minute {
    /// What one run adds on a basis. Only settled runs decide about quantiles, so only they are sketched.
    #[must_use]
    pub fn of(facts: &RunFacts, basis: Basis) -> Self {
        let sketches = if basis == Basis::Settled { Sketches::of(facts) } else { Sketches::default() };
        Self { counts: Counts::of(facts), sketches }
    }

    fn add(&mut self, other: &Self, sign: i64) {
        self.counts.add(&other.counts, sign);
        self.sketches.add(&other.sketches, sign);
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl From<Block> for Minute {
    fn from(block: Block) -> Self {
        Self { counts: block.counts, sketches: block.sketches }
    }
}

impl Changes {
    /// Adds a run's cell `sign` times to the hour and the day of `at`.
    pub fn cell(&mut self, group: &Group, at: Timestamp, cell: &Cell, sign: i64) {
        for resolution in [Resolution::Hour, Resolution::Day] {
            let key = CellKey { group: group.clone(), resolution, start: at.floor_to(resolution.micros()) };
            self.cells.entry(key).or_default().add(cell, sign);
        }
    }

    /// Adds a run `sign` times to the minute of `at`.
    pub fn block(&mut self, group: &Group, basis: Basis, at: Timestamp, run: &Minute, sign: i64) {
        let key = BlockKey { group: group.clone(), basis, start: at.hour() };
        let minute = at.floor_to(seatrial_domain::time::MINUTE);
        self.blocks.entry(key).or_default().entry(minute).or_default().add(run, sign);
    }

    /// Drops what sums to nothing.
    pub(crate) fn compact(&mut self) {
        self.cells.retain(|_, cell| !cell.is_empty());
        self.blocks.retain(|_, minutes| {
            minutes.retain(|_, minute| !minute.is_empty());
            !minutes.is_empty()
        });
    }

    /// How many cells and hours of blocks there are.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.cells.len(), self.blocks.len())
    }

    /// The first key at which `self` and `other` differ, in words.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        fn differs<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
            here: &BTreeMap<K, V>,
            there: &BTreeMap<K, V>,
        ) -> Option<String> {
            let keys: std::collections::BTreeSet<&K> = here.keys().chain(there.keys()).collect();
            let key = keys.into_iter().find(|key| here.get(key) != there.get(key))?;
            Some(format!("{key:?}: {:?} is not {:?}", here.get(key), there.get(key)))
        }
        differs(&self.cells, &other.cells).or_else(|| differs(&self.blocks, &other.blocks))
    }

    /// The earliest changed hour of each workflow.
    fn earliest_hours(&self) -> BTreeMap<WorkflowId, Timestamp> {
        let mut earliest = BTreeMap::new();
        for key in self.cells.keys().filter(|key| key.resolution == Resolution::Hour) {
            let hour = earliest.entry(key.group.workflow).or_insert(key.start);
            *hour = key.start.min(*hour);
        }
        earliest
    }

    /// The earliest changed hours of each release's blocks.
    fn changed_blocks(&self) -> BTreeMap<ReleaseId, prefix::Changed> {
        let mut changed: BTreeMap<ReleaseId, prefix::Changed> = BTreeMap::new();
        for key in self.blocks.keys() {
            let hours = changed.entry(key.group.release).or_default();
            let hour = match key.basis {
                Basis::Settled => &mut hours.settled,
                Basis::Concluded => &mut hours.concluded,
            };
            *hour = Some(hour.map_or(key.start, |known| known.min(key.start)));
        }
        changed
    }

    /// Writes every change. The caller holds the project's write lock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn apply(mut self, tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
        self.compact();
        for (workflow, hour) in self.earliest_hours() {
            drift::corrected(tx, scope, workflow, hour).await?;
        }
        prefix::corrected(tx, scope, &self.changed_blocks()).await?;
        let cells: Vec<_> = self.cells.into_iter().collect();
        for chunk in cells.chunks(CHUNK) {
            apply_cells(tx, scope, chunk).await?;
        }
        let blocks: Vec<_> = self.blocks.into_iter().collect();
        for chunk in blocks.chunks(CHUNK) {
            apply_blocks(tx, scope, chunk).await?;
        }
        Ok(())
    }
}

/// Forgets every cell and block of a project, to be written anew. The caller holds the project's write lock.
pub(crate) async fn forget(tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
    let raw = tx.raw();
    let backend = raw.get_database_backend();
    for table in [&CELLS, &BLOCKS] {
        let sql = format!("DELETE FROM {} WHERE project_id = {}", table.name, placeholder_counter(backend)());
        raw.execute_raw(Statement::from_sql_and_values(backend, sql, [Value::from(scope.uuid())])).await?;
    }
    prefix::forget(tx, scope).await?;
    drift::forget(tx, scope).await
}

/// Keys per statement: eight parameters each stay well below both databases' limits.
const CHUNK: usize = 500;

/// One keyed table of sums.
struct Table {
    name: &'static str,
    kind: &'static str,
}

const CELLS: Table = Table { name: "cells", kind: "resolution" };
const BLOCKS: Table = Table { name: "blocks", kind: "basis" };

const fn resolution_name(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Hour => "hour",
        Resolution::Day => "day",
    }
}

const fn basis_name(basis: Basis) -> &'static str {
    match basis {
        Basis::Settled => "settled",
        Basis::Concluded => "concluded",
    }
}

#[derive(FromQueryResult)]
struct Found {
    position: i64,
    body: Vec<u8>,
}

fn key_values(scope: Scope, group: &Group, kind: &str, start: Timestamp) -> [Value; 7] {
    [
        scope.uuid().into(),
        group.workflow.uuid().into(),
        group.release.uuid().into(),
        group.dimension.clone().into(),
        kind.into(),
        start.micros().into(),
        group.value.clone().into(),
    ]
}

/// `($1, $2), ($3, $4)` in the dialect's way.
pub(crate) fn placeholders(backend: Backend, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            match backend {
                Backend::Sqlite => text.push('?'),
                Backend::Postgres => text.push_str(&format!("${}", row * columns + column + 1)),
            }
        }
        text.push(')');
    }
    text
}

/// How what is wanted is joined with what is kept. SQLite takes hundreds of wanted keys for a reason to walk the whole
/// table instead; there a cross join fixes the order of its loops, and each key is looked up.
const fn each_wanted(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "CROSS JOIN",
        Backend::Postgres => "JOIN",
    }
}

async fn find(tx: &WriteTx, table: &Table, keys: Vec<[Value; 7]>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let rows = keys.len();
    let values = keys
        .into_iter()
        .enumerate()
        .flat_map(|(i, key)| key.into_iter().chain([Value::from(i64::try_from(i).unwrap_or_default())]));
    let sql = format!(
        "WITH wanted (project_id, workflow_id, release_id, dimension, kind, start_at, value, position) AS (VALUES {}) \
         SELECT wanted.position AS position, kept.body AS body FROM wanted {} {} AS kept \
         ON kept.project_id = wanted.project_id AND kept.workflow_id = wanted.workflow_id \
         AND kept.release_id = wanted.release_id AND kept.dimension = wanted.dimension \
         AND kept.{} = wanted.kind AND kept.start_at = wanted.start_at AND kept.value = wanted.value",
        placeholders(tx.backend, rows, 8),
        each_wanted(tx.backend),
        table.name,
        table.kind,
    );
    let raw = tx.raw();
    let statement = Statement::from_sql_and_values(raw.get_database_backend(), sql, values);
    let mut found = vec![None; rows];
    for row in Found::find_by_statement(statement).all(raw).await? {
        if let Some(slot) = usize::try_from(row.position).ok().and_then(|i| found.get_mut(i)) {
            *slot = Some(row.body);
        }
    }
    Ok(found)
}

async fn put(tx: &WriteTx, table: &Table, rows: Vec<([Value; 7], Vec<u8>)>) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO {name} (project_id, workflow_id, release_id, dimension, {kind}, start_at, value, body) VALUES {} \
         ON CONFLICT (project_id, workflow_id, release_id, dimension, {kind}, start_at, value) \
         DO UPDATE SET body = excluded.body",
        placeholders(tx.backend, rows.len(), 8),
        name = table.name,
        kind = table.kind,
    );
    let values = rows.into_iter().flat_map(|(key, body)| key.into_iter().chain([Value::from(body)]));
    let raw = tx.raw();
    raw.execute_raw(Statement::from_sql_and_values(raw.get_database_backend(), sql, values)).await?;
    Ok(())
}

async fn apply_cells(tx: &WriteTx, scope: Scope, changes: &[(CellKey, Cell)]) -> Result<(), StoreError> {
    let key = |key: &CellKey| key_values(scope, &key.group, resolution_name(key.resolution), key.start);
    let kept = find(tx, &CELLS, changes.iter().map(|(k, _)| key(k)).collect()).await?;
    let mut rows = Vec::with_capacity(changes.len());
    for ((cell_key, change), kept) in changes.iter().zip(kept) {
        let body = match kept {
            None => blob::encode_cell(change)?,
            Some(body) => {
                let mut cell = blob::decode_cell(&body)?;
                cell.add(change, 1);
                blob::encode_cell(&cell)?
            }
        };
        rows.push((key(cell_key), body));
    }
    put(tx, &CELLS, rows).await
}

async fn apply_blocks(
    tx: &WriteTx,
    scope: Scope,
    changes: &[(BlockKey, BTreeMap<Timestamp, Minute>)],
) -> Result<(), StoreError> {
    let key = |key: &BlockKey| key_values(scope, &key.group, basis_name(key.basis), key.start);
    let kept = find(tx, &BLOCKS, changes.iter().map(|(k, _)| key(k)).collect()).await?;
    let mut rows = Vec::with_capacity(changes.len());
    for ((block_key, change), kept) in changes.iter().zip(kept) {
        let mut minutes: BTreeMap<Timestamp, Minute> = match kept {
            None => BTreeMap::new(),
            Some(body) => blob::decode_blocks(&body)?.into_iter().map(|block| (block.minute, block.into())).collect(),
        };
        for (minute, added) in change {
            minutes.entry(*minute).or_default().add(added, 1);
        }
        let blocks: Vec<Block> = minutes
            .into_iter()
            .filter(|(_, kept)| !kept.is_empty())
            .map(|(minute, Minute { counts, sketches })| Block { minute, counts, sketches })
            .collect();
        rows.push((key(block_key), blob::encode_blocks(&blocks)?));
    }
    put(tx, &BLOCKS, rows).await
}

/// Gives out `?` or `$1`, `$2`, … one after the other.
pub(crate) fn placeholder_counter(backend: sea_orm::DbBackend) -> impl FnMut() -> String {
    let mut n = 0;
    move || {
        n += 1;
        if backend == sea_orm::DbBackend::Postgres { format!("${n}") } else { "?".to_owned() }
    }
}
