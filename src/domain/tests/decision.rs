//! Decisions: who may decide, the chain, and an export in which nothing can be changed unseen.

use seatrial_domain::access::{Actor, Role};
use seatrial_domain::decision::{
    ChainProblem, DECISION_SCHEMA, DecisionExport, DecisionRecord, DecisionRefusal, Person, Proposal, SealedDecision,
    may_decide, standing, verify_chain, verify_export,
};
use seatrial_domain::digest::Digest;
use seatrial_domain::evidence::{EvalSummary, EvidenceBundle, PairedEvals, RegressedCase, freeze};
use seatrial_domain::gate::{Recommendation, Verdict, evaluate};
use seatrial_domain::ids::{CaseId, DecisionId, ExemptionId, GateId, uuid_v7};
use seatrial_domain::policy::{Policy, WantedScorecard, WorkflowPolicy};
use seatrial_domain::scorecard::{Exemption, Statistic};
use serde_json::{Map, Value};

use crate::evidence::sample;
use crate::support::bundle::DAY_ONE;

pub(crate) fn person(id: &str, roles: &[Role]) -> Person {
    Person { actor: Actor::account(id, id.to_uppercase()), roles: roles.to_vec() }
}

pub(crate) fn id(n: u8) -> DecisionId {
    DecisionId::from_uuid(uuid_v7(1_700_000_000_000, [n; 10]))
}

/// Three decisions of one gate; the last is about the sample bundle.
pub(crate) fn chain() -> Vec<SealedDecision> {
    let bundle = freeze(&sample());
    chain_about(&bundle, &evaluate(&bundle))
}

fn chain_about(bundle: &EvidenceBundle, told: &Recommendation) -> Vec<SealedDecision> {
    let mut chain: Vec<SealedDecision> = Vec::new();
    for n in 1..=3_u8 {
        let previous = chain.last().map(|sealed| sealed.digest);
        let record = DecisionRecord {
            schema: DECISION_SCHEMA,
            id: id(n),
            project: bundle.project.id,
            sequence: u64::from(n),
            gate: bundle.gate,
            workflow: bundle.workflow.id,
            release: bundle.release.id,
            bundle: if n == 3 { bundle.digest().expect("canonical") } else { Digest::of(&[n]) },
            policy: bundle.policy.digest().expect("canonical"),
            scorecard: bundle.scorecard.as_ref().map(|card| Digest::of_document(card).expect("canonical")),
            recommendation: if n == 3 { told.digest().expect("canonical") } else { Digest::of(&[n, n]) },
            recommended: told.verdict,
            verdict: Verdict::Hold,
            reason: "The new prompt waits for the audit.".to_owned(),
            decided_by: Actor::account("acc_1", "Ada"),
            approved_by: (n == 2).then(|| Actor::account("acc_2", "Grace")),
            decided_at: DAY_ONE.plus_days(i64::from(n)),
            supersedes: (n == 3).then(|| id(1)),
            previous,
        };
        chain.push(record.seal().expect("canonical"));
    }
    chain
}

pub(crate) fn export() -> Value {
    let bundle = freeze(&sample());
    serde_json::from_slice(&export_of(&bundle, &evaluate(&bundle))).expect("JSON")
}

/// The export of a decision on this evidence and this recommendation.
pub(crate) fn export_of(bundle: &EvidenceBundle, told: &Recommendation) -> Vec<u8> {
    let (stored, said) = (bundle.canonical_bytes().expect("canonical"), told.canonical_bytes().expect("canonical"));
    let export = DecisionExport::from_stored(id(3), &stored, &said, chain_about(bundle, told)).expect("JSON");
    export.bytes().expect("canonical")
}

pub(crate) fn verify(value: &Value) -> seatrial_domain::decision::VerificationReport {
    verify_export(&serde_json::to_vec(value).expect("JSON"), &[])
}

#[test]
fn an_untouched_export_verifies_however_it_is_formatted() {
    let export = export();
    let report = verify(&export);
    assert!(report.ok, "{:?}", report.problem);
    assert_eq!(
        report.steps.iter().map(|step| step.name).collect::<Vec<_>>(),
        ["shape", "chain", "evidence", "policy", "scorecard", "recommendation"]
    );
    assert_eq!((report.verdict, report.superseded_by), (Some(Verdict::Hold), None));
    assert!(verify_export(&serde_json::to_vec_pretty(&export).expect("JSON"), &[]).ok);
}

