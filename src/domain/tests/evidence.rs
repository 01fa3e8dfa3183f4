//! Freezing: the same evidence gives the same bytes, whatever the order it is handed over in.

use std::collections::BTreeMap;

use proptest::prelude::*;
use seatrial_domain::canonical::{from_value, parse_strict};
use seatrial_domain::evidence::{
    EvidenceBundle, FreezeInput, Pairing, RateCount, Tick, build_series, freeze, matched_series, pairing_of, pool_ratio,
};
use seatrial_domain::gap::GapKind;
use seatrial_domain::gate::evaluate;
use seatrial_domain::run::RunFacts;
use seatrial_domain::signal::Signal;
use seatrial_domain::stats::Outcomes;
use seatrial_domain::time::{HOUR, MINUTE, Timestamp};

use crate::support::Draw;
use crate::support::bundle::{DAY_ONE, input, key_check, run, scorecard};

fn runs(n: usize, rate: f64, seed: u64) -> Vec<RunFacts> {
    let mut draw = Draw::new(seed);
    (0..n)
        .map(|i| {
            let mut facts = run(draw.hit(rate) == 1);
            facts.segments = BTreeMap::from([("tier".to_owned(), ["gold", "free"][i % 2].to_owned())]);
            if !facts.successful() {
                facts.failure_class = Some("wrong_result".to_owned());
            }
            facts
        })
        .collect()
}

pub fn sample() -> FreezeInput {
    let card = scorecard(vec![key_check(Signal::SuccessRate), key_check(Signal::CompletionRate)], &["tier"]);
    input(&runs(200, 0.8, 1), &runs(180, 0.85, 2), card)
}

#[test]
fn the_order_of_inputs_changes_no_byte() {
    let given = sample();
    let bytes = freeze(&given).canonical_bytes().expect("canonical");
    assert_eq!(freeze(&given).canonical_bytes().expect("canonical"), bytes);
    let recommended = evaluate(&freeze(&given)).canonical_bytes().expect("canonical");
    let mut draw = Draw::new(3);
    for _ in 0..5 {
        let mut shuffled = given.clone();
        for arm in [&mut shuffled.candidate, &mut shuffled.against] {
            for blocks in std::iter::once(&mut arm.all).chain(arm.segments.values_mut()) {
                draw.shuffle(&mut blocks.settled);
                draw.shuffle(&mut blocks.concluded);
            }
        }
        draw.shuffle(&mut shuffled.evals);
        let bundle = freeze(&shuffled);
        assert_eq!(bundle.canonical_bytes().expect("canonical"), bytes);
        assert_eq!(evaluate(&bundle).canonical_bytes().expect("canonical"), recommended);
    }
}

#[test]
fn a_bundle_read_back_is_evaluated_to_the_same_bytes() {
    let bundle = freeze(&sample());
    let bytes = bundle.canonical_bytes().expect("canonical");
    let again: EvidenceBundle = from_value(&parse_strict(&bytes).expect("JSON")).expect("a bundle");
    assert_eq!(again, bundle);
    assert_eq!(again.digest(), bundle.digest());
    assert_eq!(evaluate(&again).canonical_bytes(), evaluate(&bundle).canonical_bytes());
}

#[test]
fn a_bundle_holds_what_was_looked_at() {
    let bundle = freeze(&sample());
    assert_eq!(
        (bundle.pairing, bundle.candidate_totals.settled, bundle.baseline_totals.settled),
        (Pairing::Historical, 180, 200)
    );
    assert_eq!(bundle.checks[0].segments.iter().map(|s| s.value.as_str()).collect::<Vec<_>>(), ["free", "gold"]);
    assert_eq!(bundle.failure_mix[0].class, "wrong_result");
    assert_eq!(bundle.gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::NoEvalCoverage]);
    assert!(bundle.checks[0].overall.concluded.is_none(), "settled and concluded are the same here");
}

#[test]
fn younger_runs_count_against_a_release_and_not_for_it() {
    let mut given = sample();
    given.candidate.all.settled.truncate(60);
    let series = &freeze(&given).checks[0].overall;
    assert_eq!((series.candidate.n, series.candidate_concluded.n), (60, 180));
    assert!(series.harm().len() > series.settled.len());
}

fn tick(minutes: i64, n: u64, successes: u64) -> Tick {
    Tick { at: DAY_ONE.plus_micros(minutes * MINUTE), n, successes }
}

fn blocks(a: &[Tick], b: &[Tick], pairing: Pairing, ratio: f64) -> (Vec<Outcomes>, bool) {
    let series = build_series(a, b, None, RateCount::default(), pairing, ratio, 10);
    (series.settled, series.pool_exhausted)
}

#[test]
fn a_pool_is_used_once_at_a_fixed_ratio() {
    let (a, b) = ([tick(0, 100, 90)], [tick(1_000, 60, 50)]);
    let (even, exhausted) = blocks(&a, &b, Pairing::Historical, 1.0);
    assert_eq!((even.len(), exhausted), (12, false));
    assert!(even.iter().all(|block| (block.n_a, block.n_b) == (5, 5)));
    let (thin, exhausted) = blocks(&a[..], &b, Pairing::Historical, 0.1);
    assert!(!exhausted && thin.iter().all(|block| block.n_a >= 1 && block.total() >= 10));
    let (double, exhausted) = blocks(&a, &b, Pairing::Historical, 2.0);
    assert!(exhausted);
    assert_eq!(double.iter().map(|block| block.n_a).sum::<u64>(), 96);
    assert_eq!(pool_ratio(1.0, 92, 385), 0.238_961_039);
}

