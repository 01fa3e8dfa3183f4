//! The audit log: who did what, from where, in a chain that nobody can change unseen.

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::audit::{ChainCheck, SealedEntry};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both};
use crate::support::sql::sql;
use crate::support::visitor::Visitor;
use crate::support::webhook_sink::WebhookSink;

both!(
    an_edit_is_logged_with_before_and_after_and_where_from,
    the_log_is_searched,
    the_log_has_a_page,
    the_log_is_exported_and_verifies,
    writers_at_once_leave_one_chain,
    the_database_refuses_to_change_the_log,
    accounts_and_sessions_are_in_the_log_of_the_installation,
    the_log_is_listed_in_the_order_of_its_chain,
    a_webhook_that_its_far_end_turns_off_is_in_the_log,
);

const LOG: &str = "/api/v1/projects/demo-co/audit-entries";
const EXPORT: &str = "/api/v1/projects/demo-co/audit-log";
const SETTINGS: &str = "/api/v1/projects/demo-co/settings";

/// What matches, the latest first.
async fn log(app: &TestApp, query: &str) -> Vec<Value> {
    app.clock.advance(std::time::Duration::from_millis(1));
    let (status, page) = answer(app.member(Role::Admin).get(&format!("{LOG}?{query}"))).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().expect("a list").clone()
}

async fn change_settings(app: &TestApp, currency: &str) {
    app.clock.advance(std::time::Duration::from_millis(1));
    let settings = json!({"currency": currency, "labour_nanos_per_hour": 0});
    assert_eq!(answer(app.member(Role::Admin).put(SETTINGS).json(&settings)).await.0, 200);
}

async fn exported(app: &TestApp) -> Vec<SealedEntry> {
    let response = app.member(Role::Admin).get(EXPORT).send().await.expect("the service answers");
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = response.text().await.expect("a body");
    text.lines().map(|line| serde_json::from_str(line).expect("a sealed entry")).collect()
}

fn check(entries: &[SealedEntry]) -> ChainCheck {
    let mut check = ChainCheck::new();
    for entry in entries {
        check.take(entry).unwrap_or_else(|problem| panic!("entry {}: {problem}", entry.record.sequence));
    }
    check
}

async fn an_edit_is_logged_with_before_and_after_and_where_from(app: &TestApp) {
    change_settings(app, "EUR").await;
    let response = app
        .member(Role::Admin)
        .put(SETTINGS)
        .json(&json!({"currency": "USD", "labour_nanos_per_hour": 5}))
        .send()
        .await
        .expect("the service answers");
    let request_id = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
    let entry = log(app, "limit=1").await.remove(0);
    assert_eq!(entry["action"], "change_settings");
    assert_eq!(
        (&entry["detail"]["before"]["currency"], &entry["detail"]["after"]["currency"]),
        (&json!("EUR"), &json!("USD"))
    );
    assert_eq!(
        (entry["address"].as_str(), entry["request_id"].as_str()),
        (Some("127.0.0.1"), Some(request_id.as_str()))
    );
    assert!(entry["actor"].as_str().is_some_and(|actor| actor.contains("Demo admin")), "{entry}");
    let key = app.program(&[KeyScope::Admin]).await;
    let prices = json!({"m": {"input_nanos": 1, "output_nanos": 2}});
    assert_eq!(answer(key.put("/api/v1/projects/demo-co/prices").json(&prices)).await.0, 200);
    let entry = log(app, "limit=1").await.remove(0);
    assert_eq!(entry["detail"], json!({"before": {}, "after": prices}));
    assert!(entry["actor"].as_str().is_some_and(|actor| actor.starts_with("api_key:")), "{entry}");
}

