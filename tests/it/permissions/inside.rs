//! Ids of another project inside a body or a query: answered like ids of nothing.

use std::collections::BTreeMap;

use seatrial_domain::access::Role;
use serde_json::{Value, json};

use super::operation::operations;
use super::{Ids, in_project};
use crate::support::app::{START, TestApp, TestClient, answer};
use crate::support::evidence::{BASELINE, CANDIDATE, WORKFLOW, expect, path};

fn other(rest: &str) -> String {
    format!("/api/v1/projects/other/{rest}")
}

/// What is really there at home and what is nowhere, by the beginning of the id.
pub async fn pairs(app: &TestApp, real: &Ids) -> BTreeMap<String, (String, String)> {
    let admin = app.member(Role::Admin);
    let first = async |list: &str| {
        let found = answer(admin.get(&path(list))).await.1;
        found["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{list}: {found}")).to_owned()
    };
    let mut ids: Vec<String> = real.values().filter(|id| id.contains('_')).cloned().collect();
    ids.extend([first("workflows").await, first(&format!("workflows/{WORKFLOW}/releases")).await]);
    ids.push(first("scorecards").await);
    let digits = |id: &str| id.rsplit('_').next().is_some_and(|digits| digits.len() == 32);
    let nowhere = |prefix: &str| format!("{prefix}_{}", super::NOTHING);
    let pair = |id: String| {
        let prefix = id.split('_').next().unwrap_or_default().to_owned();
        (prefix.clone(), (id, nowhere(&prefix)))
    };
    let mut pairs: BTreeMap<_, _> = ids.into_iter().filter(|id| digits(id)).map(pair).collect();
    // The account of whoever asks is theirs in both projects.
    pairs.insert("acc".to_owned(), (app.account(Role::Owner).to_string(), nowhere("acc")));
    pairs
}

/// Somebody of another project, with things there that are called as at home.
async fn settle(app: &TestApp) -> TestClient<'_> {
    let stranger = app.member(Role::Viewer);
    let own = app.account(Role::Viewer);
    expect(200, stranger.put(&other(&format!("workflows/{WORKFLOW}"))).json(&json!({"owner": own}))).await;
    let run = |release: &str, outcome: &str| {
        json!({
            "external_id": format!("theirs-{release}"), "workflow": WORKFLOW, "release": release, "started_at": START,
            "ended_at": START.plus_seconds(9), "outcome": outcome,
        })
    };
    let runs = json!({"runs": [run(BASELINE, "success"), run(CANDIDATE, "failure")]});
    expect(200, stranger.post(&other("runs")).json(&runs)).await;
    expect(200, stranger.post(&other("suites")).json(&json!({"workflow": WORKFLOW, "name": "theirs"}))).await;
    stranger
}

