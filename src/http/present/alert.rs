//! The incident review of an alert: what changed, since when, where, the runs that show it, and whether the answer
//! helped.

use super::incident::{row, run};
use crate::app::alert::AlertIncident;
use crate::app::names::Names;
use crate::render::view::alert::{AlertMoment, AlertReview};
use crate::render::view::task::TaskNote;
use crate::render::view::{KeyValue, Time};

/// The shape's version.
const SCHEMA: &str = "seatrial.alert/1";

/// The review; `None` when the alert never fired, which is refused before.
pub fn review(of: &AlertIncident, names: &Names) -> Option<AlertReview> {
    let evidence = of.alert.evidence.as_ref()?;
    let mut segments: Vec<String> = Vec::new();
    for found in &evidence.findings {
        let (dimension, value) = (&found.finding.dimension, &found.finding.value);
        let name = format!("{dimension} = {value}");
        if !dimension.is_empty() && !segments.contains(&name) {
            segments.push(name);
        }
    }
    let mut history: Vec<AlertMoment> = of.alert.events.iter().map(moment).collect();
    history.reverse();
    let days = evidence.settings.days_between_false_alarms;
    Some(AlertReview {
        schema: SCHEMA.to_owned(),
        project: of.project.clone(),
        workflow: evidence.workflow_name.clone(),
        release: evidence.release.name.clone(),
        baseline: evidence.baseline.as_ref().map(|row| row.name.clone()),
        generated_at: Time(of.made_at.micros()),
        url: Some(of.url.clone()),
        kind: evidence.kind.as_str().to_owned(),
        state: of.alert.row.state.as_str().to_owned(),
        fired_at: Time(evidence.fired_at.micros()),
        summary: evidence.text.clone(),
        recommended: evidence.recommended.map(|kind| kind.as_str().to_owned()),
        changed: evidence.findings.iter().map(|found| found.finding.text.clone()).collect(),
        segments,
        timeline: of.timeline.iter().map(|marker| row(marker, names)).collect(),
        runs: of.runs.iter().map(run).collect(),
        history,
        responses: of.alert.responses.iter().map(response).collect(),
        helped: of.helped.as_ref().map(|effect| effect.text.clone()),
        promise: promise(days, evidence.streams),
        digests: of.alert.row.digest.iter().map(|digest| KeyValue::new("Evidence", digest.to_string())).collect(),
    })
}

/// What is promised about false alarms, in words.
pub fn promise(days: u32, streams: u64) -> String {
    format!(
        "Watched over {streams} streams: while nothing changes, the first false alarm is expected no earlier than \
         after {days} days."
    )
}

/// Something that happened to an alert.
pub fn moment(event: &seatrial_store::alert::AlertEvent) -> AlertMoment {
    AlertMoment {
        at: Time(event.at.micros()),
        state: event.state.as_str().to_owned(),
        text: event.text.clone(),
        by: event.by.display_name.clone(),
    }
}

fn response(of: &seatrial_store::response::ResponseRow) -> TaskNote {
    let done = of.closed.as_ref().or(of.acted.as_ref());
    let said = done.map(|act| format!(": {}", act.note)).unwrap_or_default();
    let what = format!("{} ({}){said}", of.title, of.state.as_str());
    let by = done.map_or(&of.opened_by, |act| &act.by);
    TaskNote { at: Time(of.opened_at.micros()), what, by: by.display_name.clone() }
}
