//! Members of a project and invitations to it.

use serde::Serialize;

use super::{HOSTILE, SelectOption, Time, View};

/// Body of `/p/{project}/settings/members`. Forms, all with `csrf`: `POST …/settings/invitations` with `email`, `role`;
/// `…/settings/invitations/{id}/revoke`; `…/settings/members/{id}` with `roles` (repeated) and `rests_on`;
/// `…/settings/members/{id}/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MembersPage {
    /// Members with their roles.
    pub members: Vec<MemberRow>,
    /// Open invitations, the latest first.
    pub invitations: Vec<InvitationRow>,
    /// Roles somebody invited can have; empty when the person may not invite.
    pub roles: Vec<SelectOption>,
    /// Why the last form was not accepted, and what to do.
    pub error: Option<String>,
    /// An invitation just made that no mail carries: its link is shown once.
    pub new_invitation: Option<NewInvitation>,
    /// The address of somebody to invite, as it was typed.
    pub email: String,
}

/// An invitation just made, to be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewInvitation {
    /// Whom it is for.
    pub email: String,
    /// The link.
    pub url: String,
}

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvitationRow {
    /// Id, `inv_…`.
    pub id: String,
    /// Whom it is for.
    pub email: String,
    /// What they will be; several separated by commas.
    pub role: String,
    /// Who invited them.
    pub invited_by: String,
    /// Until when it is good.
    pub expires_at: Time,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberRow {
    /// Id of the account, `acc_…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// `viewer`, `reviewer`, `owner`, `release_manager` or `admin`; several separated by commas.
    pub role: String,
    /// Every role, those they have selected; empty when the person may not change them.
    pub roles: Vec<SelectOption>,
    /// What the roles were when the page was made, for the form.
    pub rests_on: String,
    /// Whether the account can still sign in.
    pub active: bool,
}

impl View for MembersPage {
    const TEMPLATE: &'static str = "pages/settings/members";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "members";
}

impl MembersPage {
    /// As an administrator sees it after an invitation.
    pub fn sample() -> Self {
        Self::named("Ana Reyes")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it.
    pub fn bare_sample() -> Self {
        let usual = Self::sample();
        let members = usual.members.into_iter().map(|member| MemberRow { roles: vec![], ..member }).collect();
        Self { members, roles: vec![], error: None, invitations: vec![], new_invitation: None, email: String::new() }
    }

    fn named(name: &str) -> Self {
        let roles = || vec![SelectOption::new("viewer", "Viewer"), SelectOption::new("admin", "Administrator")];
        Self {
            members: vec![MemberRow {
                id: "acc_01".to_owned(),
                name: name.to_owned(),
                email: "ana@example.com".to_owned(),
                role: "release_manager".to_owned(),
                roles: roles(),
                rests_on: "\"1a2b\"".to_owned(),
                active: false,
            }],
            roles: roles(),
            error: Some(format!("name: {name} is taken")),
            invitations: vec![InvitationRow {
                id: "inv_01".to_owned(),
                email: name.to_owned(),
                role: "reviewer".to_owned(),
                invited_by: name.to_owned(),
                expires_at: Time::sample(9_000),
            }],
            new_invitation: Some(NewInvitation {
                email: name.to_owned(),
                url: "https://seatrial.example.com/invitation?token=sea_invite_1a2b3c".to_owned(),
            }),
            email: "ben@example.com".to_owned(),
        }
    }
}
