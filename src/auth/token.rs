//! Access tokens for API clients: JWTs signed with Ed25519, good for an hour.
//!
//! A token says who, never what they may do: roles are looked up when the token is used. Browsers use
//! sessions instead.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::secret::{Secret, hex};

/// How long a token is good, in seconds.
pub const LIFETIME_SECONDS: i64 = 3_600;
/// How far the clocks of two replicas may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 30;
/// The `typ` of an access token (RFC 9068): another kind of JWT signed by the same key is not taken for one.
const TYPE: &str = "at+jwt";
/// Longer texts are no tokens of ours.
const MAX_TOKEN_BYTES: usize = 4_096;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: the public URL of the installation.
    pub iss: String,
    /// Whom it is for: the same installation.
    pub aud: String,
    /// The public id of the account.
    pub sub: String,
    /// The public id of the project it is limited to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// When it was issued, seconds since 1970.
    pub iat: i64,
    /// When it ends, seconds since 1970.
    pub exp: i64,
    /// Its own id, for the audit log.
    pub jti: String,
}

/// Why a token is not accepted. Deliberately coarse: it must not help a guesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of this installation.
    #[error("the access token is not valid")]
    Invalid,
    /// It was, and its hour is over.
    #[error("the access token has expired; get a new one")]
    Expired,
}

/// The signing key could not be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no Ed25519 key.
    #[error(
        "the signing key is damaged: it is not an Ed25519 key in PKCS #8; restore it, or delete it to make a new one"
    )]
    Damaged,
    /// The file could not be read or written.
    #[error("the signing key file could not be read or written: {0}")]
    File(#[from] io::Error),
}

