//! The way in for runs: a bounded queue in front of one writer that commits many requests at once.
//!
//! A request is answered when its transaction is on disk. When the queue is full nothing is accepted and the sender is
//! told when to come again; what was accepted is written even when the service is asked to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use seatrial_store::ingest::{Applied, RunWrite, WriteResult, apply};
use seatrial_store::{Store, StoreError};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use super::error::AppError;
use super::ports::Clock;
use crate::config::Ingest;
use crate::telemetry::metrics::{AllMetrics, IngestLabels};

/// One request's writes, waiting for the writer.
struct Job {
    writes: Vec<RunWrite>,
    bytes: usize,
    answer: oneshot::Sender<Result<Vec<WriteResult>, AppError>>,
}

/// The queue. Cloning it is cheap; all clones feed the same writer.
#[derive(Clone, Debug)]
pub struct IngestQueue {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes of the jobs that wait or are being written.
    bytes: AtomicUsize,
    most_bytes: usize,
    retry_after_seconds: u32,
    /// Decoding is work for a processor; more at once than there are processors only costs memory.
    decoders: Semaphore,
    /// Whether the last commit went well.
    healthy: AtomicBool,
    metrics: Arc<AllMetrics>,
    writer: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl IngestQueue {
    /// Starts the writer.
    #[must_use]
    pub fn start(store: Store, clock: Arc<dyn Clock>, settings: &Ingest, metrics: Arc<AllMetrics>) -> Self {
        let (sender, receiver) = mpsc::channel(settings.queue_length);
        let shared = Arc::new(Shared {
            bytes: AtomicUsize::new(0),
            most_bytes: settings.queue_mib << 20,
            retry_after_seconds: settings.retry_after_seconds,
            decoders: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            healthy: AtomicBool::new(true),
            metrics,
            writer: Mutex::new(None),
        });
        let writer = Writer {
            store,
            clock,
            jobs: receiver,
            shared: Arc::clone(&shared),
            most_runs: settings.commit_max_runs,
            wait: Duration::from_millis(settings.commit_wait_ms),
        };
        let handle = tokio::spawn(writer.run());
        if let Ok(mut slot) = shared.writer.try_lock() {
            *slot = Some(handle);
        }
        Self { jobs: sender, shared }
    }

    /// Reserves room for a request of `bytes` bytes that came by `source` (`otlp`, `json` or `fact`). Asked for before
    /// the body is read, with the length that the request declares; what it does not declare is covered as it comes.
    ///
    /// # Errors
    /// [`AppError::Overloaded`] when the queue is full.
    pub fn reserve(&self, bytes: usize, source: &'static str) -> Result<Reservation, AppError> {
        if self.jobs.capacity() == 0 {
            return Err(self.shared.overloaded(source));
        }
        let mut reservation = Reservation { shared: Arc::clone(&self.shared), bytes: 0, source };
        reservation.cover(bytes)?;
        Ok(reservation)
    }

    /// Counts `n` runs that came by `source`; of overload, requests.
    pub fn count(&self, source: &'static str, outcome: &'static str, n: usize) {
        self.shared.count(source, outcome, n);
    }

    fn count_results(&self, source: &'static str, results: &[WriteResult]) {
        for result in results {
            let outcome = match result {
                Ok((_, Applied::Created | Applied::Updated)) => "accepted",
                Ok((_, Applied::Unchanged)) => "repeated",
                Err(_) => "rejected",
            };
            self.count(source, outcome, 1);
        }
    }

    /// Runs `decode` on a blocking thread, a bounded number at a time.
    ///
    /// # Errors
    /// When the service is stopping or `decode` panics.
    pub async fn decode<T, F>(&self, decode: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let _permit = self.shared.decoders.acquire().await.map_err(AppError::internal)?;
        tokio::task::spawn_blocking(decode).await.map_err(AppError::internal)
    }

    /// Queues the writes and waits until they are on disk. One result per write, in order.
    ///
    /// # Errors
    /// [`AppError::Overloaded`] when the queue is full; [`AppError::ReadOnly`] and others when the database refuses.
    pub async fn write(&self, writes: Vec<RunWrite>, reservation: Reservation) -> Result<Vec<WriteResult>, AppError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        let (source, bytes) = (reservation.source, reservation.bytes);
        self.jobs.try_send(Job { writes, bytes, answer }).map_err(|_| self.shared.overloaded(source))?;
        let result = answered.await.map_err(AppError::internal)?;
        drop(reservation);
        if let Ok(results) = &result {
            self.count_results(source, results);
        }
        result
    }

    /// Whether the last commit went well.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.shared.healthy.load(Ordering::Relaxed) && !self.jobs.is_closed()
    }

    /// Waits for everything accepted to be written. All other clones must be gone, or it waits for them.
    pub async fn finish(self) {
        let Self { jobs, shared } = self;
        drop(jobs);
        let handle = shared.writer.lock().await.take();
        if let Some(handle) = handle {
            // A writer that panicked has nothing left to finish.
            let _ = handle.await;
        }
    }
}

/// Room in the queue, given back when dropped.
#[derive(Debug)]
pub struct Reservation {
    shared: Arc<Shared>,
    bytes: usize,
    source: &'static str,
}

