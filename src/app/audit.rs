//! The audit log: who did what. Written in the transaction of what it describes.

use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::ids::AuditId;
use seatrial_store::{Cursor, Page, Scope, WriteTx, audit};
use serde::Serialize;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::error::AppError;

impl App {
    /// Records that the caller did `action` to the `noun` named `noun_id`, in the same transaction. `detail` is what
    /// changed, without secrets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        action: &'static str,
        noun: &'static str,
        noun_id: impl ToString,
        detail: &impl Serialize,
    ) -> Result<(), AppError> {
        self.audit_as(tx, project.scope, project.actor(), (action, noun), noun_id, detail).await
    }

    /// Records an act of somebody who did not enter the project for it, such as a new password of one of its members.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn audit_as(
        &self,
        tx: &WriteTx,
        scope: Scope,
        actor: &Actor,
        (action, noun): (&'static str, &'static str),
        noun_id: impl ToString,
        detail: &impl Serialize,
    ) -> Result<(), AppError> {
        let entry = audit::Entry {
            id: AuditId::from_uuid(self.ids.uuid_v7()),
            at: self.now(),
            actor: format!("{}:{} ({})", actor.kind, actor.id, actor.display_name),
            action: action.to_owned(),
            noun: noun.to_owned(),
            noun_id: noun_id.to_string(),
            detail_json: serde_json::to_string(detail).map_err(AppError::internal)?,
        };
        Ok(audit::append(tx, scope, entry).await?)
    }

    /// A page of the project's audit log, latest first.
    ///
    /// # Errors
    /// When the caller may not read it, or when the database fails.
    pub async fn audit_entries(
        &self,
        caller: &Caller,
        slug: &str,
        page: Page,
    ) -> Result<(Vec<audit::Entry>, Option<Cursor>), AppError> {
        let project = self.enter(caller, slug, Permission::ReadAudit).await?;
        Ok(audit::list(self.store.read(), project.scope, page).await?)
    }
}
