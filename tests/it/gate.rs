//! Gates through the API: opened, evaluated, frozen, and what stays as it was frozen.

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::digest::Digest;
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, attest, declare, expect, freeze, open_gate, path, put_scorecard, ready_gate, report,
    side_by_side,
};

both!(
    too_few_runs_then_enough,
    a_worse_candidate_is_held,
    frozen_evidence_never_changes,
    a_gate_is_opened_once,
    the_baseline_is_the_live_release,
    gaps_get_owners,
    an_earlier_baseline_is_used_at_a_fixed_ratio,
    machines_open_and_freeze,
    policies_are_versioned,
);

async fn evaluation(app: &TestApp, gate: &str) -> Value {
    expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await
}

fn verdict(evaluation: &Value) -> &str {
    evaluation["recommendation"]["verdict"].as_str().unwrap_or_default()
}

async fn too_few_runs_then_enough(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    let gate = open_gate(app, Role::Owner).await;
    let few = evaluation(app, &gate).await;
    assert_eq!(verdict(&few), "collect_more_evidence", "{few}");
    let reasons = few["recommendation"]["reasons"].to_string();
    assert!(reasons.contains("20 concluded runs") && reasons.contains("Nobody has attested it yet"), "{reasons}");
    assert_eq!(few["candidate_totals"]["settled"], 20);
    assert_eq!(few["changes"], Value::Null);

    report(app, BASELINE, (400, 280), START.plus_days(-1)).await;
    report(app, CANDIDATE, (400, 380), START.plus_days(-1)).await;
    let stale = evaluation(app, &gate).await;
    assert_eq!(verdict(&stale), "hold", "a stale scorecard never ships: {stale}");
    assert_eq!(stale["freshness"]["state"], "stale");

    attest(app).await;
    let enough = evaluation(app, &gate).await;
    assert_eq!(verdict(&enough), "ship", "{enough}");
    assert_eq!(enough["pairing"], "concurrent");
    assert_eq!(enough["learning"]["failures"], 21);
    assert_eq!(enough["failure_mix"][0]["class"], "timeout");
    let segments = enough["recommendation"]["checks"][0]["segments"].as_array().map(Vec::len);
    assert_eq!(segments, Some(2), "{enough}");
}

async fn a_worse_candidate_is_held(app: &TestApp) {
    let gate = ready_gate(app, 40).await;
    let seen = evaluation(app, &gate).await;
    assert_eq!(verdict(&seen), "hold", "{seen}");
    let body = json!({"state": "live", "reason": "deployed"});
    let moved = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}/state"));
    expect(200, app.member(Role::Owner).post(&moved).json(&body)).await;
    assert_eq!(verdict(&evaluation(app, &gate).await), "rollback", "what is live is taken back");
}

async fn bundle_bytes(app: &TestApp, digest: &str) -> Vec<u8> {
    let request = app.member(Role::Viewer).get(&path(&format!("bundles/{digest}")));
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("a body").to_vec()
}

async fn frozen_evidence_never_changes(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (first, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "ship");
    let before = bundle_bytes(app, &first).await;
    assert_eq!(Digest::of(&before).to_string(), first, "the digest names exactly these bytes");
    let unchanged = evaluation(app, &gate).await["changes"].clone();
    assert_eq!(unchanged["verdict_now"], "ship");
    assert_eq!(unchanged["candidate_concluded"], json!({"then": 400, "now": 400}));

    // Late facts: a hundred successes of the candidate turn out to be failures.
    let facts: Vec<Value> = (0..100)
        .map(|i| {
            let run = format!("{CANDIDATE}-{START}-{i}");
            json!({"run": run, "idempotency_key": format!("late-{i}"),
                "fact": {"kind": "outcome", "outcome": "failure"}})
        })
        .collect();
    let reporter = app.program(&[KeyScope::Facts]).await;
    let (status, body) = answer(reporter.post(&path("facts")).json(&json!({"facts": facts}))).await;
    assert_eq!(status, 200, "{body}");

    assert_eq!(bundle_bytes(app, &first).await, before);
    let whole = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}")))).await;
    assert_eq!(whole["recommendation"]["verdict"], "ship", "what was frozen still says what it said");
    let changes = evaluation(app, &gate).await["changes"].clone();
    assert_ne!(changes["verdict_now"], "ship", "{changes}");
    assert_eq!(changes["checks"][0]["then"], "pass");

    app.clock.advance(std::time::Duration::from_secs(60));
    let (second, recommended) = freeze(app, &gate).await;
    assert_ne!(first, second);
    assert_ne!(recommended, "ship");
    assert_eq!(bundle_bytes(app, &first).await, before);
    let whole = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}")))).await;
    assert_eq!(whole["bundle"], json!(second));
    assert_eq!(whole["bundles"].as_array().map(Vec::len), Some(2));
    assert_eq!(whole["state"], "frozen");
}

async fn a_gate_is_opened_once(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 2, 100).await;
    let gate = open_gate(app, Role::Owner).await;
    let body = json!({"workflow": WORKFLOW, "release": CANDIDATE});
    let (status, problem) = answer(app.member(Role::Owner).post(&path("gates")).json(&body)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("gate_already_open")));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&gate)));
    let itself = json!({"workflow": WORKFLOW, "release": CANDIDATE, "baseline": CANDIDATE});
    let (status, _) = answer(app.member(Role::Owner).post(&path("gates")).json(&itself)).await;
    assert_eq!(status, 422);
    let unknown = json!({"workflow": WORKFLOW, "release": "9.9.9"});
    let (status, problem) = answer(app.member(Role::Owner).post(&path("gates")).json(&unknown)).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")));
    let (status, _) = answer(app.member(Role::Viewer).post(&path("gates")).json(&body)).await;
    assert_eq!(status, 403);
    let (status, _) = answer(app.client(Who::Outsider).get(&path(&format!("gates/{gate}")))).await;
    assert_eq!(status, 404);
    let listed = expect(200, app.member(Role::Viewer).get(&path(&format!("gates?release={CANDIDATE}")))).await;
    assert_eq!(listed["items"][0]["id"], json!(gate));
    let none = expect(200, app.member(Role::Viewer).get(&path(&format!("gates?release={BASELINE}")))).await;
    assert_eq!(none["items"], json!([]));
}

