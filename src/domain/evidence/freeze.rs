//! Assembling a bundle: what is handed over in any order comes out in one.

use std::collections::{BTreeMap, BTreeSet};

use super::gaps::gaps;
use super::looks::{Beside, Look, Minute, looks};
use super::series::{Tick, build_series, matched_series, pairing_of, pool_ratio};
use super::{
    ArmTotals, BUNDLE_SCHEMA, CheckEvidence, ClassMix, EvalSummary, EvidenceBundle, FactCoverage, FrozenProject,
    FrozenRelease, FrozenWorkflow, Learning, MatchedSeries, Pairing, RateCount, SegmentSeries, Series,
};
use crate::cell::{Block, Counts};
use crate::failure::Taxonomy;
use crate::ids::GateId;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::scorecard::{Check, Criterion, Exemption, Freshness, Reads, Scorecard, SegmentRef};
use crate::signal::Signal;
use crate::stats::Sketch;
use crate::stats::ratio::RatioSums;
use crate::time::Timestamp;
use crate::workflow::{FactKind, FactSource};

/// The unit in which sketches keep durations.
const MICROS_PER_SECOND: f64 = 1e6;

/// One arm's blocks over one group of runs, on both bases; minutes in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArmBlocks {
    /// Settled runs by the minute they settled.
    pub settled: Vec<Block>,
    /// Concluded runs by the minute they closed.
    pub concluded: Vec<Block>,
}

/// Everything known of one arm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArmEvidence {
    /// All runs.
    pub all: ArmBlocks,
    /// By segment; at least those of the scorecard's dimensions.
    pub segments: BTreeMap<SegmentRef, ArmBlocks>,
    /// The release's counters from cells, for closed runs and unknown outcomes.
    pub totals: Counts,
    /// Runs that are still open, by the end of the hour or day in which they started.
    pub open: Vec<(Timestamp, u64)>,
}

/// What a bundle is assembled from.
#[derive(Clone, Debug)]
pub struct FreezeInput {
    /// The gate that asks.
    pub gate: GateId,
    /// Whose data.
    pub project: FrozenProject,
    /// Of which work.
    pub workflow: FrozenWorkflow,
    /// Which facts are reported in this workflow, and by whom.
    pub observes: BTreeMap<FactKind, FactSource>,
    /// The candidate.
    pub release: FrozenRelease,
    /// What it is compared with.
    pub baseline: Option<FrozenRelease>,
    /// The time of freezing.
    pub as_of: Timestamp,
    /// The rules.
    pub policy: Policy,
    /// What the workflow is held to.
    pub scorecard: Option<Scorecard>,
    /// Whether that can be relied on.
    pub freshness: Option<Freshness>,
    /// The candidate's runs.
    pub candidate: ArmEvidence,
    /// The baseline's runs; empty without a baseline.
    pub against: ArmEvidence,
    /// The ratio fixed when the gate opened; worked out from the pool when absent.
    pub pool_ratio: Option<f64>,
    /// Whether any run names a unit.
    pub units_known: bool,
    /// What an hour of rescue costs the project, in nano-units.
    pub labour_nanos_per_hour: i64,
    /// The project's failure classes.
    pub taxonomy: Taxonomy,
    /// Eval results of the candidate.
    pub evals: Vec<EvalSummary>,
    /// What became of the candidate's failures.
    pub learning: Learning,
    /// Failure classes that an active eval case covers.
    pub covered_classes: BTreeSet<String>,
    /// Who has taken on which gap, by [`crate::gap::Gap::key`].
    pub gap_owners: BTreeMap<String, Owner>,
    /// Who answers for gaps nobody took on by name, such as the scorecard's owner.
    pub default_gap_owner: Option<Owner>,
    /// Exemptions of the scorecard's checks; only those in force count.
    pub exemptions: Vec<Exemption>,
}

/// How the arms are set against each other in this bundle.
#[derive(Clone, Copy)]
struct Frame {
    pairing: Pairing,
    ratio: f64,
    block_outcomes: u64,
    settle_micros: i64,
}

