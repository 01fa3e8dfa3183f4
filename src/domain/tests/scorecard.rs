//! Scorecards and policies: what cannot stand, and when a scorecard is stale.

use seatrial_domain::cell::Counts;
use seatrial_domain::owner::{Audience, Owner, audience, pace_days};
use seatrial_domain::policy::Policy;
use seatrial_domain::scorecard::{
    ChangeKind, Check, CheckRole, Criterion, Definition, Freshness, FreshnessInput, FreshnessReasonKind as Why,
    FreshnessState, History, Reads, Scope, SegmentHistory, SegmentRef, SilentSource, Statistic, changes, freshness,
    propose,
};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::DAY;
use seatrial_domain::workflow::RiskClass;

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
        created_at: DAY_ONE,
        releases_live_since: &[],
        runs_in_window: 10,
        window_days: 14,
        uncovered_failures: 0,
        uncovered_since: None,
        silent_sources: &[],
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
    let names = [("v3".to_owned(), DAY_ONE.plus_micros(2)), ("v2".to_owned(), DAY_ONE.plus_micros(1))];
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
        created_at: DAY_ONE,
        releases_live_since: &names,
        runs_in_window: 1,
        window_days: 14,
        uncovered_failures: 0,
        uncovered_since: None,
        silent_sources: &[],
    });
    assert_eq!(since.reasons[0].text, "Gone live since the last review: v2, v3.");
    assert_eq!(since.since(), Some(DAY_ONE.plus_micros(1)), "since the first of them, whoever looks and whenever");
    assert_eq!(overdue.since(), overdue.due_at);
    assert_eq!(due.since(), Some(DAY_ONE.plus_days(23)));
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
        created_at: DAY_ONE,
        releases_live_since: &[],
        runs_in_window: 1,
        window_days: 14,
        uncovered_failures: 0,
        uncovered_since: None,
        silent_sources: &[],
    });
    assert_eq!((since.state, since.reasons[0].kind), (FreshnessState::Stale, Why::OwnerGone));
    assert_eq!(audience(Some(&backup), None, 0), [Audience::Owner]);
    assert_eq!(audience(Some(&backup), Some(&backup), 1), [Audience::Owner, Audience::Backup]);
    assert_eq!(audience(Some(&backup), Some(&backup), 2), [Audience::Owner, Audience::Backup, Audience::Admins]);
    assert_eq!(audience(Some(&gone), Some(&backup), 0), [Audience::Backup]);
    assert_eq!(audience(Some(&gone), None, 0), [Audience::Admins]);
    assert_eq!([1, 7, 30, 90, 366].map(pace_days), [1, 1, 7, 22, 30]);
}

#[test]
fn a_source_that_fell_silent_is_told_from_one_with_nothing_to_report() {
    let of = |now, before| SilentSource { fact: "rescues", source: "The API", now, before };
    // Five in a hundred before: nothing among a hundred runs happens by chance six times in a thousand.
    assert!(of((0, 100), (15, 300)).is_silent());
    assert!(!of((0, 60), (15, 300)).is_silent(), "too few runs to tell");
    assert!(!of((1, 1_000), (150, 300)).is_silent(), "it reports");
    assert!(!of((0, 1_000), (0, 3_000)).is_silent(), "it never had anything to report");
    assert!(!of((0, 0), (15, 300)).is_silent(), "no runs at all is another reason");
    assert!(of((0, 10), (300, 300)).is_silent());
    let silent = [of((0, 100), (15, 300))];
    let owner = owner();
    let judged = freshness(&FreshnessInput {
        owner: Some(&owner),
        backup: None,
        created_at: DAY_ONE,
        attested_at: Some(DAY_ONE),
        cadence_days: 30,
        due_soon_days: 7,
        now: DAY_ONE,
        releases_live_since: &[],
        runs_in_window: 1,
        window_days: 14,
        uncovered_failures: 0,
        uncovered_since: None,
        silent_sources: &silent,
    });
    assert_eq!((judged.state, judged.reasons[0].kind), (FreshnessState::Stale, Why::SilentSource));
    let text = "The API reported rescues of 15 of 300 runs before, and of none of 100 runs in the last 14 days.";
    assert_eq!(judged.reasons[0].text, text);
}

