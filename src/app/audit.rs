//! The audit log: who did what, from where. Written in the transaction of what it describes, as its last act.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::audit::SealedEntry;
use seatrial_domain::ids::AuditId;
use seatrial_domain::limits;
use seatrial_store::audit::{self, Draft, Entry, Search};
use seatrial_store::{Cursor, Page, Scope, WriteTx};
use serde::Serialize;
use serde_json::{Map, Value};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::error::AppError;

/// Entries of an export that are read at once.
const EXPORT_BATCH: u64 = 500;

/// The detail of an entry: what was there, what is there now, and what else belongs to the act. There is no entry
/// without both: of a creation `before` is null, of a removal `after`.
#[derive(Clone, Debug, Serialize)]
pub struct Change<B, A> {
    before: B,
    after: A,
    #[serde(flatten)]
    about: Map<String, Value>,
}

impl<B, A> Change<B, A> {
    /// Something was changed.
    #[must_use]
    pub fn of(before: B, after: A) -> Self {
        Self { before, after, about: Map::new() }
    }

    /// Adds what else belongs to the act: why, by which rule, in answer to what.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.about.insert(name.to_owned(), value);
        self
    }
}

impl<A> Change<(), A> {
    /// Something came to be.
    #[must_use]
    pub fn made(after: A) -> Self {
        Self::of((), after)
    }
}

impl<B> Change<B, ()> {
    /// Something is gone.
    #[must_use]
    pub fn gone(before: B) -> Self {
        Self::of(before, ())
    }
}

impl App {
    /// Records that the caller did `action` to the `noun` named `noun_id`, in the same transaction. `change` is
    /// without secrets.
    ///
    /// # Errors
    /// When the change is no plain data.
    #[expect(clippy::unused_async, reason = "callers must not rely on when the entry is written")]
    pub async fn audit(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        action: &'static str,
        noun: &'static str,
        noun_id: impl ToString,
        change: &Change<impl Serialize, impl Serialize>,
    ) -> Result<(), AppError> {
        self.audit_as(tx, project.scope, project.actor(), (action, noun), noun_id, change)
    }

    /// Records an act of somebody who did not enter the project for it, such as a new password of one of its members.
    /// What belongs to no project is in the log of the installation.
    ///
    /// # Errors
    /// When the change is no plain data.
    pub(super) fn audit_as(
        &self,
        tx: &WriteTx,
        scope: Scope,
        actor: &Actor,
        (action, noun): (&'static str, &'static str),
        noun_id: impl ToString,
        change: &Change<impl Serialize, impl Serialize>,
    ) -> Result<(), AppError> {
        audit::append(tx, scope, self.audit_draft(actor, (action, noun), noun_id, change)?);
        Ok(())
    }

    /// An entry for a transaction that is begun later.
    ///
    /// # Errors
    /// When the change is no plain data.
    pub(super) fn audit_draft(
        &self,
        actor: &Actor,
        (action, noun): (&'static str, &'static str),
        noun_id: impl ToString,
        change: &Change<impl Serialize, impl Serialize>,
    ) -> Result<Draft, AppError> {
        Ok(Draft {
            id: AuditId::from_uuid(self.ids.uuid_v7()),
            at: self.now(),
            actor: actor.clone(),
            action,
            noun,
            noun_id: noun_id.to_string(),
            detail: serde_json::to_value(change).map_err(AppError::internal)?,
        })
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
        check(search)?;
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
        check(&search)?;
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

fn check(search: &Search) -> Result<(), AppError> {
    let Search { actor, action, noun, noun_id, text, from: _, until: _ } = search;
    let texts = [("actor", actor), ("action", action), ("noun", noun), ("noun_id", noun_id), ("text", text)];
    for (field, value) in texts {
        let fits = |value: &String| value.len() <= limits::LABEL_BYTES && !value.contains('\0');
        if value.as_ref().is_some_and(|value| !fits(value)) {
            return Err(AppError::invalid(field, "is longer than 200 bytes, or holds the character NUL"));
        }
    }
    Ok(())
}
