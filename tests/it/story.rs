//! Whole stories told by the API alone, on the demo project and on three real series of releases: runs in, a scorecard, a
//! gate for each release, a decision by a person, the release moved by its pipeline, and the documents that leave.

use std::path::PathBuf;

use seatrial::demo::{DEMO_SEED, control, requests};
use seatrial::render::document::Document;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::decision::{Checkpoint, verify_export};
use seatrial_domain::digest::Digest;
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, both, run};
use crate::support::browser;
use crate::support::evidence::{decide, expect, path};
use crate::support::real_data::{FIRST, RealRun, Shape, bodies, reports, runs};
use crate::support::schema::keeps_to_schema;

both!(
    three_releases_of_the_demo_project,
    a_prompt_in_four_versions,
    an_agent_that_became_cheaper,
    a_method_that_forgets_a_file_system,
);

/// A release that asks to go on, and what it is compared with.
struct Step {
    release: &'static str,
    baseline: &'static str,
    /// What the machine is to recommend.
    recommended: &'static str,
    /// What the first reason is to say.
    because: &'static str,
}

const fn step(release: &'static str, baseline: &'static str, recommended: &'static str, because: &'static str) -> Step {
    Step { release, baseline, recommended, because }
}

/// Opens a gate, looks, freezes, and decides as recommended; returns the decision.
async fn decided(app: &TestApp, workflow: &str, step: &Step) -> Value {
    let opened = json!({"workflow": workflow, "release": step.release, "baseline": step.baseline});
    let gate = expect(201, app.member(Role::Owner).post(&path("gates")).json(&opened)).await;
    let gate = gate["id"].as_str().expect("an id").to_owned();
    let preview = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    let frozen = expect(201, app.member(Role::Owner).post(&path(&format!("gates/{gate}/freeze")))).await;
    let told = &frozen["recommendation"];
    assert_eq!(told["verdict"], preview["recommendation"]["verdict"], "what is frozen is what was looked at");
    let reasons: Vec<&str> =
        told["reasons"].as_array().expect("reasons").iter().filter_map(|reason| reason["text"].as_str()).collect();
    assert_eq!(told["verdict"], step.recommended, "{} after {}: {reasons:#?}", step.release, step.baseline);
    assert!(reasons.iter().any(|reason| reason.contains(step.because)), "{}: {reasons:#?}", step.release);
    let bundle = frozen["bundle"]["digest"].as_str().expect("a digest");
    let said = (step.recommended, "As the evidence says; see the gate.");
    let (status, decision) = decide(app, Role::ReleaseManager, &gate, bundle, said).await;
    assert_eq!(status, 201, "{decision}");
    decision
}

/// The pipeline tells what it did.
async fn deployed(app: &TestApp, workflow: &str, release: &str, kind: &str) {
    let body = json!({"workflow": workflow, "release": release, "kind": kind, "note": "by the pipeline"});
    let told = expect(201, app.program(&[KeyScope::Gate]).await.post(&path("deployments")).json(&body)).await;
    let state = if kind == "deployed" { "live" } else { "rolled_back" };
    assert_eq!(told["release_state"], state, "{told}");
}

/// A workflow whose runs settle at once and are never redone by anybody, with a scorecard that its owner stands by.
async fn scorecard(app: &TestApp, workflow: &str, checks: Value, dimensions: Value) {
    let about = path(&format!("workflows/{workflow}"));
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 0});
    expect(200, app.member(Role::Owner).put(&about).json(&json!({"risk_class": "high", "rules": rules}))).await;
    keep(app, workflow, checks, dimensions).await;
}

async fn keep(app: &TestApp, workflow: &str, checks: Value, dimensions: Value) {
    let about = path(&format!("workflows/{workflow}/scorecard"));
    let body = json!({
        "name": format!("{workflow} in production"), "owner": app.account(Role::Owner).to_string(), "cadence_days": 30,
        "dimensions": dimensions, "checks": checks,
    });
    expect(201, app.member(Role::Owner).put(&about).json(&body)).await;
    let stand = json!({"note": "Read against last month's misses."});
    expect(201, app.member(Role::Owner).post(&format!("{about}/attestations")).json(&stand)).await;
}

