//! Samples of the review artifact.

use super::artifact::{
    ArtifactDecision, ArtifactView, ChainPlace, EvidenceClasses, EvidenceItem, LearnedClass, Learning, OwnerAnswer,
    Questions, ResponseRow,
};
use super::gate::{BundleRef, GateCheck, Recommendation, SuiteResult};
use super::release::MixRow;
use super::scorecard::SignalNote;
use super::{Freshness, Gap, HOSTILE, KeyValue, Time};

impl ArtifactView {
    /// A ship against the recommendation.
    pub fn sample() -> Self {
        Self::named("1.4.0", "enterprise", "amount_mismatch", "Shipped with **enterprise left out** until 1.4.1.")
    }

    /// The same with hostile text wherever text of a run or a person is shown.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    }

    /// A preview: nothing frozen, nothing decided, nothing known.
    pub fn preview_sample() -> Self {
        Self {
            baseline: None,
            url: None,
            decision: None,
            differs: false,
            checks: vec![],
            failure_mix: vec![],
            suites: vec![],
            gaps: vec![],
            evidence: EvidenceClasses { gate: vec![], incident_review: vec![], too_vague: vec![] },
            responses: vec![],
            bundle: None,
            digests: vec![],
            chain: None,
            ..Self::sample()
        }
    }

    fn named(release: &str, segment: &str, class: &str, reason: &str) -> Self {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        Self {
            schema: "seatrial.review/1".to_owned(),
            project: "Demo project".to_owned(),
            workflow: "refund-handling".to_owned(),
            release: release.to_owned(),
            baseline: Some("1.3.0".to_owned()),
            comparison: "Both received traffic from 20 to 22 Nov 2026 and are compared on that time.".to_owned(),
            policy: "standard, version 2".to_owned(),
            generated_at: Time::sample(0),
            url: Some("https://seatrial.example.com/p/demo/decisions/dec_01".to_owned()),
            decision: Some(ArtifactDecision { reason: reason.to_owned(), ..ArtifactDecision::sample() }),
            recommendation: Recommendation::sample(segment),
            differs: true,
            questions: questions(class),
            checks: vec![GateCheck::sample(segment)],
            failure_mix: MixRow::samples(class),
            mix_note: None,
            suites: vec![SuiteResult::sample(class)],
            gaps: Gap::samples(),
            evidence: evidence(segment),
            responses: vec![ResponseRow {
                kind: "update_eval_set".to_owned(),
                what: "Promote three failures of the enterprise tier.".to_owned(),
                owner: None,
                due_at: Some(Time::sample(10_000)),
                state: "acted".to_owned(),
                done: Some(reason.to_owned()),
                effect: None,
            }],
            bundle: Some(BundleRef::sample()),
            digests: vec![
                KeyValue::new("Evidence bundle", digest),
                KeyValue::new("Policy", digest),
                KeyValue::new("Decision", digest),
            ],
            chain: Some(ChainPlace { position: 12, previous: Some(digest.to_owned()) }),
            verify_command: "seatrial decision verify decision-12.json".to_owned(),
        }
    }
}

fn questions(class: &str) -> Questions {
    Questions {
        signal_quality: SignalNote::samples(),
        release_use: "Hold: the success rate fails in one segment that matters.".to_owned(),
        failure_learning: Learning {
            failures: 140,
            promoted: 9,
            linked: 101,
            dismissed: 16,
            open: 14,
            classes: vec![
                LearnedClass {
                    class: Some(class.to_owned()),
                    severity: Some("critical".to_owned()),
                    failures: 41,
                    learned: 27,
                    open: 14,
                    cases: vec![class.to_owned()],
                },
                LearnedClass { class: None, severity: None, failures: 3, learned: 3, open: 0, cases: vec![] },
            ],
        },
        owner: OwnerAnswer {
            scorecard: Some("Refund handling, version 3".to_owned()),
            owner: Some("Ana Reyes".to_owned()),
            backup: None,
            freshness: Some(Freshness::sample_stale()),
            attested_at: Some(Time::sample(-33_000)),
            attested_by: Some("Ana Reyes".to_owned()),
        },
    }
}

fn evidence(segment: &str) -> EvidenceClasses {
    let item = |what: &str, why: &str| EvidenceItem { what: what.to_owned(), why: why.to_owned() };
    EvidenceClasses {
        gate: vec![item("Success rate", "It has a denominator, a criterion and an owner.")],
        incident_review: vec![item(segment, "It explains one miss and counts nothing.")],
        too_vague: vec![item("Rescue rate", "No source reports rescues for this workflow.")],
    }
}

impl ArtifactDecision {
    /// A ship by two people.
    pub fn sample() -> Self {
        Self {
            id: "dec_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            verdict: "ship".to_owned(),
            decided_by: "Ana Reyes".to_owned(),
            decided_at: Time::sample(-5),
            approvers: vec![KeyValue::new("Chioma Eze", "admin")],
            reason: "The new prompt asks twice.".to_owned(),
            superseded_by: None,
        }
    }
}
