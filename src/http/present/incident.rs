//! The incident review: what changed, since when, where, the runs that show it, and whether the answer helped.

use seatrial_domain::gate::{CheckResult, CheckVerdict};
use seatrial_domain::signal::{Signal, read};

use super::artifact::{artifact, decision};
use super::{figure, gate};
use crate::app::deployment::Marker;
use crate::app::incident::Incident;
use crate::app::names::Names;
use crate::render::view::gate::GateCheck;
use crate::render::view::incident::{EffectRow, IncidentRun, IncidentView, TimelineRow};
use crate::render::view::{Delta, Figure, Time, Unit};

/// The shape's version.
const SCHEMA: &str = "seatrial.incident/1";

/// The incident review of a decision.
pub fn incident(of: &Incident, names: &Names) -> IncidentView {
    let review = artifact(&of.artifact);
    let (bundle, recommendation) = (&of.artifact.evidence.bundle, &of.artifact.evidence.recommendation);
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
    let failures = of.artifact.failures.iter().map(|n| n.promoted + n.linked + n.dismissed + n.open).sum();
    IncidentView {
        schema: SCHEMA.to_owned(),
        summary: recommendation.reasons.first().map_or_else(String::new, |reason| reason.text.clone()),
        recommended: recommendation.verdict.as_str().to_owned(),
        changed: gate::checks(bundle, recommendation).into_iter().filter(kept).collect(),
        segments,
        timeline: of.timeline.iter().map(|marker| row(marker, names)).collect(),
        runs: of.runs.iter().map(run).collect(),
        failures,
        effect: failing.iter().map(|check| effect(of, check)).collect(),
        since: Time(of.since_at.micros()),
        decision: decision(&of.artifact),
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
        verify_command: review.verify_command,
    }
}

pub(super) fn row(marker: &Marker, names: &Names) -> TimelineRow {
    TimelineRow {
        at: Time(marker.at.micros()),
        release: names.release_name(marker.release),
        state: marker.state.map(|state| state.as_str().to_owned()),
        text: marker.text.clone(),
        actor: marker.actor.clone(),
    }
}

pub(super) fn run(of: &seatrial_store::failure::FailureRow) -> IncidentRun {
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

/// A signal that failed: as it was frozen, and in the workflow since.
fn effect(of: &Incident, check: &CheckResult) -> EffectRow {
    let signal: &Signal = &check.signal;
    let before = check.figures.baseline.map_or_else(|| figure::rate(0, 0), figure::rate_of);
    let during = figure::rate_of(check.figures.candidate_concluded);
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
