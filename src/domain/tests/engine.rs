//! Engines: exports made by every engine there ever was still verify, and this build's engine still says what it said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seatrial_domain::canonical::{from_value, parse_strict};
use seatrial_domain::decision::{Replay, verify_export};
use seatrial_domain::evidence::{EvidenceBundle, FreezeInput, changes, freeze};
use seatrial_domain::gate::{ENGINE, FIRST_ENGINE, Recommendation, Verdict, evaluate};
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::RunFacts;
use seatrial_domain::scorecard::{
    Check, CheckRole, Criterion, FreshnessReason, FreshnessReasonKind, FreshnessState, Scope,
};
use seatrial_domain::signal::Signal;
use serde_json::Value;

use crate::decision::export_of;
use crate::support::Draw;
use crate::support::bundle::{DAY_ONE, arm, input, key_check, run, scorecard};

fn folder(engine: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("engine_{engine}"))
}

/// Runs of two tiers with costs, durations and retries.
fn runs(n: usize, rate: f64, cost: f64, seed: u64) -> Vec<RunFacts> {
    let mut draw = Draw::new(seed);
    (0..n)
        .map(|i| {
            let mut facts = run(draw.hit(rate) == 1);
            facts.cost_nanos = Some((-1e9 * cost * (1.0 - draw.unit()).ln()) as i64);
            facts.ended_at = Some(facts.started_at.plus_micros((30e6 * draw.unit()) as i64));
            facts.trusted_at = facts.ended_at;
            facts.retries = Some(i64::from(draw.unit() < 0.2));
            let tier = if i % 3 == 0 { "gold" } else { "free" };
            facts.segments = BTreeMap::from([("tier".to_owned(), tier.to_owned())]);
            facts
        })
        .collect()
}

fn asked(signal: Signal, criterion: Criterion, role: CheckRole) -> Check {
    Check { criterion, role, ..key_check(signal) }
}

/// A rate, an amount, a ratio, a quantile and a band, by segment, against an earlier baseline.
fn everything() -> FreezeInput {
    let not_worse = Criterion::NotWorseThanBaseline { margin: Some(0.1) };
    let by_tier = Scope::Dimension { name: "tier".to_owned() };
    let checks = vec![
        key_check(Signal::SuccessRate),
        Check { scope: by_tier, ..asked(Signal::CostPerSuccess, not_worse, CheckRole::Standard) },
        asked(Signal::Latency, Criterion::AtMost { value: 60.0 }, CheckRole::Standard),
        asked(Signal::RetryRate, Criterion::WithinBaseline { margin: Some(0.2) }, CheckRole::Standard),
        asked(Signal::CompletionRate, Criterion::Floor { rate: 0.5 }, CheckRole::Info),
    ];
    input(&runs(240, 0.8, 0.2, 1), &runs(220, 0.9, 0.15, 2), scorecard(checks, &["tier"]))
}

/// A live release that got worse, compared on the same time, with a stale scorecard and gaps nobody has taken on.
fn worse() -> FreezeInput {
    let card = scorecard(vec![key_check(Signal::SuccessRate), key_check(Signal::HighCostFailureRate)], &["tier"]);
    let (baseline, candidate) = (runs(200, 0.9, 0.2, 3), runs(200, 0.5, 0.2, 4));
    let mut given = input(&baseline, &candidate, card);
    given.against = arm(DAY_ONE.plus_days(30), &baseline);
    given.release.state = ReleaseState::Live;
    given.default_gap_owner = None;
    let overdue = FreshnessReason {
        kind: FreshnessReasonKind::ReviewOverdue,
        text: "The review was due 12 days ago.".to_owned(),
        since: Some(DAY_ONE.plus_days(18)),
    };
    given.freshness.as_mut().expect("one").state = FreshnessState::Stale;
    given.freshness.as_mut().expect("one").reasons.push(overdue);
    given
}

/// Too few runs, and nothing to compare with.
fn thin() -> FreezeInput {
    let card = scorecard(vec![asked(Signal::SuccessRate, Criterion::Floor { rate: 0.7 }, CheckRole::Key)], &[]);
    let mut given = input(&[], &runs(12, 0.9, 0.2, 5), card);
    given.baseline = None;
    given
}

fn samples() -> [(&'static str, FreezeInput); 3] {
    [("everything", everything()), ("worse", worse()), ("thin", thin())]
}

fn export(input: &FreezeInput) -> Vec<u8> {
    let bundle = freeze(input);
    export_of(&bundle, &evaluate(&bundle))
}

fn kept(engine: u32) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder(engine)).expect("exports of every engine are kept");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let file = file.expect("it can be listed");
        (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).expect("it can be read"))
    };
    let mut files: Vec<_> = files.map(read).collect();
    files.sort();
    files
}

