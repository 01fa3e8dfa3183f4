//! The incident review of an alert: what changed, since which release, in which segment, the runs that show it, what
//! was done, and whether it helped.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::AlertId;
use seatrial_domain::response::{Effect, Stretch, effect};
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::failure::{FailureFilter, FailureRow};
use seatrial_store::{Page, failure};

use super::AlertDetail;
use crate::app::App;
use crate::app::access::Caller;
use crate::app::deployment::Marker;
use crate::app::error::AppError;
use crate::app::signal::{GroupBy, SignalQuery};

/// Runs named in the document; the worst and latest.
const NAMED: u64 = 20;
/// Days before the change whose moves and deployments are told.
const DAYS_BEFORE: i64 = 30;

/// Everything the incident review of an alert says.
#[derive(Clone, Debug)]
pub struct AlertIncident {
    /// The alert, its history, its frozen evidence, and what is done about it.
    pub alert: AlertDetail,
    /// What happened to the workflow's releases, earliest first.
    pub timeline: Vec<Marker>,
    /// Failures of the release, the worst and latest first.
    pub runs: Vec<FailureRow>,
    /// The signal from the change until it was answered, and since, in the whole workflow.
    pub helped: Option<Effect>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// The project's name.
    pub project: String,
    /// Where the alert is shown.
    pub url: String,
    /// When the document is made.
    pub made_at: Timestamp,
}

impl App {
    /// Everything the incident review of an alert says.
    ///
    /// # Errors
    /// When there is no such alert, it never fired, the caller may not, or the database fails.
    pub async fn alert_incident(&self, caller: &Caller, project: &str, id: AlertId) -> Result<AlertIncident, AppError> {
        let access = self.enter(caller, project, Permission::ReadEvidence).await?;
        let alert = self.alert_detail(&access, id).await?;
        let Some(evidence) = &alert.evidence else {
            let detail = "The alert never fired, so there is nothing to review.".to_owned();
            return Err(AppError::Conflict { code: "not_an_incident", detail });
        };
        let now = self.now();
        let since = evidence.findings.iter().map(|found| found.finding.since).min().unwrap_or(evidence.fired_at);
        let of_release = FailureFilter { release: Some(alert.row.release), ..FailureFilter::default() };
        let (runs, _) =
            failure::list(self.store.read(), access.scope, &of_release, Page::new(None, Some(NAMED))).await?;
        let range = (since.plus_days(-DAYS_BEFORE), now.plus_micros(1));
        let timeline = self.markers(&access, alert.row.workflow, range).await?;
        let acted = alert.responses.iter().filter_map(|row| row.acted.as_ref().map(|act| act.at)).min();
        let moved = timeline.iter().map(|marker| marker.at).find(|at| *at > evidence.fired_at);
        let answered_at = [acted, moved].into_iter().flatten().min();
        let helped = match answered_at {
            Some(at) => Some(self.helped(&access, &alert, (since.hour(), at, now)).await?),
            None => None,
        };
        let url = self.page_url(&access.slug, &format!("/alerts/{id}"));
        Ok(AlertIncident { alert, timeline, runs, helped, answered_at, project: access.name, url, made_at: now })
    }

    /// The alert's signal from the change until the answer, against the workflow since. The hour of the answer belongs
    /// to neither.
    async fn helped(
        &self,
        access: &crate::app::access::ProjectAccess,
        alert: &AlertDetail,
        (since, at, now): (Timestamp, Timestamp, Timestamp),
    ) -> Result<Effect, AppError> {
        let signal = alert.row.kind.signal();
        let query = |releases, from, to| SignalQuery {
            workflow: alert.row.workflow,
            releases,
            baseline: None,
            from: Some(from),
            to: Some(to),
            group_by: GroupBy::Release,
        };
        let during_to = at.hour().max(since.plus_micros(HOUR));
        let after = at.hour().plus_micros(HOUR);
        let end = now.hour().plus_micros(HOUR).max(after.plus_micros(HOUR));
        let during = self.signals_in(access, &query(vec![alert.row.release], since, during_to)).await?;
        let later = self.signals_in(access, &query(Vec::new(), after, end)).await?;
        let stretch = |table: &crate::app::signal::SignalTable, from, to| {
            let mut counts = seatrial_domain::cell::Counts::default();
            table.groups.iter().for_each(|group| counts.add(&group.counts, 1));
            Stretch::of(&signal, &counts, from, to)
        };
        Ok(effect(&signal, stretch(&during, since, during_to), stretch(&later, after, end)))
    }
}
