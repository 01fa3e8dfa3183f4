//! Webhooks and mail of a project: where events go, a test of either, and what was sent.

use serde::Serialize;

use super::{HOSTILE, Time, View};

/// Body of `/p/{project}/settings/webhooks`. Forms, all with `csrf`: `POST …/settings/webhooks` with `url`;
/// `…/settings/webhooks/{id}/test`, `…/enable`, `…/rotate` and `…/remove`; `…/settings/mail/test`;
/// `…/settings/messages/{id}/resend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryPage {
    /// Whether the person may see and change them.
    pub may: bool,
    /// Webhooks.
    pub webhooks: Vec<WebhookRow>,
    /// The secret of a webhook just made, or of one that got another: shown once.
    pub new_secret: Option<String>,
    /// Why the last form was not accepted, and what to do.
    pub error: Option<String>,
    /// The address of a webhook, as it was typed.
    pub url: String,
    /// The mail server; `None` where none is set.
    pub mail: Option<MailServer>,
    /// Where a test mail goes.
    pub own_address: String,
    /// What was sent, what waits and what was given up, the latest first.
    pub messages: Vec<MessageRow>,
}

/// The mail server as it is set for the whole service; never its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailServer {
    /// Host and port.
    pub host: String,
    /// Whom mails come from.
    pub from: String,
}

/// A message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageRow {
    /// Id, `msg_…`.
    pub id: String,
    /// `mail` or `webhook`.
    pub channel: String,
    /// To whom.
    pub recipient: String,
    /// What it tells.
    pub about: String,
    /// `pending`, `sent` or `dead`.
    pub state: String,
    /// Attempts begun.
    pub attempts: u32,
    /// What went wrong last, or why it waits.
    pub error: Option<String>,
    /// When it was written.
    pub at: Time,
    /// It was given up and can be sent again.
    pub can_resend: bool,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookRow {
    /// Id, `wh_…`.
    pub id: String,
    /// Where it posts.
    pub url: String,
    /// Why it is turned off; `None` while it is on.
    pub off: Option<String>,
    /// Since when.
    pub off_at: Option<Time>,
    /// Until when the secret before the last one signs too.
    pub previous_until: Option<Time>,
}

impl View for DeliveryPage {
    const TEMPLATE: &'static str = "pages/settings/webhooks";
    const SECTION: &'static str = "settings";
    const PART: &'static str = "delivery";
}

impl DeliveryPage {
    /// As an administrator sees it after making a webhook.
    pub fn sample() -> Self {
        Self::named("https://hooks.example.com/seatrial")
    }

    /// With hostile text.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// As a viewer sees it, where no mail server is set.
    pub fn bare_sample() -> Self {
        Self {
            may: false,
            webhooks: vec![],
            new_secret: None,
            error: None,
            url: String::new(),
            mail: None,
            messages: vec![],
            ..Self::sample()
        }
    }

    fn named(text: &str) -> Self {
        Self {
            may: true,
            webhooks: vec![WebhookRow {
                id: "wh_01".to_owned(),
                url: text.to_owned(),
                off: Some(text.to_owned()),
                off_at: Some(Time::sample(-3)),
                previous_until: Some(Time::sample(900)),
            }],
            new_secret: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            error: Some(format!("url: {text} cannot be used")),
            url: text.to_owned(),
            mail: Some(MailServer { host: "mail.example.com:587".to_owned(), from: text.to_owned() }),
            own_address: "ana@example.com".to_owned(),
            messages: vec![MessageRow {
                id: "msg_01".to_owned(),
                channel: "mail".to_owned(),
                recipient: text.to_owned(),
                about: text.to_owned(),
                state: "dead".to_owned(),
                attempts: 8,
                error: Some(text.to_owned()),
                at: Time::sample(-40),
                can_resend: true,
            }],
        }
    }
}
