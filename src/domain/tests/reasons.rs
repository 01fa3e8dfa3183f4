//! Every gap and every reason, each from the smallest evidence that has it; and what a policy asks of one workflow.

use std::collections::BTreeSet;

use seatrial_domain::evidence::{EvalSummary, FreezeInput};
use seatrial_domain::gap::{Gap, GapKind};
use seatrial_domain::gate::{ReasonKind, Recommendation, Verdict};
use seatrial_domain::policy::{Policy, WantedScorecard, WorkflowPolicy};
use seatrial_domain::run::{Outcome, RunFacts};
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, FreshnessReason, FreshnessReasonKind, FreshnessState};
use seatrial_domain::signal::Signal;

use crate::gate::{good, mixed, runs, told};
use crate::support::bundle::{input, key_check, owner, scorecard};

fn eval(suite: &str, failed: u64, not_run: u64) -> EvalSummary {
    EvalSummary { suite: suite.to_owned(), version: 1, passed: 3, failed, not_run, ..EvalSummary::default() }
}

fn wanted(name: &str, at_least: u32) -> Option<WantedScorecard> {
    Some(WantedScorecard { name: name.to_owned(), at_least })
}

fn unknown(n: usize) -> Vec<RunFacts> {
    let mut runs = runs(n, 0);
    runs.iter_mut().for_each(|facts| facts.outcome = Outcome::Unknown);
    runs
}

/// The good evidence of the other tests, with one thing changed.
fn but(change: impl Fn(&mut FreezeInput)) -> FreezeInput {
    let mut given = good();
    change(&mut given);
    given
}

fn stale(given: &mut FreezeInput) {
    let freshness = given.freshness.as_mut().expect("one");
    freshness.state = FreshnessState::Stale;
    let text = "The review was due 9 days ago.".to_owned();
    freshness.reasons.push(FreshnessReason { kind: FreshnessReasonKind::ReviewOverdue, text, since: None });
}

fn with_checks(checks: Vec<Check>) -> FreezeInput {
    input(&runs(600, 60), &runs(600, 50), scorecard(checks, &[]))
}

/// Each kind of gap, its subject, and evidence that has it.
fn each_gap() -> Vec<(GapKind, &'static str, FreezeInput)> {
    let retries = Check { role: CheckRole::Standard, ..key_check(Signal::RetryRate) };
    let unreported = vec![key_check(Signal::SuccessRate), retries];
    let classed = |class: &str| {
        let mut runs = runs(600, 50);
        runs.iter_mut()
            .filter(|facts| facts.outcome == Outcome::Failure)
            .for_each(|facts| facts.failure_class = Some(class.to_owned()));
        runs
    };
    let card = || scorecard(vec![key_check(Signal::SuccessRate)], &[]);
    let mixed_up: Vec<RunFacts> = runs(400, 40).into_iter().chain(unknown(200)).collect();
    vec![
        (GapKind::NoScorecard, "", but(|given| given.scorecard = None)),
        (
            GapKind::NoScorecard,
            "",
            but(|given| given.scorecard.as_mut().expect("one").checks[0].role = CheckRole::Info),
        ),
        (GapKind::NoOwner, "", but(|given| given.scorecard.as_mut().expect("one").owner = None)),
        (GapKind::StaleScorecard, "", but(stale)),
        (GapKind::NoBaseline, "success_rate", but(|given| given.baseline = None)),
        (GapKind::TooFewRuns, "success_rate", input(&runs(600, 60), &runs(20, 1), card())),
        (GapKind::NoDenominator, "retry_rate", with_checks(unreported)),
        (GapKind::UnverifiedSignal, "success_rate", but(|given| given.observes.clear())),
        (GapKind::UnknownOutcomes, "", input(&runs(600, 60), &mixed_up, card())),
        (GapKind::BaselinePoolExhausted, "success_rate", {
            let mut given = input(&runs(120, 12), &runs(600, 50), card());
            given.pool_ratio = Some(1.0);
            given
        }),
        (GapKind::NoEvalCoverage, "wrong_result", input(&runs(600, 60), &classed("wrong_result"), card())),
        (GapKind::UnlearnedCritical, "", but(|given| given.learning.open_critical = 2)),
        (GapKind::NoEvalResults, "smoke", but(|given| given.evals = vec![eval("smoke", 0, 2)])),
        (GapKind::SuiteNotPassed, "smoke", but(|given| given.policy.required_suites = vec!["smoke".to_owned()])),
        (
            GapKind::SuiteNotPassed,
            "smoke",
            but(|given| {
                given.policy.required_suites = vec!["smoke".to_owned()];
                given.evals = vec![eval("smoke", 1, 0)];
            }),
        ),
        (GapKind::NotBaked, "", but(|given| given.policy.bake_seconds = 89 * 86_400)),
        (GapKind::OtherScorecard, "", but(|given| given.policy.scorecard = wanted("refunds", 4))),
        (GapKind::OtherScorecard, "", but(|given| given.policy.scorecard = wanted("payments", 1))),
    ]
}

