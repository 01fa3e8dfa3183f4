//! Accounts: the first administrator, signing in by password, new passwords.

use seatrial_domain::access::{Actor, Role};
use seatrial_domain::ids::{AccountId, SessionId};
use seatrial_domain::limits;
use seatrial_store::account::{self, AccountRow};
use seatrial_store::{Scope, WriteTx, member, password_reset, project, session};
use serde::Serialize;
use serde_json::json;

use super::App;
use super::audit::Change;
use super::error::{AppError, FieldError, Unauthenticated};
use super::project::ProjectSummary;
use crate::auth::password::{self, Verdict};

/// The longest address, in bytes (RFC 5321).
const EMAIL_BYTES: usize = 254;

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// The address to sign in with and to write to.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// The first password.
    pub password: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("email", &self.email).field("name", &self.name).finish_non_exhaustive()
    }
}

/// An account as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// The address to sign in with and to write to.
    pub email: String,
    /// The name that others see.
    pub name: String,
}

impl From<AccountRow> for AccountView {
    fn from(row: AccountRow) -> Self {
        Self { id: AccountId::from_uuid(row.id), email: row.email, name: row.name }
    }
}

/// A project that an account belongs to.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The project.
    pub project: ProjectSummary,
    /// The account's roles in it.
    pub roles: Vec<Role>,
}

/// An address as it is stored: trimmed, in lower case.
///
/// # Errors
/// When it cannot be an address.
pub fn normalise_email(text: &str) -> Result<String, AppError> {
    let email = text.trim().to_lowercase();
    let shaped = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
    });
    let clean = !email.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\",;:\\()".contains(c));
    if shaped && clean && email.len() <= EMAIL_BYTES {
        Ok(email)
    } else {
        Err(AppError::invalid("email", "is no e-mail address; write it like ada@example.com"))
    }
}

impl App {
    /// Checks and hashes what a new account needs. Outside any transaction: hashing takes a while.
    pub(super) async fn account_row(&self, new: NewAccount) -> Result<AccountRow, AppError> {
        let mut errors = Vec::new();
        let email = normalise_email(&new.email).map_err(|error| collect(&mut errors, error)).unwrap_or_default();
        let name = limits::label(&new.name).unwrap_or_default();
        if name.is_empty() {
            errors.push(FieldError::new("name", "must not be empty"));
        }
        if let Err(problem) = password::check_new(&new.password) {
            errors.push(FieldError::new("password", problem.to_string()));
        }
        if !errors.is_empty() {
            return Err(AppError::Invalid { errors });
        }
        let password_hash = self.passwords.hash(new.password).await.map_err(AppError::internal)?;
        let created_at = self.now().micros();
        Ok(AccountRow {
            id: self.ids.uuid_v7(),
            email,
            name,
            password_hash,
            created_at,
            disabled_at: None,
            tokens_from: None,
        })
    }

    /// Makes an account that belongs to no project yet.
    ///
    /// # Errors
    /// When the input breaks a rule, the address is taken, or the database fails.
    pub async fn create_account(&self, new: NewAccount) -> Result<AccountView, AppError> {
        let row = self.account_row(new).await?;
        let id = AccountId::from_uuid(row.id);
        let tx = self.store.write().await?;
        account::insert(&tx, row.clone()).await?;
        let detail = Change::made(json!({"email": row.email, "name": row.name}));
        self.audit_as(&tx, Scope::installation(), &Actor::system("setup"), ("create", "account"), id, &detail)?;
        tx.commit().await?;
        tracing::info!(account = %id, "an account was made");
        Ok(row.into())
    }

