//! Inputs of a gate for tests: a bundle's worth of everything, from runs given in order.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::cell::{Block, Counts, Sketches};
use seatrial_domain::evidence::{ArmEvidence, FreezeInput, FrozenProject, FrozenRelease, FrozenWorkflow, Learning};
use seatrial_domain::failure::Taxonomy;
use seatrial_domain::ids::{AccountId, GateId, ProjectId, ReleaseId, ScorecardId, WorkflowId, uuid_v7};
use seatrial_domain::owner::{Owner, OwnerId};
use seatrial_domain::policy::Policy;
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::{Outcome, RunFacts};
use seatrial_domain::scorecard::{
    Check, CheckRole, Criterion, Freshness, FreshnessState, Scope, Scorecard, SegmentRef,
};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::{MINUTE, Timestamp};
use seatrial_domain::workflow::{FactKind, FactSource, RiskClass};

/// Midnight of some day.
pub const DAY_ONE: Timestamp = Timestamp::from_micros(1_700_006_400_000_000);

fn uuid(n: u8) -> uuid::Uuid {
    uuid_v7(1_700_000_000_000, [n; 10])
}

/// A concluded run.
pub fn run(success: bool) -> RunFacts {
    RunFacts {
        outcome: if success { Outcome::Success } else { Outcome::Failure },
        closed_at: Some(DAY_ONE),
        started_at: DAY_ONE,
        rescues: Some(Vec::new()),
        counts: true,
        ..RunFacts::default()
    }
}

/// An arm whose runs settle a minute apart, from `start` on, in the order given.
pub fn arm(start: Timestamp, runs: &[RunFacts]) -> ArmEvidence {
    let mut evidence: ArmEvidence = ArmEvidence::default();
    for (i, facts) in (0..).zip(runs) {
        let block =
            Block { minute: start.plus_micros(i * MINUTE), counts: Counts::of(facts), sketches: Sketches::of(facts) };
        evidence.totals.add(&block.counts, 1);
        for (dimension, value) in &facts.segments {
            let segment = SegmentRef { dimension: dimension.clone(), value: value.clone() };
            let blocks = evidence.segments.entry(segment).or_default();
            blocks.settled.push(block.clone());
            blocks.concluded.push(block.clone());
        }
        evidence.all.settled.push(block.clone());
        evidence.all.concluded.push(block);
    }
    evidence
}

/// A person who can act.
pub fn owner() -> Owner {
    Owner { id: OwnerId::Account(AccountId::from_uuid(uuid(9))), name: "Ada".to_owned(), active: true }
}

/// A key check that a rate is not worse than the baseline.
pub fn key_check(signal: Signal) -> Check {
    Check {
        key: signal.to_string(),
        signal,
        statistic: None,
        scope: Scope::All,
        criterion: Criterion::NotWorseThanBaseline { margin: None },
        role: CheckRole::Key,
    }
}

/// A fresh, owned scorecard.
pub fn scorecard(checks: Vec<Check>, dimensions: &[&str]) -> Scorecard {
    Scorecard {
        id: ScorecardId::from_uuid(uuid(6)),
        name: "refunds".to_owned(),
        version: 3,
        workflow: WorkflowId::from_uuid(uuid(2)),
        owner: Some(owner()),
        backup: None,
        cadence_days: 30,
        checks,
        dimensions: dimensions.iter().map(|name| (*name).to_owned()).collect(),
        required_segments: Vec::new(),
    }
}

/// A gate on a candidate against an earlier baseline, everything else in order.
pub fn input(baseline: &[RunFacts], candidate: &[RunFacts], scorecard: Scorecard) -> FreezeInput {
    let later = DAY_ONE.plus_days(30);
    FreezeInput {
        gate: GateId::from_uuid(uuid(5)),
        project: FrozenProject {
            id: ProjectId::from_uuid(uuid(1)),
            name: "harbour".to_owned(),
            currency: "EUR".to_owned(),
        },
        workflow: FrozenWorkflow {
            id: WorkflowId::from_uuid(uuid(2)),
            name: "refund-handling".to_owned(),
            risk: RiskClass::Medium,
            settle_seconds: 0,
        },
        observes: BTreeMap::from([(FactKind::Rescues, FactSource::NotApplicable)]),
        release: FrozenRelease {
            id: ReleaseId::from_uuid(uuid(4)),
            name: "v2".to_owned(),
            state: ReleaseState::Candidate,
        },
        baseline: Some(FrozenRelease {
            id: ReleaseId::from_uuid(uuid(3)),
            name: "v1".to_owned(),
            state: ReleaseState::Live,
        }),
        as_of: later.plus_days(30),
        policy: Policy { planned_candidate_runs: candidate.len().max(50) as u64, ..Policy::default() },
        scorecard: Some(scorecard),
        freshness: Some(Freshness {
            state: FreshnessState::Fresh,
            reasons: Vec::new(),
            due_at: Some(later.plus_days(60)),
        }),
        candidate: arm(later, candidate),
        against: arm(DAY_ONE, baseline),
        pool_ratio: None,
        units_known: false,
        labour_nanos_per_hour: 0,
        taxonomy: Taxonomy::default(),
        evals: Vec::new(),
        learning: Learning::default(),
        covered_classes: BTreeSet::new(),
        gap_owners: BTreeMap::new(),
        default_gap_owner: Some(owner()),
        exemptions: Vec::new(),
    }
}
