//! Composition: which evidence makes which recommendation, and in which words.

use std::collections::BTreeMap;

use seatrial_domain::access::Actor;
use seatrial_domain::evidence::{FreezeInput, freeze};
use seatrial_domain::gap::{GapKind, NextStepKind};
use seatrial_domain::gate::{CheckVerdict, EvidenceClass, ReasonKind, Recommendation, Verdict, evaluate};
use seatrial_domain::ids::{ExemptionId, uuid_v7};
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::RunFacts;
use seatrial_domain::scorecard::{
    CheckRole, Criterion, Exemption, FreshnessReason, FreshnessReasonKind, FreshnessState, SegmentRef,
};
use seatrial_domain::signal::Signal;

use crate::support::Draw;
use crate::support::bundle::{input, key_check, owner, run, scorecard};

/// Runs of which every so many fail, spread evenly.
pub(crate) fn runs(n: usize, failures: usize) -> Vec<RunFacts> {
    (0..n).map(|i| run((i * failures / n) == ((i + 1) * failures / n))).collect()
}

pub(crate) fn of_tier(tier: &str, n: usize, failures: usize) -> Vec<RunFacts> {
    let mut runs = runs(n, failures);
    for facts in &mut runs {
        facts.segments = BTreeMap::from([("tier".to_owned(), tier.to_owned())]);
    }
    runs
}

pub(crate) fn mixed(tiers: &[(&str, usize, usize)], seed: u64) -> Vec<RunFacts> {
    let mut all: Vec<RunFacts> = tiers.iter().flat_map(|&(tier, n, failures)| of_tier(tier, n, failures)).collect();
    Draw::new(seed).shuffle(&mut all);
    all
}

pub(crate) fn good() -> FreezeInput {
    input(&runs(600, 60), &runs(600, 50), scorecard(vec![key_check(Signal::SuccessRate)], &[]))
}

pub(crate) fn told(input: &FreezeInput) -> Recommendation {
    evaluate(&freeze(input))
}

#[test]
fn good_evidence_ships() {
    let told = told(&good());
    assert_eq!((told.verdict, told.next_step.clone()), (Verdict::Ship, None));
    assert_eq!(told.reasons[0].kind, ReasonKind::Historical);
    let text = &told.reasons.last().expect("a reason").text;
    assert!(text.starts_with("success_rate passes (not worse than the baseline by 5 points): 91.7 % (550 of 600) against 90.0 % (540 of 600), +1.7 points"), "{text}");
    assert_eq!(told.checks[0].evidence_class, EvidenceClass::Gate);
}

#[test]
fn a_key_failure_holds_a_candidate_and_rolls_a_live_release_back() {
    let mut bad = input(&runs(600, 60), &runs(600, 150), scorecard(vec![key_check(Signal::SuccessRate)], &[]));
    let held = told(&bad);
    assert_eq!((held.verdict, held.reasons[0].kind), (Verdict::Hold, ReasonKind::KeyFails));
    bad.release.state = ReleaseState::Live;
    let rolled = told(&bad);
    assert_eq!(rolled.verdict, Verdict::Rollback);
    assert!(rolled.next_step.expect("a step").text.contains("take it back"));
}

#[test]
fn roles_weigh_differently() {
    let with = |role| {
        let mut second = key_check(Signal::ToolErrorRate);
        second.role = role;
        let worse = |errors: i64| {
            move |(i, mut facts): (usize, RunFacts)| {
                facts.tool_errors = Some(i64::from((i as i64) % 10 < errors));
                facts
            }
        };
        let a: Vec<RunFacts> = runs(600, 60).into_iter().enumerate().map(worse(1)).collect();
        let b: Vec<RunFacts> = runs(600, 50).into_iter().enumerate().map(worse(5)).collect();
        told(&input(&a, &b, scorecard(vec![key_check(Signal::SuccessRate), second], &[]))).verdict
    };
    assert_eq!(with(CheckRole::Key), Verdict::Hold);
    assert_eq!(with(CheckRole::Standard), Verdict::Hold);
    assert_eq!(with(CheckRole::Info), Verdict::Ship);
}

