//! The review artifact: frozen evidence, recommendation and decision in one fixed order.

use std::collections::BTreeSet;

use seatrial_domain::gate::{CheckResult, EvidenceClass, Reason, Verdict};
use seatrial_domain::ids::DecisionId;
use seatrial_domain::scorecard::FreshnessState;
use seatrial_domain::time::DAY;
use seatrial_store::failure::FailureCount;

use super::scorecard::signal_note;
use super::{figure, gate};
use crate::app::artifact::{Artifact, OwnedResponse};
use crate::render::document::Document;
use crate::render::view::artifact::{
    ArtifactDecision, ArtifactView, ChainPlace, EvidenceClasses, EvidenceItem, LearnedClass, Learning, OwnerAnswer,
    Questions, ResponseRow,
};
use crate::render::view::gate::BundleRef;
use crate::render::view::scorecard::SignalNote;
use crate::render::view::{Freshness, KeyValue, Time};

/// The command that verifies a decision's export offline.
pub fn verify_command(id: DecisionId) -> String {
    format!("seatrial decision verify {id}.json")
}

/// The artifact of a decision.
pub fn artifact(of: &Artifact) -> ArtifactView {
    let (bundle, recommendation) = (&of.evidence.bundle, &of.evidence.recommendation);
    let record = &of.decision.sealed.record;
    ArtifactView {
        schema: Document::Review.version().to_owned(),
        project: bundle.project.name.clone(),
        workflow: bundle.workflow.name.clone(),
        release: bundle.release.name.clone(),
        baseline: bundle.baseline.as_ref().map(|release| release.name.clone()),
        comparison: gate::comparison(bundle.pairing).to_owned(),
        policy: gate::policy(bundle),
        generated_at: Time(of.made_at.micros()),
        url: Some(of.url.clone()),
        decision: Some(decision(of)),
        recommendation: gate::recommendation(recommendation),
        differs: record.verdict != record.recommended,
        questions: questions(of),
        checks: gate::checks(bundle, recommendation),
        failure_mix: gate::mix(bundle),
        mix_note: recommendation.failure_mix.as_ref().map(|shift| shift.text.clone()),
        suites: gate::suites(&bundle.evals, |case| format!("#{case}")),
        gaps: gate::gaps(&bundle.gaps),
        evidence: evidence(&recommendation.checks),
        responses: responses(&of.responses),
        bundle: Some(BundleRef {
            digest: record.bundle.to_string(),
            frozen_at: Time(of.evidence.frozen_at.micros()),
            frozen_by: of.evidence.frozen_by.display_name.clone(),
            href: None,
        }),
        digests: vec![
            KeyValue::new("Evidence bundle", record.bundle.to_string()),
            KeyValue::new("Policy", record.policy.to_string()),
            KeyValue::new("Scorecard", record.scorecard.map_or_else(|| "none".to_owned(), |digest| digest.to_string())),
            KeyValue::new("Recommendation", record.recommendation.to_string()),
            KeyValue::new("Decision", of.decision.sealed.digest.to_string()),
        ],
        chain: Some(ChainPlace {
            position: record.sequence,
            previous: record.previous.map(|digest| digest.to_string()),
        }),
        verify_command: verify_command(record.id),
    }
}

/// The decision as documents state it.
pub fn decision(of: &Artifact) -> ArtifactDecision {
    let record = &of.decision.sealed.record;
    ArtifactDecision {
        id: record.id.to_string(),
        verdict: record.verdict.as_str().to_owned(),
        decided_by: record.decided_by.display_name.clone(),
        decided_at: Time(record.decided_at.micros()),
        approvers: record
            .approved_by
            .iter()
            .map(|second| KeyValue::new(&second.display_name, "second person"))
            .collect(),
        reason: record.reason.clone(),
        superseded_by: of.decision.superseded_by.map(|id| id.to_string()),
    }
}

/// Responses as documents list them.
pub fn responses(of: &[OwnedResponse]) -> Vec<ResponseRow> {
    let row = |OwnedResponse { row, owner }: &OwnedResponse| ResponseRow {
        kind: row.kind.as_str().to_owned(),
        what: row.title.clone(),
        owner: owner.clone(),
        due_at: Some(Time(row.due_at.micros())),
        state: row.state.as_str().to_owned(),
        done: row.closed.as_ref().or(row.acted.as_ref()).map(|act| act.note.clone()).filter(|note| !note.is_empty()),
        effect: row.effect.as_ref().map(|effect| effect.text.clone()),
    };
    of.iter().map(row).collect()
}

