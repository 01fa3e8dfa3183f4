//! Eval cases: what may be tested, that a failure is never enshrined, and that no secret survives in a case.

use proptest::prelude::*;
use seatrial_domain::access::Actor;
use seatrial_domain::case::{
    Assertions, Bound, CaseError, CaseState, EvalCase, Figure, Provenance, RunContent, Snapshot, SnapshotSource,
    Writing, content_digest, exact,
};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::{ReleaseId, RunId, WorkflowId, uuid_v7};
use seatrial_domain::redact::Redactor;
use seatrial_domain::run::{Escalation, Rescue, RunFacts};
use seatrial_domain::span::{Span, SpanClass, SpanId, TraceId};
use seatrial_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::redact::{hidden, planted};

fn id(n: u8) -> uuid::Uuid {
    uuid_v7(1_700_000_000_000, [n; 10])
}

/// Takes a snapshot of a run with these texts and drafts a case from it.
fn promote(external_id: &str, content: &RunContent, facts: &RunFacts, spans: &[Span], writing: &Writing) -> Promoted {
    let mut redactor = Redactor::new();
    let source = SnapshotSource {
        run: RunId::from_uuid(id(1)),
        external_id,
        workflow_id: WorkflowId::from_uuid(id(2)),
        workflow: "refunds",
        release_id: ReleaseId::from_uuid(id(3)),
        release: "1.4.0",
        received_at: Timestamp::from_micros(1),
        facts,
        late: &[],
        spans,
        content,
    };
    let snapshot = Snapshot::take(&source, &mut redactor).expect("a snapshot has canonical bytes");
    let provenance = Provenance {
        run: source.run,
        external_id: snapshot.external_id.clone(),
        workflow_id: source.workflow_id,
        workflow: "refunds".to_owned(),
        release_id: source.release_id,
        release: "1.4.0".to_owned(),
        promoted_by: Actor::account("acc_1", "Ana"),
        promoted_at: Timestamp::from_micros(2),
        snapshot_digest: snapshot.digest,
    };
    let input = snapshot.input.clone().unwrap_or_default();
    let case = EvalCase::draft(writing, input, snapshot.output.clone(), provenance, &mut redactor);
    Promoted { snapshot, case }
}

struct Promoted {
    snapshot: Snapshot,
    case: Result<EvalCase, CaseError>,
}

fn content(input: Value, output: Value) -> RunContent {
    RunContent { input: Some(input), output: Some(output), messages: Vec::new() }
}

fn writing(assertions: Assertions) -> Writing {
    Writing { title: "Refund order 1042".to_owned(), assertions, ..Writing::default() }
}

fn must(text: &str) -> Assertions {
    Assertions { must: vec![text.to_owned()], ..Assertions::default() }
}

fn reference(text: &str) -> Assertions {
    Assertions { reference: Some(text.to_owned()), ..Assertions::default() }
}

fn draft(output: Value, assertions: Assertions) -> Result<EvalCase, CaseError> {
    let content = content(json!("Refund order 1042"), output);
    promote("t-1", &content, &RunFacts::default(), &[], &writing(assertions)).case
}

#[test]
fn a_case_without_assertions_stays_a_draft() {
    let mut case = draft(json!("refunded 420"), Assertions::default()).expect("a draft may be empty");
    assert_eq!(case.state, CaseState::Draft);
    assert_eq!(case.move_to(CaseState::Active), Err(CaseError::NoAssertion));
    case.rewrite(&writing(must("refund at most the order's amount")), &mut Redactor::new()).expect("it is written");
    case.move_to(CaseState::Active).expect("it asserts something");
    let emptied = case.rewrite(&writing(Assertions::default()), &mut Redactor::new());
    assert_eq!(emptied, Err(CaseError::NoAssertion), "an active case keeps an assertion");
    assert_eq!(case.definition.assertions.count(), 1);
}

