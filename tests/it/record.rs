//! The record: it leaves, it is checked without the service, it outlives the runs, and crowds and rewriters do not break
//! it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seatrial::render::document::Document;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::decision::{Checkpoint, DecisionRecord, SealedDecision, verify_chain, verify_export};
use seatrial_domain::ids::{DecisionId, uuid_v7};
use seatrial_store::{Backend, Scope, decision};
use serde_json::{Value, json};

use crate::support::app::{Builder, PROJECT, START, TestApp, answer, both, run_with};
use crate::support::evidence::{CANDIDATE, WORKFLOW, decide, expect, freeze, path, ready_gate, report};
use crate::support::schema::keeps_to_schema;
use crate::support::sql::sql;

both!(
    fifty_clients_leave_one_unbroken_chain,
    overrides_are_counted_by_person_and_workflow,
    runs_go_and_the_evidence_stays,
    the_database_refuses_every_change_of_the_record,
    a_script_verifies_without_the_service,
    the_command_line_verifies_against_a_checkpoint,
    ten_thousand_decisions_are_verified,
);

async fn chain(app: &TestApp) -> Vec<SealedDecision> {
    let scope = Scope::of(app.project_id().await);
    let mut whole: Vec<SealedDecision> = Vec::new();
    loop {
        let after = whole.last().map_or(0, |last| last.record.sequence);
        let more = decision::chain(app.app.store.read(), scope, after).await.expect("a query");
        if more.is_empty() {
            return whole;
        }
        whole.extend(more);
    }
}

async fn export(app: &TestApp, decision: &Value) -> Vec<u8> {
    let about = path(&format!("decisions/{}/export", decision["id"].as_str().expect("an id")));
    let response = app.member(Role::Viewer).get(&about).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("a body").to_vec()
}

async fn checkpoint(app: &TestApp) -> Checkpoint {
    let found = expect(200, app.member(Role::Viewer).get(&path("checkpoint"))).await;
    Checkpoint::read(found.to_string().as_bytes()).expect("a checkpoint")
}

/// A decision to ship on good evidence.
async fn shipped(app: &TestApp) -> Value {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 201, "{decision}");
    decision
}

/// Decides, looking again whenever somebody else did meanwhile; and how often that was.
async fn insist(app: &TestApp, role: Role, gate: &str, bundle: &str, verdict: &str) -> (u16, Value, usize) {
    for refused in 0..5_000 {
        let (status, body) = decide(app, role, gate, bundle, (verdict, "Fifty of us are sure.")).await;
        if status != 409 {
            return (status, body, refused);
        }
        assert_eq!(body["code"], "decided_meanwhile", "{body}");
    }
    panic!("it never came to its turn");
}

async fn fifty_clients_leave_one_unbroken_chain(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (status, problem) = answer(app.member(Role::Viewer).get(&path("checkpoint"))).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("nothing_decided")));
    let (bundle, _) = freeze(app, &gate).await;
    let clients = (0..50).map(|client| {
        let role = if client % 2 == 0 { Role::ReleaseManager } else { Role::Admin };
        let verdict = ["hold", "ship", "collect_more_evidence"][client % 3];
        insist(app, role, &gate, &bundle, verdict)
    });
    let answers = join_all(clients).await;
    let refused: usize = answers.iter().map(|(_, _, refused)| refused).sum();
    assert!(refused > 0, "some decided at once, and were told of each other");
    let answers: Vec<(u16, Value)> = answers.into_iter().map(|(status, body, _)| (status, body)).collect();
    assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
    let chain = chain(app).await;
    assert_eq!(chain.iter().map(|sealed| sealed.record.sequence).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
    verify_chain(&chain).expect("the chain is unbroken");
    assert_eq!(chain.iter().filter(|sealed| sealed.record.supersedes.is_some()).count(), 49);
    let kept = checkpoint(app).await;
    assert_eq!((kept.sequence, kept.digest), (50, chain[49].digest));
    let report = verify_export(&export(app, &answers[0].1).await, &[kept]);
    assert!(report.ok, "{report:?}");
}

