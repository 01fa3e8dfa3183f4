//! A project with something of every kind, by the ids that operations take.

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope};
use serde_json::{Value, json};

use super::Ids;
use crate::support::app::{START, TestApp, answer};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, attest, decide, expect, freeze, open_gate, path, ready_gate, report,
};

fn text(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("an id: {value}")).to_owned()
}

/// The first of a list, which must not be empty.
async fn first(app: &TestApp, role: Role, list: &str) -> Value {
    let (_, found) = answer(app.member(role).get(&path(list))).await;
    assert!(found["items"][0].is_object(), "{list} is empty: {found}");
    found["items"][0].clone()
}

/// Real ids of `demo-co`.
pub async fn real(app: &TestApp) -> Ids {
    let admin = app.member(Role::Admin);
    let webhook = json!({"url": "https://hooks.example.com/seatrial"});
    let webhook = expect(201, admin.post(&path("webhooks")).json(&webhook)).await;
    let gate = ready_gate(app, 40).await;
    let about = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}"));
    expect(200, app.member(Role::Owner).put(&about).json(&json!({"baseline": BASELINE}))).await;
    // A class that no case covers is a gap.
    let missed = json!({"runs": [{
        "external_id": "missed", "workflow": WORKFLOW, "release": CANDIDATE, "started_at": START.plus_days(-1),
        "ended_at": START.plus_days(-1).plus_seconds(9), "outcome": "failure", "failure_class": "refund_twice",
        "segments": {"tier": "gold"},
    }]});
    expect(200, app.program(&[Scope::Ingest]).await.post(&path("runs")).json(&missed)).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (_, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("hold", "")).await;
    let second = open_gate(app, Role::Owner).await;
    let (bundle, _) = freeze(app, &second).await;
    let (_, proposal) = decide(app, Role::ReleaseManager, &second, &bundle, ("ship", "It must.")).await;
    let mut ids = Ids::from([
        ("account", app.account(Role::Viewer).to_string()),
        ("decision", text(&decision)),
        ("digest", bundle),
        ("gate", gate),
        ("owner", app.account(Role::Owner).to_string()),
        ("proposal", text(&proposal)),
        ("release", CANDIDATE.to_owned()),
        ("baseline", BASELINE.to_owned()),
        ("webhook", text(&webhook)),
        ("workflow", WORKFLOW.to_owned()),
    ]);
    people(app, &mut ids).await;
    learned(app, &mut ids).await;
    followed(app, &mut ids).await;
    watched(app, &mut ids).await;
    ids
}

/// What drifted in a live release.
async fn watched(app: &TestApp, ids: &mut Ids) {
    let live = json!({"workflow": WORKFLOW, "release": CANDIDATE, "environment": "production", "kind": "deployed"});
    expect(201, app.member(Role::ReleaseManager).post(&path("deployments")).json(&live)).await;
    let later = app.app.now().plus_seconds(5 * 3_600);
    app.clock.set(later.plus_seconds(60));
    report(app, CANDIDATE, (200, 20), later).await;
    jobs::watch_drift(&app.app).await.expect("watched");
    ids.insert("alert", text(&first(app, Role::Viewer, "alerts?kind=regression&state=firing").await));
}

/// Who may come in and who answers.
async fn people(app: &TestApp, ids: &mut Ids) {
    let admin = app.member(Role::Admin);
    let key = expect(201, admin.post(&path("api-keys")).json(&json!({"name": "k", "scopes": ["read"]}))).await;
    let invited = json!({"email": "eve@demo-co.example", "roles": ["viewer"]});
    let invitation = expect(201, admin.post(&path("invitations")).json(&invited)).await;
    let team = json!({"name": "Night shift", "members": [app.account(Role::Owner).to_string()]});
    let team = expect(201, admin.post(&path("teams")).json(&team)).await;
    let view = json!({"list": "cases", "name": "Active", "filters": {"status": "active"}, "shared": true});
    let view = expect(201, admin.post(&path("saved-views")).json(&view)).await;
    ids.insert("view", text(&view));
    ids.extend([("key", text(&key)), ("invitation", text(&invitation)), ("team", text(&team))]);
}

