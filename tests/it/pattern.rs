//! Failure patterns: found among alike failures, and their life from new to reopened.

use std::collections::BTreeMap;
use std::time::Duration;

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use seatrial_domain::time::MINUTE;
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::learning::real_failures;
use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::notices::{both_mailed, mails};
use crate::support::real_data;
use crate::support::webhook_sink::WebhookSink;

both!(
    alike_failures_make_a_pattern,
    a_label_makes_a_pattern_known_and_another_leaves_it,
    a_pattern_is_triaged_at_once_and_answered,
    patterns_are_refused_with_a_reason,
    patterns_come_in_pages,
    real_failures_are_grouped,
);
both_mailed!(a_fixed_pattern_that_recurs_is_reopened);

const API: &str = "/api/v1/projects/demo-co";

/// Runs the background work and returns how many failures were grouped.
pub async fn group(app: &TestApp) -> usize {
    jobs::group_failures(&app.app).await.expect("failures are grouped")
}

/// A failed run that asked for a refund in these words, on a release.
fn asked(external_id: &str, minute: u8, release: &str, words: &str) -> Value {
    failed(external_id, minute, json!({ "release": release, "input": words, "failure_class": "wrong_result" }))
}

const REFUND: &str = "Please refund my order of the blue bicycle, it arrived with a broken wheel";

async fn patterns(app: &TestApp, query: &str) -> Vec<Value> {
    let (status, body) = get(app, &format!("patterns{query}")).await;
    assert_eq!(status, 200, "{body}");
    body["items"].as_array().expect("a list").clone()
}

