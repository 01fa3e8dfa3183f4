//! Writing runs: many requests in one transaction, with cells, evidence blocks and failures kept in step.
//!
//! Whatever arrives (a piece of a trace, a report, a late fact, the passing of time) is applied the same way: load
//! what is stored of the runs concerned, change it, resolve the facts anew, take the old contribution out of the sums
//! and put the new one in. So repeats change nothing, order does not matter, and the sums always equal a
//! recomputation from the runs.

mod contribution;
mod load;
mod names;
mod state;
mod write;

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, Statement};
use seatrial_domain::ids::{FactId, ProjectId, RunId};
use seatrial_domain::run::{LateFact, MergeConflict, RunReport};
use seatrial_domain::span::Span;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection as _, WriteTx};
use crate::error::StoreError;
use crate::open::{Backend, Store};
use crate::scope::Scope;

pub(crate) use names::severity;

/// Something to apply to one run.
#[derive(Clone, Debug)]
pub enum Change {
    /// A piece of its trace.
    Trace {
        /// Its spans, in any order.
        spans: Vec<Span>,
        /// The piece's OTLP `TracesData` bytes, compressed.
        body: Vec<u8>,
    },
    /// What its sender reports of it.
    Report(Box<RunReport>),
    /// Something learned later.
    Fact {
        /// The new fact's id.
        id: FactId,
        /// The sender's key: the same key again changes nothing.
        key: String,
        /// The fact.
        fact: LateFact,
    },
    /// Time has passed: settle it when it is due.
    Settle,
    /// No news for long: close it.
    CloseIdle,
    /// It goes, with everything it contributed.
    Delete,
}

/// Which run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The run with this external id; made when it is not there (traces and reports only).
    External(String),
    /// A run that exists.
    Id(RunId),
}

/// A change of a run of a project.
#[derive(Clone, Debug)]
pub struct RunWrite {
    /// The project.
    pub scope: Scope,
    /// The run.
    pub target: Target,
    /// The id it gets when it is new.
    pub new_id: RunId,
    /// The change.
    pub change: Change,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The run is new.
    Created,
    /// The run changed.
    Updated,
    /// It was known already.
    Unchanged,
}

/// Why a change was not applied; the others of its batch were.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such run in the project.
    #[error("there is no run `{0}` in this project; send the run first")]
    NoRun(String),
    /// A report contradicts an earlier one.
    #[error(transparent)]
    Conflict(#[from] MergeConflict),
    /// The run has more spans than are kept.
    #[error("the run has more than {0} spans; further ones are not kept (an agent in a loop?)")]
    TooManySpans(usize),
}

/// The outcome of one [`RunWrite`].
pub type WriteResult = Result<(RunId, Applied), Refused>;

/// Applies `writes` in the transaction and returns one result for each, in order. Nothing is durable before the
/// transaction is committed.
///
/// # Errors
/// When the database fails; the transaction must be dropped then.
pub async fn apply(tx: &WriteTx, writes: &[RunWrite], now: Timestamp) -> Result<Vec<WriteResult>, StoreError> {
    let mut results: Vec<Option<WriteResult>> = writes.iter().map(|_| None).collect();
    let mut by_project: BTreeMap<Scope, Vec<(usize, &RunWrite)>> = BTreeMap::new();
    for (position, write) in writes.iter().enumerate() {
        by_project.entry(write.scope).or_default().push((position, write));
    }
    for (scope, writes) in by_project {
        lock(tx, scope).await?;
        tx.changed(scope);
        for (position, result) in apply_project(tx, scope, writes, now).await? {
            results[position] = Some(result);
        }
    }
    Ok(results.into_iter().map(|result| result.unwrap_or_else(|| Err(Refused::NoRun(String::new())))).collect())
}

/// Takes the project's write lock. One writer at a time changes the sums of a project, and projects are locked in the
/// order of their ids, so two writers can neither lose a change nor wait for each other in a circle.
///
/// Whoever holds it sees the sums as they are between two batches of runs, and appends to the decision chain alone.
/// SQLite has one writer anyway; on PostgreSQL it is a lock of the transaction.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
    if tx.backend == Backend::Postgres {
        let (high, low) = scope.uuid().as_u64_pair();
        let key = (high ^ low).cast_signed();
        tx.raw().execute_unprepared(&format!("SELECT pg_advisory_xact_lock({key})")).await?;
    }
    Ok(())
}

async fn apply_project(
    tx: &WriteTx,
    scope: Scope,
    writes: Vec<(usize, &RunWrite)>,
    now: Timestamp,
) -> Result<Vec<(usize, WriteResult)>, StoreError> {
    let mut context = names::Context::load(tx, scope).await?;
    let mut states = load::states(tx, scope, &writes).await?;
    let mut results = Vec::with_capacity(writes.len());
    for (position, write) in writes {
        results.push((position, states.apply(write, now)?));
    }
    states.resolve(&mut context, now);
    context.save(tx, scope, now).await?;
    contribution::write(tx, scope, &mut context, &states).await?;
    write::save(tx, scope, states, now).await?;
    Ok(results)
}

/// Runs whose settle window has passed but that do not count as settled yet, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn due_to_settle(store: &Store, now: Timestamp, limit: u64) -> Result<Vec<(Scope, RunId)>, StoreError> {
    load::due_to_settle(store.read(), now, limit).await
}

/// Open runs not heard of since `before`, with the workflow rules deciding whether that is long enough, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn due_to_close(store: &Store, now: Timestamp, limit: u64) -> Result<Vec<(Scope, RunId)>, StoreError> {
    load::due_to_close(store.read(), now, limit).await
}

/// Compares what is kept of a project's sums with a recomputation from its runs; `None` when they agree, else the first
/// difference in words.
///
/// # Errors
/// When the database fails or something stored cannot be decoded.
pub async fn check_sums(store: &Store, scope: Scope) -> Result<Option<String>, StoreError> {
    let tx = store.write().await?;
    lock(&tx, scope).await?;
    let kept = crate::accumulate::kept(&tx, scope).await?;
    let computed = contribution::recompute(&tx, scope).await?;
    Ok(kept.first_difference(&computed))
}

/// Writes the sums of every project anew whose layout a migration has changed; nothing when there is none. Each project
/// in a transaction of its own, so that an upgrade that was cut off goes on where it stopped.
///
/// # Errors
/// When the database fails or a stored run cannot be decoded.
pub(crate) async fn rebuild_sums(store: &Store) -> Result<(), StoreError> {
    loop {
        let tx = store.write().await?;
        let raw = tx.raw();
        let backend = raw.get_database_backend();
        let next =
            Statement::from_string(backend, "SELECT project_id FROM sums_to_rebuild ORDER BY project_id LIMIT 1");
        let Some(row) = raw.query_one_raw(next).await? else { return Ok(()) };
        let project: uuid::Uuid = row.try_get("", "project_id")?;
        let scope = Scope::of(ProjectId::from_uuid(project));
        lock(&tx, scope).await?;
        tracing::info!(project = %scope.project(), "writing the sums of a project anew, since their layout has changed");
        contribution::rebuild(&tx, scope).await?;
        let mark = if backend == sea_orm::DbBackend::Postgres { "$1" } else { "?" };
        let done = format!("DELETE FROM sums_to_rebuild WHERE project_id = {mark}");
        raw.execute_raw(Statement::from_sql_and_values(backend, done, [project.into()])).await?;
        tx.commit().await?;
    }
}
