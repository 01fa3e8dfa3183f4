//! Webhooks and mail of a project: where events go, a test of either, what was sent.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::ids::{MessageId, WebhookId};
use seatrial_store::Page;
use seatrial_store::outbox::{Message, MessageState};
use seatrial_store::webhook::WebhookRow as StoredWebhook;

use super::context::{Answer, Frame, Visitor};
use super::form::refusal;
use super::settings::{Fields, enter, field};
use super::sign_in::Nothing;
use crate::app::error::AppError;
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::Time;
use crate::render::view::webhook::{DeliveryPage, MailServer, MessageRow, WebhookRow};

/// Messages listed; older ones are reached by the API.
const MESSAGES: u64 = 50;
const PLACE: &str = "/settings/webhooks";
const TITLE: &str = "Webhooks and mail";

/// What the page shows once, after a form.
#[derive(Default)]
struct Shown {
    error: Option<String>,
    url: String,
    new_secret: Option<String>,
}

impl Shown {
    fn error(error: String) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}

/// `GET /p/{project}/settings/webhooks`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = delivery(&frame, Shown::default()).await?;
    frame.page(TITLE, body)
}

async fn delivery(frame: &Frame, shown: Shown) -> Result<DeliveryPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let may = frame.may(Permission::ManageProject);
    let (hooks, messages) = match may {
        true => {
            let messages = app.outbox(caller, slug, None, Page::new(None, Some(MESSAGES))).await?.0;
            (app.webhooks(caller, slug).await?, messages)
        }
        false => (Vec::new(), Vec::new()),
    };
    let people = if messages.is_empty() { Vec::new() } else { app.members(caller, slug).await? };
    // A recipient is the id of an account or a webhook; people read names and addresses.
    let recipient = |id: &str| {
        let person = people.iter().find(|member| member.account.to_string() == id).map(|member| member.email.clone());
        let hook = || hooks.iter().find(|hook| hook.id.to_string() == id).map(|hook| hook.url.clone());
        person.or_else(hook).unwrap_or_else(|| id.to_owned())
    };
    let smtp = &app.config.smtp;
    Ok(DeliveryPage {
        may,
        messages: messages.into_iter().map(|message| message_row(recipient(&message.recipient), message)).collect(),
        webhooks: hooks.into_iter().map(|hook| webhook_row(frame, hook)).collect(),
        new_secret: shown.new_secret,
        error: shown.error,
        url: shown.url,
        mail: (may && app.mailer.is_some())
            .then(|| MailServer { host: format!("{}:{}", smtp.host, smtp.port), from: smtp.from.clone() }),
        own_address: frame.email().to_owned(),
    })
}

fn webhook_row(frame: &Frame, hook: StoredWebhook) -> WebhookRow {
    let previous_until = hook.previous_until.filter(|until| frame.app().now() < *until);
    WebhookRow {
        id: hook.id.to_string(),
        url: hook.url,
        off: hook.disabled_at.map(|_| hook.disabled_reason.unwrap_or_default()),
        off_at: hook.disabled_at.map(|at| Time(at.micros())),
        previous_until: previous_until.map(|at| Time(at.micros())),
    }
}

fn message_row(recipient: String, message: Message) -> MessageRow {
    MessageRow {
        id: message.id.to_string(),
        channel: message.channel.as_str().to_owned(),
        recipient,
        about: message.dedup_key,
        state: message.state.as_str().to_owned(),
        attempts: message.attempts,
        error: message.last_error,
        at: Time(message.created_at.micros()),
        can_resend: message.state == MessageState::Dead,
    }
}

async fn again(frame: Frame, shown: Shown) -> Answer {
    let status = if shown.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = delivery(&frame, shown).await?;
    frame.page_as(status, TITLE, body)
}

/// `POST /p/{project}/settings/webhooks`. The signing secret is on the answer and nowhere else.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn add(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let url = field(&form.0, "url").trim().to_owned();
    match frame.app().create_webhook(frame.caller(), frame.slug(), &url).await {
        Ok((_, secret)) => {
            let new_secret = Some(secret.expose().to_owned());
            again(frame, Shown { new_secret, ..Shown::default() }).await
        }
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, Shown { error, url, ..Shown::default() }).await
        }
    }
}

/// `POST /p/{project}/settings/webhooks/{webhook}/{act}`: `test`, `enable`, `rotate` or `remove`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such webhook or act, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, WebhookId, String)>, _form: PageForm<Nothing>) -> Answer {
    let (project, id, act) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let done = match act.as_str() {
        "test" => match app.test_webhook(caller, slug, id).await {
            Ok(test) if test.delivered => Ok("webhook_tested"),
            Ok(test) => return not_arrived(frame, test.error).await,
            Err(error) => Err(error),
        },
        "enable" => app.enable_webhook(caller, slug, id).await.map(|_| "webhook_on"),
        "rotate" => match app.rotate_webhook(caller, slug, id).await {
            Ok((_, secret)) => {
                let new_secret = Some(secret.expose().to_owned());
                return again(frame, Shown { new_secret, ..Shown::default() }).await;
            }
            Err(error) => Err(error),
        },
        "remove" => app.delete_webhook(caller, slug, id).await.map(|()| "webhook_removed"),
        _ => Err(AppError::NotFound { noun: "act" }),
    };
    match done {
        Ok(code) => Ok(frame.done(PLACE, code)),
        Err(error) => {
            let error = refusal(error)?;
            again(frame, Shown::error(error)).await
        }
    }
}

async fn not_arrived(frame: Frame, why: Option<String>) -> Answer {
    again(frame, Shown::error(format!("The test did not arrive: {}", why.unwrap_or_default()))).await
}

/// `POST /p/{project}/settings/mail/test`: a mail to their own address.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn test_mail(visitor: Visitor, project: Path<String>, _form: PageForm<Nothing>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let test = frame.app().test_mail(frame.caller(), frame.slug()).await?;
    if test.delivered { Ok(frame.done(PLACE, "mail_tested")) } else { not_arrived(frame, test.error).await }
}

/// `POST /p/{project}/settings/messages/{message}/resend`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such message, or the database fails.
pub async fn resend(visitor: Visitor, path: Path<(String, MessageId)>, _form: PageForm<Nothing>) -> Answer {
    let (project, id) = path.into_inner();
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    match frame.app().resend(frame.caller(), frame.slug(), id).await {
        Ok(_) => Ok(frame.done(PLACE, "message_resent")),
        Err(error) => {
            let error = refusal(error)?;
            again(frame, Shown::error(error)).await
        }
    }
}
