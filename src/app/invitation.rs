//! Invitations: an admin asks somebody into a project by their address; the link in the mail proves that it is theirs.
//! Whether the address has an account is told to who holds the link, not to who invites.

use seatrial_domain::access::{Actor, Permission, Role};
use seatrial_domain::ids::{AccountId, InvitationId, ProjectId};
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_store::invitation::{self, InvitationRow};
use seatrial_store::{Cursor, Page, Scope, account, member, outbox, project};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::account::{AccountView, NewAccount, normalise_email};
use super::audit::Change;
use super::error::AppError;
use super::member::checked_roles;
use super::outbox::LinkMail;
use crate::auth::secret::{SecretHash, random_secret};
use crate::render::view::account_mail::Invitation as InvitationMail;

/// What a link's token begins with.
const TOKEN_PREFIX: &str = "sea_invite_";
/// How long an invitation is good, in microseconds.
const LIFETIME_MICROS: i64 = 7 * DAY;

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// It waits.
    Open,
    /// Somebody came.
    Accepted,
    /// It was taken back, or another took its place.
    Revoked,
    /// Nobody came in time.
    Expired,
}

impl InvitationState {
    /// The name in the API and on pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// An invitation as the project's admins see it.
#[derive(Clone, Debug)]
pub struct InvitationView {
    /// Its id.
    pub id: InvitationId,
    /// Whom it is for.
    pub email: String,
    /// What they will be.
    pub roles: Vec<Role>,
    /// Who invited them.
    pub invited_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: InvitationState,
}

/// An invitation just made.
#[derive(Clone, Debug)]
pub struct CreatedInvitation {
    /// The invitation.
    pub view: InvitationView,
    /// The link, to be handed over by hand where no mail server is configured; shown now and never again.
    pub url: Option<String>,
}

/// An invitation as who holds its link sees it.
#[derive(Clone, Debug)]
pub struct OpenInvitation {
    /// The project's name.
    pub project: String,
    /// Whom it is for.
    pub email: String,
    /// Who invited them.
    pub invited_by: String,
    /// Whether the address has an account; without one, a name and a password are needed.
    pub has_account: bool,
    row: InvitationRow,
}

impl App {
    /// Invites an address to the project. An open invitation of the same address is taken back.
    ///
    /// # Errors
    /// When the caller may not, the input breaks a rule, they belong to it already, or the database fails.
    pub async fn invite(
        &self,
        caller: &Caller,
        slug: &str,
        email: &str,
        roles: Vec<Role>,
    ) -> Result<CreatedInvitation, AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        let roles = checked_roles(roles)?;
        let email = normalise_email(email)?;
        let token = random_secret(TOKEN_PREFIX, self.randomness.as_ref());
        let url = format!("{}/invitation?token={}", self.config.server.public_url, token.expose());
        let row = self.invitation_row(&project, email, &roles, &SecretHash::of(token.expose()))?;
        let tx = self.store.write().await?;
        // Asked of the project's members alone: who invites is answered after the same work, account or none.
        if member::has_address(&tx, project.scope, &row.email).await? {
            let detail = format!("{} is a member of this project already. Change their roles instead.", row.email);
            return Err(AppError::Conflict { code: "already_a_member", detail });
        }
        invitation::revoke_open(&tx, project.scope, &row.email, self.now()).await?;
        invitation::insert(&tx, row.clone()).await?;
        if self.mailer.is_some() {
            let message = self.invitation_message(&project, &row, &url)?;
            outbox::enqueue(&tx, &message).await?;
        }
        let view = self.invitation_view(row)?;
        let detail = Change::made(json!({"email": view.email, "roles": view.roles, "expires_at": view.expires_at}));
        self.audit(&tx, &project, "create", "invitation", view.id, &detail).await?;
        tx.commit().await?;
        Ok(CreatedInvitation { view, url: self.mailer.is_none().then_some(url) })
    }

    fn invitation_row(
        &self,
        project: &ProjectAccess,
        email: String,
        roles: &[Role],
        hash: &SecretHash,
    ) -> Result<InvitationRow, AppError> {
        let now = self.now().micros();
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        Ok(InvitationRow {
            id: self.ids.uuid_v7(),
            project_id: project.scope.project().uuid(),
            email,
            roles: roles.join(","),
            token_hash: hash.as_bytes().to_vec(),
            invited_by_json: serde_json::to_string(project.actor()).map_err(AppError::internal)?,
            created_at: now,
            expires_at: now + LIFETIME_MICROS,
            accepted_at: None,
            revoked_at: None,
        })
    }

    fn invitation_message(
        &self,
        project: &ProjectAccess,
        row: &InvitationRow,
        url: &str,
    ) -> Result<outbox::Message, AppError> {
        let id = InvitationId::from_uuid(row.id).to_string();
        let mail = InvitationMail {
            project: project.name.clone(),
            invited_by: project.actor().display_name.clone(),
            url: url.to_owned(),
        };
        let to = LinkMail {
            scope: project.scope,
            recipient: id.clone(),
            address: &row.email,
            name: "",
            key: &format!("invitation:{id}"),
        };
        self.link_message(&to, &mail)
    }

