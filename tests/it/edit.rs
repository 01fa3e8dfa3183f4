//! Edits: each names what it rests on, and leaves what was there and what is there now in the audit log.

use reqwest::Method;
use seatrial_domain::access::Role;
use serde_json::{Value, json};

use crate::support::app::{Builder, TestApp, Who, answer, both, run_with};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, alert_of, declare, expect, freeze, path, ready_gate, side_by_side,
};

both!(
    roles_are_changed_by_who_read_them,
    a_case_is_rewritten_by_who_read_it,
    what_is_kept_whole_is_changed_by_who_read_it,
    every_edit_keeps_before_and_after,
);

/// Sends a request with what it rests on; the status and the tag of the answer.
async fn tagged(app: &TestApp, request: (Method, &str), tag: Option<&str>, body: Option<&Value>) -> (u16, String) {
    let mut sent = app.member(Role::Admin).request(request.0, request.1);
    if let Some(tag) = tag {
        sent = sent.header("if-match", tag);
    }
    if let Some(body) = body {
        sent = sent.json(body);
    }
    let response = sent.send().await.expect("an answer");
    let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
    (response.status().as_u16(), tag)
}

async fn roles_are_changed_by_who_read_them(app: &TestApp) {
    let member = path(&format!("members/{}", app.account(Role::Viewer)));
    let roles = format!("{member}/roles");
    let (status, read) = tagged(app, (Method::GET, &member), None, None).await;
    assert_eq!((status, read.is_empty()), (200, false));
    let one = json!({"roles": ["reviewer"]});
    let (status, next) = tagged(app, (Method::PUT, &roles), Some(&read), Some(&one)).await;
    assert_eq!((status, next == read), (200, false), "other roles have another tag");
    let other = json!({"roles": ["owner"]});
    assert_eq!(tagged(app, (Method::PUT, &roles), Some(&read), Some(&other)).await.0, 412, "somebody was faster");
    assert_eq!(tagged(app, (Method::PUT, &roles), Some(&next), Some(&other)).await.0, 200);
    assert_eq!(
        tagged(app, (Method::PUT, &roles), None, Some(&one)).await.0,
        200,
        "whoever names nothing takes what is there"
    );
    let nobody = path("members/acc_0192f3c1a2b37d4e8f90a1b2c3d4e5f6");
    assert_eq!(answer(app.member(Role::Viewer).get(&nobody)).await.0, 404);
}

async fn a_case_is_rewritten_by_who_read_it(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 40, 50).await;
    let failures = expect(200, app.member(Role::Reviewer).get(&path("failures?limit=1"))).await;
    let run = failures["items"][0]["run_id"].as_str().expect("a failure");
    let asked = json!({"title": "t", "input": "Refund order 1", "assertions": {"must": ["say so"]}});
    let made =
        expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{run}/promote"))).json(&asked)).await;
    let case = path(&format!("cases/{}", made["case"]["id"].as_str().expect("a case")));
    let (status, read) = tagged(app, (Method::GET, &case), None, None).await;
    assert_eq!((status, read.as_str()), (200, "\"1\""), "the tag of a case is its version");
    let writing = |title: &str| json!({"title": title, "assertions": {"must": ["say so"]}});
    let (status, next) = tagged(app, (Method::PUT, &case), Some(&read), Some(&writing("Clearer"))).await;
    assert_eq!((status, next.as_str()), (200, "\"2\""));
    let (status, problem) =
        answer(app.member(Role::Admin).put(&case).header("if-match", &read).json(&writing("Clearest"))).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("case_changed")), "{problem}");
    assert_eq!(tagged(app, (Method::PUT, &case), Some("\"x\""), Some(&writing("x"))).await.0, 400);
}

/// Policies, templates, teams and alert settings: whoever names what they read is refused when somebody was faster, and what
/// somebody else wrote stays.
async fn what_is_kept_whole_is_changed_by_who_read_it(app: &TestApp) {
    declare(app).await;
    let admin = app.member(Role::Admin);
    let team = json!({"name": "On call", "members": [app.account(Role::Owner)]});
    let team = expect(201, admin.post(&path("teams")).json(&team)).await;
    let renamed = |name: &str| json!({"name": name, "members": team["members"]});
    let policy = expect(200, admin.get(&path("policy"))).await["policy"].clone();
    let version = policy["version"].as_u64().expect("a version");
    let policy = |above: u64| {
        let mut next = policy.clone();
        next["version"] = json!(version + above);
        next
    };
    let template = |version: u64| json!({"source": null, "version": version});
    let settings = |days: u32| json!({"days_between_false_alarms": days});
    let team_id = team["id"].as_str().expect("an id");
    let edits = [
        ("policy".to_owned(), [policy(0), policy(1), policy(1)]),
        ("templates/review/markdown".to_owned(), [template(0), template(1), template(1)]),
        (format!("teams/{team_id}"), [renamed("First"), renamed("Late"), renamed("Next")]),
        (format!("workflows/{WORKFLOW}/alert-settings"), [settings(30), settings(31), settings(32)]),
    ];
    for (what, [first, late, next]) in edits {
        let at = path(&what);
        let (status, read) = tagged(app, (Method::GET, &at), None, None).await;
        assert_eq!((status, read.is_empty()), (200, false), "{what}");
        let (status, written) = tagged(app, (Method::PUT, &at), Some(&read), Some(&first)).await;
        assert_eq!((status, written == read), (200, false), "{what}");
        assert_eq!(tagged(app, (Method::PUT, &at), Some(&read), Some(&late)).await.0, 412, "{what}");
        assert_eq!(tagged(app, (Method::GET, &at), None, None).await.1, written, "{what}: the first stays");
        assert_eq!(tagged(app, (Method::PUT, &at), Some(&written), Some(&next)).await.0, 200, "{what}");
    }
}

