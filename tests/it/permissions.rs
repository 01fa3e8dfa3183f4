//! Every operation of the document, asked by every role, every scope, nobody, somebody outside, and with the ids of
//! another project. What the walk cannot ask is in `permissions_uncovered.txt`, which must stay empty.

mod operation;

use std::collections::BTreeMap;

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Permission, Role, Scope};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{PROJECT, TestApp, TestClient, Who, answer, run};
use crate::support::evidence::{CANDIDATE, WORKFLOW, decide, expect, freeze, open_gate, path, ready_gate};
use operation::{Operation, operations};

/// Of each kind of thing, an id that is well formed and names nothing.
const NOTHING: &str = "0192f3a4b5c67d8e9f00112233445566";

/// What only a person can do though its permission is one that keys can have: a reservation is somebody's.
const PERSONS_ONLY: &[&str] = &["reserve_failure", "find_sample"];

/// Ids by the name of the path's parameter.
type Ids = BTreeMap<&'static str, String>;

fn nothing() -> Ids {
    let id = |prefix: &str| format!("{prefix}_{NOTHING}");
    BTreeMap::from([
        ("account", id("acc")),
        ("act", id("act")),
        ("case", id("case")),
        ("decision", id("dec")),
        ("digest", format!("sha256:{}", "0".repeat(64))),
        ("document", "review".to_owned()),
        ("exemption", id("exm")),
        ("format", "markdown".to_owned()),
        ("gap", id("gap")),
        ("gate", id("gate")),
        ("invitation", id("inv")),
        ("key", id("key")),
        ("message", id("msg")),
        ("notice", id("ntc")),
        ("owner", id("team")),
        ("pattern", id("pat")),
        ("proposal", id("prop")),
        ("response", id("rsp")),
        ("release", "no-such-release".to_owned()),
        ("run", id("run")),
        ("session", id("ses")),
        ("suite", id("suite")),
        ("team", id("team")),
        ("webhook", id("wh")),
        ("workflow", "no-such-workflow".to_owned()),
    ])
}

async fn ask(client: &TestClient<'_>, operation: &Operation, project: &str, ids: &Ids) -> (u16, Value) {
    let at = operation.address(project, ids);
    let mut request = client.request(operation.method.clone(), &at);
    if let Some(body) = &operation.body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("the service answers");
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or(Value::Null))
}

fn in_project(operation: &Operation) -> bool {
    operation.path.contains("{project}")
}

#[test]
fn every_operation_is_covered() {
    let ids = nothing();
    let uncovered: Vec<String> = operations()
        .iter()
        .filter(|operation| in_project(operation))
        .filter(|operation| {
            let known = operation.parameters().iter().all(|name| *name == "project" || ids.contains_key(name.as_str()));
            !known || operation.permission.parse::<Permission>().is_err()
        })
        .map(|operation| format!("{} {}\n", operation.method, operation.path))
        .collect();
    let golden = include_str!("permissions_uncovered.txt");
    assert_eq!(uncovered.concat(), golden, "the walk must ask every operation of a project");
    assert_eq!(golden, "", "an operation that nobody's permission is tried on is a hole");
}

