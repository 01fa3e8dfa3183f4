//! Learning and its owners from a terminal: patterns, sampled successes, cases that are masked once more, scorecards,
//! gaps and responses, with the built program against a running service.

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::json;

use super::walk::{json_of, seatrial, token};
use crate::failure::{failed, post, report};
use crate::support::app::{TestApp, answer, both};
use crate::support::evidence::{WORKFLOW, declare, expect, path, put_scorecard, side_by_side};

both!(patterns_are_followed, samples_are_looked_at, cases_are_masked_once_more, owners_answer, refusals_are_said);

async fn patterns_are_followed(app: &TestApp) {
    let words = "Please refund my order of the blue bicycle, it arrived with a broken wheel";
    let asked = |id: &str, minute| failed(id, minute, json!({ "input": words, "failure_class": "wrong_result" }));
    report(app, json!([asked("a", 1), asked("b", 2)])).await;
    jobs::group_failures(&app.app).await.expect("grouped");
    let key = app.api_key(&[KeyScope::Triage, KeyScope::Read]).await;
    let (code, listed, talk) = seatrial(app, &key, &["pattern", "list"]).await;
    assert_eq!((code, listed.lines().count()), (0, 1), "{talk}");
    let parts: Vec<&str> = listed.split("  ").collect();
    assert_eq!(parts[1..6], ["new", "2", "wrong_result", "-", "refunds"], "{listed}");
    let id = parts[0].to_owned();
    for (more, count) in [(["--state", "fixed"], 0), (["--at-least", "3"], 0), (["--class", "wrong_result"], 1)] {
        let found =
            json_of(&seatrial(app, &key, &[&["pattern", "list", "--format", "json"], &more[..]].concat()).await);
        assert_eq!(found.as_array().map(Vec::len), Some(count), "{more:?}");
    }
    let (code, _, talk) = seatrial(app, &key, &["pattern", "fix", &id, "--release", "1.4.0"]).await;
    assert!(code == 1 && talk.contains("409") && talk.contains("Confirm first"), "{talk}");
    let confirm = ["pattern", "confirm", &id, "--note", "The order is never looked up."];
    assert_eq!(seatrial(app, &key, &confirm).await, (0, String::new(), "It is confirmed.".to_owned()));
    app.clock.advance(std::time::Duration::from_secs(60));
    let made = app.member(Role::Admin).put(&path("workflows/refunds/releases/1.5.0")).json(&json!({}));
    assert!(answer(made).await.0 < 300);
    let fix = ["pattern", "fix", &id, "--release", "1.5.0", "--format", "json"];
    assert_eq!(json_of(&seatrial(app, &key, &fix).await)["fixed_in"], "1.5.0");
    let (code, shown, _) = seatrial(app, &key, &["pattern", "show", &id]).await;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((code, lines[0]), (0, "wrong_result at - (fixed), 2 failures of refunds"));
    assert_eq!(lines[1], "  1.4.0  wrong_result: 2 open, 0 promoted, 0 linked, 0 dismissed");
    let ends: Vec<bool> = ["fixed by test:", "confirmed by test: The order is never looked up.", "new by Seatrial:"]
        .iter()
        .zip(&lines[2..])
        .map(|(said, line)| line.contains(said))
        .collect();
    assert_eq!(ends, [true; 3], "{shown}");
    let (_, _, talk) = seatrial(app, &key, &["pattern", "reopen", &id, "--note", "The wrong commit."]).await;
    assert_eq!(talk, "It is reopened.");
}

async fn samples_are_looked_at(app: &TestApp) {
    let body = json!({ "risk_class": "high", "owner": app.account(Role::Owner), "rules": { "sample_share": 1 } });
    expect(200, app.member(Role::Admin).put(&path("workflows/refunds")).json(&body)).await;
    let good = |n: u8| failed(&format!("g-{n}"), n, json!({ "outcome": "success" }));
    let runs = report(app, json!([good(1), good(2)])).await;
    let key = app.api_key(&[KeyScope::Triage, KeyScope::Read]).await;
    let (code, listed, talk) = seatrial(app, &key, &["sample", "list"]).await;
    assert_eq!((code, listed.lines().count()), (0, 2), "{talk}");
    assert!(listed.starts_with(&format!("{}  open  refunds  1.4.0  ", runs[1])), "{listed}");
    let wrong = ["sample", "find", &runs[0], "--overturned", "--class", "wrong_result", "--note", "refunded twice"];
    let (code, _, talk) = seatrial(app, &key, &wrong).await;
    assert!(code == 1 && talk.contains("403"), "a person looks: {talk}");
    let person = token(app, Role::Reviewer).await;
    let (code, _, talk) = seatrial(app, &person, &wrong).await;
    assert_eq!((code, talk.as_str()), (0, "It was none, and waits in triage."));
    let held = json_of(&seatrial(app, &person, &["sample", "find", &runs[1], "--holds", "--format", "json"]).await);
    assert_eq!(held["status"], "upheld");
    let (code, _, talk) = seatrial(app, &person, &["sample", "find", &runs[1]]).await;
    assert!(code == 2 && talk.contains("--holds"), "one of the two is said: {talk}");
    let (_, rate, talk) = seatrial(app, &key, &["sample", "rate", "refunds", "--release", "1.4.0"]).await;
    assert!(
        rate.starts_with("100.0 % of successful runs are looked at; 0 wait.\nNo success: 1/2, 50.0 % ["),
        "{rate}{talk}"
    );
}