#[test]
fn a_regression_inside_the_margin_is_a_conflict_for_a_person() {
    let mut card = scorecard(vec![key_check(Signal::SuccessRate)], &[]);
    card.checks[0].criterion = Criterion::NotWorseThanBaseline { margin: Some(0.2) };
    let told = told(&input(&runs(2_000, 200), &runs(2_000, 400), card));
    assert_eq!((told.checks[0].verdict, told.verdict), (CheckVerdict::Conflict, Verdict::Hold));
    assert_eq!(told.next_step.expect("a step").kind, NextStepKind::ClearerGate);
}

#[test]
fn too_little_evidence_is_an_answer() {
    let card = || scorecard(vec![key_check(Signal::SuccessRate)], &[]);
    // However clear it looks, below the floor nothing is said.
    let few = told(&input(&runs(600, 300), &runs(49, 0), card()));
    assert_eq!((few.verdict, few.checks[0].verdict), (Verdict::CollectMoreEvidence, CheckVerdict::Inconclusive));
    assert_eq!(few.checks[0].further_runs.as_ref().expect("a number").runs, Some(1));
    assert_eq!(few.gaps[0].kind, GapKind::TooFewRuns);
    let early = told(&input(&runs(600, 60), &runs(80, 7), card()));
    assert_eq!(early.verdict, Verdict::CollectMoreEvidence);
    let further = early.checks[0].further_runs.clone().expect("a number");
    assert!(further.runs.is_some_and(|runs| (10..2_000).contains(&runs)), "{further:?}");
    assert_eq!(early.checks[0].evidence_class, EvidenceClass::TooVague);
    assert_eq!(early.next_step.expect("a step").kind, NextStepKind::SmallerPilot);
}

#[test]
fn nothing_ships_when_evidence_is_missing() {
    type Change = fn(&mut FreezeInput);
    let cases: [(&str, Change, Verdict); 8] = [
        ("no scorecard", |given| given.scorecard = None, Verdict::CollectMoreEvidence),
        ("no checks", |given| given.scorecard.as_mut().expect("one").checks.clear(), Verdict::CollectMoreEvidence),
        (
            "no key check",
            |given| given.scorecard.as_mut().expect("one").checks[0].role = CheckRole::Standard,
            Verdict::CollectMoreEvidence,
        ),
        ("no baseline", |given| given.baseline = None, Verdict::CollectMoreEvidence),
        ("nobody reports rescues", |given| given.observes.clear(), Verdict::CollectMoreEvidence),
        ("freshness unknown", |given| given.freshness = None, Verdict::CollectMoreEvidence),
        ("no owner", |given| given.scorecard.as_mut().expect("one").owner = None, Verdict::Hold),
        (
            "stale",
            |given| {
                let fresh = given.freshness.as_mut().expect("one");
                fresh.state = FreshnessState::Stale;
                let text = "Its review every 30 days is overdue by 2 days.".to_owned();
                fresh.reasons = vec![FreshnessReason { kind: FreshnessReasonKind::ReviewOverdue, text, since: None }];
            },
            Verdict::Hold,
        ),
    ];
    for (name, change, expected) in cases {
        let mut given = good();
        change(&mut given);
        let told = told(&given);
        assert_eq!(told.verdict, expected, "{name}");
        assert!(told.next_step.is_some(), "{name}");
        assert!(!told.reasons.is_empty(), "{name}");
    }
}

