//! The outbox: messages are enqueued with what they tell about and delivered later, at least once. A process that
//! dies between sending and marking sends again; none is lost.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::ids::{MessageId, WebhookId};
use seatrial_domain::time::Timestamp;
use seatrial_store::delivery::{self, Delivery};
use seatrial_store::member::MemberRow;
use seatrial_store::outbox::{self, Channel, Message, MessageState};
use seatrial_store::{Cursor, Page, Scope, StoreError, audit, webhook};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::AppError;
use super::notice::{Telling, render_mail};
use super::ports::{Mail, MailError, OutboundRequest};
use crate::notify::webhook::{Verdict, WebhookSecret, headers, judge, next_wait_seconds};
use crate::render::view::mail::MailView;
use crate::telemetry::metrics::DeliveryLabels;

/// Why an endpoint was turned off by itself.
const GONE: &str = "the endpoint answered 410: it wants no more messages";
/// Messages taken at once.
const BATCH: u64 = 16;
/// Messages on their way at once; a slow endpoint holds up no more than its own place.
const CONCURRENT: usize = 8;
/// The steps of an exchange with a mail server, each of which may take the configured time.
const MAIL_STEPS: u64 = 4;
const NO_MESSAGE: AppError = AppError::NotFound { noun: "message" };
/// Attempts to write down what became of a message.
const MARK_ATTEMPTS: u32 = 5;

/// A mail as it waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MailPayload {
    to_address: String,
    to_name: String,
    subject: String,
    text: String,
    html: Option<String>,
    #[serde(default)]
    thread: Option<String>,
    #[serde(default)]
    unsubscribe_url: Option<String>,
    /// It holds a link that is used once: forgotten when it is sent or given up.
    #[serde(default)]
    once: bool,
}

/// A message with what became of each attempt.
#[derive(Clone, Debug)]
pub struct MessageDetail {
    /// The message.
    pub message: Message,
    /// The attempts in order.
    pub deliveries: Vec<Delivery>,
}

/// To whom a mail with a link goes that is used once.
pub(super) struct LinkMail<'a> {
    pub(super) scope: Scope,
    /// The id under which the message is listed.
    pub(super) recipient: String,
    pub(super) address: &'a str,
    pub(super) name: &'a str,
    /// What it tells.
    pub(super) key: &'a str,
}

impl App {
    /// A mail with a link that is used once, to be enqueued.
    pub(super) fn link_message(&self, to: &LinkMail<'_>, mail: &impl MailView) -> Result<Message, AppError> {
        let mail = render_mail(mail)?;
        let payload = MailPayload {
            to_address: to.address.to_owned(),
            to_name: to.name.to_owned(),
            subject: mail.subject,
            text: mail.text,
            html: Some(mail.html),
            thread: None,
            unsubscribe_url: None,
            once: true,
        };
        let payload_json = serde_json::to_string(&payload).map_err(AppError::internal)?;
        Ok(self.message(to.scope, Channel::Mail, to.recipient.clone(), to.key, payload_json))
    }

    fn message(&self, scope: Scope, channel: Channel, recipient: String, key: &str, payload_json: String) -> Message {
        let now = self.now();
        let waits = channel == Channel::Mail && self.mailer.is_none();
        Message {
            id: MessageId::from_uuid(self.ids.uuid_v7()),
            scope,
            channel,
            recipient,
            dedup_key: key.to_owned(),
            payload_json,
            state: MessageState::Pending,
            attempts: 0,
            next_at: now,
            last_error: waits.then(|| "no mail server is configured (smtp.host); the message waits".to_owned()),
            created_at: now,
            sent_at: None,
        }
    }