/// An act of a reviewer; several are of one moment, as the clock stands.
async fn act(app: &TestApp, id: &str, act: &str, body: Value) -> (u16, Value) {
    post(app, Role::Reviewer, &format!("patterns/{id}/{act}"), body).await
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

fn id_of(pattern: &Value) -> String {
    pattern["id"].as_str().expect("an id").to_owned()
}

async fn alike_failures_make_a_pattern(app: &TestApp) {
    let runs = json!([
        asked("a", 1, "1.4.0", REFUND),
        asked("b", 2, "1.4.0", &format!("Hello! {REFUND}.")),
        asked("c", 3, "1.4.1", &format!("{REFUND}!! Thanks")),
        asked("d", 4, "1.4.0", "Where can I change the address of my newsletter?"),
        failed("e", 5, json!({ "input": REFUND, "failure_class": "timeout" })),
    ]);
    let runs = report(app, runs).await;
    assert_eq!(patterns(app, "").await, [] as [Value; 0], "nothing is grouped on the way of a run");
    assert_eq!((group(app).await, group(app).await), (5, 0), "each once");
    let found = patterns(app, "").await;
    assert_eq!(found.len(), 1, "one failure is no pattern yet: {found:?}");
    let pattern = &found[0];
    assert_eq!((&pattern["failures"], &pattern["state"]), (&json!(3), &json!("new")), "{pattern}");
    assert_eq!(
        (&pattern["failure_class"], &pattern["latest_at"]),
        (&json!("wrong_result"), &json!("2026-03-01T00:03:00.000000Z"))
    );
    assert_eq!(patterns(app, "?at_least=1").await.len(), 3, "another request, and another class, are others");
    for (query, count) in [("workflow=refunds&state=new", 1), ("state=fixed", 0), ("failure_class=timeout", 0)] {
        assert_eq!(patterns(app, &format!("?{query}")).await.len(), count, "{query}");
    }
    let (_, detail) = get(app, &format!("patterns/{}", id_of(pattern))).await;
    let open: u64 =
        detail["counts"].as_array().expect("counts").iter().map(|count| count["open"].as_u64().unwrap_or(0)).sum();
    assert_eq!((open, detail["counts"].as_array().map(Vec::len)), (3, Some(2)), "by release: {detail}");
    assert_eq!(
        (&detail["history"][0]["state"], &detail["history"][0]["by"]["kind"]),
        (&json!("new"), &json!("system"))
    );
    let (_, members) = get(app, &format!("failures?pattern={}", id_of(pattern))).await;
    let members: Vec<&Value> = members["items"].as_array().expect("a list").iter().map(|row| &row["run_id"]).collect();
    assert_eq!(members, [&json!(runs[2]), &json!(runs[1]), &json!(runs[0])]);

    // The failing step tells failures apart, whatever was asked.
    let failing = |id: &str, tool: &str, error: &str| {
        json!({ "traceId": format!("{id:0>32}"), "spanId": format!("{id:0>16}"), "name": tool,
            "startTimeUnixNano": "1772323200000000000", "endTimeUnixNano": "1772323209000000000",
            "status": { "code": 2, "message": error },
            "attributes": [
                { "key": "seatrial.workflow", "value": { "stringValue": "search" } },
                { "key": "seatrial.outcome", "value": { "stringValue": "failure" } },
                { "key": "gen_ai.operation.name", "value": { "stringValue": "execute_tool" } },
                { "key": "gen_ai.tool.name", "value": { "stringValue": tool } },
            ] })
    };
    let spans = json!([
        failing("a1", "search", "the index of products timed out"),
        failing("a2", "search", "the index of products timed out again"),
        failing("a3", "issue_refund", "the index of products timed out"),
    ]);
    let key = app.program(&[seatrial_domain::access::Scope::Ingest]).await;
    let body = json!({ "resourceSpans": [{ "resource": { "attributes": [] }, "scopeSpans": [{ "spans": spans }] }] });
    assert_eq!(answer(key.post("/v1/traces").json(&body)).await.0, 200);
    assert_eq!(group(app).await, 3);
    let found = patterns(app, "?workflow=search&at_least=1").await;
    let mut steps: Vec<_> = found.iter().map(|row| (row["step"].as_str(), row["failures"].as_u64())).collect();
    steps.sort_unstable();
    assert_eq!(steps, [(Some("issue_refund"), Some(1)), (Some("search"), Some(2))]);
}

async fn a_fixed_pattern_that_recurs_is_reopened(app: &TestApp) {
    let sink = WebhookSink::start().await;
    let hook = app.member(Role::Admin).post(&format!("{API}/webhooks")).json(&json!({ "url": sink.url() }));
    assert_eq!(answer(hook).await.0, 201);
    let workflow = json!({ "risk_class": "high", "owner": app.account(Role::Owner) });
    let put = app.member(Role::Admin).put(&format!("{API}/workflows/refunds")).json(&workflow);
    assert!(answer(put).await.0 < 300);
    report(app, json!([asked("a", 1, "1.4.0", REFUND), asked("b", 2, "1.4.0", REFUND)])).await;
    group(app).await;
    let id = id_of(&patterns(app, "").await[0]);
    let fix = |release: &str| json!({ "release": release, "note": "checks the order first" });
    assert_eq!(code(&act(app, &id, "fix", fix("1.4.0")).await), (409, "wrong_state"), "confirmed first");
    let (status, confirmed) = act(app, &id, "confirm", json!({ "note": "the order is never looked up" })).await;
    assert_eq!((status, &confirmed["state"]), (200, &json!("confirmed")), "{confirmed}");
    assert_eq!(code(&act(app, &id, "confirm", json!({})).await), (409, "wrong_state"));
    assert_eq!(code(&act(app, &id, "fix", fix("1.5.0")).await), (404, "not_found"), "there is no such release");
    assert_eq!(code(&act(app, &id, "fix", fix("1.4.0")).await), (409, "pattern_seen"), "it was seen there");

    app.clock.set(START.plus_micros(MINUTE));
    let made = app.member(Role::Admin).put(&format!("{API}/workflows/refunds/releases/1.5.0")).json(&json!({}));
    assert!(answer(made).await.0 < 300);
    let (status, fixed) = act(app, &id, "fix", fix("1.5.0")).await;
    assert_eq!((status, &fixed["state"], &fixed["fixed_in"]), (200, &json!("fixed"), &json!("1.5.0")), "{fixed}");
    group(app).await;
    assert_eq!(patterns(app, "?state=fixed").await.len(), 1, "nothing ran on it yet");

    // The old release still runs beside it, and fails: that is what was known before.
    app.clock.set(START.plus_micros(2 * MINUTE));
    report(app, json!([asked("c", 3, "1.4.0", REFUND)])).await;
    let good = |id: &str| {
        json!({
            "external_id": id, "workflow": "refunds", "release": "1.6.0", "outcome": "success",
            "started_at": START.plus_micros(MINUTE), "ended_at": START.plus_micros(MINUTE + 1), "input": REFUND,
        })
    };
    report(app, json!([good("s1"), good("s2"), good("s3")])).await;
    group(app).await;
    let (_, watching) = get(app, &format!("patterns/{id}")).await;
    assert_eq!((&watching["state"], &watching["failures"]), (&json!("watching"), &json!(3)), "{watching}");
    let watched = &watching["watched"];
    assert_eq!((&watched["numerator"], &watched["denominator"]), (&json!(0), &json!(3)), "{watched}");
    assert!(watched["high"].as_f64().is_some_and(|high| high > 0.4), "three runs prove little: {watched}");

    // A later release brings it back.
    app.clock.advance(Duration::from_secs(1));
    report(app, json!([asked("d", 9, "1.6.0", &format!("Hi. {REFUND}")), asked("e", 9, "1.6.0", REFUND)])).await;
    assert_eq!(group(app).await, 2);
    it_came_back(app, &id, &sink).await;

    // It is fixed again in a release that comes after, and a person may take that back.
    assert_eq!(code(&act(app, &id, "fix", fix("1.6.0")).await), (409, "pattern_seen"));
    app.clock.set(START.plus_micros(3 * MINUTE));
    let made = app.member(Role::Admin).put(&format!("{API}/workflows/refunds/releases/1.7.0")).json(&json!({}));
    assert!(answer(made).await.0 < 300);
    assert_eq!(act(app, &id, "fix", fix("1.7.0")).await.1["state"], "fixed");
    assert_eq!(act(app, &id, "reopen", json!({ "note": "the wrong commit" })).await.1["state"], "reopened");
    assert_eq!(code(&act(app, &id, "reopen", json!({ "note": "again" })).await), (409, "wrong_state"));
    let audit = answer(app.member(Role::Admin).get(&format!("{API}/audit-entries?noun=failure%20pattern"))).await.1;
    let mut entries = audit["items"].as_array().expect("entries").clone();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry["sequence"].as_u64()));
    let actions: Vec<&str> = entries.iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["reopen", "fix", "reopen", "watch", "fix", "confirm"], "{audit}");
}

