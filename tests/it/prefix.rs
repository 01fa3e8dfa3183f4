//! How far the evidence of a gate has come is kept: a look goes on from there, and says what beginning anew says.

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::evidence::Prefix;
use seatrial_domain::ids::GateId;
use seatrial_domain::time::{HOUR, MINUTE};
use seatrial_store::{Scope, prefix};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, answer, both};
use crate::support::evidence::{BASELINE, CANDIDATE, WORKFLOW, attest, decide, expect, freeze, open_gate, path};

both!(a_look_goes_on_from_what_is_kept_and_says_what_beginning_anew_says, a_change_of_an_old_block_drops_what_is_kept);

/// A workflow whose runs settle after an hour, and a scorecard that reads every kind of evidence.
async fn declare(app: &TestApp) {
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 3600});
    let about = path(&format!("workflows/{WORKFLOW}"));
    expect(200, app.member(Role::Owner).put(&about).json(&json!({"risk_class": "high", "rules": rules}))).await;
    let compared = json!({"kind": "not_worse_than_baseline", "margin": 0.1});
    let check = |key: &str, signal: &str, criterion: &Value| json!({"key": key, "signal": signal, "criterion": criterion, "role": "key"});
    let body = json!({
        "name": "Refunds", "owner": app.account(Role::Owner).to_string(), "cadence_days": 30, "dimensions": ["tier"],
        "checks": [
            check("success", "success_rate", &compared),
            check("harm", "high_cost_failure_rate", &json!({"kind": "ceiling", "rate": 0.05})),
            check("cost", "cost_per_success", &compared),
            check("latency", "latency", &compared),
        ],
    });
    expect(201, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}/scorecard"))).json(&body)).await;
    attest(app).await;
}

fn run(release: &str, minute: i64, outcome: &str) -> Value {
    let at = START.plus_micros(minute * MINUTE);
    let tier = ["gold", "free", "trial"][minute.rem_euclid(3).unsigned_abs() as usize];
    json!({
        "external_id": format!("{release}-{minute}"), "workflow": WORKFLOW, "release": release, "outcome": outcome,
        "started_at": at, "ended_at": at.plus_seconds(10 + minute.rem_euclid(40)), "retries": 0,
        "cost_nanos": 20_000_000 + minute.rem_euclid(7) * 1_000_000,
        "segments": {"tier": tier},
    })
}

async fn send(app: &TestApp, runs: Vec<Value>) {
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": runs}))).await;
    assert_eq!(body["rejected"], 0, "{body}");
}

/// A run of each release a minute, from one minute after the start up to another.
async fn side_by_side(app: &TestApp, minutes: std::ops::Range<i64>) {
    let outcome = |minute: i64| if minute.rem_euclid(5) == 0 { "failure" } else { "success" };
    let both = minutes.flat_map(|minute| [BASELINE, CANDIDATE].map(|release| run(release, minute, outcome(minute))));
    send(app, both.collect()).await;
}

/// Moves the clock, and settles what is due by then.
async fn at(app: &TestApp, minute: i64) {
    app.clock.set(START.plus_micros(minute * MINUTE));
    jobs::settle_due(&app.app).await.expect("settled");
}

/// Says afterwards that the run of a minute failed.
async fn correct(app: &TestApp, release: &str, minute: i64) {
    let known = expect(
        200,
        app.member(Role::Viewer).get(&path(&format!("runs?workflow={WORKFLOW}&release={release}&limit=200"))),
    )
    .await;
    let wanted = json!(format!("{release}-{minute}"));
    let runs = known["items"].as_array().expect("a list");
    let id = runs.iter().find(|run| run["external_id"] == wanted).expect("the run")["id"].as_str().expect("an id");
    let fact = json!({"idempotency_key": "late", "fact": {"kind": "reviewer_confirmation", "outcome": "failure", "failure_class": null}});
    expect(200, app.member(Role::Reviewer).post(&path(&format!("runs/{id}/facts"))).json(&fact)).await;
}

