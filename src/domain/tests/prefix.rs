//! An evaluation that goes on from a prefix is the evaluation that begins anew, byte for byte.

use seatrial_domain::cell::{Block, Counts, Sketches};
use seatrial_domain::evidence::{
    ArmBlocks, ArmEvidence, FreezeInput, Pairing, Prefix, RateCount, Tick, build_series, freeze, matched_series,
};
use seatrial_domain::gate::{Progress, evaluate, evaluate_from};
use seatrial_domain::run::RunFacts;
use seatrial_domain::scorecard::{Check, Criterion, Scorecard, SegmentRef, Statistic};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::{HOUR, MINUTE, SECOND, Timestamp};
use seatrial_domain::workers::OneByOne;

use crate::support::Draw;
use crate::support::bundle::{DAY_ONE, input, key_check, run, scorecard};

/// How long after it concluded a run settles.
const SETTLE_MINUTES: i64 = 90;

/// Checks of every kind of evidence.
fn checks() -> Scorecard {
    let compared = Criterion::NotWorseThanBaseline { margin: Some(0.1) };
    let check = |key: &str, signal: Signal, statistic, criterion| Check {
        key: key.to_owned(),
        statistic,
        criterion,
        ..key_check(signal)
    };
    let mut card = scorecard(
        vec![
            check("success", Signal::SuccessRate, None, compared),
            check("floor", Signal::SuccessRate, None, Criterion::Floor { rate: 0.6 }),
            check("retries", Signal::RetryRate, None, Criterion::WithinBaseline { margin: None }),
            check("cost", Signal::CostPerSuccess, None, compared),
            check("run cost", Signal::CostPerRun, Some(Statistic::Mean), Criterion::AtMost { value: 0.4 }),
            check("latency", Signal::Latency, Some(Statistic::P95), compared),
            check("trust", Signal::TimeToTrust, Some(Statistic::P50), Criterion::AtMost { value: 40.0 }),
        ],
        &["tier"],
    );
    card.required_segments = vec![SegmentRef { dimension: "tier".to_owned(), value: "gold".to_owned() }];
    card
}

fn facts(draw: &mut Draw, rate: f64) -> RunFacts {
    let mut facts = run(draw.hit(rate) == 1);
    let tier = ["gold", "silver", "tin"][(draw.next() % 3) as usize];
    facts.segments.insert("tier".to_owned(), tier.to_owned());
    facts.retries = Some(draw.hit(0.2).cast_signed());
    facts.cost_nanos = (draw.unit() < 0.9).then(|| (draw.unit() * 5e8) as i64);
    facts.ended_at = Some(facts.started_at.plus_micros((draw.unit() * 60e6) as i64));
    facts.trusted_at = facts.ended_at;
    facts
}

/// Adds a run to the minute it concluded in and, where it has settled by the end, to that one.
fn add(arm: &mut ArmEvidence, facts: &RunFacts, minute: i64, end: i64) {
    let put = |blocks: &mut Vec<Block>, minute: i64| {
        let at = DAY_ONE.plus_micros(minute * MINUTE);
        let block = match blocks.iter_mut().find(|block| block.minute == at) {
            Some(block) => block,
            None => {
                blocks.push(Block { minute: at, counts: Counts::default(), sketches: Sketches::default() });
                blocks.last_mut().expect("it was put there")
            }
        };
        block.counts.add(&Counts::of(facts), 1);
        block.sketches.add(&Sketches::of(facts), 1);
    };
    arm.totals.add(&Counts::of(facts), 1);
    let tier = SegmentRef { dimension: "tier".to_owned(), value: facts.segments["tier"].clone() };
    for group in [&mut arm.all, arm.segments.entry(tier).or_default()] {
        put(&mut group.concluded, minute);
        if minute + SETTLE_MINUTES <= end {
            put(&mut group.settled, minute + SETTLE_MINUTES);
        }
    }
}

