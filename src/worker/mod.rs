//! Background work: settling and closing runs, judging scorecards, delivering messages, removing what is too old.
//!
//! Each job is a plain function that does what is due at the clock's time; a worker calls it again and again under
//! its lease, so that of several replicas one does it. Leases save work, they do not keep things right: every job may
//! run twice at once, because what it changes is checked in the transaction that changes it.

pub mod jobs;

use std::sync::Arc;
use std::time::Duration;

use seatrial_domain::ids::RunId;
use seatrial_store::lease;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::app::error::AppError;
use crate::config;
use crate::telemetry::metrics::WorkLabels;

/// Finding gaps evaluates every undecided gate; an hour is soon enough for what people mend in days.
const GAPS_EVERY: Duration = Duration::from_secs(3_600);

/// Grouping reads what failed runs were given, which is work beside the ingest: half a minute is soon enough for people.
const PATTERNS_EVERY: Duration = Duration::from_secs(30);

/// Drift is read by the hour; five minutes after a change of its figures is soon enough.
const DRIFT_EVERY: Duration = Duration::from_secs(300);

/// One kind of background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Runs whose settle window has passed become evidence.
    SettleDue,
    /// Runs without news for long are closed.
    CloseIdle,
    /// Scorecards are judged and their owners told.
    CheckScorecards,
    /// What is missing from the evidence of undecided gates is found, and how many more runs they will take.
    FindGaps,
    /// Failures are grouped into patterns.
    GroupFailures,
    /// Live releases are watched, and people told of what changed.
    WatchDrift,
    /// Messages leave.
    DeliverDue,
    /// What people and models wrote is removed when it is old.
    Retention,
    /// Sessions and links that have ended are removed.
    ForgetEnded,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 9] = [
        Self::SettleDue,
        Self::CloseIdle,
        Self::CheckScorecards,
        Self::FindGaps,
        Self::GroupFailures,
        Self::WatchDrift,
        Self::DeliverDue,
        Self::Retention,
        Self::ForgetEnded,
    ];

    /// The name of its lease, and in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SettleDue => "settle_due",
            Self::CloseIdle => "close_idle",
            Self::CheckScorecards => "check_scorecards",
            Self::FindGaps => "find_gaps",
            Self::GroupFailures => "group_failures",
            Self::WatchDrift => "watch_drift",
            Self::DeliverDue => "deliver_due",
            Self::Retention => "retention",
            Self::ForgetEnded => "forget_ended",
        }
    }

    const fn interval(self, settings: &config::Worker) -> Duration {
        match self {
            Self::SettleDue | Self::CloseIdle | Self::DeliverDue => Duration::from_millis(settings.poll_ms),
            Self::GroupFailures => PATTERNS_EVERY,
            Self::CheckScorecards => Duration::from_secs(settings.staleness_seconds),
            Self::FindGaps => GAPS_EVERY,
            Self::WatchDrift => DRIFT_EVERY,
            Self::Retention | Self::ForgetEnded => Duration::from_secs(settings.retention_seconds),
        }
    }

    async fn run(self, app: &App) -> Result<usize, AppError> {
        match self {
            Self::SettleDue => jobs::settle_due(app).await,
            Self::CloseIdle => jobs::close_idle(app).await,
            Self::CheckScorecards => jobs::check_scorecards(app).await,
            Self::FindGaps => jobs::find_gaps(app).await,
            Self::GroupFailures => jobs::group_failures(app).await,
            Self::WatchDrift => jobs::watch_drift(app).await,
            Self::DeliverDue => jobs::deliver_due(app).await,
            Self::Retention => jobs::retention(app).await,
            Self::ForgetEnded => jobs::forget_ended(app).await,
        }
    }
}

/// Does what is due of one job, if `holder` has or gets its lease. Returns how much was done; `None` when another
/// process has the lease.
///
/// # Errors
/// What the job answers, or when the database fails.
pub async fn pass(app: &App, holder: &str, job: Job) -> Result<Option<usize>, AppError> {
    if !has_lease(app, holder, job).await? {
        return Ok(None);
    }
    job.run(app).await.map(Some)
}