fn definition() -> Definition {
    Definition {
        name: "Refunds".to_owned(),
        owner: None,
        backup: None,
        cadence_days: 30,
        checks: vec![key_check(Signal::SuccessRate)],
        dimensions: Vec::new(),
        required_segments: Vec::new(),
    }
}

#[test]
fn a_diff_names_every_part_that_differs_in_words() {
    let before = definition();
    assert_eq!(changes(&before, &before, &|id| id.to_string()), []);
    let mut after = before.clone();
    after.owner = Some(owner().id);
    after.cadence_days = 1;
    after.checks[0].criterion = Criterion::Floor { rate: 0.825 };
    after.checks.push(Check { key: "retries".to_owned(), ..key_check(Signal::RetryRate) });
    after.dimensions = vec!["tier".to_owned()];
    let name = |_| "Ana".to_owned();
    let texts: Vec<String> = changes(&before, &after, &name).into_iter().map(|change| change.text).collect();
    let key = &before.checks[0].key;
    assert_eq!(texts.len(), 5, "{texts:?}");
    assert_eq!(texts[0], "The owner: new, “Ana”.");
    assert_eq!(texts[1], "The review: from “every 30 days” to “every day”.");
    assert!(texts.iter().any(|text| text.starts_with(&format!("The check {key}: from “success_rate "))), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("to “success_rate above 82.5 %, key”")), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("The check retries: new, “retry_rate ")), "{texts:?}");
    let back = changes(&after, &before, &name);
    assert_eq!(back[0].kind, ChangeKind::Removed);
    assert_eq!((&back[4].part, back[4].after.as_deref()), (&"dimensions".to_owned(), None));
}

fn history(success: i64, n: i64) -> History {
    let counts = Counts { concluded: n, success, reported_success: success, rescues_known: n, ..Counts::default() };
    History {
        workflow: "refunds".to_owned(),
        risk: RiskClass::High,
        owner: None,
        counts,
        days: 90,
        has_baseline: true,
        segments: Vec::new(),
    }
}

#[test]
fn a_proposal_takes_its_thresholds_from_history_and_says_why() {
    let mut history = history(412, 514);
    history.segments = vec![
        SegmentHistory {
            dimension: "tier".to_owned(),
            values: vec![("gold".to_owned(), 90), ("free".to_owned(), 424)],
        },
        SegmentHistory { dimension: "lane".to_owned(), values: vec![("a".to_owned(), 510), ("b".to_owned(), 4)] },
    ];
    let proposed = propose(&history);
    let success = &proposed.definition.checks[0];
    assert_eq!((success.key.as_str(), success.role), ("success", CheckRole::Key));
    // Wilson of 412 of 514 is 0.7649 to 0.8336.
    assert_eq!(success.criterion, Criterion::Floor { rate: 0.76 });
    assert!(proposed.reasons[0].text.contains("80.2 % (412 of 514)"), "{}", proposed.reasons[0].text);
    assert_eq!(proposed.definition.cadence_days, 14);
    assert_eq!(proposed.definition.dimensions, ["tier"], "lane has one value that is seen often");
    let left: Vec<String> = proposed.left_out.iter().map(|left| left.signal.to_string()).collect();
    assert_eq!(left, ["approval_rate", "escalation_rate", "retry_rate", "tool_error_rate"]);
    assert!(proposed.left_out[0].why.contains("unverified"), "{}", proposed.left_out[0].why);
    // What is proposed can be written.
    let card = scorecard(proposed.definition.checks.clone(), &["tier"]);
    assert_eq!(card.validate(), Ok(()));
}

#[test]
fn a_thin_history_proposes_no_threshold() {
    let proposed = propose(&history(20, 49));
    assert!(proposed.definition.checks.is_empty());
    assert!(proposed.left_out[0].why.contains("49 runs"), "{}", proposed.left_out[0].why);
    for (success, n) in [(0, 50), (50, 50), (100_000, 100_000), (1, 1_000)] {
        let proposed = propose(&history(success, n));
        let card = scorecard(proposed.definition.checks, &[]);
        assert_eq!(card.validate(), Ok(()), "{success} of {n}");
    }
}