/// What became of failures.
async fn learned(app: &TestApp, ids: &mut Ids) {
    let (_, failures) = answer(app.member(Role::Admin).get(&path("failures?limit=2"))).await;
    let run_of =
        |index: usize| failures["items"][index]["run_id"].as_str().unwrap_or_else(|| panic!("{failures}")).to_owned();
    let dismissed = path(&format!("failures/{}/dismiss", run_of(1)));
    expect(200, app.member(Role::Reviewer).post(&dismissed).json(&json!({"reason": "noise"}))).await;
    let act = first(app, Role::Admin, &format!("failures/{}/acts", run_of(1))).await;
    let promote = path(&format!("failures/{}/promote", run_of(0)));
    let asked = json!({"title": "t", "input": "Refund order 1", "assertions": {"must": ["say so"]}});
    answer(app.member(Role::Reviewer).post(&promote).json(&asked)).await;
    let case = first(app, Role::Admin, "cases").await;
    let label = json!({"failure_class": "timeout", "step": "search"});
    expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{}/label", run_of(0)))).json(&label)).await;
    seatrial::worker::jobs::group_failures(&app.app).await.expect("failures are grouped");
    let pattern = first(app, Role::Admin, "patterns?at_least=1").await;
    let suite = json!({"workflow": WORKFLOW, "name": "smoke"});
    let suite = expect(200, app.member(Role::Reviewer).post(&path("suites")).json(&suite)).await;
    ids.extend([("run", run_of(0)), ("act", text(&act)), ("case", text(&case)), ("suite", text(&suite))]);
    ids.insert("pattern", text(&pattern));
}

/// What follows from decisions: gaps, responses, what people are told, exemptions, own templates.
async fn followed(app: &TestApp, ids: &mut Ids) {
    let admin = app.member(Role::Admin);
    let gap = first(app, Role::Admin, "gaps").await;
    let response = json!({
        "workflow": WORKFLOW, "origin": {"kind": "decision", "id": ids["decision"]}, "kind": "rollback",
        "owner": app.account(Role::Owner), "due_at": app.app.now().plus_days(3),
    });
    let response = expect(201, admin.post(&path("responses")).json(&response)).await;
    let notice = first(app, Role::Owner, "notices").await;
    let message = first(app, Role::Admin, "outbox").await;
    let exemption = json!({"check": "success", "reason": "It moves.", "expires_at": app.app.now().plus_days(9)});
    let exemptions = path(&format!("workflows/{WORKFLOW}/scorecard/exemptions"));
    let exemption = expect(201, app.member(Role::Owner).post(&exemptions).json(&exemption)).await;
    let template = json!({"source": "{{release}}", "note": "", "version": 0});
    expect(200, admin.put(&path("templates/review/markdown")).json(&template)).await;
    // What is live is watched, and what is watched has a state.
    let deployed = json!({"workflow": WORKFLOW, "release": BASELINE, "kind": "deployed", "environment": "production"});
    expect(201, admin.post(&path("deployments")).json(&deployed)).await;
    jobs::watch_drift(&app.app).await.expect("it is watched");
    let alert = first(app, Role::Admin, "alerts").await;
    // A second version of the scorecard, to compare with the first.
    let card = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let response_to_read = app.member(Role::Owner).get(&card).send().await.expect("an answer");
    let etag = response_to_read.headers().get("etag").expect("a tag").to_str().expect("text").to_owned();
    let read: Value = serde_json::from_str(&response_to_read.text().await.expect("a body")).expect("JSON");
    let mut next = json!({"owner": read["owner"]["id"], "cadence_days": 60});
    for same in ["name", "checks", "dimensions"] {
        next[same] = read[same].clone();
    }
    expect(200, app.member(Role::Owner).put(&card).header("if-match", etag).json(&next)).await;
    attest(app).await;
    ids.extend([
        ("alert", text(&alert)),
        ("gap", text(&gap)),
        ("response", text(&response)),
        ("notice", text(&notice)),
        ("message", text(&message)),
        ("exemption", text(&exemption)),
        ("document", "review".to_owned()),
        ("format", "markdown".to_owned()),
        ("from", "1".to_owned()),
        ("to", "2".to_owned()),
    ]);
}
