//! Use cases: the only layer that composes the store, ingest, mail and sign-in. One file per noun.
//!
//! A use case checks the permission (by [`App::enter`]), does one transaction with its audit entry and outbox rows,
//! and returns plain values. Pages and API call the same ones.

pub mod access;
pub mod account;
pub mod alert;
pub mod api_key;
pub mod archive;
pub mod artifact;
pub mod audit;
pub mod case;
pub mod comparison;
pub mod content;
pub mod decision;
pub mod deployment;
pub mod drift;
pub mod error;
pub mod eval_result;
pub mod evidence;
pub mod exemption;
pub mod failure;
pub mod forecast;
pub mod freshness;
pub mod gap;
pub mod gate;
pub mod idempotency;
pub mod inbox;
pub mod incident;
pub mod ingest;
pub mod invitation;
pub mod learning;
pub mod mail;
pub mod member;
pub mod names;
pub mod notice;
pub mod otlp;
pub mod outbox;
pub mod owner;
pub mod password_reset;
pub mod pattern;
pub mod policy;
pub mod ports;
pub mod precondition;
pub mod project;
pub mod reminder;
pub mod response;
pub mod run;
pub mod sample;
pub mod saved_view;
pub mod scorecard;
pub mod scorecard_preview;
pub mod scorecard_proposal;
pub mod search;
pub mod session;
pub mod signal;
pub mod suite;
pub mod suite_grid;
pub mod team;
pub mod template;
pub mod token;
pub mod triage;
pub mod waiting;
pub mod webhook;
mod workers;
pub mod workflow;

use std::sync::Arc;
use std::time::Duration;

use seatrial_domain::time::Timestamp;
use seatrial_store::{OpenOptions, Store, StoreError};

use crate::auth::password::Passwords;
use crate::auth::token::Tokens;
use crate::config::{Config, DatabaseKind};
use crate::telemetry::metrics::AllMetrics;
use error::AppError;
use evidence::RememberedPrefixes;
use ingest::IngestQueue;
use ports::{Clock, Ids, Mailer, Outbound, Randomness};

/// Everything the use cases work with.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub randomness: Arc<dyn Randomness>,
    /// New ids.
    pub ids: Ids,
    /// The way in for runs.
    pub ingest: IngestQueue,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Issues and checks access tokens.
    pub tokens: Tokens,
    /// Sends mail; absent where no mail server is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Sends webhooks.
    pub outbound: Arc<dyn Outbound>,
    /// Counters and histograms.
    pub metrics: Arc<AllMetrics>,
    /// How far the evidence of gates had come that were looked at lately.
    pub prefixes: RememberedPrefixes,
}

/// Opens the database that the settings name.
///
/// # Errors
/// When it cannot be reached or written, or is newer than this version.
pub async fn open_store(config: &Config) -> Result<Store, StoreError> {
    let url = match config.database_kind() {
        DatabaseKind::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseKind::Postgres(url) => url.expose().to_owned(),
    };
    let settings = &config.database;
    let options = OpenOptions {
        url,
        readers: settings.read_connections,
        writers: settings.write_connections,
        acquire_timeout: std::time::Duration::from_millis(settings.acquire_timeout_ms),
    };
    Store::open(&options).await
}

/// What the outside world provides.
#[derive(Clone, Debug)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub randomness: Arc<dyn Randomness>,
    /// Sends mail; absent where no mail server is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Sends webhooks.
    pub outbound: Arc<dyn Outbound>,
}

impl App {
    /// Puts the parts together and starts the writer of runs.
    ///
    /// # Errors
    /// When the password hasher cannot be set up.
    pub fn new(config: Arc<Config>, store: Store, tokens: Tokens, ports: Ports) -> Result<Arc<Self>, AppError> {
        let metrics = Arc::new(AllMetrics::new());
        let Ports { clock, randomness, mailer, outbound } = ports;
        let ids = Ids::new(Arc::clone(&clock), Arc::clone(&randomness));
        let ingest = IngestQueue::start(store.clone(), Arc::clone(&clock), &config.ingest, Arc::clone(&metrics));
        let passwords = Passwords::new(Arc::clone(&randomness)).map_err(AppError::internal)?;
        Ok(Arc::new(Self {
            config,
            store,
            clock,
            randomness,
            ids,
            ingest,
            passwords,
            tokens,
            mailer,
            outbound,
            metrics,
            prefixes: RememberedPrefixes::default(),
        }))
    }

    /// Finishes what was accepted and closes the database. Waits up to `limit` for others to let go of the service.
    pub async fn finish(self: Arc<Self>, limit: Duration) {
        let deadline = tokio::time::Instant::now() + limit;
        let mut shared = self;
        loop {
            match Arc::try_unwrap(shared) {
                Ok(Self { ingest, store, .. }) => {
                    if tokio::time::timeout_at(deadline, ingest.finish()).await.is_err() {
                        tracing::warn!("accepted runs were still being written when the time to stop was over");
                    }
                    return store.close().await;
                }
                Err(other) if tokio::time::Instant::now() < deadline => shared = other,
                Err(_) => return tracing::warn!("background work did not end in time; the database ends it"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
