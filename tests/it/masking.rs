//! Masking: no planted secret survives in any stored or exported form of a case, and stored cases are masked once more
//! when the project's own patterns change.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::Role;
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::support::app::{PROJECT, START, TestApp, Who, answer, both};
use crate::support::evidence::{CANDIDATE, WORKFLOW, alert_of, decide, freeze, ready_gate};
use crate::support::notices::both_mailed;
use crate::support::sql::texts;
use crate::support::visitor::{Visitor, at};
use crate::support::webhook_sink::WebhookSink;

both_mailed!(no_planted_secret_survives_in_any_form_of_a_case);
both!(stored_cases_are_masked_once_more, masking_is_refused_with_a_reason,);

const API: &str = "/api/v1/projects/demo-co";

/// The tables that hold the run itself, which is kept as it came for those who may read runs.
const OF_RUNS: [&str; 5] = ["runs", "traces", "run_facts", "failures", "segment_values"];

async fn own_pattern(app: &TestApp, pattern: &str) {
    let settings = json!({
        "currency": "USD", "labour_nanos_per_hour": 0,
        "redaction_patterns": [{ "name": "customer number", "pattern": pattern }],
    });
    assert_eq!(answer(app.member(Role::Admin).put(&format!("{API}/settings")).json(&settings)).await.0, 200);
}

