//! Checks on amounts, ratios and quantiles as a gate reads them, from runs to words.

use std::collections::BTreeMap;

use seatrial_domain::evidence::{FreezeInput, freeze};
use seatrial_domain::gate::{AmountUnit, CheckResult, CheckVerdict, Recommendation, Verdict, evaluate};
use seatrial_domain::run::{Rescue, RunFacts};
use seatrial_domain::scorecard::{Check, Criterion, Scope, Statistic};
use seatrial_domain::signal::Signal;

use crate::support::Draw;
use crate::support::bundle::{input, key_check, run, scorecard};

/// Runs with a cost in units, a duration in seconds and a success rate; amounts are exponential.
fn runs(n: usize, cost: f64, seconds: f64, rate: f64, seed: u64) -> Vec<RunFacts> {
    let mut draw = Draw::new(seed);
    let mut exponential = |mean: f64| -mean * (1.0 - draw.unit()).ln();
    let amounts: Vec<(f64, f64)> = (0..n).map(|_| (exponential(cost), exponential(seconds))).collect();
    let mut draw = Draw::new(seed + 1_000);
    amounts
        .into_iter()
        .map(|(cost, seconds)| {
            let mut facts = run(draw.hit(rate) == 1);
            facts.cost_nanos = Some((1e9 * cost) as i64);
            facts.ended_at = Some(facts.started_at.plus_micros((1e6 * seconds) as i64));
            facts.trusted_at = facts.ended_at;
            facts
        })
        .collect()
}

fn check(signal: Signal, statistic: Option<Statistic>, criterion: Criterion) -> Check {
    Check { statistic, criterion, ..key_check(signal) }
}

fn asked(a: &[RunFacts], b: &[RunFacts], check: Check) -> FreezeInput {
    input(a, b, scorecard(vec![check], &[]))
}

fn told(input: &FreezeInput) -> Recommendation {
    let bundle = freeze(input);
    assert!(input.scorecard.as_ref().is_some_and(|card| card.validate().is_ok()), "the scorecard stands");
    evaluate(&bundle)
}

fn first(input: &FreezeInput) -> CheckResult {
    told(input).checks.remove(0)
}

const NOT_WORSE: Criterion = Criterion::NotWorseThanBaseline { margin: Some(0.1) };

#[test]
fn cost_per_success_ships_when_cheaper_and_holds_when_dearer() {
    let a = runs(800, 0.20, 30.0, 0.8, 1);
    let cheaper = told(&asked(&a, &runs(800, 0.12, 30.0, 0.8, 2), check(Signal::CostPerSuccess, None, NOT_WORSE)));
    assert_eq!((cheaper.verdict, cheaper.checks[0].verdict), (Verdict::Ship, CheckVerdict::Pass));
    let amount = cheaper.checks[0].figures.amount.as_ref().expect("an amount");
    assert_eq!(amount.unit, AmountUnit::Currency);
    assert!(amount.change.expect("both") < -0.3 && amount.change_interval.expect("both").high < 0.0);
    let text = &cheaper.checks[0].text;
    assert!(text.starts_with("cost_per_success passes (not worse than the baseline by 10 %): 0.1"), "{text}");
    let dearer = told(&asked(&a, &runs(800, 0.32, 30.0, 0.8, 3), check(Signal::CostPerSuccess, None, NOT_WORSE)));
    assert_eq!((dearer.verdict, dearer.checks[0].verdict), (Verdict::Hold, CheckVerdict::Fail));
    // As dear a run but fewer successes: what one success costs goes up, and the gate sees it.
    let fewer = first(&asked(&a, &runs(800, 0.20, 30.0, 0.5, 4), check(Signal::CostPerSuccess, None, NOT_WORSE)));
    assert_eq!(fewer.verdict, CheckVerdict::Fail);
}

