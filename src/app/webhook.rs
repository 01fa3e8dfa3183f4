//! Webhooks: endpoints that get signed events of a project.

use std::net::IpAddr;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::WebhookId;
use seatrial_domain::limits;
use seatrial_store::webhook::{self, WebhookRow};
use serde_json::json;
use url::{Host, Url};

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::AppError;
use super::notice::event_body;
use crate::auth::secret::Secret;
use crate::notify::outbound::{check_url, is_public};
use crate::notify::webhook::{Verdict, WebhookSecret};
use seatrial_store::outbox;

/// What became of a test event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookTest {
    /// Whether the endpoint took it.
    pub delivered: bool,
    /// What went wrong; may repeat what the other side said.
    pub error: Option<String>,
}

impl App {
    /// The project's endpoints.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn webhooks(&self, caller: &Caller, project: &str) -> Result<Vec<WebhookRow>, AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        Ok(webhook::list(self.store.read(), project.scope).await?)
    }

    /// Makes an endpoint. Its secret is returned here and never again.
    ///
    /// # Errors
    /// When the URL cannot be used, the project has too many endpoints, the caller may not, or the database fails.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        project: &str,
        url: &str,
    ) -> Result<(WebhookRow, Secret), AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let url = self.checked_url(url)?;
        let secret = WebhookSecret::generate(self.randomness.as_ref());
        let row = WebhookRow {
            id: WebhookId::from_uuid(self.ids.uuid_v7()),
            url: url.to_string(),
            secret: secret.text().expose().to_owned(),
            created_at: self.now(),
            disabled_at: None,
            disabled_reason: None,
            previous_secret: None,
            previous_until: None,
        };
        let tx = self.store.write().await?;
        if webhook::list(&tx, project.scope).await?.len() >= limits::WEBHOOKS_PER_PROJECT {
            let detail = format!(
                "The project has {} webhooks, and no more are possible; remove one first.",
                limits::WEBHOOKS_PER_PROJECT
            );
            return Err(AppError::Conflict { code: "too_many_webhooks", detail });
        }
        webhook::insert(&tx, project.scope, &row).await?;
        // The host only: a path or query may carry a token.
        let detail = Change::made(json!({"host": url.host_str()}));
        self.audit(&tx, &project, "create", "webhook", row.id, &detail).await?;
        tx.commit().await?;
        Ok((row, secret.text().clone()))
    }

    /// What can be said of a URL before it is used; where its name leads is checked at each delivery.
    fn checked_url(&self, text: &str) -> Result<Url, AppError> {
        if text.len() > limits::URL_BYTES {
            return Err(AppError::invalid("url", format!("use at most {} bytes", limits::URL_BYTES)));
        }
        let url = check_url(text, self.config.outbound.allow_plain_http)
            .map_err(|error| AppError::invalid("url", error.to_string()))?;
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if !self.config.outbound.allow_private && address.is_some_and(|address| !is_public(address)) {
            let why = "the address is not public; set outbound.allow_private = true to allow such addresses";
            return Err(AppError::invalid("url", why));
        }
        Ok(url)
    }

    /// Gives an endpoint a new secret, which is returned here and never again. The one it had signs too for a day, so
    /// that the receiver can change over without losing an event.
    ///
    /// # Errors
    /// When there is none, somebody rotated it at the same time, the caller may not, or the database fails.
    pub async fn rotate_webhook(
        &self,
        caller: &Caller,
        project: &str,
        id: WebhookId,
    ) -> Result<(WebhookRow, Secret), AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let secret = WebhookSecret::generate(self.randomness.as_ref());
        let tx = self.store.write().await?;
        let hook = webhook::find(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "webhook" })?;
        let until = self.now().plus_days(1);
        if !webhook::rotate(&tx, project.scope, &hook, secret.text().expose(), until).await? {
            let detail = "Somebody gave it another secret at the same time; ask again if you need one.".to_owned();
            return Err(AppError::Conflict { code: "already_rotated", detail });
        }
        // Of the secrets only until when the one before counts.
        let change = Change::of(json!({"previous_until": hook.previous_until}), json!({"previous_until": until}));
        self.audit(&tx, &project, "rotate_secret", "webhook", id, &change).await?;
        let hook = webhook::find(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "webhook" })?;
        tx.commit().await?;
        Ok((hook, secret.text().clone()))
    }

    /// Turns an endpoint on again. What was given up meanwhile can be sent again from the outbox.
    ///
    /// # Errors
    /// When there is none, it is on, the caller may not, or the database fails.
    pub async fn enable_webhook(&self, caller: &Caller, project: &str, id: WebhookId) -> Result<WebhookRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let missing = || AppError::NotFound { noun: "webhook" };
        let tx = self.store.write().await?;
        let hook = webhook::find(&tx, project.scope, id).await?.ok_or_else(missing)?;
        if !webhook::enable(&tx, project.scope, id).await? {
            let detail = "The webhook is on already.".to_owned();
            return Err(AppError::Conflict { code: "webhook_on", detail });
        }
        let change = Change::of(json!({"disabled": hook.disabled_reason}), json!({"disabled": null}));
        self.audit(&tx, &project, "enable", "webhook", id, &change).await?;
        let hook = webhook::find(&tx, project.scope, id).await?.ok_or_else(missing)?;
        tx.commit().await?;
        Ok(hook)
    }

    /// Removes an endpoint. What still waits for it is given up.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the database fails.
    pub async fn delete_webhook(&self, caller: &Caller, project: &str, id: WebhookId) -> Result<(), AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let tx = self.store.write().await?;
        let missing = || AppError::NotFound { noun: "webhook" };
        let hook = webhook::find(&tx, project.scope, id).await?.ok_or_else(missing)?;
        if !webhook::delete(&tx, project.scope, id).await? {
            return Err(missing());
        }
        let host = Url::parse(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        self.audit(&tx, &project, "delete", "webhook", id, &Change::gone(json!({"host": host}))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sends an endpoint a test event now, once, and says what became of it.
    ///
    /// # Errors
    /// When there is no such endpoint, it is turned off, the caller may not, or the database fails.
    pub async fn test_webhook(&self, caller: &Caller, project: &str, id: WebhookId) -> Result<WebhookTest, AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let hook = webhook::find(self.store.read(), project.scope, id).await?;
        let hook = hook.ok_or(AppError::NotFound { noun: "webhook" })?;
        if let Some(why) = hook.disabled_at.and(hook.disabled_reason) {
            let detail = format!("The webhook is turned off ({why}). Turn it on again, then test it.");
            return Err(AppError::Conflict { code: "webhook_off", detail });
        }
        let body = event_body("webhook.test", self.now(), json!({"project": project.slug, "webhook": id}))?;
        let mut message = self.webhook_message(project.scope, id, "", body);
        // Nobody else may take it, and each test is an event of its own.
        message.dedup_key = format!("test:{}", message.id);
        message.attempts = 1;
        message.next_at = self.taken_until();
        let tx = self.store.write().await?;
        outbox::enqueue(&tx, &message).await?;
        self.audit(&tx, &project, "test", "webhook", id, &Change::made(json!({"message": message.id}))).await?;
        tx.commit().await?;
        let verdict = match self.attempt(&message).await? {
            // A person waits for the answer; there is no second attempt.
            Verdict::Retry { why, .. } => Verdict::Failed { why },
            verdict => verdict,
        };
        self.mark(&message, &verdict).await?;
        Ok(match verdict {
            Verdict::Delivered => WebhookTest { delivered: true, error: None },
            Verdict::Disabled => {
                let why = "the endpoint answered 410 and was turned off".to_owned();
                WebhookTest { delivered: false, error: Some(why) }
            }
            Verdict::Retry { why, .. } | Verdict::Failed { why } => WebhookTest { delivered: false, error: Some(why) },
        })
    }
}
