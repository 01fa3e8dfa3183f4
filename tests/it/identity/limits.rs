//! Limits on requests, keys that sign, requests that are sent again.

use std::time::Duration;

use seatrial_domain::access::{Role, Scope};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{Builder, TestApp, Who, answer, both, run_with};
use crate::support::sql::texts;

const KEYS: &str = "/api/v1/projects/demo-co/api-keys";
const SETTINGS: &str = "/api/v1/projects/demo-co/settings";
const KEY: &str = "5f1d3c5e-0c3f-4a0e-9d4a-1b2c3d4e5f60";

#[test]
fn a_key_that_asks_too_often_waits_and_others_do_not() {
    let builder = Builder::new(Backend::Sqlite).with("limits.caller_requests_per_second", "3");
    run_with(builder, async |app: &TestApp| {
        let (wild, calm) = (app.program(&[Scope::Read, Scope::Ingest]).await, app.program(&[Scope::Read]).await);
        let mut refused = None;
        for _ in 0..200 {
            let response = wild.get(SETTINGS).send().await.expect("the service answers");
            if response.status() == 429 {
                refused = Some(response);
                break;
            }
            assert_eq!(response.status(), 200);
        }
        let refused = refused.expect("the limit is reached");
        assert_eq!(refused.headers()["retry-after"], "1");
        let body: Value = refused.json().await.expect("a problem");
        assert_eq!(body["code"], "rate_limited");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("this API key")), "{body}");
        assert_eq!(answer(calm.get(SETTINGS)).await.0, 200, "another key is not held up");
    });
}

#[test]
fn an_address_that_asks_too_often_waits_whoever_asks() {
    let builder = Builder::new(Backend::Sqlite).with("limits.address_requests_per_second", "5");
    run_with(builder, async |app: &TestApp| {
        let mut statuses = Vec::new();
        for _ in 0..200 {
            let status = answer(app.client(Who::Key("sea_wrong".to_owned())).get(SETTINGS)).await.0;
            statuses.push(status);
            if status == 429 {
                break;
            }
        }
        assert_eq!(statuses.last(), Some(&429), "guesses of keys are counted too: {statuses:?}");
        let traces = app.client(Who::Key("sea_wrong".to_owned())).post("/v1/traces").body("{}");
        let response = traces.header("content-type", "application/json").send().await.expect("an answer");
        assert!([401, 429].contains(&response.status().as_u16()));
        let live = app.client(Who::Nobody).get("/healthz").send().await.expect("an answer");
        assert_eq!(live.status(), 200, "whoever watches the service is not held up");
    });
}

both!(
    a_new_signing_key_takes_over_and_the_old_one_ends,
    a_creation_sent_again_is_answered_as_the_first_time,
    a_key_names_one_request,
    requests_at_once_are_carried_out_once,
);

async fn a_new_signing_key_takes_over_and_the_old_one_ends(app: &TestApp) {
    app.app.register_signing_key().await.expect("registered");
    let token = || app.app.issue_token(app.account(Role::Viewer)).expect("a token").token.expose().to_owned();
    let works = async |token: &str| answer(app.client(Who::Key(token.to_owned())).get("/api/v1/account")).await.0;
    let published = async || {
        let (_, keys) = answer(app.client(Who::Nobody).get("/api/v1/jwks")).await;
        let keys = keys["keys"].as_array().expect("a list").clone();
        keys.iter().map(|key| key["kid"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let old = token();
    let first = published().await;
    assert_eq!(first.len(), 1);
    let name = app.app.rotate_signing_key("test", false).await.expect("rotated");
    let new = token();
    assert_eq!((works(&old).await, works(&new).await), (200, 200));
    let mut both = published().await;
    both.sort();
    let mut expected = vec![first[0].clone(), name.clone()];
    expected.sort();
    assert_eq!(both, expected, "both are published while tokens of both are good");
    app.clock.advance(Duration::from_secs(3_700));
    seatrial::worker::jobs::forget_ended(&app.app).await.expect("done");
    assert_eq!(published().await, [name]);
    let old = token();
    app.app.rotate_signing_key("test", true).await.expect("rotated");
    assert_eq!((works(&old).await, works(&token()).await), (401, 200), "after a leak the old key ends at once");
}

async fn create(app: &TestApp, key: &str, name: &str) -> (u16, Option<String>, Value) {
    let body = json!({"name": name, "scopes": ["read"]});
    let request = app.member(Role::Admin).post(KEYS).header("idempotency-key", key).json(&body);
    let response = request.send().await.expect("the service answers");
    let replayed = response.headers().get("idempotency-replayed").map(|value| value.to_str().unwrap_or("").to_owned());
    (response.status().as_u16(), replayed, response.json().await.expect("JSON"))
}

async fn keys(app: &TestApp) -> usize {
    let (_, list) = answer(app.member(Role::Admin).get(KEYS)).await;
    list["items"].as_array().expect("a list").len()
}

async fn a_creation_sent_again_is_answered_as_the_first_time(app: &TestApp) {
    let first = create(app, KEY, "ci").await;
    assert_eq!((first.0, first.1.as_deref()), (201, None));
    let again = create(app, KEY, "ci").await;
    assert_eq!((again.0, again.1.as_deref()), (201, Some("true")));
    assert_eq!(again.2, first.2, "the key itself too");
    assert_eq!(keys(app).await, 1);
    let stored = texts(app, "SELECT 'one' FROM idempotency_keys WHERE answer IS NOT NULL").await;
    assert_eq!(stored.len(), 1);
    // What is refused changes nothing, and may be sent again corrected.
    assert_eq!(create(app, "another-key-of-sixteen", "").await.0, 422);
    assert_eq!(create(app, "another-key-of-sixteen", "ok").await.0, 201);
    app.clock.advance(Duration::from_secs(25 * 3_600));
    seatrial::worker::jobs::forget_ended(&app.app).await.expect("done");
    assert_eq!(create(app, KEY, "ci").await.1, None, "after a day it is a new request");
}

async fn a_key_names_one_request(app: &TestApp) {
    assert_eq!(create(app, KEY, "ci").await.0, 201);
    let (status, _, body) = create(app, KEY, "other").await;
    assert_eq!((status, body["code"].as_str()), (409, Some("idempotency_key_reused")));
    for key in ["short", "with a space in it, long enough", &"x".repeat(200)] {
        let (status, _, body) = create(app, key, "ci").await;
        assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("Idempotency-Key")), "{key}");
    }
    // The same key of somebody else is another key.
    let admin = app.program(&[Scope::Admin]).await;
    let body = json!({"name": "ci", "scopes": ["read"]});
    let request = admin.post(KEYS).header("idempotency-key", KEY).json(&body);
    assert_eq!(answer(request).await.0, 201);
    let nobody = app.client(Who::Nobody).post(KEYS).header("idempotency-key", KEY).json(&body);
    assert_eq!(answer(nobody).await.0, 401);
    let viewer = app.member(Role::Viewer).post(KEYS).header("idempotency-key", KEY).json(&body);
    assert_eq!(answer(viewer).await.0, 403);
}

async fn requests_at_once_are_carried_out_once(app: &TestApp) {
    let answers = futures_util::future::join_all((0..8).map(|_| create(app, KEY, "ci"))).await;
    for (status, _, body) in &answers {
        assert!(*status == 201 || body["code"] == "already_done", "{status} {body}");
    }
    assert!(answers.iter().any(|(status, ..)| *status == 201));
    assert_eq!(keys(app).await, 1);
}
