//! A project that leaves one place and comes in at another, its chain intact; and files that were changed on the way.

use std::collections::BTreeSet;

use seatrial::app::error::AppError;
use seatrial_domain::access::Role;
use seatrial_domain::decision::verify_export;
use seatrial_domain::digest::Digest;
use seatrial_store::{Backend, archive};
use serde_json::{Value, json};

use crate::support::app::{Builder, PROJECT, TestApp, both, run_with};
use crate::support::evidence::{decide, expect, freeze, path, ready_gate};
use crate::support::sql::{sql, texts};

both!(
    every_table_goes_along_or_stays_for_a_reason,
    a_changed_file_is_refused,
    sums_that_wait_go_along,
    a_file_from_before_later_migrations_comes_in,
);

/// A project with runs, a scorecard, a gate and two decisions, as a file.
async fn exported(app: &TestApp) -> (Vec<u8>, Value) {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    for answer in [("hold", "Not on a Friday."), ("ship", "")] {
        let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, answer).await;
        assert_eq!(status, 201, "{decision}");
    }
    let mut file = Vec::new();
    let summary = app.app.export_project(PROJECT, &mut file).await.expect("it is exported");
    assert_eq!(summary.decisions, 2);
    assert!(summary.rows > 800, "{summary:?}");
    let decisions = expect(200, app.member(Role::Viewer).get(&path("decisions"))).await;
    assert_eq!(decisions["items"][0]["digest"], summary.head.expect("a head").to_string());
    (file, decisions)
}

async fn import(
    app: &TestApp,
    mut file: &[u8],
    slug: Option<&str>,
) -> Result<seatrial::app::archive::ArchiveSummary, AppError> {
    app.app.import_project(&mut file, slug).await
}

fn refusal(result: Result<seatrial::app::archive::ArchiveSummary, AppError>) -> (String, String) {
    match result {
        Err(AppError::Conflict { code, detail }) => (code.to_owned(), detail),
        Err(other) => ("other".to_owned(), other.to_string()),
        Ok(summary) => panic!("it was imported: {summary:?}"),
    }
}

async fn every_table_goes_along_or_stays_for_a_reason(app: &TestApp) {
    let there: BTreeSet<String> = archive::tables(&app.app.store).await.expect("a query").into_iter().collect();
    let kept = archive::KEPT.iter().map(|table| table.name.to_owned());
    let left = archive::LEFT_BEHIND.iter().map(|(name, _)| (*name).to_owned());
    let named: Vec<String> = kept.chain(left).collect();
    let once: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(once.len(), named.len(), "a table is named once");
    assert_eq!(once, there, "name a new table in store::archive, among KEPT or LEFT_BEHIND");
}

/// Sums that were to be written anew before the project left are to be written anew where it comes in: in the file they are
/// in the layout they had.
async fn sums_that_wait_go_along(app: &TestApp) {
    ready_gate(app, 95).await;
    sql(app, "INSERT INTO sums_to_rebuild (project_id) SELECT id FROM projects").await.expect("written");
    let mut file = Vec::new();
    app.app.export_project(PROJECT, &mut file).await.expect("it is exported");
    // Seeds make ids: with the same one it would be the same project.
    let other = Builder::new(app.app.store.backend()).seed(21).start().await;
    import(&other, &file, Some("moved")).await.expect("it comes in");
    let waiting = texts(&other, "SELECT slug FROM projects WHERE id IN (SELECT project_id FROM sums_to_rebuild)").await;
    assert_eq!(waiting, ["moved"]);
    other.stop().await;
}

/// The file as a service of an older schema wrote it: without the tables and columns that came later.
fn as_written_at(schema: i64, file: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Value> =
        file.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    lines.pop();
    lines[0]["schema"] = Value::from(schema);
    let later: Vec<_> = archive::LATER.iter().filter(|(at, ..)| *at > schema).collect();
    let (mut old, mut rows, mut left_out, mut dropped) = (Vec::new(), 0, false, Vec::new());
    for mut line in lines {
        if let Some(table) = line["table"].as_str() {
            let columns = line["columns"].as_array().expect("its columns");
            left_out = later.iter().any(|(_, name, column)| *name == table && column.is_none());
            let is_later = |column: &Value| {
                later.iter().any(|(_, name, of)| *name == table && of.is_some() && *of == column.as_str())
            };
            dropped = columns.iter().map(is_later).collect::<Vec<bool>>();
        }
        let cells = if line.is_array() { Some(&mut line) } else { line.get_mut("columns") };
        if let Some(cells) = cells.and_then(Value::as_array_mut) {
            let mut at = dropped.iter();
            cells.retain(|_| !at.next().expect("a column"));
        }
        if !left_out {
            rows += usize::from(line.is_array());
            old.extend(serde_json::to_vec(&line).expect("JSON"));
            old.push(b'\n');
        }
    }
    let sha256 = Digest::of(&old).hex();
    old.extend(serde_json::to_vec(&json!({"rows": rows, "sha256": sha256})).expect("JSON"));
    old.push(b'\n');
    old
}