async fn cases_are_masked_once_more(app: &TestApp) {
    let runs = json!([
        failed("a", 1, json!({ "input": "Refund for customer CN-204711" })),
        failed("b", 2, json!({ "input": "Where is my parcel?" })),
    ]);
    let mut cases = Vec::new();
    for run in report(app, runs).await {
        let body = json!({ "assertions": { "must": ["ask first"] } });
        let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
        assert_eq!(status, 200, "{promoted}");
        cases.push(promoted["case"]["id"].as_str().expect("an id").to_owned());
    }
    let settings = json!({
        "currency": "USD", "labour_nanos_per_hour": 0,
        "redaction_patterns": [{ "name": "customer number", "pattern": "CN-[0-9]{6}" }],
    });
    assert_eq!(answer(app.member(Role::Admin).put(&path("settings")).json(&settings)).await.0, 200);
    let key = app.api_key(&[KeyScope::Triage, KeyScope::Read]).await;
    let (_, listed, talk) = seatrial(app, &key, &["case", "list", "--state", "active"]).await;
    assert_eq!(listed.lines().count(), 2, "{talk}");
    let (code, shown, talk) = seatrial(app, &key, &["case", "mask", &cases[0], "--preview"]).await;
    assert!(
        code == 0 && shown.contains("input (own): Refund for customer CN-204711 -> Refund for customer [masked]"),
        "{shown}"
    );
    assert!(talk.ends_with("would be masked in all that is stored of it."), "{talk}");
    let (_, done, talk) = seatrial(app, &key, &["case", "mask", "--all"]).await;
    assert_eq!((done.as_str(), talk.as_str()), (cases[0].as_str(), "1 of 2 cases were masked once more."));
    let (_, none, talk) = seatrial(app, &key, &["case", "mask", &cases[0]]).await;
    assert_eq!((none.as_str(), talk.as_str()), ("", "Nothing more is masked."));
    let again = json_of(&seatrial(app, &key, &["case", "mask", "--all", "--format", "json"]).await);
    assert_eq!(again, json!({ "looked_at": 2, "changed": [] }));
    for arguments in [&["case", "mask"][..], &["case", "mask", &cases[0], "--all"]] {
        assert_eq!(seatrial(app, &key, arguments).await.0, 2, "{arguments:?}");
    }
}

async fn owners_answer(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    let key = app.api_key(&[KeyScope::Admin]).await;
    let person = token(app, Role::Owner).await;
    let (_, listed, talk) = seatrial(app, &key, &["scorecard", "list"]).await;
    assert!(
        listed.starts_with(&format!("{WORKFLOW}  stale  Demo owner\n  Nobody has attested it yet.")),
        "{listed}{talk}"
    );
    let attest = ["scorecard", "attest", WORKFLOW, "--note", "Re-read."];
    let (code, _, talk) = seatrial(app, &key, &attest).await;
    assert!(code == 1 && talk.contains("403"), "a program does not attest: {talk}");
    assert_eq!(seatrial(app, &person, &attest).await.2, "Version 1 is attested.");
    let cards = json_of(&seatrial(app, &key, &["scorecard", "list", "--format", "json"]).await);
    assert_eq!(cards[0]["freshness"]["state"], "fresh");

    crate::support::evidence::open_gate(app, Role::Owner).await;
    jobs::find_gaps(&app.app).await.expect("found");
    let gaps = json_of(&seatrial(app, &key, &["gap", "list", "--format", "json"]).await);
    let gap = gaps[0]["id"].as_str().expect("a gap").to_owned();
    assert_eq!(seatrial(app, &person, &["gap", "close", &gap, "--done", "More traffic."]).await.2, "Closed.");

    let body = json!({
        "workflow": WORKFLOW, "origin": {"kind": "gap", "id": gap}, "kind": "tighten_permissions",
        "owner": app.account(Role::Owner), "due_at": app.app.now().plus_days(3), "signal": "success_rate",
    });
    let opened = expect(201, app.member(Role::Owner).post(&path("responses")).json(&body)).await;
    let id = opened["id"].as_str().expect("an id").to_owned();
    let (_, listed, talk) = seatrial(app, &key, &["response", "list"]).await;
    assert!(listed.starts_with(&format!("{id}  open  tighten_permissions  ")), "{listed}{talk}");
    let (code, _, talk) = seatrial(app, &key, &["response", "acknowledge", &id, "--note", "Took it away."]).await;
    assert!(code == 0 && talk.starts_with("It is acted."), "{talk}");
    let (code, effect, talk) = seatrial(app, &person, &["response", "close", &id, "--done", "It cannot refund."]).await;
    assert!(code == 0 && talk.starts_with("It is closed.") && !effect.is_empty(), "{effect}{talk}");
    assert_eq!(json_of(&seatrial(app, &key, &["response", "list", "--format", "json"]).await), json!([]));
    assert_eq!(seatrial(app, &key, &["response", "list", "--all"]).await.1.lines().count(), 1);
}

async fn refusals_are_said(app: &TestApp) {
    let key = app.api_key(&[KeyScope::Ingest]).await;
    for arguments in [
        &["pattern", "list"][..],
        &["pattern", "show", "pat_1"],
        &["pattern", "confirm", "pat_1"],
        &["pattern", "fix", "pat_1", "--release", "r"],
        &["pattern", "reopen", "pat_1", "--note", "x"],
        &["sample", "list"],
        &["sample", "find", "run_1", "--holds"],
        &["sample", "rate", "w"],
        &["case", "list"],
        &["case", "mask", "case_1"],
        &["case", "mask", "--all"],
        &["scorecard", "list"],
        &["scorecard", "attest", "w"],
        &["gap", "close", "gap_1", "--done", "x"],
        &["response", "list"],
        &["response", "acknowledge", "rsp_1", "--note", "x"],
        &["response", "close", "rsp_1", "--done", "x"],
    ] {
        let (code, data, talk) = seatrial(app, &key, arguments).await;
        assert!(code == 1 && data.is_empty() && talk.contains(" answered 40"), "{arguments:?}: {talk}");
    }
}
