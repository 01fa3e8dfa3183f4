//! Accounts: the first administrator, signing in by password, new passwords.

use seatrial_domain::access::{Actor, Role};
use seatrial_domain::ids::{AccountId, SessionId};
use seatrial_domain::limits;
use seatrial_store::account::{self, AccountRow};
use seatrial_store::{WriteTx, member, project, session};
use serde_json::json;

use super::App;
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
        Ok(AccountRow { id: self.ids.uuid_v7(), email, name, password_hash, created_at, disabled_at: None })
    }

    /// Makes an account that belongs to no project yet.
    ///
    /// # Errors
    /// When the input breaks a rule, the address is taken, or the database fails.
    pub async fn create_account(&self, new: NewAccount) -> Result<AccountView, AppError> {
        let row = self.account_row(new).await?;
        let tx = self.store.write().await?;
        account::insert(&tx, row.clone()).await?;
        tx.commit().await?;
        tracing::info!(account = %AccountId::from_uuid(row.id), "an account was made");
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
        let row = account::by_id(self.store.read(), id).await?.filter(|row| row.disabled_at.is_none());
        row.map(AccountView::from).ok_or(AppError::Unauthenticated { why: Unauthenticated::Invalid })
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
        password::check_new(&new).map_err(|problem| AppError::invalid("new_password", problem.to_string()))?;
        let hash = self.passwords.hash(new).await.map_err(AppError::internal)?;
        let tx = self.store.write().await?;
        account::set_password_hash(&tx, id, hash).await?;
        let ended = session::remove_all(&tx, id, kept).await?;
        self.audit_everywhere(&tx, id, actor, "change_password", ended).await?;
        tx.commit().await?;
        Ok(())
    }

    /// An account belongs to no project, so what happens to it is in the log of each project that trusts it.
    async fn audit_everywhere(
        &self,
        tx: &WriteTx,
        id: AccountId,
        actor: &Actor,
        action: &'static str,
        sessions_ended: u64,
    ) -> Result<(), AppError> {
        for (scope, _) in member::of_account(tx, id).await? {
            let detail = json!({"sessions_ended": sessions_ended});
            self.audit_as(tx, scope, actor, (action, "account"), id, &detail).await?;
        }
        Ok(())
    }
}

fn collect(errors: &mut Vec<FieldError>, error: AppError) {
    if let AppError::Invalid { errors: found } = error {
        errors.extend(found);
    }
}
