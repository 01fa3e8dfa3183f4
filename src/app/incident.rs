//! Incident reviews, of a decision and of an alert: what happened to the releases, the runs that show it, what was done, and
//! how the workflow does since.

use seatrial_domain::access::Permission;
use seatrial_domain::cell::{ALL, Cell, Resolution};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, ReleaseId, WorkflowId};
use seatrial_domain::response::OriginKind;
use seatrial_domain::scorecard::SegmentRef;
use seatrial_domain::signal::Signal;
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::accumulate::{CellQuery, cells};
use seatrial_store::failure::{FailureFilter, FailureRow};
use seatrial_store::response::ResponseFilter;
use seatrial_store::{Page, failure};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::artifact::{Artifact, OwnedResponse};
use super::deployment::Marker;
use super::error::AppError;

/// Runs named in the document; the worst and latest.
const NAMED: u64 = 20;
/// Days before the freeze, or the change, whose moves and deployments are told.
const DAYS_BEFORE: i64 = 30;
/// Days after the decision, or the change, over which the effect of what was done is looked at.
const DAYS_AFTER: i64 = 30;

/// A span of time: from, and up to but without.
type Range = (Timestamp, Timestamp);

/// An alert as the incident review of it needs it. Whoever detects changes fills it in.
#[derive(Clone, Debug)]
pub struct AlertCause {
    /// Its id.
    pub id: String,
    /// What kind of change, as the API names it.
    pub kind: String,
    /// Where it stands, as the API names it.
    pub state: String,
    /// What changed and why that is no chance, in words with figures.
    pub text: String,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release; absent when it is about all of them.
    pub release: Option<ReleaseId>,
    /// What the release was compared with, when that was another release.
    pub baseline: Option<ReleaseId>,
    /// In which segment; absent when overall.
    pub segment: Option<SegmentRef>,
    /// The signals that changed.
    pub signals: Vec<Signal>,
    /// What was taken as usual.
    pub before: (Timestamp, Timestamp),
    /// While it was changed. Whether an answer helped is looked at from its end on.
    pub during: (Timestamp, Timestamp),
    /// Digests of what was kept as evidence, by name.
    pub digests: Vec<(String, Digest)>,
    /// Where the alert is shown: a path in the project.
    pub path: String,
}

/// What an incident review is about.
#[derive(Clone, Debug)]
pub enum Cause {
    /// Somebody decided, or was recommended, to roll back.
    Decision(Box<Artifact>),
    /// Something changed.
    Alert(Box<AlertIncident>),
}

/// An alert with what was counted around it.
#[derive(Clone, Debug)]
pub struct AlertIncident {
    /// The alert.
    pub alert: AlertCause,
    /// Runs of what was taken as usual.
    pub before: Cell,
    /// Runs while it was changed.
    pub during: Cell,
    /// How many failures there were meanwhile; the runs are some of them.
    pub failures: u64,
    /// What was opened about it.
    pub responses: Vec<OwnedResponse>,
    /// Where it is shown.
    pub url: String,
    /// When the document is made.
    pub made_at: Timestamp,
}

/// Everything an incident review says.
#[derive(Clone, Debug)]
pub struct Incident {
    /// What it is about.
    pub cause: Cause,
    /// The project's name.
    pub project: String,
    /// What happened to the workflow's releases, earliest first.
    pub timeline: Vec<Marker>,
    /// Failures, the worst and latest first.
    pub runs: Vec<FailureRow>,
    /// All runs of the workflow (of an alert in a segment: of that segment) that began since, whatever their release.
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
        let (workflow, frozen_at, since_at) = (record.workflow, artifact.evidence.frozen_at, record.decided_at);
        let of_release = FailureFilter { release: Some(record.release), ..FailureFilter::default() };
        self.review_of(
            &access,
            Cause::Decision(Box::new(artifact)),
            (workflow, None),
            (frozen_at, since_at),
            &of_release,
        )
        .await
    }

    /// Everything the incident review of an alert says.
    ///
    /// # Errors
    /// When the caller may not read evidence or the database fails.
    pub async fn incident_of_alert(
        &self,
        caller: &Caller,
        project: &str,
        alert: AlertCause,
    ) -> Result<Incident, AppError> {
        let access = self.enter(caller, project, Permission::ReadEvidence).await?;
        let about = (alert.workflow, alert.segment.clone());
        let own: Vec<ReleaseId> = alert.release.into_iter().collect();
        let usual: Vec<ReleaseId> = alert.baseline.or(alert.release).into_iter().collect();
        let (began, ended) = alert.during;
        let failed = FailureFilter {
            workflow: Some(alert.workflow),
            release: alert.release,
            from: Some(began),
            to: Some(ended),
            ..FailureFilter::default()
        };
        let counts = failure::counts(self.store.read(), access.scope, &failed).await?;
        let of_alert = ResponseFilter {
            origin: Some(OriginKind::Alert),
            origin_id: Some(alert.id.clone()),
            ..ResponseFilter::default()
        };
        let cause = AlertIncident {
            before: self.counted_around(&access, &about, usual, alert.before).await?,
            during: self.counted_around(&access, &about, own, alert.during).await?,
            failures: counts.iter().map(|n| n.promoted + n.linked + n.dismissed + n.open).sum(),
            responses: self.responses_about(&access, &[of_alert]).await?,
            url: self.page_url(&access.slug, &alert.path),
            made_at: self.now(),
            alert,
        };
        self.review_of(&access, Cause::Alert(Box::new(cause)), about, (began, ended), &failed).await
    }

    /// What every incident review says besides its cause. `from` is what the timeline leads up to, and when the answer was
    /// given.
    async fn review_of(
        &self,
        access: &ProjectAccess,
        cause: Cause,
        about: (WorkflowId, Option<SegmentRef>),
        (before, answered_at): (Timestamp, Timestamp),
        failed: &FailureFilter,
    ) -> Result<Incident, AppError> {
        let until = self.now().plus_micros(1);
        // Whole hours: a run of the hour of the answer may be from before it.
        let since_at = answered_at.plus_micros(HOUR - 1).hour();
        let (runs, _) = failure::list(self.store.read(), access.scope, failed, Page::new(None, Some(NAMED))).await?;
        let since = (since_at, until.min(since_at.plus_days(DAYS_AFTER)));
        Ok(Incident {
            cause,
            project: access.name.clone(),
            timeline: self.markers(access, about.0, (before.plus_days(-DAYS_BEFORE), until)).await?,
            runs,
            since: self.counted_around(access, &about, Vec::new(), since).await?,
            since_at,
            labour_nanos_per_hour: access.settings.labour_nanos_per_hour,
            currency: access.settings.currency.clone(),
        })
    }

    /// What was counted of a workflow, or of one segment of it, over a time; of all releases when none is named.
    async fn counted_around(
        &self,
        access: &ProjectAccess,
        (workflow, segment): &(WorkflowId, Option<SegmentRef>),
        releases: Vec<ReleaseId>,
        (from, to): Range,
    ) -> Result<Cell, AppError> {
        let dimension = segment.as_ref().map_or_else(|| ALL.to_owned(), |segment| segment.dimension.clone());
        let wanted =
            CellQuery { workflow: *workflow, releases, dimension: Some(dimension), from, to, by: Resolution::Hour };
        let mut whole = Cell::default();
        for (group, _, cell) in cells(self.store.read(), access.scope, &wanted).await? {
            if segment.as_ref().is_none_or(|segment| segment.value == group.value) {
                whole.add(&cell, 1);
            }
        }
        Ok(whole)
    }
}