/// Every way to reach a leaf of a value.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            path.push(key.clone());
            leaves(inner, path, found);
            path.pop();
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, inner)| {
            path.push(i.to_string());
            leaves(inner, path, found);
            path.pop();
        }),
        _ => found.push(path.clone()),
    }
}

pub(crate) fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match value {
        Value::Array(items) => &mut items[step.parse::<usize>().expect("an index")],
        other => &mut other[step.as_str()],
    })
}

pub(crate) fn flipped(value: &Value) -> Value {
    match value {
        Value::Null => Value::from("x"),
        Value::Bool(b) => Value::from(!b),
        Value::Number(n) if n.is_f64() => Value::from(n.as_f64().expect("a float") + 0.001),
        Value::Number(n) => Value::from(n.as_i64().expect("an integer") + 1),
        Value::String(text) => {
            let mut changed: Vec<char> = text.chars().collect();
            match changed.last_mut() {
                Some(last) => *last = if *last == '0' { '1' } else { '0' },
                None => changed.push('x'),
            }
            Value::from(changed.into_iter().collect::<String>())
        }
        other => other.clone(),
    }
}

#[test]
fn no_field_of_an_export_can_be_changed_unseen() {
    let export = export();
    let mut paths = Vec::new();
    leaves(&export, &mut Vec::new(), &mut paths);
    // Blocks are alike: the first few of each series stand for the rest.
    let early = |path: &Vec<String>| path.iter().all(|step| step.parse::<usize>().map_or(true, |i| i < 3));
    paths.retain(early);
    assert!(paths.len() > 300, "{}", paths.len());
    for path in paths {
        let mut tampered = export.clone();
        let leaf = at(&mut tampered, &path);
        *leaf = flipped(leaf);
        let report = verify(&tampered);
        assert!(!report.ok, "changing {} was not seen", path.join("."));
        assert!(report.problem.is_some() && !report.steps.last().expect("a step").ok);
    }
}

/// A young export with little in it, and one with everything that evidence can have.
fn kept() -> Vec<(String, Value)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let read = |name: &str| -> (String, Value) {
        let text = std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.to_owned(), serde_json::from_slice(&text).expect("JSON"))
    };
    vec![read("engine_2/thin.json"), ("everything there is".to_owned(), with_what_is_often_left_out())]
}

/// Every field that is not written while there is nothing to say.
fn with_what_is_often_left_out() -> Value {
    let kept = include_str!("fixtures/engine_2/everything.json");
    let kept: Value = serde_json::from_str(kept).expect("JSON");
    let mut bundle: EvidenceBundle = serde_json::from_value(kept["bundle"].clone()).expect("a bundle");
    bundle.exemptions = vec![Exemption {
        id: ExemptionId::from_uuid(uuid_v7(1_700_000_000_000, [8; 10])),
        check: "latency".to_owned(),
        reason: "The network moves.".to_owned(),
        requested_by: Actor::account("acc_1", "Ada"),
        approved_by: Some(Actor::account("acc_2", "Grace")),
        expires_at: DAY_ONE.plus_days(90),
        ended_at: None,
    }];
    bundle.evals = vec![EvalSummary {
        suite: "smoke".to_owned(),
        version: 2,
        passed: 3,
        failed: 1,
        not_run: 1,
        flaky: 1,
        paired: Some(PairedEvals { both_passed: 2, both_failed: 1, fixed: 1, regressed: 1 }),
        regressed: vec![RegressedCase {
            case: CaseId::from_uuid(uuid_v7(1_700_000_000_000, [6; 10])),
            title: "Refund it once".to_owned(),
        }],
    }];
    bundle.policy.workflows = vec![WorkflowPolicy {
        workflow: "refund-handling".to_owned(),
        scorecard: Some(WantedScorecard { name: "Refunds".to_owned(), at_least: 1 }),
        required_suites: Some(vec!["smoke".to_owned()]),
        bake_seconds: Some(3_600),
        default_margin: Some(0.03),
        floor_units: Some(40),
        planned_candidate_runs: Some(900),
        ship_takes_two: Some(true),
    }];
    let card = bundle.scorecard.as_mut().expect("a scorecard");
    card.checks[0].statistic = Some(Statistic::P95);
    serde_json::from_slice(&export_of(&bundle, &evaluate(&bundle))).expect("JSON")
}