/// Made-up secrets of every kind there is, the same ones each time.
fn planted() -> Vec<String> {
    let forms = [
        "sk-proj-[A-Za-z0-9]{24}",
        "ghp_[A-Za-z0-9]{36}",
        "AKIA[A-Z0-9]{16}",
        "xoxb-[0-9]{12}-[A-Za-z0-9]{24}",
        "[a-z]{6}\\.[a-z]{5}@[a-z]{8}\\.example",
        "\\+49 30 [1-9][0-9]{6}",
        "CN-[0-9]{6}",
    ];
    let mut chance = TestRunner::deterministic();
    let mut drawn = |form: &str| {
        let text = proptest::string::string_regex(form).expect("a form").new_tree(&mut chance);
        text.expect("a text").current()
    };
    let mut secrets: Vec<String> = forms.iter().flat_map(|form| [drawn(form), drawn(form)]).collect();
    let known = ["4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "536-22-1234", "12345678Z"];
    secrets.extend(known.map(str::to_owned));
    secrets
}

/// Everything that is stored of the project, row by row, and every message that waits or left, without the runs.
async fn stored(app: &TestApp) -> String {
    let mut file = Vec::new();
    app.app.export_project(PROJECT, &mut file).await.expect("it is exported");
    let (mut kept, mut table) = (String::new(), String::new());
    for line in String::from_utf8(file).expect("JSON Lines").lines() {
        let read: Value = serde_json::from_str(line).expect("JSON");
        if let Some(name) = read["table"].as_str() {
            name.clone_into(&mut table);
        }
        if !OF_RUNS.contains(&table.as_str()) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    for question in [
        "SELECT payload_json FROM outbox",
        "SELECT subject FROM notices",
        "SELECT body FROM notices",
        "SELECT detail FROM deliveries",
        "SELECT definition_json FROM case_versions",
    ] {
        kept.push_str(&texts(app, question).await.join("\n"));
    }
    kept
}

/// Every form in which the API shows and exports cases and what is made of them; each is there.
async fn shown(app: &TestApp, case: &str, decision: &str) -> String {
    let mut paths: Vec<String> = [
        "cases?limit=200",
        "suites",
        "suites/planted",
        "suites/planted/versions",
        "suites/planted/results?release=1.5.0",
        "suites/planted/cases.ndjson",
        "audit-entries?limit=200",
        "audit-log?format=ndjson",
        "audit-log?format=csv",
        "decisions?limit=200",
        "responses?limit=200",
        "gaps?limit=200",
        "notices?limit=200",
        "outbox?limit=200",
    ]
    .map(str::to_owned)
    .into();
    paths.extend(["", "/snapshot", "/versions", "/results", "/masking"].map(|form| format!("cases/{case}{form}")));
    for format in ["markdown", "json", "html"] {
        for document in ["review", "incident"] {
            paths.push(format!("decisions/{decision}/artifact?format={format}&document={document}"));
        }
    }
    paths.extend(["", "/export"].map(|form| format!("decisions/{decision}{form}")));
    let mut all = String::new();
    for path in paths {
        let answered = app.member(Role::Admin).get(&format!("{API}/{path}")).send().await.expect("an answer");
        let (status, text) = (answered.status().as_u16(), answered.text().await.expect("text"));
        assert_eq!(status, 200, "{path}: {text}");
        assert!(!text.is_empty(), "{path} says nothing");
        if path == format!("cases/{case}") {
            // The failure is of the run, which is shown as it is to those who may read runs.
            let mut read: Value = serde_json::from_str(&text).expect("JSON");
            read["failures"].take();
            all.push_str(&read.to_string());
            continue;
        }
        all.push_str(&text);
    }
    all
}

/// Every page on which a case, or what is made of it, is shown; each is there.
async fn pages(app: &TestApp, case: &str, decision: &str) -> String {
    let visitor = Visitor::signed_in(app, Role::Admin).await;
    let mut paths: Vec<String> = [
        "",
        "/cases",
        "/suites",
        "/suites/planted",
        "/decisions",
        "/responses",
        "/gaps",
        "/notices",
        "/search?q=never",
        "/settings",
    ]
    .map(str::to_owned)
    .into();
    paths.extend(["", "/versions"].map(|form| format!("/cases/{case}{form}")));
    for list in ["/cases", "/suites", "/decisions", "/responses", "/gaps"] {
        paths.extend(["csv", "json"].map(|format| format!("{list}?as={format}")));
    }
    paths.push(format!("/decisions/{decision}"));
    for format in ["md", "json", "html"] {
        paths.extend(["artifact", "incident"].map(|document| format!("/decisions/{decision}/{document}.{format}")));
    }
    let mut all = String::new();
    for path in paths {
        let seen = visitor.get(&at(&path)).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.text);
        all.push_str(&seen.text);
    }
    all
}

/// The texts of every mail so far.
fn mailed(app: &TestApp) -> String {
    let mails = app.mail.as_ref().expect("a mail server").mails();
    let texts = mails.iter().map(|mail| {
        format!("{}\n{}\n{}", mail.header("subject").unwrap_or_default(), mail.text(), mail.html().unwrap_or_default())
    });
    texts.collect()
}

/// A failed run of the candidate with the secrets in every place that a run has.
fn carrier(said: &str) -> Value {
    failed(
        "carrier",
        1,
        json!({
            "workflow": WORKFLOW, "release": CANDIDATE, "failure_class": "unsafe_action",
            "input": { "question": said, "deep": [{ "note": said }], "packed": json!({ "inner": said }).to_string() },
            "output": { "content": said },
            "messages": [{ "role": "user", "content": said }, { "role": "assistant", "content": said }],
            "escalations": [{ "at": null, "reason": said, "expected": false }],
        }),
    )
}

async fn no_planted_secret_survives_in_any_form_of_a_case(app: &TestApp) {
    own_pattern(app, "CN-[0-9]{6}").await;
    let sink = WebhookSink::start().await;
    let hook = app.member(Role::Admin).post(&format!("{API}/webhooks")).json(&json!({ "url": sink.url() }));
    assert_eq!(answer(hook).await.0, 201);
    let gate = ready_gate(app, 40).await;
    let secrets = planted();
    let said = secrets.iter().map(|secret| format!("this is {secret} here")).collect::<Vec<_>>().join(", ");
    let run = &report(app, json!([carrier(&said)])).await[0];
    let body = json!({
        "title": format!("Never show {}", secrets[0]),
        "assertions": { "must": [format!("obey {said}")], "must_not": [format!("not {said}")], "reference": format!("never {said}") },
        "tags": [secrets[4], secrets[12]],
    });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    assert_eq!(status, 200, "{promoted}");
    let case = promoted["case"]["id"].as_str().expect("an id").to_owned();
    let writing =
        json!({ "title": said, "assertions": { "must": [format!("again {said}")] }, "tags": [], "note": said });
    let (status, written) = answer(app.member(Role::Reviewer).put(&format!("{API}/cases/{case}")).json(&writing)).await;
    assert_eq!(status, 200, "{written}");
    let suite = json!({ "name": "planted", "workflow": WORKFLOW, "cases": [case], "note": said });
    assert_eq!(post(app, Role::Reviewer, "suites", suite).await.0, 200);
    let results = json!({
        "release": CANDIDATE, "execution": "one", "runner": "test",
        "results": [{ "case": case, "verdict": "failed", "message": said }],
    });
    let (status, taken) = post(app, Role::Reviewer, "suites/planted/results", results).await;
    assert_eq!(status, 200, "{taken}");
    let response = json!({
        "workflow": WORKFLOW, "origin": { "kind": "alert", "id": alert_of(app, WORKFLOW).await }, "kind": "update_eval_set", "suite": "planted",
        "owner": app.account(Role::Owner), "due_at": START.plus_days(3),
    });
    assert_eq!(post(app, Role::Owner, "responses", response).await.0, 201);
    let (bundle, _) = freeze(app, &gate).await;
    let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("rollback", "not yet")).await;
    assert_eq!(status, 201, "{decision}");
    seatrial::worker::jobs::group_failures(&app.app).await.expect("grouped");
    seatrial::worker::jobs::deliver_due(&app.app).await.expect("sent");
    let left: String = sink.deliveries().await.iter().map(|delivery| delivery.json().to_string()).collect();
    let decision = decision["id"].as_str().expect("an id");
    let places = ["the database", "the API", "a page", "a webhook", "a mail"];
    let everywhere =
        [stored(app).await, shown(app, &case, decision).await, pages(app, &case, decision).await, left, mailed(app)];
    for (place, text) in places.iter().zip(&everywhere) {
        assert!(!text.is_empty(), "{place} says something");
    }
    for (place, text) in places.iter().zip(&everywhere).take(3) {
        assert!(text.contains("[email]") && text.contains("[api_key]"), "the case is there, masked, in {place}");
    }
    for secret in &secrets {
        // Documents and pages write some characters as entities, and JSON in JSON escapes some: plain is enough to be read.
        for (place, text) in places.iter().zip(&everywhere) {
            let around = text
                .find(secret.as_str())
                .map(|at| text[at.saturating_sub(300)..].chars().take(400).collect::<String>());
            assert_eq!(around, None, "{place} holds {secret}");
        }
    }
}

