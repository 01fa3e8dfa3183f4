//! Members: who belongs to a project, and as what. A project always keeps an admin.

use seatrial_domain::access::{Permission, Role};
use seatrial_domain::ids::AccountId;
use seatrial_store::member::{self, MemberRow};
use seatrial_store::{WriteTx, account, project, saved_view};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::account::{NewAccount, normalise_email};
use super::audit::Change;
use super::error::AppError;
use super::precondition::IfMatch;

/// Somebody to be added to a project.
#[derive(Clone)]
pub struct NewMember {
    /// Their address.
    pub email: String,
    /// Their roles; at least one.
    pub roles: Vec<Role>,
    /// Their name.
    pub name: String,
    /// Their first password, which they should change.
    pub password: String,
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

    /// Makes an account and adds it to the project, from the server itself. It tells whether the address has an account, so no operation does this: people come by
    /// invitation.
    ///
    /// # Errors
    /// When the input breaks a rule, the address has an account, or the database fails.
    pub async fn add_member_in(&self, project: &ProjectAccess, new: NewMember) -> Result<MemberRow, AppError> {
        let roles = checked_roles(new.roles)?;
        let email = normalise_email(&new.email)?;
        let known = account::by_email(self.store.read(), &email).await?;
        if known.is_some() {
            return Err(AppError::invalid("email", "has an account already; invite it instead"));
        }
        let row = self.account_row(NewAccount { email, name: new.name, password: new.password }).await?;
        let id = AccountId::from_uuid(row.id);
        let tx = self.store.write().await?;
        account::insert(&tx, row.clone()).await?;
        member::put(&tx, project.scope, id, &roles, self.now()).await?;
        let detail = Change::made(json!({"email": row.email, "roles": roles, "made_account": true}));
        self.audit(&tx, project, "add", "member", id, &detail).await?;
        let member =
            MemberRow { account: id, name: row.name, email: row.email, roles, active: row.disabled_at.is_none() };
        tx.commit().await?;
        Ok(member)
    }

    /// A member.
    ///
    /// # Errors
    /// When there is no such member, the caller may not read them, or the database fails.
    pub async fn member(&self, caller: &Caller, slug: &str, id: AccountId) -> Result<MemberRow, AppError> {
        let project = self.enter(caller, slug, Permission::ReadEvidence).await?;
        let row = member::by_account(self.store.read(), project.scope, id).await?;
        row.ok_or(AppError::NotFound { noun: "member" })
    }

    /// Gives a member these roles instead of those they had.
    ///
    /// # Errors
    /// When the caller may not, there is no such member, somebody changed them meanwhile, no admin would be left, or the
    /// database fails.
    pub async fn set_member_roles(
        &self,
        caller: &Caller,
        slug: &str,
        id: AccountId,
        roles: Vec<Role>,
        if_match: &IfMatch,
    ) -> Result<MemberRow, AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        let roles = checked_roles(roles)?;
        let tx = self.store.write().await?;
        let mut member = self.held_member(&tx, &project, id).await?;
        if_match.check(&member.roles)?;
        member::put(&tx, project.scope, id, &roles, self.now()).await?;
        keep_an_admin(&tx, &project).await?;
        let detail = Change::of(&member.roles, &roles);
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
        saved_view::delete_of(&tx, project.scope, id).await?;
        keep_an_admin(&tx, &project).await?;
        let detail = Change::gone(json!({"email": member.email, "roles": member.roles}));
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
