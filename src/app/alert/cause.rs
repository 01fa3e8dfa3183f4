//! An alert that fired, as the incident review of it needs it.

use seatrial_domain::access::Permission;
use seatrial_domain::alert::{AlertEvidence, AlertKind, AlertState};
use seatrial_domain::drift::{Against, Finding};
use seatrial_domain::ids::AlertId;
use seatrial_domain::scorecard::SegmentRef;
use seatrial_domain::signal::Signal;
use seatrial_domain::time::{HOUR, Timestamp};

use super::AlertDetail;
use crate::app::App;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::app::incident::AlertCause;

/// Days before a release went live, or before a silence, that were taken as usual.
const USUAL_DAYS: i64 = 28;

/// The signals that show a change of a kind.
fn signals(kind: AlertKind) -> Vec<Signal> {
    match kind {
        AlertKind::CostWithoutQuality => vec![Signal::CostPerRun, Signal::SuccessRate],
        other => vec![other.signal()],
    }
}

/// What was taken as usual.
fn usual(evidence: &AlertEvidence, first: &Finding) -> (Timestamp, Timestamp) {
    let live_at = evidence.live_at;
    match first.against {
        Against::Baseline => (live_at.plus_days(-USUAL_DAYS), live_at),
        Against::FirstDays => (live_at, first.since.max(live_at.plus_micros(HOUR))),
        Against::LikeHours => (first.since.plus_days(-USUAL_DAYS), first.since),
    }
}

impl App {
    /// What the incident review of an alert is about.
    ///
    /// # Errors
    /// When there is no such alert, it never fired, the caller may not, or the database fails.
    pub async fn alert_cause(&self, caller: &Caller, project: &str, id: AlertId) -> Result<AlertCause, AppError> {
        let access = self.enter(caller, project, Permission::ReadEvidence).await?;
        let alert = self.alert_detail(&access, id).await?;
        let fired = alert.evidence.as_ref().and_then(|evidence| Some((evidence, &evidence.findings.first()?.finding)));
        let Some((evidence, first)) = fired else {
            let detail = "The alert never fired, so there is nothing to review.".to_owned();
            return Err(AppError::Conflict { code: "not_an_incident", detail });
        };
        let range = (evidence.fired_at, self.now().plus_micros(1));
        let moves = self.markers(&access, alert.row.workflow, range).await?;
        let moved = moves.iter().map(|marker| marker.at).find(|at| *at > evidence.fired_at);
        let ended = [acted(&alert), resolved(&alert), moved].into_iter().flatten().min();
        let segment = SegmentRef { dimension: first.dimension.clone(), value: first.value.clone() };
        Ok(AlertCause {
            id: id.to_string(),
            kind: evidence.kind.as_str().to_owned(),
            state: alert.row.state.as_str().to_owned(),
            text: evidence.text.clone(),
            workflow: alert.row.workflow,
            release: Some(alert.row.release),
            baseline: evidence.baseline.as_ref().filter(|_| first.against == Against::Baseline).map(|row| row.id),
            segment: (!segment.dimension.is_empty()).then_some(segment),
            signals: signals(evidence.kind),
            before: usual(evidence, first),
            during: (first.since, ended.unwrap_or_else(|| self.now()).max(first.since.plus_micros(HOUR))),
            digests: alert.row.digest.iter().map(|digest| ("Alert evidence".to_owned(), *digest)).collect(),
            path: format!("/alerts/{id}"),
        })
    }
}

/// When something was done about it first.
fn acted(alert: &AlertDetail) -> Option<Timestamp> {
    alert.responses.iter().filter_map(|row| row.acted.as_ref().map(|act| act.at)).min()
}

/// When it was resolved, since it fired last.
fn resolved(alert: &AlertDetail) -> Option<Timestamp> {
    (alert.row.state == AlertState::Resolved).then_some(alert.row.since)
}
