//! API keys: `sea_<public id>_<secret>`, shown once; the public id finds the row, the hash proves the secret.

use crate::app::ports::Randomness;
use crate::auth::secret::{Secret, SecretHash, hex, random_secret};

/// What a key begins with.
const PREFIX: &str = "sea_";
/// Random bytes of the public id. It is no secret: it names the key in lists and logs.
const PUBLIC_ID_BYTES: usize = 8;

/// A key just made.
#[derive(Debug)]
pub struct NewApiKey {
    /// 16 hexadecimal digits: unique, stored, shown in lists.
    pub public_id: String,
    /// The whole key, shown once and never stored.
    pub key: Secret,
    /// For the row: the hash of the whole key.
    pub hash: SecretHash,
}

impl NewApiKey {
    /// A new key.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut id_bytes = [0; PUBLIC_ID_BYTES];
        randomness.fill(&mut id_bytes);
        let public_id = hex(&id_bytes);
        let key = random_secret(&format!("{PREFIX}{public_id}_"), randomness);
        let hash = SecretHash::of(key.expose());
        Self { public_id, key, hash }
    }
}

/// The public id of a presented key. `None` when it is not shaped like a key. Says nothing about
/// whether the key is right: compare the whole with the stored [`SecretHash`].
pub fn public_id_of(presented: &str) -> Option<&str> {
    let (public_id, secret) = presented.strip_prefix(PREFIX)?.split_once('_')?;
    let is_hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex(public_id, PUBLIC_ID_BYTES * 2) && is_hex(secret, 64)).then_some(public_id)
}

/// How a key is named where it cannot be shown: `sea_0123456789abcdef_…`.
pub fn masked(public_id: &str) -> String {
    format!("{PREFIX}{public_id}_…")
}