#[test]
fn an_unowned_gap_keeps_a_release_from_shipping() {
    let mut given = good();
    // Both arms lose as many outcomes: that is a gap, and flatters neither.
    for arm in [&mut given.candidate, &mut given.against] {
        (arm.totals.closed, arm.totals.unknown_outcome) = (800, 200);
    }
    assert_eq!(told(&given).verdict, Verdict::Ship);
    given.default_gap_owner = None;
    let unowned = told(&given);
    assert_eq!(unowned.verdict, Verdict::Hold);
    assert_eq!(unowned.next_step.expect("a step").kind, NextStepKind::BetterMeasurement);
    assert!(unowned.reasons.iter().any(|r| r.text.contains("200 of 800 closed runs (25.0 %) is unknown")));
    given.gap_owners.insert("unknown_outcomes".to_owned(), owner());
    assert_eq!(told(&given).verdict, Verdict::Ship);
}

#[test]
fn a_pass_has_to_hold_with_unknown_outcomes_as_failures() {
    let mut given = good();
    given.candidate.totals.closed = 660;
    given.candidate.totals.unknown_outcome = 60;
    let told = self::told(&given);
    let check = &told.checks[0];
    assert_eq!((told.verdict, check.verdict), (Verdict::CollectMoreEvidence, CheckVerdict::Inconclusive));
    assert!(check.text.contains("the outcomes of 60 runs beyond the baseline's share are unknown"), "{}", check.text);
    assert!(check.further_runs.as_ref().is_some_and(|further| further.text.starts_with("More runs do not settle it")));
    // Where even the worst case lies inside the bound, more runs do settle it.
    (given.candidate.totals.closed, given.candidate.totals.unknown_outcome) = (625, 25);
    let told = self::told(&given);
    let further = told.checks[0].further_runs.as_ref().expect("they are given");
    assert_eq!((told.checks[0].verdict, further.toward), (CheckVerdict::Inconclusive, Some(CheckVerdict::Pass)));
    assert!(
        further.runs.is_some_and(|runs| runs > 0) && further.text.contains("although outcomes are unknown"),
        "{further:?}"
    );
    // A few are not enough to turn it.
    (given.candidate.totals.closed, given.candidate.totals.unknown_outcome) = (601, 1);
    assert_eq!(self::told(&given).verdict, Verdict::Ship);
}

#[test]
fn an_unverified_signal_carries_no_verdict() {
    let mut bad = input(&runs(600, 60), &runs(600, 300), scorecard(vec![key_check(Signal::SuccessRate)], &[]));
    bad.observes.clear();
    let told = told(&bad);
    assert_eq!((told.verdict, told.checks[0].verdict), (Verdict::CollectMoreEvidence, CheckVerdict::Inconclusive));
    assert_eq!(told.checks[0].evidence_class, EvidenceClass::TooVague);
    assert!(told.checks[0].text.contains("unverified"));
}

#[test]
fn a_segment_that_gets_worse_holds_what_improves_overall() {
    let a = mixed(&[("gold", 200, 20), ("free", 600, 180)], 1);
    let b = mixed(&[("gold", 200, 110), ("free", 600, 20)], 2);
    let told = told(&input(&a, &b, scorecard(vec![key_check(Signal::SuccessRate)], &["tier"])));
    assert_eq!((told.verdict, told.checks[0].verdict), (Verdict::Hold, CheckVerdict::Fail));
    let gold = told.checks[0].segments.iter().find(|s| s.segment.value == "gold").expect("there");
    assert_eq!(gold.verdict, CheckVerdict::Fail);
    let said = told.reasons.iter().find(|reason| reason.kind == ReasonKind::Misleading).expect("said");
    assert!(said.text.contains("improves overall") && said.text.contains("tier = gold"), "{}", said.text);
    assert!(told.next_step.expect("a step").text.contains("tier = gold"));
}

#[test]
fn simpsons_paradox_does_not_ship() {
    // Each tier six points worse; the mix moves to the easy one, so the whole looks better.
    let a = mixed(&[("easy", 600, 30), ("hard", 2_400, 960)], 3);
    let b = mixed(&[("easy", 2_400, 264), ("hard", 600, 276)], 4);
    let told = told(&input(&a, &b, scorecard(vec![key_check(Signal::SuccessRate)], &["tier"])));
    assert!(told.checks[0].figures.difference.expect("both") > 0.1);
    assert_ne!(told.verdict, Verdict::Ship);
    let dimension = &told.checks[0].dimensions[0];
    assert!((dimension.within.expect("split") + 0.06).abs() < 1e-6, "{dimension:?}");
    assert!(dimension.misleading.as_ref().expect("said").contains("within tier it is -6.0 points"));
}

