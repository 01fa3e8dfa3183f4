//! Triage: labels from the taxonomy, failing steps, assignment, reservations that expire, acts on groups, and undo.

use std::time::Duration;

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::limits;
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::support::app::{TestApp, answer, both};

both!(
    a_label_is_of_the_taxonomy_and_changes_the_figures,
    a_failing_step_is_a_span_of_the_trace,
    a_failure_is_assigned_to_who_may_triage,
    a_reservation_is_seen_and_expires,
    a_group_is_decided_at_once_and_taken_back,
    every_act_is_taken_back,
    what_was_changed_since_is_not_taken_back,
    many_failures_come_in_pages_in_order,
    acts_are_refused_with_a_reason,
);

const API: &str = "/api/v1/projects/demo-co";

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

/// Runs `n` failures of a class; their ids.
async fn failures(app: &TestApp, n: u8, class: Option<&str>) -> Vec<String> {
    let of = |i: u8| failed(&format!("t-{}-{i}", class.unwrap_or("none")), i, json!({ "failure_class": class }));
    report(app, Value::Array((0..n).map(of).collect())).await
}

async fn reviewer(app: &TestApp, path: &str, body: Value) -> (u16, Value) {
    post(app, Role::Reviewer, path, body).await
}

async fn a_label_is_of_the_taxonomy_and_changes_the_figures(app: &TestApp) {
    let run = &failures(app, 1, None).await[0];
    let path = format!("failures/{run}/label");
    let unknown = reviewer(app, &path, json!({ "failure_class": "nonsense" })).await;
    assert_eq!(code(&unknown), (422, "invalid"));
    assert!(unknown.1["detail"].as_str().is_some_and(|text| text.contains("unsafe_action")), "{}", unknown.1);
    assert_eq!(reviewer(app, &path, json!({})).await.0, 422, "a label says something");
    let label =
        json!({ "failure_class": "unsafe_action", "step": "refund_tool", "note": "refunded ten times too much" });
    let (status, labelled) = reviewer(app, &path, label.clone()).await;
    assert_eq!((status, &labelled["severity"]), (200, &json!("critical")), "{labelled}");
    assert_eq!((&labelled["step"], &labelled["note"]), (&json!("refund_tool"), &json!("refunded ten times too much")));
    assert_eq!(labelled["labelled_by"]["name"], "Demo reviewer");
    assert_eq!(labelled["status"], "open", "a label decides nothing");
    assert_eq!(get(app, "failures?severity=critical&step=refund_tool").await.1["items"][0]["run_id"], json!(run));
    let (_, signals) = get(app, "failures/counts").await;
    assert_eq!(signals["items"][0]["failure_class"], "unsafe_action");
    assert_eq!(reviewer(app, &path, label).await.1["labelled_at"], labelled["labelled_at"], "a repeat changes nothing");
    assert_eq!(get(app, &format!("failures/{run}/acts")).await.1["items"].as_array().map(Vec::len), Some(1));
    let own = json!({ "items": [{ "name": "double_refund", "severity": "critical", "meaning": "Refunded twice" }] });
    let put = app.member(Role::Admin).put(&format!("{API}/failure-classes")).json(&own);
    assert_eq!(answer(put).await.0, 200);
    let (status, extended) = reviewer(app, &path, json!({ "failure_class": "double_refund" })).await;
    assert_eq!((status, &extended["severity"]), (200, &json!("critical")), "the taxonomy can be extended");
    assert_eq!(extended["note"], "refunded ten times too much", "what is absent stays");
}