async fn kept(app: &TestApp, gate: &str) -> Option<Prefix> {
    let gate: GateId = gate.parse().expect("an id");
    let scope = Scope::of(app.project_id().await);
    prefix::find(app.app.store.read(), scope, gate)
        .await
        .expect("read")
        .map(|kept| kept.decode().expect("it can be read back").0)
}

/// What a look says, held against what is frozen, which never reads what is kept.
async fn looked(app: &TestApp, gate: &str) -> Value {
    let look = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    let frozen = expect(201, app.member(Role::Owner).post(&path(&format!("gates/{gate}/freeze")))).await;
    assert_eq!(look["recommendation"], frozen["recommendation"]);
    let again = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    assert!(again["changes"].is_object(), "{again}");
    look["recommendation"].clone()
}

async fn a_look_goes_on_from_what_is_kept_and_says_what_beginning_anew_says(app: &TestApp) {
    declare(app).await;
    side_by_side(app, -600..-60).await;
    at(app, 0).await;
    let gate = open_gate(app, Role::Owner).await;
    let first = looked(app, &gate).await;
    assert_eq!(kept(app, &gate).await, None, "a look keeps nothing");
    jobs::find_gaps(&app.app).await.expect("found");
    let earlier = kept(app, &gate).await.expect("kept");
    assert!(earlier.through() <= app.app.now() && earlier.through() > START.plus_micros(-2 * HOUR));
    assert_eq!(looked(app, &gate).await, first, "the same evidence");

    // What is new is read; what is kept goes along with it.
    at(app, 120).await;
    side_by_side(app, -60..100).await;
    at(app, 150).await;
    let second = looked(app, &gate).await;
    assert_ne!(second["checks"][0]["figures"], first["checks"][0]["figures"]);
    jobs::find_gaps(&app.app).await.expect("found");
    let later = kept(app, &gate).await.expect("kept");
    assert!(later.through() > earlier.through());
    assert_eq!(looked(app, &gate).await, second);
    at(app, 200).await;
    side_by_side(app, 100..130).await;
    at(app, 230).await;
    assert_ne!(looked(app, &gate).await, second);

    // Nobody looks again and again at what is decided.
    let (digest, _) = freeze(app, &gate).await;
    let (status, decided) = decide(app, Role::ReleaseManager, &gate, &digest, ("hold", "Enough seen.")).await;
    assert_eq!(status, 201, "{decided}");
    assert_eq!(kept(app, &gate).await, None);
}

async fn a_change_of_an_old_block_drops_what_is_kept(app: &TestApp) {
    declare(app).await;
    side_by_side(app, -600..-60).await;
    at(app, 0).await;
    let gate = open_gate(app, Role::Owner).await;
    jobs::find_gaps(&app.app).await.expect("found");
    let before = looked(app, &gate).await;
    assert!(kept(app, &gate).await.is_some());
    // Young runs, and another release's old ones, change nothing of it.
    side_by_side(app, -30..-10).await;
    send(app, vec![run("9.9.9", -500, "failure")]).await;
    assert!(kept(app, &gate).await.is_some());
    for release in [CANDIDATE, BASELINE] {
        correct(app, release, -66).await;
        assert!(kept(app, &gate).await.is_some(), "a young run of {release} is not in it");
        correct(app, release, -201).await;
        assert_eq!(kept(app, &gate).await, None, "a late correction of {release}");
        let after = looked(app, &gate).await;
        assert_ne!(after["checks"][0]["figures"], before["checks"][0]["figures"]);
        jobs::find_gaps(&app.app).await.expect("found");
        assert!(kept(app, &gate).await.is_some());
        assert_eq!(looked(app, &gate).await, after);
    }
    let (status, _) = answer(app.member(Role::Viewer).get(&path(&format!("gates/{gate}")))).await;
    assert_eq!(status, 200);
}