/// Assembles the bundle. The same input in any order gives the same bytes.
#[must_use]
pub fn freeze(input: &FreezeInput) -> EvidenceBundle {
    let frame = frame(input);
    let checks = input.scorecard.as_ref().map_or_else(Vec::new, |scorecard| {
        scorecard.checks.iter().map(|check| check_evidence(input, scorecard, check, frame)).collect()
    });
    let mut evals = input.evals.clone();
    evals.sort();
    let mut bundle = EvidenceBundle {
        schema: BUNDLE_SCHEMA,
        gate: input.gate,
        project: input.project.clone(),
        workflow: input.workflow.clone(),
        release: input.release.clone(),
        baseline: input.baseline.clone(),
        pairing: frame.pairing,
        pool_ratio: (frame.pairing == Pairing::Historical).then_some(frame.ratio),
        as_of: input.as_of,
        policy: input.policy.clone(),
        scorecard: input.scorecard.clone(),
        freshness: input.freshness.clone(),
        baseline_totals: arm_totals(&input.against),
        candidate_totals: arm_totals(&input.candidate),
        units_known: input.units_known,
        checks,
        failure_mix: failure_mix(input),
        evals,
        coverage: coverage(input),
        learning: input.learning,
        gaps: Vec::new(),
        exemptions: exemptions(input),
    };
    bundle.gaps = gaps(&bundle, input);
    bundle
}

/// Those in force at the time of freezing, by check.
fn exemptions(input: &FreezeInput) -> Vec<Exemption> {
    let mut found: Vec<Exemption> = input.exemptions.iter().filter(|one| one.holds(input.as_of)).cloned().collect();
    found.sort_by(|a, b| (&a.check, a.id).cmp(&(&b.check, b.id)));
    found
}

fn frame(input: &FreezeInput) -> Frame {
    let settle_micros = input.workflow.settle_seconds.saturating_mul(crate::time::SECOND);
    let concluded = |blocks: &[Block], shift: i64| -> Vec<Tick> {
        let tick = |block: &Block| Tick {
            at: block.minute.plus_micros(shift),
            n: whole(block.counts.concluded),
            successes: 0,
        };
        blocks.iter().map(tick).collect()
    };
    let baseline = concluded(&input.against.all.settled, 0);
    // Concluded runs, so that a young candidate is already paired as it will be when its runs have settled.
    let candidate = concluded(&input.candidate.all.concluded, settle_micros);
    let pairing = if input.baseline.is_none() { Pairing::None } else { pairing_of(&baseline, &candidate) };
    let pool = baseline.iter().map(|tick| tick.n).sum();
    let policy = &input.policy;
    Frame {
        pairing,
        ratio: input.pool_ratio.unwrap_or_else(|| pool_ratio(policy.pool_ratio, pool, policy.planned_candidate_runs)),
        block_outcomes: policy.block_outcomes,
        settle_micros,
    }
}