/// Bodies with an id at `$`, each with the kinds of ids that belong there.
fn bodies(app: &TestApp, failure: &str) -> Vec<(&'static str, String, Value, Vec<&'static str>)> {
    let (own, due) = (app.account(Role::Viewer).to_string(), app.app.now().plus_days(2));
    let response = |part: Value| {
        let mut body = json!({
            "workflow": WORKFLOW, "origin": {"kind": "gap", "id": "$"}, "kind": "rollback", "owner": own, "due_at": due,
        });
        body.as_object_mut().expect("an object").extend(part.as_object().expect("an object").clone());
        body
    };
    let origin = |kind: &str| response(json!({"origin": {"kind": kind, "id": "$"}}));
    let card = |part: Value| {
        let mut body = json!({
            "name": "Theirs", "owner": own, "cadence_days": 30, "dimensions": [],
            "checks": [{"key": "s", "signal": "success_rate", "criterion": {"kind": "floor", "rate": 0.5}, "role": "key"}],
        });
        body.as_object_mut().expect("an object").extend(part.as_object().expect("an object").clone());
        body
    };
    let post = |at: &str, body: Value, kinds: &[&'static str]| ("POST", other(at), body, kinds.to_vec());
    let put = |at: &str, body: Value, kinds: &[&'static str]| ("PUT", other(at), body, kinds.to_vec());
    let fact = json!({"kind": "cost", "cost_nanos": 1});
    let result = json!({"case": "$", "verdict": "passed"});
    vec![
        post("gates", json!({"workflow": "$", "release": CANDIDATE}), &["wf"]),
        post("gates", json!({"workflow": WORKFLOW, "release": "$"}), &["rel"]),
        post("gates", json!({"workflow": WORKFLOW, "release": CANDIDATE, "baseline": "$"}), &["rel"]),
        post("deployments", json!({"workflow": "$", "release": CANDIDATE}), &["wf"]),
        post("deployments", json!({"workflow": WORKFLOW, "release": "$"}), &["rel"]),
        post("responses", origin("gap"), &["gap"]),
        post("responses", origin("decision"), &["dec"]),
        post("responses", origin("failure_pattern"), &["pat"]),
        post("responses", origin("alert"), &["alr"]),
        post("responses", response(json!({"workflow": "$"})), &["wf"]),
        post("responses", response(json!({"owner": "$"})), &["acc", "team"]),
        post("responses", response(json!({"release": "$"})), &["rel"]),
        post("triage", json!({"deed": {"act": "dismiss", "reason": "noise"}, "runs": ["$"]}), &["run"]),
        post("triage", json!({"deed": {"act": "link", "case_id": "$"}, "runs": [failure]}), &["case"]),
        post("triage", json!({"deed": {"act": "assign", "account": "$"}, "runs": [failure]}), &["acc"]),
        post("triage", json!({"deed": {"act": "reopen"}, "group": {"pattern": "$"}}), &["pat"]),
        post(&format!("failures/{failure}/link"), json!({"case_id": "$"}), &["case"]),
        post(&format!("failures/{failure}/assign"), json!({"account": "$"}), &["acc"]),
        post("suites", json!({"workflow": "$", "name": "more"}), &["wf"]),
        post("suites", json!({"workflow": WORKFLOW, "name": "more", "cases": ["$"]}), &["case"]),
        post("suites/theirs/versions", json!({"add": ["$"]}), &["case"]),
        post(
            "suites/theirs/results",
            json!({"release": CANDIDATE, "execution": "x", "runner": "y", "results": [result]}),
            &["case"],
        ),
        post("facts", json!({"facts": [{"run": "$", "idempotency_key": "k", "fact": fact}]}), &["run"]),
        put("workflows/theirs", json!({"owner": "$"}), &["acc", "team"]),
        put(&format!("workflows/{WORKFLOW}/scorecard"), card(json!({"owner": "$"})), &["acc", "team"]),
        put(&format!("workflows/{WORKFLOW}/scorecard"), card(json!({"backup": "$"})), &["acc", "team"]),
        put(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}"), json!({"baseline": "$"}), &["rel"]),
        post("teams", json!({"name": "Theirs", "members": ["$"]}), &["acc"]),
        post(&format!("owners/{own}/hand-over"), json!({"to": "$"}), &["acc", "team"]),
        post("templates/review/markdown/preview", json!({"source": "{{release}}", "decision": "$"}), &["dec"]),
    ]
}

/// The answer with every mention of the id taken out.
async fn without(request: reqwest::RequestBuilder, id: &str) -> (u16, String) {
    let response = request.send().await.expect("an answer");
    let (status, text) = (response.status().as_u16(), response.text().await.expect("a body"));
    let mut value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    value.as_object_mut().map(|body| body.remove("error_id"));
    (status, value.to_string().replace(id, "$").to_lowercase())
}

/// Asks with both; returns what differs, or what was let through.
pub async fn faults(app: &TestApp, real: &Ids) -> (usize, Vec<String>) {
    let pairs = pairs(app, real).await;
    let stranger = settle(app).await;
    let failures = expect(200, stranger.get(&other("failures"))).await;
    let failure = failures["items"][0]["run_id"].as_str().unwrap_or_else(|| panic!("{failures}")).to_owned();
    let (mut asked, mut faults) = (0, Vec::new());
    for (method, at, body, kinds) in bodies(app, &failure) {
        for kind in kinds {
            let (there, nowhere) = pairs.get(kind).unwrap_or_else(|| panic!("nothing real begins with {kind}"));
            let send = |id: &str| {
                let text = body.to_string().replace('$', id);
                let request = stranger.request(method.parse().expect("a method"), &at);
                request.header("content-type", "application/json").body(text)
            };
            let (of_there, of_nowhere) = (without(send(there), there).await, without(send(nowhere), nowhere).await);
            asked += 1;
            if of_there != of_nowhere || of_there.1.contains("demo") {
                faults.push(format!("{method} {at} {body}: {of_there:?}, and {of_nowhere:?} of nothing"));
            }
        }
    }
    for (at, name) in queries() {
        for (there, nowhere) in pairs.values() {
            let ask = |id: &str| stranger.get(&format!("{at}{}{name}={id}", if at.contains('?') { "&" } else { "?" }));
            let (of_there, of_nowhere) = (without(ask(there), there).await, without(ask(nowhere), nowhere).await);
            asked += 1;
            if of_there != of_nowhere {
                faults.push(format!("GET {at} {name}={there}: {of_there:?}, and {of_nowhere:?} of nothing"));
            }
        }
    }
    (asked, faults)
}

/// Every parameter of a query that takes a text, of every operation that reads something of a project as a whole.
fn queries() -> Vec<(String, String)> {
    let reads = operations().into_iter().filter(in_project).filter(|operation| operation.parameters().len() == 1);
    let reads = reads.filter(|operation| operation.method == reqwest::Method::GET);
    let none = Ids::new();
    let each = |operation: super::operation::Operation| {
        let at = operation.address("other", &none);
        operation.texts.into_iter().map(move |name| (at.clone(), name))
    };
    reads.flat_map(each).collect()
}
