//! Every operation of the document, asked by every role, every scope, nobody, somebody outside, and with the ids of
//! another project. What the walk cannot ask is in `permissions_uncovered.txt`, which must stay empty.

mod acts;
mod inside;
pub mod operation;
pub mod real;

use std::collections::BTreeMap;

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Permission, Role, Scope};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{PROJECT, TestApp, TestClient, Who, answer, both, run};
use crate::support::evidence::{WORKFLOW, expect, path};
use operation::{Operation, operations};
use real::real;

/// Of each kind of thing, an id that is well formed and names nothing.
const NOTHING: &str = "0192f3a4b5c67d8e9f00112233445566";

/// What only a person can do though its permission is one that keys can have: a reservation is somebody's.
const PERSONS_ONLY: &[&str] = &["reserve_failure", "find_sample", "test_mail"];

/// Ids by the name of the path's parameter.
pub type Ids = BTreeMap<&'static str, String>;

/// Ids that are well formed and name nothing, by the name of the path's parameter.
pub fn nothing() -> Ids {
    let id = |prefix: &str| format!("{prefix}_{NOTHING}");
    BTreeMap::from([
        ("account", id("acc")),
        ("act", id("act")),
        ("alert", id("alr")),
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
        ("view", id("view")),
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

/// Reads everything there is by everybody: who may reads it, with ids that are real, and nobody else.
async fn read_everything(app: &TestApp, real: &Ids) -> (Vec<String>, Vec<String>) {
    let mut keys = Vec::new();
    for scope in Scope::ALL {
        keys.push((*scope, app.program(&[*scope]).await));
    }
    let (mut read, mut faults) = (Vec::new(), Vec::new());
    let reads = |operation: &&Operation| in_project(operation) && operation.method == reqwest::Method::GET;
    for operation in operations().iter().filter(reads) {
        let permission: Permission = operation.permission.parse().expect("a permission");
        let people = Role::ALL.iter().map(|role| (role.to_string(), role.grants(permission), app.member(*role)));
        let programs =
            keys.iter().map(|(scope, key)| (format!("a key for {scope}"), scope.grants(permission), key.clone()));
        let mut all_read = true;
        for (name, granted, client) in people.chain(programs) {
            let (status, body) = ask(&client, operation, PROJECT, real).await;
            // A program may ask, and has no inbox.
            let granted_to_a_person = name.starts_with("a key") && status == 409 && body["code"] == "not_a_person";
            let right = if granted {
                status == 200 || granted_to_a_person
            } else {
                status == 403 && body["code"] == "forbidden"
            };
            all_read &= right;
            if !right {
                faults.push(format!("{} {} as {name}: {status} {body}", operation.method, operation.path));
            }
        }
        if all_read {
            read.push(operation.id.clone());
        }
    }
    (read, faults)
}

/// Every operation of a project is done: read or changed with ids that are real by everybody who may, refused to
/// everybody who may not, and every change is in the audit log with what was before and after.
async fn every_operation_is_done_and_every_change_is_logged(app: &TestApp) {
    let real = real(app).await;
    let (read, mut faults) = read_everything(app, &real).await;
    let mut walk = acts::Walk::begin(app, real).await;
    acts::everything(&mut walk).await;
    faults.append(&mut walk.faults);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let uncovered: Vec<String> = operations()
        .iter()
        .filter(|operation| in_project(operation))
        .filter(|operation| !walk.done.contains(&operation.id) && !read.contains(&operation.id))
        .map(|operation| format!("{} {}\n", operation.method, operation.path))
        .collect();
    let golden = include_str!("permissions_uncovered.txt");
    assert_eq!(uncovered.concat(), golden, "the walk must do every operation of a project");
    assert_eq!(golden, "", "an operation that nobody's permission is tried on is a hole");
}

both!(every_operation_is_done_and_every_change_is_logged);

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

/// Operations that take everything by a name which another project may have as well.
const BY_NAME: &[&str] = &["put_workflow"];

/// Asks, as somebody who may do anything in `other` and nothing in `demo-co`, with ids that are real there and with ids of
/// nothing: the answers must be the same, and no success.
async fn compare(app: &TestApp, operation: &Operation, (real, nothing): (&Ids, &Ids), faults: &mut Vec<String>) {
    let stranger = app.member(Role::Viewer);
    let (status, mut there) = ask(&stranger, operation, "other", real).await;
    let (status_of_nothing, mut none) = ask(&stranger, operation, "other", nothing).await;
    for body in [&mut there, &mut none] {
        body.as_object_mut().map(|body| body.remove("error_id"));
    }
    if status != status_of_nothing || there != none || status < 400 {
        let named = format!("{} {}", operation.method, operation.path);
        faults.push(format!("{named}: {status} {there}, and {status_of_nothing} {none} of nothing"));
    }
}

#[test]
fn everything_the_walk_asks_with_is_real_at_home() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let real = real(app).await;
        let mut faults = Vec::new();
        for operation in operations().iter().filter(|operation| in_project(operation)) {
            let missing: Vec<String> = operation
                .parameters()
                .into_iter()
                .filter(|name| name != "project" && !real.contains_key(name.as_str()))
                .collect();
            // Sessions are no project's.
            if !missing.is_empty() {
                faults.push(format!("{}: nothing real to ask with: {missing:?}", operation.path));
            }
            if operation.method == reqwest::Method::GET && operation.parameters().len() > 1 {
                let (status, body) = ask(&app.member(Role::Admin), operation, PROJECT, &real).await;
                // An alert that never fired is there, and has no incident to review.
                let known = status == 200 || (status == 409 && body["code"] == "not_an_incident");
                if !known {
                    faults.push(format!("at home, {} answers {status} {body}", operation.path));
                }
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    });
}

#[test]
fn ids_of_another_project_inside_a_body_or_a_query_are_like_ids_of_nothing() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let real = real(app).await;
        let new = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
        app.app.create_project_as_system("test", new, Some(app.account(Role::Viewer))).await.expect("a project");
        let (asked, faults) = inside::faults(app, &real).await;
        assert!(asked > 500, "asked only {asked} times");
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    });
}

