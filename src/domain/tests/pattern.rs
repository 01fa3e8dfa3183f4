//! Failure patterns: what fits together, how a pattern lives, which step failed; and which successes are looked at.

use proptest::prelude::*;
use seatrial_domain::ids::{PatternId, RunId};
use seatrial_domain::pattern::{Fingerprint, PatternAct, PatternState, choose, failing_step, said, step_name};
use seatrial_domain::sample::is_sampled;
use seatrial_domain::similarity::{Shingles, Signature};
use seatrial_domain::span::{Span, SpanClass, SpanId, TraceId};
use seatrial_domain::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

const REFUND: &str = "Please refund my order of the blue bicycle, it arrived with a broken wheel";

fn print(class: Option<&str>, step: Option<&str>, words: Option<&str>) -> Fingerprint {
    Fingerprint::of(class.map(str::to_owned), step.map(str::to_owned), words)
}

fn id(n: u128) -> PatternId {
    PatternId::from_uuid(Uuid::from_u128(n))
}

#[test]
fn a_pattern_lives_in_one_order() {
    use PatternAct::{Confirm, Fix, Reopen, Watch};
    let mut state = PatternState::New;
    for (act, next) in [
        (Confirm, PatternState::Confirmed),
        (Fix, PatternState::Fixed),
        (Watch, PatternState::Watching),
        (Reopen, PatternState::Reopened),
        (Fix, PatternState::Fixed),
        (Reopen, PatternState::Reopened),
    ] {
        state = state.after(act).expect("it follows");
        assert_eq!(state, next);
    }
    for (state, act) in [
        (PatternState::New, Fix),
        (PatternState::New, Reopen),
        (PatternState::Confirmed, Confirm),
        (PatternState::Confirmed, Watch),
        (PatternState::Watching, Fix),
        (PatternState::Reopened, Confirm),
    ] {
        assert_eq!(state.after(act), None, "{state:?} {act:?}");
    }
    for state in PatternState::ALL {
        assert_eq!(PatternState::parse(state.as_str()), Some(state));
    }
}

#[test]
fn what_is_not_known_tells_nothing_apart() {
    let alike = format!("Hello! {REFUND}.");
    let known = print(Some("wrong_result"), Some("issue_refund"), Some(REFUND));
    assert!(known.fit(&print(Some("wrong_result"), Some("issue_refund"), Some(&alike))).is_some());
    assert!(known.fit(&print(None, None, Some(&alike))).is_some(), "a label does not tear a pattern apart");
    assert!(known.fit(&print(Some("timeout"), None, Some(REFUND))).is_none(), "another kind of miss");
    assert!(known.fit(&print(None, Some("search"), Some(REFUND))).is_none(), "another step");
    assert!(known.fit(&print(None, None, Some("Where is my newsletter?"))).is_none(), "other words");
    // Where nothing is said, only the same class and step are the same thing.
    let silent = print(Some("timeout"), Some("search"), None);
    assert!(silent.is_telling() && silent.fit(&silent).is_some());
    assert!(silent.fit(&print(None, Some("search"), None)).is_none());
    assert!(!print(Some("timeout"), None, None).is_telling() && silent.fit(&known).is_none());
    let mut learned = print(None, None, Some(REFUND));
    assert!(learned.learn(&known) && !learned.learn(&known));
    assert_eq!((learned.class.as_deref(), learned.step.as_deref()), (Some("wrong_result"), Some("issue_refund")));
}

#[test]
fn a_failure_stays_where_it_fits_and_else_goes_where_it_fits_best() {
    let failure = print(Some("wrong_result"), None, Some(REFUND));
    let patterns = [
        (id(1), print(None, None, Some(REFUND))),
        (id(2), print(Some("wrong_result"), None, Some(REFUND))),
        (id(3), print(Some("wrong_result"), None, Some(REFUND))),
        (id(4), print(Some("timeout"), None, Some(REFUND))),
    ];
    let among = || patterns.iter().map(|(id, print)| (*id, print));
    assert_eq!(choose(&failure, None, among()), Some(id(2)), "the same class, and the older of two");
    assert_eq!(choose(&failure, Some(id(1)), among()), Some(id(1)), "it stays");
    assert_eq!(choose(&failure, Some(id(4)), among()), Some(id(2)), "it leaves what it does not fit");
    assert_eq!(choose(&print(Some("data_leak"), None, Some("Hi")), None, among()), None);
}

#[test]
fn the_step_that_failed_is_where_the_error_began() {
    let span = |n: u8, parent: Option<u8>, tool: Option<&str>, error: Option<&str>| Span {
        id: SpanId([n; 8]),
        trace_id: TraceId([1; 16]),
        parent: parent.map(|parent| SpanId([parent; 8])),
        name: format!("span {n}"),
        class: SpanClass::Other,
        started_at: Timestamp::from_micros(i64::from(n)),
        ended_at: None,
        error: error.map(str::to_owned),
        tokens: None,
        cost_nanos: None,
        model: None,
        tool: tool.map(str::to_owned),
        marks: None,
    };
    let spans = [
        span(1, None, None, Some("error")),
        span(2, Some(1), Some("search"), Some("timeout")),
        span(3, Some(1), None, Some("error")),
        span(4, Some(3), Some("issue_refund"), Some("refused: order is closed")),
        span(5, Some(1), Some("log"), None),
    ];
    let failing = failing_step(&spans).expect("one failed");
    assert_eq!(step_name(failing).as_deref(), Some("issue_refund"), "the latest, and not those it was passed on to");
    assert_eq!(failing_step(&spans[4..]), None);
    let input = json!([{"role": "user", "content": REFUND}]);
    assert_eq!(said(failing.error.as_deref(), Some(&input)).as_deref(), Some("refused: order is closed"));
    assert_eq!(said(Some("error"), Some(&input)).as_deref(), Some(REFUND), "`error` says nothing");
    assert_eq!(said(None, None), None);
}

proptest! {
    #[test]
    fn a_signature_estimates_likeness(words in proptest::collection::vec("[a-z]{3,9}", 12..40), cut in 0..12_usize) {
        let (one, other) = (words.join(" "), words[cut..].join(" "));
        let (one, other) = (Shingles::of_text(&one), Shingles::of_text(&other));
        let (a, b) = (one.sketch().expect("words").signature(), other.sketch().expect("words").signature());
        // 128 numbers: five standard errors are 0.22 at most.
        prop_assert!((a.likeness(&b) - one.likeness(&other)).abs() < 0.22);
        prop_assert_eq!(Signature::from_bytes(&a.to_bytes()), Some(a.clone()));
        prop_assert_eq!(Signature::from_bytes(&a.to_bytes()[1..]), None);
    }

    #[test]
    fn a_higher_share_takes_what_a_lower_one_takes(run in any::<u128>(), low in 0.0..1.0_f64, more in 0.0..1.0_f64) {
        let run = RunId::from_uuid(Uuid::from_u128(run));
        let high = (low + more).min(1.0);
        prop_assert!(!is_sampled(run, low) || is_sampled(run, high));
        prop_assert!(is_sampled(run, 1.0) && !is_sampled(run, 0.0));
    }
}