#[test]
fn rescue_labour_is_part_of_the_cost() {
    let rescued = |runs: Vec<RunFacts>, every: usize| -> Vec<RunFacts> {
        let rescue = || Rescue { at: None, by: None, seconds: Some(600), reason: None };
        let with = |(i, mut facts): (usize, RunFacts)| {
            facts.rescues = Some(if i % every == 0 { vec![rescue()] } else { Vec::new() });
            facts
        };
        runs.into_iter().enumerate().map(with).collect()
    };
    let a = rescued(runs(600, 0.20, 30.0, 0.8, 5), 20);
    let b = rescued(runs(600, 0.20, 30.0, 0.8, 6), 4);
    let mut given = asked(&a, &b, check(Signal::CostPerSuccess, None, NOT_WORSE));
    given.labour_nanos_per_hour = 60_000_000_000;
    let with = first(&given);
    assert_eq!(with.verdict, CheckVerdict::Fail);
    let figure = with.figures.amount.expect("an amount").candidate;
    // 150 rescues of ten minutes at 60 an hour are 1,500; the runs themselves cost some 120.
    let successes = b.iter().filter(|facts| facts.successful()).count() as f64;
    let cost: f64 = b.iter().map(|facts| facts.cost_nanos.expect("a cost") as f64 / 1e9).sum();
    let expected = (cost + 150.0 * 10.0) / successes;
    assert!((figure.value.expect("a figure") / expected - 1.0).abs() < 1e-6);
    assert!(figure.interval.is_some_and(|interval| interval.low < expected && expected < interval.high));
    let minutes = first(&asked(&a, &b, check(Signal::RescueMinutes, None, NOT_WORSE)));
    assert_eq!(minutes.verdict, CheckVerdict::Fail);
    assert!((minutes.figures.amount.expect("an amount").candidate.value.expect("a figure") - 250.0).abs() < 1e-6);
}

/// Runs that a person spent some minutes on, every so many of them; the rest nobody rescued.
fn rescued(n: usize, minutes: f64, every: usize, seed: u64) -> Vec<RunFacts> {
    let mut draw = Draw::new(seed + 2_000);
    let with = |(i, mut facts): (usize, RunFacts)| {
        let seconds = (60.0 * minutes * (0.5 + draw.unit())) as i64;
        let rescue = Rescue { at: None, by: None, seconds: Some(seconds), reason: None };
        facts.rescues = Some(if i % every == 0 { vec![rescue] } else { Vec::new() });
        facts
    };
    runs(n, 0.2, 30.0, 0.8, seed).into_iter().enumerate().map(with).collect()
}

/// As [`asked`], where of the candidate only the first `settled` runs have settled yet; the others have concluded.
fn young(a: &[RunFacts], b: &[RunFacts], settled: usize, check: Check) -> FreezeInput {
    let mut given = asked(a, b, check);
    given.candidate.all.settled.truncate(settled);
    given
}

#[test]
fn minutes_of_rescue_of_concluded_runs_are_harm_at_once() {
    let a = rescued(600, 6.0, 10, 31);
    let minutes = || check(Signal::RescueMinutes, None, NOT_WORSE);
    // Three times the minutes, and nothing but 40 runs has settled: a mean of settled runs would say nothing below 100.
    let worse = young(&a, &rescued(600, 18.0, 10, 32), 40, minutes());
    let found = first(&worse);
    assert_eq!(found.verdict, CheckVerdict::Fail, "{}", found.text);
    assert!(found.figures.ln_e_rollback >= 20.0_f64.ln(), "{}", found.text);
    assert_eq!(
        found.figures.amount.as_ref().map(|amount| amount.candidate.n),
        Some(40),
        "the figure is of settled runs"
    );
    // Good news waits: as many concluded runs with a third of the minutes pass nothing before they settle.
    let better = young(&a, &rescued(600, 2.0, 10, 33), 40, minutes());
    let found = first(&better);
    assert_eq!(found.verdict, CheckVerdict::Inconclusive, "{}", found.text);
    assert_eq!(
        first(&asked(&a, &rescued(600, 2.0, 10, 33), minutes())).verdict,
        CheckVerdict::Pass,
        "settled, they do"
    );
    // What late facts can move either way waits for both: cost is no harm before it settles.
    let dear: Vec<RunFacts> = runs(600, 0.9, 30.0, 0.8, 34);
    let cost = young(&runs(600, 0.2, 30.0, 0.8, 35), &dear, 40, check(Signal::CostPerRun, None, NOT_WORSE));
    assert_eq!(first(&cost).verdict, CheckVerdict::Inconclusive);
}