    fn invitation_view(&self, row: InvitationRow) -> Result<InvitationView, AppError> {
        let state = if row.accepted_at.is_some() {
            InvitationState::Accepted
        } else if row.revoked_at.is_some() {
            InvitationState::Revoked
        } else if row.expires_at <= self.now().micros() {
            InvitationState::Expired
        } else {
            InvitationState::Open
        };
        Ok(InvitationView {
            id: InvitationId::from_uuid(row.id),
            roles: parse_roles(&row.roles),
            invited_by: serde_json::from_str(&row.invited_by_json).map_err(AppError::internal)?,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            email: row.email,
            state,
        })
    }

    /// A page of the project's invitations, the newest first.
    ///
    /// # Errors
    /// When the caller may not, or the database fails.
    pub async fn invitations(
        &self,
        caller: &Caller,
        slug: &str,
        page: Page,
    ) -> Result<(Vec<InvitationView>, Option<Cursor>), AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        let (rows, next) = invitation::list(self.store.read(), project.scope, page).await?;
        let views = rows.into_iter().map(|row| self.invitation_view(row)).collect::<Result<Vec<_>, _>>()?;
        Ok((views, next))
    }

    /// Takes an invitation back. One that was accepted, or is taken back already, stays as it is.
    ///
    /// # Errors
    /// When the caller may not, there is no such invitation, or the database fails.
    pub async fn revoke_invitation(&self, caller: &Caller, slug: &str, id: InvitationId) -> Result<(), AppError> {
        let project = self.enter(caller, slug, Permission::ManageMembers).await?;
        let tx = self.store.write().await?;
        let row = invitation::by_id(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "invitation" })?;
        if invitation::revoke(&tx, project.scope, id, self.now()).await? {
            let detail = Change::gone(json!({"email": row.email, "roles": parse_roles(&row.roles)}));
            self.audit(&tx, &project, "revoke", "invitation", id, &detail).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The invitation of a link, while it is good.
    ///
    /// # Errors
    /// When it is not, or when the database fails.
    pub async fn open_invitation(&self, token: &str) -> Result<OpenInvitation, AppError> {
        let db = self.store.read();
        let row = invitation::by_token_hash(db, SecretHash::of(token).as_bytes()).await?;
        let now = self.now().micros();
        let row = row.filter(|row| row.accepted_at.is_none() && row.revoked_at.is_none() && row.expires_at > now);
        let row = row.ok_or_else(stale_link)?;
        let project = project::by_id(db, ProjectId::from_uuid(row.project_id)).await?.ok_or_else(stale_link)?;
        let invited_by: Actor = serde_json::from_str(&row.invited_by_json).map_err(AppError::internal)?;
        let has_account = account::by_email(db, &row.email).await?.is_some();
        let (project, invited_by) = (project.name, invited_by.display_name);
        Ok(OpenInvitation { project, email: row.email.clone(), invited_by, has_account, row })
    }

    /// Accepts an invitation with the token of its link, once. Somebody without an account gets one, with the name and
    /// the password given; the password of an account that is there is not touched.
    ///
    /// # Errors
    /// When the link is not good any more, the input breaks a rule, or the database fails.
    pub async fn accept_invitation(
        &self,
        token: &str,
        name: Option<String>,
        password: Option<String>,
    ) -> Result<AccountView, AppError> {
        let open = self.open_invitation(token).await?;
        let email = open.email.clone();
        let known = account::by_email(self.store.read(), &email).await?;
        let (row, fresh) = match (known, name, password) {
            (Some(row), ..) if row.disabled_at.is_some() => return Err(stale_link()),
            (Some(row), ..) => (row, false),
            (None, Some(name), Some(password)) => (self.account_row(NewAccount { email, name, password }).await?, true),
            (None, ..) => return Err(AppError::invalid("password", "is needed, and a name: you have no account yet")),
        };
        let id = AccountId::from_uuid(row.id);
        let scope = Scope::of(ProjectId::from_uuid(open.row.project_id));
        let roles = parse_roles(&open.row.roles);
        let tx = self.store.write().await?;
        if !invitation::accept(&tx, scope, InvitationId::from_uuid(open.row.id), self.now()).await? {
            return Err(stale_link());
        }
        let actor = Actor::account(id.to_string(), row.name.clone());
        if fresh {
            account::insert(&tx, row.clone()).await?;
            let detail = Change::made(json!({"email": row.email, "name": row.name}));
            self.audit_as(&tx, Scope::installation(), &actor, ("create", "account"), id, &detail)?;
        }
        let before = member::roles(&tx, scope, id).await?;
        if before.is_none() {
            member::put(&tx, scope, id, &roles, self.now()).await?;
        }
        let invitation = InvitationId::from_uuid(open.row.id);
        let detail = Change::of(
            before.as_ref().map(|roles| json!({"roles": roles})),
            json!({"account": id, "email": row.email, "roles": before.as_ref().unwrap_or(&roles)}),
        )
        .with("made_account", json!(fresh));
        self.audit_as(&tx, scope, &actor, ("accept", "invitation"), invitation, &detail)?;
        tx.commit().await?;
        Ok(row.into())
    }
}

fn parse_roles(text: &str) -> Vec<Role> {
    // A role that this version does not know grants nothing.
    text.split(',').filter_map(|name| name.parse().ok()).collect()
}

fn stale_link() -> AppError {
    AppError::invalid(
        "token",
        "is not good any more: the invitation was used, taken back or has ended; ask for another",
    )
}
