//! Failures: listed and counted, promoted without enshrining them, linked, dismissed, and taken back.

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both};

both!(
    failures_are_listed_critical_first_and_counted,
    a_failure_is_promoted_once,
    the_failure_is_never_the_expected_answer,
    secrets_are_masked_everywhere,
    a_duplicate_is_offered_as_a_link,
    a_failure_is_dismissed_with_a_reason_and_opened_again,
    only_reviewers_decide_and_only_in_their_project,
    a_traced_run_is_promoted_with_its_content,
    what_nobody_counts_as_a_failure_any_more_is_not_opened_again,
);

const API: &str = "/api/v1/projects/demo-co";

/// Reports runs and returns their ids.
pub async fn report(app: &TestApp, runs: Value) -> Vec<String> {
    let request = app.member(Role::Admin).post(&format!("{API}/runs")).json(&json!({ "runs": runs }));
    let (status, body) = answer(request).await;
    assert_eq!((status, body["rejected"].as_u64()), (200, Some(0)), "{body}");
    let results = body["results"].as_array().expect("a result for each run");
    results.iter().map(|result| result["run_id"].as_str().expect("an id").to_owned()).collect()
}

/// A failed run of `refunds` on 1.4.0 that began so many minutes after midnight.
pub fn failed(external_id: &str, minute: u8, more: Value) -> Value {
    let mut run = json!({
        "external_id": external_id, "workflow": "refunds", "release": "1.4.0", "outcome": "failure",
        "started_at": format!("2026-03-01T00:{minute:02}:00Z"), "ended_at": format!("2026-03-01T00:{minute:02}:09Z"),
        "input": format!("Refund order {external_id}"), "output": "I have refunded 420.00",
    });
    let more = more.as_object().expect("an object").clone();
    run.as_object_mut().expect("an object").extend(more);
    run
}

/// Asks a failure's resource as the member with this role.
pub async fn post(app: &TestApp, role: Role, path: &str, body: Value) -> (u16, Value) {
    answer(app.member(role).post(&format!("{API}/{path}")).json(&body)).await
}

