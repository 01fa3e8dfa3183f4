//! Forecasts: how many more runs the checks of a gate will probably take. Worked out in the background, since the
//! evidence is carried forward over thousands of runs.

use seatrial_domain::access::Permission;
use seatrial_domain::evidence::EvidenceBundle;
use seatrial_domain::gate::forecasts;
use seatrial_domain::ids::GateId;
use seatrial_store::forecast::{self, KeptForecasts};
use seatrial_store::{Scope, gate};

use super::App;
use super::access::Caller;
use super::error::AppError;
use super::evidence::Evaluation;
use super::gate::no_gate;

/// Units of evidence: the same number gives the same forecast, but for its seed.
fn units(bundle: &EvidenceBundle) -> i64 {
    let (a, b) = (&bundle.baseline_totals, &bundle.candidate_totals);
    i64::try_from(a.settled + b.settled + b.concluded).unwrap_or(i64::MAX)
}

impl App {
    /// Works a gate's forecasts out and keeps them, when there is more evidence than at the last time.
    pub(super) async fn keep_forecast(&self, scope: Scope, gate: GateId, seen: Evaluation) -> Result<(), AppError> {
        let units = units(&seen.bundle);
        let kept = forecast::find(self.store.read(), scope, gate).await?;
        if kept.is_some_and(|kept| kept.units == units) {
            return Ok(());
        }
        // On a thread made for long computations.
        let bundle = seen.bundle;
        let found = tokio::task::spawn_blocking(move || forecasts(&bundle)).await.map_err(AppError::internal)?;
        let kept = KeptForecasts { units, made_at: self.now(), forecasts: found };
        let tx = self.store.write().await?;
        forecast::put(&tx, scope, gate, &kept).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A gate's forecasts as they were last worked out; `None` before the first time.
    ///
    /// # Errors
    /// When there is no such gate in the project, the caller may not, or the database fails.
    pub async fn kept_forecast(
        &self,
        caller: &Caller,
        project: &str,
        id: GateId,
    ) -> Result<Option<KeptForecasts>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        gate::find(self.store.read(), project.scope, id).await?.ok_or_else(no_gate)?;
        Ok(forecast::find(self.store.read(), project.scope, id).await?)
    }
}
