//! Access tokens: issued to a person who has proved who they are, good for an hour.

use seatrial_domain::ids::AccountId;
use seatrial_domain::time::Timestamp;

use super::App;
use super::access::Caller;
use super::error::{AppError, Unauthenticated};
use crate::auth::secret::Secret;
use crate::auth::token::{LIFETIME_SECONDS, TokenError};

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

    /// Whose a presented token is. Their account must still be there.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is not valid or has ended, or when the database fails.
    pub async fn resolve_token(&self, presented: &str) -> Result<Caller, AppError> {
        let refuse = |why| AppError::Unauthenticated { why };
        let claims = self.tokens.verify(presented, self.now()).map_err(|error| match error {
            TokenError::Expired => refuse(Unauthenticated::Expired),
            TokenError::Invalid => refuse(Unauthenticated::Invalid),
        })?;
        let account = claims.sub.parse::<AccountId>().ok();
        // Tokens for one project only are not issued, so one that says so is not taken for one that opens all.
        let account = account.filter(|_| claims.project.is_none()).ok_or(refuse(Unauthenticated::Invalid))?;
        let account = self.account(account).await?;
        Ok(Caller::Account { id: account.id, name: account.name })
    }
}
