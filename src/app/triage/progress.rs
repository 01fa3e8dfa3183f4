//! How far triage has come today, and an act that may be taken back.

use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::ids::ActId;
use seatrial_store::triage_act::{self, ActRow};

use crate::app::App;
use crate::app::access::Caller;
use crate::app::error::AppError;

impl App {
    /// Who decided about how many failures since midnight UTC, who decided most first: promoted, linked or dismissed, and not
    /// taken back.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn triage_today(&self, caller: &Caller, project: &str) -> Result<Vec<(Actor, u64)>, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(triage_act::decided_since(self.store.read(), project.scope, self.now().day()).await?)
    }

    /// An act with every failure it was about; none when there is no such act in the project.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn triage_act(&self, caller: &Caller, project: &str, act: ActId) -> Result<Vec<ActRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(triage_act::find(self.store.read(), project.scope, act).await?)
    }
}
