//! A test of the mail settings: one mail to whoever asks for it, sent now.

use seatrial_domain::access::Permission;
use seatrial_store::outbox;
use serde_json::json;

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::AppError;
use super::outbox::LinkMail;
use crate::notify::webhook::Verdict;
use crate::render::view::mail::TestMail;

/// What became of a test mail.
#[derive(Clone, Debug)]
pub struct MailTest {
    /// The address it went to: the asker's own.
    pub address: String,
    /// Whether the mail server took it.
    pub delivered: bool,
    /// What went wrong.
    pub error: Option<String>,
}

impl App {
    /// Sends whoever asks a test mail now, once, and says what became of it. It goes to their own address alone, so
    /// that nobody can be written to by it.
    ///
    /// # Errors
    /// When the caller may not or is no person, or the database fails.
    pub async fn test_mail(&self, caller: &Caller, project: &str) -> Result<MailTest, AppError> {
        let permission = Permission::ManageProject;
        let project = self.enter(caller, project, permission).await?;
        let account = caller.account().ok_or(AppError::Forbidden { permission })?;
        let account = self.account(account).await?;
        let mail = TestMail { project: project.name.clone(), requested_by: account.name.clone() };
        let recipient = account.id.to_string();
        let to =
            LinkMail { scope: project.scope, recipient, address: &account.email, name: &account.name, key: "test" };
        let mut message = self.link_message(&to, &mail)?;
        // Nobody else may take it, and each test is a message of its own.
        message.dedup_key = format!("test:{}", message.id);
        message.attempts = 1;
        message.next_at = self.taken_until();
        let tx = self.store.write().await?;
        outbox::enqueue(&tx, &message).await?;
        self.audit(&tx, &project, "test", "mail", message.id, &Change::made(json!({"to": account.email}))).await?;
        tx.commit().await?;
        let verdict = match self.attempt(&message).await? {
            // A person waits for the answer; there is no second attempt.
            Verdict::Retry { why, .. } => Verdict::Failed { why },
            verdict => verdict,
        };
        self.mark(&message, &verdict).await?;
        let error = match verdict {
            Verdict::Delivered => None,
            Verdict::Retry { why, .. } | Verdict::Failed { why } => Some(why),
            Verdict::Disabled => Some("the server wants no more messages".to_owned()),
        };
        Ok(MailTest { address: account.email, delivered: error.is_none(), error })
    }
}