/// Reports these runs, in an order drawn with a seed: the files are sorted by task.
async fn take_in(app: &TestApp, mut found: Vec<RealRun>, shape: Shape) {
    found.sort_by_key(|run| Digest::of(format!("7 {}", run.run_id).as_bytes()));
    let writer = app.program(&[KeyScope::Ingest]).await;
    for body in bodies(&reports(&found, shape)) {
        let request = writer.post(&path("runs")).header("content-type", "application/x-ndjson").body(body);
        let answer = expect(200, request).await;
        assert_eq!(answer["rejected"], 0, "{answer}");
    }
}

/// Reads a document of a decision in every format, keeps it where pictures are kept, and returns the Markdown.
async fn documents(app: &TestApp, name: &str, decision: &Value, document: &str) -> String {
    let id = decision["id"].as_str().expect("an id");
    let mut markdown = String::new();
    for (format, ending) in [("html", "html"), ("markdown", "md"), ("json", "json")] {
        let about = path(&format!("decisions/{id}/artifact?format={format}&document={document}"));
        let response = app.member(Role::Viewer).get(&about).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{name} {document} {format}");
        let text = response.text().await.expect("a body");
        if let Ok(folder) = std::env::var("SEATRIAL_TEST_PICTURES") {
            let file = PathBuf::from(folder).join(format!("{name}-{document}.{ending}"));
            std::fs::write(&file, &text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        match format {
            "html" => assert!(text.contains("<svg") && !text.contains("<script"), "{name}"),
            "json" => {
                let kind = Document::parse(document).expect("a document");
                keeps_to_schema(kind, &serde_json::from_str(&text).expect("JSON"));
            }
            _ => markdown = text,
        }
    }
    markdown
}

/// The whole chain holds, as of a checkpoint, and every decision verifies offline.
async fn verified(app: &TestApp, decisions: &[Value]) {
    let kept = expect(200, app.member(Role::Viewer).get(&path("checkpoint"))).await;
    let kept = Checkpoint::read(kept.to_string().as_bytes()).expect("a checkpoint");
    assert_eq!(kept.sequence, decisions.len() as u64);
    for decision in decisions {
        let about = path(&format!("decisions/{}/export", decision["id"].as_str().expect("an id")));
        let response = app.member(Role::Viewer).get(&about).send().await.expect("an answer");
        let report = verify_export(&response.bytes().await.expect("a body"), std::slice::from_ref(&kept));
        assert!(report.ok, "{report:?}");
    }
}

/// The help desk looks up how the runs ended that nobody told of: a pass must hold as if each of them had failed.
async fn close_what_is_unknown(app: &TestApp, workflow: &str) {
    let desk = app.member(Role::Reviewer);
    for _ in 0..20 {
        let about = path(&format!("runs?workflow={workflow}&outcome=unknown&limit=200"));
        let runs = expect(200, desk.get(&about)).await;
        let told: Vec<Value> = runs["items"]
            .as_array()
            .expect("runs")
            .iter()
            .map(|run| {
                json!({"run": run["external_id"], "idempotency_key": "looked-up",
                       "fact": {"kind": "outcome", "outcome": "success"}})
            })
            .collect();
        if told.is_empty() {
            return;
        }
        let answer = expect(200, desk.post(&path("facts")).json(&json!({"facts": told}))).await;
        assert_eq!(answer["rejected"], 0, "{answer}");
    }
    panic!("outcomes that were told stay unknown");
}

async fn three_releases_of_the_demo_project(app: &TestApp) {
    let workflow = control::workflows().remove(0);
    let name = workflow.scenario.name;
    let rules = serde_json::to_value(&workflow.rules).expect("JSON");
    let about = path(&format!("workflows/{name}"));
    expect(200, app.member(Role::Owner).put(&about).json(&json!({"risk_class": "high", "rules": rules}))).await;
    // The reviewer tells what the help desk knows: some of it is what only people may say.
    let (sender, desk) = (app.program(&[KeyScope::Ingest]).await, app.member(Role::Reviewer));
    for batch in requests(DEMO_SEED, START, 6_000) {
        let request = sender.post("/v1/traces").header("content-type", "application/x-protobuf").body(batch.otlp);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        let facts: Vec<Value> = batch
            .facts
            .into_iter()
            .flat_map(|(run, facts)| facts.into_iter().map(move |fact| (run.clone(), fact)))
            .map(|(run, fact)| {
                json!({"run": run, "idempotency_key": fact.key, "at": fact.at, "source": fact.source, "fact": fact.value})
            })
            .collect();
        if !facts.is_empty() {
            expect(200, desk.post(&path("facts")).json(&json!({"facts": facts}))).await;
        }
    }
    close_what_is_unknown(app, name).await;
    let card = control::scorecards().remove(0);
    keep(app, name, serde_json::to_value(&card.checks).expect("JSON"), json!(card.dimensions)).await;
    deployed(app, name, "2.0.0", "deployed").await;
    let first = decided(app, name, &step("2.1.0", "2.0.0", "ship", "success")).await;
    deployed(app, name, "2.1.0", "deployed").await;
    let second = decided(app, name, &step("2.2.0", "2.1.0", "ship", "success")).await;
    deployed(app, name, "2.2.0", "deployed").await;
    // Better on the whole, and nothing is proved about those who pay most.
    let third =
        decided(app, name, &step("2.3.0", "2.2.0", "collect_more_evidence", "customer_tier = enterprise")).await;
    let review = documents(app, "demo", &third, "review").await;
    assert!(review.contains("enterprise") && review.contains("Collect more evidence"), "{review}");
    verified(app, &[first, second, third]).await;
}

fn success(margin: f64) -> Value {
    let criterion = json!({"kind": "not_worse_than_baseline", "margin": margin});
    json!({"key": "success", "signal": "success_rate", "criterion": criterion, "role": "key"})
}

/// 19, 48, 53 and 55 of 55: the first step is beyond doubt, the others are small.
async fn a_prompt_in_four_versions(app: &TestApp) {
    app.clock.set(FIRST.plus_days(1));
    let workflow = "agent-config-edit";
    scorecard(app, workflow, json!([success(0.05)]), json!([])).await;
    let versions = ["haiku/v0", "haiku/v1", "haiku/v2", "haiku/v3"];
    let found: Vec<RealRun> =
        runs("agenta_edit").into_iter().filter(|run| versions.contains(&run.release.as_str())).collect();
    assert_eq!(found.len(), 220);
    take_in(app, found, Shape::default()).await;
    deployed(app, workflow, "haiku/v0", "deployed").await;
    let mut decisions = Vec::new();
    for step in [
        step("haiku/v1", "haiku/v0", "ship", "success_rate"),
        step("haiku/v2", "haiku/v1", "collect_more_evidence", "success_rate"),
        step("haiku/v3", "haiku/v2", "collect_more_evidence", "success_rate"),
    ] {
        decisions.push(decided(app, workflow, &step).await);
    }
    let about = path(&format!(
        "workflows/{workflow}/releases/haiku%2Fv1/comparison?baseline=haiku/v0&from=2026-01-01T00:00:00Z"
    ));
    let found = expect(200, app.member(Role::Viewer).get(&about)).await;
    let rate = &found["groups"][0]["signals"]["success_rate"];
    assert_eq!((rate["before"]["numerator"].clone(), rate["after"]["numerator"].clone()), (json!(19), json!(48)));
    documents(app, "agenta-v1", &decisions[0], "review").await;
    let last = documents(app, "agenta-v3", &decisions[2], "review").await;
    assert!(last.contains("Collect more evidence"), "{last}");
    verified(app, &decisions).await;
}

/// 92 and 409 runs; the cost falls to a quarter, the share of successes hardly moves.
async fn an_agent_that_became_cheaper(app: &TestApp) {
    app.clock.set("2023-09-05T00:00:00Z".parse().expect("a time"));
    let workflow = "autogpt_bench";
    scorecard(app, workflow, json!([success(0.05)]), json!([])).await;
    let (before, after) = ("beebot@7e3704f7cd", "beebot@59d4e93c13");
    let found: Vec<RealRun> =
        runs("autogpt_bench").into_iter().filter(|run| [before, after].contains(&run.release.as_str())).collect();
    assert_eq!(found.len(), 501);
    take_in(app, found, Shape { source_as_workflow: true, ..Shape::default() }).await;
    deployed(app, workflow, before, "deployed").await;
    let decision = decided(app, workflow, &step(after, before, "collect_more_evidence", "success_rate")).await;
    let range = "from=2023-08-01T00:00:00Z&to=2023-10-01T00:00:00Z";
    let about = path(&format!("workflows/{workflow}/releases/{after}/comparison?baseline={before}&{range}"));
    let found = expect(200, app.member(Role::Viewer).get(&about)).await;
    let cost = |side: &str| found["groups"][0]["signals"]["cost_per_run"][side]["mean"].as_f64().expect("a cost");
    assert!(cost("after") < 0.3 * cost("before"), "{} and {}", cost("before"), cost("after"));
    documents(app, "beebot", &decision, "review").await;
    verified(app, &[decision]).await;
}

/// 45.6 to 28 % on all runs; on one file system 27 of 60 to none: the gate names it, and the live release goes back.
async fn a_method_that_forgets_a_file_system(app: &TestApp) {
    app.clock.set(FIRST.plus_days(1));
    let workflow = "intercode-bash";
    scorecard(app, workflow, json!([success(0.05)]), json!(["file_system"])).await;
    let (before, after) = ("gpt-3.5/tryagain-10", "gpt-3.5/plan-solve");
    let found: Vec<RealRun> = runs("intercode")
        .into_iter()
        .filter(|run| run.workflow == workflow && [before, after].contains(&run.release.as_str()))
        .collect();
    assert_eq!(found.len(), 347);
    take_in(app, found, Shape::default()).await;
    deployed(app, workflow, before, "deployed").await;
    deployed(app, workflow, after, "deployed").await;
    let decision = decided(app, workflow, &step(after, before, "rollback", "fs1")).await;
    deployed(app, workflow, before, "deployed").await;
    documents(app, "intercode", &decision, "review").await;
    let incident = documents(app, "intercode", &decision, "incident").await;
    assert!(incident.contains("fs1") && incident.contains("Rolled back"), "{incident}");
    verified(app, &[decision]).await;
}

/// The documents of a real decision on paper: A4 and Letter, in both of which nothing is cut off.
#[test]
fn the_documents_print() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let workflow = "intercode-bash";
        scorecard(app, workflow, json!([success(0.05)]), json!(["file_system"])).await;
        let (before, after) = ("gpt-3.5/tryagain-10", "gpt-3.5/plan-solve");
        let both = |run: &RealRun| run.workflow == workflow && [before, after].contains(&run.release.as_str());
        take_in(app, runs("intercode").into_iter().filter(both).collect(), Shape::default()).await;
        deployed(app, workflow, after, "deployed").await;
        let decision = decided(app, workflow, &step(after, before, "rollback", "fs1")).await;
        let mut files = Vec::new();
        for document in ["review", "incident"] {
            let id = decision["id"].as_str().expect("an id");
            let about = path(&format!("decisions/{id}/artifact?format=html&document={document}"));
            let response = app.member(Role::Viewer).get(&about).send().await.expect("an answer");
            let file = app.folder().join(format!("{document}.html"));
            std::fs::write(&file, response.bytes().await.expect("a body")).expect("it can be written");
            files.push(file.display().to_string());
        }
        browser::walk("print", &[("SEATRIAL_DOCUMENTS", &files.join(","))]).await;
    });
}