async fn a_failing_step_is_a_span_of_the_trace(app: &TestApp) {
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let span = |id: &str, parent: &str, name: &str, attributes: Value| {
        json!({
            "traceId": "5b8efff798038103d269b633813fc60c", "spanId": id, "parentSpanId": parent, "name": name,
            "startTimeUnixNano": "1772323200000000000", "endTimeUnixNano": "1772323209000000000",
            "attributes": attributes,
        })
    };
    let root = json!([attribute("seatrial.workflow", "refunds"), attribute("seatrial.outcome", "failure")]);
    let tool =
        json!([attribute("gen_ai.operation.name", "execute_tool"), attribute("gen_ai.tool.name", "issue_refund")]);
    let spans = json!([
        span("eee19b7ec3c1b174", "", "refund", root),
        span("aaa19b7ec3c1b175", "eee19b7ec3c1b174", "execute_tool issue_refund", tool),
    ]);
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [attribute("service.version", "1.4.0")] }, "scopeSpans": [{ "spans": spans }],
    }] });
    let key = app.program(&[KeyScope::Ingest]).await;
    assert_eq!(answer(key.post("/v1/traces").json(&body)).await.0, 200);
    let (_, failures) = get(app, "failures").await;
    let path = format!("failures/{}/label", failures["items"][0]["run_id"].as_str().expect("the run failed"));
    let (status, labelled) = reviewer(app, &path, json!({ "span_id": "AAA19B7EC3C1B175" })).await;
    assert_eq!((status, &labelled["span_id"]), (200, &json!("aaa19b7ec3c1b175")), "{labelled}");
    assert_eq!(labelled["step"], "issue_refund", "the step is named by the span's tool");
    for wrong in ["00000000000000ff", "xyz"] {
        assert_eq!(code(&reviewer(app, &path, json!({ "span_id": wrong })).await), (422, "invalid"), "{wrong}");
    }
    let (_, cleared) = reviewer(app, &path, json!({ "span_id": "" })).await;
    assert_eq!((&cleared["span_id"], &cleared["step"]), (&Value::Null, &Value::Null));
}

