//! Mails about accounts: a link to set a new password, an invitation.

use serde::Serialize;

use super::HOSTILE;
use super::mail::MailView;

/// A link to set a new password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordReset {
    /// Empty: an account belongs to no project.
    pub project: String,
    /// Name of the recipient.
    pub recipient: String,
    /// The link; used once.
    pub url: String,
}

impl MailView for PasswordReset {
    const TEMPLATE: &'static str = "mails/password_reset";

    fn subject(&self) -> String {
        "A new password for Seatrial".to_owned()
    }
}

impl PasswordReset {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("Ana Reyes")
    }

    /// To somebody with a hostile name.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(recipient: &str) -> Self {
        Self {
            project: String::new(),
            recipient: recipient.to_owned(),
            url: "https://seatrial.example.com/password-reset/choose?token=sea_reset_0123".to_owned(),
        }
    }
}

/// An invitation to a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// Project.
    pub project: String,
    /// Who invites.
    pub invited_by: String,
    /// The link; used once.
    pub url: String,
}

impl MailView for Invitation {
    const TEMPLATE: &'static str = "mails/invitation";

    fn subject(&self) -> String {
        format!("{} invites you to {} on Seatrial", self.invited_by, self.project)
    }
}

impl Invitation {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("Demo project")
    }

    /// Of a project with a hostile name.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(project: &str) -> Self {
        Self {
            project: project.to_owned(),
            invited_by: "Ben Okafor".to_owned(),
            url: "https://seatrial.example.com/invitation?token=sea_invite_0123".to_owned(),
        }
    }
}