async fn a_file_from_before_later_migrations_comes_in(app: &TestApp) {
    let class = json!({"items": [{"name": "wrong_refund", "severity": "critical", "meaning": "Money went astray.", "retired": true}]});
    expect(200, app.member(Role::Admin).put(&path("failure-classes")).json(&class)).await;
    let view = json!({"list": "runs", "name": "Failed", "filters": {"outcome": "failure"}, "shared": true});
    expect(201, app.member(Role::Admin).post(&path("saved-views")).json(&view)).await;
    let (file, decisions) = exported(app).await;
    let backend = app.app.store.backend();
    let known_since = archive::LATER.iter().map(|(at, ..)| *at).max().expect("something came later");
    for schema in archive::OLDEST_READ..known_since {
        let old = as_written_at(schema, &file);
        assert!(old.len() < file.len() && !String::from_utf8_lossy(&old).contains("saved_views"));
        let other = Builder::new(backend).seed(30 + schema.unsigned_abs()).start().await;
        import(&other, &old, Some("moved")).await.expect("it comes in");
        let read = |rest: &str| other.member(Role::Admin).get(&format!("/api/v1/projects/moved/{rest}"));
        assert_eq!(expect(200, read("decisions")).await, decisions, "the chain is whole");
        let classes = expect(200, read("failure-classes")).await.to_string();
        assert!(classes.contains("wrong_refund"), "{classes}");
        assert_eq!(
            classes.contains("\"retired\":true"),
            schema >= 27,
            "what was not known then has its default: {classes}"
        );
        assert_eq!(expect(200, read("saved-views")).await["items"], json!([]));
        // A file that says it is older than it is has more than belongs in it.
        let mut lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
        let mut header: Value = serde_json::from_slice(lines[0]).expect("a header");
        header["schema"] = Value::from(schema);
        let header = format!("{header}\n").into_bytes();
        lines[0] = &header;
        let refused = Builder::new(backend).seed(60 + schema.unsigned_abs()).start().await;
        let (code, said) = refusal(import(&refused, &lines.concat(), Some("moved")).await);
        assert!(code == "archive_unusable" && said.contains("Line "), "{code} {said}");
        other.stop().await;
        refused.stop().await;
    }
    // Migrations since then brought nothing that goes along: nothing is missing.
    let last = as_written_at(known_since, &file);
    let other = Builder::new(backend).seed(89).start().await;
    import(&other, &last, Some("moved")).await.expect("it comes in");
    let views = expect(200, other.member(Role::Admin).get("/api/v1/projects/moved/saved-views")).await;
    assert_eq!(views["items"].as_array().map(Vec::len), Some(1), "{views}");
    other.stop().await;
    let older = as_written_at(archive::OLDEST_READ - 1, &file);
    let other = Builder::new(backend).seed(90).start().await;
    let (code, said) = refusal(import(&other, &older, Some("moved")).await);
    assert!(code == "archive_unusable" && said.contains("reads files of migration"), "{code} {said}");
    other.stop().await;
}

/// What a migration adds to a table that goes along is named, so that files from before it can be read.
#[test]
fn what_later_migrations_add_is_named() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the migrations") {
        let file = entry.expect("a file").path();
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        let number: i64 = name.split('_').next().and_then(|number| number.parse().ok()).expect("a number");
        let text = std::fs::read_to_string(&file).expect("a migration");
        for line in text.lines().filter(|_| number > archive::OLDEST_READ) {
            let words: Vec<&str> = line.split([' ', '(']).filter(|word| !word.is_empty()).collect();
            match words[..] {
                ["CREATE", "TABLE", table, ..] => found.push((number, table.to_owned(), None)),
                ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                    found.push((number, table.to_owned(), Some(column.to_owned())));
                }
                _ => {}
            }
        }
    }
    found.retain(|(_, table, _)| archive::KEPT.iter().any(|kept| kept.name == *table));
    found.sort();
    let named = archive::LATER.iter().map(|(at, table, column)| (*at, (*table).to_owned(), column.map(str::to_owned)));
    assert_eq!(found, named.collect::<Vec<_>>(), "name it in store::archive::LATER");
}

