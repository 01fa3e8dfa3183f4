//! What pipelines rest on: exit codes, the list of commands, what goes to which output; and the files for packagers.

use std::fmt::Write as _;

use seatrial_domain::access::Actor;
use seatrial_domain::audit::{AUDIT_SCHEMA, AuditRecord, SealedEntry};
use seatrial_domain::decision::{DecisionRecord, SealedDecision};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::{AuditId, ProjectId, uuid_v7};
use seatrial_domain::time::Timestamp;
use serde_json::{Value, json};

use super::format::commands;
use super::{run, text};

/// A service that nobody reaches.
const NOWHERE: [&str; 4] = ["--url", "http://127.0.0.1:1", "--key", "sea_x"];
/// What a gate is asked about.
const ABOUT: [&str; 6] = ["--project", "p", "--workflow", "w", "--release", "r"];

/// Commands about gates, decisions and runs, asked of a service.
fn deciding() -> Vec<Vec<&'static str>> {
    let nowhere = NOWHERE;
    vec![
        [&["gate", "check"], &nowhere[..], &ABOUT[..]].concat(),
        [&["gate", "open"], &nowhere[..], &ABOUT[..]].concat(),
        [&["gate", "evaluate"], &nowhere[..], &["--project", "p", "gate_1"]].concat(),
        [&["gate", "freeze"], &nowhere[..], &["--project", "p", "gate_1"]].concat(),
        [&["gate", "decide"], &nowhere[..], &["--project", "p", "gate_1", "--verdict", "perhaps", "--bundle", "b"]]
            .concat(),
        [&["gate", "approve"], &nowhere[..], &["--project", "p", "prop_1"]].concat(),
        [&["deployment", "announce"], &nowhere[..], &["--project", "p", "--workflow", "w", "--release", "r"]].concat(),
        [&["call"], &nowhere[..], &["--project", "p", "list_decisions"]].concat(),
        [&["call"], &nowhere[..], &["--project", "p", "sing"]].concat(),
        [&["sign-in"], &nowhere[..2], &["--email", "ada@example.com"]].concat(),
        [&["suite", "import"], &nowhere[..], &["--project", "p", "--suite", "s", "--release", "r", "missing.jsonl"]]
            .concat(),
        [&["suite", "export"], &nowhere[..], &["--project", "p", "--suite", "s"]].concat(),
        [&["decision", "export"], &nowhere[..], &["--project", "p", "dec_1"]].concat(),
        [&["decision", "checkpoint"], &nowhere[..], &["--project", "p"]].concat(),
        [&["run", "import"], &nowhere[..], &["--project", "p", "missing.ndjson"]].concat(),
        [&["audit", "export"], &nowhere[..], &["--project", "p"]].concat(),
    ]
}