fn questions(of: &Artifact) -> Questions {
    let recommendation = &of.evidence.recommendation;
    Questions {
        signal_quality: signal_quality(&recommendation.checks),
        release_use: release_use(recommendation.verdict, &recommendation.reasons),
        failure_learning: learning(of),
        owner: owner(of),
    }
}

/// One note for each signal, where the check that says most about it stands.
fn signal_quality(checks: &[CheckResult]) -> Vec<SignalNote> {
    let mut seen = BTreeSet::new();
    let mut first = checks.iter().collect::<Vec<_>>();
    first.sort_by_key(|check| check.role);
    first
        .into_iter()
        .filter(|check| seen.insert(check.signal.to_string()))
        .map(|check| {
            let vague = check.evidence_class == EvidenceClass::TooVague;
            signal_note(&check.signal, check.evidence_class, vague.then(|| check.class_reasons.join(" ")))
        })
        .collect()
}

fn release_use(verdict: Verdict, reasons: &[Reason]) -> String {
    let because = reasons.first().map(|reason| format!(" {}", reason.text)).unwrap_or_default();
    format!("The recommendation is to {}.{because}", verdict.words())
}

fn learning(of: &Artifact) -> Learning {
    let sum = |field: fn(&FailureCount) -> u64| of.failures.iter().map(field).sum::<u64>();
    let (promoted, linked, dismissed, open) =
        (sum(|c| c.promoted), sum(|c| c.linked), sum(|c| c.dismissed), sum(|c| c.open));
    let class = |count: &FailureCount| LearnedClass {
        class: count.failure_class.clone(),
        severity: count.severity.map(|severity| severity.as_str().to_owned()),
        failures: count.promoted + count.linked + count.dismissed + count.open,
        learned: count.promoted + count.linked,
        open: count.open,
        cases: of
            .cases
            .iter()
            .filter(|case| case.case.failure_class == count.failure_class)
            .map(|case| case.case.title.clone())
            .collect(),
    };
    Learning {
        failures: promoted + linked + dismissed + open,
        promoted,
        linked,
        dismissed,
        open,
        classes: of.failures.iter().map(class).collect(),
    }
}

fn owner(of: &Artifact) -> OwnerAnswer {
    let bundle = &of.evidence.bundle;
    let card = bundle.scorecard.as_ref();
    let name = |owner: Option<&seatrial_domain::owner::Owner>| {
        owner.filter(|owner| owner.active).map(|owner| owner.name.clone())
    };
    let due_at = bundle.freshness.as_ref().and_then(|found| found.due_at);
    let attested_at = due_at.zip(card).map(|(due, card)| due.micros() - i64::from(card.cadence_days) * DAY);
    OwnerAnswer {
        scorecard: gate::scorecard(bundle),
        owner: name(card.and_then(|card| card.owner.as_ref())),
        backup: name(card.and_then(|card| card.backup.as_ref())),
        freshness: bundle.freshness.as_ref().map(freshness),
        attested_at: attested_at.map(Time),
        attested_by: of.attested_by.clone(),
    }
}

/// Freshness for people.
pub fn freshness(of: &seatrial_domain::scorecard::Freshness) -> Freshness {
    let never = of.state == FreshnessState::Stale && of.due_at.is_none();
    Freshness {
        state: if never { "never" } else { of.state.as_str() }.to_owned(),
        reasons: of.reasons.iter().map(|reason| reason.text.clone()).collect(),
        due_at: of.due_at.map(|at| Time(at.micros())),
    }
}

fn evidence(checks: &[CheckResult]) -> EvidenceClasses {
    let of = |class: EvidenceClass| {
        let found = checks.iter().filter(move |check| check.evidence_class == class);
        found
            .map(|check| {
                let why = check.class_reasons.join(" ");
                let why = if why.is_empty() { check.text.clone() } else { why };
                EvidenceItem { what: figure::label(&check.signal), why }
            })
            .collect()
    };
    EvidenceClasses {
        gate: of(EvidenceClass::Gate),
        incident_review: of(EvidenceClass::IncidentReview),
        too_vague: of(EvidenceClass::TooVague),
    }
}
