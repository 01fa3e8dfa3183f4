//! What an alert rests on, put together when it fires: the findings with their hours, and what they followed.

use seatrial_domain::alert::{ALERT_SCHEMA, AlertEvidence, AlertKind, FollowedMarker, FrozenFinding, HourCount};
use seatrial_domain::drift::{Finding, History, Watch, alert_text};
use seatrial_domain::evidence::{FrozenProject, FrozenRelease};
use seatrial_domain::ids::AlertId;
use seatrial_domain::time::{HOUR, Timestamp};
use seatrial_store::release::ReleaseRow;

use super::Watched;
use crate::app::App;
use crate::app::error::AppError;

/// Days before a change that are kept beside it.
const DAYS_BEFORE: i64 = 3;
/// Days of hours that are kept at most.
const DAYS_KEPT: i64 = 14;
/// Days before a change in which it can have followed something.
const MARKER_DAYS: i64 = 30;

fn frozen(row: &ReleaseRow) -> FrozenRelease {
    FrozenRelease { id: row.id, name: row.name.clone(), state: row.state }
}

impl App {
    pub(super) async fn alert_evidence(
        &self,
        of: &Watched,
        watch: &Watch,
        alert: AlertId,
        (kind, findings): (AlertKind, Vec<Finding>),
    ) -> Result<AlertEvidence, AppError> {
        let now = self.now();
        let first = findings.iter().map(|finding| finding.since).min().unwrap_or(now);
        let from = first.plus_days(-DAYS_BEFORE).max(now.plus_days(-DAYS_KEPT)).hour();
        let source = of.source();
        let hours = source.history(self.store.read(), of.release.id, &[(from, now.plus_micros(HOUR))]).await?;
        let marker = self.followed(of, first).await?;
        let text = alert_text(kind, &of.named(), &findings, marker.as_ref());
        Ok(AlertEvidence {
            schema: ALERT_SCHEMA,
            alert,
            project: FrozenProject {
                id: of.scope().project(),
                name: of.project.name.clone(),
                currency: of.project.settings.currency.clone(),
            },
            workflow: of.workflow.id,
            workflow_name: of.workflow.name.clone(),
            release: frozen(&of.release),
            baseline: of.baseline.as_ref().map(frozen),
            live_at: watch.plan.live_at,
            kind,
            fired_at: now,
            settings: watch.plan.settings.clone(),
            streams: watch.streams(),
            findings: findings
                .into_iter()
                .map(|finding| FrozenFinding { hours: counted(of, watch, kind, &finding, &hours), finding })
                .collect(),
            marker,
            recommended: kind.response(),
            text,
        })
    }

    /// The last thing that happened to a release of the workflow before a change.
    async fn followed(&self, of: &Watched, since: Timestamp) -> Result<Option<FollowedMarker>, AppError> {
        let range = (since.plus_days(-MARKER_DAYS), since.plus_micros(HOUR));
        let markers = self.markers(&of.project, of.workflow.id, range).await?;
        let Some(last) = markers.into_iter().next_back() else { return Ok(None) };
        let found = seatrial_store::release::by_id(self.store.read(), of.scope(), last.release).await?;
        let release = found.map_or_else(|| last.release.to_string(), |row| row.name);
        Ok(Some(FollowedMarker { at: last.at, release, text: last.text }))
    }
}

fn counted(of: &Watched, watch: &Watch, kind: AlertKind, finding: &Finding, hours: &History) -> Vec<HourCount> {
    let Some(counter) = watch.counter(kind, finding, &of.named()) else { return Vec::new() };
    let group = (finding.dimension.clone(), finding.value.clone());
    let hours = hours.get(&group).into_iter().flatten();
    hours.map(|(at, cell)| HourCount { at: *at, count: counter.count(cell) }).filter(|hour| hour.count.n > 0).collect()
}
