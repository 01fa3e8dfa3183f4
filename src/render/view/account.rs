//! Pages about one's own account: its sessions and password, and the links that arrive by mail.

use serde::Serialize;

use super::{HOSTILE, Time, View};

/// Forms: `POST /account/password` with `csrf`, `present_password`, `new_password`; `POST /account/sessions/{id}/end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountPage {
    /// The name that others see.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// The sessions that have not ended, the one used last first.
    pub sessions: Vec<SessionRow>,
    /// Why a form was not accepted.
    pub error: Option<String>,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// Whether this page is shown by it.
    pub current: bool,
    /// When it began.
    pub created_at: Time,
    /// When it was last used.
    pub seen_at: Time,
    /// When it ends at the latest.
    pub ends_at: Time,
}

impl View for AccountPage {
    const TEMPLATE: &'static str = "pages/account/show";
}

impl AccountPage {
    /// Two browsers, and a password that was not accepted.
    pub fn sample() -> Self {
        Self::named("Ana Reyes")
    }

    /// Of somebody with a hostile name.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(name: &str) -> Self {
        let session = |id: &str, current| SessionRow {
            id: id.to_owned(),
            current,
            created_at: Time::sample(-600),
            seen_at: Time::sample(-1),
            ends_at: Time::sample(9000),
        };
        Self {
            name: name.to_owned(),
            email: "ana@example.com".to_owned(),
            sessions: vec![session("ses_01", true), session("ses_02", false)],
            error: Some(name.to_owned()),
        }
    }
}

/// Form: `POST /password-reset` with `csrf`, `email`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskPassword {
    /// Whether the service can send mail.
    pub mail: bool,
    /// Whether it was asked for just now.
    pub asked: bool,
    /// Why it was not accepted.
    pub error: Option<String>,
}

impl View for AskPassword {
    const TEMPLATE: &'static str = "pages/account/ask_password";
}

impl AskPassword {
    /// The form.
    pub fn sample() -> Self {
        Self { mail: true, asked: false, error: Some("email: is no e-mail address".to_owned()) }
    }

    /// After it was sent.
    pub fn asked_sample() -> Self {
        Self { mail: true, asked: true, error: None }
    }

    /// Without a mail server.
    pub fn bare_sample() -> Self {
        Self { mail: false, asked: false, error: None }
    }
}

/// Form: `POST /password-reset/choose` with `csrf`, `token`, `new_password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChoosePassword {
    /// The token of the link.
    pub token: String,
    /// Why it was not accepted.
    pub error: Option<String>,
}

impl View for ChoosePassword {
    const TEMPLATE: &'static str = "pages/account/choose_password";
}

impl ChoosePassword {
    /// After a password that was too short.
    pub fn sample() -> Self {
        let error = Some("new_password: a password needs at least 12 characters".to_owned());
        Self { token: "sea_reset_0123".to_owned(), error }
    }
}

/// Form: `POST /invitation` with `csrf`, `token`, `name`, `password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvitationPage {
    /// The token of the link.
    pub token: String,
    /// The project's name.
    pub project: String,
    /// Who invites.
    pub invited_by: String,
    /// Whom it is for.
    pub email: String,
    /// Whether the address has an account: then no name and password are asked.
    pub has_account: bool,
    /// The name to fill in again.
    pub name: String,
    /// Why it was not accepted.
    pub error: Option<String>,
}

impl View for InvitationPage {
    const TEMPLATE: &'static str = "pages/account/invitation";
}

impl InvitationPage {
    /// For somebody without an account.
    pub fn sample() -> Self {
        Self::named("Demo project")
    }

    /// To a project with a hostile name.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// For somebody with an account.
    pub fn known_sample() -> Self {
        Self { has_account: true, error: None, ..Self::sample() }
    }

    fn named(project: &str) -> Self {
        Self {
            token: "sea_invite_0123".to_owned(),
            project: project.to_owned(),
            invited_by: project.to_owned(),
            email: "cleo@example.com".to_owned(),
            has_account: false,
            name: project.to_owned(),
            error: Some("password: a password needs at least 12 characters".to_owned()),
        }
    }
}