/// Two releases over `end` minutes: side by side, one after the other, or one alone.
fn drawn(seed: u64, end: i64) -> FreezeInput {
    let mut draw = Draw::new(seed);
    let pairing = [Pairing::Concurrent, Pairing::Historical, Pairing::None][(seed % 3) as usize];
    let mut found = input(&[], &[], checks());
    found.workflow.settle_seconds = SETTLE_MINUTES * 60;
    let (mut baseline, mut candidate) = (ArmEvidence::default(), ArmEvidence::default());
    for minute in 0..end {
        let busy = 1 + draw.next() % 4;
        for _ in 0..draw.next() % busy {
            add(
                &mut baseline,
                &facts(&mut draw, 0.8),
                if pairing == Pairing::Historical { minute / 4 } else { minute },
                end,
            );
        }
        // The candidate starts later, and comes and goes.
        let there = minute > end / 4 && (minute / 70) % 3 != 2;
        for _ in 0..draw.next() % busy {
            if there {
                add(&mut candidate, &facts(&mut draw, 0.75), minute, end);
            }
        }
    }
    candidate.open = vec![(DAY_ONE.plus_micros((end - 60) * MINUTE), seed % 5)];
    if pairing == Pairing::None {
        found.baseline = None;
        baseline = ArmEvidence::default();
    }
    found.as_of = DAY_ONE.plus_micros(end * MINUTE + 30 * SECOND);
    (found.candidate, found.against) = (candidate, baseline);
    found
}

/// What is read when everything before `through` is in a prefix: blocks that settle at it, or would, or later.
fn tail(whole: &FreezeInput, through: Timestamp) -> FreezeInput {
    let settle = whole.workflow.settle_seconds * SECOND;
    let later = |blocks: &ArmBlocks| ArmBlocks {
        settled: blocks.settled.iter().filter(|block| block.minute >= through).cloned().collect(),
        concluded: blocks
            .concluded
            .iter()
            .filter(|block| block.minute.plus_micros(settle) >= through)
            .cloned()
            .collect(),
    };
    let arm = |arm: &ArmEvidence| ArmEvidence {
        all: later(&arm.all),
        segments: arm.segments.iter().map(|(segment, blocks)| (segment.clone(), later(blocks))).collect(),
        totals: arm.totals.clone(),
        open: arm.open.clone(),
    };
    FreezeInput { candidate: arm(&whole.candidate), against: arm(&whole.against), ..whole.clone() }
}

fn bytes(input: &FreezeInput) -> (Vec<u8>, Vec<u8>) {
    let bundle = freeze(input);
    let recommendation = evaluate(&bundle);
    (bundle.canonical_bytes().expect("canonical"), recommendation.canonical_bytes().expect("canonical"))
}

#[test]
fn going_on_from_a_prefix_gives_the_bytes_of_beginning_anew() {
    let mut blocks = 0;
    for seed in 0..18 {
        let whole = drawn(seed, 900);
        let anew = bytes(&whole);
        let card = whole.scorecard.as_ref().expect("a scorecard");
        let mut draw = Draw::new(seed + 1_000);
        let mut cut = |from: i64| DAY_ONE.plus_micros((from + (draw.next() % 300).cast_signed()) * MINUTE);
        // A prefix, a longer one that goes on from it, and the rest; now and then with nothing in it.
        let (first, second) = (cut(300), cut(600));
        let Ok(mut prefix) = Prefix::of(&whole, first, &OneByOne);
        let mut come = Progress::of(&whole.policy, card, &prefix.settled_checks(&whole), &Progress::default());
        let rest = tail(&whole, first);
        assert_eq!(prefix.fits(&rest), Ok(true), "seed {seed}");
        let Ok(resumed) = prefix.clone().resume(&rest, &OneByOne);
        assert_eq!(resumed.canonical_bytes().expect("canonical"), anew.0, "seed {seed}: the bundle");
        let told = evaluate_from(&resumed, &come, &OneByOne).canonical_bytes().expect("canonical");
        assert_eq!(told, anew.1, "seed {seed}: the recommendation");

        let Ok(()) = prefix.advance(&rest, second, &OneByOne);
        come = Progress::of(&whole.policy, card, &prefix.settled_checks(&whole), &come);
        assert_eq!(prefix.through(), second);
        let rest = tail(&whole, second);
        assert_eq!(prefix.fits(&rest), Ok(true), "seed {seed}");
        let Ok(resumed) = prefix.resume(&rest, &OneByOne);
        assert_eq!(resumed.canonical_bytes().expect("canonical"), anew.0, "seed {seed}: the bundle, twice");
        let told = evaluate_from(&resumed, &come, &OneByOne).canonical_bytes().expect("canonical");
        assert_eq!(told, anew.1, "seed {seed}: the recommendation, twice");
        blocks +=
            resumed.checks.iter().map(|check| check.overall.settled.len() + check.overall.sums.len()).sum::<usize>();
    }
    assert!(blocks > 2_000, "{blocks} blocks were compared");
}

