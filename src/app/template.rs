//! A project's own templates for the documents that leave: read, written in versions, put back to the built-in one.

use seatrial_domain::access::Permission;
use seatrial_domain::digest::Digest;
use seatrial_domain::limits;
use seatrial_store::template::{self, TemplateRow};

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::AppError;
use super::precondition::IfMatch;
use crate::render::document::{Checked, Document, TemplateFormat};

/// A template to be written.
#[derive(Clone, Debug)]
pub struct NewTemplate {
    /// The template; absent to go back to the built-in one.
    pub source: Option<Checked>,
    /// Why.
    pub note: String,
    /// The version it was made from; 0 where the project has none.
    pub version: u32,
}

impl App {
    /// The latest version; `None` while the project never wrote one.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn template(
        &self,
        caller: &Caller,
        project: &str,
        (document, format): (Document, TemplateFormat),
    ) -> Result<Option<TemplateRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(template::current(self.store.read(), project.scope, (document.as_str(), format.as_str())).await?)
    }

    /// The versions, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn template_versions(
        &self,
        caller: &Caller,
        project: &str,
        (document, format): (Document, TemplateFormat),
    ) -> Result<Vec<TemplateRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(template::versions(self.store.read(), project.scope, (document.as_str(), format.as_str())).await?)
    }

    /// Writes a new version, which counts from then on.
    ///
    /// # Errors
    /// When the note is too long, somebody wrote a version meanwhile, the caller may not, or the database fails.
    pub async fn put_template(
        &self,
        caller: &Caller,
        project: &str,
        (document, format): (Document, TemplateFormat),
        new: NewTemplate,
        if_match: &IfMatch,
    ) -> Result<TemplateRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        if new.note.len() > limits::NOTE_BYTES {
            return Err(AppError::invalid("note", format!("at most {} bytes are kept", limits::NOTE_BYTES)));
        }
        let key = (document.as_str(), format.as_str());
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, project.scope).await?;
        let known = template::current(&tx, project.scope, key).await?;
        let before = known.as_ref().map_or(0, |row| row.version);
        if_match.check(&before)?;
        if before != new.version {
            let detail = format!(
                "The template is at version {before} and this was made from version {}; read it again and repeat the change.",
                new.version
            );
            return Err(AppError::Conflict { code: "version_conflict", detail });
        }
        let row = TemplateRow {
            document: key.0.to_owned(),
            format: key.1.to_owned(),
            version: before + 1,
            source: new.source.map(|checked| checked.source().to_owned()),
            note: new.note,
            created_by: project.actor().clone(),
            created_at: self.now(),
        };
        template::insert(&tx, project.scope, &row).await?;
        let named = |row: &TemplateRow| {
            let digest = row.source.as_ref().map(|source| Digest::of(source.as_bytes()));
            serde_json::json!({"version": row.version, "built_in": row.source.is_none(), "source": digest, "note": row.note})
        };
        let detail = Change::of(known.as_ref().map(named), named(&row));
        self.audit(&tx, &project, "put", "template", format!("{}/{}", key.0, key.1), &detail).await?;
        tx.commit().await?;
        Ok(row)
    }
}