async fn stored_cases_are_masked_once_more(app: &TestApp) {
    let number = "CN-204711";
    let words = |what: &str| format!("{what} for customer {number}");
    let runs = json!([
        failed(
            "for-CN-204711",
            1,
            json!({
                "input": words("Refund"), "output": words("Done"), "messages": [{ "role": "user", "content": words("Hello") }],
            })
        ),
        failed("b", 2, json!({ "input": "Where is my parcel?" })),
    ]);
    let runs = report(app, runs).await;
    let mut cases = Vec::new();
    for run in &runs {
        let body = json!({ "title": words("Greets"), "assertions": { "must": [words("greet")] }, "tags": [number] });
        let body = if *run == runs[0] { body } else { json!({ "assertions": { "must": ["say where"] } }) };
        let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
        assert_eq!(status, 200, "{promoted}");
        cases.push(promoted["case"]["id"].as_str().expect("an id").to_owned());
    }
    let case = &cases[0];
    let (_, before) = get(app, &format!("cases/{case}")).await;
    assert!(before.to_string().contains(number), "nobody knew that it is personal");
    let mask = async |case: &str| post(app, Role::Reviewer, &format!("cases/{case}/masking"), json!({})).await;
    let (status, nothing) = mask(case).await;
    assert_eq!((status, &nothing["masked"], &nothing["version"]), (200, &json!(0), &json!(1)), "{nothing}");

    own_pattern(app, "CN-[0-9]{6}").await;
    let preview = answer(app.member(Role::Reviewer).get(&format!("{API}/cases/{case}/masking"))).await.1;
    assert_eq!(preview["version"], 1, "a preview changes nothing");
    let (status, masked) = mask(case).await;
    assert_eq!((status, &masked["version"], &masked["masked"]), (200, &json!(2), &preview["masked"]), "{masked}");
    let first = &masked["maskings"][0];
    assert_eq!((&first["path"], &first["kind"]), (&json!("title"), &json!("own")), "{masked}");
    assert!(first["before"].as_str().is_some_and(|text| text.contains(number)), "the difference is shown: {first}");
    assert_eq!(first["after"], "Greets for customer [masked]");
    for form in ["", "/snapshot", "/versions"] {
        let (_, mut read) = get(app, &format!("cases/{case}{form}")).await;
        read["failures"].take();
        assert!(!read.to_string().contains(number), "{form} holds it still: {read}");
    }
    assert!(!stored(app).await.contains(number), "no row of the database holds it");
    let (_, after) = get(app, &format!("cases/{case}")).await;
    assert_ne!(after["content_digest"], before["content_digest"]);
    assert_eq!(after["provenance"]["snapshot_digest"], masked["snapshot_digest"]);
    let (_, versions) = get(app, &format!("cases/{case}/versions")).await;
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(2), "{versions}");
    let note = versions["items"][0]["note"].as_str().unwrap_or_default();
    assert!(note.starts_with("Masked anew: title (own), ") && note.contains("input (own)"), "it says where: {note}");
    assert_eq!(mask(case).await.1["masked"], 0, "once");

    // All of a project: what has nothing to mask stays as it is.
    let (status, all) = post(app, Role::Reviewer, "cases/masking", json!({})).await;
    assert_eq!((status, &all["looked_at"], &all["changed"]), (200, &json!(2), &json!([])), "{all}");
    own_pattern(app, "parcel").await;
    let (_, all) = post(app, Role::Reviewer, "cases/masking", json!({})).await;
    assert_eq!((&all["changed"], &all["next_cursor"]), (&json!([cases[1]]), &Value::Null), "{all}");
    let audit = get_audit(app).await;
    assert!(audit.contains("\"mask\"") && !audit.contains(number), "{audit}");
}

