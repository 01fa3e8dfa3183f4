//! What background work does in one pass. Each function does what is due at the clock's time and says how much it was.

use seatrial_domain::ids::{RunId, uuid_v7};
use seatrial_domain::time::Timestamp;
use seatrial_store::ingest::{Change, RunWrite, Target, apply, due_to_close, due_to_settle};
use seatrial_store::{Scope, retention as stored};

use crate::app::App;
use crate::app::error::AppError;

/// Runs per transaction: others wait for the writer no longer than such a batch takes.
const BATCH: u64 = 500;
/// Batches in one pass; what is left is due in the next one.
const BATCHES: usize = 40;

/// Settles the runs whose settle window has passed, so that they are evidence for their release. Returns how many.
///
/// # Errors
/// When the database fails; what was settled before stays settled.
pub async fn settle_due(app: &App) -> Result<usize, AppError> {
    let mut settled = 0;
    for _ in 0..BATCHES {
        let due = due_to_settle(&app.store, app.now(), BATCH).await?;
        let all = due.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        settled += change(app, due, &Change::Settle).await?;
        if all {
            break;
        }
    }
    Ok(settled)
}

/// Closes the runs that have not been heard of for as long as their workflow's rules say. Returns how many.
///
/// # Errors
/// When the database fails; what was closed before stays closed.
pub async fn close_idle(app: &App) -> Result<usize, AppError> {
    let mut closed = 0;
    for _ in 0..BATCHES {
        let due = due_to_close(&app.store, app.now(), BATCH).await?;
        let all = due.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        closed += change(app, due, &Change::CloseIdle).await?;
        if all {
            break;
        }
    }
    Ok(closed)
}

async fn change(app: &App, runs: Vec<(Scope, RunId)>, change: &Change) -> Result<usize, AppError> {
    if runs.is_empty() {
        return Ok(0);
    }
    let writes = runs.into_iter().map(|(scope, run)| RunWrite {
        scope,
        target: Target::Id(run),
        new_id: run,
        change: change.clone(),
    });
    let tx = app.store.write().await?;
    let results = apply(&tx, &writes.collect::<Vec<_>>(), app.now()).await?;
    tx.commit().await?;
    // A run deleted meanwhile is refused, and needs nothing any more.
    Ok(results.iter().filter(|result| result.is_ok()).count())
}

/// Judges every scorecard, looks at every gap and response whose time is over, and enqueues what people are to be told.
/// Returns how many messages were enqueued.
///
/// # Errors
/// When something could not be judged; the rest was.
pub async fn check_scorecards(app: &App) -> Result<usize, AppError> {
    let (reviews, overdue) = (app.check_scorecards().await, app.remind().await);
    Ok(reviews? + overdue?)
}

/// Finds what is missing from the evidence of every gate that waits for a decision, and how many more runs it will
/// probably take. Returns how many gates were read.
///
/// # Errors
/// When a gate could not be read; the others were.
pub async fn find_gaps(app: &App) -> Result<usize, AppError> {
    app.find_gaps().await
}

/// Groups new failures into patterns, watches what is fixed, and sketches cases that have no sketch. Returns how many
/// failures and cases that were.
///
/// # Errors
/// When the database fails; what was done before stays.
pub async fn group_failures(app: &App) -> Result<usize, AppError> {
    let grouped = app.group_failures().await?;
    Ok(grouped + app.sketch_cases().await?)
}

/// Watches every live release: takes in the hours since the last pass, moves alerts to where they stand, and tells
/// people. Returns how many alerts moved.
///
/// # Errors
/// When a release could not be watched; the others were.
pub async fn watch_drift(app: &App) -> Result<usize, AppError> {
    app.watch_drift().await
}

/// Sends the messages that are due. Returns how many the other side took.
///
/// # Errors
/// When the database fails; nothing is lost then.
pub async fn deliver_due(app: &App) -> Result<usize, AppError> {
    if app.mailer.is_some() {
        app.answer_reset_requests().await?;
    }
    app.deliver_due().await
}

/// Removes sessions that ended, links that are not good any more, marks of old requests and keys without tokens.
/// Returns how many rows went.
///
/// # Errors
/// When the database fails.
pub async fn forget_ended(app: &App) -> Result<usize, AppError> {
    Ok(usize::try_from(app.forget_ended().await?).unwrap_or(usize::MAX))
}

/// Removes the bodies of traces and reports older than `retention.trace_days`: what people and models wrote. Facts
/// and the outline of the spans stay. Returns of how many runs.
///
/// # Errors
/// When the database fails; what was removed before stays removed.
pub async fn retention(app: &App) -> Result<usize, AppError> {
    let days = i64::from(app.config.retention.trace_days);
    if days == 0 {
        return Ok(0);
    }
    let before = first_run_of(app.now().plus_days(-days));
    let (mut after, mut removed) = (None, 0);
    loop {
        let runs = stored::runs_with_bodies(app.store.read(), after, before, BATCH).await?;
        let Some(last) = runs.last() else { break };
        after = Some(*last);
        let tx = app.store.write().await?;
        stored::delete_bodies(&tx, &runs).await?;
        tx.commit().await?;
        removed += runs.len();
    }
    Ok(removed)
}

/// The lowest id that a run which arrived at `at` can have.
fn first_run_of(at: Timestamp) -> RunId {
    RunId::from_uuid(uuid_v7(u64::try_from(at.micros() / 1_000).unwrap_or(0), [0; 10]))
}
