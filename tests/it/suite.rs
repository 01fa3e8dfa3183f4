//! Eval suites: numbered versions that never change, results of runners, flaky cases, and what a gate sees of them.

use std::process::Command;

use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::support::app::{TestApp, answer, both};
use crate::support::shared;

both!(
    versions_of_a_suite_never_change_and_are_restored,
    only_tested_cases_of_the_workflow_are_in_a_suite,
    results_are_taken_once_and_never_overwritten,
    repeated_trials_show_what_is_flaky,
    a_gate_freezes_the_results_of_both_releases,
    a_runner_gets_the_cases_and_its_files_are_imported,
    files_of_promptfoo_are_imported,
    cases_have_versions,
);

const API: &str = "/api/v1/projects/demo-co";

/// What a command said.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program as a pipeline does.
async fn command(arguments: Vec<&str>) -> Said {
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let run = move || Command::new(env!("CARGO_BIN_EXE_seatrial")).args(arguments).output().expect("the program runs");
    let output = tokio::task::spawn_blocking(run).await.expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

/// Active cases of `refunds` with these titles, made from failures on 1.4.0; their ids.
async fn cases(app: &TestApp, titles: &[&str]) -> Vec<String> {
    let runs = titles.iter().enumerate().map(|(i, title)| failed(title, u8::try_from(i).expect("few"), json!({})));
    let runs = report(app, Value::Array(runs.collect())).await;
    let mut ids = Vec::new();
    for (run, title) in runs.iter().zip(titles) {
        let body = json!({ "title": title, "assertions": { "must": ["ask first"] } });
        let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
        assert_eq!(status, 200, "{promoted}");
        ids.push(promoted["case"]["id"].as_str().expect("an id").to_owned());
    }
    ids
}

async fn suite(app: &TestApp, cases: &[String]) -> Value {
    let body = json!({ "name": "refunds basics", "workflow": "refunds", "cases": cases, "note": "the first ones" });
    let (status, made) = post(app, Role::Reviewer, "suites", body).await;
    assert_eq!(status, 200, "{made}");
    made
}

async fn record(app: &TestApp, release: &str, execution: &str, results: Value) -> (u16, Value) {
    let body = json!({ "release": release, "execution": execution, "runner": "test", "results": results });
    post(app, Role::Reviewer, "suites/refunds%20basics/results", body).await
}

async fn versions_of_a_suite_never_change_and_are_restored(app: &TestApp) {
    let ids = cases(app, &["one", "two", "three"]).await;
    let made = suite(app, &ids[..2]).await;
    assert_eq!((&made["version"], made["cases"].as_array().map(Vec::len)), (&json!(1), Some(2)));
    let path = "suites/refunds%20basics/versions";
    let change = json!({ "add": [ids[2]], "remove": [ids[0]], "note": "three instead of one", "from_version": 1 });
    let (status, second) = post(app, Role::Reviewer, path, change.clone()).await;
    assert_eq!((status, &second["version"]), (200, &json!(2)), "{second}");
    assert_eq!(code(&post(app, Role::Reviewer, path, change).await), (409, "suite_changed"));
    let same = post(app, Role::Reviewer, path, json!({ "cases": [ids[1], ids[2]] })).await;
    assert_eq!(same.1["version"], 2, "nothing differs, nothing is made");
    let rewrite = json!({ "title": "two", "assertions": { "must": ["ask twice"] }, "note": "once was not enough" });
    assert_eq!(answer(app.member(Role::Reviewer).put(&format!("{API}/cases/{}", ids[1])).json(&rewrite)).await.0, 200);
    let (_, third) = post(app, Role::Reviewer, path, json!({ "add": [ids[1]] })).await;
    assert_eq!(third["version"], 3, "a case that is added again takes its present version");
    let (_, versions) = get(app, path).await;
    assert_eq!(versions["items"][0]["updated"], json!([{ "case_id": ids[1], "version": 2 }]));
    assert_eq!(versions["items"][1]["added"][0]["case_id"], json!(ids[2]));
    assert_eq!(versions["items"][1]["removed"][0]["case_id"], json!(ids[0]));
    assert_eq!(versions["items"][1]["note"], "three instead of one");
    let restore = json!({ "version": 1, "note": "as it was" });
    let (status, restored) = post(app, Role::Reviewer, "suites/refunds%20basics/restore", restore).await;
    assert_eq!((status, &restored["version"], &restored["shown"]["restores"]), (200, &json!(4), &json!(1)));
    let first = get(app, "suites/refunds%20basics?version=1").await.1;
    assert_eq!(restored["cases"], first["cases"]);
    assert_eq!(first["cases"].as_array().map(Vec::len), Some(2), "version 1 is as it was: {first}");
    assert_eq!(get(app, "suites/refunds%20basics?version=9").await.0, 404);
}

async fn only_tested_cases_of_the_workflow_are_in_a_suite(app: &TestApp) {
    let ids = cases(app, &["one", "two"]).await;
    suite(app, &ids[..1]).await;
    let again = json!({ "name": "refunds basics", "workflow": "refunds", "cases": [] });
    assert_eq!(code(&post(app, Role::Reviewer, "suites", again).await), (409, "already_exists"));
    post(app, Role::Reviewer, &format!("cases/{}/state", ids[1]), json!({ "state": "retired" })).await;
    let path = "suites/refunds%20basics/versions";
    assert_eq!(code(&post(app, Role::Reviewer, path, json!({ "add": [ids[1]] })).await), (409, "wrong_state"));
    report(app, json!([failed("elsewhere", 9, json!({ "workflow": "claims" }))])).await;
    let other = json!({ "name": "claims", "workflow": "claims", "cases": ids });
    assert_eq!(code(&post(app, Role::Reviewer, "suites", other).await), (409, "other_workflow"));
    let missing = json!({ "add": ["case_00000000000000000000000000000001"] });
    assert_eq!(post(app, Role::Reviewer, path, missing).await.0, 404);
    for (body, status) in [
        (json!({ "name": " ", "workflow": "refunds" }), 422),
        (json!({ "name": "x", "workflow": "nothing" }), 404),
        (json!({ "name": "suite_00000000000000000000000000000001", "workflow": "refunds" }), 422),
        (json!({ "name": "x", "workflow": "refunds", "note": "x".repeat(4_001) }), 422),
        (json!({ "workflow": "refunds" }), 400),
    ] {
        assert_eq!(post(app, Role::Reviewer, "suites", body.clone()).await.0, status, "{body}");
    }
    assert_eq!(post(app, Role::Viewer, path, json!({ "cases": [] })).await.0, 403);
    assert_eq!(get(app, "suites/%00").await.0, 404);
    assert_eq!(get(app, "suites?workflow=refunds").await.1["items"].as_array().map(Vec::len), Some(1));
}

async fn results_are_taken_once_and_never_overwritten(app: &TestApp) {
    let ids = cases(app, &["one", "two"]).await;
    suite(app, &ids).await;
    let results = json!([
        { "case": ids[0], "verdict": "passed", "score": 1.0, "duration_ms": 12 },
        { "case": ids[1], "verdict": "failed", "message": "wrote to ada@example.com" },
        { "case": "case_00000000000000000000000000000001", "verdict": "passed" },
    ]);
    let (status, taken) = record(app, "1.4.0", "ci-1", results.clone()).await;
    assert_eq!((status, &taken["created"], &taken["rejected"]), (200, &json!(2), &json!(1)), "{taken}");
    assert_eq!(taken["results"][2]["status"], "rejected");
    let again = record(app, "1.4.0", "ci-1", results).await.1;
    assert_eq!((&again["created"], &again["unchanged"]), (&json!(0), &json!(2)), "the same again changes nothing");
    let other = record(app, "1.4.0", "ci-1", json!([{ "case": ids[1], "verdict": "passed" }])).await.1;
    assert_eq!(other["rejected"], 1, "nothing is overwritten: {other}");
    let (_, of_case) = get(app, &format!("cases/{}/results", ids[1])).await;
    assert_eq!(of_case["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(of_case["items"][0]["message"], "wrote to [email]", "what a runner says is masked");
    let key = app.program(&[KeyScope::Gate]).await;
    let body = json!({ "release": "1.4.0", "execution": "ci-2", "runner": "ci", "results": [{ "case": "two", "verdict": "passed" }] });
    let by_key = answer(key.post(&format!("{API}/suites/refunds%20basics/results")).json(&body)).await;
    assert_eq!((by_key.0, &by_key.1["created"]), (200, &json!(1)), "a pipeline's key records results: {}", by_key.1);
    for (release, execution, results, status) in [
        ("9.9.9", "ci", json!([{ "case": ids[0], "verdict": "passed" }]), 404),
        ("1.4.0", " ", json!([{ "case": ids[0], "verdict": "passed" }]), 422),
        ("1.4.0", "ci", json!([]), 422),
        ("1.4.0", "ci", json!([{ "case": ids[0], "verdict": "perhaps" }]), 400),
    ] {
        assert_eq!(record(app, release, execution, results).await.0, status, "{release} {execution}");
    }
}

async fn repeated_trials_show_what_is_flaky(app: &TestApp) {
    let ids = cases(app, &["steady", "flaky", "mended"]).await;
    suite(app, &ids).await;
    let trial = |case: &str, verdict: &str| json!({ "case": case, "verdict": verdict });
    let first = json!([
        trial(&ids[0], "passed"),
        trial(&ids[0], "passed"),
        trial(&ids[1], "passed"),
        trial(&ids[1], "failed"),
        trial(&ids[1], "passed"),
        trial(&ids[2], "error"),
    ]);
    assert_eq!(record(app, "1.4.0", "a", first).await.1["created"], 6);
    app.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(
        record(app, "1.4.0", "b", json!([trial(&ids[1], "passed"), trial(&ids[2], "passed")])).await.1["created"],
        2
    );
    let results = get(app, "suites/refunds%20basics/results?release=1.4.0").await.1;
    let of =
        |case: &str| results["cases"].as_array().expect("cases").iter().find(|row| row["case_id"] == case).cloned();
    let (steady, flaky, mended) = (of(&ids[0]), of(&ids[1]), of(&ids[2]));
    assert_eq!(
        steady.expect("a case")["candidate"],
        json!({ "result": "passed", "passed": 2, "failed": 0, "flaky": false })
    );
    let flaky = flaky.expect("a case");
    assert_eq!(
        flaky["candidate"],
        json!({ "result": "passed", "passed": 3, "failed": 1, "flaky": true }),
        "by its latest execution"
    );
    assert_eq!(mended.expect("a case")["candidate"]["flaky"], false, "an error of the runner is no verdict");
    assert_eq!((&results["summary"]["flaky"], &results["summary"]["passed"]), (&json!(1), &json!(3)));
    post(app, Role::Reviewer, &format!("cases/{}/state", ids[1]), json!({ "state": "quarantined" })).await;
    let results = get(app, "suites/refunds%20basics/results?release=1.4.0").await.1;
    assert_eq!((&results["summary"]["flaky"], &results["summary"]["passed"]), (&Value::Null, &json!(2)), "{results}");
}

async fn a_gate_freezes_the_results_of_both_releases(app: &TestApp) {
    let ids = cases(app, &["kept", "broken", "mended", "never run"]).await;
    report(app, json!([failed("candidate", 30, json!({ "release": "1.5.0", "outcome": "success" }))])).await;
    suite(app, &ids).await;
    let of = |verdicts: [&str; 3]| -> Value {
        ids.iter().zip(verdicts).map(|(case, verdict)| json!({ "case": case, "verdict": verdict })).collect()
    };
    record(app, "1.4.0", "base", of(["passed", "passed", "failed"])).await;
    record(app, "1.5.0", "cand", of(["passed", "failed", "passed"])).await;
    let open = json!({ "workflow": "refunds", "release": "1.5.0", "baseline": "1.4.0" });
    let (status, gate) = post(app, Role::ReleaseManager, "gates", open).await;
    assert_eq!(status, 201, "{gate}");
    let id = gate["id"].as_str().expect("an id");
    let (status, frozen) = post(app, Role::ReleaseManager, &format!("gates/{id}/freeze"), json!({})).await;
    assert_eq!(status, 201, "{frozen}");
    let digest = frozen["bundle"]["digest"].as_str().expect("a digest");
    let (_, bundle) = get(app, &format!("bundles/{digest}")).await;
    let bundle = if bundle["evals"].is_null() { &bundle["bundle"] } else { &bundle };
    let evals = &bundle["evals"][0];
    assert_eq!((&evals["suite"], &evals["version"]), (&json!("refunds basics"), &json!(1)), "{bundle}");
    assert_eq!((&evals["passed"], &evals["failed"], &evals["not_run"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(evals["paired"], json!({ "both_passed": 1, "both_failed": 0, "fixed": 1, "regressed": 1 }));
    assert_eq!(evals["regressed"], json!([{ "case": ids[1], "title": "broken" }]));
    let gaps = bundle["gaps"].as_array().expect("gaps");
    let gap = gaps.iter().find(|gap| gap["kind"] == "no_eval_results").expect("a gap for the case without a result");
    assert!(gap["text"].as_str().is_some_and(|text| text.starts_with("1 of 4 cases")), "{gap}");
    let before = digest.to_owned();
    record(app, "1.5.0", "later", json!([{ "case": ids[3], "verdict": "passed" }])).await;
    let again = get(app, &format!("bundles/{before}")).await.1;
    let again = if again["evals"].is_null() { &again["bundle"] } else { &again };
    assert_eq!(again["evals"], bundle["evals"], "what is frozen stays");
}

async fn a_runner_gets_the_cases_and_its_files_are_imported(app: &TestApp) {
    let ids = cases(app, &["one", "two"]).await;
    suite(app, &ids).await;
    let key = app.api_key(&[KeyScope::Gate, KeyScope::Read]).await;
    let folder = app.folder();
    let base = ["--url", &app.base_url, "--key", &key, "--project", "demo-co", "--suite", "refunds basics"];
    let export = command([&["suite", "export"], base.as_slice()].concat()).await;
    let lines: Vec<Value> = export.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((export.code, lines.len()), (0, 2), "{}", export.stderr);
    assert_eq!(lines[0]["input"], "Refund order one");
    let line = |case: &Value, verdict: &str| format!("{}\n", json!({ "case_id": case["case_id"], "verdict": verdict }));
    let jsonl = format!("{}{}not json\n", line(&lines[0], "passed"), line(&lines[1], "failed"));
    let junit = format!(
        "<testsuites><testsuite name=\"x\"><testcase name=\"refund [{}]\" time=\"0.5\"/><testcase name=\"other\"><properties>\
         <property name=\"case_id\" value=\"{}\"/></properties><failure message=\"no\">went wrong</failure></testcase>\
         <testcase name=\"of nobody\"/></testsuite></testsuites>",
        ids[0], ids[1]
    );
    for (name, text, rejected) in [("results.jsonl", jsonl, "line 3"), ("results.xml", junit, "of nobody")] {
        let file = folder.join(name);
        std::fs::write(&file, text).expect("a file");
        let file = file.display().to_string();
        let import = [&["suite", "import", &file, "--release", "1.4.0"], base.as_slice()].concat();
        let done = command(import.clone()).await;
        assert_eq!(
            (done.code, done.stdout.trim()),
            (1, "2 results created, 0 unchanged, 1 rejected"),
            "{}",
            done.stderr
        );
        assert!(done.stderr.contains(rejected), "{}", done.stderr);
        let again = command(import).await;
        assert_eq!(again.stdout.trim(), "0 results created, 2 unchanged, 1 rejected", "the same file changes nothing");
    }
    let (_, results) = get(app, &format!("cases/{}/results", ids[1])).await;
    assert_eq!(results["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(results["items"][0]["message"], "no\nwent wrong");
}

async fn files_of_promptfoo_are_imported(app: &TestApp) {
    let ids = cases(app, &["case-1 refund A-17", "case-2 must refuse"]).await;
    suite(app, &ids).await;
    let key = app.api_key(&[KeyScope::Gate]).await;
    for (name, release) in [("results.jsonl", "1.4.0"), ("results.junit.xml", "1.4.0")] {
        let file = shared::path(&format!("samples/eval/promptfoo/{name}")).display().to_string();
        let done = command(vec![
            "suite",
            "import",
            &file,
            "--release",
            release,
            "--runner",
            "promptfoo",
            "--url",
            &app.base_url,
            "--key",
            &key,
            "--project",
            "demo-co",
            "--suite",
            "refunds basics",
        ])
        .await;
        assert_eq!(
            (done.code, done.stdout.trim()),
            (0, "8 results created, 0 unchanged, 0 rejected"),
            "{}",
            done.stderr
        );
    }
    let (_, results) = get(app, "suites/refunds%20basics/results?release=1.4.0").await;
    let of =
        |case: &str| results["cases"].as_array().expect("cases").iter().find(|row| row["case_id"] == case).cloned();
    let (refund, refuse) = (of(&ids[0]).expect("a case"), of(&ids[1]).expect("a case"));
    assert_eq!(
        refund["candidate"],
        json!({ "result": "passed", "passed": 8, "failed": 0, "flaky": false }),
        "{results}"
    );
    assert_eq!(refuse["candidate"], json!({ "result": "failed", "passed": 0, "failed": 8, "flaky": false }));
}

async fn cases_have_versions(app: &TestApp) {
    let id = &cases(app, &["one"]).await[0];
    let path = format!("{API}/cases/{id}");
    let body = json!({ "title": "one", "assertions": { "must": ["ask first", "say why"] }, "note": "for bob@example.org", "version": 1 });
    let (status, second) = answer(app.member(Role::Reviewer).put(&path).json(&body)).await;
    assert_eq!((status, &second["version"]), (200, &json!(2)), "{second}");
    let again = answer(app.member(Role::Reviewer).put(&path).json(&body)).await;
    assert_eq!(code(&again), (409, "case_changed"));
    let (_, versions) = get(app, &format!("cases/{id}/versions")).await;
    assert_eq!(versions["items"][0]["changes"], json!(["+ must: say why"]));
    assert_eq!((&versions["items"][0]["note"], &versions["items"][1]["version"]), (&json!("for [email]"), &json!(1)));
    assert_eq!(versions["items"][1]["assertions"]["must"], json!(["ask first"]));
}
