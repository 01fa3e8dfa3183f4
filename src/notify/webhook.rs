//! Signed webhooks by the Standard Webhooks specification: signature, retry schedule, verdict of an answer.
//!
//! Everything here is a pure function; `outbound` sends, the worker keeps the state.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatrial_domain::time::Timestamp;
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::app::ports::{OutboundAnswer, OutboundError, Randomness};
use crate::auth::secret::Secret;

/// What a secret begins with.
const SECRET_PREFIX: &str = "whsec_";
/// The specification's bounds for a key, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How old a message may be when it is verified, in seconds.
const TOLERANCE_SECONDS: i64 = 300;
/// How long to wait before each attempt, in seconds: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
pub const WAIT_SECONDS: [u32; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Longer waits than this are not granted to a receiver that asks for them.
const MAX_WAIT_SECONDS: u32 = 86_400;

/// The secret is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` followed by 24 to 64 bytes in base64")]
pub struct BadSecret;

/// The secret that signs the messages to one endpoint.
#[derive(Clone)]
pub struct WebhookSecret {
    text: Secret,
    key: hmac::Key,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[webhook secret]")
    }
}

impl WebhookSecret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// [`BadSecret`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(BadSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| BadSecret)?;
        if !KEY_BYTES.contains(&bytes.len()) {
            return Err(BadSecret);
        }
        Ok(Self { text: Secret::new(text), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) })
    }

    /// A new secret of 32 random bytes.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        let text = format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes));
        Self { text: Secret::new(text), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) }
    }

    /// `whsec_…`, to show to the owner of the endpoint.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    fn signature(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{id}.{timestamp_seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign().as_ref()))
    }
}

/// The headers of one attempt. `id` is the same for every attempt at one message; `sent_at` is the time
/// of this attempt. While a secret is being rotated, give both: the receiver accepts either.
pub fn headers(id: &str, sent_at: Timestamp, body: &[u8], secrets: &[WebhookSecret]) -> Vec<(String, String)> {
    let timestamp_seconds = sent_at.micros().div_euclid(1_000_000);
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.signature(id, timestamp_seconds, body)).collect();
    vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), timestamp_seconds.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
    ]
}

/// Whether a received message is genuine and fresh: one of its signatures is by `secret`, and its
/// timestamp is within five minutes of `now`.
pub fn verify(
    secret: &WebhookSecret,
    id: &str,
    timestamp_seconds: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> bool {
    let Ok(sent_at) = timestamp_seconds.parse::<i64>() else { return false };
    let now_seconds = now.micros().div_euclid(1_000_000);
    if now_seconds.saturating_sub(sent_at).saturating_abs() > TOLERANCE_SECONDS {
        return false;
    }
    let expected = secret.signature(id, sent_at, body);
    signatures.split(' ').any(|presented| presented.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// The body of a message.
#[derive(Clone, Debug, Serialize)]
pub struct Event<'a, T: Serialize> {
    /// What happened, for example `scorecard.stale`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// When it happened, RFC 3339.
    pub timestamp: String,
    /// The details.
    pub data: T,
}

/// What to do after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// Try again.
    Retry {
        /// How long to wait, in seconds.
        after_seconds: u32,
        /// What went wrong, for people.
        why: String,
    },
    /// The receiver answered 410: send nothing more to this endpoint until a person turns it on again.
    Disabled,
    /// Give up on this message.
    Failed {
        /// What went wrong, for people.
        why: String,
    },
}

/// How long to wait before the next attempt, in seconds, after `attempts_made` attempts. `None` when
/// there is none left. Up to a tenth is added by chance, so that many endpoints that failed together do
/// not come back together. A receiver may ask for longer by `Retry-After`, never for shorter.
pub fn next_wait_seconds(
    attempts_made: usize,
    retry_after_seconds: Option<u32>,
    randomness: &dyn Randomness,
) -> Option<u32> {
    let planned = *WAIT_SECONDS.get(attempts_made)?;
    let asked = retry_after_seconds.unwrap_or(0).min(MAX_WAIT_SECONDS);
    let wait = planned.max(asked);
    Some(wait + randomness.up_to(wait / 10))
}

/// What the outcome of an attempt means. `attempts_made` counts this attempt.
pub fn judge(
    outcome: &Result<OutboundAnswer, OutboundError>,
    attempts_made: usize,
    randomness: &dyn Randomness,
) -> Verdict {
    let (why, retry_after_seconds) = match outcome {
        Ok(answer) if (200..300).contains(&answer.status) => return Verdict::Delivered,
        Ok(answer) if answer.status == 410 => return Verdict::Disabled,
        Ok(answer) if (300..400).contains(&answer.status) => {
            (format!("the endpoint answered {}; redirects are not followed", answer.status), None)
        }
        Ok(answer) => (format!("the endpoint answered {}", answer.status), answer.retry_after_seconds),
        // Neither the URL nor the guard changes by waiting.
        Err(error @ (OutboundError::InvalidUrl { .. } | OutboundError::Refused)) => {
            return Verdict::Failed { why: error.to_string() };
        }
        Err(error) => (error.to_string(), None),
    };
    match next_wait_seconds(attempts_made, retry_after_seconds, randomness) {
        Some(after_seconds) => Verdict::Retry { after_seconds, why },
        None => Verdict::Failed { why: format!("{why}; gave up after {attempts_made} attempts") },
    }
}