async fn the_log_is_searched(app: &TestApp) {
    for currency in ["EUR", "USD", "50%"] {
        let settings = json!({"currency": currency, "labour_nanos_per_hour": 0});
        answer(app.member(Role::Admin).put(SETTINGS).json(&settings)).await;
    }
    change_settings(app, "CHF").await;
    let key = json!({"name": "ci_key", "scopes": ["read"]});
    let (_, made) = answer(app.member(Role::Admin).post("/api/v1/projects/demo-co/api-keys").json(&key)).await;
    let id = made["id"].as_str().expect("an id");
    assert_eq!(log(app, "action=change_settings").await.len(), 3, "one was refused");
    assert_eq!(log(app, &format!("noun=api_key&noun_id={id}")).await.len(), 1);
    assert_eq!(log(app, "text=ci_key").await.len(), 1);
    assert_eq!(log(app, "text=ci%25key").await.len(), 0, "the text is a text, not a pattern");
    assert_eq!(log(app, "text=cixkey").await.len(), 0);
    let actor = app.account(Role::Admin);
    assert_eq!(log(app, &format!("actor={actor}&noun=project")).await.len(), 3);
    assert_eq!(log(app, &format!("actor={}", app.account(Role::Viewer))).await.len(), 0);
    assert_eq!(log(app, "from=2026-03-02T09:00:01Z").await.len(), 0);
    assert_eq!(log(app, "until=2026-03-02T08:59:59Z").await.len(), 0);
    let path = format!("{LOG}?noun={}", "x".repeat(201));
    assert_eq!(answer(app.member(Role::Admin).get(&path)).await.0, 422);
    assert_eq!(answer(app.member(Role::Owner).get(LOG)).await.0, 403);
    assert_eq!(answer(app.member(Role::Owner).get(EXPORT)).await.0, 403);
}

async fn the_log_is_exported_and_verifies(app: &TestApp) {
    for currency in ["EUR", "USD", "CHF"] {
        change_settings(app, currency).await;
    }
    let entries = exported(app).await;
    let whole = check(&entries);
    assert_eq!((whole.first_sequence(), whole.entries()), (Some(1), 4), "and the project that was made");
    let listed = log(app, "limit=1").await.remove(0);
    let (sequence, digest) = whole.head().expect("a head");
    assert_eq!(
        (listed["sequence"].as_u64(), listed["digest"].as_str()),
        (Some(sequence), Some(digest.to_string().as_str()))
    );

    let hostile = json!({"name": "=HYPERLINK(\"x\")\u{202e}", "scopes": ["read"]});
    answer(app.member(Role::Admin).post("/api/v1/projects/demo-co/api-keys").json(&hostile)).await;
    let response = app.member(Role::Admin).get(&format!("{EXPORT}?format=csv&noun=api_key")).send().await;
    let text = response.expect("the service answers").text().await.expect("a body");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("CSV")).collect();
    assert_eq!(rows.len(), 1, "{text}");
    assert_eq!((&rows[0][0], &rows[0][5], &rows[0][9]), ("5", "create", "127.0.0.1"));
    assert!(!text.contains('\u{202e}'), "hidden characters are shown");
}

async fn writers_at_once_leave_one_chain(app: &TestApp) {
    let body = |n: usize| json!({"name": format!("key {n}"), "scopes": ["read"]});
    let requests = (0..24).map(|n| {
        let request = app.member(Role::Admin).post("/api/v1/projects/demo-co/api-keys").json(&body(n));
        async move { answer(request).await.0 }
    });
    let statuses = futures_util::future::join_all(requests).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    assert_eq!(check(&exported(app).await).entries(), 25);
}

async fn the_database_refuses_to_change_the_log(app: &TestApp) {
    change_settings(app, "EUR").await;
    for statement in ["UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"] {
        let error = sql(app, statement).await.expect_err(statement);
        assert!(error.contains("append-only"), "{error}");
    }
    // Whoever goes around that is noticed.
    let (around, change) = match app.app.store.backend() {
        Backend::Sqlite => (
            "DROP TRIGGER audit_entries_are_not_changed",
            "UPDATE audit_entries SET canonical = CAST(replace(CAST(canonical AS TEXT), 'EUR', 'USD') AS BLOB)",
        ),
        Backend::Postgres => (
            "DROP TRIGGER audit_entries_are_not_changed ON audit_entries",
            "UPDATE audit_entries SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), 'EUR', 'USD'), 'UTF8')",
        ),
    };
    sql(app, around).await.expect("an administrator of the database can");
    sql(app, change).await.expect("changed");
    let entries = exported(app).await;
    let mut check = ChainCheck::new();
    assert!(entries.iter().any(|entry| check.take(entry).is_err()), "a change of the stored bytes is noticed");
}

async fn accounts_and_sessions_are_in_the_log_of_the_installation(app: &TestApp) {
    let begun = app.app.begin_session(app.account(Role::Viewer)).await.expect("a session");
    app.app.end_session(app.account(Role::Viewer), begun.id).await.expect("ended");
    app.app.sign_out_everywhere("test", app.account(Role::Viewer)).await.expect("done");
    let stream = std::sync::Arc::clone(&app.app).installation_audit();
    let batches: Vec<_> = futures_util::StreamExt::collect(stream).await;
    let entries: Vec<SealedEntry> = batches.into_iter().flat_map(|batch| batch.expect("a batch")).collect();
    check(&entries);
    let acts: Vec<String> =
        entries.iter().map(|entry| format!("{} {}", entry.record.action, entry.record.noun)).collect();
    assert_eq!(acts, ["begin session", "end session", "sign_out account"]);
    let text = serde_json::to_string(&entries).expect("plain data");
    assert!(!text.contains(begun.token.expose()));
    assert_eq!(answer(app.client(Who::Nobody).get(LOG)).await.0, 401);
}