async fn get_audit(app: &TestApp) -> String {
    answer(app.member(Role::Admin).get(&format!("{API}/audit-entries?limit=200"))).await.1.to_string()
}

async fn masking_is_refused_with_a_reason(app: &TestApp) {
    let run = &report(app, json!([failed("a", 1, json!({}))])).await[0];
    let body = json!({ "assertions": { "must": ["ask first"] } });
    let (_, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    let case = promoted["case"]["id"].as_str().expect("an id");
    for nothing in ["case_00000000000000000000000000000001", "run_00000000000000000000000000000001", "x"] {
        assert_eq!(post(app, Role::Reviewer, &format!("cases/{nothing}/masking"), json!({})).await.0, 404, "{nothing}");
        assert_eq!(answer(app.member(Role::Reviewer).get(&format!("{API}/cases/{nothing}/masking"))).await.0, 404);
    }
    for path in [format!("cases/{case}/masking"), "cases/masking".to_owned()] {
        assert_eq!(post(app, Role::Viewer, &path, json!({})).await.0, 403, "{path}");
        assert_eq!(answer(app.client(Who::Outsider).post(&format!("{API}/{path}"))).await.0, 404, "{path}");
    }
    assert_eq!(post(app, Role::Reviewer, "cases/masking?cursor=x", json!({})).await.0, 422);
    let other = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
    app.app.create_project_as_system("test", other, Some(app.account(Role::Admin))).await.expect("another project");
    let elsewhere = app.member(Role::Admin).post(&format!("/api/v1/projects/other/cases/{case}/masking"));
    assert_eq!(answer(elsewhere).await.0, 404);
}