/// Writes down the exports of a new engine, once, and stops so that somebody looks at them.
fn keep_exports() {
    let folder = folder(ENGINE);
    if folder.exists() {
        return;
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, given) in samples() {
        std::fs::write(folder.join(format!("{name}.json")), export(&given)).expect("it can be written");
    }
    panic!("exports of engine {ENGINE} were written to {}: look at them, and commit them", folder.display());
}

#[test]
fn exports_of_every_engine_verify_for_ever() {
    keep_exports();
    for engine in FIRST_ENGINE..=ENGINE {
        let files = kept(engine);
        assert!(files.len() >= samples().len(), "exports of engine {engine} are kept: {}", files.len());
        for (name, bytes) in files {
            let report = verify_export(&bytes, &[]);
            assert!(
                report.ok,
                "{name} of engine {engine}: {:?}. When rules, figures or words were changed on purpose, raise ENGINE \
                 and run this test again, which keeps exports of the new one.",
                report.problem
            );
            match report.replay.expect("it came that far") {
                Replay::Same { engine: by } => assert!(by == engine && by == ENGINE, "{name}: {by}"),
                Replay::OtherEngine { engine: by, this_build, says } => {
                    assert!(by == engine && this_build == ENGINE && by != ENGINE, "{name}: {by}");
                    assert!(says.is_some(), "{name} of engine {engine} can still be read");
                }
            }
        }
    }
}

/// What the pages do with evidence of any age: read it, and set it beside what would be frozen today.
#[test]
fn evidence_of_every_engine_is_still_read() {
    for (name, bytes) in (FIRST_ENGINE..=ENGINE).flat_map(kept) {
        let export = parse_strict(&bytes).expect("JSON");
        let bundle: EvidenceBundle = from_value(&export["bundle"]).expect(&name);
        let said: Recommendation = from_value(&export["recommendation"]).expect(&name);
        let says = evaluate(&bundle);
        let told = changes((&bundle, &said), (&bundle, &says));
        assert_eq!(told.engine_changed, said.engine != ENGINE, "{name}");
        assert_eq!(told.candidate_settled.then, told.candidate_settled.now, "{name}");
    }
}

#[test]
fn exports_of_this_engine_cover_its_answers() {
    let said: Vec<Verdict> = samples().iter().map(|(_, given)| evaluate(&freeze(given)).verdict).collect();
    assert_eq!(said, [Verdict::Ship, Verdict::Rollback, Verdict::CollectMoreEvidence]);
}

/// An export of an engine that this build does not have: the recommendation says so, and everything is sealed.
fn of_engine(engine: u32, change: impl Fn(&mut Recommendation)) -> Vec<u8> {
    let bundle = freeze(&worse());
    let mut told = evaluate(&bundle);
    told.engine = engine;
    change(&mut told);
    export_of(&bundle, &told)
}

#[test]
fn what_another_engine_recommended_holds_and_is_said_not_to_be_computed_again() {
    let other = ENGINE + 1;
    let report = verify_export(&of_engine(other, |told| told.reasons.truncate(1)), &[]);
    assert!(report.ok, "{:?}", report.problem);
    let says = Some(Verdict::Rollback);
    assert_eq!(report.replay, Some(Replay::OtherEngine { engine: other, this_build: ENGINE, says }));
    let detail = &report.steps.last().expect("a step").detail;
    let wanted = format!("NOT COMPUTED AGAIN: engine {other} made it, and this build has engine {ENGINE}");
    assert!(detail.contains(&wanted), "{detail}");
    // The same words from this build's engine are wrong: an engine's name is no way around the computation.
    let report = verify_export(&of_engine(ENGINE, |told| told.reasons.truncate(1)), &[]);
    assert!(!report.ok && report.problem.expect("a problem").contains("differs from the one that was recorded"));
}

#[test]
fn nothing_of_another_engines_export_can_be_changed_unseen() {
    let export: Value = serde_json::from_slice(&of_engine(ENGINE + 1, |_| {})).expect("JSON");
    for (place, value) in [
        ("/recommendation/engine", serde_json::json!(ENGINE + 2)),
        ("/recommendation/verdict", serde_json::json!("ship")),
        ("/bundle/policy/alpha", serde_json::json!(0.9)),
        ("/bundle/release/name", serde_json::json!("v3")),
    ] {
        let mut tampered = export.clone();
        *tampered.pointer_mut(place).expect("it is there") = value;
        let report = verify_export(tampered.to_string().as_bytes(), &[]);
        assert!(!report.ok && report.replay.is_none(), "{place}: {report:?}");
    }
}
