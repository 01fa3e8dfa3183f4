//! Projects: made, set up, and closed to those outside.

use seatrial_domain::access::Role;
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both};

both!(
    an_admin_makes_projects,
    settings_are_checked_and_kept,
    prices_are_replaced_as_a_whole,
    own_failure_classes_win_over_built_in_ones,
    every_change_is_in_the_audit_log,
    bodies_are_bounded_and_of_one_kind,
);

async fn put(app: &TestApp, noun: &str, body: &Value) -> (u16, Value) {
    answer(app.member(Role::Admin).put(&format!("/api/v1/projects/demo-co/{noun}")).json(body)).await
}

async fn get(app: &TestApp, noun: &str) -> Value {
    let (status, body) = answer(app.member(Role::Viewer).get(&format!("/api/v1/projects/demo-co/{noun}"))).await;
    assert_eq!(status, 200);
    body
}

async fn an_admin_makes_projects(app: &TestApp) {
    let make = async |who: Who, slug: &str| {
        let body = json!({"slug": slug, "name": "Näme <b>\u{202e}", "settings": {"currency": "EUR"}});
        answer(app.client(who).post("/api/v1/projects").json(&body)).await
    };
    let admin = || Who::Member(Role::Admin);
    let (status, project) = make(admin(), "eu-1").await;
    assert_eq!((status, project["slug"].as_str()), (201, Some("eu-1")));
    assert!(project["id"].as_str().is_some_and(|id| id.starts_with("prj_")));
    let path = "/api/v1/projects/eu-1/members";
    let (_, members) = answer(app.client(admin()).get(path)).await;
    assert_eq!(members["items"][0]["roles"], json!(["admin"]), "the maker is its admin");
    assert_eq!(answer(app.member(Role::Viewer).get(path)).await.0, 404, "nobody else is in it");

    let (status, body) = make(admin(), "eu-1").await;
    assert_eq!((status, body["code"].as_str()), (409, Some("already_exists")));
    for who in [Who::Member(Role::Owner), Who::Outsider] {
        assert_eq!(make(who, "eu-2").await.0, 403);
    }
    for slug in ["", "a", "A-b", "a_b", "-a", "a-", "a--b", "a/b", "ü-b", &"a".repeat(65)] {
        let (status, body) = make(admin(), slug).await;
        assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("slug")), "{slug:?}");
    }
}

async fn settings_are_checked_and_kept(app: &TestApp) {
    assert_eq!(get(app, "settings").await, json!({"currency": "USD", "labour_nanos_per_hour": 0}));
    let settings = json!({"currency": "EUR", "labour_nanos_per_hour": 60_000_000_000_i64});
    assert_eq!(put(app, "settings", &settings).await, (200, settings.clone()));
    assert_eq!(get(app, "settings").await, settings);
    for wrong in [json!({"currency": "euro"}), json!({"labour_nanos_per_hour": -1})] {
        assert_eq!(put(app, "settings", &wrong).await.0, 422, "{wrong}");
    }
    for unreadable in [json!({"curency": "EUR"}), json!({"currency": 3}), json!("EUR")] {
        assert_eq!(put(app, "settings", &unreadable).await.0, 400, "{unreadable}");
    }
    assert_eq!(get(app, "settings").await, settings);
}

async fn prices_are_replaced_as_a_whole(app: &TestApp) {
    assert_eq!(get(app, "prices").await, json!({}));
    let prices = json!({
        "large-2": {"input_nanos": 3_000, "output_nanos": 15_000},
        "small-1": {"input_nanos": 150, "output_nanos": 600},
    });
    assert_eq!(put(app, "prices", &prices).await, (200, prices.clone()));
    assert_eq!(get(app, "prices").await, prices);
    let one = json!({"small-1": {"input_nanos": 0, "output_nanos": 1}});
    assert_eq!(put(app, "prices", &one).await.0, 200);
    assert_eq!(get(app, "prices").await, one);
    for wrong in [
        json!({"m": {"input_nanos": -1, "output_nanos": 1}}),
        json!({"m": {"input_nanos": 1, "output_nanos": 2_000_000}}),
        json!({"": {"input_nanos": 1, "output_nanos": 1}}),
        json!({"a\u{7}b": {"input_nanos": 1, "output_nanos": 1}}),
    ] {
        assert_eq!(put(app, "prices", &wrong).await.0, 422, "{wrong}");
    }
    let many: serde_json::Map<String, Value> =
        (0..501).map(|n| (format!("m{n}"), json!({"input_nanos": 1, "output_nanos": 1}))).collect();
    assert_eq!(put(app, "prices", &Value::Object(many)).await.0, 422);
    assert_eq!(get(app, "prices").await, one);
    assert_eq!(put(app, "prices", &json!({})).await.0, 200);
    assert_eq!(get(app, "prices").await, json!({}));
}

