//! Whole gates: from runs through freezing to a recommendation, for what a single stream cannot show.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::canonical::{from_value, parse_strict};
use seatrial_domain::cell::{Block, Counts, Sketches};
use seatrial_domain::evidence::{
    ArmEvidence, EvidenceBundle, FreezeInput, FrozenProject, FrozenRelease, FrozenWorkflow, Learning, freeze,
};
use seatrial_domain::failure::Taxonomy;
use seatrial_domain::gate::{CheckVerdict, Recommendation, Verdict, evaluate};
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

use crate::method::DELTA;
use crate::stream::Draw;

const START: Timestamp = Timestamp::from_micros(1_700_006_400_000_000);

fn id(n: u8) -> uuid::Uuid {
    uuid_v7(1_700_000_000_000, [n; 10])
}

/// A run with its segment.
#[derive(Clone, Debug)]
pub struct Row {
    /// It succeeded.
    pub success: bool,
    /// Its value of the dimension `segment`.
    pub segment: String,
}

fn arm(rows: &[Row]) -> ArmEvidence {
    let mut arm: ArmEvidence = ArmEvidence::default();
    for (i, row) in (0..).zip(rows) {
        let facts = RunFacts {
            outcome: if row.success { Outcome::Success } else { Outcome::Failure },
            started_at: START,
            closed_at: Some(START),
            rescues: Some(Vec::new()),
            counts: true,
            ..RunFacts::default()
        };
        let block =
            Block { minute: START.plus_micros(i * MINUTE), counts: Counts::of(&facts), sketches: Sketches::default() };
        arm.totals.add(&block.counts, 1);
        let segment = SegmentRef { dimension: "segment".to_owned(), value: row.segment.clone() };
        for blocks in [&mut arm.all, arm.segments.entry(segment).or_default()] {
            blocks.settled.push(block.clone());
            blocks.concluded.push(block.clone());
        }
    }
    arm
}

/// A gate on the success rate, both arms on the same time.
pub fn input(baseline: &[Row], candidate: &[Row], by_segment: bool, live: bool) -> FreezeInput {
    let owner = Owner { id: OwnerId::Account(AccountId::from_uuid(id(9))), name: "Ada".to_owned(), active: true };
    let check = Check {
        key: "success".to_owned(),
        signal: Signal::SuccessRate,
        statistic: None,
        scope: Scope::All,
        criterion: Criterion::NotWorseThanBaseline { margin: Some(DELTA) },
        role: CheckRole::Key,
    };
    let release =
        |n, name: &str, state| FrozenRelease { id: ReleaseId::from_uuid(id(n)), name: name.to_owned(), state };
    FreezeInput {
        gate: GateId::from_uuid(id(5)),
        project: FrozenProject { id: ProjectId::from_uuid(id(1)), name: "bench".to_owned(), currency: String::new() },
        workflow: FrozenWorkflow {
            id: WorkflowId::from_uuid(id(2)),
            name: "bench".to_owned(),
            risk: RiskClass::Medium,
            settle_seconds: 0,
        },
        observes: BTreeMap::from([(FactKind::Rescues, FactSource::NotApplicable)]),
        release: release(4, "v2", if live { ReleaseState::Live } else { ReleaseState::Candidate }),
        baseline: Some(release(3, "v1", ReleaseState::Live)),
        as_of: START.plus_days(60),
        policy: Policy { segment_fdr: 0.10, ..Policy::default() },
        scorecard: Some(Scorecard {
            id: ScorecardId::from_uuid(id(6)),
            name: "bench".to_owned(),
            version: 1,
            workflow: WorkflowId::from_uuid(id(2)),
            owner: Some(owner.clone()),
            backup: None,
            cadence_days: 30,
            checks: vec![check],
            dimensions: if by_segment { vec!["segment".to_owned()] } else { Vec::new() },
            required_segments: Vec::new(),
        }),
        freshness: Some(Freshness { state: FreshnessState::Fresh, reasons: Vec::new(), due_at: None }),
        candidate: arm(candidate),
        against: arm(baseline),
        pool_ratio: None,
        units_known: false,
        labour_nanos_per_hour: 0,
        taxonomy: Taxonomy::default(),
        evals: Vec::new(),
        learning: Learning::default(),
        covered_classes: BTreeSet::new(),
        gap_owners: BTreeMap::new(),
        default_gap_owner: Some(owner),
        exemptions: Vec::new(),
    }
}

/// Rows drawn from segments of given weights and rates.
pub fn rows(draw: &mut Draw, n: usize, segments: &[(f64, f64)]) -> Vec<Row> {
    (0..n)
        .map(|_| {
            let mut at = draw.unit();
            let found = segments.iter().position(|&(weight, _)| {
                at -= weight;
                at < 0.0
            });
            let i = found.unwrap_or(segments.len() - 1);
            Row { success: draw.hit(segments[i].1), segment: format!("s{i}") }
        })
        .collect()
}