impl Reservation {
    /// Makes it cover at least `bytes` bytes.
    ///
    /// # Errors
    /// [`AppError::Overloaded`] when the queue has no room for more.
    pub fn cover(&mut self, bytes: usize) -> Result<(), AppError> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let others = self.shared.bytes.fetch_add(more, Ordering::Relaxed).saturating_sub(self.bytes);
        self.bytes += more;
        self.shared.show_bytes();
        // One request larger than the whole allowance may pass when nothing else waits, or it never could.
        if others > 0 && others + self.bytes > self.shared.most_bytes {
            return Err(self.shared.overloaded(self.source));
        }
        Ok(())
    }
}

impl Shared {
    fn overloaded(&self, source: &'static str) -> AppError {
        self.count(source, "overloaded", 1);
        AppError::Overloaded { retry_after_seconds: self.retry_after_seconds }
    }

    fn count(&self, source: &'static str, outcome: &'static str, n: usize) {
        let labels = IngestLabels { source, outcome };
        self.metrics.ingest_runs.get_or_create(&labels).inc_by(n as u64);
    }

    fn show_bytes(&self) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        self.metrics.ingest_queue_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shared.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.shared.show_bytes();
    }
}

/// The task that owns the database's writing side for runs.
struct Writer {
    store: Store,
    clock: Arc<dyn Clock>,
    jobs: mpsc::Receiver<Job>,
    shared: Arc<Shared>,
    most_runs: usize,
    wait: Duration,
}

impl Writer {
    async fn run(mut self) {
        while let Some(first) = self.jobs.recv().await {
            let batch = self.gather(first).await;
            self.commit(batch).await;
        }
    }

    /// Takes what waits, up to the limit. A short wait lets requests that arrive together share a transaction; under
    /// load there is always more waiting and nobody waits for it.
    async fn gather(&mut self, first: Job) -> Vec<Job> {
        let mut runs = first.writes.len();
        let mut batch = vec![first];
        let deadline = tokio::time::Instant::now() + self.wait;
        while runs < self.most_runs {
            let next = match self.jobs.try_recv() {
                Ok(job) => Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => None,
                Err(mpsc::error::TryRecvError::Empty) => {
                    tokio::time::timeout_at(deadline, self.jobs.recv()).await.ok().flatten()
                }
            };
            let Some(job) = next else { break };
            runs += job.writes.len();
            batch.push(job);
        }
        batch
    }

    async fn commit(&self, mut batch: Vec<Job>) {
        let metrics = &self.shared.metrics;
        metrics.ingest_queue_length.set(i64::try_from(self.jobs.len()).unwrap_or(i64::MAX));
        let runs: usize = batch.iter().map(|job| job.writes.len()).sum();
        let started = tokio::time::Instant::now();
        if batch.len() == 1 {
            for job in batch {
                self.commit_one(job).await;
            }
        } else {
            let sizes: Vec<usize> = batch.iter().map(|job| job.writes.len()).collect();
            let all: Vec<RunWrite> = batch.iter_mut().flat_map(|job| std::mem::take(&mut job.writes)).collect();
            match self.apply(&all).await {
                Ok(mut results) => {
                    for (job, size) in batch.into_iter().zip(sizes) {
                        let rest = results.split_off(size.min(results.len()));
                        // A sender that went away has its runs written all the same.
                        let _ = job.answer.send(Ok(std::mem::replace(&mut results, rest)));
                    }
                }
                // One request must not sink the others: try them one by one.
                Err(error) => {
                    tracing::warn!(%error, "a group commit failed; its requests are written one by one");
                    let mut all = all.into_iter();
                    for (job, size) in batch.into_iter().zip(sizes) {
                        let writes = all.by_ref().take(size).collect();
                        self.commit_one(Job { writes, ..job }).await;
                    }
                }
            }
        }
        metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a histogram of thousands")]
        metrics.commit_runs.observe(runs as f64);
    }

    async fn commit_one(&self, job: Job) {
        tracing::trace!(bytes = job.bytes, writes = job.writes.len(), "committing one request");
        let result = self.apply(&job.writes).await.map_err(AppError::from);
        self.shared.healthy.store(result.is_ok(), Ordering::Relaxed);
        let _ = job.answer.send(result);
    }

    /// Applies the writes in one transaction, again when another writer was in the way.
    async fn apply(&self, writes: &[RunWrite]) -> Result<Vec<WriteResult>, StoreError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.apply_once(writes).await {
                Err(error) if error.is_transient() && attempts < 5 => {
                    tracing::debug!(%error, attempts, "another writer was in the way");
                    tokio::time::sleep(Duration::from_millis(20 * attempts)).await;
                }
                other => {
                    if other.is_ok() {
                        self.shared.healthy.store(true, Ordering::Relaxed);
                    }
                    return other;
                }
            }
        }
    }

    async fn apply_once(&self, writes: &[RunWrite]) -> Result<Vec<WriteResult>, StoreError> {
        let tx = self.store.write().await?;
        let results = apply(&tx, writes, self.clock.now()).await?;
        tx.commit().await?;
        Ok(results)
    }
}