/// Every object and every list in a value.
fn containers(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), inner)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, inner)| (i.to_string(), inner)).collect(),
        _ => return,
    };
    found.push(path.clone());
    for (step, inner) in inner {
        path.push(step);
        containers(inner, path, found);
        path.pop();
    }
}

/// Not a sample of them: each leaf flipped, each key and each item taken away and added, wherever it is.
#[test]
fn nothing_at_all_can_be_changed_in_a_kept_export() {
    for (name, export) in kept() {
        assert!(verify(&export).ok, "{name}: {:?}", verify(&export).problem);
        let (mut paths, mut places, mut tried) = (Vec::new(), Vec::new(), 0);
        leaves(&export, &mut Vec::new(), &mut paths);
        containers(&export, &mut Vec::new(), &mut places);
        // Blocks of a series are alike.
        let early = |path: &Vec<String>| path.iter().all(|step| step.parse::<usize>().map_or(true, |i| i < 2));
        paths.retain(early);
        places.retain(early);
        let mut try_it = |what: &str, path: &[String], change: &dyn Fn(&mut Value)| {
            let mut tampered = export.clone();
            change(at(&mut tampered, path));
            let report = verify(&tampered);
            assert!(!report.ok && report.problem.is_some(), "{name}: {what} at {} was not seen", path.join("."));
            tried += 1;
        };
        for path in &paths {
            try_it("a change", path, &|leaf| *leaf = flipped(leaf));
        }
        for path in &places {
            match at(&mut export.clone(), path) {
                Value::Object(map) => {
                    try_it("something added", path, &|value| value["added"] = Value::from(1));
                    for key in map.keys() {
                        try_it(&format!("{key} taken away"), path, &|value| {
                            value.as_object_mut().expect("an object").remove(key);
                        });
                    }
                }
                Value::Array(items) => {
                    let extra = items.last().cloned().unwrap_or(Value::Null);
                    try_it("an item more", path, &|value| value.as_array_mut().expect("a list").push(extra.clone()));
                    // Where an export's chain begins is not its to say: what came before is taken as given, and a
                    // checkpoint that left tells (`a_chain_that_was_rewritten_does_not_agree_with_a_checkpoint_that_left`).
                    let first = usize::from(path.join(".") == "decisions");
                    for place in first..items.len().min(3) {
                        try_it("an item less", path, &|value| {
                            value.as_array_mut().expect("a list").remove(place);
                        });
                    }
                }
                _ => {}
            }
        }
        assert!(tried > 200, "{name}: {tried}");
    }
}

#[test]
fn nothing_can_be_added_or_taken_away() {
    let export = export();
    let mut paths = vec![Vec::new()];
    let objects = ["bundle", "recommendation", "decisions.0.record", "decisions.0", "decisions.0.record.decided_by"];
    paths.extend(objects.map(|path| path.split('.').map(str::to_owned).collect()));
    for path in paths {
        let mut tampered = export.clone();
        let object = |value: &mut Value| -> Map<String, Value> { value.as_object().expect("an object").clone() };
        let whole = object(at(&mut tampered, &path));
        at(&mut tampered, &path)["added"] = Value::from(1);
        assert!(!verify(&tampered).ok, "adding to {path:?}");
        for key in whole.keys() {
            let mut tampered = export.clone();
            at(&mut tampered, &path).as_object_mut().expect("an object").remove(key);
            assert!(!verify(&tampered).ok, "removing {key} from {path:?}");
        }
    }
    let changes: [fn(&mut Vec<Value>); 3] =
        [|list| drop(list.remove(1)), |list| list.swap(0, 1), |list| list.push(list[2].clone())];
    for change in changes {
        let mut tampered = export.clone();
        change(tampered["decisions"].as_array_mut().expect("a list"));
        assert!(!verify(&tampered).ok);
    }
    let text = String::from_utf8(serde_json::to_vec(&export).expect("JSON")).expect("UTF-8");
    let twice = text.replacen("\"format\"", "\"format\":\"x\",\"format\"", 1);
    assert!(verify_export(twice.as_bytes(), &[]).problem.expect("seen").contains("occurs twice"));
    assert!([&b""[..], b"[]", &[0xff; 9]].iter().all(|bytes| !verify_export(bytes, &[]).ok));
}

