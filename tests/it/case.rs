//! Eval cases: drafts, states, what may be rewritten, and that a case does not need its run.

use seatrial_domain::access::Role;
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::RunId;
use seatrial_store::Scope;
use seatrial_store::ingest::{Change, RunWrite, Target, apply};
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::support::app::{START, TestApp, answer, both};

both!(
    a_case_without_assertions_stays_a_draft,
    what_people_write_is_replaced_and_what_the_run_did_stays,
    cases_are_listed_latest_first,
    a_deleted_run_leaves_its_case_whole,
    two_reviewers_promote_the_same_content_once,
);

const API: &str = "/api/v1/projects/demo-co";

async fn put(app: &TestApp, role: Role, path: &str, body: Value) -> (u16, Value) {
    answer(app.member(role).put(&format!("{API}/{path}")).json(&body)).await
}

/// Reports a failed run and promotes it; returns the run's id and the case.
async fn promoted(app: &TestApp, external_id: &str, assertions: Value) -> (String, Value) {
    let run = report(app, json!([failed(external_id, 1, json!({ "failure_class": "wrong_result" }))])).await.remove(0);
    let body = json!({ "assertions": assertions });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    assert_eq!(status, 200, "{promoted}");
    (run, promoted["case"].clone())
}

fn id(case: &Value) -> &str {
    case["id"].as_str().expect("an id")
}

async fn a_case_without_assertions_stays_a_draft(app: &TestApp) {
    let (_, case) = promoted(app, "t-1", json!({})).await;
    assert_eq!((&case["state"], &case["assertion_count"]), (&json!("draft"), &json!(0)));
    let state = format!("cases/{}/state", id(&case));
    let refused = post(app, Role::Reviewer, &state, json!({ "state": "active" })).await;
    assert_eq!((refused.0, &refused.1["code"]), (409, &json!("no_assertion")));
    let writing = json!({ "title": "T", "assertions": { "bounds": [{ "figure": "tool_calls", "at_most": 3 }] } });
    assert_eq!(put(app, Role::Reviewer, &format!("cases/{}", id(&case)), writing).await.0, 200);
    for (wanted, status) in
        [("active", 200), ("active", 200), ("draft", 409), ("quarantined", 200), ("retired", 200), ("active", 200)]
    {
        let moved = post(app, Role::Reviewer, &state, json!({ "state": wanted })).await;
        assert_eq!(moved.0, status, "{wanted}: {}", moved.1);
    }
    assert_eq!(post(app, Role::Viewer, &state, json!({ "state": "retired" })).await.0, 403);
    assert_eq!(post(app, Role::Reviewer, &state, json!({ "state": "asleep" })).await.0, 400);
}

async fn what_people_write_is_replaced_and_what_the_run_did_stays(app: &TestApp) {
    let (_, case) = promoted(app, "t-1", json!({ "must": ["ask first"] })).await;
    let path = format!("cases/{}", id(&case));
    let writing =
        |assertions: Value| json!({ "title": "Ask ada@example.com", "assertions": assertions, "tags": ["x", "x"] });
    let refused = put(app, Role::Reviewer, &path, writing(json!({ "reference": "I have refunded 420.00" }))).await;
    assert_eq!((refused.0, &refused.1["errors"][0]["field"]), (422, &json!("reference")));
    let refused = put(app, Role::Reviewer, &path, writing(json!({}))).await;
    assert_eq!((refused.0, &refused.1["code"]), (409, &json!("no_assertion")));
    let both = json!({ "expected_tools": ["refund"], "forbidden_tools": ["refund"] });
    let refused = put(app, Role::Reviewer, &path, writing(both)).await;
    assert_eq!((refused.0, &refused.1["errors"][0]["field"]), (422, &json!("forbidden_tools[0]")));
    assert_eq!(get(app, &path).await.1["title"], case["title"], "nothing was changed");
    let (status, changed) = put(app, Role::Reviewer, &path, writing(json!({ "must_not": ["refund twice"] }))).await;
    assert_eq!((status, &changed["title"]), (200, &json!("Ask [email]")), "{changed}");
    assert_eq!((&changed["tags"], &changed["failure_class"]), (&json!(["x"]), &Value::Null));
    assert_eq!(changed["assertions"], json!({ "must": [], "must_not": ["refund twice"] }));
    for kept in ["input", "observed", "provenance", "content_digest"] {
        assert_eq!(changed[kept], case[kept], "{kept}");
    }
    assert_eq!(put(app, Role::Viewer, &path, writing(json!({ "must": ["a"] }))).await.0, 403);
    assert_eq!(
        put(app, Role::Reviewer, "cases/case_00000000000000000000000000000001", writing(json!({}))).await.0,
        404
    );
}