async fn overrides_are_counted_by_person_and_workflow(app: &TestApp) {
    let rates = path("overrides");
    let none = expect(200, app.member(Role::Viewer).get(&rates)).await;
    assert_eq!((none["all"]["decisions"].clone(), none["all"]["rate"].clone()), (json!(0), Value::Null));
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    for (role, answer) in [
        (Role::ReleaseManager, ("ship", "")),
        (Role::ReleaseManager, ("hold", "Not on a Friday.")),
        (Role::Admin, ("ship", "")),
    ] {
        let (status, decision) = decide(app, role, &gate, &bundle, answer).await;
        assert_eq!(status, 201, "{decision}");
    }
    let found = expect(200, app.member(Role::Viewer).get(&rates)).await;
    assert_eq!((found["all"]["decisions"].clone(), found["all"]["overrides"].clone()), (json!(3), json!(1)));
    let first = &found["people"][0];
    assert_eq!((first["name"].as_str(), first["rate"].as_f64()), (Some("Demo release_manager"), Some(0.5)));
    assert!(first["low"].as_f64().is_some_and(|low| low < 0.1), "one of two proves little: {first}");
    assert_eq!(first["workflows"][0]["workflow"], WORKFLOW);
    assert_eq!(found["people"][1]["rate"], 0.0);
    assert_eq!(found["workflows"][0]["shipped_against"], 0);
}

async fn runs_go_and_the_evidence_stays(app: &TestApp) {
    let decision = shipped(app).await;
    let about = path(&format!("decisions/{}/artifact?format=json", decision["id"].as_str().expect("an id")));
    let facts = |artifact: &Value| {
        ["checks", "failure_mix", "gaps", "recommendation", "digests"].map(|part| artifact[part].clone())
    };
    let artifact = expect(200, app.member(Role::Viewer).get(&about)).await;
    keeps_to_schema(Document::Review, &artifact);
    let before = facts(&artifact);
    let spoken = json!({"runs": [{
        "external_id": "spoken", "workflow": WORKFLOW, "release": "1.6.0", "started_at": START, "outcome": "success",
        "messages": [{"role": "user", "content": "Where is my refund?"}],
    }]});
    let writer = app.program(&[KeyScope::Ingest]).await;
    expect(200, writer.post(&path("runs")).json(&spoken)).await;
    // What people and models wrote goes by age …
    app.clock.advance(Duration::from_secs(200 * 86_400));
    let bodies = seatrial::worker::jobs::retention(&app.app).await.expect("retention runs");
    assert_eq!(bodies, 1, "one run had something to say");
    // … and the runs themselves when somebody deletes them.
    let admin = app.member(Role::Admin);
    let runs = expect(200, admin.get(&path(&format!("runs?release={CANDIDATE}&limit=40")))).await;
    let runs = runs["items"].as_array().expect("runs").clone();
    assert_eq!(runs.len(), 40);
    for run in runs {
        let about = path(&format!("runs/{}", run["id"].as_str().expect("an id")));
        let (status, body) = answer(admin.delete(&about)).await;
        assert_eq!(status, 204, "{body}");
    }
    let report = verify_export(&export(app, &decision).await, &[checkpoint(app).await]);
    assert!(report.ok, "{report:?}");
    let after = facts(&expect(200, app.member(Role::Viewer).get(&about)).await);
    assert_eq!(after, before, "the artifact says what was decided on, not what is left");
    let gate = decision["gate_id"].as_str().expect("a gate");
    let today = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    let settled = &today["changes"]["candidate_settled"];
    assert_eq!((settled["then"].as_u64(), settled["now"].as_u64()), (Some(400), Some(360)), "{today}");
}

