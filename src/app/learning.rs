//! What was learned from the failures of a release.

use seatrial_domain::access::Permission;
use seatrial_domain::evidence::Learning;
use seatrial_store::{evidence, release, workflow};

use super::App;
use super::access::Caller;
use super::error::AppError;

impl App {
    /// How many failures of a release there are, how many were learned from, and how many critical ones are open still.
    ///
    /// # Errors
    /// When there is no such workflow or release in the project, the caller may not, or the database fails.
    pub async fn learning(
        &self,
        caller: &Caller,
        project: &str,
        of_workflow: &str,
        of_release: &str,
    ) -> Result<Learning, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let of = workflow::find(db, project.scope, of_workflow).await?;
        let of = of.ok_or(AppError::NotFound { noun: "workflow" })?;
        let on = release::find(db, project.scope, of.id, of_release).await?;
        let on = on.ok_or(AppError::NotFound { noun: "release" })?;
        Ok(evidence::learning(db, project.scope, (of.id, on.id)).await?)
    }
}
