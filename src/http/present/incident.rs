//! The incident review: what changed, since when, where, the runs that show it, and whether the answer helped.

use seatrial_domain::gate::{CheckResult, CheckVerdict};
use seatrial_domain::scorecard::SegmentRef;
use seatrial_domain::signal::{Signal, read};
use seatrial_store::failure::FailureRow;

use super::artifact::{artifact, decision, responses};
use super::{figure, gate};
use crate::app::artifact::Artifact;
use crate::app::deployment::Marker;
use crate::app::incident::{AlertIncident, Cause, Incident};
use crate::app::names::Names;
use crate::render::document::Document;
use crate::render::view::gate::GateCheck;
use crate::render::view::incident::{EffectRow, IncidentAlert, IncidentRun, IncidentView, TimelineRow};
use crate::render::view::{Delta, Figure, KeyValue, Time, Unit};

/// The incident review of a decision or of an alert.
pub fn incident(of: &Incident, names: &Names) -> IncidentView {
    match &of.cause {
        Cause::Decision(decided) => of_decision(of, decided, names),
        Cause::Alert(alert) => of_alert(of, alert, names),
    }
}

fn of_decision(of: &Incident, decided: &Artifact, names: &Names) -> IncidentView {
    let review = artifact(decided);
    let (bundle, recommendation) = (&decided.evidence.bundle, &decided.evidence.recommendation);
    let bad = |verdict: CheckVerdict| matches!(verdict, CheckVerdict::Fail | CheckVerdict::Conflict);
    let failing: Vec<&CheckResult> = recommendation
        .checks
        .iter()
        .filter(|check| bad(check.verdict) || check.segments.iter().any(|segment| bad(segment.verdict)))
        .collect();
    let mut segments: Vec<String> = Vec::new();
    for check in &failing {
        for segment in check.segments.iter().filter(|segment| bad(segment.verdict)) {
            segments.push(format!("{}: {}", figure::label(&check.signal), segment.segment.words()));
        }
    }
    let kept = |shown: &GateCheck| failing.iter().any(|check| check.signal.to_string() == shown.signal);
    IncidentView {
        schema: Document::Incident.version().to_owned(),
        summary: recommendation.reasons.first().map_or_else(String::new, |reason| reason.text.clone()),
        recommended: Some(recommendation.verdict.as_str().to_owned()),
        alert: None,
        changed: gate::checks(bundle, recommendation).into_iter().filter(kept).collect(),
        segments,
        timeline: of.timeline.iter().map(|marker| row(marker, names)).collect(),
        runs: of.runs.iter().map(run).collect(),
        failures: decided.failures.iter().map(|n| n.promoted + n.linked + n.dismissed + n.open).sum(),
        effect: failing
            .iter()
            .map(|check| {
                let before = check.figures.baseline.map_or_else(|| figure::rate(0, 0), figure::rate_of);
                effect(of, &check.signal, before, figure::rate_of(check.figures.candidate_concluded))
            })
            .collect(),
        since: Time(of.since_at.micros()),
        decision: Some(decision(decided)),
        project: review.project,
        workflow: review.workflow,
        release: review.release,
        baseline: review.baseline,
        comparison: review.comparison,
        generated_at: review.generated_at,
        url: review.url,
        failure_mix: review.failure_mix,
        responses: review.responses,
        bundle: review.bundle,
        digests: review.digests,
        chain: review.chain,
        verify_command: Some(review.verify_command),
    }
}

fn of_alert(of: &Incident, incident: &AlertIncident, names: &Names) -> IncidentView {
    let alert = &incident.alert;
    let read = |signal: &Signal, cell| figure::figure(&read(signal, cell, of.labour_nanos_per_hour), &of.currency);
    let comparison = match alert.baseline {
        Some(_) => "Its runs while it was changed, against the baseline's before.",
        None => "Its runs while it was changed, against those before.",
    };
    IncidentView {
        schema: Document::Incident.version().to_owned(),
        project: of.project.clone(),
        workflow: names.workflow_name(alert.workflow),
        release: alert.release.map_or_else(|| "every release".to_owned(), |release| names.release_name(release)),
        baseline: alert.baseline.map(|release| names.release_name(release)),
        comparison: comparison.to_owned(),
        generated_at: Time(incident.made_at.micros()),
        url: Some(incident.url.clone()),
        summary: alert.text.clone(),
        decision: None,
        recommended: None,
        alert: Some(IncidentAlert {
            id: alert.id.clone(),
            kind: alert.kind.clone(),
            state: alert.state.clone(),
            began_at: Time(alert.during.0.micros()),
            ended_at: Time(alert.during.1.micros()),
        }),
        changed: Vec::new(),
        segments: alert.segment.iter().map(SegmentRef::words).collect(),
        failure_mix: Vec::new(),
        timeline: of.timeline.iter().map(|marker| row(marker, names)).collect(),
        runs: of.runs.iter().map(run).collect(),
        failures: incident.failures,
        responses: responses(&incident.responses),
        effect: alert
            .signals
            .iter()
            .map(|signal| effect(of, signal, read(signal, &incident.before), read(signal, &incident.during)))
            .collect(),
        since: Time(of.since_at.micros()),
        bundle: None,
        digests: alert.digests.iter().map(|(name, digest)| KeyValue::new(name, digest.to_string())).collect(),
        chain: None,
        verify_command: None,
    }
}

fn row(marker: &Marker, names: &Names) -> TimelineRow {
    TimelineRow {
        at: Time(marker.at.micros()),
        release: names.release_name(marker.release),
        state: marker.state.map(|state| state.as_str().to_owned()),
        text: marker.text.clone(),
        actor: marker.actor.clone(),
    }
}

fn run(of: &FailureRow) -> IncidentRun {
    IncidentRun {
        id: of.run.to_string(),
        external_id: of.external_id.clone(),
        at: Time(of.occurred_at.micros()),
        outcome: of.outcome.as_str().to_owned(),
        class: of.failure_class.clone(),
        severity: of.severity.map(|severity| severity.as_str().to_owned()),
        status: of.standing.status.as_str().to_owned(),
    }
}

/// A signal that failed or changed: before, meanwhile, and in the workflow since.
fn effect(of: &Incident, signal: &Signal, before: Figure, during: Figure) -> EffectRow {
    let after = figure::figure(&read(signal, &of.since, of.labour_nanos_per_hour), &of.currency);
    let delta = difference(signal, &during, &after);
    EffectRow { label: figure::label(signal), before, during, after, delta }
}

fn difference(signal: &Signal, during: &Figure, after: &Figure) -> Delta {
    let counts = |of: &Figure| of.numerator.zip(of.denominator).filter(|(_, n)| *n > 0);
    let (Some((s1, n1)), Some((s2, n2)), Unit::Rate) = (counts(after), counts(during), after.unit) else {
        return Delta::unknown();
    };
    let interval = seatrial_domain::stats::interval::newcombe(s1, n1, s2, n2, figure::SHOWN_ALPHA);
    interval.map_or_else(Delta::unknown, |interval| {
        #[expect(clippy::cast_precision_loss, reason = "figures are shown with few digits")]
        let value = s1 as f64 / n1 as f64 - s2 as f64 / n2 as f64;
        let reading = figure::reading(signal.definition().direction, interval.low, interval.high);
        Delta::new(Figure::points(value, interval.low, interval.high), reading)
    })
}
