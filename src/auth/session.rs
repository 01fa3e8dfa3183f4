//! Browser sessions: an opaque token in a cookie, its hash in a row, two lifetimes.

use std::time::Duration;

use seatrial_domain::time::Timestamp;

use crate::app::ports::Randomness;
use crate::auth::secret::{Secret, SecretHash, random_secret};

/// What a session token begins with.
pub const TOKEN_PREFIX: &str = "sea_session_";
/// A row's `last_seen_at` is written at most this often, so that reading pages does not write all the time.
const TOUCH_AFTER_MICROS: i64 = 60 * 1_000_000;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// A session ends when it was not used for this long.
    pub idle: Duration,
    /// A session ends this long after sign-in, used or not.
    pub absolute: Duration,
}

/// The times that a session row keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimes {
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the session was last used, to the minute.
    pub last_seen_at: Timestamp,
}

/// Whether a session is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// It is.
    Live {
        /// `last_seen_at` is old enough to be written again.
        touch: bool,
    },
    /// It was not used for too long.
    Idle,
    /// It reached its end.
    Over,
}

/// A session just made: the token goes into the cookie, the hash into the row.
#[derive(Debug)]
pub struct NewSession {
    /// For the cookie, never stored.
    pub token: Secret,
    /// For the row, and to look it up by.
    pub hash: SecretHash,
}

impl NewSession {
    /// A new session token.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let token = random_secret(TOKEN_PREFIX, randomness);
        let hash = SecretHash::of(token.expose());
        Self { token, hash }
    }
}

/// The hash to look a presented cookie up by. `None` when it cannot be a session token.
pub fn lookup_hash(presented: &str) -> Option<SecretHash> {
    let digits = presented.strip_prefix(TOKEN_PREFIX)?;
    let well_formed = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| SecretHash::of(presented))
}

impl SessionPolicy {
    /// Whether a session with these times is good at `now`.
    pub fn state(&self, times: SessionTimes, now: Timestamp) -> SessionState {
        let since = |then: Timestamp| now.micros().saturating_sub(then.micros());
        if since(times.created_at) >= micros(self.absolute) {
            SessionState::Over
        } else if since(times.last_seen_at) >= micros(self.idle) {
            SessionState::Idle
        } else {
            SessionState::Live { touch: since(times.last_seen_at) >= TOUCH_AFTER_MICROS }
        }
    }

    /// When a session made at `created_at` ends at the latest: for the cookie's `Max-Age` and for cleaning up.
    pub fn ends_at(&self, created_at: Timestamp) -> Timestamp {
        Timestamp::from_micros(created_at.micros().saturating_add(micros(self.absolute)))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
