//! The audit log: who did what, from where. Written in the transaction of what it describes, as its last act.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::audit::SealedEntry;
use seatrial_domain::ids::AuditId;
use seatrial_store::audit::{self, Draft, Entry, Search};
use seatrial_store::{Cursor, Page, Scope, WriteTx};
use serde::Serialize;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::error::AppError;

/// Entries of an export that are read at once.
const EXPORT_BATCH: u64 = 500;

/// The detail of an edit: what was there and what is there now.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Change<B, A> {
    /// What was there.
    pub before: B,
    /// What is there now.
    pub after: A,
}

/// The detail of a removal.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Gone<B> {
    /// What was there.
    pub before: B,
}

/// The detail of a creation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Made<A> {
    /// What is there now.
    pub after: A,
}

impl App {
    /// Records that the caller did `action` to the `noun` named `noun_id`, in the same transaction. `detail` is what
    /// changed, without secrets: [`Change`], [`Made`], [`Gone`], or what describes an act.
    ///
    /// # Errors
    /// When the detail is no plain data.
    #[expect(clippy::unused_async, reason = "callers must not rely on when the entry is written")]
    pub async fn audit(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        action: &'static str,
        noun: &'static str,
        noun_id: impl ToString,
        detail: &impl Serialize,
    ) -> Result<(), AppError> {
        self.audit_as(tx, project.scope, project.actor(), (action, noun), noun_id, detail)
    }

    /// Records an act of somebody who did not enter the project for it, such as a new password of one of its members.
    /// What belongs to no project is in the log of the installation.
    ///
    /// # Errors
    /// When the detail is no plain data.
    pub(super) fn audit_as(
        &self,
        tx: &WriteTx,
        scope: Scope,
        actor: &Actor,
        (action, noun): (&'static str, &'static str),
        noun_id: impl ToString,
        detail: &impl Serialize,
    ) -> Result<(), AppError> {
        let entry = Draft {
            id: AuditId::from_uuid(self.ids.uuid_v7()),
            at: self.now(),
            actor: actor.clone(),
            action,
            noun,
            noun_id: noun_id.to_string(),
            detail: serde_json::to_value(detail).map_err(AppError::internal)?,
        };
        audit::append(tx, scope, entry);
        Ok(())
    }

    /// A page of the project's audit log, latest first.
    ///
    /// # Errors
    /// When the caller may not read it, or when the database fails.
    pub async fn audit_entries(
        &self,
        caller: &Caller,
        slug: &str,
        search: &Search,
        page: Page,
    ) -> Result<(Vec<Entry>, Option<Cursor>), AppError> {
        let project = self.enter(caller, slug, Permission::ReadAudit).await?;
        Ok(audit::list(self.store.read(), project.scope, search, page).await?)
    }

    /// The project's audit log in the order of its chain, a batch at a time, however long it is.
    ///
    /// # Errors
    /// When the caller may not read it. The stream ends with an error when the database fails.
    pub async fn audit_export(
        self: Arc<Self>,
        caller: &Caller,
        slug: &str,
        search: Search,
    ) -> Result<impl Stream<Item = Result<Vec<SealedEntry>, AppError>> + use<>, AppError> {
        let scope = self.enter(caller, slug, Permission::ReadAudit).await?.scope;
        Ok(self.audit_chain(scope, search))
    }

    /// The log of what belongs to no project, for the operator at the command line.
    pub fn installation_audit(self: Arc<Self>) -> impl Stream<Item = Result<Vec<SealedEntry>, AppError>> + use<> {
        self.audit_chain(Scope::installation(), Search::default())
    }

    fn audit_chain(
        self: Arc<Self>,
        scope: Scope,
        search: Search,
    ) -> impl Stream<Item = Result<Vec<SealedEntry>, AppError>> + use<> {
        stream::try_unfold((self, search, 0), move |(app, search, after)| async move {
            let batch = audit::chain(app.store.read(), scope, &search, after, EXPORT_BATCH).await?;
            let next = batch.last().map(|entry| entry.record.sequence);
            Ok(next.map(|next| (batch, (app, search, next))))
        })
    }
}
