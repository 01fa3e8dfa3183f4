//! Reservations: a failure is kept for whoever works on it, visibly, for a while.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::RunId;
use seatrial_domain::limits;
use seatrial_store::failure::{self, FailureRow, Person, Reservation};

use super::require_free;
use crate::app::App;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::app::failure::find_to_decide;

impl App {
    /// Keeps a failure for the caller, or keeps it longer. Others see it and may not decide about it until then.
    ///
    /// # Errors
    /// When somebody else has reserved it, the caller is no person or may not, the failure is not in the project, or the
    /// database fails.
    pub async fn reserve_failure(&self, caller: &Caller, project: &str, run: RunId) -> Result<FailureRow, AppError> {
        let Caller::Account { id, name } = caller else {
            return Err(AppError::Forbidden { permission: Permission::Triage });
        };
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let mut row = find_to_decide(&tx, &project, run).await?;
        let now = self.now();
        require_free(&row, caller, now)?;
        row.reservation = Some(Reservation {
            by: Person { account: *id, name: name.clone() },
            until: now.plus_micros(limits::RESERVATION_MICROS),
        });
        failure::save(&tx, project.scope, std::slice::from_ref(&row)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Gives a failure free again. Nothing changes when it is free.
    ///
    /// # Errors
    /// When somebody else has reserved it, the caller may not, the failure is not in the project, or the database fails.
    pub async fn release_failure(&self, caller: &Caller, project: &str, run: RunId) -> Result<FailureRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let mut row = find_to_decide(&tx, &project, run).await?;
        require_free(&row, caller, self.now())?;
        if row.reservation.take().is_some() {
            failure::save(&tx, project.scope, std::slice::from_ref(&row)).await?;
            tx.commit().await?;
        }
        Ok(row)
    }
}