async fn cases_are_listed_latest_first(app: &TestApp) {
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        app.clock.advance(std::time::Duration::from_secs(1));
        ids.push(id(&promoted(app, name, json!({ "must": ["ask first"] })).await.1).to_owned());
    }
    post(app, Role::Reviewer, &format!("cases/{}/state", ids[1]), json!({ "state": "retired" })).await;
    let listed = |query: &'static str| async move {
        let (status, body) = get(app, &format!("cases?{query}")).await;
        assert_eq!(status, 200, "{body}");
        let items = body["items"].as_array().expect("a list").clone();
        items.iter().map(|item| id(item).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, [ids[2].clone(), ids[1].clone(), ids[0].clone()]);
    assert_eq!(listed("state=active&failure_class=wrong_result").await, [ids[2].clone(), ids[0].clone()]);
    assert_eq!(listed("workflow=refunds&state=retired").await, [ids[1].clone()]);
    assert_eq!(listed("failure_class=timeout").await, Vec::<String>::new());
    let (_, first) = get(app, "cases?limit=2").await;
    let cursor = first["next_cursor"].as_str().expect("there is another page");
    let (_, second) = get(app, &format!("cases?limit=2&cursor={cursor}")).await;
    assert_eq!((id(&second["items"][0]), &second["next_cursor"]), (&ids[0][..], &Value::Null));
}

async fn a_deleted_run_leaves_its_case_whole(app: &TestApp) {
    let (run, case) = promoted(app, "t-1", json!({ "must": ["ask first"] })).await;
    let path = format!("{API}/cases/{}/snapshot", id(&case));
    let before = app.member(Role::Viewer).get(&path).send().await.expect("an answer").bytes().await.expect("bytes");
    let run: RunId = run.parse().expect("an id");
    let tx = app.app.store.write().await.expect("the database is writable");
    let scope = Scope::of(app.project_id().await);
    let write = RunWrite { scope, target: Target::Id(run), new_id: run, change: Change::Delete };
    let applied = apply(&tx, &[write], START).await.expect("the run is deleted");
    assert!(applied[0].is_ok());
    tx.commit().await.expect("it is gone");
    assert_eq!(get(app, &format!("runs/{run}")).await.0, 404);
    assert_eq!(get(app, "failures").await.1["items"], json!([]));
    let (status, after) = get(app, &format!("cases/{}", id(&case))).await;
    assert_eq!(status, 200);
    for kept in ["title", "state", "input", "observed", "assertions", "provenance", "content_digest"] {
        assert_eq!(after[kept], case[kept], "{kept}");
    }
    let response = app.member(Role::Viewer).get(&path).send().await.expect("an answer");
    let tag = response.headers()["etag"].to_str().expect("text").trim_matches('"').to_owned();
    let bytes = response.bytes().await.expect("bytes");
    assert_eq!(bytes, before);
    assert_eq!(Digest::of(&bytes).to_string(), tag);
    assert_eq!(json!(tag), after["provenance"]["snapshot_digest"]);
    let snapshot: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(snapshot["run"]["id"], json!(run.to_string()));
    assert_eq!(snapshot["content"]["output"], "I have refunded 420.00");
}

async fn two_reviewers_promote_the_same_content_once(app: &TestApp) {
    let same = json!({ "input": "Refund order 1042" });
    let runs: Vec<Value> = (1..=6).map(|n| failed(&format!("t-{n}"), n, same.clone())).collect();
    let runs = report(app, json!(runs)).await;
    let requests = runs.iter().map(|run| async move { post_promotion(app, run).await.0 });
    let mut statuses = futures_util::future::join_all(requests).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(get(app, "cases").await.1["items"].as_array().map(Vec::len), Some(1));
    // The same request several times at once has one effect and one answer.
    let other = report(app, json!([failed("t-7", 7, json!({}))])).await.remove(0);
    let promote = || post_promotion(app, &other);
    let answers = futures_util::future::join_all([promote(), promote(), promote()]).await;
    assert!(answers.iter().all(|(status, body)| *status == 200 && body["case"]["id"] == answers[0].1["case"]["id"]));
    let open = runs.iter().cycle().take(12).map(|run| async move {
        post(app, Role::Reviewer, &format!("failures/{run}/dismiss"), json!({ "reason": "again" })).await.0
    });
    let statuses = futures_util::future::join_all(open).await;
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 2, "{statuses:?}");
}

async fn post_promotion(app: &TestApp, run: &str) -> (u16, Value) {
    let body = json!({ "assertions": { "must": ["ask first"] } });
    post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await
}
