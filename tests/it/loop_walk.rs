//! The loop in a browser, on real runs: 208 conversations of an airline's support agent.

use seatrial::render::document::Document;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_store::Backend;
use serde_json::json;

use crate::support::app::{PASSWORD, PROJECT, TestApp, run};
use crate::support::browser;
use crate::support::evidence::{expect, path};
use crate::support::real_data::{Shape, bodies, reports, runs};
use crate::support::schema::keeps_to_schema;

/// What the walk calls it.
const WORKFLOW: &str = "airline-support";

#[test]
fn a_person_walks_the_loop_on_real_runs() {
    run(Backend::Sqlite, async |app: &TestApp| {
        take_in(app).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Admin)),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("loop", &settings).await;
        decided(app).await;
    });
}

#[test]
fn a_reviewer_walks_triage_by_form() {
    run(Backend::Sqlite, async |app: &TestApp| {
        take_in(app).await;
        seatrial::worker::jobs::group_failures(&app.app).await.expect("failures are grouped");
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Admin)),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("triage", &settings).await;
        let viewer = app.member(Role::Viewer);
        let confirmed = expect(200, viewer.get(&path("patterns?state=confirmed"))).await;
        assert_eq!(confirmed["items"].as_array().map(Vec::len), Some(1), "{confirmed}");
        let responses = expect(200, viewer.get(&path("responses?origin=failure_pattern"))).await;
        assert_eq!(responses["items"][0]["origin"]["id"], confirmed["items"][0]["id"], "{responses}");
        let looked_at = expect(200, viewer.get(&path("samples?status=upheld"))).await;
        assert_eq!(looked_at["items"].as_array().map(Vec::len), Some(1), "{looked_at}");
    });
}

#[test]
fn thirty_failures_are_worked_off_with_keys_alone() {
    run(Backend::Sqlite, async |app: &TestApp| {
        take_in(app).await;
        let viewer = app.member(Role::Viewer);
        let open = async |status: &str| {
            let counts = expect(200, viewer.get(&path("failures/counts"))).await;
            let groups = counts["items"].as_array().expect("groups").clone();
            groups.iter().filter_map(|group| group[status].as_u64()).sum::<u64>()
        };
        let before = open("open").await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Reviewer)),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("triage_keys", &settings).await;
        assert_eq!(before - open("open").await, 30, "each of the thirty is learned from");
        let (promoted, linked, dismissed) = (open("promoted").await, open("linked").await, open("dismissed").await);
        assert!(promoted > 10 && linked > 0 && dismissed >= 6, "{promoted} {linked} {dismissed}");
        let cases = expect(200, viewer.get(&path("cases?limit=200"))).await;
        let cases = cases["items"].as_array().expect("cases");
        assert_eq!(cases.len() as u64, promoted, "a case of each that was promoted");
        assert!(cases.iter().all(|case| case["failure_class"].is_string()), "with the class that a key chose");
    });
}

#[test]
fn two_reviewers_work_on_one_queue() {
    run(Backend::Sqlite, async |app: &TestApp| {
        take_in(app).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Reviewer)),
            ("SEATRIAL_OTHER_EMAIL", &app.email(Role::Owner)),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("triage_two", &settings).await;
        let viewer = app.member(Role::Viewer);
        for (status, by) in [("promoted", "Demo reviewer"), ("dismissed", "Demo owner")] {
            let found = expect(200, viewer.get(&path(&format!("failures?status={status}")))).await;
            assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
            assert_eq!(found["items"][0]["decided_by"]["name"], by, "each by whom it was shown to");
        }
    });
}

/// Declares the workflow and its scorecard and reports the runs.
pub async fn take_in(app: &TestApp) {
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 0, "sample_share": 0.1});
    let workflow = json!({"risk_class": "high", "owner": app.account(Role::Owner).to_string(), "rules": rules});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&workflow)).await;
    let found = reports(&runs("tau"), Shape { with_messages: true, ..Shape::default() });
    let writer = app.program(&[KeyScope::Ingest]).await;
    for body in bodies(&found) {
        let request = writer.post(&path("runs")).header("content-type", "application/x-ndjson").body(body);
        let answer = expect(200, request).await;
        assert_eq!(answer["rejected"], 0, "{answer}");
    }
    let floor = json!({"kind": "floor", "rate": 0.6});
    let ceiling = json!({"kind": "ceiling", "rate": 0.5});
    let scorecard = json!({
        "name": "Airline support scorecard", "owner": app.account(Role::Owner).to_string(), "cadence_days": 30, "dimensions": [],
        "checks": [
            {"key": "success", "signal": "success_rate", "criterion": floor, "role": "key"},
            {"key": "tools", "signal": "tool_error_rate", "criterion": ceiling, "role": "standard"},
        ],
    });
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    expect(201, app.member(Role::Owner).put(&about).json(&scorecard)).await;
}

/// What the walk left behind is there for programs too.
async fn decided(app: &TestApp) {
    let viewer = app.member(Role::Viewer);
    let decisions = expect(200, viewer.get(&path("decisions"))).await;
    let decision = &decisions["items"][0];
    assert_eq!(decision["verdict"], "hold", "{decisions}");
    let cases = expect(200, viewer.get(&path("cases"))).await;
    assert_eq!(cases["items"].as_array().map(Vec::len), Some(1), "{cases}");
    let about = path(&format!("decisions/{}/artifact?format=json", decision["id"].as_str().unwrap_or_default()));
    let artifact = expect(200, viewer.get(&about)).await;
    keeps_to_schema(Document::Review, &artifact);
    assert_eq!(artifact["questions"]["failure_learning"]["promoted"], 1, "{artifact}");
    assert!(artifact["questions"]["owner"]["attested_by"].is_string(), "{artifact}");
}