/// From each database to the other.
fn moved(from: Backend, to: Backend) {
    run_with(Builder::new(from), async |app: &TestApp| {
        let (file, decisions) = exported(app).await;
        let text = String::from_utf8(file.clone()).expect("JSON Lines");
        assert!(!text.contains("password") && !text.contains("$argon2"), "credentials stay behind");
        let before = facts(app, PROJECT).await;
        let other = Builder::new(to).seed(8).start().await;
        let summary = import(&other, &file, Some("moved")).await.expect("it comes in");
        assert!(summary.accounts_made.is_empty(), "the people of the tests are here under the same addresses");
        let path = |rest: &str| format!("/api/v1/projects/moved/{rest}");
        let there = expect(200, other.member(Role::Viewer).get(&path("decisions"))).await;
        assert_eq!(there, decisions);
        let id = there["items"][0]["id"].as_str().expect("an id");
        let export = |app: &TestApp, path: String| app.member(Role::Viewer).get(&path);
        let both = [
            export(app, format!("/api/v1/projects/{PROJECT}/decisions/{id}/export")).send().await.expect("an answer"),
            export(&other, path(&format!("decisions/{id}/export"))).send().await.expect("an answer"),
        ];
        let [here, there] = both.map(|response| async { response.bytes().await.expect("a body") });
        let (here, there) = (here.await, there.await);
        assert!(verify_export(&there, &[]).ok && here == there, "the same record to the byte");
        for (here, there) in before.iter().zip(facts(&other, "moved").await) {
            assert_eq!(there, *here, "the same figures, scorecard and people");
        }
        // The chain goes on where it was.
        let gate = decisions["items"][0]["gate_id"].as_str().expect("a gate");
        let frozen = expect(201, other.member(Role::Owner).post(&path(&format!("gates/{gate}/freeze")))).await;
        let body = serde_json::json!({"verdict": "hold", "reason": "We moved.", "bundle": frozen["bundle"]["digest"], "supersedes": decisions["items"][0]["id"]});
        let about = path(&format!("gates/{gate}/decisions"));
        let next = expect(201, other.member(Role::ReleaseManager).post(&about).json(&body)).await;
        assert_eq!(
            (next["sequence"].as_u64(), next["previous"].clone()),
            (Some(3), decisions["items"][0]["digest"].clone())
        );
        let again = refusal(import(&other, &file, Some("moved-again")).await);
        assert_eq!(again.0, "project_exists");
        other.stop().await;
    });
}

/// What people see of a project, without what the place gives it.
async fn facts(app: &TestApp, project: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for about in [
        "workflows",
        "workflows/refund-handling/signals?group_by=tier",
        "workflows/refund-handling/scorecard",
        "workflows/refund-handling/releases/1.5.0",
        "runs?limit=100",
        "failures?limit=100",
        "gates",
    ] {
        let mut answer =
            expect(200, app.member(Role::Viewer).get(&format!("/api/v1/projects/{project}/{about}"))).await;
        scrub(&mut answer);
        found.push(answer);
    }
    found
}

/// Accounts have ids of their own at each place.
fn scrub(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("acc_") => *text = "acc".to_owned(),
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(map) => map.values_mut().for_each(scrub),
        _ => {}
    }
}

#[test]
fn a_project_moves_from_sqlite_to_postgres() {
    moved(Backend::Sqlite, Backend::Postgres);
}

#[test]
fn a_project_moves_from_postgres_to_sqlite() {
    moved(Backend::Postgres, Backend::Sqlite);
}

async fn a_changed_file_is_refused(app: &TestApp) {
    let (file, _) = exported(app).await;
    let other = Builder::new(app.app.store.backend()).seed(9).start().await;
    let taken = refusal(import(&other, &file, None).await);
    assert!(taken.0 == "project_exists" && taken.1.contains("--slug"), "{taken:?}");
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let decision = lines.iter().position(|line| line.starts_with(b"{\"table\":\"decisions\"")).expect("a table") + 1;
    let without = |skipped: usize| -> Vec<u8> {
        lines.iter().enumerate().filter(|(at, _)| *at != skipped).flat_map(|(_, line)| line.iter().copied()).collect()
    };
    let mut newer = file.clone();
    let schema = String::from_utf8_lossy(lines[0]).find("\"schema\":").expect("a schema") + 9;
    newer[schema] = b'9';
    let mut flipped = file.clone();
    let middle = file.len() / 2;
    let letter = flipped[middle..].iter().position(u8::is_ascii_digit).expect("a digit") + middle;
    flipped[letter] = if flipped[letter] == b'1' { b'2' } else { b'1' };
    let longer: Vec<u8> = file.iter().copied().chain(*b"[]\n").collect();
    let cases = [
        ("a decision less", without(decision), "Line "),
        ("the last decision less", without(decision + 1), "differ"),
        ("the header less", without(0), "no export"),
        ("a table less", without(decision - 1), "Line "),
        ("cut short", file[..file.len() * 2 / 3].to_vec(), ""),
        ("no end", without(lines.len() - 1), "ends before"),
        ("a digit changed", flipped, ""),
        ("more than the end", longer, "differ"),
        ("another schema", newer, "the same version"),
        ("nothing", Vec::new(), "no export"),
    ];
    for (what, bytes, says) in cases {
        let (code, detail) = refusal(import(&other, &bytes, Some("moved")).await);
        assert!(code == "archive_unusable" && detail.contains(says), "{what}: {code} {detail}");
    }
    // Nothing of them was kept, and the whole file comes in.
    import(&other, &file, Some("moved")).await.expect("it comes in");
    other.stop().await;
}