    /// Makes the first account where there is none: the administrator, who may make the first project. `None` when
    /// there are accounts already.
    ///
    /// # Errors
    /// When the input breaks a rule, or the database fails.
    pub async fn ensure_administrator(
        &self,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<Option<AccountView>, AppError> {
        if account::first(self.store.read()).await?.is_some() {
            return Ok(None);
        }
        let new = NewAccount { email: email.to_owned(), name: name.to_owned(), password: password.to_owned() };
        match self.create_account(new).await {
            Ok(account) => Ok(Some(account)),
            // Another replica started at the same moment and was first.
            Err(AppError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whose address and password these are. Every wrong pair gets the same answer after the same time.
    ///
    /// # Errors
    /// [`Unauthenticated::WrongPassword`], or when the database fails.
    pub async fn check_password(&self, email: &str, password: &str) -> Result<AccountView, AppError> {
        let wrong = AppError::Unauthenticated { why: Unauthenticated::WrongPassword };
        let row = match normalise_email(email) {
            Ok(email) => account::by_email(self.store.read(), &email).await?,
            Err(_) => None,
        };
        let stored = row.as_ref().map(|row| row.password_hash.clone());
        let verdict = self.passwords.verify(password.to_owned(), stored).await.map_err(AppError::internal)?;
        let (Some(row), Verdict::Match { needs_rehash }) = (row, verdict) else { return Err(wrong) };
        if row.disabled_at.is_some() {
            return Err(wrong);
        }
        if needs_rehash {
            let hash = self.passwords.hash(password.to_owned()).await.map_err(AppError::internal)?;
            let tx = self.store.write().await?;
            account::set_password_hash(&tx, AccountId::from_uuid(row.id), hash).await?;
            tx.commit().await?;
        }
        Ok(row.into())
    }

    /// The account with this id, which can still sign in.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] when it is gone or disabled, or when the database fails.
    pub async fn account(&self, id: AccountId) -> Result<AccountView, AppError> {
        self.active_account(id).await.map(AccountView::from)
    }

    pub(super) async fn active_account(&self, id: AccountId) -> Result<AccountRow, AppError> {
        let row = account::by_id(self.store.read(), id).await?.filter(|row| row.disabled_at.is_none());
        row.ok_or(AppError::Unauthenticated { why: Unauthenticated::Invalid })
    }

    /// The account with this address.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn account_by_email(&self, email: &str) -> Result<AccountView, AppError> {
        let row = account::by_email(self.store.read(), &normalise_email(email)?).await?;
        row.map(AccountView::from).ok_or(AppError::invalid("email", "belongs to no account here"))
    }

    /// The projects of an account, by name, with its roles in each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn memberships(&self, id: AccountId) -> Result<Vec<Membership>, AppError> {
        let db = self.store.read();
        let roles = member::of_account(db, id).await?;
        let rows = project::of_account(db, id).await?.into_iter().map(ProjectSummary::from);
        let with_roles = rows.map(|project| {
            let roles = roles.iter().find(|(scope, _)| scope.project() == project.id);
            Membership { roles: roles.map(|(_, roles)| roles.clone()).unwrap_or_default(), project }
        });
        Ok(with_roles.collect())
    }

    /// Gives a person a new password and ends their other sessions.
    ///
    /// # Errors
    /// When the present password is wrong, the new one breaks a rule, or the database fails.
    pub async fn change_password(
        &self,
        id: AccountId,
        kept: Option<SessionId>,
        present: &str,
        new: String,
    ) -> Result<(), AppError> {
        let row = account::by_id(self.store.read(), id).await?;
        let stored = row.as_ref().map(|row| row.password_hash.clone());
        let verdict = self.passwords.verify(present.to_owned(), stored).await.map_err(AppError::internal)?;
        let (Some(row), Verdict::Match { .. }) = (row, verdict) else {
            return Err(AppError::invalid("present_password", "is not your password"));
        };
        let actor = Actor::account(id.to_string(), row.name);
        self.set_password(id, kept, new, &actor).await
    }

    /// Gives an account a new password, for an operator at the command line, and ends all its sessions.
    ///
    /// # Errors
    /// When the password breaks a rule, or the database fails.
    pub async fn reset_password(&self, part: &'static str, id: AccountId, new: String) -> Result<(), AppError> {
        self.set_password(id, None, new, &Actor::system(part)).await
    }

    async fn set_password(
        &self,
        id: AccountId,
        kept: Option<SessionId>,
        new: String,
        actor: &Actor,
    ) -> Result<(), AppError> {
        let hash = self.new_password_hash(new).await?;
        let tx = self.store.write().await?;
        self.put_password(&tx, id, kept, hash, (actor, "change_password")).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The hash of a new password, if it is acceptable. Outside any transaction: hashing takes a while.
    pub(super) async fn new_password_hash(&self, new: String) -> Result<String, AppError> {
        password::check_new(&new).map_err(|problem| AppError::invalid("new_password", problem.to_string()))?;
        self.passwords.hash(new).await.map_err(AppError::internal)
    }

    /// Sets the password and ends what rests on the old one: links, access tokens, and sessions but the one that is
    /// kept.
    pub(super) async fn put_password(
        &self,
        tx: &WriteTx,
        id: AccountId,
        kept: Option<SessionId>,
        hash: String,
        (actor, action): (&Actor, &'static str),
    ) -> Result<(), AppError> {
        account::set_password_hash(tx, id, hash).await?;
        account::end_tokens(tx, id, self.now()).await?;
        password_reset::remove_all(tx, id).await?;
        let ended = session::remove_all(tx, id, kept).await?;
        // Neither the old password nor the new one belongs in a log: what changed is that it did.
        let detail = Change::of(json!({"sessions": ended}), json!({"sessions": 0, "password": "changed"}));
        self.audit_everywhere(tx, id, actor, action, &detail.with("kept_session", json!(kept))).await
    }

    /// Ends every session and access token of an account, for an operator at the command line. Returns how many sessions
    /// there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out_everywhere(&self, part: &'static str, id: AccountId) -> Result<u64, AppError> {
        let tx = self.store.write().await?;
        account::end_tokens(&tx, id, self.now()).await?;
        let ended = session::remove_all(&tx, id, None).await?;
        let detail = Change::of(json!({"sessions": ended}), json!({"sessions": 0}));
        self.audit_everywhere(&tx, id, &Actor::system(part), "sign_out", &detail).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Disables an account, which ends its sessions and tokens, or lets it sign in again; for an operator at the command
    /// line. Returns whether that changed anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_account_disabled(
        &self,
        part: &'static str,
        id: AccountId,
        disabled: bool,
    ) -> Result<bool, AppError> {
        let tx = self.store.write().await?;
        let changed = account::set_disabled(&tx, id, disabled.then(|| self.now())).await?;
        if changed {
            let ended = if disabled { session::remove_all(&tx, id, None).await? } else { 0 };
            account::end_tokens(&tx, id, self.now()).await?;
            let action = if disabled { "disable" } else { "enable" };
            let detail = Change::of(json!({"disabled": !disabled, "sessions": ended}), json!({"disabled": disabled}));
            self.audit_everywhere(&tx, id, &Actor::system(part), action, &detail).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// An account belongs to no project, so what happens to it is in the installation's log and in that of each project
    /// that trusts it.
    pub(super) async fn audit_everywhere(
        &self,
        tx: &WriteTx,
        id: AccountId,
        actor: &Actor,
        action: &'static str,
        change: &Change<impl Serialize, impl Serialize>,
    ) -> Result<(), AppError> {
        let projects = member::of_account(tx, id).await?.into_iter().map(|(scope, _)| scope);
        for scope in projects.chain([Scope::installation()]) {
            self.audit_as(tx, scope, actor, (action, "account"), id, change)?;
        }
        Ok(())
    }
}

fn collect(errors: &mut Vec<FieldError>, error: AppError) {
    if let AppError::Invalid { errors: found } = error {
        errors.extend(found);
    }
}