fn check_evidence(input: &FreezeInput, scorecard: &Scorecard, check: &Check, frame: Frame) -> CheckEvidence {
    let frame = if check.criterion.is_relative() { frame } else { Frame { pairing: Pairing::None, ..frame } };
    let unverified = check.signal.needs().filter(|fact| !input.observes.contains_key(fact));
    let whole_arm = |arms: (&ArmBlocks, &ArmBlocks)| match check.reads() {
        Reads::Rate => series(&check.signal, arms.0, arms.1, frame),
        reads => amount_series(input, check, reads, arms, frame),
    };
    let mut overall = whole_arm((&input.against.all, &input.candidate.all));
    if let Reads::Quantile(q) = check.reads() {
        overall.open = open_longer(input, check, q, &overall);
    }
    let mut segments = Vec::new();
    let mut matched = Vec::new();
    let none = ArmBlocks::default();
    for dimension in scorecard.dimensions_of(check) {
        let arms: Vec<(&SegmentRef, &ArmBlocks, &ArmBlocks)> = input
            .candidate
            .segments
            .keys()
            .chain(input.against.segments.keys())
            .chain(&scorecard.required_segments)
            .filter(|segment| segment.dimension == dimension)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|segment| {
                let arm = |arm: &'_ ArmEvidence| arm.segments.contains_key(segment);
                let baseline = if arm(&input.against) { &input.against.segments[segment] } else { &none };
                let candidate = if arm(&input.candidate) { &input.candidate.segments[segment] } else { &none };
                (segment, baseline, candidate)
            })
            .collect();
        for (segment, baseline, candidate) in &arms {
            segments.push(SegmentSeries {
                dimension: dimension.clone(),
                value: segment.value.clone(),
                required: scorecard.requires(&dimension, &segment.value),
                series: whole_arm((baseline, candidate)),
            });
        }
        if frame.pairing != Pairing::None && check.reads() == Reads::Rate {
            matched.push(matched_by(&check.signal, &dimension, &arms, frame));
        }
    }
    CheckEvidence { key: check.key.clone(), unverified, overall, segments, matched }
}

fn matched_by(
    signal: &Signal,
    dimension: &str,
    arms: &[(&SegmentRef, &ArmBlocks, &ArmBlocks)],
    frame: Frame,
) -> MatchedSeries {
    let ticks: Vec<(Vec<Tick>, Vec<Tick>)> = arms
        .iter()
        .map(|(_, baseline, candidate)| (ticks(signal, &baseline.settled, 0), ticks(signal, &candidate.settled, 0)))
        .collect();
    let borrowed: Vec<(&[Tick], &[Tick])> = ticks.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
    MatchedSeries {
        dimension: dimension.to_owned(),
        settled: matched_series(&borrowed, frame.pairing, frame.block_outcomes),
    }
}

fn series(signal: &Signal, baseline: &ArmBlocks, candidate: &ArmBlocks, frame: Frame) -> Series {
    let settled = ticks(signal, &candidate.settled, 0);
    // A concluded run stands where it will when it has settled, so that both arms keep the same clock.
    let concluded = ticks(signal, &candidate.concluded, frame.settle_micros);
    let all_concluded = concluded.iter().fold(RateCount::default(), |sum, tick| RateCount {
        n: sum.n + tick.n,
        successes: sum.successes + tick.successes,
    });
    build_series(
        &ticks(signal, &baseline.settled, 0),
        &settled,
        signal.only_worsens().then_some(&concluded),
        all_concluded,
        frame.pairing,
        frame.ratio,
        frame.block_outcomes,
    )
}

/// The looks at an amount or a ratio over one group of runs.
fn amount_series(
    input: &FreezeInput,
    check: &Check,
    reads: Reads,
    (baseline, candidate): (&ArmBlocks, &ArmBlocks),
    frame: Frame,
) -> Series {
    let sums = |blocks: &[Block]| -> Vec<Minute<RatioSums>> {
        let of = |block: &Block| check.signal.sums(&block.counts, input.labour_nanos_per_hour).unwrap_or_default();
        blocks.iter().map(|block| (block, of(block))).map(|(b, sum)| Minute { at: b.minute, n: sum.n, sum }).collect()
    };
    let total = |minutes: &[Minute<RatioSums>]| {
        let mut sum = RatioSums::default();
        minutes.iter().for_each(|minute| sum.add(&minute.sum));
        RateCount { n: sum.n, successes: (sum.y.max(0.0) + 0.5) as u64 }
    };
    let (a, b) = (sums(&baseline.settled), sums(&candidate.settled));
    let mut series = Series {
        baseline: total(&a),
        candidate: total(&b),
        candidate_concluded: total(&sums(&candidate.concluded)),
        ..Series::default()
    };
    if let Reads::Quantile(_) = reads {
        let sketches = |blocks: &[Block]| -> Vec<Minute<Sketch>> {
            let of = |block: &Block| check.signal.sketch(&block.sketches).map(|(sketch, _)| sketch.clone());
            let minute = |block: &Block| {
                let sum = of(block).unwrap_or_default();
                Minute { at: block.minute, n: u64::try_from(sum.count()).unwrap_or(0), sum }
            };
            blocks.iter().map(minute).collect()
        };
        let beside = Beside::whole(frame.pairing);
        (series.sketches, _) = looks(sketches(&baseline.settled), sketches(&candidate.settled), beside);
    } else {
        let (found, exhausted) = looks(a, b, Beside::growing(frame.pairing, frame.ratio));
        let rounded = |look: Look<RatioSums>| Look { a: look.a.round9(), b: look.b.round9() };
        series.sums = found.into_iter().map(rounded).collect();
        series.pool_exhausted = exhausted;
    }
    series
}