/// The pattern is open again, and those who answer for the workflow hear of it once, by mail, in the inbox and by webhook.
async fn it_came_back(app: &TestApp, id: &str, sink: &WebhookSink) {
    let (_, back) = get(app, &format!("patterns/{id}")).await;
    assert_eq!(
        (&back["state"], &back["fixed_in"], &back["watched"]),
        (&json!("reopened"), &json!("1.5.0"), &Value::Null)
    );
    let states: Vec<&str> =
        back["history"].as_array().expect("a history").iter().filter_map(|event| event["state"].as_str()).collect();
    assert_eq!(states, ["reopened", "watching", "fixed", "confirmed", "new"]);
    let event = &back["history"][0];
    assert_eq!((&event["release"], &event["by"]["kind"]), (&json!("1.6.0"), &json!("system")), "{event}");
    assert_eq!(event["note"], "It was fixed in 1.5.0 and came back on 1.6.0.");
    assert_eq!(group(app).await, 0);

    jobs::deliver_due(&app.app).await.expect("sent");
    let told: Vec<_> = mails(app).into_iter().filter(|(subject, _)| subject.contains("came back")).collect();
    assert_eq!(told, [("It came back: wrong_result".to_owned(), app.email(Role::Owner))]);
    let heard: Vec<Value> = sink.deliveries().await.iter().map(crate::support::webhook_sink::Delivery::json).collect();
    let heard: Vec<&Value> = heard.iter().filter(|event| event["type"] == "pattern.reopened").collect();
    assert_eq!((heard.len(), &heard[0]["data"]["pattern"]["id"]), (1, &json!(id)), "{heard:?}");
    let inbox = answer(app.member(Role::Owner).get(&format!("{API}/notices"))).await.1;
    assert!(inbox["items"][0]["subject"].as_str().is_some_and(|text| text.contains("came back")), "{inbox}");
}