#[test]
fn minutes_of_rescue_that_did_not_grow_are_no_harm_however_often_one_looks() {
    // The same minutes in both arms, looked at after every ten concluded runs, none of them settled.
    let false_alarms = (0..60).filter(|seed| {
        let (a, b) = (rescued(400, 6.0, 10, 100 + seed), rescued(400, 6.0, 10, 900 + seed));
        let all = young(&a, &b, 0, check(Signal::RescueMinutes, None, NOT_WORSE));
        first(&all).figures.ln_e_rollback >= 20.0_f64.ln()
    });
    let n = false_alarms.count();
    assert!(n <= 6, "{n} of 60 where 5 % are allowed: the running maximum over all looks");
}

#[test]
fn a_short_baseline_is_said_and_not_judged() {
    // As in the recorded night of beebot: far cheaper, but 92 runs of the baseline are below the burn-in.
    let given = asked(
        &runs(92, 0.213, 60.0, 0.67, 7),
        &runs(385, 0.053, 80.0, 0.70, 8),
        check(Signal::CostPerRun, None, NOT_WORSE),
    );
    let told = told(&given);
    assert_eq!((told.verdict, told.checks[0].verdict), (Verdict::CollectMoreEvidence, CheckVerdict::Inconclusive));
    let text = &told.checks[0].text;
    assert!(
        text.contains("the baseline has 92 settled runs where it is known, and a mean is judged from 100 on"),
        "{text}"
    );
    assert!(told.gaps.iter().any(|gap| gap.text.contains("92") && gap.text.contains("100")), "{:?}", told.gaps);
}

#[test]
fn too_few_successes_are_unbounded_and_said_to_be() {
    let a = runs(300, 0.2, 30.0, 0.004, 9);
    let b = runs(300, 0.2, 30.0, 0.8, 10);
    let found = first(&asked(&a, &b, check(Signal::CostPerSuccess, None, NOT_WORSE)));
    assert_eq!(found.verdict, CheckVerdict::Inconclusive);
    assert!(found.figures.amount.as_ref().is_some_and(|amount| amount.baseline.is_some_and(|a| a.unbounded)));
    assert!(found.text.contains("unbounded: too few successes to divide by"), "{}", found.text);
}

#[test]
fn latency_p95_against_a_bound_and_the_baseline() {
    // The 95th percentile of an exponential is three times its mean.
    let (a, b) = (runs(2_500, 0.2, 10.0, 0.9, 11), runs(2_500, 0.2, 10.0, 0.9, 12));
    let at_most = |value| check(Signal::Latency, None, Criterion::AtMost { value });
    assert_eq!(first(&asked(&a, &b, at_most(40.0))).verdict, CheckVerdict::Pass);
    assert_eq!(first(&asked(&a, &b, at_most(20.0))).verdict, CheckVerdict::Fail);
    assert_eq!(first(&asked(&a, &b, at_most(30.0))).verdict, CheckVerdict::Inconclusive);
    let wide = Criterion::NotWorseThanBaseline { margin: Some(0.5) };
    let same = first(&asked(&a, &b, check(Signal::Latency, None, wide)));
    assert_eq!(same.verdict, CheckVerdict::Pass, "{}", same.text);
    assert!(same.text.starts_with("latency p95 passes (not worse than the baseline by 50 %)"), "{}", same.text);
    let slow = runs(2_500, 0.2, 20.0, 0.9, 13);
    assert_eq!(first(&asked(&a, &slow, check(Signal::Latency, None, wide))).verdict, CheckVerdict::Fail);
    let p50 = check(Signal::TimeToTrust, Some(Statistic::P50), wide);
    assert_eq!(first(&asked(&a, &slow, p50)).verdict, CheckVerdict::Fail);
}

#[test]
fn runs_still_open_count_as_not_yet_done() {
    let (a, b) = (runs(400, 0.2, 10.0, 0.9, 14), runs(600, 0.2, 10.0, 0.9, 15));
    let mut given = asked(&a, &b, check(Signal::Latency, None, Criterion::AtMost { value: 45.0 }));
    assert_eq!(first(&given).verdict, CheckVerdict::Pass);
    // Forty that began yesterday and have not ended are 40 of 640 above any bound: more than one in twenty.
    given.candidate.open = vec![(given.as_of.plus_days(-1), 40), (given.as_of.plus_micros(-1_000_000), 500)];
    let held = first(&given);
    assert_eq!(held.figures.amount.as_ref().map(|amount| amount.open), Some(40));
    assert!(held.text.contains("40 runs still open count as not yet done"), "{}", held.text);
    let mut all_open = given.clone();
    all_open.candidate.open = vec![(given.as_of.plus_days(-1), 400)];
    assert_ne!(first(&all_open).verdict, CheckVerdict::Fail, "a fail rests on what is known");
}