fn found<'a>(said: &'a Recommendation, kind: GapKind, subject: &str) -> Option<&'a Gap> {
    said.gaps.iter().find(|gap| gap.kind == kind && gap.subject == subject)
}

#[test]
fn every_gap_is_found_named_and_keeps_an_unowned_release_from_shipping() {
    let mut seen = BTreeSet::new();
    for (kind, subject, mut given) in each_gap() {
        given.default_gap_owner = None;
        let said = told(&given);
        let gap = found(&said, kind, subject).unwrap_or_else(|| panic!("{kind:?} {subject}: {:?}", said.gaps));
        assert!(!gap.text.is_empty() && gap.owner.is_none(), "{gap:?}");
        assert_ne!(said.verdict, Verdict::Ship, "{kind:?}: nobody has taken it on");
        let step = said.next_step.as_ref().expect("there is something to do");
        assert!(!step.text.is_empty(), "{kind:?}");
        let reason = said.reasons.iter().find(|reason| reason.subject == gap.key()).expect("the gap is a reason");
        assert!(matches!(reason.kind, ReasonKind::UnownedGap | ReasonKind::StaleScorecard), "{reason:?}");
        // Some can be taken on by a person; a name beside the others does not fill them.
        given.default_gap_owner = Some(owner());
        let owned = told(&given);
        let gap = found(&owned, kind, subject).expect("it is still there");
        assert_eq!(gap.owner.is_some(), !kind.cannot_be_owned(), "{kind:?}");
        if kind.cannot_be_owned() {
            assert_ne!(owned.verdict, Verdict::Ship, "{kind:?}");
        }
        assert_eq!(GapKind::of_key(&gap.key()), Some(kind));
        seen.insert(kind);
    }
    assert_eq!(seen, GapKind::ALL.into_iter().collect(), "every kind has its row");
    // The other way round: what is asked for is there, and nothing is said.
    let satisfied = but(|given| {
        given.policy.required_suites = vec!["smoke".to_owned()];
        given.evals = vec![eval("smoke", 0, 0)];
        given.policy.bake_seconds = 86_400;
        given.policy.scorecard = wanted("refunds", 3);
    });
    assert_eq!((told(&satisfied).gaps, told(&satisfied).verdict), (vec![], Verdict::Ship));
}

