//! Requests that may be sent again: `Idempotency-Key`. What a request changes is marked in the transaction that changes
//! it, so it is never done twice, whenever the connection breaks or the process dies.
//!
//! The answer is kept encrypted under a key made from the client's `Idempotency-Key`, of which only a hash is kept: an
//! answer can hold a secret that is shown once, and nobody who reads the database can read it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use seatrial_store::idempotency;
use seatrial_store::request::Mark;
use sha2::{Digest as _, Sha256};

use super::App;
use super::access::Caller;
use super::error::{ALREADY_DONE, AppError};

/// How long a request is recognised, in seconds: a day.
pub const ANSWERS_SECONDS: i64 = 24 * 3_600;
/// The shortest key that is accepted, in characters: an answer is encrypted under it.
const KEY_MIN: usize = 16;
/// The longest.
const KEY_MAX: usize = 128;

/// A request with an `Idempotency-Key`.
pub struct Repeatable {
    /// To be written with what it changes.
    pub mark: Mark,
    secret: [u8; 32],
}

impl std::fmt::Debug for Repeatable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeatable").finish_non_exhaustive()
    }
}

/// What is to be done with such a request.
#[derive(Debug)]
pub enum Begun {
    /// Carry it out.
    New(Repeatable),
    /// It was; this was the answer.
    Answered(Vec<u8>),
}

impl App {
    /// Looks whether a request was carried out already. `what` is its method and path.
    ///
    /// # Errors
    /// When the key is too short, was used for another request, or its request was carried out without its answer being
    /// kept; or when the database fails.
    pub async fn begin_repeatable(
        &self,
        caller: &Caller,
        what: &str,
        key: &str,
        body: &[u8],
    ) -> Result<Begun, AppError> {
        let printable = key.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable || !(KEY_MIN..=KEY_MAX).contains(&key.len()) {
            let message = "is 16 to 128 visible ASCII characters, such as a random UUID";
            return Err(AppError::invalid("Idempotency-Key", message));
        }
        let asker = match caller {
            Caller::Account { id, .. } => id.to_string(),
            Caller::ApiKey { id, .. } => id.to_string(),
        };
        let derive = |purpose: &str| -> [u8; 32] {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
            let tag = hmac::sign(&secret, format!("{purpose}\n{asker}\n{what}").as_bytes());
            let mut bytes = [0; 32];
            bytes.copy_from_slice(tag.as_ref());
            bytes
        };
        let (key_hash, secret) = (derive("seatrial idempotency name v1"), derive("seatrial idempotency answer v1"));
        let request_hash: [u8; 32] = Sha256::digest(body).into();
        let Some(row) = idempotency::find(self.store.read(), &key_hash).await? else {
            let mark = Mark::new(key_hash, request_hash, self.now());
            return Ok(Begun::New(Repeatable { mark, secret }));
        };
        if row.request_hash != request_hash {
            let detail = "This Idempotency-Key was sent with another body before. Choose a new key for a new request.";
            return Err(AppError::Conflict { code: "idempotency_key_reused", detail: detail.to_owned() });
        }
        let answer = row.answer.and_then(|sealed| open(&secret, sealed));
        let lost = || AppError::Conflict { code: "already_done", detail: ALREADY_DONE.to_owned() };
        answer.map(Begun::Answered).ok_or_else(lost)
    }

    /// Keeps the answer of a request that was carried out. The request has been carried out whether or not this works.
    pub async fn keep_answer(&self, request: &Repeatable, answer: &[u8]) {
        let kept = async {
            let sealed = self.seal(&request.secret, answer).ok_or_else(|| AppError::internal("it cannot be sealed"))?;
            let tx = self.store.write().await?;
            idempotency::set_answer(&tx, &request.mark.key_hash, sealed).await?;
            Ok::<_, AppError>(tx.commit().await?)
        };
        if let Err(error) = kept.await {
            tracing::warn!(%error, "the answer of a request was not kept; sent again, it is told to be done");
        }
    }

    fn seal(&self, secret: &[u8; 32], answer: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.randomness.fill(&mut nonce);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret).ok()?);
        let mut bytes = answer.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes).ok()?;
        Some([nonce.as_slice(), &bytes].concat())
    }
}

fn open(secret: &[u8; 32], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = sealed.get(..NONCE_LEN)?.try_into().ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret).ok()?);
    let mut bytes = sealed.split_off(NONCE_LEN);
    let length = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}
