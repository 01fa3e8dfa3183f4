//! Members of a project: who they are, their roles, and invitations.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::{Permission, Role};
use seatrial_domain::ids::{AccountId, InvitationId};
use seatrial_store::Page;
use seatrial_store::member::MemberRow as StoredMember;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::settings::{Fields, enter, field};
use super::sign_in::Nothing;
use crate::app::error::AppError;
use crate::app::invitation::{InvitationState, InvitationView};
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::member::{InvitationRow, MemberRow, MembersPage, NewInvitation};
use crate::render::view::{SelectOption, Time};

/// Invitations looked through for open ones; older ones have ended.
const INVITATIONS_SHOWN: u64 = 100;
const PLACE: &str = "/settings/members";

/// What the page shows once, after a form.
#[derive(Default)]
struct Shown {
    error: Option<String>,
    email: String,
    new_invitation: Option<NewInvitation>,
}

/// `GET /p/{project}/settings/members`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = members(&frame, Shown::default()).await?;
    frame.page("Members", body)
}

async fn members(frame: &Frame, shown: Shown) -> Result<MembersPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let may = frame.may(Permission::ManageMembers);
    let members = app.members(caller, slug).await?;
    let invited = match may {
        true => app.invitations(caller, slug, Page::new(None, Some(INVITATIONS_SHOWN))).await?.0,
        false => Vec::new(),
    };
    Ok(MembersPage {
        members: members.into_iter().map(|member| member_row(member, may)).collect::<Result<_, _>>()?,
        invitations: invited.into_iter().filter(|one| one.state == InvitationState::Open).map(invitation_row).collect(),
        roles: if may { roles(&[]) } else { Vec::new() },
        error: shown.error,
        new_invitation: shown.new_invitation,
        email: shown.email,
    })
}

fn member_row(member: StoredMember, may: bool) -> Result<MemberRow, AppError> {
    Ok(MemberRow {
        id: member.account.to_string(),
        role: member.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
        roles: if may { roles(&member.roles) } else { Vec::new() },
        rests_on: etag(&member.roles)?,
        name: member.name,
        email: member.email,
        active: member.active,
    })
}

fn roles(held: &[Role]) -> Vec<SelectOption> {
    let label = |role: &Role| match role {
        Role::Viewer => "Viewer: reads everything",
        Role::Reviewer => "Reviewer: works the failures",
        Role::Owner => "Owner: keeps scorecards, opens gates",
        Role::ReleaseManager => "Release manager: freezes and decides",
        Role::Admin => "Administrator: everything",
    };
    Role::ALL.iter().map(|role| SelectOption::new(role.as_str(), label(role)).selected(held.contains(role))).collect()
}

fn invitation_row(view: InvitationView) -> InvitationRow {
    InvitationRow {
        id: view.id.to_string(),
        email: view.email,
        role: view.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
        invited_by: view.invited_by.display_name,
        expires_at: Time(view.expires_at.micros()),
    }
}

async fn again(frame: Frame, shown: Shown) -> Answer {
    let status = if shown.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = members(&frame, shown).await?;
    frame.page_as(status, "Members", body)
}

/// The form that invites somebody.
#[derive(Debug, Default, Deserialize)]
pub struct InvitationForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// `POST /p/{project}/settings/invitations`. The same is said whether or not the address has an account: the link in the
/// mail tells whoever reads it there. Without a mail server the link is shown once, to be handed over.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn invite(visitor: Visitor, project: Path<String>, form: PageForm<InvitationForm>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    let PageForm(form) = form;
    let Ok(role) = form.role.parse::<Role>() else {
        let error = Some("Choose a role.".to_owned());
        return again(frame, Shown { error, email: form.email, ..Shown::default() }).await;
    };
    match frame.app().invite(frame.caller(), frame.slug(), &form.email, vec![role]).await {
        Ok(made) => match made.url {
            None => Ok(frame.done(PLACE, "invited")),
            Some(url) => {
                let new_invitation = Some(NewInvitation { email: made.view.email, url });
                again(frame, Shown { new_invitation, ..Shown::default() }).await
            }
        },
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, email: form.email, ..Shown::default() }).await
        }
    }
}

/// `POST /p/{project}/settings/invitations/{invitation}/revoke`.
///
/// # Errors
/// When the token is wrong, there is no such invitation, they may not, or the database fails.
pub async fn revoke_invitation(
    visitor: Visitor,
    path: Path<(String, InvitationId)>,
    _form: PageForm<Nothing>,
) -> Answer {
    let (project, invitation) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    frame.app().revoke_invitation(frame.caller(), frame.slug(), invitation).await?;
    Ok(frame.done(PLACE, "invitation_revoked"))
}

/// `POST /p/{project}/settings/members/{account}`: other roles.
///
/// # Errors
/// When the token is wrong, there is no such member, they may not, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, AccountId)>, form: PageForm<Fields>) -> Answer {
    let (project, account) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    let named = form.0.iter().filter(|(name, _)| name == "roles").map(|(_, value)| value.parse::<Role>());
    let roles = named.collect::<Result<Vec<Role>, _>>();
    let if_match = IfMatch::parse(field(&form.0, "rests_on"));
    let changed = match roles {
        Ok(roles) => frame.app().set_member_roles(frame.caller(), frame.slug(), account, roles, &if_match).await,
        Err(error) => Err(AppError::invalid("roles", error.to_string())),
    };
    match changed {
        Ok(_) => Ok(frame.done(PLACE, "member_changed")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, ..Shown::default() }).await
        }
    }
}

/// `POST /p/{project}/settings/members/{account}/remove`.
///
/// # Errors
/// When the token is wrong, there is no such member, they may not, or the database fails.
pub async fn remove(visitor: Visitor, path: Path<(String, AccountId)>, _form: PageForm<Nothing>) -> Answer {
    let (project, account) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageMembers).await?;
    match frame.app().remove_member(frame.caller(), frame.slug(), account).await {
        Ok(()) => Ok(frame.done(PLACE, "member_removed")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, ..Shown::default() }).await
        }
    }
}