async fn the_baseline_is_the_live_release(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 2, 100).await;
    let body = json!({"state": "live", "reason": "deployed"});
    let moved = path(&format!("workflows/{WORKFLOW}/releases/{BASELINE}/state"));
    expect(200, app.member(Role::Owner).post(&moved).json(&body)).await;
    let body = json!({"workflow": WORKFLOW, "release": CANDIDATE});
    let gate = expect(201, app.member(Role::Owner).post(&path("gates")).json(&body)).await;
    assert_eq!(gate["baseline"], BASELINE);
    assert_eq!(gate["opened_by"]["display_name"], "Demo owner");
}

async fn gaps_get_owners(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    let gate = open_gate(app, Role::Owner).await;
    let put = |gap: &str, owner: String| {
        let body = json!({"gap": gap, "owner": owner});
        answer(app.member(Role::Owner).put(&path(&format!("gates/{gate}/gap-owner"))).json(&body))
    };
    let reviewer = app.account(Role::Reviewer).to_string();
    let (status, problem) = put("no_scorecard", reviewer.clone()).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("gap_cannot_be_owned")));
    put_scorecard(app).await;
    let (status, _) = put("no_such_gap", reviewer.clone()).await;
    assert_eq!(status, 404);
    let outsider = seatrial_domain::ids::AccountId::from_uuid(app.app.ids.uuid_v7());
    let (status, _) = put("too_few_runs:success", outsider.to_string()).await;
    assert_eq!(status, 422);
    let (status, _) = put("too_few_runs:success", reviewer).await;
    assert_eq!(status, 204);
    let gaps = evaluation(app, &gate).await["recommendation"]["gaps"].clone();
    let owner = |kind: &str| {
        let gap = gaps.as_array().and_then(|gaps| gaps.iter().find(|gap| gap["kind"] == kind));
        gap.map(|gap| gap["owner"]["name"].clone())
    };
    assert_eq!(owner("too_few_runs"), Some(json!("Demo reviewer")));
    assert_eq!(owner("stale_scorecard"), Some(json!("Demo owner")), "the scorecard's owner answers for the others");
}

async fn an_earlier_baseline_is_used_at_a_fixed_ratio(app: &TestApp) {
    declare(app).await;
    report(app, BASELINE, (200, 140), START.plus_days(-10)).await;
    put_scorecard(app).await;
    attest(app).await;
    report(app, CANDIDATE, (1, 1), START).await;
    let gate = open_gate(app, Role::Owner).await;
    let first = evaluation(app, &gate).await;
    assert_eq!((first["pairing"].as_str(), first["pool_ratio"].as_f64()), (Some("historical"), Some(0.4)));
    report(app, BASELINE, (200, 140), START.plus_days(-9)).await;
    let later = evaluation(app, &gate).await;
    assert_eq!(later["pool_ratio"].as_f64(), Some(0.4), "a larger pool does not move a ratio that was looked at");
    assert_eq!(later["baseline_totals"]["settled"], 400);
}

async fn machines_open_and_freeze(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    let pipeline = app.program(&[KeyScope::Gate]).await;
    let body = json!({"workflow": WORKFLOW, "release": CANDIDATE, "baseline": BASELINE});
    let gate = expect(201, pipeline.post(&path("gates")).json(&body)).await;
    let gate = gate["id"].as_str().expect("an id");
    let frozen = expect(201, pipeline.post(&path(&format!("gates/{gate}/freeze")))).await;
    assert_eq!(frozen["bundle"]["frozen_by"]["kind"], "api_key");
    let body = json!({"verdict": "ship", "bundle": frozen["bundle"]["digest"]});
    let (status, _) = answer(pipeline.post(&path(&format!("gates/{gate}/decisions"))).json(&body)).await;
    assert_eq!(status, 403, "a machine never decides");
}

async fn policies_are_versioned(app: &TestApp) {
    let built_in = expect(200, app.member(Role::Viewer).get(&path("policy"))).await;
    assert_eq!((built_in["built_in"].as_bool(), built_in["policy"]["version"].as_u64()), (Some(true), Some(1)));
    let mut policy = built_in["policy"].clone();
    policy["alpha"] = json!(0.01);
    let (status, _) = answer(app.member(Role::Owner).put(&path("policy")).json(&policy)).await;
    assert_eq!(status, 403);
    let written = expect(200, app.member(Role::Admin).put(&path("policy")).json(&policy)).await;
    assert_eq!((written["policy"]["version"].as_u64(), written["policy"]["alpha"].as_f64()), (Some(2), Some(0.01)));
    let (status, problem) = answer(app.member(Role::Admin).put(&path("policy")).json(&policy)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("policy_changed")), "made from version 1");
    let wrong = json!({"version": 2, "alpha": 0.7, "deciders": ["viewer"]});
    let (status, problem) = answer(app.member(Role::Admin).put(&path("policy")).json(&wrong)).await;
    let fields: Vec<&str> =
        problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["field"].as_str()).collect();
    assert_eq!((status, fields), (422, vec!["alpha", "deciders"]));
    let versions = expect(200, app.member(Role::Viewer).get(&path("policy/versions"))).await;
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(1));
}
