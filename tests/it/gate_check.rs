//! `seatrial gate check` and `seatrial decision` as a pipeline and an auditor run them: the built program, its exit codes.

use std::process::{Command, Output};

use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};

use crate::support::app::{PROJECT, START, TestApp, both};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, attest, decide, declare, freeze, open_gate, put_scorecard, ready_gate, report,
    side_by_side,
};

both!(only_a_recorded_ship_decision_passes, a_recommendation_is_previewed, exports_verify_offline);

/// Runs the program with nothing of this process's environment but the path.
async fn seatrial(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the program runs")
}

async fn check(app: &TestApp, key: &str, release: &str, more: &[&str]) -> (i32, String, String) {
    let fixed = ["gate", "check", "--url", &app.base_url, "--key", key, "--project", PROJECT, "--workflow", WORKFLOW];
    let arguments: Vec<&str> = fixed.into_iter().chain(["--release", release]).chain(more.iter().copied()).collect();
    said(&seatrial(&arguments).await)
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn only_a_recorded_ship_decision_passes(app: &TestApp) {
    let key = app.api_key(&[KeyScope::Read]).await;
    let gate = ready_gate(app, 95).await;
    let (code, out, _) = check(app, &key, CANDIDATE, &[]).await;
    assert_eq!(code, 12, "{out}");
    assert!(out.contains("nobody has decided yet") && out.contains(&gate), "{out}");
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!((recommended.as_str(), check(app, &key, CANDIDATE, &[]).await.0), ("ship", 12));

    for (verdict, reason, code) in [
        ("collect_more_evidence", "One more night.", 12),
        ("hold", "Not before the <b>holidays</b>.\u{1b}[2J", 10),
        ("rollback", "It broke\nin the field.", 11),
        ("ship", "", 0),
    ] {
        let (status, answer) = decide(app, Role::ReleaseManager, &gate, &bundle, (verdict, reason)).await;
        assert_eq!(status, 201, "{answer}");
        let (found, out, error) = check(app, &key, CANDIDATE, &[]).await;
        assert_eq!(found, code, "{verdict}: {out}{error}");
        assert!(!out.contains('\u{1b}'), "text that people wrote does not steer the terminal: {out:?}");
        let (found, out, _) = check(app, &key, CANDIDATE, &["--format", "json"]).await;
        let json: Value = serde_json::from_str(&out).expect("one line of JSON");
        assert_eq!(
            (found, json["exit_code"].as_i64(), json["answer"].as_str()),
            (code, Some(code.into()), Some(verdict))
        );
    }

    let (code, _, error) = check(app, &key, "9.9.9", &[]).await;
    assert!(code == 1 && error.contains("no such release"), "{code} {error}");
    let (code, out, error) = check(app, "sea_nobody", CANDIDATE, &[]).await;
    assert!(code == 1 && out.is_empty() && error.contains("401"), "{code} {error}");
    assert_eq!(check(app, &key, BASELINE, &[]).await.0, 12, "no gate was ever opened for it");
    assert_eq!(said(&seatrial(&["gate", "check", "--url", &app.base_url]).await).0, 2);
    let elsewhere = ["gate", "check", "--url", "ftp://x", "--key", "k", "--project", "p", "--workflow", "w"];
    let elsewhere: Vec<&str> = elsewhere.into_iter().chain(["--release", "r"]).collect();
    assert_eq!(said(&seatrial(&elsewhere).await).0, 2);
}

async fn a_recommendation_is_previewed(app: &TestApp) {
    let key = app.api_key(&[KeyScope::Gate]).await;
    declare(app).await;
    side_by_side(app, 20, 95).await;
    put_scorecard(app).await;
    attest(app).await;
    open_gate(app, Role::Owner).await;
    let preview = ["--recommendation"];
    let (code, out, _) = check(app, &key, CANDIDATE, &preview).await;
    assert!(code == 12 && out.contains("collect more evidence"), "{code} {out}");
    report(app, BASELINE, (400, 280), START.plus_days(-1)).await;
    report(app, CANDIDATE, (400, 380), START.plus_days(-1)).await;
    let (code, out, _) = check(app, &key, CANDIDATE, &preview).await;
    assert!(code == 12 && out.contains("recommended as of now: ship"), "a recommendation never passes: {code} {out}");
    report(app, BASELINE, (400, 280), START.plus_days(-2)).await;
    report(app, CANDIDATE, (400, 0), START.plus_days(-2)).await;
    let (code, out, _) = check(app, &key, CANDIDATE, &["--recommendation", "--format", "json"]).await;
    let json: Value = serde_json::from_str(&out).expect("one line of JSON");
    assert_eq!((code, json["answer"].as_str()), (10, Some("undecided")), "{out}");
    assert_eq!(json["recommendation"]["verdict"], json!("hold"));
}

async fn exports_verify_offline(app: &TestApp) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (_, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    let id = decision["id"].as_str().expect("an id");
    let key = app.api_key(&[KeyScope::Read]).await;
    let file = app.folder().join("export.json");
    let file_name = file.display().to_string();
    let from = ["decision", "export", "--url", &app.base_url, "--key", &key, "--project", PROJECT, id];
    let to_file: Vec<&str> = from.into_iter().chain(["--out", &file_name]).collect();
    let (code, _, error) = said(&seatrial(&to_file).await);
    assert_eq!(code, 0, "{error}");
    let (code, out, error) = said(&seatrial(&["decision", "verify", &file_name]).await);
    assert_eq!(code, 0, "{out}{error}");
    let names = ["shape", "chain", "evidence", "recommendation"];
    assert!(names.iter().all(|name| out.contains(&format!("ok     {name}:"))), "{out}");
    assert!(out.contains("The decision to ship holds."), "{out}");

    let text = std::fs::read_to_string(&file).expect("the export");
    let changed = text.replacen("\"floor_units\":50", "\"floor_units\":51", 1);
    assert_ne!(text, changed);
    std::fs::write(&file, changed).expect("a file");
    let (code, out, error) = said(&seatrial(&["decision", "verify", &file_name]).await);
    assert!(code == 1 && out.contains("WRONG  evidence"), "{code} {out}");
    assert!(error.contains("it was changed"), "{error}");
    let (code, _, error) = said(&seatrial(&["decision", "verify", "/no/such/file"]).await);
    assert!(code == 1 && error.contains("cannot be read"), "{error}");
}
