//! API keys and access tokens: how they are sent, what they open, and how they end.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Role, Scope};
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, TestApp, Who, answer, both};

both!(
    a_key_is_shown_once_and_sent_in_three_ways,
    keys_end_by_time_and_by_revocation,
    a_key_opens_its_own_project_only,
    a_key_is_never_allowed_more_than_its_maker,
    the_use_of_a_key_is_noted_to_the_minute,
    tokens_are_issued_and_end,
    a_token_says_who_not_what,
);

const KEYS: &str = "/api/v1/projects/demo-co/api-keys";
const SETTINGS: &str = "/api/v1/projects/demo-co/settings";

async fn make_key(app: &TestApp, body: Value) -> Value {
    let (status, created) = answer(app.member(Role::Admin).post(KEYS).json(&body)).await;
    assert_eq!(status, 201, "{created}");
    created
}

async fn with_key(app: &TestApp, key: &str) -> (u16, Value) {
    answer(app.client(Who::Key(key.to_owned())).get(SETTINGS)).await
}

async fn a_key_is_shown_once_and_sent_in_three_ways(app: &TestApp) {
    let created = make_key(app, json!({"name": "reader", "scopes": ["read", "read"]})).await;
    let key = created["key"].as_str().expect("the key");
    assert_eq!(created["scopes"], json!(["read"]));
    let (_, list) = answer(app.member(Role::Admin).get(KEYS)).await;
    assert!(!list.to_string().contains(key), "never again");
    assert_eq!(list["items"][0]["masked"], format!("{}…", &key[..21]));

    let nobody = || app.client(Who::Nobody).get(SETTINGS);
    let basic = |user: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{key}")));
    for request in [
        nobody().bearer_auth(key),
        nobody().header("authorization", format!("bearer {key}")),
        nobody().header("authorization", basic("")),
        nobody().header("authorization", basic("pk-lf-any")),
        nobody().header("x-api-key", key),
    ] {
        assert_eq!(answer(request).await.0, 200);
    }
    let wrong = format!("{}0", &key[..key.len() - 1]);
    let wrong = if wrong == key { format!("{}1", &key[..key.len() - 1]) } else { wrong };
    for value in [format!("Bearer {wrong}"), "Bearer".into(), "Bearer  ".into(), "Basic !!".into(), "Digest x".into()] {
        let (status, body) = answer(nobody().header("authorization", &value)).await;
        assert_eq!((status, body["code"].as_str()), (401, Some("unauthenticated")), "{value}");
        assert!(!body.to_string().contains(&wrong), "a credential is not repeated");
    }
    assert_eq!(answer(nobody()).await.0, 401);
}

async fn keys_end_by_time_and_by_revocation(app: &TestApp) {
    let created = make_key(app, json!({"name": "day", "scopes": ["read"], "expires_at": "2026-03-03T09:00:00Z"})).await;
    let key = created["key"].as_str().expect("the key");
    assert_eq!(with_key(app, key).await.0, 200);
    app.clock.advance(Duration::from_secs(24 * 3_600));
    let (status, body) = with_key(app, key).await;
    assert_eq!(status, 401);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("expired")), "{body}");

    let past = json!({"name": "past", "scopes": ["read"], "expires_at": "2026-03-01T00:00:00Z"});
    let (status, body) = answer(app.member(Role::Admin).post(KEYS).json(&past)).await;
    assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("expires_at")));

    let created = make_key(app, json!({"name": "revoked", "scopes": ["read"]})).await;
    let path = format!("{KEYS}/{}", created["id"].as_str().expect("an id"));
    for _ in 0..2 {
        assert_eq!(answer(app.member(Role::Admin).delete(&path)).await.0, 204, "again changes nothing");
    }
    let (status, body) = with_key(app, created["key"].as_str().expect("the key")).await;
    assert_eq!(status, 401);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("revoked")), "{body}");
    assert_eq!(answer(app.member(Role::Admin).delete(&format!("{KEYS}/nonsense"))).await.0, 404);
    let (_, log) = answer(app.member(Role::Admin).get("/api/v1/projects/demo-co/audit-entries")).await;
    let actions = log["items"].as_array().expect("a list").iter().filter(|entry| entry["action"] == "revoke").count();
    assert_eq!(actions, 1);
}

async fn a_key_opens_its_own_project_only(app: &TestApp) {
    let new = NewProject { slug: "other".into(), name: "Other".into(), settings: ProjectSettings::default() };
    app.app.create_project_as_system("test", new, Some(app.account(Role::Admin))).await.expect("a project");
    let key = app.program(&[Scope::Admin]).await;
    let mut answers = Vec::new();
    for slug in ["other", "unknown", "%00", "demo-co%2f..%2fother"] {
        answers.push(answer(key.get(&format!("/api/v1/projects/{slug}/settings"))).await);
        answers.push(answer(app.member(Role::Viewer).get(&format!("/api/v1/projects/{slug}/settings"))).await);
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "another's is like one that is not there: {answers:?}");
    assert_eq!(answer(app.client(Who::Outsider).get(SETTINGS)).await, answers[0]);
    assert_eq!(answer(app.member(Role::Admin).get("/api/v1/projects/other/settings")).await.0, 200);
    let (_, list) = answer(key.get("/api/v1/projects")).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    let (_, list) = answer(app.member(Role::Admin).get("/api/v1/projects")).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
}