#[test]
fn amounts_within_a_margin_and_scores() {
    let (a, b) = (runs(3_000, 0.2, 10.0, 0.9, 16), runs(3_000, 0.2, 10.0, 0.9, 17));
    let within = |margin| check(Signal::CostPerRun, None, Criterion::WithinBaseline { margin: Some(margin) });
    assert_eq!(first(&asked(&a, &b, within(0.25))).verdict, CheckVerdict::Pass);
    let half = runs(3_000, 0.1, 10.0, 0.9, 18);
    assert_eq!(first(&asked(&a, &half, within(0.25))).verdict, CheckVerdict::Fail);
    let scored = |mean: f64, seed: u64| -> Vec<RunFacts> {
        let mut draw = Draw::new(seed);
        let mut with = |mut facts: RunFacts| {
            facts.scores.insert("helpful".to_owned(), (mean + 0.2 * (draw.unit() - 0.5)).clamp(0.0, 1.0));
            facts
        };
        runs(400, 0.2, 10.0, 0.9, seed).into_iter().map(&mut with).collect()
    };
    let score = || check(Signal::Score("helpful".to_owned()), None, NOT_WORSE);
    assert_eq!(first(&asked(&scored(0.7, 19), &scored(0.72, 20), score())).verdict, CheckVerdict::Pass);
    assert_eq!(first(&asked(&scored(0.7, 21), &scored(0.5, 22), score())).verdict, CheckVerdict::Fail);
    let floor = check(Signal::Score("helpful".to_owned()), None, Criterion::AtLeast { value: 0.6 });
    assert_eq!(first(&asked(&scored(0.7, 23), &scored(0.72, 24), floor)).verdict, CheckVerdict::Pass);
}

#[test]
fn a_segment_that_gets_dearer_is_found() {
    let of = |tier: &str, n, cost, seed| -> Vec<RunFacts> {
        let mut runs = runs(n, cost, 10.0, 0.9, seed);
        for facts in &mut runs {
            facts.segments = BTreeMap::from([("tier".to_owned(), tier.to_owned())]);
        }
        runs
    };
    let mixed = |parts: [Vec<RunFacts>; 2], seed| {
        let mut all = parts.concat();
        Draw::new(seed).shuffle(&mut all);
        all
    };
    let a = mixed([of("gold", 400, 0.2, 25), of("free", 1_600, 0.2, 26)], 1);
    let b = mixed([of("gold", 400, 0.6, 27), of("free", 1_600, 0.1, 28)], 2);
    let mut card = scorecard(vec![check(Signal::CostPerRun, None, NOT_WORSE)], &["tier"]);
    card.checks[0].scope = Scope::Dimension { name: "tier".to_owned() };
    let told = told(&input(&a, &b, card));
    assert_eq!((told.verdict, told.checks[0].verdict), (Verdict::Hold, CheckVerdict::Fail));
    let gold = told.checks[0].segments.iter().find(|s| s.segment.value == "gold").expect("there");
    assert_eq!(gold.verdict, CheckVerdict::Fail);
    assert!(told.checks[0].text.contains("tier = gold fails"), "{}", told.checks[0].text);
}

#[test]
fn a_frozen_amount_is_read_back_to_the_same_bytes() {
    let (a, b) = (runs(300, 0.2, 10.0, 0.9, 29), runs(280, 0.21, 11.0, 0.9, 30));
    let checks = vec![
        check(Signal::CostPerSuccess, None, NOT_WORSE),
        check(Signal::Latency, None, Criterion::AtMost { value: 45.0 }),
    ];
    let bundle = freeze(&input(&a, &b, scorecard(checks, &[])));
    let bytes = bundle.canonical_bytes().expect("canonical");
    let value = seatrial_domain::canonical::parse_strict(&bytes).expect("JSON");
    let again: seatrial_domain::evidence::EvidenceBundle =
        seatrial_domain::canonical::from_value(&value).expect("a bundle");
    assert_eq!(again, bundle);
    assert_eq!(again.digest(), bundle.digest());
    assert_eq!(evaluate(&again).canonical_bytes(), evaluate(&bundle).canonical_bytes());
}