async fn every_edit_keeps_before_and_after(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let gate = ready_gate(app, 95).await;
    let missed = json!({"runs": [{
        "external_id": "missed", "workflow": WORKFLOW, "release": CANDIDATE, "started_at": crate::support::app::START,
        "ended_at": crate::support::app::START.plus_seconds(9), "outcome": "failure", "failure_class": "refund_twice",
        "segments": {"tier": "gold"},
    }]});
    let writer = app.program(&[seatrial_domain::access::Scope::Ingest]).await;
    expect(200, writer.post(&path("runs")).json(&missed)).await;
    freeze(app, &gate).await;
    let policy = expect(200, admin.get(&path("policy"))).await;
    let mut changed = policy["policy"].clone();
    changed["ship_takes_two"] = json!(true);
    expect(200, admin.put(&path("policy")).json(&changed)).await;
    let template = json!({"source": "{{release}}", "note": "n", "version": 0});
    expect(200, admin.put(&path("templates/review/markdown")).json(&template)).await;
    let owner = app.account(Role::Owner);
    let team = expect(201, admin.post(&path("teams")).json(&json!({"name": "Night", "members": [owner]}))).await;
    let about = path(&format!("teams/{}", team["id"].as_str().expect("an id")));
    expect(200, admin.put(&about).json(&json!({"name": "Day", "members": [owner]}))).await;
    let gaps = expect(200, admin.get(&path("gaps"))).await;
    let gap = path(&format!("gaps/{}", gaps["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{gaps}"))));
    expect(200, admin.put(&format!("{gap}/owner")).json(&json!({"owner": owner}))).await;
    expect(200, admin.post(&format!("{gap}/close")).json(&json!({"done": "promoted"}))).await;
    let due = app.app.now().plus_days(3);
    let response = json!({
        "workflow": WORKFLOW, "origin": {"kind": "alert", "id": alert_of(app, WORKFLOW).await}, "kind": "rollback", "owner": owner, "due_at": due,
    });
    let response = expect(201, admin.post(&path("responses")).json(&response)).await;
    let about = path(&format!("responses/{}", response["id"].as_str().expect("an id")));
    let later = json!({"owner": app.account(Role::Admin), "due_at": due.plus_days(1)});
    expect(200, admin.put(&about).json(&later)).await;
    let release = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}"));
    expect(200, app.member(Role::Owner).put(&release).json(&json!({"baseline": BASELINE}))).await;
    let settings = json!({"currency": "EUR", "labour_nanos_per_hour": 5});
    expect(200, admin.put(&path("settings")).json(&settings)).await;
    let roles = path(&format!("members/{}/roles", app.account(Role::Viewer)));
    expect(200, admin.put(&roles).json(&json!({"roles": ["viewer", "reviewer"]}))).await;

    for (noun, action) in [
        ("policy", "put"),
        ("template", "put"),
        ("team", "put"),
        ("gap", "assign"),
        ("gap", "close"),
        ("response", "put"),
        ("release", "put"),
        ("project", "change_settings"),
        ("member", "change_roles"),
    ] {
        let found = expect(200, admin.get(&path(&format!("audit-entries?noun={noun}&action={action}")))).await;
        let entry = &found["items"][0];
        let detail = entry["detail"].as_object().unwrap_or_else(|| panic!("{noun} {action}: {found}"));
        assert!(detail.contains_key("before") && detail.contains_key("after"), "{noun} {action}: {entry}");
        assert_ne!(detail["before"], detail["after"], "{noun} {action} changed something");
        assert!(entry["actor"].is_string() && entry["address"].is_string(), "who, and from where: {entry}");
    }
}

/// Which headers another site's browser is given, for a page of `origin`.
async fn allowed(app: &TestApp, origin: &str) -> (u16, Option<String>, Option<String>) {
    let asked = app.client(Who::Nobody).request(Method::OPTIONS, &path("runs"));
    let asked = asked.header("origin", origin).header("access-control-request-method", "POST");
    let response = asked.header("access-control-request-headers", "authorization,content-type").send().await;
    let response = response.expect("an answer");
    let of = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    (response.status().as_u16(), of("access-control-allow-origin"), of("access-control-allow-credentials"))
}

#[test]
fn other_sites_call_only_where_the_operator_names_them() {
    run_with(Builder::new(seatrial_store::Backend::Sqlite), async |app: &TestApp| {
        let (_, origin, _) = allowed(app, "https://console.example.com").await;
        assert_eq!(origin, None, "nobody may, unless named");
    });
    let named = Builder::new(seatrial_store::Backend::Sqlite)
        .with("server.cors_origins", "https://console.example.com, https://other.example.com:8443");
    run_with(named, async |app: &TestApp| {
        let console = "https://console.example.com";
        let (status, origin, credentials) = allowed(app, console).await;
        assert_eq!((status, origin.as_deref(), credentials), (200, Some(console), None), "a token, never a cookie");
        assert_eq!(
            allowed(app, "https://other.example.com:8443").await.1.as_deref(),
            Some("https://other.example.com:8443")
        );
        for stranger in ["https://evil.example.com", "https://console.example.com.evil.com", "null"] {
            assert_eq!(allowed(app, stranger).await.1, None, "{stranger}");
        }
        let response = app.member(Role::Viewer).get(&path("runs")).header("origin", console).send().await;
        let response = response.expect("an answer");
        assert_eq!(response.headers()["access-control-allow-origin"], console);
        assert!(
            response.headers().get_all("vary").iter().any(|value| value
                .to_str()
                .unwrap_or_default()
                .to_lowercase()
                .contains("origin"))
        );
    });
}