async fn own_failure_classes_win_over_built_in_ones(app: &TestApp) {
    let built_in = get(app, "failure-classes").await;
    let built_in = built_in["items"].as_array().expect("a list").len();
    let own = json!({"items": [
        {"name": "timeout", "severity": "critical", "meaning": "Our trades go stale"},
        {"name": "wrong_currency", "severity": "major", "meaning": "Paid in another currency"},
    ]});
    let (status, classes) = put(app, "failure-classes", &own).await;
    assert_eq!(status, 200, "{classes}");
    let items = get(app, "failure-classes").await["items"].as_array().expect("a list").clone();
    assert_eq!(items.len(), built_in + 1);
    let timeouts: Vec<_> = items.iter().filter(|class| class["name"] == "timeout").collect();
    assert_eq!(timeouts.len(), 1);
    assert_eq!(timeouts[0]["severity"], "critical");
    let twice = json!({"items": [own["items"][0], own["items"][0]]});
    let (status, body) = put(app, "failure-classes", &twice).await;
    assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("[1].name")));
    let unknown = json!({"items": [{"name": "x", "severity": "huge", "meaning": ""}]});
    assert_eq!(put(app, "failure-classes", &unknown).await.0, 400);
}

async fn every_change_is_in_the_audit_log(app: &TestApp) {
    assert_eq!(put(app, "settings", &json!({"currency": "EUR"})).await.0, 200);
    assert_eq!(put(app, "prices", &json!({"m": {"input_nanos": 1, "output_nanos": 1}})).await.0, 200);
    assert_eq!(put(app, "failure-classes", &json!({"items": []})).await.0, 200);
    assert_eq!(put(app, "settings", &json!({"currency": "?"})).await.0, 422);
    let path = "/api/v1/projects/demo-co/audit-entries";
    let mut actions = Vec::new();
    let mut next = format!("{path}?limit=1");
    loop {
        let (status, page) = answer(app.member(Role::ReleaseManager).get(&next)).await;
        assert_eq!(status, 200);
        let items = page["items"].as_array().expect("a list");
        actions.extend(items.iter().map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()));
        assert!(items.iter().all(|entry| entry["actor"].as_str().is_some_and(|actor| !actor.is_empty())));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}?limit=1&cursor={cursor}"),
            None => break,
        }
    }
    actions.sort();
    assert_eq!(actions, ["change_failure_classes", "change_prices", "change_settings", "create"]);
    for query in ["cursor=nonsense", "cursor=1.2"] {
        assert_eq!(answer(app.member(Role::Admin).get(&format!("{path}?{query}"))).await.0, 422);
    }
    assert_eq!(answer(app.member(Role::Admin).get(&format!("{path}?limit=many"))).await.0, 400);
}

async fn bodies_are_bounded_and_of_one_kind(app: &TestApp) {
    let path = "/api/v1/projects/demo-co/settings";
    let admin = app.member(Role::Admin);
    let cases = [
        (admin.put(path).body("{}"), 415),
        (admin.put(path).header("content-type", "application/json").body("{"), 400),
        (admin.put(path).header("content-type", "application/json").body(" ".repeat(300 << 10)), 413),
        (admin.put(path).header("content-encoding", "gzip").json(&json!({})), 415),
        (admin.delete(path), 404),
    ];
    for (request, expected) in cases {
        let (status, body) = answer(request).await;
        assert_eq!(status, expected, "{body}");
        assert!(body["code"].is_string() && body["detail"].is_string(), "{body}");
    }
}
