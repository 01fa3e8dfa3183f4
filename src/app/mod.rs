//! Use cases: the only layer that composes the store, ingest, mail and sign-in. One file per noun.
//!
//! A use case checks the permission (by [`App::enter`]), does one transaction with its audit entry and outbox rows,
//! and returns plain values. Pages and API call the same ones.

pub mod access;
pub mod audit;
pub mod error;
pub mod ingest;
pub mod names;
pub mod otlp;
pub mod ports;
pub mod project;
pub mod run;
pub mod signal;
pub mod workflow;

use std::sync::Arc;

use seatrial_domain::time::Timestamp;
use seatrial_store::Store;

use crate::auth::password::Passwords;
use crate::auth::token::Tokens;
use crate::config::Config;
use crate::telemetry::metrics::AllMetrics;
use error::AppError;
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
        }))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
