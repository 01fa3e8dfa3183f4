//! A project in which every text that comes from outside is hostile.

use std::sync::LazyLock;

use seatrial::app::account::NewAccount;
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::ids::AccountId;
use seatrial_domain::limits::{LABEL_BYTES, NOTE_BYTES};
use seatrial_domain::time::{MINUTE, Timestamp};
use seatrial_store::{Scope, member};
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, START, TestApp};
use crate::support::evidence::{expect, path};

/// Markup, an attribute's end, script, bidirectional controls, letters written from right to left, ANSI escapes and a template's braces.
/// What would run sets a mark that the walk looks for.
const TRIES: &str = "<script>seatrialHostile=1</script>\"'><img src=x onerror=seatrialHostile=1>\u{202e}\
                     \u{5e9}\u{5dc}\u{5d5}\u{5dd} 12\u{2066}\u{1b}[31m{{{x}}}";
/// Characters of a line that nothing breaks.
const LINE: usize = 100_000;

/// A name of the greatest length, ended with letters that nothing breaks. Names hold no control characters: they are refused or dropped.
fn name(of: &str) -> String {
    let begin: String = format!("{of} {TRIES}").chars().filter(|c| !c.is_control()).collect();
    let rest = LABEL_BYTES - begin.len();
    begin + &"W".repeat(rest)
}

/// A note of the greatest length, in one line.
fn note() -> String {
    let begin = format!("note {TRIES}");
    let rest = NOTE_BYTES - begin.len();
    begin + &"W".repeat(rest)
}

/// What a run may carry without a bound of its own: one line of 100 kB, and many short ones.
fn long() -> String {
    format!("long {TRIES}{}\n{}", "W".repeat(LINE), format!("{TRIES}\n").repeat(20))
}

static WORKFLOW: LazyLock<String> = LazyLock::new(|| name("workflow"));
static BASELINE: LazyLock<String> = LazyLock::new(|| name("before"));
static CANDIDATE: LazyLock<String> = LazyLock::new(|| name("after"));

