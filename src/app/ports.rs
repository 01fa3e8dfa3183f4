//! The outside world as the use cases see it: time, randomness, mail and outgoing HTTP.
//!
//! Each port is an object-safe trait with one real implementation and one that a test steers. The real
//! mailer and outgoing client are in `notify`.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

/// Tells the time. Nothing else in the service may ask the operating system for it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a broken clock; zero keeps the service answering and is visible in every record.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is told otherwise. Clones share one time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.micros())))
    }

    /// Sets the time, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let by_micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(by_micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A source of unpredictable bytes: the only one for ids, tokens, salts and jitter.
pub trait Randomness: Send + Sync + fmt::Debug {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `0..=max`, for jitter. Slightly biased for a `max` near `u32::MAX`; never for secrets.
    fn up_to(&self, max: u32) -> u32 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        let below = u64::from(max) + 1;
        u32::try_from(u64::from_le_bytes(bytes) % below).unwrap_or(max)
    }
}

/// The cryptographic generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("invariant: the operating system gives random bytes once it is up");
    }
}

/// A generator with a seed: the same seed gives the same bytes. For tests and the demo, never for secrets.
#[derive(Debug)]
pub struct SeededRandomness(Mutex<ChaCha20Rng>);

impl SeededRandomness {
    /// A generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// Makes ids: UUIDs of version 7, whose first 48 bits are the time in milliseconds.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl Ids {
    /// Ids from this clock and this randomness.
    pub fn new(clock: Arc<dyn Clock>, randomness: Arc<dyn Randomness>) -> Self {
        Self { clock, randomness }
    }

    /// A new id. Ids of different milliseconds sort by time; within one millisecond their order is random.
    pub fn uuid_v7(&self) -> Uuid {
        let millis = u64::try_from(self.clock.now().micros() / 1_000).unwrap_or(0);
        let mut random = [0; 10];
        self.randomness.fill(&mut random);
        seatrial_domain::ids::uuid_v7(millis, random)
    }
}

/// One message to one person, composed and ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Stable for one notice: it becomes the `Message-ID`, so a message sent twice can be recognised.
    pub id: String,
    /// The recipient's address, for example `ada@example.com`.
    pub to_address: String,
    /// The recipient's name as people write it; may be empty. Control characters are removed.
    pub to_name: String,
    /// The subject. Control characters are removed and it is cut to 200 characters.
    pub subject: String,
    /// The text that everybody can read.
    pub text: String,
    /// The same as HTML, already escaped. Without it the message is text only.
    pub html: Option<String>,
    /// When the message was written, for its `Date`.
    pub written_at: Timestamp,
    /// What the message belongs to: messages about one thing make one thread. Letters, digits, `-`, `_` and `.` are kept.
    pub thread: Option<String>,
    /// Where one POST turns such mails off (RFC 8058).
    pub unsubscribe_url: Option<String>,
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Sending it again cannot help: the address does not exist or the server refused the message.
    #[error("the message cannot be delivered: {detail}")]
    Permanent {
        /// What the server or the composer said, without control characters.
        detail: String,
    },
    /// Sending it again later may help.
    #[error("the message was not delivered this time: {detail}")]
    Transient {
        /// What the server or the connection said, without control characters.
        detail: String,
    },
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Hands the message to the mail server. `Ok` means the server took responsibility for it.
    ///
    /// # Errors
    /// [`MailError`], which says whether to try again.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// One outgoing POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundRequest {
    /// Where to, absolute. Chosen by a user: guarded against addresses inside the network.
    pub url: String,
    /// Header names and values, sent as they are.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

/// What the other side answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundAnswer {
    /// The HTTP status. Redirects are not followed, so 3xx can occur.
    pub status: u16,
    /// `Retry-After` in seconds where the answer had one as a number.
    pub retry_after_seconds: Option<u32>,
    /// The first bytes of the body, at most 16 KiB. Foreign text: escape it where it is shown.
    pub body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The URL itself is not usable; trying again cannot help.
    #[error("the URL cannot be used: {detail}")]
    InvalidUrl {
        /// What is wrong with it.
        detail: String,
    },
    /// The host is or resolves to an address inside the network, which the configuration does not allow.
    #[error(
        "the host resolves to an address that is not public; set outbound.allow_private = true to allow such addresses"
    )]
    Refused,
    /// The name of the host could not be resolved.
    #[error("the name of the host could not be resolved")]
    Unresolved,
    /// There was no complete answer in time.
    #[error("no answer within {seconds} seconds")]
    Timeout {
        /// The limit that passed.
        seconds: u64,
    },
    /// The connection failed: refused, reset, or no trust in its certificate.
    #[error("the connection failed: {detail}")]
    Connection {
        /// What failed, without control characters.
        detail: String,
    },
}

/// Sends HTTP requests to addresses that users chose.
#[async_trait]
pub trait Outbound: Send + Sync + fmt::Debug {
    /// Sends one POST and reads the bounded answer. Any status is `Ok`.
    ///
    /// # Errors
    /// [`OutboundError`] when there was no answer.
    async fn post(&self, request: &OutboundRequest) -> Result<OutboundAnswer, OutboundError>;
}