async fn a_failure_is_assigned_to_who_may_triage(app: &TestApp) {
    let run = &failures(app, 2, None).await[0];
    let path = format!("failures/{run}/assign");
    let account = app.account(Role::Reviewer);
    let (status, assigned) = post(app, Role::Owner, &path, json!({ "account": account })).await;
    assert_eq!((status, &assigned["assigned_to"]["name"]), (200, &json!("Demo reviewer")), "{assigned}");
    let mine = answer(app.member(Role::Reviewer).get(&format!("{API}/failures?assigned=me"))).await.1;
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(get(app, "failures?assigned=nobody").await.1["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(get(app, "failures?assigned=somebody").await.0, 422);
    for nobody in [app.account(Role::Viewer).to_string(), "acc_00000000000000000000000000000001".to_owned()] {
        assert_eq!(code(&post(app, Role::Owner, &path, json!({ "account": nobody })).await), (422, "invalid"));
    }
    let (_, freed) = post(app, Role::Owner, &path, json!({ "account": null })).await;
    assert_eq!(freed["assigned_to"], Value::Null);
    assert_eq!(post(app, Role::Viewer, &path, json!({ "account": null })).await.0, 403);
}

async fn a_reservation_is_seen_and_expires(app: &TestApp) {
    let run = &failures(app, 1, None).await[0];
    let (status, reserved) = reviewer(app, &format!("failures/{run}/reserve"), json!({})).await;
    assert_eq!((status, &reserved["reserved"]["by"]["name"]), (200, &json!("Demo reviewer")), "{reserved}");
    assert_eq!(get(app, "failures").await.1["items"][0]["reserved"]["until"], reserved["reserved"]["until"]);
    let dismiss = format!("failures/{run}/dismiss");
    let other = post(app, Role::Owner, &dismiss, json!({ "reason": "not ours" })).await;
    assert_eq!(code(&other), (409, "reserved"));
    assert!(other.1["detail"].as_str().is_some_and(|text| text.contains("Demo reviewer")), "{}", other.1);
    for path in ["reserve", "release", "undo"] {
        assert_eq!(
            code(&post(app, Role::Owner, &format!("failures/{run}/{path}"), json!({})).await),
            (409, "reserved")
        );
    }
    let promote = post(app, Role::Owner, &format!("failures/{run}/promote"), json!({})).await;
    assert_eq!(code(&promote), (409, "reserved"));
    let program = app.program(&[KeyScope::Triage]).await;
    let refused = answer(program.post(&format!("{API}/failures/{run}/reserve"))).await;
    assert_eq!(refused.0, 403, "only people work on a failure for a while");
    app.clock.advance(Duration::from_micros(limits::RESERVATION_MICROS.unsigned_abs()));
    assert_eq!(get(app, "failures").await.1["items"][0]["reserved"], Value::Null, "it expires by itself");
    assert_eq!(post(app, Role::Owner, &format!("failures/{run}/reserve"), json!({})).await.0, 200);
    assert_eq!(code(&reviewer(app, &dismiss, json!({ "reason": "mine" })).await), (409, "reserved"));
    assert_eq!(post(app, Role::Owner, &format!("failures/{run}/release"), json!({})).await.1["reserved"], Value::Null);
    assert_eq!(reviewer(app, &dismiss, json!({ "reason": "mine" })).await.0, 200);
}

async fn a_group_is_decided_at_once_and_taken_back(app: &TestApp) {
    let timeouts = failures(app, 4, Some("timeout")).await;
    failures(app, 2, Some("wrong_result")).await;
    reviewer(app, &format!("failures/{}/dismiss", timeouts[0]), json!({ "reason": "earlier" })).await;
    post(app, Role::Owner, &format!("failures/{}/reserve", timeouts[1]), json!({})).await;
    let group = json!({ "group": { "failure_class": "timeout", "workflow": "refunds" },
        "deed": { "act": "dismiss", "reason": "the sandbox was slow" } });
    let (status, acted) = reviewer(app, "triage", group.clone()).await;
    assert_eq!((status, acted["changed"].as_array().map(Vec::len)), (200, Some(2)), "{acted}");
    assert_eq!(
        (&acted["refused"][0]["code"], &acted["refused"][0]["run_id"]),
        (&json!("reserved"), &json!(timeouts[1]))
    );
    assert_eq!(acted["more"], false);
    assert_eq!(get(app, "failures?status=open").await.1["items"].as_array().map(Vec::len), Some(3));
    let act = acted["act"].as_str().expect("an act").to_owned();
    let (status, undone) = reviewer(app, &format!("triage/{act}/undo"), json!({})).await;
    assert_eq!((status, undone["changed"].as_array().map(Vec::len)), (200, Some(2)), "{undone}");
    let (_, kept) = get(app, "failures?status=dismissed").await;
    assert_eq!(kept["items"][0]["reason"], "earlier", "what was decided before the act stays");
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(code(&reviewer(app, &format!("triage/{act}/undo"), json!({})).await), (409, "already_undone"));
    let label =
        json!({ "runs": timeouts, "deed": { "act": "label", "failure_class": "incomplete", "step": "search" } });
    let (_, labelled) = reviewer(app, "triage", label).await;
    assert_eq!(labelled["changed"].as_array().map(Vec::len), Some(3), "all but the reserved one: {labelled}");
    assert_eq!(
        get(app, "failures?failure_class=incomplete&step=search").await.1["items"].as_array().map(Vec::len),
        Some(3)
    );
    let back = format!("triage/{}/undo", labelled["act"].as_str().expect("an act"));
    assert_eq!(reviewer(app, &back, json!({})).await.1["changed"].as_array().map(Vec::len), Some(3));
    assert_eq!(get(app, "failures?failure_class=timeout").await.1["items"].as_array().map(Vec::len), Some(4));
}

async fn every_act_is_taken_back(app: &TestApp) {
    let runs = failures(app, 2, None).await;
    let (run, other) = (&runs[0], &runs[1]);
    let before = get(app, "failures").await.1;
    let promote = json!({ "assertions": { "must": ["ask first"] } });
    let (_, case) = reviewer(app, &format!("failures/{other}/promote"), promote).await;
    let case_id = case["case"]["id"].as_str().expect("an id").to_owned();
    let acts = [
        ("label", json!({ "failure_class": "data_leak", "note": "sent to the wrong customer" })),
        ("assign", json!({ "account": app.account(Role::Reviewer) })),
        ("link", json!({ "case_id": case_id })),
    ];
    for (path, body) in acts {
        let answered = reviewer(app, &format!("failures/{run}/{path}"), body).await;
        assert_eq!(answered.0, 200, "{path}: {}", answered.1);
    }
    let last_act =
        |acts: &Value| acts["items"].as_array().expect("acts").iter().find(|act| act["undone_at"].is_null()).cloned();
    for path in [run, run, run, other] {
        let act = last_act(&get(app, &format!("failures/{path}/acts")).await.1).expect("an act that stands");
        let undo = format!("triage/{}/undo", act["id"].as_str().expect("an id"));
        let (status, undone) = reviewer(app, &undo, json!({})).await;
        assert_eq!((status, undone["refused"].as_array().map(Vec::len)), (200, Some(0)), "{act}: {undone}");
    }
    assert_eq!(get(app, "failures").await.1, before, "everything stands as before");
    assert_eq!(get(app, &format!("cases/{case_id}")).await.1["state"], "active", "the case stays");
}

async fn what_was_changed_since_is_not_taken_back(app: &TestApp) {
    let runs = failures(app, 2, None).await;
    let act = json!({ "runs": runs, "deed": { "act": "label", "note": "first" } });
    let (_, acted) = reviewer(app, "triage", act).await;
    reviewer(app, &format!("failures/{}/label", runs[0]), json!({ "note": "second" })).await;
    reviewer(app, &format!("failures/{}/dismiss", runs[1]), json!({ "reason": "noise" })).await;
    let undo = format!("triage/{}/undo", acted["act"].as_str().expect("an act"));
    let (_, undone) = reviewer(app, &undo, json!({})).await;
    assert_eq!(
        (&undone["refused"][0]["code"], &undone["refused"][0]["run_id"]),
        (&json!("changed_since"), &json!(runs[0]))
    );
    assert_eq!(undone["changed"][0]["note"], Value::Null);
    assert_eq!(undone["changed"][0]["status"], "dismissed", "another kind of act is left alone");
}

async fn many_failures_come_in_pages_in_order(app: &TestApp) {
    let classes = [Some("timeout"), None, Some("unsafe_action"), Some("wrong_result")];
    let of = |i: u8| {
        let class = classes[usize::from(i) % classes.len()];
        failed(&format!("p-{i}"), i / 3, json!({ "failure_class": class }))
    };
    report(app, Value::Array((0..42).map(of).collect())).await;
    for filter in ["", "&status=open", "&severity=major", "&workflow=refunds&status=open"] {
        let whole = get(app, &format!("failures?limit=200{filter}")).await.1;
        let whole: Vec<&Value> =
            whole["items"].as_array().expect("a list").iter().map(|item| &item["run_id"]).collect();
        for limit in [1, 5, 10, 11] {
            let (mut paged, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = get(app, &format!("failures?limit={limit}{filter}{cursor}")).await.1;
                paged.extend(page["items"].as_array().expect("a list").iter().map(|item| item["run_id"].clone()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(paged.iter().collect::<Vec<_>>(), whole, "pages of {limit} with {filter}");
        }
    }
    assert_eq!(
        get(app, "failures?from=2026-03-01T00:10:00Z&to=2026-03-01T00:11:00Z").await.1["items"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

async fn acts_are_refused_with_a_reason(app: &TestApp) {
    let run = &failures(app, 1, None).await[0];
    let deed = json!({ "act": "reopen" });
    let wrong = [
        (json!({ "deed": deed }), 422),
        (json!({ "deed": deed, "runs": [] }), 422),
        (json!({ "deed": deed, "runs": [run], "group": {} }), 422),
        (json!({ "deed": { "act": "explode" }, "runs": [run] }), 400),
        (json!({ "deed": { "act": "dismiss", "reason": " " }, "runs": [run] }), 422),
        (json!({ "deed": { "act": "link", "case_id": "case_00000000000000000000000000000001" }, "runs": [run] }), 404),
        (json!({ "deed": deed, "group": { "workflow": "none" } }), 404),
        (json!({ "deed": deed, "group": { "colour": "red" } }), 400),
        (json!({ "deed": { "act": "label", "note": "x".repeat(4_001) }, "runs": [run] }), 422),
    ];
    for (body, status) in wrong {
        assert_eq!(reviewer(app, "triage", body.clone()).await.0, status, "{body}");
    }
    let missing = json!({ "deed": deed, "runs": ["run_00000000000000000000000000000001"] });
    let (status, acted) = reviewer(app, "triage", missing).await;
    assert_eq!((status, &acted["refused"][0]["code"]), (200, &json!("not_found")), "{acted}");
    assert_eq!(acted["act"], Value::Null);
    assert_eq!(post(app, Role::Viewer, "triage", json!({ "deed": deed, "runs": [run] })).await.0, 403);
    let outsider = app.client(crate::support::app::Who::Outsider);
    assert_eq!(
        answer(outsider.post(&format!("{API}/triage")).json(&json!({ "deed": deed, "runs": [run] }))).await.0,
        404
    );
    assert_eq!(reviewer(app, "triage/act_00000000000000000000000000000001/undo", json!({})).await.0, 404);
}