/// A path below the project; each part is encoded.
fn at(parts: &[&str]) -> String {
    let encode =
        |part: &&str| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20");
    path(&parts.iter().map(encode).collect::<Vec<_>>().join("/"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

async fn post(app: &TestApp, role: Role, parts: &[&str], body: Value) -> Value {
    let request = app.member(role).post(&at(parts)).json(&body).send().await.expect("the service answers");
    let (status, said) = (request.status(), request.text().await.expect("a body"));
    assert!(status.is_success(), "{parts:?}: {status} {said}");
    serde_json::from_str(&said).unwrap_or(Value::Null)
}

async fn put(app: &TestApp, role: Role, parts: &[&str], body: Value) -> Value {
    let request = app.member(role).put(&at(parts)).json(&body).send().await.expect("the service answers");
    let (status, said) = (request.status(), request.text().await.expect("a body"));
    assert!(status.is_success(), "{parts:?}: {status} {said}");
    serde_json::from_str(&said).unwrap_or(Value::Null)
}

async fn get(app: &TestApp, rest: &str) -> Value {
    expect(200, app.member(Role::Viewer).get(&path(rest))).await
}

/// The address of somebody with every role and a hostile name, who is also in another project with a hostile name.
async fn walker(app: &TestApp) -> (AccountId, String) {
    let email = "walker@demo-co.example".to_owned();
    let new = NewAccount {
        email: email.clone(),
        name: name("person").chars().take(100).collect(),
        password: PASSWORD.to_owned(),
    };
    let id = app.app.create_account(new).await.expect("an account").id;
    let project = NewProject {
        slug: "other".into(),
        name: name("project").chars().take(80).collect(),
        settings: ProjectSettings::default(),
    };
    let other = app.app.create_project_as_system("test", project, None).await.expect("a project").id;
    let tx = app.app.store.write().await.expect("the database is writable");
    for project in [app.project_id().await, other] {
        member::put(&tx, Scope::of(project), id, Role::ALL, START).await.expect("a member");
    }
    tx.commit().await.expect("they are there");
    (id, email)
}

/// One run; every third in ten fails on the candidate.
fn run(release: &str, n: i64, at: Timestamp, failed: bool) -> Value {
    json!({
        "external_id": format!("{n} {release:.6} {}", name("id")).chars().take(150).collect::<String>(), "workflow": *WORKFLOW, "release": release,
        "started_at": at, "ended_at": at.plus_seconds(20),
        "outcome": if failed { "failure" } else { "success" }, "failure_class": failed.then(|| name("class")),
        "segments": {"tier": name(if n % 2 == 0 { "gold" } else { "free" })}, "model": name("model"),
        "tools": [name("tool")], "unit": name(&format!("unit {n}")), "retries": 1, "tool_errors": 0,
        "scores": {(name("score")): 0.5},
        "escalations": [{"reason": note(), "expected": false}],
        "approvals": [{"status": "granted", "tool": name("tool"), "by": name("by")}],
        "input": {"question": note(), (name("key")): note()}, "output": note(),
        "messages": [{"role": "user", "content": note()}, {"role": "assistant", "content": note(), "name": name("who")}],
    })
}

/// `n` runs of a release, one a minute until a time, so many of them failed.
async fn runs(app: &TestApp, release: &str, (n, failed): (i64, i64), until: Timestamp) {
    let begun = until.micros();
    let all: Vec<Value> = (0..n)
        .map(|i| {
            run(
                release,
                begun / MINUTE + i * 7,
                until.plus_micros((i - n) * MINUTE),
                i * failed / n < (i + 1) * failed / n,
            )
        })
        .collect();
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": all}))).await;
    assert_eq!(body["rejected"], 0, "{body}");
}

/// A run whose texts have no end, with what was told of it later.
async fn long_run(app: &TestApp) -> String {
    let mut long_one = run(&CANDIDATE, 1, START.plus_seconds(-600), true);
    long_one["external_id"] = json!("long");
    long_one["environment"] = json!(name("environment"));
    long_one["input"] = json!({"question": long()});
    long_one["output"] = json!(long());
    long_one["messages"] = json!([
        {"role": name("role"), "content": long()},
        {"role": "assistant", "content": long(), "tool_calls": [{"id": "1", "function": {"name": name("tool"), "arguments": long()}}]},
        {"role": "tool", "tool_call_id": "1", "content": long()},
    ]);
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": [long_one]}))).await;
    let id = text(&body["results"][0]["run_id"]).to_owned();
    let facts = [
        json!({"kind": "rescue", "reason": note(), "by": name("by")}),
        json!({"kind": "escalation", "reason": note(), "expected": true}),
        json!({"kind": "score", "name": name("score"), "value": 0.25}),
    ];
    for (n, fact) in facts.into_iter().enumerate() {
        let body = json!({"idempotency_key": format!("{n} {}", name("key")).chars().take(100).collect::<String>(), "source": name("source"), "fact": fact});
        post(app, Role::Reviewer, &["runs", &id, "facts"], body).await;
    }
    id
}

/// A trace whose every text is hostile, its long ones without an end.
async fn trace(app: &TestApp) {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let nanos = |seconds: i64| (START.plus_seconds(seconds - 300).micros() * 1_000).to_string();
    let span = |id: &str, parent: &str, from: i64| {
        json!({
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": id, "parentSpanId": parent, "name": name("span"), "kind": 1,
            "startTimeUnixNano": nanos(from), "endTimeUnixNano": nanos(from + 4),
            "attributes": [
                attribute("gen_ai.operation.name", "execute_tool"), attribute("gen_ai.tool.name", &name("tool")),
                attribute("seatrial.outcome", "failure"), attribute("gen_ai.request.model", &name("model")),
                attribute("input.value", &long()), attribute("output.value", &long()), attribute(&name("attribute"), &long()),
                attribute("gen_ai.input.messages", &json!([{"role": "user", "parts": [{"type": "text", "content": long()}]}]).to_string()),
            ],
            "events": [{"name": name("event"), "timeUnixNano": nanos(from + 1), "attributes": [attribute("exception.message", &long())]}],
            "status": {"code": 2, "message": long()},
        })
    };
    let resource =
        json!({"attributes": [attribute("service.name", &WORKFLOW), attribute("service.version", &CANDIDATE)]});
    let spans = [span("00f067aa0ba902b7", "", 0), span("00f067aa0ba902b8", "00f067aa0ba902b7", 1)];
    let body = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": name("scope")}, "spans": spans}]}]});
    let writer = app.program(&[KeyScope::Ingest]).await;
    expect(200, writer.post("/v1/traces").json(&body)).await;
}

/// The workflow and its scorecard, of the walker.
async fn owned(app: &TestApp, owner: AccountId) {
    let classes = json!({"items": [{"name": name("class"), "severity": "critical", "meaning": note()}]});
    put(app, Role::Admin, &["failure-classes"], classes).await;
    let rules = json!({"observes": {"rescues": "api", "approvals": "api", "escalations": "api"}, "settle_seconds": 0, "sample_share": 1.0});
    put(
        app,
        Role::Owner,
        &["workflows", &WORKFLOW],
        json!({"risk_class": "high", "owner": owner.to_string(), "rules": rules}),
    )
    .await;
    runs(app, &BASELINE, (130, 40), START).await;
    runs(app, &CANDIDATE, (130, 13), START).await;
    let scorecard = json!({
        "name": name("scorecard"), "owner": owner.to_string(), "cadence_days": 30, "dimensions": ["tier"],
        "required_segments": [{"dimension": "tier", "value": name("gold")}],
        "checks": [
            {"key": "success", "signal": "success_rate", "criterion": {"kind": "not_worse_than_baseline", "margin": 0.05}, "role": "key"},
            {"key": "rescues", "signal": "rescue_rate", "criterion": {"kind": "ceiling", "rate": 0.5}, "role": "standard"},
        ],
    });
    put(app, Role::Owner, &["workflows", &WORKFLOW, "scorecard"], scorecard).await;
    post(app, Role::Owner, &["workflows", &WORKFLOW, "scorecard", "attestations"], json!({"note": note()})).await;
}

/// Failures learned from in every way, a suite with results, a pattern, and samples looked at.
async fn learned(app: &TestApp, long_run: &str) {
    let promotion = json!({
        "title": name("title"), "tags": [name("tag").chars().take(60).collect::<String>()],
        "assertions": {"must": [note()], "must_not": [name("never")], "reference": note(), "expected_tools": [name("tool")]},
    });
    let promoted = post(app, Role::Reviewer, &["failures", long_run, "promote"], promotion).await;
    let case = text(&promoted["case"]["id"]).to_owned();
    let failures = get(app, "failures?status=open&limit=20").await;
    let open: Vec<&str> =
        failures["items"].as_array().expect("failures").iter().map(|one| text(&one["run_id"])).collect();
    let label = json!({"step": name("step"), "note": note()});
    post(app, Role::Reviewer, &["failures", open[0], "label"], label).await;
    post(app, Role::Reviewer, &["failures", open[1], "dismiss"], json!({"reason": note()})).await;
    post(app, Role::Reviewer, &["failures", open[2], "link"], json!({"case_id": case})).await;
    post(app, Role::Owner, &["failures", open[3], "reserve"], json!({})).await;
    let suite = json!({"name": name("suite"), "workflow": *WORKFLOW, "cases": [case], "note": note()});
    let suite = text(&post(app, Role::Owner, &["suites"], suite).await["id"]).to_owned();
    let result = json!({"case": case, "verdict": "failed", "message": note()});
    let results =
        json!({"release": *CANDIDATE, "runner": name("runner"), "execution": name("execution"), "results": [result]});
    let sent = app.member(Role::Owner).post(&at(&["suites", &suite, "results"])).json(&results);
    let answered = sent.send().await.expect("an answer");
    assert!(answered.status().is_success(), "{}", answered.text().await.unwrap_or_default());
    jobs::group_failures(&app.app).await.expect("failures are grouped");
    let patterns = get(app, "patterns").await;
    let pattern = text(&patterns["items"][0]["id"]).to_owned();
    post(app, Role::Reviewer, &["patterns", &pattern, "confirm"], json!({"note": note()})).await;
    let samples = get(app, "samples?status=open").await;
    let sample = text(&samples["items"][0]["run_id"]).to_owned();
    post(app, Role::Reviewer, &["samples", &sample, "finding"], json!({"holds": true, "note": note()})).await;
}

/// A gate decided with a hostile reason, one frozen, and one open.
async fn decided(app: &TestApp) {
    let gate = async || {
        let body = json!({"workflow": *WORKFLOW, "release": *CANDIDATE, "baseline": *BASELINE});
        text(&post(app, Role::Owner, &["gates"], body).await["id"]).to_owned()
    };
    let first = gate().await;
    let frozen = post(app, Role::Owner, &["gates", &first, "freeze"], json!({})).await;
    let body = json!({"verdict": "hold", "reason": note(), "bundle": frozen["bundle"]["digest"]});
    post(app, Role::ReleaseManager, &["gates", &first, "decisions"], body).await;
    let second = gate().await;
    post(app, Role::Owner, &["gates", &second, "freeze"], json!({})).await;
}

/// The candidate goes live and does worse: alerts, and responses with notes.
async fn drifted(app: &TestApp, owner: AccountId) {
    let live = json!({"workflow": *WORKFLOW, "release": *CANDIDATE, "kind": "deployed", "note": note(), "environment": "production"});
    post(app, Role::ReleaseManager, &["deployments"], live).await;
    app.clock.set(START.plus_seconds(6 * 3_600));
    runs(app, &CANDIDATE, (200, 140), START.plus_seconds(5 * 3_600)).await;
    jobs::watch_drift(&app.app).await.expect("watched");
    jobs::find_gaps(&app.app).await.expect("gaps are found");
    let alerts = get(app, "alerts?state=firing").await;
    let alert = text(&alerts["items"][0]["id"]).to_owned();
    post(app, Role::Owner, &["alerts", &alert, "acknowledgement"], json!({"note": note()})).await;
    let response = json!({
        "workflow": *WORKFLOW, "release": *CANDIDATE, "origin": {"kind": "alert", "id": alert}, "kind": "tighten_permissions",
        "title": name("title"), "owner": owner.to_string(), "due_at": app.app.now().plus_days(3),
    });
    let response = text(&post(app, Role::Admin, &["responses"], response).await["id"]).to_owned();
    post(app, Role::Owner, &["responses", &response, "notes"], json!({"note": note()})).await;
}

/// What an admin names.
async fn settings(app: &TestApp, walker: AccountId) {
    let short = |of: &str| name(of).chars().take(100).collect::<String>();
    post(app, Role::Admin, &["teams"], json!({"name": short("team"), "members": [walker.to_string()]})).await;
    for (list, filter) in [("runs", "workflow"), ("failures", "step"), ("audit", "text")] {
        let view = json!({"list": list, "name": name("view"), "filters": {filter: short("filter")}, "shared": true});
        post(app, Role::Admin, &["saved-views"], view).await;
    }
    post(app, Role::Admin, &["api-keys"], json!({"name": short("key"), "scopes": ["read"]})).await;
    post(app, Role::Admin, &["invitations"], json!({"email": "o'neil+b@demo-co.example", "roles": ["viewer"]})).await;
    post(app, Role::Admin, &["webhooks"], json!({"url": format!("https://127.0.0.1:9/{}", "W".repeat(300))})).await;
}

/// The pages that mails lead to without signing in: one link of each kind.
pub async fn linked(app: &TestApp, email: &str) -> Vec<String> {
    app.app.ask_password_reset(email).await.expect("a mail is on its way");
    for _ in 0..3 {
        jobs::deliver_due(&app.app).await.expect("mail is sent");
    }
    let said: Vec<String> = app.mail.as_ref().expect("a mail server").mails().iter().map(|mail| mail.text()).collect();
    let link = |kind: &str| {
        let begin = format!("{}{kind}", app.base_url);
        let rest = said
            .iter()
            .find_map(|text| text.split(&begin).nth(1))
            .unwrap_or_else(|| panic!("no link to {kind}: {said:?}"));
        format!("{kind}{}", rest.split_whitespace().next().unwrap_or_default().trim_end_matches('.'))
    };
    ["/password-reset/choose", "/invitation", "/mail/"].map(link).to_vec()
}

/// Everything; the walker's address.
pub async fn everything(app: &TestApp) -> String {
    let (id, email) = walker(app).await;
    owned(app, id).await;
    let long_run = long_run(app).await;
    trace(app).await;
    learned(app, &long_run).await;
    decided(app).await;
    drifted(app, id).await;
    settings(app, id).await;
    email
}