#[test]
fn evidence_taken_in_by_pieces_is_that_of_all_of_it_at_once() {
    let signal = Signal::SuccessRate;
    let ticks = |blocks: &[Block]| -> Vec<Tick> {
        let tick = |block: &Block| {
            let (successes, n) = signal.rate(&block.counts).expect("a rate");
            Tick { at: block.minute, n: n.unsigned_abs(), successes: successes.unsigned_abs() }
        };
        blocks.iter().map(tick).collect()
    };
    for seed in 0..6 {
        let whole = drawn(seed, 2_400);
        let bundle = freeze(&whole);
        let ratio = bundle.pool_ratio.unwrap_or(1.0);
        let outcomes = whole.policy.block_outcomes;
        let (baseline, candidate) = (ticks(&whole.against.all.settled), ticks(&whole.candidate.all.settled));
        let once = build_series(&baseline, &candidate, None, RateCount::default(), bundle.pairing, ratio, outcomes);
        let found = &bundle.checks[0];
        assert!(once.settled.len() > 20, "seed {seed}: {} blocks", once.settled.len());
        assert_eq!(found.overall.settled, once.settled, "seed {seed}");
        assert_eq!(found.overall.candidate, once.candidate, "seed {seed}");
        if bundle.pairing == Pairing::None {
            continue;
        }
        assert_eq!(found.overall.baseline, once.baseline, "seed {seed}");
        let arm = |arm: &ArmEvidence, segment| arm.segments.get(segment).map_or_else(Vec::new, |b| ticks(&b.settled));
        let segments: Vec<_> =
            whole.candidate.segments.keys().map(|s| (arm(&whole.against, s), arm(&whole.candidate, s))).collect();
        let segments: Vec<(&[Tick], &[Tick])> = segments.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
        assert_eq!(found.matched[0].settled, matched_series(&segments, bundle.pairing, outcomes), "seed {seed}");
    }
}

#[test]
fn a_prefix_of_another_question_does_not_fit() {
    let whole = drawn(0, 600);
    let through = DAY_ONE.plus_micros(6 * HOUR);
    let Ok(prefix) = Prefix::of(&whole, through, &OneByOne);
    let rest = tail(&whole, through);
    assert_eq!(prefix.fits(&rest), Ok(true));
    let mut other = rest.clone();
    other.policy.block_outcomes = 20;
    assert_eq!(prefix.fits(&other), Ok(false), "another policy");
    let mut other = rest.clone();
    other.scorecard.as_mut().expect("a scorecard").checks.pop();
    assert_eq!(prefix.fits(&other), Ok(false), "another scorecard");
    let mut other = rest.clone();
    other.baseline = None;
    assert_eq!(prefix.fits(&other), Ok(false), "no baseline");
    let mut other = rest;
    other.workflow.settle_seconds = 0;
    assert_eq!(prefix.fits(&other), Ok(false), "another settle window");

    // An earlier pool that grew is spread otherwise.
    let mut grown = drawn(1, 600);
    assert_eq!(freeze(&grown).pairing, Pairing::Historical);
    let Ok(prefix) = Prefix::of(&grown, through, &OneByOne);
    assert_eq!(prefix.fits(&tail(&grown, through)), Ok(true));
    add(&mut grown.against, &facts(&mut Draw::new(7), 0.8), 500, 600);
    assert_eq!(prefix.fits(&tail(&grown, through)), Ok(false));
}