#[test]
fn every_role_and_every_scope_gets_what_it_is_granted_and_no_more() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let ids = nothing();
        let mut keys = Vec::new();
        for scope in Scope::ALL {
            keys.push((*scope, app.program(&[*scope]).await));
        }
        let mut faults = Vec::new();
        // First those who may not, so that nothing has changed under them.
        for allowed in [false, true] {
            for operation in operations().iter().filter(|operation| in_project(operation)) {
                let permission: Permission = operation.permission.parse().expect("checked by another test");
                let people =
                    Role::ALL.iter().map(|role| (role.to_string(), role.grants(permission), app.member(*role)));
                let mut askers: Vec<(String, bool, TestClient<'_>)> = people.collect();
                for (scope, key) in &keys {
                    askers.push((format!("a key for {scope}"), scope.grants(permission), key.clone()));
                }
                for (name, granted, client) in askers.iter().filter(|(_, granted, _)| *granted == allowed) {
                    let (status, body) = ask(client, operation, PROJECT, &ids).await;
                    let by_person = PERSONS_ONLY.contains(&operation.id.as_str()) && name.starts_with("a key");
                    let granted = &(*granted && !by_person);
                    let refused = status == 403 && body["code"] == "forbidden";
                    let failed = status >= 500 || status == 401 || (status == 400 && !operation.takes_other_bodies());
                    if refused == *granted || (*granted && failed) {
                        faults.push(format!("{} {} as {name}: {status} {body}", operation.method, operation.path));
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    });
}

#[test]
fn nobody_is_told_to_sign_in_and_somebody_outside_sees_no_project() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let ids = nothing();
        let key = app.program(&[Scope::Admin]).await;
        let mut faults = Vec::new();
        for operation in operations() {
            let named = format!("{} {}", operation.method, operation.path);
            let (status, body) = ask(&app.client(Who::Nobody), &operation, PROJECT, &ids).await;
            // Signing in is open to nobody, and what the walk sends is no password.
            let signs_in = operation.path.ends_with("/tokens") || operation.id == "begin_session";
            if !signs_in && (status == 401) == (operation.permission == "none") {
                faults.push(format!("{named} by nobody: {status} {body}"));
            }
            if in_project(&operation) {
                let (status, here) = ask(&app.client(Who::Outsider), &operation, PROJECT, &ids).await;
                let (_, nowhere) = ask(&app.client(Who::Outsider), &operation, "no-such-project", &ids).await;
                if status != 404 || here != nowhere {
                    faults.push(format!("{named} from outside: {status} {here}, and {nowhere} of none"));
                }
            } else if operation.permission == "session" {
                let (status, body) = ask(&key, &operation, PROJECT, &ids).await;
                if status != 401 {
                    faults.push(format!("{named} by a key: {status} {body}"));
                }
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    });
}

/// Real ids of `demo-co`.
async fn real(app: &TestApp) -> Ids {
    let gate = ready_gate(app, 40).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (_, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("hold", "")).await;
    let second = open_gate(app, Role::Owner).await;
    let (bundle, _) = freeze(app, &second).await;
    let (_, proposal) = decide(app, Role::ReleaseManager, &second, &bundle, ("ship", "It must.")).await;
    let text = |value: &Value| value["id"].as_str().unwrap_or_else(|| panic!("an id: {value}")).to_owned();
    let admin = app.member(Role::Admin);
    let key = expect(201, admin.post(&path("api-keys")).json(&json!({"name": "k", "scopes": ["read"]}))).await;
    let invited = json!({"email": "eve@demo-co.example", "roles": ["viewer"]});
    let invitation = expect(201, admin.post(&path("invitations")).json(&invited)).await;
    let webhook = json!({"url": "https://hooks.example.com/seatrial"});
    let webhook = expect(201, admin.post(&path("webhooks")).json(&webhook)).await;
    let (_, failures) = answer(admin.get(&path("failures?limit=2"))).await;
    let run_of =
        |index: usize| failures["items"][index]["run_id"].as_str().unwrap_or_else(|| panic!("{failures}")).to_owned();
    let dismissed = path(&format!("failures/{}/dismiss", run_of(1)));
    expect(200, app.member(Role::Reviewer).post(&dismissed).json(&json!({"reason": "noise"}))).await;
    let (_, acts) = answer(admin.get(&path(&format!("failures/{}/acts", run_of(1))))).await;
    let promote = path(&format!("failures/{}/promote", run_of(0)));
    let asked = json!({"title": "t", "input": "Refund order 1", "assertions": {"must": ["say so"]}});
    let promoted = answer(app.member(Role::Reviewer).post(&promote).json(&asked)).await;
    let (_, cases) = answer(admin.get(&path("cases"))).await;
    let label = json!({"failure_class": "timeout", "step": "search"});
    expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{}/label", run_of(0)))).json(&label)).await;
    seatrial::worker::jobs::group_failures(&app.app).await.expect("failures are grouped");
    let (_, patterns) = answer(admin.get(&path("patterns?at_least=1"))).await;
    let team = json!({"name": "Night shift", "members": [app.account(Role::Owner).to_string()]});
    let team = expect(201, admin.post(&path("teams")).json(&team)).await;
    BTreeMap::from([
        ("account", app.account(Role::Viewer).to_string()),
        ("act", acts["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{acts}")).to_owned()),
        ("case", cases["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{promoted:?}")).to_owned()),
        ("decision", text(&decision)),
        ("digest", bundle),
        ("gate", gate),
        ("invitation", text(&invitation)),
        ("key", text(&key)),
        ("owner", app.account(Role::Owner).to_string()),
        ("pattern", patterns["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{patterns}")).to_owned()),
        ("proposal", text(&proposal)),
        ("release", CANDIDATE.to_owned()),
        ("run", run_of(0)),
        ("team", text(&team)),
        ("webhook", text(&webhook)),
        ("workflow", WORKFLOW.to_owned()),
    ])
}