#[test]
fn the_failure_is_never_the_expected_answer() {
    let outputs = [
        json!("I have refunded 420.00"),
        json!({ "role": "assistant", "content": "I have  refunded\n420.00" }),
        json!([{ "role": "tool", "content": "ok" }, { "role": "assistant", "content": "I have refunded 420.00" }]),
    ];
    for output in outputs {
        let refused = draft(output.clone(), reference(" I have refunded 420.00\r\n"));
        assert_eq!(refused, Err(CaseError::EnshrinesFailure { field: "reference".to_owned() }), "{output}");
        let refused = draft(output.clone(), must("I have refunded 420.00"));
        assert_eq!(refused, Err(CaseError::EnshrinesFailure { field: "must[0]".to_owned() }), "{output}");
        draft(output.clone(), reference("I have refunded 42.00")).expect("another answer is fine");
        let never = Assertions { must_not: vec!["I have refunded 420.00".to_owned()], ..Assertions::default() };
        draft(output, never).expect("what failed may be forbidden");
    }
    let refused = draft(json!({ "amount": 420, "ok": true }), reference("{\"ok\": true, \"amount\": 420}"));
    assert_eq!(refused, Err(CaseError::EnshrinesFailure { field: "reference".to_owned() }));
    let refused = draft(json!("sent to ada@example.com"), reference("sent to ada@example.com"));
    assert_eq!(refused, Err(CaseError::EnshrinesFailure { field: "reference".to_owned() }), "masked alike");
}

#[test]
fn rewriting_keeps_what_came_from_the_run() {
    let mut case = draft(json!("refunded 420"), must("a")).expect("a draft");
    let before = case.definition.clone();
    let refused = case.rewrite(&writing(reference("refunded 420")), &mut Redactor::new());
    assert_eq!(refused, Err(CaseError::EnshrinesFailure { field: "reference".to_owned() }));
    case.rewrite(&writing(must("b")), &mut Redactor::new()).expect("it is written");
    assert_eq!(case.definition.input, before.input);
    assert_eq!(case.definition.observed, before.observed);
    assert_eq!(case.definition.provenance, before.provenance);
}

#[test]
fn contradictions_and_empty_bounds_are_refused_in_words() {
    let both = Assertions { must: vec!["x".to_owned()], must_not: vec!["x".to_owned()], ..Assertions::default() };
    assert_eq!(draft(json!(1), both), Err(CaseError::Contradiction { field: "must_not[0]".to_owned() }));
    let bound = |at_least, at_most| Assertions {
        bounds: vec![Bound { figure: Figure::Retries, at_least, at_most }],
        ..Assertions::default()
    };
    draft(json!(1), bound(None, Some(3))).expect("a bound");
    for wrong in [bound(None, None), bound(Some(3), Some(2)), bound(Some(-1), None)] {
        let error = draft(json!(1), wrong).expect_err("it is no bound");
        assert_eq!(error.field(), "bounds[0]");
    }
    let long = draft(json!(1), must(&"x".repeat(5_000))).expect_err("it is too long");
    assert!(long.to_string().contains("4000"), "{long}");
    let untitled = Writing { title: "  ".to_owned(), ..writing(must("a")) };
    let content = content(json!("in"), json!("out"));
    let error = promote("t-1", &content, &RunFacts::default(), &[], &untitled).case.expect_err("a title is needed");
    assert_eq!(error.field(), "title");
    let none = RunContent::default();
    let error = promote("t", &none, &RunFacts::default(), &[], &writing(must("a"))).case.expect_err("input is needed");
    assert_eq!(error.field(), "input");
}

#[test]
fn states_follow_each_other() {
    use CaseState::{Active, Draft, Quarantined, Retired};
    let allowed: Vec<(CaseState, CaseState)> = CaseState::ALL
        .into_iter()
        .flat_map(|from| CaseState::ALL.into_iter().map(move |to| (from, to)))
        .filter(|(from, to)| from != to && from.may_become(*to))
        .collect();
    let wanted = [
        (Draft, Active),
        (Draft, Retired),
        (Active, Quarantined),
        (Active, Retired),
        (Quarantined, Active),
        (Quarantined, Retired),
        (Retired, Draft),
        (Retired, Active),
    ];
    assert_eq!(allowed, wanted);
    assert!(CaseState::ALL.into_iter().all(|state| state.may_become(state)));
}