async fn a_key_is_never_allowed_more_than_its_maker(app: &TestApp) {
    for scope in [Scope::Ingest, Scope::Read, Scope::Facts, Scope::Triage, Scope::Gate] {
        let client = app.program(&[scope]).await;
        let body = json!({"name": "more", "scopes": ["admin"]});
        let (status, body) = answer(client.post(KEYS).json(&body)).await;
        assert_eq!((status, body["code"].as_str()), (403, Some("forbidden")), "{scope}");
    }
    let admin = app.program(&[Scope::Admin]).await;
    assert_eq!(answer(admin.post(KEYS).json(&json!({"name": "same", "scopes": ["admin"]}))).await.0, 201);
    for body in [json!({"name": "none", "scopes": []}), json!({"name": " ", "scopes": ["read"]})] {
        assert_eq!(answer(admin.post(KEYS).json(&body)).await.0, 422);
    }
    assert_eq!(answer(admin.post(KEYS).json(&json!({"name": "x", "scopes": ["root"]}))).await.0, 400);
    let project = json!({"slug": "by-key", "name": "By key"});
    assert_eq!(answer(admin.post("/api/v1/projects").json(&project)).await.0, 403, "a key has one project");
    assert_eq!(answer(admin.get("/api/v1/account")).await.0, 401, "a key has no account");
}

async fn the_use_of_a_key_is_noted_to_the_minute(app: &TestApp) {
    let key = app.api_key(&[Scope::Read]).await;
    let used_at = async || {
        let (_, list) = answer(app.member(Role::Admin).get(KEYS)).await;
        list["items"][0]["used_at"].as_str().map(str::to_owned)
    };
    assert_eq!(used_at().await, None);
    assert_eq!(with_key(app, &key).await.0, 200);
    let first = used_at().await.expect("noted");
    app.clock.advance(Duration::from_secs(59));
    assert_eq!(with_key(app, &key).await.0, 200);
    assert_eq!(used_at().await.as_deref(), Some(first.as_str()));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(with_key(app, &key).await.0, 200);
    assert_eq!(used_at().await.as_deref(), Some("2026-03-02T09:01:00.000000Z"));
}

async fn tokens_are_issued_and_end(app: &TestApp) {
    let issue = async |body: Value| answer(app.client(Who::Nobody).post("/api/v1/tokens").json(&body)).await;
    let email = app.email(Role::Viewer);
    let (status, issued) = issue(json!({"email": email, "password": PASSWORD})).await;
    assert_eq!(
        (status, issued["token_type"].as_str(), issued["expires_in"].as_i64()),
        (201, Some("Bearer"), Some(3_600))
    );
    let token = issued["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(with_key(app, &token).await.0, 200);

    let mut forged = token.clone();
    let last = if forged.ends_with('A') { 'B' } else { 'A' };
    forged.replace_range(forged.len() - 8..forged.len() - 7, &last.to_string());
    assert_eq!(with_key(app, &forged).await.0, 401);
    app.clock.advance(Duration::from_secs(3_700));
    let (status, body) = with_key(app, &token).await;
    assert_eq!(status, 401);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("expired")), "{body}");

    assert_eq!(issue(json!({"email": email, "password": "wrong"})).await.0, 401);
    assert_eq!(issue(json!({"email": email})).await.0, 422);
    assert_eq!(issue(json!({})).await.0, 401, "without a session");
    let renewed = app.member(Role::Viewer).post("/api/v1/tokens").json(&json!({}));
    assert_eq!(answer(renewed).await.0, 401, "a token cannot renew itself for ever");
    let (status, keys) = answer(app.client(Who::Nobody).get("/api/v1/jwks")).await;
    assert_eq!((status, keys["keys"][0]["alg"].as_str()), (200, Some("EdDSA")));
    assert!(keys["keys"][0].get("d").is_none(), "the private half stays here");
}

async fn a_token_says_who_not_what(app: &TestApp) {
    let token = app.app.issue_token(app.account(Role::Reviewer)).expect("a token").token.expose().to_owned();
    assert_eq!(with_key(app, &token).await.0, 200);
    let member = format!("/api/v1/projects/demo-co/members/{}", app.account(Role::Reviewer));
    assert_eq!(answer(app.member(Role::Admin).delete(&member)).await.0, 204);
    assert_eq!(with_key(app, &token).await.0, 404, "gone at once, with the token still good");
    assert_eq!(answer(app.client(Who::Key(token)).get("/api/v1/account")).await.0, 200);
}