/// Commands about failures and their owners, asked of a service.
fn learning() -> Vec<Vec<&'static str>> {
    let nowhere = NOWHERE;
    vec![
        [&["failure", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["failure", "dismiss"], &nowhere[..], &["--project", "p", "run_1"]].concat(),
        [&["gap", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["gap", "close"], &nowhere[..], &["--project", "p", "gap_1"]].concat(),
        [&["failure", "label"], &nowhere[..], &["--project", "p", "run_1"]].concat(),
        [&["failure", "promote"], &nowhere[..], &["--project", "p"]].concat(),
        [&["failure", "link"], &nowhere[..], &["--project", "p", "run_1"]].concat(),
        [&["pattern", "list"], &nowhere[..], &["--project", "p", "--state", "asleep"]].concat(),
        [&["pattern", "show"], &nowhere[..], &["--project", "p", "pat_1"]].concat(),
        [&["pattern", "confirm"], &nowhere[..], &["--project", "p", "pat_1"]].concat(),
        [&["pattern", "fix"], &nowhere[..], &["--project", "p", "pat_1"]].concat(),
        [&["pattern", "reopen"], &nowhere[..], &["--project", "p", "pat_1"]].concat(),
        [&["sample", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["sample", "find"], &nowhere[..], &["--project", "p", "run_1", "--holds", "--overturned"]].concat(),
        [&["sample", "rate"], &nowhere[..], &["--project", "p", "w"]].concat(),
        [&["case", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["case", "mask"], &nowhere[..], &["--project", "p"]].concat(),
        [&["response", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["response", "acknowledge"], &nowhere[..], &["--project", "p", "rsp_1"]].concat(),
        [&["response", "close"], &nowhere[..], &["--project", "p", "rsp_1"]].concat(),
        [&["alert", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["scorecard", "list"], &nowhere[..], &["--project", "p"]].concat(),
        [&["scorecard", "write"], &nowhere[..], &["--project", "p", "w", "missing.json"]].concat(),
        [&["scorecard", "attest"], &nowhere[..], &["--project", "p", "w"]].concat(),
        vec!["project", "export", "nowhere", "--out", "out.ndjson"],
        [&["scorecard", "propose"], &nowhere[..], &["--project", "p", "w"]].concat(),
        [&["scorecard", "diff"], &nowhere[..], &["--project", "p", "w", "--from", "one", "--to", "2"]].concat(),
        vec!["key", "create", "--project", "nowhere", "--name", "n", "--scope", "read"],
    ]
}

/// Commands that ask nobody.
fn here() -> Vec<Vec<&'static str>> {
    vec![
        vec![
            "gate",
            "check",
            "--url",
            "not a url",
            "--key",
            "k",
            "--project",
            "p",
            "--workflow",
            "w",
            "--release",
            "r",
        ],
        vec!["gate", "check"],
        vec!["doctor"],
        vec!["serve", "--config", "missing.toml"],
        vec!["account", "password", "--email", "nobody@example.com"],
        vec!["account", "enable", "--email", "nobody@example.com"],
        vec!["project", "import", "missing.ndjson"],
        vec!["schema", "review"],
        vec!["schema", "poem"],
        vec!["decision", "verify", "missing.json"],
        vec!["audit", "verify", "missing.ndjson"],
        vec!["audit", "verify", "wrong.ndjson"],
        vec!["audit", "verify", "empty.ndjson"],
        vec!["audit", "installation"],
        vec!["signing-key", "rotate"],
        vec!["account", "sign-out", "--email", "nobody@example.com"],
        vec!["account", "disable", "--email", "nobody@example.com"],
        vec!["account", "create", "--email", "no address", "--name", "N"],
        vec!["project", "create", "Not A Slug"],
        vec!["completions", "bash"],
        vec!["completions", "tin-whistle"],
        vec!["man"],
        vec!["openapi"],
        vec!["sail"],
    ]
}

/// Each command, its exit code, and the first line of what it says about that.
#[test]
fn exit_codes_are_pinned() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cases = [deciding(), learning(), here()].concat();
    std::fs::write(folder.path().join("wrong.ndjson"), "{}\n").expect("written");
    std::fs::write(folder.path().join("empty.ndjson"), "").expect("written");
    let named = |case: &Vec<&str>, words: &[String]| words.iter().zip(case).all(|(one, other)| one == other);
    let missing: Vec<Vec<String>> =
        commands().into_iter().filter(|words| !cases.iter().any(|case| named(case, words))).collect();
    assert!(missing.is_empty(), "whose exit code is not pinned: {missing:?}");
    let mut pinned = String::new();
    for arguments in &mut cases {
        let output = run(folder.path(), arguments);
        let said = text(&output.stderr);
        let first = said.lines().next().unwrap_or("(says nothing)");
        let data = if output.stdout.is_empty() { "no data" } else { "data" };
        let code = output.status.code().expect("it ends by itself");
        writeln!(pinned, "{code:>2} {data:7} seatrial {}\n           {first}", arguments.join(" ")).expect("a text");
    }
    insta::assert_snapshot!("exit_codes", pinned);
}

#[test]
fn the_commands_are_pinned() {
    let folder = tempfile::tempdir().expect("a folder");
    insta::assert_snapshot!("help", text(&run(folder.path(), &["--help"]).stdout));
}

#[test]
fn packagers_get_completions_and_a_manual() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&run(folder.path(), &["completions", shell]).stdout);
        assert!(script.contains("seatrial") && script.contains("audit"), "{shell}");
    }
    let manual = text(&run(folder.path(), &["man"]).stdout);
    assert!(
        manual.contains(".TH seatrial 1")
            && manual.contains("gate check")
            && manual.contains("--recommendation".replace('-', "\\-").as_str()),
        "{manual}"
    );
}

