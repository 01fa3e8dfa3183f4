//! Members: who belongs to a project, and as what. A project always keeps an admin.

use seatrial_domain::access::{Permission, Role};
use seatrial_domain::ids::AccountId;
use seatrial_store::member::{self, MemberRow};
use seatrial_store::{WriteTx, account, project};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::account::{NewAccount, normalise_email};
use super::audit::{Change, Gone, Made};
use super::error::AppError;

/// Somebody to be added to a project.
#[derive(Clone)]
pub struct NewMember {
    /// Their address.
    pub email: String,
    /// Their roles; at least one.
    pub roles: Vec<Role>,
    /// For somebody without an account: their name.
    pub name: Option<String>,
    /// For somebody without an account: their first password, which they should change.
    pub password: Option<String>,
}

impl std::fmt::Debug for NewMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMember").field("email", &self.email).field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl App {
    /// The project's members by name.
    ///
    /// # Errors
    /// When the caller may not read them, or the database fails.
    pub async fn members(&self, caller: &Caller, slug: &str) -> Result<Vec<MemberRow>, AppError> {
        let project = self.enter(caller, slug, Permission::ReadEvidence).await?;
        Ok(member::list(self.store.read(), project.scope).await?)
    }

    /// Adds somebody to the project. Somebody without an account gets one, with the name and password given.
    ///
    /// # Errors
    /// When the caller may not, the input breaks a rule, they are a member already, or the database fails.
    pub async fn add_member(&self, caller: &Caller, slug: &str, new: NewMember) -> Result<MemberRow, AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        self.add_member_in(&project, new).await
    }

    /// [`App::add_member`] for somebody who has entered the project.
    ///
    /// # Errors
    /// When the input breaks a rule, they are a member already, or the database fails.
    pub async fn add_member_in(&self, project: &ProjectAccess, new: NewMember) -> Result<MemberRow, AppError> {
        let roles = checked_roles(new.roles)?;
        let email = normalise_email(&new.email)?;
        let known = account::by_email(self.store.read(), &email).await?;
        let fresh = match (&known, new.name, new.password) {
            (None, Some(name), Some(password)) => Some(self.account_row(NewAccount { email, name, password }).await?),
            (None, ..) => {
                let message = "belongs to no account here; send a name and a first password to make one";
                return Err(AppError::invalid("email", message));
            }
            (Some(_), None, None) => None,
            (Some(_), ..) => {
                let detail = "There is an account with this address already. Add it without a name and a password.";
                return Err(AppError::Conflict { code: "account_exists", detail: detail.to_owned() });
            }
        };
        let made_account = fresh.is_some();
        let Some(row) = fresh.clone().or(known) else { return Err(AppError::NotFound { noun: "account" }) };
        let id = AccountId::from_uuid(row.id);
        let tx = self.store.write().await?;
        if let Some(fresh) = fresh {
            account::insert(&tx, fresh).await?;
        }
        if member::roles(&tx, project.scope, id).await?.is_some() {
            let detail = format!("{} is a member of this project already. Change their roles instead.", row.email);
            return Err(AppError::Conflict { code: "already_a_member", detail });
        }
        member::put(&tx, project.scope, id, &roles, self.now()).await?;
        let detail = Made { after: json!({"email": row.email, "roles": roles, "made_account": made_account}) };
        self.audit(&tx, project, "add", "member", id, &detail).await?;
        let member =
            MemberRow { account: id, name: row.name, email: row.email, roles, active: row.disabled_at.is_none() };
        tx.commit().await?;
        Ok(member)
    }

    /// Gives a member these roles instead of those they had.
    ///
    /// # Errors
    /// When the caller may not, there is no such member, no admin would be left, or the database fails.
    pub async fn set_member_roles(
        &self,
        caller: &Caller,
        slug: &str,
        id: AccountId,
        roles: Vec<Role>,
    ) -> Result<MemberRow, AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        let roles = checked_roles(roles)?;
        let tx = self.store.write().await?;
        let mut member = self.held_member(&tx, &project, id).await?;
        member::put(&tx, project.scope, id, &roles, self.now()).await?;
        keep_an_admin(&tx, &project).await?;
        let detail = Change { before: &member.roles, after: &roles };
        self.audit(&tx, &project, "change_roles", "member", id, &detail).await?;
        tx.commit().await?;
        member.roles = roles;
        Ok(member)
    }

    /// Takes somebody out of the project. Their account and what they recorded stay.
    ///
    /// # Errors
    /// When the caller may not, there is no such member, no admin would be left, or the database fails.
    pub async fn remove_member(&self, caller: &Caller, slug: &str, id: AccountId) -> Result<(), AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        let tx = self.store.write().await?;
        let member = self.held_member(&tx, &project, id).await?;
        member::remove(&tx, project.scope, id).await?;
        keep_an_admin(&tx, &project).await?;
        let detail = Gone { before: json!({"email": member.email, "roles": member.roles}) };
        self.audit(&tx, &project, "remove", "member", id, &detail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The member, with the project held: two changes at once must not each leave the other's admin.
    async fn held_member(&self, tx: &WriteTx, project: &ProjectAccess, id: AccountId) -> Result<MemberRow, AppError> {
        project::hold(tx, project.scope.project()).await?;
        member::by_account(tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "member" })
    }
}

pub(super) fn checked_roles(mut roles: Vec<Role>) -> Result<Vec<Role>, AppError> {
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { Err(AppError::invalid("roles", "must name at least one role")) } else { Ok(roles) }
}

async fn keep_an_admin(tx: &WriteTx, project: &ProjectAccess) -> Result<(), AppError> {
    if member::has_admin(tx, project.scope).await? {
        return Ok(());
    }
    let detail = "The project would be left without an admin. Make somebody else an admin first.";
    Err(AppError::Conflict { code: "last_admin", detail: detail.to_owned() })
}