#[test]
fn the_ids_of_another_project_are_like_ids_of_nothing() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let (real, nothing) = (real(app).await, nothing());
        let mut faults = Vec::new();
        // At home they are real: what can be read is there.
        let made = |operation: &&Operation| {
            operation.parameters().iter().all(|name| *name == "project" || real.contains_key(name.as_str()))
        };
        let reads = |o: &&Operation| o.method == reqwest::Method::GET && o.parameters().len() > 1;
        // A difference needs a second version, which nobody has written here.
        let one_version = |o: &&Operation| !o.path.ends_with("/scorecard/diff");
        for operation in operations().iter().filter(reads).filter(made).filter(one_version) {
            let (status, body) = ask(&app.member(Role::Admin), operation, PROJECT, &real).await;
            if status != 200 {
                faults.push(format!("at home, {} answers {status} {body}", operation.path));
            }
        }
        let new = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
        app.app.create_project_as_system("test", new, Some(app.account(Role::Viewer))).await.expect("a project");
        // Who is asked by has every permission in `other`, and none to see in `demo-co` what these would change.
        let stranger = app.member(Role::Viewer);
        for operation in operations().iter().filter(|operation| in_project(operation)).filter(made) {
            // Their own membership is theirs in both projects.
            let ours = operation.parameters();
            let ids: Ids = real
                .iter()
                .filter(|(name, _)| ours.iter().any(|own| own == *name))
                .map(|(name, id)| (*name, id.clone()))
                .map(
                    |(name, id)| {
                        if name == "account" { (name, app.account(Role::Owner).to_string()) } else { (name, id) }
                    },
                )
                .collect();
            // A workflow is made by its name, whatever it is called elsewhere; the rest then would find it.
            if ids.is_empty() || operation.id == "put_workflow" {
                continue;
            }
            let (status, mut there) = ask(&stranger, operation, "other", &ids).await;
            let (status_of_nothing, mut none) = ask(&stranger, operation, "other", &nothing).await;
            for body in [&mut there, &mut none] {
                body.as_object_mut().map(|body| body.remove("error_id"));
            }
            if status != status_of_nothing || there != none || status < 400 {
                let named = format!("{} {}", operation.method, operation.path);
                faults.push(format!("{named}: {status} {there}, and {status_of_nothing} {none} of nothing"));
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        let (_, log) = answer(app.member(Role::Admin).get(&path("audit-entries?limit=200"))).await;
        let stranger = app.account(Role::Viewer).to_string();
        assert!(!log["items"].to_string().contains(&format!("account:{stranger}")), "nothing was done at home");
    });
}
