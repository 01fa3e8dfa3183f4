//! The loop from a terminal, with the built program against a running service: gates, failures, decisions, and the exit
//! code and the output of each step.

use std::process::Command;

use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, PROJECT, TestApp, Who, answer, both};
use crate::support::evidence::{BASELINE, CANDIDATE, WORKFLOW, attest, declare, path, put_scorecard, side_by_side};

both!(gates_are_asked_and_answered, failures_are_worked, what_the_service_refuses_is_said);

/// What the program answered: exit code, data, talk.
pub(super) type Said = (i32, String, String);

pub(super) async fn seatrial(app: &TestApp, key: &str, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command.args(arguments).current_dir(app.folder()).env("SEATRIAL_URL", &app.base_url);
    command.env("SEATRIAL_API_KEY", key).env("SEATRIAL_PROJECT", PROJECT);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    let output = output.expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// The access token of a member, as a person uses it in a terminal.
pub(super) async fn token(app: &TestApp, role: Role) -> String {
    let body = json!({"email": app.email(role), "password": PASSWORD});
    let (status, made) = answer(app.client(Who::Nobody).post("/api/v1/tokens").json(&body)).await;
    assert_eq!(status, 201, "{made}");
    made["access_token"].as_str().expect("a token").to_owned()
}

pub(super) fn json_of((code, data, talk): &Said) -> Value {
    assert_eq!(*code, 0, "{talk}");
    assert_eq!(data.lines().count(), 1, "one document on one line: {data}");
    serde_json::from_str(data).expect("JSON")
}

async fn gates_are_asked_and_answered(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 400, 95).await;
    put_scorecard(app).await;
    attest(app).await;
    let key = app.api_key(&[KeyScope::Gate]).await;
    let about = ["--workflow", WORKFLOW, "--release", CANDIDATE, "--baseline", BASELINE];
    let (code, gate, talk) = seatrial(app, &key, &[&["gate", "open"], &about[..]].concat()).await;
    assert_eq!((code, gate.starts_with("gate_")), (0, true), "{talk}");
    assert_eq!(talk, format!("Opened for {WORKFLOW} {CANDIDATE}, compared with {BASELINE}."));
    let (code, _, talk) = seatrial(app, &key, &[&["gate", "open"], &about[..]].concat()).await;
    assert!(code == 1 && talk.contains("409"), "{talk}");
    let (code, told, talk) = seatrial(app, &key, &["gate", "evaluate", &gate]).await;
    assert!(code == 0 && told.starts_with("recommended as of now: ship\n  - "), "{told}{talk}");
    let seen = json_of(&seatrial(app, &key, &["gate", "evaluate", &gate, "--format", "json"]).await);
    assert_eq!(seen["recommendation"]["verdict"], "ship");
    let (code, bundle, talk) = seatrial(app, &key, &["gate", "freeze", &gate]).await;
    assert_eq!((code, bundle.starts_with("sha256:"), talk.as_str()), (0, true, "Frozen. Recommended: ship."));

    // A machine decides nothing; a person does, with a reason where it goes against the recommendation.
    let decide = |verdict: &'static str| ["gate", "decide", &gate, "--bundle", &bundle, "--verdict", verdict];
    let (code, _, talk) = seatrial(app, &key, &decide("ship")).await;
    assert!(code == 1 && talk.contains("403"), "{talk}");
    let person = token(app, Role::ReleaseManager).await;
    let (code, _, talk) = seatrial(app, &person, &decide("hold")).await;
    assert!(code == 1 && talk.contains("422"), "{talk}");
    let (code, decision, talk) = seatrial(app, &person, &decide("ship")).await;
    assert_eq!((code, decision.starts_with("dec_"), talk.as_str()), (0, true, "Recorded: ship."));
    let check = ["gate", "check", "--workflow", WORKFLOW, "--release", CANDIDATE];
    assert_eq!(seatrial(app, &key, &check).await.0, 0);
    let read = app.api_key(&[KeyScope::Read]).await;
    let (code, _, talk) =
        seatrial(app, &read, &["decision", "export", &decision, "--project", PROJECT, "--out", "d.json"]).await;
    assert_eq!(code, 0, "{talk}");
    let report = json_of(&seatrial(app, "", &["decision", "verify", "d.json", "--format", "json"]).await);
    assert_eq!((&report["ok"], &report["replay"]["result"]), (&json!(true), &json!("same")));

    // Against a recommendation to hold, two people are needed: what is printed is the proposal.
    let own = token(app, Role::Owner).await;
    let (_, late, talk) = seatrial(app, &own, &[&["gate", "open"], &about[..]].concat()).await;
    assert!(late.starts_with("gate_"), "{talk}");
    let (_, bundle, _) = seatrial(app, &own, &["gate", "freeze", &late]).await;
    let policy = crate::support::evidence::expect(200, app.member(Role::Admin).get(&path("policy"))).await;
    assert!(policy["policy"].is_object());
    let ship = ["gate", "decide", &late, "--bundle", &bundle, "--verdict", "hold", "--reason", "Not on a Friday."];
    let made = json_of(&seatrial(app, &person, &[&ship[..], &["--format", "json"]].concat()).await);
    assert_eq!(made["verdict"], "hold");
}

