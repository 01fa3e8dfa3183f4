//! Scorecards and policies: what cannot stand, and when a scorecard is stale.

use seatrial_domain::owner::{Audience, Owner, audience};
use seatrial_domain::policy::Policy;
use seatrial_domain::scorecard::{
    CheckRole, Criterion, Freshness, FreshnessInput, FreshnessReasonKind as Why, FreshnessState, Reads, Scope,
    SegmentRef, Statistic, freshness,
};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::DAY;

use crate::support::bundle::{DAY_ONE, key_check, owner, scorecard};

#[test]
fn a_good_scorecard_and_policy_stand() {
    let card = scorecard(vec![key_check(Signal::SuccessRate)], &["tier"]);
    assert_eq!(card.validate(), Ok(()));
    assert_eq!(Policy::default().validate(), Ok(()));
    let json = serde_json::to_string(&card).expect("serialises");
    assert_eq!(serde_json::from_str::<seatrial_domain::scorecard::Scorecard>(&json).expect("reads"), card);
}

#[test]
fn what_cannot_stand_is_named() {
    let with = |signal: Signal, criterion| {
        let mut check = key_check(signal);
        check.criterion = criterion;
        let card = scorecard(vec![check], &[]);
        card.validate().expect_err("refused").into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n")
    };
    let not_worse = Criterion::NotWorseThanBaseline { margin: None };
    assert!(with(Signal::Latency, Criterion::Ceiling { rate: 0.5 }).contains("give this signal at_most"));
    assert!(with(Signal::SuccessRate, Criterion::AtLeast { value: 0.5 }).contains("a floor or a ceiling"));
    assert!(with(Signal::Latency, Criterion::AtLeast { value: 2.0 }).contains("give it at_most"));
    assert!(with(Signal::Latency, Criterion::AtMost { value: -1.0 }).contains("above 0"));
    assert!(with(Signal::ApprovalRate, not_worse).contains("stay within the baseline"));
    assert!(with(Signal::SuccessRate, Criterion::Ceiling { rate: 0.5 }).contains("give it a floor"));
    assert!(with(Signal::RescueRate, Criterion::Floor { rate: 0.5 }).contains("give it a ceiling"));
    assert!(with(Signal::RescueRate, Criterion::Ceiling { rate: 0.0 }).contains("above 0 and below 1"));
    let margin = Criterion::WithinBaseline { margin: Some(5.0) };
    assert!(with(Signal::ApprovalRate, margin).contains("such as 0.05"));
}

#[test]
fn amounts_are_read_by_a_statistic() {
    let with = |signal: Signal, statistic| {
        let mut check = key_check(signal);
        check.statistic = statistic;
        let stands = scorecard(vec![check.clone()], &[]).validate().is_ok();
        (stands, check.reads(), check.subject())
    };
    let p95 = (true, Reads::Quantile(0.95), "latency p95".to_owned());
    assert_eq!(with(Signal::Latency, None), p95);
    assert_eq!(with(Signal::TimeToTrust, Some(Statistic::P50)).1, Reads::Quantile(0.5));
    assert_eq!(with(Signal::CostPerRun, None), (true, Reads::Mean, "cost_per_run mean".to_owned()));
    assert_eq!(with(Signal::CostPerSuccess, None), (true, Reads::Ratio, "cost_per_success".to_owned()));
    assert!(!with(Signal::CostPerSuccess, Some(Statistic::Mean)).0);
    assert!(!with(Signal::SuccessRate, Some(Statistic::P95)).0);
    assert!(!with(Signal::Score("helpful".to_owned()), Some(Statistic::P95)).0);
    // A check that names no statistic is written as it always was.
    let json = serde_json::to_string(&key_check(Signal::Latency)).expect("serialises");
    assert!(!json.contains("statistic"), "{json}");
}

#[test]
fn names_segments_and_cadence_are_checked() {
    let mut card = scorecard(vec![key_check(Signal::SuccessRate), key_check(Signal::SuccessRate)], &[]);
    card.cadence_days = 0;
    card.required_segments = vec![SegmentRef { dimension: "tier".to_owned(), value: "gold".to_owned() }];
    let fields: Vec<String> = card.validate().expect_err("refused").into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["cadence_days", "checks[1].key", "required_segments[0].dimension"]);
    assert!(scorecard(Vec::new(), &[]).validate().is_err());
    let policy = Policy { alpha: 0.0, deciders: Vec::new(), planned_candidate_runs: 1, ..Policy::default() };
    let fields: Vec<&str> = policy.validate().expect_err("refused").into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["alpha", "planned_candidate_runs", "deciders"]);
}