#[test]
fn a_broken_chain_names_the_first_bad_entry() {
    let good = chain();
    assert_eq!(verify_chain(&good), Ok(()));
    assert_eq!(verify_chain(&good[1..]), Ok(()));
    assert_eq!(verify_chain(&[]), Ok(()));
    let mut changed = good.clone();
    changed[1].record.reason.push('!');
    let error = verify_chain(&changed).expect_err("changed");
    assert!(matches!((error.index, &error.problem), (1, ChainProblem::Changed { .. })), "{error}");
    // Sealed again, the change shows at the next link.
    changed[1] = changed[1].record.clone().seal().expect("canonical");
    let error = verify_chain(&changed).expect_err("changed");
    assert!(matches!((error.index, &error.problem), (2, ChainProblem::Link { .. })), "{error}");
    let missing = [good[0].clone(), good[2].clone()];
    let error = verify_chain(&missing).expect_err("missing");
    assert!(matches!((error.index, &error.problem), (1, ChainProblem::Sequence { expected: 2 })), "{error}");
    let standing_id = standing(&good, good[0].record.gate).map(|sealed| sealed.record.id);
    assert_eq!(standing_id, Some(id(3)));
    assert!(standing(&good, GateId::from_uuid(uuid_v7(1, [0; 10]))).is_none());
}

fn refused(policy: &Policy, proposal: &Proposal<'_>) -> Vec<String> {
    let refusals: Vec<DecisionRefusal> = may_decide(policy, proposal).err().unwrap_or_default();
    refusals
        .iter()
        .map(|refusal| format!("{refusal:?}").split([' ', '{', '(']).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn who_may_decide_what() {
    let (ada, grace) = (person("ada", &[Role::ReleaseManager]), person("grace", &[Role::Admin]));
    let (viewer, both) = (person("vi", &[Role::Viewer]), Policy { ship_takes_two: true, ..Policy::default() });
    let policy = Policy::default();
    let machine = Person { actor: Actor::api_key("key_1", "CI"), roles: vec![Role::Admin] };
    let base = Proposal {
        recommended: Verdict::Ship,
        verdict: Verdict::Ship,
        reason: "",
        by: &ada,
        second: None,
        opened_by: None,
    };
    let against = Proposal { recommended: Verdict::Hold, reason: "The audit is done.", ..base };
    let none: [&str; 0] = [];
    assert_eq!(refused(&policy, &base), none);
    assert_eq!(refused(&policy, &Proposal { by: &viewer, ..base }), ["Role"]);
    assert_eq!(refused(&policy, &Proposal { by: &machine, ..base }), ["NotAPerson"]);
    assert_eq!(refused(&policy, &Proposal { verdict: Verdict::Hold, ..base }), ["ReasonMissing"]);
    assert_eq!(refused(&policy, &Proposal { verdict: Verdict::Hold, reason: " \n", ..base }), ["ReasonMissing"]);
    assert_eq!(refused(&policy, &Proposal { verdict: Verdict::Hold, reason: "Wait.", ..base }), none);
    assert_eq!(refused(&policy, &against), ["SecondPersonMissing"]);
    assert_eq!(refused(&policy, &Proposal { reason: "", ..against }), ["ReasonMissing", "SecondPersonMissing"]);
    assert_eq!(refused(&policy, &Proposal { second: Some(&grace), ..against }), none);
    assert_eq!(refused(&policy, &Proposal { second: Some(&ada), ..against }), ["SamePerson"]);
    assert_eq!(refused(&policy, &Proposal { second: Some(&viewer), ..against }), ["SecondRole"]);
    assert_eq!(refused(&policy, &Proposal { second: Some(&machine), ..against }), ["SecondNotAPerson"]);
    let collect = Proposal { recommended: Verdict::CollectMoreEvidence, ..against };
    assert_eq!(refused(&policy, &collect), none);
    assert_eq!(refused(&policy, &Proposal { opened_by: Some(&ada.actor), ..base }), ["OpenerAlone"]);
    assert_eq!(refused(&policy, &Proposal { opened_by: Some(&ada.actor), second: Some(&grace), ..base }), none);
    let hold = Proposal { opened_by: Some(&ada.actor), verdict: Verdict::Hold, reason: "Wait.", ..base };
    assert_eq!(refused(&policy, &hold), none);
    assert_eq!(refused(&both, &base), ["PolicyTakesTwo"]);
    let long = "x".repeat(4_001);
    assert_eq!(refused(&policy, &Proposal { reason: &long, ..base }), ["ReasonTooLong"]);
}
