//! Evidence for gates: a workflow, a scorecard, and as many runs of two releases as a test needs.

use seatrial_domain::access::Role;
use seatrial_domain::time::{MINUTE, Timestamp};
use serde_json::{Value, json};

use super::app::{PROJECT, START, TestApp, answer};

/// The workflow of every test here.
pub const WORKFLOW: &str = "refund-handling";
/// The release that is live.
pub const BASELINE: &str = "1.4.0";
/// The release that wants to go on.
pub const CANDIDATE: &str = "1.5.0";

/// A path of the project.
pub fn path(rest: &str) -> String {
    format!("/api/v1/projects/{PROJECT}/{rest}")
}

/// Sends a request with a body, expects a status and returns the answer.
pub async fn expect(status: u16, request: reqwest::RequestBuilder) -> Value {
    let (found, body) = answer(request).await;
    assert_eq!(found, status, "{body}");
    body
}

/// Makes the workflow: nobody can rescue its runs, and they settle at once.
pub async fn declare(app: &TestApp) {
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 0});
    let body = json!({"risk_class": "high", "rules": rules});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&body)).await;
}

/// Reports `n` runs of a release, one a minute until `until`, of which `successes` succeeded, spread evenly.
pub async fn report(app: &TestApp, release: &str, (n, successes): (i64, i64), until: Timestamp) {
    let runs: Vec<Value> = (0..n)
        .map(|i| {
            let success = (i + 1) * successes / n > i * successes / n;
            let at = until.plus_micros((i - n) * MINUTE);
            json!({
                "external_id": format!("{release}-{until}-{i}"), "workflow": WORKFLOW, "release": release,
                "started_at": at, "ended_at": at.plus_seconds(20),
                "outcome": if success { "success" } else { "failure" },
                "failure_class": if success { Value::Null } else { json!("timeout") },
                "segments": {"tier": if i % 2 == 0 { "gold" } else { "free" }},
            })
        })
        .collect();
    let writer = app.program(&[seatrial_domain::access::Scope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": runs}))).await;
    assert_eq!(body["rejected"], 0, "{body}");
}

/// Both releases side by side: the baseline at 70 %, the candidate at `percent`.
pub async fn side_by_side(app: &TestApp, n: i64, percent: i64) {
    report(app, BASELINE, (n, n * 70 / 100), START).await;
    report(app, CANDIDATE, (n, n * percent / 100), START).await;
}

/// Writes the scorecard: the success rate must not be five points worse, overall and by tier.
pub async fn put_scorecard(app: &TestApp) {
    let criterion = json!({"kind": "not_worse_than_baseline", "margin": 0.05});
    let body = json!({
        "name": "Refunds", "owner": app.account(Role::Owner).to_string(), "cadence_days": 30, "dimensions": ["tier"],
        "checks": [{"key": "success", "signal": "success_rate", "criterion": criterion, "role": "key"}],
    });
    expect(201, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}/scorecard"))).json(&body)).await;
}

/// Attests the scorecard.
pub async fn attest(app: &TestApp) {
    let about = path(&format!("workflows/{WORKFLOW}/scorecard/attestations"));
    expect(201, app.member(Role::Owner).post(&about).json(&json!({}))).await;
}

/// Everything a gate needs to speak, with the candidate at `percent`; returns the id of a gate the owner opened.
pub async fn ready_gate(app: &TestApp, percent: i64) -> String {
    declare(app).await;
    side_by_side(app, 400, percent).await;
    put_scorecard(app).await;
    attest(app).await;
    open_gate(app, Role::Owner).await
}

/// Opens a gate for the candidate against the baseline.
pub async fn open_gate(app: &TestApp, role: Role) -> String {
    let body = json!({"workflow": WORKFLOW, "release": CANDIDATE, "baseline": BASELINE});
    let gate = expect(201, app.member(role).post(&path("gates")).json(&body)).await;
    gate["id"].as_str().expect("an id").to_owned()
}

/// Freezes a gate's evidence; returns its digest and the recommended verdict.
pub async fn freeze(app: &TestApp, gate: &str) -> (String, String) {
    let frozen = expect(201, app.member(Role::Owner).post(&path(&format!("gates/{gate}/freeze")))).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&frozen["bundle"]["digest"]), text(&frozen["recommendation"]["verdict"]))
}

/// Decides a gate as a member with this role, in the place of the decision that stands; returns the status and the answer.
pub async fn decide(app: &TestApp, role: Role, gate: &str, bundle: &str, body: (&str, &str)) -> (u16, Value) {
    let (verdict, reason) = body;
    let (_, known) = answer(app.member(role).get(&path(&format!("gates/{gate}")))).await;
    let supersedes = &known["decision"]["id"];
    let body = json!({"verdict": verdict, "reason": reason, "bundle": bundle, "supersedes": supersedes});
    answer(app.member(role).post(&path(&format!("gates/{gate}/decisions"))).json(&body)).await
}

/// An alert of a workflow, to answer: what is live is watched, and what is watched has a state.
pub async fn alert_of(app: &TestApp, workflow: &str) -> String {
    let first = async || {
        let alerts = expect(200, app.member(Role::Viewer).get(&path("alerts"))).await;
        alerts["items"][0]["id"].as_str().map(str::to_owned)
    };
    if let Some(known) = first().await {
        return known;
    }
    let live = json!({"workflow": workflow, "release": "watched", "environment": "production", "kind": "deployed"});
    expect(201, app.member(Role::ReleaseManager).post(&path("deployments")).json(&live)).await;
    seatrial::worker::jobs::watch_drift(&app.app).await.expect("watched");
    first().await.expect("an alert")
}
