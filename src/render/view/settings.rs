//! Settings of a project: members, API keys, webhooks.

use serde::Serialize;

use super::{HOSTILE, SelectOption, Time, View};

/// Body of `/p/{project}/settings`. Forms, all with `csrf`: `POST …/settings/invitations` with `email`,
/// `role`; `…/settings/invitations/{id}/revoke`;
/// `…/settings/keys` with `name`, `scopes` (repeated), `expires_days`; `…/settings/keys/{id}/revoke`;
/// `…/settings/webhooks` with `url`, `events` (repeated); `…/settings/webhooks/{id}/test` and `…/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// ISO 4217 code of the project's amounts.
    pub currency: String,
    /// Settle window in hours.
    pub settle_hours: u32,
    /// Where the audit log is; absent for whom it is closed.
    pub audit: Option<String>,
    /// Members with their roles.
    pub members: Vec<MemberRow>,
    /// Open invitations, the latest first.
    pub invitations: Vec<InvitationRow>,
    /// Roles somebody invited can have; empty when the person may not invite.
    pub roles: Vec<SelectOption>,
    /// API keys, newest first.
    pub keys: Vec<KeyRow>,
    /// A key just made: shown once, never again.
    pub new_key: Option<NewKey>,
    /// Scopes a new key can have; empty when the person may not make one.
    pub scopes: Vec<SelectOption>,
    /// Webhooks.
    pub webhooks: Vec<WebhookRow>,
    /// The secret of a webhook just made: shown once.
    pub new_webhook_secret: Option<String>,
    /// Events a webhook can hear of; empty when the person may not add one.
    pub events: Vec<SelectOption>,
    /// Why the last form was not accepted, and what to do.
    pub error: Option<String>,
    /// An invitation just made that no mail carries: its link is shown once.
    pub new_invitation: Option<NewInvitation>,
    /// What was typed in a form that was not accepted: the address of somebody to invite.
    pub email: String,
    /// The name of a key.
    pub key_name: String,
    /// The address of a webhook.
    pub url: String,
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
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// `viewer`, `reviewer`, `owner`, `release_manager` or `admin`; several separated by commas.
    pub role: String,
    /// Whether the account can still sign in.
    pub active: bool,
}

/// One API key; its secret is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    /// Id, `key_…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// First characters, to recognise it by.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// Last use.
    pub used_at: Option<Time>,
    /// When it ends; `None` is never.
    pub expires_at: Option<Time>,
    /// It no longer works.
    pub revoked: bool,
}

/// A key just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewKey {
    /// Name.
    pub name: String,
    /// The key itself.
    pub secret: String,
    /// A command that uses it.
    pub command: String,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookRow {
    /// Id, `wh_…`.
    pub id: String,
    /// Where it posts.
    pub url: String,
    /// What it hears of.
    pub events: Vec<String>,
    /// Last delivery: `delivered`, `failed: 502` and so on.
    pub last: Option<String>,
    /// When that was.
    pub last_at: Option<Time>,
}

impl View for Settings {
    const TEMPLATE: &'static str = "pages/settings/show";
    const SECTION: &'static str = "settings";
}

impl Settings {
    /// As an administrator sees it after making a key.
    pub fn sample() -> Self {
        Self::named("deploy-bot")
    }

    /// With hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it.
    pub fn bare_sample() -> Self {
        Self {
            roles: vec![],
            keys: vec![],
            new_key: None,
            scopes: vec![],
            webhooks: vec![],
            new_webhook_secret: None,
            events: vec![],
            error: None,
            invitations: vec![],
            new_invitation: None,
            ..Self::sample()
        }
    }

    fn named(name: &str) -> Self {
        Self {
            currency: "USD".to_owned(),
            audit: Some("/p/demo/audit".to_owned()),
            settle_hours: 24,
            members: vec![MemberRow {
                name: name.to_owned(),
                email: "ana@example.com".to_owned(),
                role: "release_manager".to_owned(),
                active: false,
            }],
            roles: vec![SelectOption::new("viewer", "Viewer"), SelectOption::new("admin", "Administrator")],
            keys: vec![KeyRow {
                id: "key_01".to_owned(),
                name: name.to_owned(),
                prefix: "st_live_1a2b".to_owned(),
                scopes: vec!["runs:write".to_owned()],
                created_at: Time::sample(-9000),
                used_at: None,
                expires_at: Some(Time::sample(90_000)),
                revoked: false,
            }],
            new_key: Some(NewKey {
                name: name.to_owned(),
                secret: "st_live_1a2b3c4d5e6f".to_owned(),
                command: "export SEATRIAL_API_KEY=st_live_1a2b3c4d5e6f".to_owned(),
            }),
            scopes: vec![SelectOption::new("runs:write", "Send runs and facts").selected(true)],
            webhooks: vec![WebhookRow {
                id: "wh_01".to_owned(),
                url: "https://hooks.example.com/seatrial".to_owned(),
                events: vec!["scorecard.stale".to_owned()],
                last: Some(name.to_owned()),
                last_at: Some(Time::sample(-3)),
            }],
            new_webhook_secret: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            events: vec![SelectOption::new("scorecard.stale", "A scorecard went stale").selected(true)],
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
            key_name: name.to_owned(),
            url: "https://hooks.example.com/".to_owned(),
        }
    }
}