async fn the_database_refuses_every_change_of_the_record(app: &TestApp) {
    shipped(app).await;
    let policy = expect(200, app.member(Role::Admin).get(&path("policy"))).await;
    let put = app.member(Role::Admin).put(&path("policy")).json(&policy["policy"]);
    let (status, body) = answer(put).await;
    assert!(status == 200 || status == 201, "{status} {body}");
    let refused = [
        "UPDATE decisions SET verdict = 'hold'",
        "DELETE FROM decisions",
        "INSERT INTO decisions SELECT * FROM decisions",
        "UPDATE bundles SET frozen_at = 0",
        "DELETE FROM bundles",
        "UPDATE policies SET version = 9",
        "DELETE FROM policies",
        "UPDATE scorecard_versions SET definition_json = '{}'",
        "DELETE FROM scorecard_versions",
        "UPDATE attestations SET note = 'x'",
        "DELETE FROM attestations",
        "UPDATE release_events SET reason = 'x'",
        "DELETE FROM release_events",
    ];
    let replaced: &[&'static str] = match app.app.store.backend() {
        // A replacement deletes without any trigger on deletes.
        Backend::Sqlite => &[
            "REPLACE INTO decisions SELECT * FROM decisions",
            "REPLACE INTO bundles SELECT * FROM bundles",
            "UPDATE OR REPLACE decisions SET sequence = 1",
        ],
        Backend::Postgres => &["TRUNCATE decisions", "TRUNCATE bundles", "TRUNCATE policies"],
    };
    for statement in refused.iter().chain(replaced) {
        let message = sql(app, statement).await.expect_err(statement);
        let said = message.contains("append-only") || message.contains("never changes");
        assert!(said, "{statement}: {message}");
    }
    verify_chain(&chain(app).await).expect("nothing was changed");
}

/// The auditor's script over a file, and what it said.
fn script(files: &[&Path]) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/verify.mjs");
    let output = Command::new("node").arg(script).args(files).output().expect("node runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn keep(app: &TestApp, name: &str, bytes: &[u8]) -> PathBuf {
    let file = app.folder().join(name);
    std::fs::write(&file, bytes).expect("it can be written");
    file
}

async fn a_script_verifies_without_the_service(app: &TestApp) {
    let decision = shipped(app).await;
    let bytes = export(app, &decision).await;
    let kept = keep(app, "kept.json", &checkpoint(app).await.bytes().expect("canonical"));
    let whole: Value = serde_json::from_slice(&bytes).expect("JSON");
    let pretty = keep(app, "pretty.json", &serde_json::to_vec_pretty(&whole).expect("JSON"));
    let (ok, said) = script(&[&pretty, &kept]);
    assert!(ok && said.contains("Decided: ship (recommended: ship) by Demo release_manager"), "{said}");
    // Names that sort otherwise by code point than by UTF-16 unit, and numbers at the edges, have one canonical form.
    let odd = json!({"\u{ff5e}": 1e21, "\u{1f600}": 1e-7, "é\n\u{1}": [0.1, 100.0, 5e-324, -0.0, 123_456_789_012_345_680.0], "": null});
    let record = seatrial_domain::canonical::to_canonical(&odd).expect("canonical");
    let same = "const c = process.argv[1]; const v = JSON.parse(c); \
        const f = (x) => Array.isArray(x) ? `[${x.map(f)}]` : x && typeof x === 'object' \
        ? `{${Object.keys(x).sort().map((k) => JSON.stringify(k) + ':' + f(x[k]))}}` : JSON.stringify(x); \
        if (f(v) !== c) { console.log(f(v)); process.exit(1); }";
    let text = String::from_utf8(record).expect("UTF-8");
    let output = Command::new("node").args(["-e", same, &text]).output().expect("node runs");
    assert!(output.status.success(), "{text} is written {}", String::from_utf8_lossy(&output.stdout));

    let places: [(&str, Value, &str); 8] = [
        ("/decisions/0/record/reason", json!("x"), "decision 1 was changed"),
        ("/decisions/0/record/decided_by/display_name", json!("Eve"), "decision 1 was changed"),
        ("/decisions/0/digest", whole["bundle"]["gate"].clone(), "decision 1 was changed"),
        ("/bundle/as_of", json!("2026-01-01T00:00:00Z"), "evidence"),
        ("/bundle/policy/alpha", json!(0.06), "evidence"),
        ("/recommendation/verdict", json!("hold"), "recommendation"),
        ("/decision", json!("dec_0"), "not in the chain"),
        ("/format", json!("x"), "format"),
    ];
    for (place, value, named) in places {
        let mut tampered = whole.clone();
        *tampered.pointer_mut(place).expect("it is there") = value;
        let file = keep(app, "tampered.json", tampered.to_string().as_bytes());
        let (ok, said) = script(&[&file, &kept]);
        assert!(!ok && said.contains("WRONG") && said.contains(named), "{place}: {said}");
        assert!(!verify_export(tampered.to_string().as_bytes(), &[]).ok, "{place}");
    }
    // Sealed again, it agrees with itself and not with the checkpoint.
    let mut forged = chain(app).await;
    forged[0].record.reason = "It was always so.".to_owned();
    forged[0] = forged[0].record.clone().seal().expect("canonical");
    let mut rewritten = whole.clone();
    rewritten["decisions"] = json!(forged);
    let file = keep(app, "rewritten.json", rewritten.to_string().as_bytes());
    assert!(script(&[&file]).0);
    let (ok, said) = script(&[&file, &kept]);
    assert!(!ok && said.contains("decision 1 on "), "{said}");
}

