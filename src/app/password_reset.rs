//! New passwords by mail. The answer to who asks is the same whether or not the address has an account: it is written
//! down, and the worker looks up whose it is.

use seatrial_domain::access::Actor;
use seatrial_domain::ids::AccountId;
use seatrial_domain::limits;
use seatrial_domain::time::{MINUTE, Timestamp};
use seatrial_store::account::AccountRow;
use seatrial_store::password_reset::{self, RequestRow, ResetRow};
use seatrial_store::{Scope, account, outbox};
use serde_json::json;

use super::App;
use super::account::normalise_email;
use super::audit::Change;
use super::error::AppError;
use super::outbox::LinkMail;
use crate::auth::secret::{SecretHash, random_secret};
use crate::render::view::account_mail::PasswordReset;

/// What a link's token begins with.
const TOKEN_PREFIX: &str = "sea_reset_";
/// How long a link is good, in microseconds.
const LIFETIME_MICROS: i64 = 60 * MINUTE;
/// An account is sent one link in this time, in microseconds, however often somebody asks.
const QUIET_MICROS: i64 = 5 * MINUTE;

impl App {
    /// Whether mail can be sent at all: the same for everybody, so saying so tells nobody anything.
    ///
    /// # Errors
    /// A conflict that says what to do instead.
    pub fn require_mail(&self) -> Result<(), AppError> {
        let detail = "This service has no mail server. Ask an administrator for a new password: they set one with \
                      `seatrial account password`.";
        if self.mailer.is_some() {
            Ok(())
        } else {
            Err(AppError::Conflict { code: "no_mail_server", detail: detail.to_owned() })
        }
    }

    /// Asks for a link to set a new password.
    ///
    /// # Errors
    /// When it is no address, there is no mail server, or the database fails. Not when the address is unknown.
    pub async fn ask_password_reset(&self, email: &str) -> Result<(), AppError> {
        self.require_mail()?;
        let email = normalise_email(email)?;
        let row = RequestRow { id: self.ids.uuid_v7(), email, requested_at: self.now().micros() };
        let tx = self.store.write().await?;
        password_reset::ask(&tx, row).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sends links to those who asked and have an account. Returns how many were enqueued.
    ///
    /// # Errors
    /// When the database fails; what was not answered is answered next time.
    pub async fn answer_reset_requests(&self) -> Result<usize, AppError> {
        let mut sent = 0;
        for request in password_reset::asked(self.store.read(), limits::PAGE_SIZE_MAX).await? {
            sent += usize::from(self.answer_reset_request(request).await?);
        }
        Ok(sent)
    }

    async fn answer_reset_request(&self, request: RequestRow) -> Result<bool, AppError> {
        let known = account::by_email(self.store.read(), &request.email).await?;
        let known = known.filter(|row| row.disabled_at.is_none());
        let tx = self.store.write().await?;
        if !password_reset::answered(&tx, request.id).await? {
            return Ok(false);
        }
        let mut sent = false;
        if let Some(row) = known {
            let id = AccountId::from_uuid(row.id);
            let quiet = Timestamp::from_micros(self.now().micros() - QUIET_MICROS);
            if password_reset::sent_since(&tx, id, quiet).await? == 0 {
                let message = self.reset_link(&tx, &row).await?;
                outbox::enqueue(&tx, &message).await?;
                let sends = Change::made(json!({"message": message.id}));
                self.audit_everywhere(&tx, id, &Actor::system("password-reset"), "send_reset_link", &sends).await?;
                sent = true;
            }
        }
        tx.commit().await?;
        Ok(sent)
    }

    async fn reset_link(&self, tx: &seatrial_store::WriteTx, row: &AccountRow) -> Result<outbox::Message, AppError> {
        let token = random_secret(TOKEN_PREFIX, self.randomness.as_ref());
        let now = self.now();
        let reset = ResetRow {
            id: self.ids.uuid_v7(),
            account_id: row.id,
            token_hash: SecretHash::of(token.expose()).as_bytes().to_vec(),
            created_at: now.micros(),
            expires_at: now.micros() + LIFETIME_MICROS,
        };
        let key = reset.id.to_string();
        password_reset::insert(tx, reset).await?;
        let url = format!("{}/password-reset/choose?token={}", self.config.server.public_url, token.expose());
        let mail = PasswordReset { project: String::new(), recipient: row.name.clone(), url };
        let to = LinkMail {
            scope: Scope::installation(),
            recipient: AccountId::from_uuid(row.id).to_string(),
            address: &row.email,
            name: &row.name,
            key: &format!("password_reset:{key}"),
        };
        self.link_message(&to, &mail)
    }

    /// Sets a new password with the token of a link, once, and ends every session, token and link of the account.
    ///
    /// # Errors
    /// When the link is not good any more, the password breaks a rule, or the database fails.
    pub async fn use_password_reset(&self, token: &str, new: String) -> Result<(), AppError> {
        let row = self.open_reset(token).await?;
        let id = AccountId::from_uuid(row.account_id);
        let name = self.active_account(id).await.map_err(|_| stale_link())?.name;
        let hash = self.new_password_hash(new).await?;
        let tx = self.store.write().await?;
        // Of two that use it at once, one finds it.
        if password_reset::remove_all(&tx, id).await? == 0 {
            return Err(stale_link());
        }
        let actor = Actor::account(id.to_string(), name);
        self.put_password(&tx, id, None, hash, (&actor, "reset_password")).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a link is still good, for the page that it leads to.
    ///
    /// # Errors
    /// When it is not, or when the database fails.
    pub async fn check_password_reset(&self, token: &str) -> Result<(), AppError> {
        self.open_reset(token).await.map(drop)
    }

    async fn open_reset(&self, token: &str) -> Result<ResetRow, AppError> {
        let hash = SecretHash::of(token);
        let row = password_reset::by_token_hash(self.store.read(), hash.as_bytes()).await?;
        row.filter(|row| row.expires_at > self.now().micros()).ok_or_else(stale_link)
    }
}

fn stale_link() -> AppError {
    AppError::invalid("token", "is not good any more: the link was used or its hour is over; ask for a new one")
}
