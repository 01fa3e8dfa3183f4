//! `seatrial run import`: the real program against the real service, and against one that is busy.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use seatrial_domain::access::{Role, Scope};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::app::{PROJECT, TestApp, answer, both};

/// Runs the program to its end, without blocking the service that this process runs.
async fn seatrial(url: &str, key: &str, file: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command.args(["run", "import"]).arg(file).args(["--url", url, "--project", PROJECT]).args(more);
    command.env("SEATRIAL_API_KEY", key);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it does not panic");
    output.expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

/// The summary of a call with `--format json`.
fn summary(output: &Output) -> Value {
    serde_json::from_str(&stdout(output))
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)))
}

fn run(number: usize) -> Value {
    json!({
        "external_id": format!("run-{number}"), "workflow": "refunds", "release": "v1", "outcome": "success",
        "started_at": "2026-03-01T09:00:00Z", "ended_at": "2026-03-01T09:01:00Z",
        "input": format!("{:x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1)),
    })
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{}\n", run(number))).collect()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

fn state_file(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.seatrial-progress", file.display()))
}

async fn runs_there(app: &TestApp) -> usize {
    let mut found = 0;
    let mut cursor = String::new();
    loop {
        let url = format!("/api/v1/projects/{PROJECT}/runs?limit=200{cursor}");
        let (status, page) = answer(app.member(Role::Viewer).get(&url)).await;
        assert_eq!(status, 200, "{page}");
        found += page["items"].as_array().map_or(0, Vec::len);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

async fn plain_and_gzipped_files_are_sent_once(app: &TestApp) {
    let key = app.api_key(&[Scope::Ingest]).await;
    let plain = app.folder().join("runs.ndjson");
    std::fs::write(&plain, lines(0..620)).expect("written");
    let output = seatrial(&app.base_url, &key, &plain, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "620 lines: 620 runs created, 0 updated, 0 unchanged, 0 rejected");
    assert_eq!(stderr(&output), "", "nothing to say, and no bar where there is no terminal");
    assert!(!state_file(&plain).exists(), "an import that is done leaves nothing behind");

    let zipped = app.folder().join("runs.ndjson.gz");
    // The same runs and ten more, with empty lines between, and no line end at the end.
    let text = format!("{}\n\n{}", lines(0..620), lines(620..630).trim_end());
    std::fs::write(&zipped, gzipped(&text)).expect("written");
    let output = seatrial(&app.base_url, &key, &zipped, &["--format", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = json!({
        "lines": 632, "created": 10, "updated": 0, "unchanged": 620, "rejected": 0, "resumed_after_line": 0,
    });
    assert_eq!(summary(&output), expected);
    assert_eq!(runs_there(app).await, 630);
}

async fn rejected_lines_are_named_and_the_others_taken(app: &TestApp) {
    let key = app.api_key(&[Scope::Ingest]).await;
    let file = app.folder().join("mixed.ndjson");
    let mut future = run(3);
    future["started_at"] = json!("2027-01-01T00:00:00Z");
    let mut negative = run(4);
    negative["cost_nanos"] = json!(-5);
    let mut misspelt = run(5);
    misspelt["outcom\u{1b}[31m"] = json!("success");
    let long = "x".repeat(seatrial_domain::limits::RUN_LINE_BYTES + 1);
    let contents = [
        run(1).to_string(),
        "{\"external_id\": ".to_owned(),
        String::new(),
        future.to_string(),
        negative.to_string(),
        misspelt.to_string(),
        long,
        run(2).to_string(),
    ];
    std::fs::write(&file, contents.join("\n")).expect("written");
    let output = seatrial(&app.base_url, &key, &file, &["--format", "json"]).await;
    assert_eq!(output.status.code(), Some(1), "rejected lines are not a success");
    let said = stderr(&output);
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said[0].starts_with("line 2: the item is not a run: "), "{}", said[0]);
    assert!(said[1].starts_with("line 4: run `run-3`: `started_at` is 2027-01-01T00:00:00"), "{}", said[1]);
    assert!(said[2].starts_with("line 5: run `run-4`: `cost_nanos` is -5"), "{}", said[2]);
    assert!(said[3].starts_with("line 6: the item is not a run: unknown field `outcom"), "{}", said[3]);
    assert!(!said[3].contains('\u{1b}'), "a terminal shows it rather than obeys it");
    assert_eq!(said[4], "line 7: the line is 4194305 bytes long; at most 4194304 are taken");
    let summary = summary(&output);
    assert_eq!((&summary["lines"], &summary["created"], &summary["rejected"]), (&json!(8), &json!(2), &json!(5)));
    assert_eq!(runs_there(app).await, 2);
}

async fn an_interrupted_import_goes_on_where_it_stopped(app: &TestApp) {
    let key = app.api_key(&[Scope::Ingest]).await;
    let file = app.folder().join("broken-off.ndjson.gz");
    let whole = gzipped(&lines(0..4_000));
    // A download that broke off: the first batches are there, then the file ends in the middle.
    std::fs::write(&file, &whole[..whole.len() * 3 / 4]).expect("written");
    let output = seatrial(&app.base_url, &key, &file, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot read"), "{}", stderr(&output));
    let state: Value = serde_json::from_slice(&std::fs::read(state_file(&file)).expect("a state file")).expect("JSON");
    let done = state["lines"].as_u64().expect("lines");
    assert!((500..4_000).contains(&done) && done.is_multiple_of(500), "{state}");
    assert!(!state.to_string().contains(&key), "the key is not in it");

    std::fs::write(&file, &whole).expect("written");
    let output = seatrial(&app.base_url, &key, &file, &["--format", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), format!("going on after line {done}"));
    let expected = json!({
        "lines": 4_000, "created": 4_000, "updated": 0, "unchanged": 0, "rejected": 0, "resumed_after_line": done,
    });
    assert_eq!(summary(&output), expected, "what was sent before was not sent again");
    assert_eq!(runs_there(app).await, 4_000);
}

async fn the_state_of_another_file_or_project_does_not_count(app: &TestApp) {
    let key = app.api_key(&[Scope::Ingest]).await;
    let file = app.folder().join("runs.ndjson");
    let state = json!({
        "layout": 1, "target": "http://elsewhere.example/api/v1/projects/demo-co/runs", "head_bytes": 0,
        "head_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": 100_000,
        "lines": 9, "created": 9, "updated": 0, "unchanged": 0, "rejected": 0,
    });
    std::fs::write(&file, lines(0..5)).expect("written");
    for text in [state.to_string(), "no JSON".to_owned()] {
        std::fs::write(state_file(&file), text).expect("written");
        let output = seatrial(&app.base_url, &key, &file, &["--format", "json"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!((&summary(&output)["lines"], &summary(&output)["resumed_after_line"]), (&json!(5), &json!(0)));
    }
}

async fn a_refusal_of_the_whole_is_an_error_with_its_reason(app: &TestApp) {
    let file = app.folder().join("runs.ndjson");
    std::fs::write(&file, lines(0..1)).expect("written");
    let output = seatrial(&app.base_url, "sea_wrong", &file, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("refused the runs (401)"), "{}", stderr(&output));
    let key = app.api_key(&[Scope::Read]).await;
    let output = seatrial(&app.base_url, &key, &file, &[]).await;
    assert!(stderr(&output).contains("(403)") && stderr(&output).contains("write_runs"), "{}", stderr(&output));
    let output = seatrial(&app.base_url, &key, &app.folder().join("nowhere.ndjson"), &[]).await;
    assert!(stderr(&output).contains("nowhere.ndjson"), "{}", stderr(&output));
    let output = seatrial("file:///tmp", &key, &file, &[]).await;
    assert!(stderr(&output).contains("cannot be the address of the service"), "{}", stderr(&output));
    assert!(!state_file(&file).exists() || runs_there(app).await == 0);
}

both!(
    plain_and_gzipped_files_are_sent_once,
    rejected_lines_are_named_and_the_others_taken,
    an_interrupted_import_goes_on_where_it_stopped,
    the_state_of_another_file_or_project_does_not_count,
    a_refusal_of_the_whole_is_an_error_with_its_reason,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_service_is_waited_for() {
    let service = MockServer::start().await;
    let at = || Mock::given(method("POST")).and(path("/base/api/v1/projects/demo-co/runs"));
    let busy = json!({ "code": "overloaded", "detail": "The queue is full." });
    at().respond_with(ResponseTemplate::new(429).insert_header("retry-after", "1").set_body_json(&busy))
        .up_to_n_times(1)
        .mount(&service)
        .await;
    let away = json!({ "code": "read_only", "detail": "The database is read-only." });
    at().respond_with(ResponseTemplate::new(503).insert_header("retry-after", "1").set_body_json(&away))
        .up_to_n_times(1)
        .mount(&service)
        .await;
    let done = json!({ "created": 2, "updated": 0, "unchanged": 0, "rejected": 0, "results": [
        { "index": 0, "status": "created" }, { "index": 1, "status": "created" },
    ] });
    at().and(header("content-type", "application/x-ndjson"))
        .and(header("authorization", "Bearer sea_key"))
        .respond_with(ResponseTemplate::new(200).set_body_json(&done))
        .mount(&service)
        .await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("runs.ndjson");
    std::fs::write(&file, lines(0..2)).expect("written");
    let started = std::time::Instant::now();
    let output = seatrial(&format!("{}/base/", service.uri()), "sea_key", &file, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stderr(&output);
    assert_eq!(said, "waiting 1 s: The queue is full.\nwaiting 1 s: The database is read-only.");
    assert!(started.elapsed().as_secs() >= 2, "it came back too early");
    assert_eq!(service.received_requests().await.map(|requests| requests.len()), Some(3));
}