#[test]
fn exact_duplicates_have_one_digest() {
    let one = content_digest("refunds", &json!({ "b": 1, "a": [2.0] })).expect("canonical");
    assert_eq!(one, content_digest("refunds", &json!({ "a": [2], "b": 1.0 })).expect("canonical"));
    assert_ne!(one, content_digest("claims", &json!({ "a": [2], "b": 1 })).expect("canonical"));
    let big = exact(json!({ "id": 9_007_199_254_740_993_u64 }));
    assert_eq!(big, json!({ "id": "9007199254740993" }), "what readers would round is written as text");
}

#[test]
fn a_snapshot_is_named_by_its_bytes_and_holds_the_run() {
    let spans = [Span {
        id: SpanId([0x41; 8]),
        trace_id: TraceId([0x11; 16]),
        parent: None,
        name: "refund".to_owned(),
        class: SpanClass::Tool,
        started_at: Timestamp::from_micros(1),
        ended_at: Some(Timestamp::from_micros(2)),
        error: Some("ada@example.com is unknown".to_owned()),
        tokens: None,
        cost_nanos: Some(4_111_111_111_111),
        model: None,
        tool: Some("refund".to_owned()),
        marks: None,
    }];
    let facts = RunFacts { cost_nanos: Some(378_282_246_310_005), ..RunFacts::default() };
    let content = content(json!({ "order": 9_007_199_254_740_993_u64 }), json!("done"));
    let snapshot = promote("t-1", &content, &facts, &spans, &writing(must("a"))).snapshot;
    assert_eq!(Digest::of(&snapshot.bytes), snapshot.digest);
    let read: Value = serde_json::from_slice(&snapshot.bytes).expect("it is JSON");
    assert_eq!(read["spans"][0]["span_id"], "4141414141414141");
    assert_eq!(read["spans"][0]["error"], "[email] is unknown");
    assert_eq!(read["run"]["facts"]["cost_nanos"], 378_282_246_310_005_i64, "a figure is no card number");
    assert_eq!(read["content"]["input"]["order"], "9007199254740993");
}

proptest! {
    #[test]
    fn no_planted_secret_survives_in_a_case(
        (secret, words, place) in planted().prop_flat_map(|(secret, words)| {
            (Just(secret), Just(words.clone()), hidden(words))
        }),
        spot in 0..14_usize,
    ) {
        let said = || format!("see {words} there");
        let at = |n: usize| if spot == n { said() } else { "plain".to_owned() };
        let put = |n: usize| if spot == n { place.clone() } else { json!("plain") };
        let content = RunContent {
            input: Some(put(0)),
            output: Some(if spot == 1 { place.clone() } else { json!("observed") }),
            messages: vec![json!({ "role": "user", "content": put(2) })],
        };
        let facts = RunFacts {
            escalations: Some(vec![Escalation { at: None, reason: Some(at(3)), expected: None }]),
            rescues: Some(vec![Rescue { at: None, by: Some(at(4)), seconds: None, reason: None }]),
            segments: [("tier".to_owned(), at(5))].into(),
            unit: Some(at(6)),
            ..RunFacts::default()
        };
        let span = Span {
            id: SpanId([1; 8]), trace_id: TraceId([1; 16]), parent: None, name: at(7), class: SpanClass::Tool,
            started_at: Timestamp::from_micros(1), ended_at: None, error: Some(at(8)), tokens: None,
            cost_nanos: None, model: None, tool: None, marks: None,
        };
        let writing = Writing {
            title: at(9),
            failure_class: None,
            assertions: Assertions {
                must: vec![at(10)],
                must_not: vec![format!("{} not", at(11))],
                reference: Some(format!("{} answer", at(12))),
                ..Assertions::default()
            },
            tags: vec!["x".to_owned()],
        };
        let promoted = promote(&at(13), &content, &facts, &[span], &writing);
        let case = promoted.case.expect("it is a case");
        let stored = serde_json::to_string(&case).expect("it serialises");
        let copied = String::from_utf8(promoted.snapshot.bytes).expect("it is text");
        let escaped = serde_json::to_string(&secret).expect("text");
        for form in [&secret[..], escaped.trim_matches('"')] {
            prop_assert!(!stored.contains(form), "the case holds {form}: {stored}");
            prop_assert!(!copied.contains(form), "the snapshot holds {form}: {copied}");
        }
        prop_assert!(case.definition.redacted > 0);
    }
}
