//! One flag, the same everywhere: whatever answers with more than one value speaks JSON, one document on one line.

use std::collections::BTreeSet;

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_store::Backend;
use serde_json::{Value, json};

use super::walk::{json_of, seatrial, token};
use super::{program, run, text};
use crate::failure::{failed, report};
use crate::support::app::{PASSWORD, TestApp, run as run_service};
use crate::support::evidence::{BASELINE, CANDIDATE, WORKFLOW, declare, expect, path, side_by_side};

/// Every command that does something, by the words it is called with, as the program's own help names them.
pub fn commands() -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut found = Vec::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("-h");
        let help = text(&run(folder.path(), &arguments).stdout);
        let listed = help.split("Commands:\n").nth(1).map(|rest| rest.split("\n\n").next().unwrap_or_default());
        let inner =
            listed.into_iter().flat_map(str::lines).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let inner: Vec<&str> =
            inner.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
        if inner.is_empty() {
            found.push(words);
        } else {
            open.extend(inner.into_iter().map(|name| [&words[..], &[name.to_owned()]].concat()));
        }
    }
    assert!(found.len() > 50, "found only {found:?}");
    found
}

/// The commands whose help offers the two forms.
fn with_forms() -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let offers = |words: &Vec<String>| {
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["-h"]).collect();
        text(&run(folder.path(), &arguments).stdout).contains("[possible values: text, json]")
    };
    commands().into_iter().filter(offers).map(|words| words.join(" ")).collect()
}

/// What was asked in this form, and what it answered.
struct Asked<'a> {
    app: &'a TestApp,
    done: BTreeSet<String>,
}

impl Asked<'_> {
    /// The answer of a command, as whoever has this key or token.
    async fn json(&mut self, credential: &str, command: &str, more: &[&str]) -> Value {
        let words: Vec<&str> = command.split(' ').chain(more.iter().copied()).chain(["--format", "json"]).collect();
        let said = seatrial(self.app, credential, &words).await;
        assert_eq!(said.0, 0, "{command}: {}", said.2);
        self.done.insert(command.to_owned());
        json_of(&said)
    }

    /// The answer of a command on a database of its own.
    fn local(&mut self, command: &str, more: &[&str]) -> Value {
        // A project is there once: what is taken in goes into another database.
        let database = if command == "project import" { "other.db" } else { "local.db" };
        let own = ["--database", database, "--format", "json"];
        let words: Vec<&str> = command.split(' ').chain(more.iter().copied()).chain(own).collect();
        let output = run(self.app.folder(), &words);
        assert!(output.status.success(), "{command}: {}", text(&output.stderr));
        self.done.insert(command.to_owned());
        json_of(&(0, text(&output.stdout).trim_end().to_owned(), String::new()))
    }
}

#[track_caller]
fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("an id in {value}")).to_owned()
}