#[test]
fn required_segments_must_pass_and_thin_ones_are_unproved() {
    let a = mixed(&[("gold", 20, 2), ("free", 600, 60)], 5);
    let b = mixed(&[("gold", 20, 2), ("free", 600, 40)], 6);
    let mut card = scorecard(vec![key_check(Signal::SuccessRate)], &["tier"]);
    let thin = told(&input(&a, &b, card.clone()));
    assert_eq!(thin.verdict, Verdict::Ship);
    let unproved = thin.reasons.iter().find(|reason| reason.kind == ReasonKind::Unproved).expect("said");
    assert_eq!(unproved.text, "success_rate: unproved, not passed, in tier = gold.");
    for value in ["gold", "never seen"] {
        card.required_segments = vec![SegmentRef { dimension: "tier".to_owned(), value: value.to_owned() }];
        let told = told(&input(&a, &b, card.clone()));
        assert_eq!(told.verdict, Verdict::CollectMoreEvidence, "{value}");
        assert!(told.checks[0].text.contains(&format!("the required segment tier = {value} is unproved")));
    }
}

#[test]
fn floors_ceilings_and_bands() {
    let with = |criterion, failures| {
        let mut card = scorecard(vec![key_check(Signal::SuccessRate)], &[]);
        card.checks[0].criterion = criterion;
        told(&input(&runs(1_500, 150), &runs(1_500, failures), card)).checks[0].verdict
    };
    assert_eq!(with(Criterion::Floor { rate: 0.85 }, 150), CheckVerdict::Pass);
    assert_eq!(with(Criterion::Floor { rate: 0.85 }, 320), CheckVerdict::Fail);
    assert_eq!(with(Criterion::Floor { rate: 0.9 }, 150), CheckVerdict::Inconclusive);
    assert_eq!(with(Criterion::WithinBaseline { margin: Some(0.08) }, 150), CheckVerdict::Pass);
    assert_eq!(with(Criterion::WithinBaseline { margin: Some(0.05) }, 450), CheckVerdict::Fail);
    assert_eq!(with(Criterion::WithinBaseline { margin: Some(0.05) }, 0), CheckVerdict::Fail);
    let mut card = scorecard(vec![key_check(Signal::HighCostFailureRate)], &[]);
    card.checks[0].criterion = Criterion::Ceiling { rate: 0.01 };
    // None in n is no proof of none: under one per cent takes some hundreds of clean runs.
    let after = |n| told(&input(&runs(600, 0), &runs(n, 0), card.clone())).checks[0].verdict;
    assert_eq!((after(250), after(1_500)), (CheckVerdict::Inconclusive, CheckVerdict::Pass));
}

#[test]
fn harm_does_not_wait_for_runs_to_settle() {
    let mut young = input(&runs(600, 60), &runs(600, 300), scorecard(vec![key_check(Signal::SuccessRate)], &[]));
    young.candidate.all.settled.clear();
    let told = told(&young);
    assert_eq!((told.verdict, told.checks[0].verdict), (Verdict::Hold, CheckVerdict::Fail));
    let mut good = good();
    good.candidate.all.settled.clear();
    assert_eq!(evaluate(&freeze(&good)).verdict, Verdict::CollectMoreEvidence);
}

