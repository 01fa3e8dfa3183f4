//! The inbox: what a person was told in a project, what they have read, and which mails they want.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seatrial_domain::access::Permission;
use seatrial_domain::ids::{AccountId, NoticeId};
use seatrial_domain::notice::Topic;
use seatrial_store::notice::{self, NoticeRow, Preference};
use seatrial_store::{Connection, Cursor, Page, Scope, WriteTx};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::error::AppError;

/// A preference as the page behind a link in a mail shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedPreference {
    /// The project's name.
    pub project: String,
    /// The topics they get no mail about.
    pub muted: BTreeSet<Topic>,
}

/// A program has no inbox.
fn person(caller: &Caller) -> Result<AccountId, AppError> {
    caller.account().ok_or_else(|| AppError::Conflict {
        code: "not_a_person",
        detail: "An API key has no inbox and gets no mails; sign in as a person, or read the outbox.".to_owned(),
    })
}

impl App {
    /// What the caller was told in the project, latest first.
    ///
    /// # Errors
    /// When the caller is no person or no member, or the database fails.
    pub async fn notices(
        &self,
        caller: &Caller,
        project: &str,
        unread: bool,
        page: Page,
    ) -> Result<(Vec<NoticeRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(notice::list(self.store.read(), project.scope, person(caller)?, unread, page).await?)
    }

    /// How many notices the caller has not read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unread_notices(&self, project: &ProjectAccess, account: AccountId) -> Result<u64, AppError> {
        Ok(notice::unread(self.store.read(), project.scope, account).await?)
    }

    /// Marks one notice of the caller as read, or all of them. Returns how many were unread.
    ///
    /// # Errors
    /// When they have no such notice, the caller is no person or no member, or the database fails.
    pub async fn read_notices(&self, caller: &Caller, project: &str, id: Option<NoticeId>) -> Result<u64, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let account = person(caller)?;
        if let Some(id) = id
            && !notice::exists(self.store.read(), project.scope, account, id).await?
        {
            return Err(AppError::NotFound { noun: "notice" });
        }
        let tx = self.store.write().await?;
        let read = notice::mark_read(&tx, project.scope, account, id, self.now()).await?;
        tx.commit().await?;
        Ok(read)
    }

    /// The topics the caller gets no mail about.
    ///
    /// # Errors
    /// When the caller is no person or no member, or the database fails.
    pub async fn muted_topics(&self, caller: &Caller, project: &str) -> Result<BTreeSet<Topic>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let found = notice::preference(self.store.read(), project.scope, person(caller)?).await?;
        Ok(found.map(|preference| preference.muted).unwrap_or_default())
    }

    /// Says which topics the caller gets no mail about. Their inbox keeps everything.
    ///
    /// # Errors
    /// When the caller is no person or no member, or the database fails.
    pub async fn mute_topics(&self, caller: &Caller, project: &str, muted: BTreeSet<Topic>) -> Result<(), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let tx = self.store.write().await?;
        let preference = self.preference_of(&tx, project.scope, person(caller)?).await?;
        notice::put_preference(&tx, &Preference { muted, ..preference }, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a link in a mail leads to.
    ///
    /// # Errors
    /// When the link is not one that was sent, or the database fails.
    pub async fn linked_preference(&self, token: &str) -> Result<LinkedPreference, AppError> {
        let preference = find(self.store.read(), token).await?;
        let (_, project) = self.project_names(self.store.read(), preference.scope.project()).await?;
        Ok(LinkedPreference { project, muted: preference.muted })
    }

    /// Changes what a link in a mail leads to: `change` gets the topics that are off.
    ///
    /// # Errors
    /// When the link is not one that was sent, or the database fails.
    pub async fn change_linked_preference(
        &self,
        token: &str,
        change: impl FnOnce(&mut BTreeSet<Topic>) + Send,
    ) -> Result<(), AppError> {
        let tx = self.store.write().await?;
        let mut preference = find(&tx, token).await?;
        change(&mut preference.muted);
        notice::put_preference(&tx, &preference, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A person's preference, made with a new link at first use.
    pub(super) async fn preference_of(
        &self,
        tx: &WriteTx,
        scope: Scope,
        account: AccountId,
    ) -> Result<Preference, AppError> {
        if let Some(found) = notice::preference(tx, scope, account).await? {
            return Ok(found);
        }
        let mut bytes = [0; 24];
        self.randomness.fill(&mut bytes);
        let made = Preference { scope, account, token: URL_SAFE_NO_PAD.encode(bytes), muted: BTreeSet::new() };
        notice::put_preference(tx, &made, self.now()).await?;
        // Another process may have made one meanwhile, and its link stays.
        Ok(notice::preference(tx, scope, account).await?.unwrap_or(made))
    }

    /// The page of a link in a mail.
    pub(super) fn preferences_url(&self, token: &str) -> String {
        format!("{}/mail/{token}", self.config.server.public_url)
    }
}

async fn find(db: &impl Connection, token: &str) -> Result<Preference, AppError> {
    notice::preference_by_token(db, token).await?.ok_or(AppError::NotFound { noun: "link" })
}