async fn learned(asked: &mut Asked<'_>, key: &str, person: &str) {
    let app = asked.app;
    let body = json!({"risk_class": "high", "owner": app.account(Role::Owner), "rules": {"sample_share": 1}});
    expect(200, app.member(Role::Admin).put(&path("workflows/refunds")).json(&body)).await;
    let words = "Please refund my order of the blue bicycle, it arrived with a broken wheel";
    let missed = |name: &str, minute| failed(name, minute, json!({"input": words, "failure_class": "wrong_result"}));
    let good = failed("g", 9, json!({"outcome": "success"}));
    let runs = report(app, json!([missed("a", 1), missed("b", 2), missed("c", 3), good])).await;
    jobs::group_failures(&app.app).await.expect("grouped");
    let patterns = asked.json(key, "pattern list", &[]).await;
    let pattern = id(&patterns[0]);
    asked.json(key, "pattern show", &[&pattern]).await;
    asked.json(key, "pattern confirm", &[&pattern, "--note", "Never looked up."]).await;
    app.clock.advance(std::time::Duration::from_secs(60));
    expect(200, app.member(Role::Admin).put(&path("workflows/refunds/releases/1.5.0")).json(&json!({}))).await;
    asked.json(key, "pattern fix", &[&pattern, "--release", "1.5.0"]).await;
    asked.json(key, "pattern reopen", &[&pattern, "--note", "The wrong commit."]).await;
    assert!(asked.json(key, "sample list", &[]).await.is_array());
    asked.json(key, "sample rate", &["refunds"]).await;
    asked.json(person, "sample find", &[&runs[3], "--holds"]).await;
    assert_eq!(asked.json(key, "failure list", &[]).await.as_array().map(Vec::len), Some(3));
    asked.json(key, "failure label", &[&runs[0], "--class", "wrong_result"]).await;
    let promote = [runs[0].as_str(), "--input", "Refund order 1", "--must", "say so"];
    let made = asked.json(key, "failure promote", &promote).await["case"].clone();
    let cases = asked.json(key, "case list", &[]).await;
    assert_eq!(id(&cases[0]), id(&made));
    asked.json(key, "failure link", &[&runs[1], "--case", &id(&made)]).await;
    asked.json(key, "failure dismiss", &[&runs[2], "--reason", "A test."]).await;
    asked.json(key, "case mask", &["--all"]).await;
    let suite = json!({"name": "smoke", "workflow": "refunds", "cases": [id(&made)]});
    expect(200, app.member(Role::Owner).post(&path("suites")).json(&suite)).await;
    let result = json!({"case_id": id(&made), "verdict": "passed"}).to_string();
    std::fs::write(app.folder().join("results.jsonl"), result + "\n").expect("written");
    let of = ["--suite", "smoke", "--release", "1.5.0", "results.jsonl"];
    asked.json(key, "suite import", &of).await;
}

async fn decided(asked: &mut Asked<'_>, key: &str) {
    let app = asked.app;
    let (owner, manager, admin) =
        (token(app, Role::Owner).await, token(app, Role::ReleaseManager).await, token(app, Role::Admin).await);
    declare(app).await;
    side_by_side(app, 400, 50).await;
    let proposed = asked.json(key, "scorecard propose", &[WORKFLOW]).await;
    assert!(proposed.is_object(), "{proposed}");
    let card = |name: &str| {
        json!({
            "name": name, "owner": app.account(Role::Owner).to_string(), "cadence_days": 30, "dimensions": [],
            "checks": [{"key": "s", "signal": "success_rate", "criterion": {"kind": "floor", "rate": 0.6}, "role": "key"}],
        })
    };
    for (name, made_from) in [("one", None), ("two", Some(1))] {
        let mut card = card(name);
        if let Some(version) = made_from {
            card["version"] = json!(version);
        }
        std::fs::write(app.folder().join("card.json"), card.to_string()).expect("written");
        asked.json(&owner, "scorecard write", &[WORKFLOW, "card.json"]).await;
    }
    asked.json(key, "scorecard diff", &[WORKFLOW, "--from", "1", "--to", "2"]).await;
    asked.json(key, "scorecard list", &[]).await;
    let about = ["--workflow", WORKFLOW, "--release", CANDIDATE];
    let gate = id(&asked.json(key, "gate open", &[&about[..], &["--baseline", BASELINE]].concat()).await);
    // Nobody has attested the scorecard yet: that is a gap.
    followed(asked, key, &owner).await;
    asked.json(&owner, "scorecard attest", &[WORKFLOW]).await;
    asked.json(key, "gate evaluate", &[&gate]).await;
    let frozen = asked.json(key, "gate freeze", &[&gate]).await;
    let bundle = frozen["bundle"]["digest"].as_str().unwrap_or_else(|| panic!("{frozen}")).to_owned();
    let ship = [gate.as_str(), "--bundle", &bundle, "--verdict", "ship", "--reason", "It cannot wait."];
    let proposal = asked.json(&manager, "gate decide", &ship).await;
    let approved = asked.json(&admin, "gate approve", &[&id(&proposal)]).await;
    assert_eq!(approved["verdict"], "ship", "{approved}");
    asked.json(key, "gate check", &about).await;
    let (code, export, talk) = seatrial(app, key, &["decision", "export", &id(&approved)]).await;
    assert_eq!(code, 0, "{talk}");
    std::fs::write(app.folder().join("d.json"), export).expect("written");
    assert_eq!(asked.json("", "decision verify", &["d.json"]).await["ok"], true);
    let told = ["--workflow", WORKFLOW, "--release", BASELINE, "--kind", "retired"];
    asked.json(key, "deployment announce", &told).await;
}