/// Runs that have been open for longer than the bound of the check, or than the candidate's own quantile where it is
/// compared with the baseline: whatever they measure, it lies above that already.
fn open_longer(input: &FreezeInput, check: &Check, q: f64, series: &Series) -> u64 {
    let unit = check.signal.sketch_unit().unwrap_or(1.0);
    if unit != MICROS_PER_SECOND {
        return 0;
    }
    let bound = match check.criterion {
        Criterion::AtMost { value } | Criterion::AtLeast { value } => Some(value * unit),
        _ => {
            let mut all = Sketch::new();
            series.sketches.iter().for_each(|look| all.merge(&look.b));
            all.quantile(q)
        }
    };
    let Some(bound) = bound else { return 0 };
    let longer = |(started, _): &&(Timestamp, u64)| (input.as_of.micros() - started.micros()) as f64 > bound;
    input.candidate.open.iter().filter(longer).map(|(_, n)| n).sum()
}

/// A rate's outcomes by minute, moved by `shift` microseconds.
fn ticks(signal: &Signal, blocks: &[Block], shift: i64) -> Vec<Tick> {
    blocks
        .iter()
        .filter_map(|block| {
            let (successes, n) = signal.rate(&block.counts)?;
            let (successes, n) = (whole(successes), whole(n));
            (n > 0).then(|| Tick { at: block.minute.plus_micros(shift), n, successes: successes.min(n) })
        })
        .collect()
}

/// A counter as a count. Counters are differences of sums and never negative once a transaction is whole.
fn whole(counter: i64) -> u64 {
    u64::try_from(counter).unwrap_or(0)
}

fn sum_of(blocks: &[Block]) -> Counts {
    let mut sum = Counts::default();
    blocks.iter().for_each(|block| sum.add(&block.counts, 1));
    sum
}

fn arm_totals(arm: &ArmEvidence) -> ArmTotals {
    ArmTotals {
        closed: whole(arm.totals.closed),
        unknown_outcome: whole(arm.totals.unknown_outcome),
        concluded: whole(sum_of(&arm.all.concluded).concluded),
        settled: whole(sum_of(&arm.all.settled).concluded),
    }
}

fn failure_mix(input: &FreezeInput) -> Vec<ClassMix> {
    let mut mix: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (class, n) in sum_of(&input.against.all.concluded).classes {
        mix.entry(class).or_default().0 += whole(n);
    }
    for (class, n) in sum_of(&input.candidate.all.concluded).classes {
        mix.entry(class).or_default().1 += whole(n);
    }
    mix.into_iter()
        .map(|(class, (baseline, candidate))| ClassMix {
            severity: input.taxonomy.severity(&class),
            class,
            baseline,
            candidate,
        })
        .collect()
}

fn coverage(input: &FreezeInput) -> Vec<FactCoverage> {
    let counts = sum_of(&input.candidate.all.concluded);
    [
        (FactKind::Approvals, counts.approvals_known),
        (FactKind::Escalations, counts.escalations_known),
        (FactKind::Rescues, counts.rescues_known),
    ]
    .into_iter()
    .map(|(fact, known)| FactCoverage {
        fact,
        source: input.observes.get(&fact).copied(),
        known: whole(known),
        concluded: whole(counts.concluded),
    })
    .collect()
}