async fn a_label_makes_a_pattern_known_and_another_leaves_it(app: &TestApp) {
    let plain = |id: &str, minute| failed(id, minute, json!({ "input": REFUND }));
    let runs = report(app, json!([plain("a", 1), plain("b", 2), plain("c", 3)])).await;
    group(app).await;
    let before = patterns(app, "").await.remove(0);
    assert_eq!((&before["failure_class"], &before["failures"]), (&Value::Null, &json!(3)));
    let label = |run: &str, label: Value| {
        let path = format!("failures/{run}/label");
        async move { assert_eq!(post(app, Role::Reviewer, &path, label).await.0, 200) }
    };
    label(&runs[0], json!({ "failure_class": "wrong_result", "step": "issue_refund" })).await;
    assert_eq!(group(app).await, 1, "what was labelled is looked at again");
    let after = patterns(app, "").await.remove(0);
    assert_eq!((&after["id"], &after["failures"]), (&before["id"], &json!(3)), "the label does not tear it apart");
    assert_eq!((&after["failure_class"], &after["step"]), (&json!("wrong_result"), &json!("issue_refund")));
    label(&runs[1], json!({ "failure_class": "timeout" })).await;
    group(app).await;
    let (_, failure) = get(app, "failures?failure_class=timeout").await;
    assert_ne!(failure["items"][0]["pattern_id"], before["id"], "another kind of miss is another pattern");
    assert_eq!(patterns(app, "").await[0]["failures"], 2);
    // A run that is no failure after all leaves it.
    let fact = json!({ "fact": { "kind": "outcome", "outcome": "success" }, "idempotency_key": "o-1" });
    let (status, body) =
        answer(app.member(Role::Admin).post(&format!("{API}/runs/{}/facts", runs[2])).json(&fact)).await;
    assert!(status < 300, "{body}");
    assert_eq!(
        get(app, &format!("failures?pattern={}", id_of(&before))).await.1["items"].as_array().map(Vec::len),
        Some(1)
    );
}

async fn a_pattern_is_triaged_at_once_and_answered(app: &TestApp) {
    let runs = json!([asked("a", 1, "1.4.0", REFUND), asked("b", 2, "1.4.0", REFUND), asked("c", 3, "1.4.0", "Hi")]);
    report(app, runs).await;
    group(app).await;
    let id = id_of(&patterns(app, "").await[0]);
    let dismiss = json!({ "group": { "pattern": id }, "deed": { "act": "dismiss", "reason": "the sandbox was down" } });
    let (status, acted) = post(app, Role::Reviewer, "triage", dismiss).await;
    assert_eq!((status, acted["changed"].as_array().map(Vec::len)), (200, Some(2)), "{acted}");
    let response = json!({
        "workflow": "refunds", "origin": { "kind": "failure_pattern", "id": id }, "kind": "tighten_permissions",
        "owner": app.account(Role::Owner), "due_at": START.plus_days(3),
    });
    let open = async |body: &Value| answer(app.member(Role::Owner).post(&format!("{API}/responses")).json(body)).await;
    let (status, opened) = open(&response).await;
    assert_eq!((status, &opened["origin"]["id"]), (201, &json!(id)), "{opened}");
    for nothing in ["pat_0192f3c1a2b37d4e8f90a1b2c3d4e5f6", "the usual", ""] {
        let mut wrong = response.clone();
        wrong["origin"]["id"] = json!(nothing);
        let (status, problem) = open(&wrong).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("origin_id")), "{nothing}: {problem}");
    }
}

async fn patterns_are_refused_with_a_reason(app: &TestApp) {
    report(app, json!([asked("a", 1, "1.4.0", REFUND), asked("b", 2, "1.4.0", REFUND)])).await;
    group(app).await;
    let id = id_of(&patterns(app, "").await[0]);
    let wrong = [
        ("confirm", json!({ "note": "x".repeat(4_001) }), 422),
        ("confirm", json!({ "note": 1 }), 400),
        ("confirm", json!({ "notes": "" }), 400),
        ("fix", json!({}), 400),
        ("fix", json!({ "release": ["1.4.0"] }), 400),
        ("fix", json!({ "release": "x".repeat(5_000) }), 409),
        ("reopen", json!({ "note": " " }), 422),
        ("reopen", json!({ "note": "it is not" }), 409),
    ];
    for (verb, body, status) in wrong {
        assert_eq!(act(app, &id, verb, body.clone()).await.0, status, "{verb} {body}");
    }
    for nothing in ["pat_0192f3c1a2b37d4e8f90a1b2c3d4e5f6", "run_0192f3c1a2b37d4e8f90a1b2c3d4e5f6", "1", "%00"] {
        assert_eq!(act(app, nothing, "confirm", json!({})).await.0, 404, "{nothing}");
        assert_eq!(get(app, &format!("patterns/{nothing}")).await.0, 404, "{nothing}");
    }
    for (query, status) in [
        ("state=old", 400),
        ("workflow=none", 404),
        ("cursor=x", 422),
        ("at_least=-1", 400),
        ("failure_class=%00", 200),
        ("limit=100000", 200),
    ] {
        assert_eq!(get(app, &format!("patterns?{query}")).await.0, status, "{query}");
    }
    assert_eq!(get(app, "failures?pattern=run_1").await.0, 422);
    assert_eq!(post(app, Role::Viewer, &format!("patterns/{id}/confirm"), json!({})).await.0, 403);
    let outsider = app.client(Who::Outsider);
    assert_eq!(answer(outsider.get(&format!("{API}/patterns/{id}"))).await.0, 404);
    let other = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
    app.app.create_project_as_system("test", other, Some(app.account(Role::Admin))).await.expect("another project");
    let elsewhere = app.member(Role::Admin);
    assert_eq!(answer(elsewhere.get(&format!("/api/v1/projects/other/patterns/{id}"))).await.0, 404);
    let confirm = elsewhere.post(&format!("/api/v1/projects/other/patterns/{id}/confirm")).json(&json!({}));
    assert_eq!(answer(confirm).await.0, 404, "nothing of it shows in another project");
    assert_eq!(patterns(app, "").await[0]["state"], "new");
}