async fn followed(asked: &mut Asked<'_>, key: &str, person: &str) {
    let app = asked.app;
    jobs::find_gaps(&app.app).await.expect("found");
    let gap = id(&asked.json(key, "gap list", &[]).await[0]);
    asked.json(person, "gap close", &[&gap, "--done", "More traffic."]).await;
    let body = json!({
        "workflow": WORKFLOW, "origin": {"kind": "gap", "id": gap}, "kind": "tighten_permissions",
        "owner": app.account(Role::Owner), "due_at": app.app.now().plus_days(3), "signal": "success_rate",
    });
    let opened = id(&expect(201, app.member(Role::Owner).post(&path("responses")).json(&body)).await);
    asked.json(key, "response list", &[]).await;
    asked.json(key, "response acknowledge", &[&opened, "--note", "Taken away."]).await;
    asked.json(person, "response close", &[&opened, "--done", "It cannot refund."]).await;
    assert!(asked.json(key, "alert list", &["--all"]).await.is_array());
    asked.json(key, "call", &["list_decisions"]).await;
    let line = json!({"external_id": "x", "workflow": WORKFLOW, "release": "1", "started_at": app.app.now()});
    std::fs::write(app.folder().join("runs.ndjson"), line.to_string() + "\n").expect("written");
    asked.json(&app.api_key(&[KeyScope::Ingest]).await, "run import", &["runs.ndjson"]).await;
}

fn kept_here(asked: &mut Asked<'_>) {
    asked.local("project create", &["here", "--name", "Here"]);
    asked.local("key create", &["--project", "here", "--name", "ci", "--scope", "read"]);
    let ada = ["--email", "ada@example.com"];
    asked.local("account create", &[&ada[..], &["--name", "Ada"]].concat());
    for command in ["account password", "account sign-out", "account disable", "account enable"] {
        asked.local(command, &ada);
    }
    asked.local("project export", &["here", "--out", "here.ndjson"]);
    asked.local("project import", &["here.ndjson", "--slug", "there"]);
    asked.local("signing-key rotate", &[]);
    asked.local("doctor", &[]);
}

#[test]
fn every_command_that_offers_json_speaks_it() {
    run_service(Backend::Sqlite, async |app: &TestApp| {
        let mut asked = Asked { app, done: BTreeSet::new() };
        let key = app.api_key(&[KeyScope::Admin, KeyScope::Triage, KeyScope::Gate, KeyScope::Read]).await;
        let person = token(app, Role::Owner).await;
        learned(&mut asked, &key, &person).await;
        decided(&mut asked, &key).await;
        kept_here(&mut asked);
        std::fs::write(app.folder().join("log.ndjson"), "").expect("written");
        asked.json("", "audit verify", &["log.ndjson"]).await;
        let mut sign_in = program(app.folder());
        sign_in.args(["sign-in", "--email", &app.email(Role::Owner), "--format", "json"]);
        sign_in.env("SEATRIAL_URL", &app.base_url).env("SEATRIAL_PASSWORD", PASSWORD);
        let output = tokio::task::spawn_blocking(move || sign_in.output()).await.expect("a thread").expect("it runs");
        let said =
            (output.status.code().unwrap_or(-1), text(&output.stdout).trim_end().to_owned(), text(&output.stderr));
        assert!(json_of(&said)["access_token"].is_string());
        asked.done.insert("sign-in".to_owned());
        let missing: Vec<String> = with_forms().difference(&asked.done).cloned().collect();
        assert!(missing.is_empty(), "nobody asks these for JSON: {missing:?}");
    });
}
