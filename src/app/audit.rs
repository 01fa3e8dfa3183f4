//! The audit log: who did what. Written in the transaction of what it describes.

use seatrial_domain::ids::AuditId;
use seatrial_store::{WriteTx, audit};
use serde::Serialize;

use super::App;
use super::access::ProjectAccess;
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
        let actor = project.actor();
        let entry = audit::Entry {
            id: AuditId::from_uuid(self.ids.uuid_v7()),
            at: self.now(),
            actor: format!("{}:{} ({})", actor.kind, actor.id, actor.display_name),
            action: action.to_owned(),
            noun: noun.to_owned(),
            noun_id: noun_id.to_string(),
            detail_json: serde_json::to_string(detail).map_err(AppError::internal)?,
        };
        Ok(audit::append(tx, project.scope, entry).await?)
    }
}