fn seatrial(app: &TestApp, key: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command.current_dir(app.folder()).env("SEATRIAL_URL", &app.base_url).env("SEATRIAL_API_KEY", key);
    command.args(arguments).output().expect("the program runs")
}

async fn the_command_line_verifies_against_a_checkpoint(app: &TestApp) {
    let decision = shipped(app).await;
    let key = app.api_key(&[KeyScope::Read]).await;
    let id = decision["id"].as_str().expect("an id");
    let run = async |arguments: &[&str]| {
        let output = tokio::task::block_in_place(|| seatrial(app, &key, arguments));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, _, said) = run(&["decision", "export", id, "--project", PROJECT, "--out", "decision.json"]).await;
    assert_eq!(code, Some(0), "{said}");
    let (code, _, said) = run(&["decision", "checkpoint", "--project", PROJECT, "--out", "kept.json"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Keep it away from the server"), "{said}");
    let verify = ["decision", "verify", "decision.json", "--checkpoint", "kept.json"];
    let (code, told, said) = run(&verify).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        told.contains("checkpoint: The chain up to decision 1 is the one of") && told.contains("ship holds"),
        "{told}"
    );
    let mut kept = checkpoint(app).await;
    kept.sequence = 2;
    keep(app, "kept.json", &kept.bytes().expect("canonical"));
    let (code, told, said) = run(&verify).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(said.contains("the export ends with number 1"), "{said}");
}

#[expect(clippy::print_stdout, reason = "a measurement for whoever runs the test with --nocapture")]
async fn ten_thousand_decisions_are_verified(app: &TestApp) {
    let decision = shipped(app).await;
    let scope = Scope::of(app.project_id().await);
    let first = chain(app).await.remove(0).record;
    let tx = app.app.store.write().await.expect("a transaction");
    for n in 2..=10_000_u64 {
        let id = DecisionId::from_uuid(uuid_v7(1_800_000_000_000 + n, [7; 10]));
        let record = DecisionRecord { id, decided_at: START.plus_seconds(60), ..first.clone() };
        decision::append(&tx, scope, record).await.expect("it is appended");
    }
    tx.commit().await.expect("they are there");
    let asked = Instant::now();
    let bytes = export(app, &decision).await;
    let exported = asked.elapsed();
    let started = Instant::now();
    let report = verify_export(&bytes, &[checkpoint(app).await]);
    let verified = started.elapsed();
    assert!(report.ok && report.superseded_by.is_some(), "{report:?}");
    println!(
        "10,000 decisions, {:.1} MB, without optimisation: exported in {:.2} s, verified in {:.2} s",
        bytes.len() as f64 / 1e6,
        exported.as_secs_f64(),
        verified.as_secs_f64()
    );
    let file = keep(app, "long.json", &bytes);
    let (ok, said) = script(&[&file]);
    assert!(ok && said.contains("10000 decisions hold together"), "{said}");
}

/// Evidence that changes after a freeze is new evidence, also of a release that is decided.
#[test]
fn late_facts_make_a_new_bundle_and_leave_the_old_one() {
    run_with(Builder::new(Backend::Sqlite), async |app: &TestApp| {
        let decision = shipped(app).await;
        let before = export(app, &decision).await;
        report(app, CANDIDATE, (50, 0), START.plus_days(-3)).await;
        let gate = decision["gate_id"].as_str().expect("a gate");
        let (again, _) = freeze(app, gate).await;
        assert_ne!(json!(again), decision["bundle"]);
        assert_eq!(export(app, &decision).await, before);
    });
}