#[test]
fn an_exemption_lifts_a_block_and_never_counts_as_a_pass() {
    let actor = |name: &str| Actor::account(name, name);
    let exempt = |given: &mut FreezeInput, check: &str, days: i64| {
        given.exemptions.push(Exemption {
            id: ExemptionId::from_uuid(uuid_v7(1, [7; 10])),
            check: check.to_owned(),
            reason: "The help desk moves this month.".to_owned(),
            requested_by: actor("Ana"),
            approved_by: Some(actor("Ben")),
            expires_at: given.as_of.plus_days(days),
            ended_at: None,
        });
    };
    let mut given = input(&runs(600, 60), &runs(600, 150), scorecard(vec![key_check(Signal::SuccessRate)], &[]));
    given.release.state = ReleaseState::Live;
    let key = given.scorecard.as_ref().expect("one").checks[0].key.clone();
    assert_eq!(told(&given).verdict, Verdict::Rollback);
    exempt(&mut given, &key, 10);
    // The only key check is exempted: nothing is shown at all.
    let exempted = told(&given);
    assert_eq!(exempted.verdict, Verdict::CollectMoreEvidence);
    assert_eq!(exempted.checks[0].verdict, CheckVerdict::Fail, "what the check says is kept");
    let reason = exempted.reasons.iter().find(|reason| reason.kind == ReasonKind::Exempted).expect("a reason");
    assert!(reason.text.starts_with("Not a pass: ") && reason.text.contains("approved by Ben"), "{}", reason.text);

    // A second key check passes: the failing one no longer blocks, and still keeps the release from shipping.
    let mut floor = key_check(Signal::SuccessRate);
    (floor.key, floor.criterion) = ("floor".to_owned(), Criterion::Floor { rate: 0.5 });
    given.scorecard.as_mut().expect("one").checks.push(floor);
    let held = told(&given);
    assert_eq!(held.verdict, Verdict::Hold);
    let step = held.next_step.expect("a step");
    assert!(step.kind == NextStepKind::SmallerPilot && step.text.contains("exempted until"), "{}", step.text);

    // One that is over, or that nobody approved, changes nothing.
    given.exemptions[0].expires_at = given.as_of;
    assert_eq!(told(&given).verdict, Verdict::Rollback);
    given.exemptions[0].expires_at = given.as_of.plus_days(1);
    given.exemptions[0].approved_by = None;
    assert_eq!(told(&given).verdict, Verdict::Rollback);
    // A check that passes by itself needs none.
    let mut passing = good();
    exempt(&mut passing, &key, 10);
    assert_eq!(told(&passing).verdict, Verdict::Ship);
    // A bundle without exemptions has the bytes it had before there were any.
    let bytes = freeze(&good()).canonical_bytes().expect("exact");
    assert!(!String::from_utf8_lossy(&bytes).contains("exemptions"));
}

#[test]
fn a_changed_mix_of_failures_is_said_and_the_classes_named() {
    let of = |classes: &[(&str, usize)]| -> Vec<RunFacts> {
        let mut runs = runs(600, 0);
        let names = classes.iter().flat_map(|&(class, n)| std::iter::repeat_n(class, n));
        for (facts, class) in runs.iter_mut().zip(names) {
            *facts = run(false);
            facts.failure_class = Some(class.to_owned());
        }
        runs
    };
    let card = || scorecard(vec![key_check(Signal::SuccessRate)], &[]);
    let before = of(&[("wrong_result", 50), ("timeout", 10)]);
    let shifted = told(&input(&before, &of(&[("wrong_result", 12), ("timeout", 48)]), card()));
    let mix = shifted.failure_mix.expect("both arms have failures");
    assert!(mix.changed && mix.p.expect("a figure") < 0.001 && mix.psi.expect("a figure") > 0.25);
    assert!(mix.text.contains("timeout 80.0 % of 60 failures, was 16.7 % of 60 failures"), "{}", mix.text);
    let same = told(&input(&before, &of(&[("wrong_result", 47), ("timeout", 11)]), card())).failure_mix.expect("there");
    assert!(!same.changed && same.text.starts_with("There is no clear sign"), "{}", same.text);
    assert!(told(&input(&runs(600, 0), &before, card())).failure_mix.is_none(), "nothing to compare with");
}