async fn patterns_come_in_pages(app: &TestApp) {
    let words = ["bicycle", "umbrella", "saxophone", "dishwasher", "parachute"];
    let runs = words.iter().enumerate().flat_map(|(n, thing)| {
        let n = u8::try_from(n).expect("few");
        (0..2).map(move |twin| {
            asked(&format!("{thing}-{twin}"), 5 * (n % 3) + twin, "1.4.0", &format!("{thing} {thing}s {n}{n}{n} broke"))
        })
    });
    report(app, Value::Array(runs.collect())).await;
    assert_eq!(group(app).await, 10);
    let whole: Vec<String> = patterns(app, "?limit=200").await.iter().map(id_of).collect();
    assert_eq!(whole.len(), 5);
    for limit in 1..5 {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = get(app, &format!("patterns?limit={limit}{cursor}")).await.1;
            paged.extend(page["items"].as_array().expect("a list").iter().map(id_of));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, whole, "pages of {limit}");
    }
}

/// What is grouped of real failures, held against the tasks they are of: two of one task fail at the same thing.
async fn real_failures_are_grouped(app: &TestApp) {
    let (mut reports, labels) = real_failures();
    for report in reports.iter_mut().filter(|report| report.workflow != "tau") {
        // One agent at work, labelled by two groups of people: some tasks are in both.
        report.workflow = "open-ended".to_owned();
    }
    let mut tasks = BTreeMap::new();
    for file in ["tau", "failures_labelled"] {
        for run in real_data::runs(file) {
            tasks.insert(run.run_id.clone(), (file, run.task_id.clone()));
        }
    }
    for body in real_data::bodies(&reports) {
        let request =
            app.member(Role::Admin).post(&format!("{API}/runs")).header("content-type", "application/x-ndjson");
        assert_eq!(answer(request.body(body)).await.0, 200);
    }
    assert_eq!(group(app).await, reports.len());
    let (mut groups, mut cursor) = (BTreeMap::<String, Vec<String>>::new(), String::new());
    loop {
        let page = get(app, &format!("failures?limit=200{cursor}")).await.1;
        for row in page["items"].as_array().expect("a list") {
            let of = row["pattern_id"].as_str().expect("every failure is in a pattern").to_owned();
            groups.entry(of).or_default().push(row["external_id"].as_str().expect("a name").to_owned());
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(groups.values().map(Vec::len).sum::<usize>(), labels.len());
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LEARNING.md")).expect("a document");
    let mut missing = Vec::new();
    for file in ["tau", "failures_labelled"] {
        let of_file = |name: &&String| tasks[*name].0 == file;
        let members = groups.values().map(|members| members.iter().filter(of_file).collect::<Vec<_>>());
        let sizes: Vec<usize> = members.clone().map(|members| members.len()).filter(|size| *size > 0).collect();
        let (mut right, mut found) = (0, 0);
        for members in members {
            for (n, a) in members.iter().enumerate() {
                for b in &members[n + 1..] {
                    found += 1;
                    right += usize::from(tasks[*a].1 == tasks[*b].1);
                }
            }
        }
        let row = format!(
            "| `{file}` | {} | {} | {} | {right}/{found} |",
            sizes.iter().sum::<usize>(),
            sizes.iter().filter(|size| **size > 1).count(),
            sizes.iter().filter(|size| **size > 1).sum::<usize>(),
        );
        if !document.contains(&row) {
            missing.push(row);
        }
    }
    assert!(missing.is_empty(), "docs/LEARNING.md lacks what is measured:\n{}", missing.join("\n"));
}
