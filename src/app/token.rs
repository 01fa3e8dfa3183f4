//! Access tokens: issued to a person who has proved who they are, good for an hour, and the keys that sign them.
//!
//! The private key is in a file of this process; its public half is a row, so that every replica verifies what another
//! signed. A key that was replaced verifies until the last of its tokens has ended.

use seatrial_domain::access::Actor;
use seatrial_domain::ids::AccountId;
use seatrial_domain::time::Timestamp;
use seatrial_store::signing_key::{self, SigningKeyRow};
use seatrial_store::{Scope, WriteTx};
use serde_json::json;

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::{AppError, Unauthenticated};
use crate::auth::secret::Secret;
use crate::auth::token::{LIFETIME_SECONDS, SigningKey, TokenError, Tokens, key_set};

/// How long a replaced key verifies: the life of a token, and what two clocks may be apart.
const OVERLAP_SECONDS: i64 = LIFETIME_SECONDS + 60;

/// A token just issued.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token; not stored.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl App {
    /// Issues a token to a person.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn issue_token(&self, account: AccountId) -> Result<IssuedToken, AppError> {
        let now = self.now();
        let id = self.ids.uuid_v7().as_simple().to_string();
        let token = self.tokens.issue(&account.to_string(), None, &id, now).map_err(AppError::internal)?;
        Ok(IssuedToken { token, expires_at: now.plus_seconds(LIFETIME_SECONDS) })
    }

    /// Whose a presented token is. Their account must still be there, with the password that it was issued under.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is not valid or has ended, or when the database fails.
    pub async fn resolve_token(&self, presented: &str) -> Result<Caller, AppError> {
        let refuse = |why| AppError::Unauthenticated { why };
        let invalid = |error| match error {
            TokenError::Expired => refuse(Unauthenticated::Expired),
            TokenError::Invalid => refuse(Unauthenticated::Invalid),
        };
        let kid = Tokens::key_of(presented).map_err(invalid)?;
        let public = self.public_key(&kid).await?.ok_or(refuse(Unauthenticated::Invalid))?;
        let claims = self.tokens.verify(presented, &public, self.now()).map_err(invalid)?;
        let account = claims.sub.parse::<AccountId>().ok();
        // Tokens for one project only are not issued, so one that says so is not taken for one that opens all.
        let account = account.filter(|_| claims.project.is_none()).ok_or(refuse(Unauthenticated::Invalid))?;
        let row = self.active_account(account).await?;
        if row.tokens_from.is_some_and(|from| claims.iat < from.div_euclid(1_000_000)) {
            return Err(refuse(Unauthenticated::Revoked));
        }
        Ok(Caller::Account { id: account, name: row.name })
    }

    /// The public half of a key that may verify now: this process's own, or one that a replica has made known.
    async fn public_key(&self, kid: &str) -> Result<Option<Vec<u8>>, AppError> {
        let known = signing_key::by_id(self.store.read(), kid).await?;
        if let Some(row) = known {
            return Ok(Some(row).filter(|row| self.verifies(row)).map(|row| row.public_key));
        }
        let own = self.tokens.signing();
        Ok((own.kid() == kid).then(|| own.public().to_vec()))
    }

    fn verifies(&self, row: &SigningKeyRow) -> bool {
        row.retired_at.is_none_or(|at| at > self.now().micros())
    }

    /// The public keys that verify tokens now, as members of a JSON Web Key Set.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn public_keys(&self) -> Result<Vec<serde_json::Value>, AppError> {
        let own = self.tokens.signing();
        let rows = signing_key::list(self.store.read()).await?;
        let others = rows.iter().filter(|row| row.id != own.kid() && self.verifies(row));
        let others = others.map(|row| (row.id.as_str(), row.public_key.as_slice()));
        let own_verifies = rows.iter().find(|row| row.id == own.kid()).is_none_or(|row| self.verifies(row));
        Ok(key_set(own_verifies.then(|| (own.kid(), own.public())).into_iter().chain(others)))
    }

    /// Makes this process's public key known to its replicas.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_signing_key(&self) -> Result<(), AppError> {
        let own = self.tokens.signing();
        if signing_key::by_id(self.store.read(), own.kid()).await?.is_some() {
            return Ok(());
        }
        let tx = self.store.write().await?;
        self.register(&tx, &own).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn register(&self, tx: &WriteTx, key: &SigningKey) -> Result<(), AppError> {
        let row = SigningKeyRow {
            id: key.kid().to_owned(),
            public_key: key.public().to_vec(),
            created_at: self.now().micros(),
            retired_at: None,
        };
        Ok(signing_key::register(tx, row).await?)
    }

    /// Puts a new key into this process's file; services that read it sign with the new one from then on. What the keys
    /// before it signed is good until it ends, or, with `end_now`, no more. Returns the new key's name.
    ///
    /// # Errors
    /// When the file or the database cannot be written.
    pub async fn rotate_signing_key(&self, part: &'static str, end_now: bool) -> Result<String, AppError> {
        let file = &self.config.auth.token_key_file;
        let key = SigningKey::replace(file).map_err(AppError::internal)?;
        let now = self.now();
        let tokens_end = if end_now { now } else { now.plus_seconds(OVERLAP_SECONDS) };
        let tx = self.store.write().await?;
        self.register(&tx, &key).await?;
        let retired = signing_key::retire_others(&tx, key.kid(), tokens_end).await?;
        let detail = Change::of(json!({"signing_with": retired}), json!({"signing_with": [key.kid()]}))
            .with("tokens_end_at", json!(tokens_end));
        let act = ("rotate", "signing_key");
        self.audit_as(&tx, Scope::installation(), &Actor::system(part), act, key.kid(), &detail)?;
        tx.commit().await?;
        Ok(key.kid().to_owned())
    }
}