#[test]
fn every_reason_is_given_and_the_weightiest_comes_first() {
    let standard = |criterion| Check {
        role: CheckRole::Standard,
        key: "second".to_owned(),
        criterion,
        ..key_check(Signal::SuccessRate)
    };
    let with = |criterion| {
        let mut given = with_checks(vec![key_check(Signal::SuccessRate), standard(criterion)]);
        given.policy.default_margin = 0.05;
        given
    };
    let key = |criterion| with_checks(vec![Check { criterion, ..key_check(Signal::SuccessRate) }]);
    let simpson = input(
        &mixed(&[("easy", 600, 30), ("hard", 2_400, 960)], 3),
        &mixed(&[("easy", 2_400, 264), ("hard", 600, 276)], 4),
        scorecard(vec![key_check(Signal::SuccessRate)], &["tier"]),
    );
    let conflict = input(
        &runs(2_000, 200),
        &runs(2_000, 400),
        scorecard(
            vec![Check {
                criterion: Criterion::NotWorseThanBaseline { margin: Some(0.2) },
                ..key_check(Signal::SuccessRate)
            }],
            &[],
        ),
    );
    let thin = input(
        &mixed(&[("gold", 20, 2), ("free", 600, 60)], 5),
        &mixed(&[("gold", 20, 2), ("free", 600, 40)], 6),
        scorecard(vec![key_check(Signal::SuccessRate)], &["tier"]),
    );
    let cases: Vec<(ReasonKind, FreezeInput)> = vec![
        (ReasonKind::KeyFails, key(Criterion::Floor { rate: 0.99 })),
        (ReasonKind::StandardFails, with(Criterion::Floor { rate: 0.99 })),
        (ReasonKind::Conflict, conflict),
        (ReasonKind::Misleading, simpson),
        (ReasonKind::KeyInconclusive, key(Criterion::Floor { rate: 0.915 })),
        (ReasonKind::UnownedGap, but(|given| given.policy.required_suites = vec!["smoke".to_owned()])),
        (ReasonKind::StaleScorecard, but(stale)),
        (ReasonKind::OwnedGap, but(|given| given.learning.open_critical = 2)),
        (ReasonKind::Unproved, thin),
        (ReasonKind::StandardInconclusive, with(Criterion::Floor { rate: 0.915 })),
        (ReasonKind::Historical, good()),
        (ReasonKind::KeyPasses, good()),
        (ReasonKind::StandardPasses, with(Criterion::Floor { rate: 0.5 })),
    ];
    for (kind, given) in cases {
        let said = told(&given);
        let reason = said.reasons.iter().find(|reason| reason.kind == kind);
        assert!(reason.is_some_and(|reason| !reason.text.is_empty()), "{kind:?}: {:?}", said.reasons);
        assert!(said.reasons.is_sorted_by_key(|reason| reason.kind), "{kind:?}: the weightiest first");
    }
}

#[test]
fn a_policy_asks_more_or_less_of_single_workflows() {
    let own = WorkflowPolicy {
        workflow: "refund-handling".to_owned(),
        scorecard: wanted("refunds", 2),
        required_suites: Some(vec!["smoke".to_owned()]),
        floor_units: Some(80),
        ship_takes_two: Some(true),
        ..WorkflowPolicy::default()
    };
    let policy = Policy { workflows: vec![own.clone()], required_suites: vec!["all".to_owned()], ..Policy::default() };
    assert_eq!(policy.validate(), Ok(()));
    let theirs = policy.clone().for_workflow("refund-handling");
    assert_eq!(
        (theirs.required_suites.clone(), theirs.floor_units, theirs.ship_takes_two),
        (vec!["smoke".to_owned()], 80, true)
    );
    assert_eq!((theirs.scorecard.clone(), theirs.bake_seconds, theirs.workflows.len()), (wanted("refunds", 2), 0, 0));
    let other = policy.clone().for_workflow("triage");
    assert_eq!((other.required_suites, other.scorecard, other.floor_units), (vec!["all".to_owned()], None, 50));
    // What is frozen names nothing of other workflows; a policy without any has the bytes it always had.
    let bytes =
        |policy: &Policy| String::from_utf8(seatrial_domain::canonical::to_canonical(policy).expect("canonical"));
    assert!(bytes(&theirs).expect("UTF-8").contains("\"scorecard\":{\"at_least\":2,\"name\":\"refunds\"}"));
    let plain = bytes(&Policy::default()).expect("UTF-8");
    assert!(!plain.contains("scorecard\":") && !plain.contains("workflows"), "{plain}");

    let wrong = |change: &dyn Fn(&mut Policy)| {
        let mut changed = policy.clone();
        change(&mut changed);
        let errors = changed.validate().err().unwrap_or_default();
        errors.into_iter().map(|error| (error.field, error.problem)).collect::<Vec<_>>()
    };
    let workflow_errors: [&dyn Fn(&mut Policy); 6] = [
        &|policy| policy.workflows.push(own.clone()),
        &|policy| policy.workflows[0].workflow = String::new(),
        &|policy| policy.workflows[0].scorecard = wanted("refunds", 0),
        &|policy| policy.workflows[0].floor_units = Some(0),
        &|policy| policy.workflows[0].default_margin = Some(2.0),
        &|policy| policy.workflows[0].bake_seconds = Some(u64::MAX),
    ];
    for change in workflow_errors {
        let errors = wrong(change);
        assert!(errors.iter().any(|(field, _)| *field == "workflows"), "{errors:?}");
    }
    assert_eq!(wrong(&|policy| policy.scorecard = wanted("refunds", 1))[0].0, "scorecard");
    assert_eq!(wrong(&|policy| policy.alpha = 0.9).len(), 1, "what is wrong for all is said once");
}
