//! The program itself: its first start, the commands on the server's own database, its exit codes.

mod codes;
mod format;
mod full;
mod learn;
mod walk;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::app::http_client;
use crate::support::postgres::TestDatabase;

/// The program with settings that stay in `folder`.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command.current_dir(folder).env_remove("SEATRIAL_CONFIG").env_remove("SEATRIAL_ADMIN_PASSWORD");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program speaks UTF-8")
}

/// A started service with what it printed until it was ready.
struct Served {
    child: Child,
    said: Vec<String>,
}

impl Served {
    /// Starts `seatrial serve` on a free port and a database, and waits for `lines` lines of data.
    fn start(folder: &Path, database: &str, lines: usize) -> Self {
        let mut command = serve(folder, database);
        let mut child = command.spawn().expect("the service starts");
        let output = child.stdout.take().expect("its output is a pipe");
        let said = BufReader::new(output).lines().take(lines).map(|line| line.expect("a line")).collect();
        Self { child, said }
    }

    /// Asks it to stop, as a supervisor does, and returns what it wrote to standard error.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(asked.success());
        let mut log = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("its log is UTF-8");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {log}");
        log
    }
}

/// `seatrial serve` on a free port, to be started.
fn serve(folder: &Path, database: &str) -> Command {
    let mut command = program(folder);
    command.args(["serve", "--listen", "127.0.0.1:0", "--database", database]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn the_first_start_makes_an_administrator_who_makes_the_first_project_on_sqlite() {
    first_start("seatrial.db");
}

#[test]
fn the_first_start_makes_an_administrator_who_makes_the_first_project_on_postgres() {
    first_start(TestDatabase::create().url());
}

fn first_start(database: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let served = Served::start(folder.path(), database, 2);
    let url = served.said[0].strip_prefix("Seatrial is at ").expect("where it is").to_owned();
    let (email, password) = served.said[1].split_once(" with the password ").expect("how to sign in");
    let email = email.strip_prefix("Sign in as ").expect("as whom").to_owned();
    let password = password.to_owned();

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let http = http_client();
        let body = json!({"email": email, "password": password});
        let response = http.post(format!("{url}/api/v1/tokens")).json(&body).send().await.expect("an answer");
        assert_eq!(response.status(), 201);
        let token: Value = response.json().await.expect("JSON");
        let token = token["access_token"].as_str().expect("a token").to_owned();
        let body = json!({"slug": "first", "name": "First"});
        let request = http.post(format!("{url}/api/v1/projects")).bearer_auth(&token).json(&body);
        assert_eq!(request.send().await.expect("an answer").status(), 201);

        let create = ["key", "create", "--project", "first", "--name", "ci", "--scope", "ingest,read"];
        let made = run(folder.path(), &[&create[..], &["--database", database]].concat());
        assert!(made.status.success(), "{}", text(&made.stderr));
        let key = text(&made.stdout).trim().to_owned();
        assert!(key.starts_with("sea_") && !text(&made.stderr).contains(&key), "the key is data, not talk");
        let request = http.get(format!("{url}/api/v1/projects/first/settings")).bearer_auth(&key);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    });
    let log = served.stop();
    assert!(log.contains("the service stops") && !log.contains(&password), "{log}");

    // Quick and quiet the second time: the password is not shown again.
    let mut child = serve(folder.path(), database).spawn().expect("the service starts");
    let mut errors = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let first = errors.next().expect("a line").expect("text");
    assert!(first.starts_with("Seatrial is at http://127.0.0.1:"), "{first}");
    assert!(errors.any(|line| line.expect("text").contains("the service is ready")));
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
    let rest: Vec<String> = errors.map(|line| line.expect("text")).collect();
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{rest:?}");
    assert!(output.stdout.is_empty());
}

#[test]
fn accounts_are_made_and_get_new_passwords() {
    let folder = tempfile::tempdir().expect("a folder");
    let create = ["account", "create", "--email", "Ada@example.com", "--name", "Ada"];
    let made = run(folder.path(), &create);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let first = text(&made.stdout);
    let again = run(folder.path(), &create);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("already"), "{}", text(&again.stderr));
    let changed = run(folder.path(), &["account", "password", "--email", "ada@example.com"]);
    assert!(changed.status.success());
    assert_ne!(text(&changed.stdout), first);
    let mut chosen = program(folder.path());
    let chosen = chosen.args(["account", "password", "--email", "ada@example.com"]).env("SEATRIAL_PASSWORD", "short");
    let output = chosen.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("at least 12 characters"));
    assert_eq!(run(folder.path(), &["account", "password", "--email", "nobody@example.com"]).status.code(), Some(1));
}

#[test]
fn exit_codes_tell_mistakes_from_failures() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&[&str], i32, &str); 8] = [
        (&["--help"], 0, ""),
        (&["--version"], 0, ""),
        (&[], 2, "Usage"),
        (&["sail"], 2, "sail"),
        (&["key", "create", "--project", "p", "--name", "n", "--scope", "everything"], 2, "ingest, read, facts"),
        (&["key", "create", "--project", "nowhere", "--name", "n", "--scope", "read"], 1, "no such project"),
        (&["serve", "--config", "missing.toml"], 1, "missing.toml"),
        (&["serve", "--database", "no/such/folder/seatrial.db"], 1, "folder exists"),
    ];
    for (arguments, code, message) in cases {
        let output = run(folder.path(), arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert!(errors.contains(message), "{arguments:?}: {errors}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{arguments:?}");
    }
}

#[test]
fn the_document_describes_every_operation_with_its_permission() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["openapi"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("the document is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut ids = Vec::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            let named = format!("{method} {path}");
            assert!(operation["x-permission"].is_string(), "{named} does not state its permission");
            assert!(operation["tags"][0].is_string() && operation["summary"].is_string(), "{named}");
            ids.push(operation["operationId"].as_str().expect("an id").to_owned());
        }
    }
    assert!(paths.contains_key("/api/v1/sessions") && paths.contains_key("/api/v1/projects/{project}/api-keys"));
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids are unique");
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let fresh = run(folder.path(), &["doctor"]);
    let said = text(&fresh.stdout);
    assert!(fresh.status.success(), "{said}");
    assert!(said.contains("is made at the first start") && said.contains("no mail server is set"), "{said}");
    assert!(!folder.path().join("seatrial.db").exists(), "looking makes nothing");

    std::fs::write(folder.path().join("seatrial.db"), "this is no database, and long enough to be taken for one")
        .expect("written");
    std::fs::write(folder.path().join("seatrial.key"), "no key").expect("written");
    let mut sick = program(folder.path());
    let sick = sick.arg("doctor").env("SEATRIAL_SMTP__HOST", "127.0.0.1").env("SEATRIAL_SMTP__PORT", "1");
    let output = sick.output().expect("the program runs");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let problems: Vec<&str> = said.lines().filter(|line| line.starts_with("PROBLEM")).collect();
    assert_eq!(problems.len(), 3, "{said}");
    assert!(problems[0].contains("database") && problems[1].contains("signing key") && problems[2].contains("mail"));
}