/// The private key that signs tokens, with its name.
pub struct SigningKey {
    kid: String,
    pkcs8: Vec<u8>,
    public: Vec<u8>,
    encoding: EncodingKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] when the cryptographic library cannot make one.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Damaged)?;
        let document = pair.to_pkcs8().map_err(|_| KeyError::Damaged)?;
        Self::from_pkcs8(document.as_ref())
    }

    /// The key in PKCS #8 bytes.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] when it is not an Ed25519 key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Damaged)?;
        let public = pair.public_key().as_ref().to_vec();
        let kid = hex(&Sha256::digest(&public)[..8]);
        Ok(Self { kid, public, pkcs8: pkcs8.to_vec(), encoding: EncodingKey::from_ed_der(pkcs8) })
    }

    /// The key as PKCS #8 bytes, for keeping. Secret.
    pub fn to_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key in the file at `path`; makes the file, readable by its owner only, when it is missing.
    /// When two processes start at once, the one that makes the file wins and both use its key.
    ///
    /// # Errors
    /// [`KeyError`] when the file cannot be read, written or understood.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match fs::read(path) {
            Ok(bytes) => return Self::from_pkcs8(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let key = Self::generate()?;
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        write_private(&temporary, &key.pkcs8)?;
        // A hard link fails when the target exists and appears with its whole content at once.
        let linked = fs::hard_link(&temporary, path);
        fs::remove_file(&temporary)?;
        match linked {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::from_pkcs8(&fs::read(path)?),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the key in the file at `path` by a new one. The old private half is gone after that.
    ///
    /// # Errors
    /// [`KeyError`] when the file cannot be written.
    pub fn replace(path: &Path) -> Result<Self, KeyError> {
        let key = Self::generate()?;
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        write_private(&temporary, &key.pkcs8)?;
        fs::rename(&temporary, path)?;
        Ok(key)
    }

    /// The public half, 32 bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The name of the key in token headers: the start of the digest of its public half.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Issues and verifies access tokens.
#[derive(Debug)]
pub struct Tokens {
    issuer: String,
    signing: RwLock<Arc<SigningKey>>,
    /// Where the signing key is kept; another key in it is used from the next token on.
    file: Option<PathBuf>,
}

impl Tokens {
    /// Tokens of the installation at `issuer` (its public URL), signed by `signing`.
    pub fn new(issuer: impl Into<String>, signing: SigningKey) -> Self {
        Self { issuer: issuer.into(), signing: RwLock::new(Arc::new(signing)), file: None }
    }

    /// The same, signed by the key in a file, which is made when it is missing.
    ///
    /// # Errors
    /// [`KeyError`] when the file cannot be read, written or understood.
    pub fn of_file(issuer: impl Into<String>, file: &Path) -> Result<Self, KeyError> {
        let signing = SigningKey::load_or_create(file)?;
        Ok(Self { file: Some(file.to_owned()), ..Self::new(issuer, signing) })
    }

    /// The key that signs. It is looked for in the file each time, so that a new one is used at once.
    pub fn signing(&self) -> Arc<SigningKey> {
        let known = Arc::clone(&self.signing.read().unwrap_or_else(PoisonError::into_inner));
        let Some(bytes) = self.file.as_ref().and_then(|file| fs::read(file).ok()) else { return known };
        if bytes == known.pkcs8 {
            return known;
        }
        match SigningKey::from_pkcs8(&bytes) {
            Ok(key) => {
                let key = Arc::new(key);
                *self.signing.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&key);
                key
            }
            Err(error) => {
                tracing::warn!(%error, "the signing key's file cannot be used; the key before it still signs");
                known
            }
        }
    }

    /// A token for the account `sub`, optionally limited to one project. `jti` is its own id.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] when the key cannot sign.
    pub fn issue(&self, sub: &str, project: Option<&str>, jti: &str, now: Timestamp) -> Result<Secret, KeyError> {
        let iat = now.micros().div_euclid(1_000_000);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: sub.to_owned(),
            project: project.map(ToOwned::to_owned),
            iat,
            exp: iat.saturating_add(LIFETIME_SECONDS),
            jti: jti.to_owned(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        let signing = self.signing();
        header.kid = Some(signing.kid.clone());
        encode(&header, &claims, &signing.encoding).map(Secret::new).map_err(|_| KeyError::Damaged)
    }

    /// Which key a presented token says it was signed by. Proves nothing.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] when it is no token of this kind.
    pub fn key_of(presented: &str) -> Result<String, TokenError> {
        if presented.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let header = decode_header(presented).map_err(|_| TokenError::Invalid)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Invalid);
        }
        header.kid.ok_or(TokenError::Invalid)
    }

    /// What a presented token says, once its signature by the key with this public half, its algorithm, issuer,
    /// audience and times are right.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, presented: &str, public: &[u8], now: Timestamp) -> Result<Claims, TokenError> {
        Self::key_of(presented)?;
        let key = DecodingKey::from_ed_der(public);
        let claims = decode::<Claims>(presented, &key, &self.validation()).map_err(|_| TokenError::Invalid)?.claims;
        let now_seconds = now.micros().div_euclid(1_000_000);
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now_seconds {
            return Err(TokenError::Expired);
        }
        if claims.iat.saturating_sub(LEEWAY_SECONDS) > now_seconds {
            return Err(TokenError::Invalid);
        }
        Ok(claims)
    }

    /// Times are checked by us, against the port's clock; the library would ask the operating system.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.algorithms = vec![Algorithm::EdDSA];
        validation.validate_exp = false;
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation
    }
}

/// Public keys as a JSON Web Key Set (RFC 7517), for others that verify tokens of this installation. Each is its name
/// and its 32 bytes.
pub fn key_set<'a>(keys: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<serde_json::Value> {
    use base64::Engine as _;
    let x = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let jwk = |(kid, public): (&str, &[u8])| {
        serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x(public)
        })
    };
    keys.map(jwk).collect()
}

/// Whether a bearer credential looks like an access token rather than an API key.
pub fn looks_like_token(presented: &str) -> bool {
    presented.starts_with("ey") && presented.bytes().filter(|byte| *byte == b'.').count() == 2
}