/// Takes or renews the lease. One with more than half its time left is not written again, so that an idle service
/// does not write all the time.
async fn has_lease(app: &App, holder: &str, job: Job) -> Result<bool, AppError> {
    let now = app.now();
    let seconds = i64::try_from(app.config.worker.lease_seconds).unwrap_or(i64::MAX);
    if let Some(lease) = lease::find(app.store.read(), job.name()).await? {
        if lease.holder != holder && lease.expires_at > now {
            return Ok(false);
        }
        if lease.holder == holder && lease.expires_at > now.plus_seconds(seconds / 2) {
            return Ok(true);
        }
    }
    let tx = app.store.write().await?;
    let taken = lease::acquire(&tx, job.name(), holder, now, now.plus_seconds(seconds)).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Starts background work.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Starts a task for each job; none where `worker.enabled` is off.
    #[must_use]
    pub fn start(app: Arc<App>) -> WorkerHandle {
        let holder: Arc<str> = RunId::from_uuid(app.ids.uuid_v7()).uuid().simple().to_string().into();
        let (stop, stopped) = watch::channel(false);
        let jobs: &[Job] = if app.config.worker.enabled { &Job::ALL } else { &[] };
        let tasks =
            jobs.iter().map(|job| tokio::spawn(repeat(Arc::clone(&app), Arc::clone(&holder), *job, stopped.clone())));
        let tasks = tasks.collect();
        WorkerHandle { app, holder, stop, tasks }
    }
}

/// Running background work. Dropped without [`WorkerHandle::stop`], it stops by itself after the pass in hand.
#[derive(Debug)]
pub struct WorkerHandle {
    app: Arc<App>,
    holder: Arc<str>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl WorkerHandle {
    /// Waits for the pass in hand of each job, then gives up the leases, so that another process can go on at once.
    pub async fn stop(self) {
        let Self { app, holder, stop, tasks } = self;
        // Without a receiver every task has ended already.
        let _ = stop.send(true);
        for task in tasks {
            // A task cannot panic: its passes are tasks of their own.
            let _ = task.await;
        }
        if let Err(error) = release(&app, &holder).await {
            tracing::warn!(%error, "the leases of background work could not be given up; they expire by themselves");
        }
    }
}

async fn release(app: &App, holder: &str) -> Result<(), AppError> {
    let tx = app.store.write().await?;
    lease::release_all(&tx, holder).await?;
    tx.commit().await?;
    Ok(())
}

/// Calls one job again and again until told to stop. A pass that fails or panics is logged and tried again.
async fn repeat(app: Arc<App>, holder: Arc<str>, job: Job, mut stopped: watch::Receiver<bool>) {
    let interval = job.interval(&app.config.worker);
    while !*stopped.borrow() {
        let (pass_app, pass_holder) = (Arc::clone(&app), Arc::clone(&holder));
        // A task of its own, so that a panic ends this pass and not the job.
        let result = tokio::spawn(async move { pass(&pass_app, &pass_holder, job).await }).await;
        let outcome = match result {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(done))) => {
                if done > 0 {
                    tracing::debug!(job = job.name(), done, "background work");
                }
                Some("done")
            }
            Ok(Err(error)) => {
                tracing::warn!(job = job.name(), error = %causes(&error), "background work failed; it is tried again");
                Some("failed")
            }
            Err(error) => {
                tracing::error!(job = job.name(), %error, "background work broke off; it is tried again");
                Some("failed")
            }
        };
        if let Some(outcome) = outcome {
            app.metrics.work.get_or_create(&WorkLabels { worker: job.name(), outcome }).inc();
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            // The sender is gone: nobody can tell any more, so this is the end.
            changed = stopped.changed() => if changed.is_err() { return },
        }
    }
}

/// An error with its causes on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