async fn the_log_has_a_page(app: &TestApp) {
    change_settings(app, "EUR").await;
    let key = json!({"name": "<b>=cmd</b>", "scopes": ["read"]});
    answer(app.member(Role::Admin).post("/api/v1/projects/demo-co/api-keys").json(&key)).await;
    let admin = Visitor::signed_in(app, Role::Admin).await;
    assert!(admin.page("/settings").await.contains("href=\"/p/demo-co/audit\""), "it is found from the settings");
    let page = admin.page("/audit").await;
    assert!(page.contains("change_settings") && page.contains("127.0.0.1") && page.contains("sha256:"), "{page}");
    assert!(
        page.contains("&quot;currency&quot;: &quot;EUR&quot;") && page.contains("Nothing: it came to be."),
        "{page}"
    );
    assert!(page.contains("&lt;b&gt;=cmd&lt;/b&gt;") && !page.contains("<b>=cmd"), "what people wrote is text");
    let found = admin.page("/audit?action=change_settings").await;
    assert!(found.contains("EUR") && !found.contains("=cmd"), "searched: {found}");
    assert!(admin.page("/audit?text=nothing+of+the+kind").await.contains("No such entry"));
    assert_eq!(admin.get("/p/demo-co/audit?from=yesterday").await.status, 422);
    let whole = admin.get("/api/v1/projects/demo-co/audit-log").await;
    assert_eq!((whole.status, whole.text.lines().count()), (200, 3), "the link to all of it works from the page");
    for role in [Role::Viewer, Role::Reviewer, Role::Owner] {
        let visitor = Visitor::signed_in(app, role).await;
        assert_eq!(visitor.get("/p/demo-co/audit").await.status, 403, "{role}");
        assert!(!visitor.page("/settings").await.contains("/audit\""), "{role} is not led there");
    }
}

/// In a test the clock stands still: everything happens in one microsecond.
async fn the_log_is_listed_in_the_order_of_its_chain(app: &TestApp) {
    for n in 0..12 {
        let body = json!({"name": format!("key {n}"), "scopes": ["read"]});
        assert_eq!(answer(app.member(Role::Admin).post("/api/v1/projects/demo-co/api-keys").json(&body)).await.0, 201);
    }
    let mut listed = Vec::new();
    let mut next = String::new();
    loop {
        let (status, page) = answer(app.member(Role::Admin).get(&format!("{LOG}?limit=5{next}"))).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().expect("a list");
        listed.extend(items.iter().map(|entry| entry["sequence"].as_u64().expect("a place")));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(listed, (1..=13).rev().collect::<Vec<u64>>(), "each once, the latest first");
    let found = log(app, "noun=api_key&limit=3").await;
    let places: Vec<u64> = found.iter().map(|entry| entry["sequence"].as_u64().expect("a place")).collect();
    assert_eq!(places, [13, 12, 11]);
}

async fn a_webhook_that_its_far_end_turns_off_is_in_the_log(app: &TestApp) {
    let sink = WebhookSink::start().await;
    let hooks = "/api/v1/projects/demo-co/webhooks";
    let (status, made) = answer(app.member(Role::Admin).post(hooks).json(&json!({"url": sink.url()}))).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().expect("an id");
    sink.answer(410, 2).await;
    let test = || answer(app.member(Role::Admin).post(&format!("{hooks}/{id}/test")));
    let (first, second) = tokio::join!(test(), test());
    assert!(first.0 == 200 || second.0 == 200, "{first:?} {second:?}");
    let found = log(app, &format!("noun=webhook&noun_id={id}&action=disable")).await;
    assert_eq!(found.len(), 1, "it was turned off once, whoever was answered so: {found:?}");
    assert!(found[0]["actor"].as_str().is_some_and(|actor| actor.starts_with("system:outbox")), "{}", found[0]);
    let detail = &found[0]["detail"];
    assert_eq!(detail["before"]["disabled"], Value::Null, "{detail}");
    assert!(detail["after"]["disabled"].as_str().is_some_and(|why| why.contains("410")), "{detail}");
    check(&exported(app).await);
}
