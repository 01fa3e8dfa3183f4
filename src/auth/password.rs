//! Passwords: argon2id on a blocking thread, with a bounded number at a time.
//!
//! Each hash takes 46 MiB for some 50 ms, so a burst of sign-ins must not multiply it without limit.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::app::ports::Randomness;

/// The shortest password that is accepted, in characters.
pub const MIN_CHARS: usize = 12;
/// The longest, in bytes: far beyond any passphrase, short enough that hashing it costs nothing extra.
pub const MAX_BYTES: usize = 1024;
/// Memory in KiB, passes and lanes of argon2id: the first recommended choice of the OWASP password storage guide. A stored
/// hash with other parameters still verifies and asks for a new hash.
///
/// Less than 32 MiB would cost more memory: glibc takes the largest block below that which was ever given back as its measure
/// of what to keep for reuse, and keeps so much in every thread that answers requests.
const MEMORY_KIB: u32 = 46 * 1024;
const PASSES: u32 = 1;
const LANES: u32 = 1;
/// How many hashes run at once. More would not be faster on small machines and take 46 MiB each.
const AT_ONCE: usize = 2;

/// Why a new password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Too few characters.
    #[error("a password needs at least 12 characters; a few unrelated words make a good one")]
    TooShort,
    /// Too many bytes.
    #[error("a password can have at most 1024 bytes")]
    TooLong,
    /// One character over and over.
    #[error("a password needs more than one or two different characters")]
    TooUniform,
}

/// The password machinery failed; the password itself is neither right nor wrong.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be checked: {0}")]
pub struct PasswordFault(String);

/// What came out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Match {
        /// The stored hash has older parameters: hash the password again and store that.
        needs_rehash: bool,
    },
    /// The password is wrong, or there is no such account.
    Mismatch,
}

/// Checks a new password against the rules.
///
/// # Errors
/// [`PasswordProblem`], worded for the person who chooses it.
pub fn check_new(password: &str) -> Result<(), PasswordProblem> {
    if password.len() > MAX_BYTES {
        return Err(PasswordProblem::TooLong);
    }
    if password.chars().count() < MIN_CHARS {
        return Err(PasswordProblem::TooShort);
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 3 { Err(PasswordProblem::TooUniform) } else { Ok(()) }
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    randomness: Arc<dyn Randomness>,
    permits: Arc<Semaphore>,
    /// The hash of a random password, verified when there is no account, so that the answer takes as long.
    dummy: Arc<str>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl Passwords {
    /// Prepares the machinery. Computes one hash, so call it once at start.
    ///
    /// # Errors
    /// [`PasswordFault`] when argon2 does not work at all.
    pub fn new(randomness: Arc<dyn Randomness>) -> Result<Self, PasswordFault> {
        let mut password = [0; 32];
        randomness.fill(&mut password);
        let dummy = hash_now(&password, randomness.as_ref())?;
        Ok(Self { randomness, permits: Arc::new(Semaphore::new(AT_ONCE)), dummy: dummy.into() })
    }

    /// Hashes a password to a PHC string (`$argon2id$v=19$…`). Check it with [`check_new`] first.
    ///
    /// # Errors
    /// [`PasswordFault`] when hashing fails or the service is shutting down.
    pub async fn hash(&self, password: String) -> Result<String, PasswordFault> {
        let randomness = Arc::clone(&self.randomness);
        self.blocking(move || hash_now(password.as_bytes(), randomness.as_ref())).await
    }

    /// Compares a password with a stored PHC string. `stored` is `None` when there is no such account:
    /// that takes as long as a wrong password and gives the same answer.
    ///
    /// # Errors
    /// [`PasswordFault`] when the stored hash is damaged or the service is shutting down.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<Verdict, PasswordFault> {
        let known = stored.is_some();
        let phc = stored.unwrap_or_else(|| self.dummy.to_string());
        let verdict = self.blocking(move || verify_now(&password, &phc)).await?;
        Ok(if known { verdict } else { Verdict::Mismatch })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordFault> + Send + 'static,
    ) -> Result<T, PasswordFault> {
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|error| PasswordFault(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            // Held until the work ends, even when the request that asked for it is gone.
            let _permit = permit;
            work()
        })
        .await
        .map_err(|error| PasswordFault(error.to_string()))?
    }
}

fn params() -> Result<Params, PasswordFault> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordFault(error.to_string()))
}

fn argon2() -> Result<Argon2<'static>, PasswordFault> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?))
}

fn hash_now(password: &[u8], randomness: &dyn Randomness) -> Result<String, PasswordFault> {
    let mut salt = [0; 16];
    randomness.fill(&mut salt);
    let hash: PasswordHash =
        argon2()?.hash_password_with_salt(password, &salt).map_err(|error| PasswordFault(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, phc: &str) -> Result<Verdict, PasswordFault> {
    let damaged = |_| PasswordFault("the stored hash is damaged; set a new password".to_owned());
    let hash = PasswordHash::new(phc).map_err(damaged)?;
    if password.len() > MAX_BYTES || argon2()?.verify_password(password.as_bytes(), &hash).is_err() {
        return Ok(Verdict::Mismatch);
    }
    let current = params()?;
    let needs_rehash = Params::try_from(&hash).map_or(true, |stored| {
        (stored.m_cost(), stored.t_cost(), stored.p_cost()) != (current.m_cost(), current.t_cost(), current.p_cost())
    });
    Ok(Verdict::Match { needs_rehash })
}