#[test]
fn a_check_is_read_by_the_dimensions_that_concern_it() {
    let mut standard = key_check(Signal::RetryRate);
    standard.role = CheckRole::Standard;
    let mut by_lane = standard.clone();
    by_lane.key = "retries by lane".to_owned();
    by_lane.scope = Scope::Dimension { name: "lane".to_owned() };
    let card = scorecard(vec![key_check(Signal::SuccessRate), standard, by_lane], &["tier"]);
    let read = |i: usize| card.dimensions_of(&card.checks[i]);
    assert_eq!((read(0), read(1), read(2)), (vec!["tier".to_owned()], vec![], vec!["lane".to_owned()]));
    assert_eq!(card.all_dimensions(), ["lane", "tier"]);
}

fn judged(change: impl FnOnce(&mut FreshnessInput<'_>)) -> Freshness {
    let owner = owner();
    let mut input = FreshnessInput {
        owner: Some(&owner),
        backup: None,
        attested_at: Some(DAY_ONE),
        cadence_days: 30,
        due_soon_days: 7,
        now: DAY_ONE.plus_days(1),
        releases_live_since: &[],
        runs_in_window: 10,
        window_days: 14,
        uncovered_failures: 0,
    };
    change(&mut input);
    freshness(&input)
}

#[test]
fn staleness_is_a_state_with_a_reason() {
    let of = |fresh: &Freshness| (fresh.state, fresh.reasons.iter().map(|reason| reason.kind).collect::<Vec<_>>());
    assert_eq!(of(&judged(|_| {})), (FreshnessState::Fresh, vec![]));
    let due = judged(|input| input.now = DAY_ONE.plus_days(23));
    assert_eq!(of(&due), (FreshnessState::Due, vec![Why::ReviewDue]));
    assert_eq!(due.reasons[0].text, "Its next review is due in 7 days.");
    assert_eq!(due.due_at, Some(DAY_ONE.plus_days(30)));
    let overdue = judged(|input| input.now = DAY_ONE.plus_days(31));
    assert_eq!(of(&overdue), (FreshnessState::Stale, vec![Why::ReviewOverdue]));
    assert_eq!(overdue.reasons[0].text, "Its review every 30 days is overdue by 1 day.");
    assert_eq!(of(&judged(|input| input.attested_at = None)), (FreshnessState::Stale, vec![Why::NeverAttested]));
    let names = ["v3".to_owned(), "v2".to_owned()];
    let mut input = judged(|input| input.runs_in_window = 0);
    assert_eq!(of(&input), (FreshnessState::Stale, vec![Why::NoRuns]));
    input = judged(|input| input.uncovered_failures = 2);
    assert_eq!(of(&input), (FreshnessState::Stale, vec![Why::UncoveredFailures]));
    let owner = owner();
    let since = freshness(&FreshnessInput {
        owner: Some(&owner),
        backup: None,
        attested_at: Some(DAY_ONE),
        cadence_days: 30,
        due_soon_days: 7,
        now: DAY_ONE.plus_micros(DAY),
        releases_live_since: &names,
        runs_in_window: 1,
        window_days: 14,
        uncovered_failures: 0,
    });
    assert_eq!(since.reasons[0].text, "Gone live since the last review: v2, v3.");
}

#[test]
fn an_owner_who_is_gone_is_told_apart_from_none() {
    let gone = Owner { active: false, ..owner() };
    let backup = owner();
    let unowned = judged(|input| input.owner = None);
    assert_eq!((unowned.state, unowned.reasons[0].kind), (FreshnessState::Unowned, Why::NoOwner));
    let since = freshness(&FreshnessInput {
        owner: Some(&gone),
        backup: Some(&backup),
        attested_at: Some(DAY_ONE),
        cadence_days: 30,
        due_soon_days: 7,
        now: DAY_ONE,
        releases_live_since: &[],
        runs_in_window: 1,
        window_days: 14,
        uncovered_failures: 0,
    });
    assert_eq!((since.state, since.reasons[0].kind), (FreshnessState::Stale, Why::OwnerGone));
    assert_eq!(audience(Some(&backup), None, 0), Audience::Owner);
    assert_eq!(audience(Some(&backup), Some(&backup), 8), Audience::Backup);
    assert_eq!(audience(Some(&backup), Some(&backup), 15), Audience::Admins);
    assert_eq!(audience(Some(&gone), Some(&backup), 0), Audience::Backup);
    assert_eq!(audience(Some(&gone), None, 0), Audience::Admins);
}
