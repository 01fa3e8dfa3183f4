//! A full disk: the service says so, keeps what it acknowledged, answers questions, and goes on when there is room again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use seatrial_domain::access::{Role, Scope};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{TestApp, answer, http_client, run};
use crate::support::sql::sql;

/// A service whose database is on a disk of eight megabytes, of which a filler takes a part.
struct Small {
    child: Child,
    url: String,
    email: String,
    password: String,
}

impl Small {
    /// `None` where a process may not make a file system of its own.
    fn start(folder: &Path) -> Option<Self> {
        let disk = "mount -t tmpfs -o size=8m none . && cd . && cd \"$PWD\" && head -c 2000000 /dev/zero > filler && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", disk, "sh", env!("CARGO_BIN_EXE_seatrial")]);
        command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let said = BufReader::new(child.stdout.take()?).lines();
        let said: Vec<String> = said.take(2).filter_map(Result::ok).collect();
        let (Some(at), Some(who)) = (said.first(), said.get(1)) else {
            let _ = child.wait();
            return None;
        };
        let url = at.strip_prefix("Seatrial is at ")?.to_owned();
        let (email, password) = who.strip_prefix("Sign in as ")?.split_once(" with the password ")?;
        Some(Self { child, url, email: email.to_owned(), password: password.to_owned() })
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn batch(n: usize) -> Value {
    let text = "x".repeat(2_000);
    let runs: Vec<Value> = (0..100)
        .map(|i| {
            // Text that does not shrink: each run has another one.
            let said = format!("{n}-{i} {}", seatrial_domain::digest::Digest::of(format!("{n} {i}").as_bytes()).hex().repeat(20));
            json!({
                "external_id": format!("{n}-{i}"), "workflow": "w", "release": "1", "started_at": "2026-03-02T08:00:00Z",
                "ended_at": "2026-03-02T08:00:09Z", "outcome": "success",
                "messages": [{"role": "user", "content": said}, {"role": "assistant", "content": text}],
            })
        })
        .collect();
    json!({ "runs": runs })
}

#[test]
fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(service) = Small::start(folder.path()) else {
        eprintln!("NOT CHECKED: this machine lets nobody make a small disk, so nothing was filled");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (http, url) = (http_client(), service.url.clone());
        let body = json!({"email": service.email, "password": service.password});
        let token = http.post(format!("{url}/api/v1/tokens")).json(&body).send().await.expect("an answer");
        let token: Value = token.json().await.expect("JSON");
        let token = token["access_token"].as_str().expect("a token").to_owned();
        let body = json!({"slug": "small", "name": "Small"});
        let made = http.post(format!("{url}/api/v1/projects")).bearer_auth(&token).json(&body).send().await;
        assert_eq!(made.expect("an answer").status(), 201);
        let at = format!("{url}/api/v1/projects/small");
        let send = async |n: usize| {
            let sent = http.post(format!("{at}/runs")).bearer_auth(&token).json(&batch(n)).send().await;
            let response = sent.expect("an answer, whatever happens");
            (response.status().as_u16(), response.json::<Value>().await.expect("JSON"))
        };
        let mut taken = 0;
        let refused = loop {
            let (status, body) = send(taken).await;
            if status != 200 {
                break (status, body);
            }
            assert_eq!(body["rejected"], 0, "{body}");
            taken += 1;
            assert!(taken < 500, "the disk never got full");
        };
        assert_eq!((refused.0, refused.1["code"].as_str()), (507, Some("storage_full")), "{}", refused.1);
        assert!(taken > 0, "something fitted");
        // What was acknowledged is there, and questions are answered.
        let kept = async || {
            let mut seen = 0;
            let mut cursor = String::new();
            loop {
                let page = http.get(format!("{at}/runs?limit=200{cursor}")).bearer_auth(&token).send().await;
                let page: Value = page.expect("an answer").json().await.expect("JSON");
                seen += page["items"].as_array().map_or(0, Vec::len);
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return seen,
                }
            }
        };
        assert_eq!(kept().await, taken * 100, "every acknowledged run, and none of the refused batch");
        assert_eq!(send(taken).await.0, 507, "still full");
        // Room again: it goes on by itself.
        let filler = format!("/proc/{}/root{}/filler", service.child.id(), folder.path().display());
        if std::fs::remove_file(&filler).is_ok() {
            let (status, body) = send(taken).await;
            assert_eq!(status, 200, "{body}");
            assert_eq!(kept().await, (taken + 1) * 100);
        }
    });
}

/// PostgreSQL's disk cannot be filled from here without filling everybody's, so its own refusal is raised where a row would
/// extend a table: with the code that it has for a full disk, in the language of a server elsewhere.
const REFUSE: [&str; 3] = [
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full \
     USING MESSAGE = 'konnte Datei nicht erweitern: Auf dem Gerät ist kein Speicherplatz mehr verfügbar'; END $$",
    "CREATE TRIGGER full_of_runs BEFORE INSERT ON runs EXECUTE FUNCTION refuse()",
    "CREATE TRIGGER full_of_entries BEFORE INSERT ON audit_entries EXECUTE FUNCTION refuse()",
];
const ROOM_AGAIN: [&str; 2] = ["DROP TRIGGER full_of_runs ON runs", "DROP TRIGGER full_of_entries ON audit_entries"];

#[test]
fn a_full_disk_of_postgresql_is_said_and_nothing_acknowledged_is_lost() {
    run(Backend::Postgres, async |app: &TestApp| {
        let program = app.program(&[Scope::Ingest, Scope::Read]).await;
        let admin = app.member(Role::Admin);
        let at = "/api/v1/projects/demo-co";
        let send = async |n: usize| answer(program.post(&format!("{at}/runs")).json(&batch(n))).await;
        let settings = json!({"currency": "EUR", "labour_nanos_per_hour": 7});
        let edit = async || answer(admin.put(&format!("{at}/settings")).json(&settings)).await;
        let kept = async || {
            let (status, page) = answer(program.get(&format!("{at}/runs?limit=200"))).await;
            assert_eq!(status, 200, "questions are answered");
            page["items"].as_array().map_or(0, Vec::len)
        };
        assert_eq!(send(0).await.0, 200);
        for statement in REFUSE {
            sql(app, statement).await.expect("the trigger is there");
        }
        for (status, body) in [send(1).await, edit().await] {
            assert_eq!((status, body["code"].as_str()), (507, Some("storage_full")), "{body}");
            assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("disk")), "{body}");
        }
        assert_eq!(kept().await, 100, "every acknowledged run, and none of the refused batch");
        let (_, found) = answer(admin.get(&format!("{at}/settings"))).await;
        assert_eq!(found["labour_nanos_per_hour"], 0, "a change without its audit entry is no change: {found}");
        for statement in ROOM_AGAIN {
            sql(app, statement).await.expect("the trigger is gone");
        }
        let (status, body) = send(1).await;
        assert_eq!((status, &body["rejected"]), (200, &json!(0)), "{body}");
        assert_eq!((kept().await, edit().await.0), (200, 200), "it goes on by itself");
    });
}