    /// A mail to one person, to be enqueued.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(super) fn mail_message(
        &self,
        what: &Telling,
        to: &MemberRow,
        (subject, text, html): (String, String, String),
        unsubscribe_url: String,
    ) -> Result<Message, AppError> {
        let payload = MailPayload {
            to_address: to.email.clone(),
            to_name: to.name.clone(),
            subject,
            text,
            html: Some(html),
            thread: Some(what.thread.clone()),
            unsubscribe_url: Some(unsubscribe_url),
            once: false,
        };
        let payload_json = serde_json::to_string(&payload).map_err(AppError::internal)?;
        Ok(self.message(what.scope, Channel::Mail, to.account.to_string(), &what.key, payload_json))
    }

    /// An event for one endpoint, to be enqueued. `key` names what it tells; `body` is sent as it is.
    #[must_use]
    pub fn webhook_message(&self, scope: Scope, to: WebhookId, key: &str, body: String) -> Message {
        self.message(scope, Channel::Webhook, to.to_string(), key, body)
    }

    /// The messages of a project, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn outbox(
        &self,
        caller: &Caller,
        project: &str,
        state: Option<MessageState>,
        page: Page,
    ) -> Result<(Vec<Message>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        Ok(outbox::list(self.store.read(), project.scope, state, page).await?)
    }

    /// A message with what became of each attempt.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the database fails.
    pub async fn message_detail(
        &self,
        caller: &Caller,
        project: &str,
        id: MessageId,
    ) -> Result<MessageDetail, AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let db = self.store.read();
        let message = outbox::find(db, project.scope, id).await?.ok_or(NO_MESSAGE)?;
        Ok(MessageDetail { message, deliveries: delivery::list(db, project.scope, id).await? })
    }

    /// Sends a message that was given up once more, with the same id, so that a receiver who has it recognises it.
    ///
    /// # Errors
    /// When there is none, it was not given up, the caller may not, or the database fails.
    pub async fn resend(&self, caller: &Caller, project: &str, id: MessageId) -> Result<MessageDetail, AppError> {
        let access = self.enter(caller, project, Permission::ManageProject).await?;
        let tx = self.store.write().await?;
        let message = outbox::find(&tx, access.scope, id).await?.ok_or(NO_MESSAGE)?;
        if message.channel == Channel::Mail && serde_json::from_str::<MailPayload>(&message.payload_json).is_err() {
            let detail = "It held a link that is used once and was forgotten; ask for a new link instead.".to_owned();
            return Err(AppError::Conflict { code: "message_forgotten", detail });
        }
        if !outbox::revive(&tx, access.scope, id, self.now()).await? {
            let detail =
                format!("Only a message that was given up can be sent again; this one is {}.", message.state.as_str());
            return Err(AppError::Conflict { code: "message_not_dead", detail });
        }
        let detail = Change::of(json!({"state": message.state.as_str()}), json!({"state": "pending"}))
            .with("recipient", json!(message.recipient))
            .with("about", json!(message.dedup_key));
        self.audit(&tx, &access, "resend", "message", id, &detail).await?;
        tx.commit().await?;
        self.message_detail(caller, project, id).await
    }

    /// Sends every message that is due, each once. Returns how many the other side took.
    ///
    /// # Errors
    /// When the database fails. What was taken and not marked is due again after a while.
    pub async fn deliver_due(&self) -> Result<usize, AppError> {
        // Without a mail server mails wait; they do not use up their attempts.
        let channels: &[Channel] =
            if self.mailer.is_some() { &[Channel::Mail, Channel::Webhook] } else { &[Channel::Webhook] };
        let mut delivered = 0;
        while outbox::any_due(self.store.read(), channels, self.now()).await? {
            let tx = self.store.write().await?;
            let taken = outbox::take_due(&tx, channels, self.now(), self.taken_until(), BATCH).await?;
            tx.commit().await?;
            if taken.is_empty() {
                break;
            }
            let results: Vec<Result<bool, AppError>> = stream::iter(taken)
                .map(|message| async move { self.deliver(&message).await.map(|verdict| verdict == Verdict::Delivered) })
                .buffer_unordered(CONCURRENT)
                .collect()
                .await;
            for result in results {
                delivered += usize::from(result?);
            }
        }
        let waiting = outbox::waiting(self.store.read()).await?;
        self.metrics.outbox_length.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        Ok(delivered)
    }

    /// Until when a taken batch is nobody else's: longer than its slowest message can take.
    pub(super) fn taken_until(&self) -> Timestamp {
        let slowest = (MAIL_STEPS * self.config.smtp.timeout_seconds).max(self.config.outbound.timeout_seconds);
        let rounds = BATCH.div_ceil(CONCURRENT as u64);
        self.now().plus_seconds(i64::try_from(rounds * slowest + 60).unwrap_or(3_600))
    }

    async fn deliver(&self, message: &Message) -> Result<Verdict, AppError> {
        let verdict = self.attempt(message).await?;
        self.mark(message, &verdict).await?;
        Ok(verdict)
    }

    /// Sends a taken message and says what became of it, without writing that down.
    pub(super) async fn attempt(&self, message: &Message) -> Result<Verdict, AppError> {
        let verdict = match message.channel {
            Channel::Mail => self.attempt_mail(message).await,
            Channel::Webhook => self.attempt_webhook(message).await?,
        };
        let outcome = match &verdict {
            Verdict::Delivered => "delivered",
            Verdict::Retry { .. } => "retry",
            Verdict::Disabled | Verdict::Failed { .. } => "failed",
        };
        let labels = DeliveryLabels { channel: message.channel.as_str(), outcome };
        self.metrics.deliveries.get_or_create(&labels).inc();
        match &verdict {
            Verdict::Retry { why, .. } => tracing::info!(message = %message.id, why, "a message will be tried again"),
            Verdict::Failed { why } => tracing::warn!(message = %message.id, why, "a message was given up"),
            Verdict::Disabled => tracing::warn!(message = %message.id, "an endpoint wants no more messages"),
            Verdict::Delivered => {}
        }
        Ok(verdict)
    }

    async fn attempt_mail(&self, message: &Message) -> Verdict {
        let Some(mailer) = &self.mailer else {
            return Verdict::Retry { after_seconds: 60, why: "no mail server is configured".to_owned() };
        };
        let payload: MailPayload = match serde_json::from_str(&message.payload_json) {
            Ok(payload) => payload,
            Err(error) => return Verdict::Failed { why: format!("the stored mail cannot be read: {error}") },
        };
        let mail = Mail {
            id: message.id.to_string(),
            to_address: payload.to_address,
            to_name: payload.to_name,
            subject: payload.subject,
            text: payload.text,
            html: payload.html,
            written_at: message.created_at,
            thread: payload.thread,
            unsubscribe_url: payload.unsubscribe_url,
        };
        match mailer.send(&mail).await {
            Ok(()) => Verdict::Delivered,
            Err(MailError::Permanent { detail }) => Verdict::Failed { why: detail },
            Err(MailError::Transient { detail }) => {
                let attempts = usize::try_from(message.attempts).unwrap_or(usize::MAX);
                match next_wait_seconds(attempts, None, self.randomness.as_ref()) {
                    Some(after_seconds) => Verdict::Retry { after_seconds, why: detail },
                    None => Verdict::Failed { why: format!("{detail}; gave up after {attempts} attempts") },
                }
            }
        }
    }

    async fn attempt_webhook(&self, message: &Message) -> Result<Verdict, AppError> {
        let failed = |why: &str| Ok(Verdict::Failed { why: why.to_owned() });
        let Ok(id) = message.recipient.parse::<WebhookId>() else { return failed("it names no webhook") };
        let hook = webhook::find(self.store.read(), message.scope, id).await?;
        let Some(hook) = hook else { return failed("the webhook was removed") };
        if hook.disabled_at.is_some() {
            return failed("the webhook is turned off");
        }
        let Ok(secrets) = hook.secrets(self.now()).into_iter().map(WebhookSecret::parse).collect::<Result<Vec<_>, _>>()
        else {
            return failed("the webhook's stored secret cannot be read; make a new webhook");
        };
        let body = message.payload_json.clone().into_bytes();
        let headers = headers(&message.id.to_string(), self.now(), &body, &secrets);
        let answer = self.outbound.post(&OutboundRequest { url: hook.url, headers, body }).await;
        let attempts = usize::try_from(message.attempts).unwrap_or(usize::MAX);
        Ok(judge(&answer, attempts, self.randomness.as_ref()))
    }

    /// Writes down what became of a message, again when another writer is in the way.
    pub(super) async fn mark(&self, message: &Message, verdict: &Verdict) -> Result<(), AppError> {
        let entry = match verdict {
            Verdict::Disabled => {
                let change = Change::of(json!({"disabled": null}), json!({"disabled": GONE}));
                let webhook = &message.recipient;
                Some(self.audit_draft(&Actor::system("outbox"), ("disable", "webhook"), webhook, &change)?)
            }
            _ => None,
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.mark_once(message, verdict, entry.clone()).await {
                Err(error) if error.is_transient() && attempts < MARK_ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(20 * u64::from(attempts))).await;
                }
                result => return result.map_err(AppError::from),
            }
        }
    }

    fn attempted(&self, message: &Message, verdict: &Verdict) -> Delivery {
        let (outcome, detail) = match verdict {
            Verdict::Delivered => ("delivered", String::new()),
            Verdict::Retry { why, .. } => ("retry", why.clone()),
            Verdict::Failed { why } => ("failed", why.clone()),
            Verdict::Disabled => ("failed", GONE.to_owned()),
        };
        Delivery {
            id: self.ids.uuid_v7(),
            message: message.id,
            attempt: message.attempts,
            outcome: outcome.to_owned(),
            detail,
            at: self.now(),
        }
    }

    async fn mark_once(
        &self,
        message: &Message,
        verdict: &Verdict,
        entry: Option<audit::Draft>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let tx = self.store.write().await?;
        delivery::insert(&tx, message.scope, &self.attempted(message, verdict)).await?;
        match verdict {
            Verdict::Delivered => outbox::mark_sent(&tx, message, now).await?,
            Verdict::Retry { after_seconds, why } => {
                outbox::retry_at(&tx, message, now.plus_seconds(i64::from(*after_seconds)), why).await?;
            }
            Verdict::Failed { why } => outbox::mark_dead(&tx, message, why).await?,
            Verdict::Disabled => {
                let why = GONE;
                // Two messages may be on their way at once: the first answer turns it off.
                if let (Ok(id), Some(entry)) = (message.recipient.parse(), entry)
                    && webhook::disable(&tx, message.scope, id, why, now).await?
                {
                    audit::append(&tx, message.scope, entry);
                }
                outbox::mark_dead(&tx, message, why).await?;
            }
        }
        let over = !matches!(verdict, Verdict::Retry { .. });
        if over && message.channel == Channel::Mail && says_once(message) {
            outbox::forget_payload(&tx, message).await?;
        }
        tx.commit().await
    }
}

fn says_once(message: &Message) -> bool {
    serde_json::from_str::<MailPayload>(&message.payload_json).is_ok_and(|payload| payload.once)
}