/// What segment checks found: false finds and true ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Mean share of false finds among finds.
    pub fdr: f64,
    /// Share of gates that named the worse segment.
    pub power: f64,
}

/// T5: ten segments of a tenth each, one of them ten points worse.
pub fn one_worse_segment(gates: u64, runs: usize) -> Found {
    let even: Vec<(f64, f64)> = vec![(0.1, 0.85); 10];
    let mut worse = even.clone();
    worse[3].1 -= 0.10;
    let mut found = Found::default();
    for number in 0..gates {
        let mut draw = Draw::new(50, number);
        let (a, b) = (rows(&mut draw, runs, &even), rows(&mut draw, runs, &worse));
        let told = evaluate(&freeze(&input(&a, &b, true, false)));
        let failed: Vec<&str> = told.checks[0]
            .segments
            .iter()
            .filter(|segment| matches!(segment.verdict, CheckVerdict::Fail | CheckVerdict::Conflict))
            .map(|segment| segment.segment.value.as_str())
            .collect();
        let wrong = failed.iter().filter(|value| **value != "s3").count() as f64;
        found.fdr += wrong / failed.len().max(1) as f64 / gates as f64;
        found.power += f64::from(u8::from(failed.contains(&"s3"))) / gates as f64;
    }
    found
}

/// T6: each of two segments six points worse while the mix moves to the easy one. Shares of ship and rollback.
pub fn simpson(gates: u64, runs: usize) -> (f64, f64, f64) {
    let (mut ships, mut rollbacks, mut said) = (0, 0, 0);
    for number in 0..gates {
        let mut draw = Draw::new(60, number);
        let a = rows(&mut draw, runs, &[(0.2, 0.95), (0.8, 0.60)]);
        let b = rows(&mut draw, runs, &[(0.8, 0.89), (0.2, 0.54)]);
        let told = evaluate(&freeze(&input(&a, &b, true, true)));
        ships += u64::from(told.verdict == Verdict::Ship);
        rollbacks += u64::from(told.verdict == Verdict::Rollback);
        said += u64::from(told.checks[0].dimensions.iter().any(|dimension| dimension.misleading.is_some()));
    }
    let share = |count: u64| count as f64 / gates as f64;
    (share(ships), share(rollbacks), share(said))
}

/// T8: gates whose evidence would ship, but for one thing that is missing. How many ship all the same.
pub fn something_missing(gates: u64) -> (u64, u64) {
    type Change = fn(&mut FreezeInput);
    let changes: [Change; 7] = [
        |given| given.scorecard = None,
        |given| given.freshness = None,
        |given| given.baseline = None,
        |given| given.observes.clear(),
        |given| given.scorecard.as_mut().expect("there is one").owner = None,
        |given| given.freshness.as_mut().expect("there is one").state = FreshnessState::Stale,
        |given| given.policy.floor_units = 10_000,
    ];
    let (mut asked, mut shipped) = (0, 0);
    for number in 0..gates {
        let mut draw = Draw::new(80, number);
        let good = [(1.0, 0.9)];
        let (a, b) = (rows(&mut draw, 900, &good), rows(&mut draw, 900, &good));
        for change in changes {
            let mut given = input(&a, &b, false, false);
            change(&mut given);
            asked += 1;
            shipped += u64::from(evaluate(&freeze(&given)).verdict == Verdict::Ship);
        }
    }
    (asked, shipped)
}

/// T9: bundles read back from their bytes and evaluated again. How many, and how many give other bytes.
pub fn replayed(gates: u64) -> (u64, u64) {
    let mut different = 0;
    for number in 0..gates {
        let mut draw = Draw::new(90, number);
        let runs = 60 + draw.below(900);
        let rate = 0.7 + 0.25 * draw.unit();
        let a = rows(&mut draw, runs, &[(0.3, rate), (0.7, rate - 0.1)]);
        let b = rows(&mut draw, runs, &[(0.5, rate), (0.5, rate - 0.1)]);
        let bundle = freeze(&input(&a, &b, true, false));
        let again = bundle.canonical_bytes().ok().and_then(|bytes| {
            let value = parse_strict(&bytes).ok()?;
            from_value::<EvidenceBundle>(&value).ok()
        });
        let bytes = |bundle: &EvidenceBundle| -> Option<Vec<u8>> {
            let told: Recommendation = evaluate(bundle);
            told.canonical_bytes().ok()
        };
        different += u64::from(again.as_ref().and_then(bytes) != bytes(&bundle));
    }
    (gates, different)
}
