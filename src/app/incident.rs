//! The incident review of a decision: what happened to the releases, the runs that show it, and how the workflow does
//! since.

use seatrial_domain::access::Permission;
use seatrial_domain::cell::{ALL, Cell, Resolution};
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::DecisionId;
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::accumulate::{CellQuery, cells};
use seatrial_store::failure::{FailureFilter, FailureRow};
use seatrial_store::{Page, failure};

use super::App;
use super::access::Caller;
use super::artifact::Artifact;
use super::deployment::Marker;
use super::error::AppError;

/// Runs named in the document; the worst and latest.
const NAMED: u64 = 20;
/// Days before the freeze whose moves and deployments are told.
const DAYS_BEFORE: i64 = 30;
/// Days after the decision over which its effect is looked at.
const DAYS_AFTER: i64 = 30;

/// Everything an incident review says.
#[derive(Clone, Debug)]
pub struct Incident {
    /// The decision, its evidence, and what became of the failures.
    pub artifact: Artifact,
    /// What happened to the workflow's releases, earliest first.
    pub timeline: Vec<Marker>,
    /// Failures of the release, the worst and latest first.
    pub runs: Vec<FailureRow>,
    /// All runs of the workflow that began since the decision, whatever their release.
    pub since: Cell,
    /// From this time on.
    pub since_at: Timestamp,
    /// What an hour of rescue costs the project.
    pub labour_nanos_per_hour: i64,
    /// The project's currency.
    pub currency: String,
}

impl App {
    /// Everything the incident review of a decision says.
    ///
    /// # Errors
    /// When there is no such decision in the project, nobody recommended or decided to roll back, the caller may not, or
    /// the database fails.
    pub async fn incident(&self, caller: &Caller, project: &str, id: DecisionId) -> Result<Incident, AppError> {
        let access = self.enter(caller, project, Permission::ReadEvidence).await?;
        let artifact = self.artifact(caller, project, id).await?;
        let record = &artifact.decision.sealed.record;
        if ![record.verdict, record.recommended].contains(&Verdict::Rollback) {
            let detail =
                "Nobody recommended or decided to roll back here, so there is no incident to review; read the review.";
            return Err(AppError::Conflict { code: "not_an_incident", detail: detail.to_owned() });
        }
        let frozen_at = artifact.evidence.frozen_at;
        let until = self.now().plus_micros(1);
        let range = (frozen_at.plus_days(-DAYS_BEFORE), until);
        let of_release = FailureFilter { release: Some(record.release), ..FailureFilter::default() };
        let (runs, _) =
            failure::list(self.store.read(), access.scope, &of_release, Page::new(None, Some(NAMED))).await?;
        // Whole hours: a run of the hour of the decision may be from before it.
        let since_at = record.decided_at.plus_micros(HOUR - 1).hour();
        let wanted = CellQuery {
            workflow: record.workflow,
            releases: Vec::new(),
            dimension: Some(ALL.to_owned()),
            from: since_at,
            to: until.min(since_at.plus_days(DAYS_AFTER)),
            by: Resolution::Hour,
        };
        let mut since = Cell::default();
        for (_, _, cell) in cells(self.store.read(), access.scope, &wanted).await? {
            since.add(&cell, 1);
        }
        Ok(Incident {
            timeline: self.markers(&access, record.workflow, range).await?,
            runs,
            since,
            since_at,
            labour_nanos_per_hour: access.settings.labour_nanos_per_hour,
            currency: access.settings.currency.clone(),
            artifact,
        })
    }
}