async fn failures_are_worked(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 40, 50).await;
    let key = app.api_key(&[KeyScope::Triage, KeyScope::Read]).await;
    let list = ["failure", "list", "--release", CANDIDATE];
    let (code, listed, talk) = seatrial(app, &key, &list).await;
    assert_eq!((code, listed.lines().count()), (0, 20), "{talk}");
    let run =
        |line: usize| listed.lines().nth(line).and_then(|line| line.split("  ").next()).expect("a run").to_owned();
    let all = json_of(&seatrial(app, &key, &[&list[..], &["--format", "json"]].concat()).await);
    assert_eq!((all.as_array().map(Vec::len), &all[0]["run_id"]), (Some(20), &json!(run(0))));

    let label = ["failure", "label", &run(0), "--class", "timeout", "--note", "The gateway was down."];
    let (code, _, talk) = seatrial(app, &key, &label).await;
    assert_eq!((code, talk.as_str()), (0, "Labelled."));
    let promote = ["failure", "promote", &run(0), "--title", "Down", "--input", "Refund order 1", "--must", "say so"];
    let (code, case, talk) = seatrial(app, &key, &promote).await;
    assert!(code == 0 && case.starts_with("case_") && talk == "It is an eval case, active.", "{case} {talk}");
    let (code, _, talk) = seatrial(app, &key, &["failure", "link", &run(1), "--case", &case]).await;
    assert_eq!((code, talk.as_str()), (0, "Linked."));
    let dismissed = ["failure", "dismiss", &run(2), "--reason", "A test.", "--format", "json"];
    let dismissed = json_of(&seatrial(app, &key, &dismissed).await);
    assert_eq!((&dismissed["status"], &dismissed["reason"]), (&json!("dismissed"), &json!("A test.")));
    let (_, left, _) = seatrial(app, &key, &list).await;
    assert_eq!(left.lines().count(), 17);
    let gone = ["failure", "list", "--status", "dismissed"];
    assert_eq!(seatrial(app, &key, &gone).await.1.lines().count(), 1);
    let gaps = json_of(&seatrial(app, &key, &["gap", "list", "--format", "json"]).await);
    assert!(gaps.is_array());
}

async fn what_the_service_refuses_is_said(app: &TestApp) {
    let key = app.api_key(&[KeyScope::Ingest]).await;
    for arguments in [
        &["failure", "list"][..],
        &["failure", "dismiss", "run_1", "--reason", "x"],
        &["gate", "open", "--workflow", "w", "--release", "r"],
        &["gate", "freeze", "gate_1"],
        &["gate", "evaluate", "gate_1"],
        &["gap", "list"],
        &["scorecard", "propose", "w"],
    ] {
        let (code, data, talk) = seatrial(app, &key, arguments).await;
        assert!(code == 1 && data.is_empty() && talk.contains(" answered 40"), "{arguments:?}: {talk}");
    }
}