/// Reads as a viewer.
pub async fn get(app: &TestApp, path: &str) -> (u16, Value) {
    answer(app.member(Role::Viewer).get(&format!("{API}/{path}"))).await
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

async fn failures_are_listed_critical_first_and_counted(app: &TestApp) {
    let runs = json!([
        failed("minor", 1, json!({ "failure_class": "timeout" })),
        failed("plain", 2, json!({})),
        failed("critical-early", 3, json!({ "failure_class": "unsafe_action" })),
        failed("critical-late", 4, json!({ "failure_class": "unsafe_action" })),
        failed("major", 5, json!({ "failure_class": "wrong_result", "release": "1.5.0" })),
        failed(
            "rescued",
            6,
            json!({ "outcome": "success", "rescues": [{ "at": null, "by": null, "seconds": 60, "reason": null }] })
        ),
        failed("fine", 7, json!({ "outcome": "success" })),
    ]);
    report(app, runs).await;
    let names = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().expect("a list");
        items.iter().map(|item| item["external_id"].as_str().expect("a name").to_owned()).collect()
    };
    let order = ["critical-late", "critical-early", "major", "minor", "rescued", "plain"];
    let (status, all) = get(app, "failures?status=open").await;
    assert_eq!((status, names(&all)), (200, order.map(str::to_owned).to_vec()));
    assert_eq!(all["items"][4]["rescued"], true);
    assert_eq!(all["items"][0]["severity"], "critical");
    let mut paged = Vec::new();
    let mut path = "failures?limit=1".to_owned();
    loop {
        let (_, page) = get(app, &path).await;
        paged.extend(names(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("failures?limit=1&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged, order, "pages follow each other without gaps or repeats");
    let filtered = |query: &'static str| async move { names(&get(app, &format!("failures?{query}")).await.1) };
    assert_eq!(filtered("severity=critical").await, ["critical-late", "critical-early"]);
    assert_eq!(filtered("failure_class=timeout").await, ["minor"]);
    assert_eq!(filtered("failure_class=").await, ["rescued", "plain"]);
    assert_eq!(filtered("workflow=refunds&release=1.5.0").await, ["major"]);
    assert!(filtered("status=promoted").await.is_empty());
    let (status, counts) = get(app, "failures/counts").await;
    let groups = counts["items"].as_array().expect("groups");
    assert_eq!((status, groups.len()), (200, 4));
    assert_eq!(groups[0]["failure_class"], "unsafe_action");
    assert_eq!((&groups[0]["open"], &groups[0]["release"]), (&json!(2), &json!("1.4.0")));
    assert_eq!((&groups[3]["failure_class"], &groups[3]["open"]), (&Value::Null, &json!(2)));
    assert_eq!(get(app, "failures?workflow=nothing").await.0, 404);
    assert_eq!(get(app, "failures?cursor=wrong").await.0, 422);
}

async fn a_failure_is_promoted_once(app: &TestApp) {
    let run = &report(app, json!([failed("t-1", 1, json!({ "failure_class": "unsafe_action" }))])).await[0];
    let (status, preview) = answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{run}/preview"))).await;
    assert_eq!((status, &preview["input"]), (200, &json!("Refund order t-1")), "{preview}");
    assert_eq!(preview["suggested_title"], "Refund order t-1");
    assert_eq!(preview["nearest"], json!([]));
    let body = json!({
        "assertions": { "must": ["refund at most the order's amount"], "must_not": ["promise another refund"] },
        "tags": ["refund"],
    });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body.clone()).await;
    assert_eq!(status, 200, "{promoted}");
    let case = &promoted["case"];
    assert_eq!((&case["state"], &case["failure_class"]), (&json!("active"), &json!("unsafe_action")));
    assert_eq!(case["observed"], "I have refunded 420.00");
    assert_eq!(case["assertions"]["must"], json!(["refund at most the order's amount"]));
    assert_eq!(case["provenance"]["run_id"], json!(run));
    assert_eq!(promoted["failure"]["status"], "promoted");
    assert_eq!(promoted["failure"]["case_id"], case["id"]);
    assert_eq!(promoted["failure"]["decided_by"]["name"], "Demo reviewer");
    let again = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    assert_eq!((again.0, &again.1["case"]["id"]), (200, &case["id"]), "a repeat changes nothing");
    let other = post(app, Role::Reviewer, &format!("failures/{run}/promote"), json!({ "title": "Another" })).await;
    assert_eq!(code(&other), (409, "already_decided"));
    let dismissed = post(app, Role::Reviewer, &format!("failures/{run}/dismiss"), json!({ "reason": "no" })).await;
    assert_eq!(code(&dismissed), (409, "already_decided"));
    assert_eq!(get(app, "cases").await.1["items"].as_array().map(Vec::len), Some(1));
    let audit = app
        .app
        .audit_entries(
            &app.caller(Role::Admin),
            "demo-co",
            &seatrial_store::audit::Search::default(),
            seatrial_store::Page::new(None, None),
        )
        .await;
    let audit = audit.expect("an admin reads the audit log").0;
    assert_eq!(audit.iter().filter(|entry| entry.action == "promote").count(), 1);
}

async fn the_failure_is_never_the_expected_answer(app: &TestApp) {
    let run = &report(app, json!([failed("t-1", 1, json!({}))])).await[0];
    let path = format!("failures/{run}/promote");
    let reference = json!({ "assertions": { "reference": " I have refunded\n420.00" } });
    let refused = post(app, Role::Reviewer, &path, reference).await;
    assert_eq!(code(&refused), (422, "invalid"));
    assert_eq!(refused.1["errors"][0]["field"], "reference");
    let must = json!({ "assertions": { "must": ["fine", "I have refunded 420.00"] } });
    let refused = post(app, Role::Reviewer, &path, must).await;
    assert_eq!(refused.1["errors"][0]["field"], "must[1]");
    let untested = post(app, Role::Reviewer, &path, json!({ "state": "active" })).await;
    assert_eq!(code(&untested), (409, "no_assertion"));
    assert_eq!(get(app, "cases").await.1["items"], json!([]), "nothing was stored");
    let right = json!({ "assertions": { "reference": "I have refunded 42.00" } });
    assert_eq!(post(app, Role::Reviewer, &path, right).await.0, 200);
}

async fn secrets_are_masked_everywhere(app: &TestApp) {
    let secrets = ["hunter2-9f", "sk-proj-4fj29fjsl20fjslq9cks", "ada@example.com", "4111 1111 1111 1111"];
    let [password, key, mail, card] = secrets;
    let run = failed(
        "t-for-bob@example.org",
        1,
        json!({
            "input": { "order": 1042, "password": password, "note": format!("my card is {card}") },
            "output": { "content": format!("I used {key}") },
            "messages": [{ "role": "user", "content": format!("mail me at {mail}") }],
            "escalations": [{ "at": null, "reason": format!("asked {mail}"), "expected": false }],
        }),
    );
    let run = &report(app, json!([run])).await[0];
    let (_, preview) = answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{run}/preview"))).await;
    let kinds: Vec<&str> = preview["redactions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|redaction| redaction["kind"].as_str().expect("a kind"))
        .collect();
    assert_eq!(kinds, ["card", "secret", "api_key", "email", "email", "email"], "{preview}");
    let body = json!({
        "title": format!("Never write to {mail}"),
        "assertions": { "must_not": [format!("repeat {card}")], "reference": format!("never {key}") },
        "tags": [mail],
    });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    assert_eq!(status, 200, "{promoted}");
    let id = promoted["case"]["id"].as_str().expect("an id");
    assert_eq!(promoted["case"]["input"]["password"], "[secret]");
    assert_eq!(promoted["case"]["title"], "Never write to [email]");
    let snapshot = app.member(Role::Viewer).get(&format!("{API}/cases/{id}/snapshot")).send().await.expect("an answer");
    let snapshot = snapshot.text().await.expect("text");
    let (_, case) = get(app, &format!("cases/{id}")).await;
    let (_, list) = get(app, "cases").await;
    for secret in secrets.into_iter().chain(["bob@example.org"]) {
        assert!(!snapshot.contains(secret), "the snapshot holds {secret}: {snapshot}");
        assert!(!list.to_string().contains(secret), "the list holds {secret}: {list}");
        let mut case = case.clone();
        // The failure is of the run, which is shown as it is to those who may read runs.
        case["failures"].take();
        assert!(!case.to_string().contains(secret), "the case holds {secret}: {case}");
    }
}

async fn a_duplicate_is_offered_as_a_link(app: &TestApp) {
    let same = json!({ "input": "Refund order 1042" });
    let other = json!({ "input": "Refund order 1042", "workflow": "claims" });
    let runs = report(app, json!([failed("a", 1, same.clone()), failed("b", 2, same), failed("c", 3, other)])).await;
    let promote = json!({ "assertions": { "must": ["ask first"] } });
    let (_, first) = post(app, Role::Reviewer, &format!("failures/{}/promote", runs[0]), promote.clone()).await;
    let case = first["case"]["id"].as_str().expect("an id").to_owned();
    let (_, preview) = answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{}/preview", runs[1]))).await;
    assert_eq!((&preview["nearest"][0]["id"], &preview["nearest"][0]["why"]), (&json!(case), &json!("same_input")));
    let refused = post(app, Role::Reviewer, &format!("failures/{}/promote", runs[1]), promote.clone()).await;
    assert_eq!(code(&refused), (409, "duplicate_case"));
    assert!(refused.1["detail"].as_str().is_some_and(|detail| detail.contains(&case)), "{}", refused.1);
    let link = json!({ "case_id": case });
    let elsewhere = post(app, Role::Reviewer, &format!("failures/{}/link", runs[2]), link.clone()).await;
    assert_eq!(code(&elsewhere), (409, "other_workflow"));
    let (status, linked) = post(app, Role::Reviewer, &format!("failures/{}/link", runs[1]), link.clone()).await;
    assert_eq!((status, &linked["status"], &linked["case_id"]), (200, &json!("linked"), &json!(case)));
    let again = post(app, Role::Reviewer, &format!("failures/{}/link", runs[1]), link.clone()).await;
    assert_eq!((again.0, &again.1["decided_at"]), (200, &linked["decided_at"]), "a repeat changes nothing");
    assert_eq!(get(app, &format!("cases/{case}")).await.1["failure_count"], 2);
    let nowhere = json!({ "case_id": "case_00000000000000000000000000000001" });
    let undone = post(app, Role::Reviewer, &format!("failures/{}/undo", runs[1]), json!({})).await;
    assert_eq!((undone.0, &undone.1["status"]), (200, &json!("open")));
    assert_eq!(post(app, Role::Reviewer, &format!("failures/{}/link", runs[1]), nowhere).await.0, 404);
    post(app, Role::Reviewer, &format!("cases/{case}/state"), json!({ "state": "retired" })).await;
    let retired = post(app, Role::Reviewer, &format!("failures/{}/link", runs[1]), link).await;
    assert_eq!(code(&retired), (409, "case_retired"));
    assert_eq!(post(app, Role::Reviewer, &format!("failures/{}/promote", runs[2]), promote).await.0, 200);
}

async fn a_failure_is_dismissed_with_a_reason_and_opened_again(app: &TestApp) {
    let run = &report(app, json!([failed("t-1", 1, json!({}))])).await[0];
    let path = format!("failures/{run}/dismiss");
    for reason in ["", "  \n", &"x".repeat(4_001)] {
        let refused = post(app, Role::Reviewer, &path, json!({ "reason": reason })).await;
        assert_eq!(code(&refused), (422, "invalid"), "{reason:.10}");
    }
    assert_eq!(post(app, Role::Reviewer, &path, json!({})).await.0, 400);
    let reason = json!({ "reason": "the test account was closed" });
    let (status, dismissed) = post(app, Role::Reviewer, &path, reason.clone()).await;
    assert_eq!((status, &dismissed["status"]), (200, &json!("dismissed")));
    assert_eq!(dismissed["reason"], "the test account was closed");
    assert_eq!(post(app, Role::Reviewer, &path, reason.clone()).await.0, 200, "a repeat changes nothing");
    let other = post(app, Role::Reviewer, &path, json!({ "reason": "another" })).await;
    assert_eq!(code(&other), (409, "already_decided"));
    // What is learned of the run later does not take the decision back.
    let fact = json!({ "idempotency_key": "k", "fact": { "kind": "failure_class", "failure_class": "timeout" } });
    assert_eq!(post(app, Role::Reviewer, &format!("runs/{run}/facts"), fact).await.0, 200);
    let (_, kept) = get(app, "failures?status=dismissed").await;
    assert_eq!(kept["items"][0]["severity"], "minor");
    let undo = format!("failures/{run}/undo");
    for _ in 0..2 {
        let (status, open) = post(app, Role::Reviewer, &undo, json!({})).await;
        assert_eq!((status, &open["status"], &open["reason"]), (200, &json!("open"), &Value::Null));
        assert_eq!(open["decided_by"], Value::Null);
    }
}

async fn only_reviewers_decide_and_only_in_their_project(app: &TestApp) {
    let run = &report(app, json!([failed("t-1", 1, json!({}))])).await[0];
    for act in ["promote", "dismiss", "undo", "link"] {
        let body = match act {
            "dismiss" => json!({ "reason": "no" }),
            "link" => json!({ "case_id": "case_00000000000000000000000000000001" }),
            _ => json!({}),
        };
        let path = format!("failures/{run}/{act}");
        assert_eq!(code(&post(app, Role::Viewer, &path, body.clone()).await), (403, "forbidden"), "{act}");
        let outsider = app.client(Who::Outsider).post(&format!("{API}/{path}")).json(&body);
        assert_eq!(answer(outsider).await.0, 404, "{act}");
        let nobody = app.client(Who::Nobody).post(&format!("{API}/{path}")).json(&body);
        assert_eq!(answer(nobody).await.0, 401, "{act}");
    }
    let preview = app.member(Role::Viewer).get(&format!("{API}/failures/{run}/preview"));
    assert_eq!(answer(preview).await.0, 403);
    // The same person in another project does not find the run there.
    let new = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
    let admin = Some(app.account(Role::Admin));
    app.app.create_project_as_system("test", new, admin).await.expect("another project");
    let other = format!("/api/v1/projects/other/failures/{run}");
    assert_eq!(answer(app.member(Role::Admin).get(&format!("{other}/preview"))).await.0, 404);
    for act in ["promote", "undo"] {
        let request = app.member(Role::Admin).post(&format!("{other}/{act}")).json(&json!({}));
        assert_eq!(code(&answer(request).await), (404, "not_found"), "{act}");
    }
    let (_, none) = answer(app.member(Role::Admin).get("/api/v1/projects/other/failures")).await;
    assert_eq!(none["items"], json!([]));
    for wrong in ["run_1", "case_00000000000000000000000000000001", "%00"] {
        assert_eq!(post(app, Role::Reviewer, &format!("failures/{wrong}/undo"), json!({})).await.0, 404, "{wrong}");
    }
    let key = app.program(&[KeyScope::Triage]).await;
    let request = key.post(&format!("{API}/failures/{run}/dismiss")).json(&json!({ "reason": "a known outage" }));
    let (status, dismissed) = answer(request).await;
    assert_eq!((status, &dismissed["decided_by"]["kind"]), (200, &json!("api_key")));
}

async fn a_traced_run_is_promoted_with_its_content(app: &TestApp) {
    let text = |value: &str| json!({ "stringValue": value });
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": text(value) });
    let span = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "refund",
        "startTimeUnixNano": "1772323200000000000", "endTimeUnixNano": "1772323209000000000",
        "attributes": [
            attribute("seatrial.workflow", "refunds"), attribute("seatrial.outcome", "failure"),
            attribute("input.value", "{\"order\": 1042, \"mail\": \"ada@example.com\"}"),
            attribute("output.value", "I have refunded 420.00"),
        ],
    });
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [attribute("service.version", "1.4.0")] },
        "scopeSpans": [{ "spans": [span] }],
    }] });
    let key = app.program(&[KeyScope::Ingest]).await;
    assert_eq!(answer(key.post("/v1/traces").json(&body)).await.0, 200);
    let (_, failures) = get(app, "failures").await;
    let run = failures["items"][0]["run_id"].as_str().expect("the run failed").to_owned();
    let promote = json!({ "assertions": { "reference": "I have refunded 42.00" } });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), promote).await;
    assert_eq!(status, 200, "{promoted}");
    assert_eq!(promoted["case"]["input"], json!({ "order": 1042, "mail": "[email]" }));
    assert_eq!(promoted["case"]["observed"], "I have refunded 420.00");
    let id = promoted["case"]["id"].as_str().expect("an id");
    let (_, snapshot) = get(app, &format!("cases/{id}/snapshot")).await;
    assert_eq!(snapshot["spans"][0]["span_id"], "eee19b7ec3c1b174");
    assert_eq!(snapshot["run"]["release"], "1.4.0");
}

async fn what_nobody_counts_as_a_failure_any_more_is_not_opened_again(app: &TestApp) {
    let run = &report(app, json!([failed("t-1", 1, json!({ "input": null, "output": null }))])).await[0];
    let empty = post(app, Role::Reviewer, &format!("failures/{run}/promote"), json!({})).await;
    assert_eq!((code(&empty), &empty.1["errors"][0]["field"]), ((422, "invalid"), &json!("input")));
    let written = json!({ "input": "Refund order 1042", "assertions": { "must": ["ask first"] } });
    assert_eq!(post(app, Role::Reviewer, &format!("failures/{run}/promote"), written).await.0, 200);
    let fact = json!({
        "idempotency_key": "k",
        "fact": { "kind": "reviewer_confirmation", "outcome": "success", "failure_class": null },
    });
    assert_eq!(post(app, Role::Reviewer, &format!("runs/{run}/facts"), fact).await.0, 200);
    let (_, kept) = get(app, "failures?status=promoted").await;
    assert_eq!(kept["items"][0]["still_failed"], false);
    let refused = post(app, Role::Reviewer, &format!("failures/{run}/undo"), json!({})).await;
    assert_eq!(code(&refused), (409, "not_a_failure"));
}