#[test]
fn concurrent_traffic_is_paired_on_its_time() {
    let a: Vec<Tick> = (-600..600).map(|m| tick(m, 3, 2)).collect();
    let b: Vec<Tick> = (0..300).map(|m| tick(m, 1, 1)).collect();
    assert_eq!(pairing_of(&a, &b), Pairing::Concurrent);
    assert_eq!(pairing_of(&a[..500], &b), Pairing::Historical);
    assert_eq!(pairing_of(&[], &b), Pairing::Historical);
    let (paired, _) = blocks(&a, &b, Pairing::Concurrent, 1.0);
    // Blocks stay small at first and grow with what was seen; each keeps the ratio of the traffic.
    assert!(paired.iter().take(30).all(|block| (block.n_a, block.n_b) == (9, 3)));
    assert!(paired.iter().all(|block| block.n_a == 3 * block.n_b && block.n_b <= 10));
    assert!(paired.iter().map(|block| block.n_b).sum::<u64>() >= 290);
    // A busy minute is split evenly, so that evidence can grow within it.
    let (split, _) = blocks(&[tick(0, 500, 400)], &[tick(0, 500, 400)], Pairing::Concurrent, 1.0);
    assert_eq!((split.len(), split[0].total()), (100, 10));
    // However many runs there are, a series stays short: a block holds a part of what came before it.
    let busy: Vec<Tick> = (0..20_000).map(|m| tick(m, 5, 4)).collect();
    let (long, _) = blocks(&busy, &busy, Pairing::Concurrent, 1.0);
    assert!(long.len() < 700, "{}", long.len());
    assert!(long.iter().map(Outcomes::total).sum::<u64>() > 190_000);
}

#[test]
fn matched_pairs_have_the_same_mix() {
    let gold = ([tick(0, 100, 95)], [tick(900, 40, 36)]);
    let free = ([tick(0, 20, 10)], [tick(901, 60, 30)]);
    let segments: [(&[Tick], &[Tick]); 2] = [(&gold.0, &gold.1), (&free.0, &free.1)];
    let matched = matched_series(&segments, Pairing::Historical, 10);
    assert_eq!(matched.len(), 12);
    assert!(matched.iter().all(|block| block.n_a == 5 && block.n_b == 5));
}

proptest! {
    #[test]
    fn blocks_hold_every_outcome_at_most_once(
        a in prop::collection::vec((0..2_000_i64, 1..40_u64, 0.0..=1.0_f64), 0..30),
        b in prop::collection::vec((0..2_000_i64, 1..40_u64, 0.0..=1.0_f64), 0..30),
        ratio in 0.05..4.0_f64,
        size in 2..30_u64,
    ) {
        let ticks = |list: &[(i64, u64, f64)]| -> Vec<Tick> {
            list.iter().map(|&(m, n, share)| tick(m, n, (n as f64 * share) as u64)).collect()
        };
        let (a, b) = (ticks(&a), ticks(&b));
        let sum = |ticks: &[Tick]| ticks.iter().fold((0, 0), |(n, s), t| (n + t.n, s + t.successes));
        for pairing in [Pairing::Concurrent, Pairing::Historical, Pairing::None] {
            let series = build_series(&a, &b, None, RateCount::default(), pairing, ratio, size);
            let all = series.settled.iter().fold(Outcomes::default(), |all, block| all.merged(*block));
            prop_assert!(all.n_a <= sum(&a).0 && all.s_a <= sum(&a).1);
            prop_assert!(all.n_b <= sum(&b).0 && all.s_b <= sum(&b).1);
            // A minute that is split may leave a part some outcomes short.
            let full = |block: &Outcomes| pairing == Pairing::Concurrent || block.total() >= size;
            prop_assert!(series.settled.iter().all(full));
            prop_assert!(series.settled.iter().all(|block| block.s_a <= block.n_a && block.s_b <= block.n_b));
        }
    }

    #[test]
    fn block_sizes_do_not_look_at_outcomes(
        list in prop::collection::vec((0..500_i64, 1..40_u64, 0.0..=1.0_f64, 0.0..=1.0_f64), 1..30),
        ratio in 0.05..4.0_f64,
    ) {
        let ticks = |which: fn(&(i64, u64, f64, f64)) -> f64| -> Vec<Tick> {
            list.iter().map(|t| tick(t.0, t.1, (t.1 as f64 * which(t)) as u64)).collect()
        };
        let (one, other) = (ticks(|t| t.2), ticks(|t| t.3));
        for pairing in [Pairing::Concurrent, Pairing::Historical] {
            let sizes = |ticks: &[Tick]| -> Vec<(u64, u64)> {
                blocks(ticks, ticks, pairing, ratio).0.iter().map(|block| (block.n_a, block.n_b)).collect()
            };
            prop_assert_eq!(sizes(&one), sizes(&other));
        }
    }
}

#[test]
fn hours_are_whole() {
    assert_eq!(Timestamp::from_micros(HOUR + 1).floor_to(HOUR), Timestamp::from_micros(HOUR));
}