#[test]
fn the_ids_of_another_project_are_like_ids_of_nothing() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let (real, nothing) = (real(app).await, nothing());
        let new = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
        app.app.create_project_as_system("test", new, Some(app.account(Role::Viewer))).await.expect("a project");
        let mut faults = Vec::new();
        let only = |operation: &Operation, ids: &Ids| -> Ids {
            let own = operation.parameters();
            let mut ids = ids.clone();
            ids.retain(|name, _| own.iter().any(|own| own == name));
            // Their own membership is theirs in both projects.
            ids.entry("account").and_modify(|id| *id = app.account(Role::Owner).to_string());
            ids
        };
        let by_ids = |operation: &&Operation| {
            let names = operation.parameters();
            let templates = names.iter().any(|name| name == "document");
            in_project(operation) && names.len() > 1 && !templates && !BY_NAME.contains(&operation.id.as_str())
        };
        for operation in operations().iter().filter(by_ids) {
            compare(app, operation, (&only(operation, &real), &nothing), &mut faults).await;
        }
        // Behind a workflow: one of the same name is theirs too, so that the other ids are what is asked about.
        let stranger = app.member(Role::Viewer);
        let at = |rest: &str| format!("/api/v1/projects/other/workflows/{WORKFLOW}{rest}");
        expect(200, stranger.put(&at("")).json(&json!({"risk_class": "low"}))).await;
        let card = json!({
            "name": "Theirs", "owner": app.account(Role::Viewer).to_string(), "cadence_days": 30, "dimensions": [],
            "checks": [{"key": "success", "signal": "success_rate", "criterion": {"kind": "floor", "rate": 0.5}, "role": "key"}],
        });
        expect(201, stranger.put(&at("/scorecard")).json(&card)).await;
        let mut nothing_of_theirs = nothing.clone();
        nothing_of_theirs.insert("workflow", WORKFLOW.to_owned());
        let mut behind = 0;
        for operation in operations().iter().filter(by_ids).filter(|operation| operation.parameters().len() > 2) {
            behind += 1;
            let real = only(operation, &real);
            // A release that nobody has heard of has the same answer under either name but for the name itself.
            if !real.contains_key("release") {
                compare(app, operation, (&real, &nothing_of_theirs), &mut faults).await;
            }
        }
        assert!(behind > 3, "exemptions and releases are behind a workflow: {behind}");
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        // What is addressed by a name that every project has is everybody's own.
        let template = expect(200, stranger.get("/api/v1/projects/other/templates/review/markdown")).await;
        assert_eq!((&template["version"], &template["built_in"]), (&json!(0), &json!(true)));
        let (_, log) = answer(app.member(Role::Admin).get(&path("audit-entries?limit=200"))).await;
        let stranger = app.account(Role::Viewer).to_string();
        assert!(!log["items"].to_string().contains(&format!("account:{stranger}")), "nothing was done at home");
    });
}
