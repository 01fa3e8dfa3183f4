//! Browser sessions: begun at sign-in, found again by the cookie's token, ended by the person or by time.

use std::time::Duration;

use seatrial_domain::access::Actor;
use seatrial_domain::ids::{AccountId, SessionId};
use seatrial_domain::time::Timestamp;
use seatrial_store::session::{self, SessionRow};
use seatrial_store::{Scope, WriteTx, idempotency, password_reset, signing_key};
use serde::Serialize;
use serde_json::json;

use super::App;
use super::access::Caller;
use super::account::AccountView;
use super::audit::Change;
use super::error::{AppError, Unauthenticated};
use super::idempotency::ANSWERS_SECONDS;
use crate::auth::secret::Secret;
use crate::auth::session::{NewSession, SessionPolicy, SessionState, SessionTimes, lookup_hash};

/// A session just begun.
#[derive(Debug)]
pub struct BegunSession {
    /// Its id.
    pub id: SessionId,
    /// For the cookie; not stored.
    pub token: Secret,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// Who a session belongs to.
#[derive(Clone, Debug)]
pub struct SessionHolder {
    /// The session.
    pub session: SessionId,
    /// The person.
    pub account: AccountView,
}

impl SessionHolder {
    /// The person as somebody who asks.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::Account { id: self.account.id, name: self.account.name.clone() }
    }
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

impl App {
    /// How long sessions last here.
    #[must_use]
    pub fn session_policy(&self) -> SessionPolicy {
        let settings = &self.config.auth;
        SessionPolicy {
            idle: Duration::from_secs(settings.session_idle_minutes * 60),
            absolute: Duration::from_secs(settings.session_hours * 3_600),
        }
    }

    /// Begins a session of a person who has just proved who they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_session(&self, account: AccountId) -> Result<BegunSession, AppError> {
        let now = self.now();
        let ends_at = self.session_policy().ends_at(now);
        let NewSession { token, hash } = NewSession::generate(self.randomness.as_ref());
        let id = self.ids.uuid_v7();
        let row = SessionRow {
            id,
            account_id: account.uuid(),
            token_hash: hash.as_bytes().to_vec(),
            created_at: now.micros(),
            seen_at: now.micros(),
            expires_at: ends_at.micros(),
        };
        let tx = self.store.write().await?;
        session::insert(&tx, row).await?;
        let made = Change::made(json!({"account": account, "ends_at": ends_at}));
        self.audit_session(&tx, account, SessionId::from_uuid(id), ("begin", &made))?;
        tx.commit().await?;
        Ok(BegunSession { id: SessionId::from_uuid(id), token, ends_at })
    }

    /// Whose session a presented token is, if it has not ended.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is no session or over, or when the database fails.
    pub async fn resolve_session(&self, presented: &str) -> Result<SessionHolder, AppError> {
        let invalid = || AppError::Unauthenticated { why: Unauthenticated::Invalid };
        let hash = lookup_hash(presented).ok_or_else(invalid)?;
        let row = session::by_token_hash(self.store.read(), hash.as_bytes()).await?.ok_or_else(invalid)?;
        let id = SessionId::from_uuid(row.id);
        let now = self.now();
        match self.session_policy().state(times(&row), now) {
            SessionState::Live { touch: true } => self.touch_session(id, now).await,
            SessionState::Live { touch: false } => {}
            SessionState::Idle | SessionState::Over => {
                return Err(AppError::Unauthenticated { why: Unauthenticated::Expired });
            }
        }
        let account = self.account(AccountId::from_uuid(row.account_id)).await?;
        Ok(SessionHolder { session: id, account })
    }

    /// Reading must go on when the database cannot be written: a session then only seems to be used less.
    async fn touch_session(&self, id: SessionId, now: Timestamp) {
        let touched = async {
            let tx = self.store.write().await?;
            session::touch(&tx, id, now).await?;
            tx.commit().await
        };
        if let Err(error) = touched.await {
            tracing::debug!(%error, "the use of a session was not noted");
        }
    }

    /// A person's sessions that have not ended, the one used last first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<SessionView>, AppError> {
        let (policy, now) = (self.session_policy(), self.now());
        let rows = session::of_account(self.store.read(), account).await?;
        let live = rows.into_iter().filter(|row| matches!(policy.state(times(row), now), SessionState::Live { .. }));
        let views = live.map(|row| SessionView {
            id: SessionId::from_uuid(row.id),
            created_at: Timestamp::from_micros(row.created_at),
            last_seen_at: Timestamp::from_micros(row.seen_at),
            ends_at: Timestamp::from_micros(row.expires_at),
        });
        Ok(views.collect())
    }

    /// Ends a session of this person.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when they have no such session, or when the database fails.
    pub async fn end_session(&self, account: AccountId, id: SessionId) -> Result<(), AppError> {
        let tx = self.store.write().await?;
        if !session::remove(&tx, account, id).await? {
            return Err(AppError::NotFound { noun: "session" });
        }
        self.audit_session(&tx, account, id, ("end", &Change::gone(json!({"account": account}))))?;
        tx.commit().await?;
        Ok(())
    }

    fn audit_session(
        &self,
        tx: &WriteTx,
        account: AccountId,
        id: SessionId,
        (action, change): (&'static str, &Change<impl Serialize, impl Serialize>),
    ) -> Result<(), AppError> {
        let actor = Actor::account(account.to_string(), "");
        self.audit_as(tx, Scope::installation(), &actor, (action, "session"), id, change)
    }

    /// Removes what has ended: sessions, links for new passwords, marks of requests, keys whose tokens have ended.
    /// Returns how many rows went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_ended(&self) -> Result<u64, AppError> {
        let now = self.now();
        let idle = i64::try_from(self.session_policy().idle.as_micros()).unwrap_or(i64::MAX);
        let idle_since = Timestamp::from_micros(now.micros().saturating_sub(idle));
        let tx = self.store.write().await?;
        let mut gone = session::remove_ended(&tx, now, idle_since).await?;
        gone += password_reset::remove_ended(&tx, now).await?;
        gone += idempotency::forget(&tx, now.plus_seconds(-ANSWERS_SECONDS)).await?;
        gone += signing_key::forget(&tx, now).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

fn times(row: &SessionRow) -> SessionTimes {
    SessionTimes {
        created_at: Timestamp::from_micros(row.created_at),
        last_seen_at: Timestamp::from_micros(row.seen_at),
    }
}