/// Runs of two tiers, so many of each, gold ones three times as dear and slow.
fn tiers(gold: usize, free: usize, times: f64, seed: u64) -> Vec<RunFacts> {
    let of = |tier: &str, n, of_tier: f64, seed| {
        let mut runs = runs(n, 0.1 * of_tier * times, 5.0 * of_tier * times, 0.9, seed);
        for facts in &mut runs {
            facts.segments = BTreeMap::from([("tier".to_owned(), tier.to_owned())]);
        }
        runs
    };
    let mut all = [of("gold", gold, 3.0, seed), of("free", free, 1.0, seed + 100)].concat();
    Draw::new(seed).shuffle(&mut all);
    all
}

#[test]
fn a_mix_that_gets_cheaper_does_not_carry_an_amount_past_its_segments() {
    let a = tiers(1_000, 1_000, 1.0, 41);
    let amounts = [(Signal::CostPerRun, None), (Signal::CostPerSuccess, None), (Signal::Latency, Some(Statistic::P95))];
    for (signal, statistic) in amounts {
        let card = || scorecard(vec![check(signal.clone(), statistic, NOT_WORSE)], &["tier"]);
        // Cheaper in every tier, at the same mix: overall and standardised pass.
        let cheaper = told(&input(&a, &tiers(1_000, 1_000, 0.6, 43), card()));
        let dimension = &cheaper.checks[0].dimensions[0];
        assert_eq!(dimension.standardised, Some(CheckVerdict::Pass), "{signal}: {}", cheaper.checks[0].text);
        assert_eq!((cheaper.verdict, cheaper.checks[0].verdict), (Verdict::Ship, CheckVerdict::Pass), "{signal}");
        // Dearer in each tier, and far less of the dear one: the blend passes, and the check fails.
        let shifted = told(&input(&a, &tiers(200, 1_800, 1.4, 45), card()));
        let check = &shifted.checks[0];
        assert!(check.figures.ln_e_ship > 3.0, "{signal}: the blend alone would pass: {}", check.text);
        // A quantile takes more runs to fail than these; it does not pass.
        let quantile = signal == Signal::Latency;
        let wanted = if quantile { CheckVerdict::Inconclusive } else { CheckVerdict::Fail };
        assert_eq!(check.dimensions[0].standardised, Some(wanted), "{signal}: {}", check.text);
        let answer = if quantile { Verdict::CollectMoreEvidence } else { Verdict::Hold };
        assert_eq!((shifted.verdict, check.verdict), (answer, wanted), "{signal}");
        let said =
            if quantile { "unchanged mix of segments is not settled" } else { "worse at an unchanged mix of tier" };
        assert!(check.text.contains(said), "{signal}: {}", check.text);
    }
}

#[test]
fn an_amount_waits_until_its_standardised_comparison_is_settled() {
    // The whole passes by its mix; within the tiers nothing changed, and that is not yet shown.
    let a = tiers(300, 300, 1.0, 47);
    let card = scorecard(vec![check(Signal::CostPerRun, None, NOT_WORSE)], &["tier"]);
    let told = told(&input(&a, &tiers(60, 540, 1.0, 49), card));
    let check = &told.checks[0];
    assert!(check.figures.ln_e_ship > 3.0, "{}", check.text);
    assert_eq!(check.dimensions[0].standardised, Some(CheckVerdict::Inconclusive));
    assert_eq!((told.verdict, check.verdict), (Verdict::CollectMoreEvidence, CheckVerdict::Inconclusive));
    assert!(check.text.contains("the comparison at an unchanged mix of segments is not settled"), "{}", check.text);
}

#[test]
fn an_amount_against_a_bound_has_nothing_to_standardise() {
    let ceiling = check(Signal::CostPerRun, None, Criterion::AtMost { value: 1.0 });
    let given = input(&tiers(200, 200, 1.0, 51), &tiers(200, 200, 1.0, 53), scorecard(vec![ceiling], &["tier"]));
    let told = told(&given);
    assert_eq!(told.checks[0].dimensions[0].standardised, None);
    assert_eq!(told.checks[0].verdict, CheckVerdict::Pass);
}