fn log() -> Vec<SealedEntry> {
    let mut log: Vec<SealedEntry> = Vec::new();
    for n in 1..=3_u8 {
        let record = AuditRecord {
            schema: AUDIT_SCHEMA,
            id: AuditId::from_uuid(uuid_v7(1_700_000_000_000, [n; 10])),
            project: ProjectId::from_uuid(uuid_v7(1_700_000_000_000, [9; 10])),
            sequence: u64::from(n),
            at: Timestamp::from_micros(1_700_000_000_000_000 + i64::from(n)),
            actor: Actor::account("acc_1", "Ana"),
            action: "put".to_owned(),
            noun: "policy".to_owned(),
            noun_id: "pol_1".to_owned(),
            detail: json!({"after": n}),
            address: None,
            request_id: None,
            previous: log.last().map(|entry| entry.digest),
        };
        log.push(record.seal().expect("it has a canonical form").0);
    }
    log
}

#[test]
fn an_audit_log_is_verified_offline_and_the_first_wrong_entry_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = log();
    let write = |entries: &[SealedEntry]| {
        let lines = entries.iter().map(|entry| serde_json::to_string(entry).expect("plain data") + "\n");
        std::fs::write(folder.path().join("log.ndjson"), lines.collect::<String>()).expect("written");
    };
    write(&log);
    let output = run(folder.path(), &["audit", "verify", "log.ndjson"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("3 entries hold, 1 to 3."), "{}", text(&output.stdout));
    let json = run(folder.path(), &["audit", "verify", "--format", "json", "log.ndjson"]);
    let found: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&found["holds"], &found["digest"]), (&json!(true), &json!(log[2].digest.to_string())));

    let mut forged = log.clone();
    forged[1].record.actor.display_name = "Ben".to_owned();
    write(&forged);
    let output = run(folder.path(), &["audit", "verify", "log.ndjson"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("entry 2: its content has the digest"), "{}", text(&output.stderr));
    write(&[log[0].clone(), log[2].clone()]);
    let output = run(folder.path(), &["audit", "verify", "--format", "json", "log.ndjson"]);
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&found["holds"], &found["entries"]), (&json!(false), &json!(1)));
    write(&log[1..]);
    let output = run(folder.path(), &["audit", "verify", "log.ndjson"]);
    assert!(output.status.success() && text(&output.stdout).contains("What came before"), "the end of a log");
}

/// A kept export, and the same as an engine that this build does not have would have made it.
fn exports() -> (String, String) {
    let kept = include_str!("../../../src/domain/tests/fixtures/engine_1/worse.json");
    let mut value: Value = serde_json::from_str(kept).expect("JSON");
    value["recommendation"]["engine"] = json!(4_000_000);
    let mut chain: Vec<SealedDecision> = serde_json::from_value(value["decisions"].clone()).expect("a chain");
    let last = chain.pop().expect("a decision");
    let recommendation = Digest::of_document(&value["recommendation"]).expect("canonical");
    chain.push(DecisionRecord { recommendation, ..last.record }.seal().expect("canonical"));
    value["decisions"] = json!(chain);
    (kept.to_owned(), value.to_string())
}

#[test]
fn an_export_of_another_engine_verifies_and_is_said_not_to_be_computed_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (kept, other) = exports();
    std::fs::write(folder.path().join("kept.json"), kept).expect("written");
    std::fs::write(folder.path().join("other.json"), other).expect("written");
    let verify = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["decision", "verify"], arguments].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, told, _) = verify(&["kept.json"]);
    assert!(code == Some(0) && told.contains("The decision to hold holds."), "{told}");
    let (code, told, _) = verify(&["other.json"]);
    assert!(code == Some(0) && told.contains("NOT COMPUTED AGAIN: engine 4000000 made it"), "{told}");
    let (code, told, _) = verify(&["--format", "json", "other.json"]);
    let report: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((code, &report["ok"], &report["replay"]["result"]), (Some(0), &json!(true), &json!("other_engine")));
    let (code, _, said) = verify(&["--require-replay", "other.json"]);
    assert!(code == Some(1) && said.contains("verify with a build that has engine 4000000"), "{said}");
    std::fs::write(folder.path().join("wrong.json"), "{}").expect("written");
    let (code, told, said) = verify(&["--format", "json", "wrong.json"]);
    let report: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((code, &report["ok"], &report["replay"]), (Some(1), &json!(false), &Value::Null));
    assert!(said.contains("the export does not hold"), "{said}");
}
