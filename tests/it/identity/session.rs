//! Signing in by password, the session cookie, its form token and its end.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use seatrial_domain::access::Role;
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{Builder, PASSWORD, TestApp, Who, answer, both, run_with};

both!(
    a_wrong_address_and_a_wrong_password_look_the_same,
    the_cookie_is_strict,
    a_cookie_alone_changes_nothing,
    sessions_end_by_time,
    sessions_are_listed_and_ended,
    a_new_password_ends_other_sessions,
);

/// A browser that signed in.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
    csrf: String,
    body: Value,
}

async fn try_sign_in(app: &TestApp, email: &str, password: &str) -> Response {
    let body = json!({"email": email, "password": password});
    app.client(Who::Nobody).post("/api/v1/sessions").json(&body).send().await.expect("an answer")
}

async fn sign_in(app: &TestApp, role: Role) -> Browser<'_> {
    let response = try_sign_in(app, &app.email(role), PASSWORD).await;
    assert_eq!(response.status(), 201);
    let cookie =
        response.headers()["set-cookie"].to_str().expect("a cookie").split(';').next().unwrap_or("").to_owned();
    let body: Value = response.json().await.expect("JSON");
    let csrf = body["csrf_token"].as_str().expect("a form token").to_owned();
    Browser { app, cookie, csrf, body }
}

impl Browser<'_> {
    fn get(&self, path: &str) -> RequestBuilder {
        self.app.client(Who::Nobody).get(path).header("cookie", &self.cookie)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let request = self.app.client(Who::Nobody).post(path).header("cookie", &self.cookie);
        request.header("x-csrf-token", &self.csrf)
    }

    fn delete(&self, path: &str) -> RequestBuilder {
        let request = self.app.client(Who::Nobody).delete(path).header("cookie", &self.cookie);
        request.header("x-csrf-token", &self.csrf)
    }
}

async fn a_wrong_address_and_a_wrong_password_look_the_same(app: &TestApp) {
    let email = app.email(Role::Viewer);
    let mut answers = Vec::new();
    for (email, password) in [
        (email.as_str(), "not the password"),
        ("nobody@demo-co.example", "not the password"),
        ("not an address", PASSWORD),
        (email.as_str(), ""),
        (email.as_str(), "long ".repeat(1_000).as_str()),
    ] {
        let response = try_sign_in(app, email, password).await;
        assert!(!response.headers().contains_key("set-cookie"));
        answers.push((response.status(), response.text().await.expect("a body")));
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

async fn the_cookie_is_strict(app: &TestApp) {
    let response = try_sign_in(app, &format!("  {} ", app.email(Role::Viewer).to_uppercase()), PASSWORD).await;
    assert_eq!(response.status(), 201, "an address is compared without case and space around it");
    let cookie = response.headers()["set-cookie"].to_str().expect("a cookie").to_owned();
    assert!(cookie.starts_with("seatrial_session=sea_session_"), "{cookie}");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(flag), "{flag} is not in {cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let body: Value = response.json().await.expect("JSON");
    assert!(!body.to_string().contains("sea_session_"), "the token is in the cookie only");
}

async fn a_cookie_alone_changes_nothing(app: &TestApp) {
    let browser = sign_in(app, Role::Admin).await;
    let (status, account) = answer(browser.get("/api/v1/account")).await;
    assert_eq!((status, account["email"].as_str()), (200, Some("admin@demo-co.example")));
    assert_eq!(account["projects"][0]["roles"], json!(["admin"]));

    let project = json!({"slug": "second", "name": "Second"});
    let bare = app.client(Who::Nobody).post("/api/v1/projects").header("cookie", &browser.cookie).json(&project);
    let (status, body) = answer(bare.try_clone().expect("a copy")).await;
    assert_eq!((status, body["code"].as_str()), (403, Some("bad_form_token")));
    let other = sign_in(app, Role::Admin).await;
    let (status, _) = answer(bare.header("x-csrf-token", &other.csrf)).await;
    assert_eq!(status, 403, "another session's token");
    let (status, body) = answer(browser.post("/api/v1/projects").json(&project)).await;
    assert_eq!(status, 201, "{body}");

    // A header is never skipped in favour of the cookie.
    let (status, _) = answer(browser.get("/api/v1/account").bearer_auth("sea_wrong")).await;
    assert_eq!(status, 401);
}

async fn sessions_end_by_time(app: &TestApp) {
    let browser = sign_in(app, Role::Viewer).await;
    let status = async || answer(browser.get("/api/v1/account")).await;
    for _ in 0..15 {
        app.clock.advance(Duration::from_secs(11 * 3_600));
        assert_eq!(status().await.0, 200, "it is used every 11 hours, and the limit is 12");
    }
    app.clock.advance(Duration::from_secs(3 * 3_600));
    let (code, body) = status().await;
    assert_eq!(code, 401, "a week is over");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("expired")), "{body}");

    let idle = sign_in(app, Role::Viewer).await;
    app.clock.advance(Duration::from_secs(12 * 3_600));
    assert_eq!(answer(idle.get("/api/v1/account")).await.0, 401);
    let nonsense = app.client(Who::Nobody).get("/api/v1/account").header("cookie", "seatrial_session=nonsense");
    assert_eq!(answer(nonsense).await.0, 401);
}

async fn sessions_are_listed_and_ended(app: &TestApp) {
    let (first, second) = (sign_in(app, Role::Owner).await, sign_in(app, Role::Owner).await);
    let stranger = sign_in(app, Role::Viewer).await;
    let (_, list) = answer(first.get("/api/v1/sessions")).await;
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2, "only one's own");
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).map(|item| &item["id"]).collect();
    assert_eq!(current, [&first.body["id"]]);

    let path = format!("/api/v1/sessions/{}", second.body["id"].as_str().expect("an id"));
    assert_eq!(answer(stranger.delete(&path)).await.0, 404, "another person's");
    assert_eq!(answer(first.delete(&path)).await.0, 204);
    assert_eq!(answer(second.get("/api/v1/sessions")).await.0, 401);

    let response = first.delete("/api/v1/sessions").send().await.expect("an answer");
    assert_eq!(response.status(), 204);
    assert!(response.headers()["set-cookie"].to_str().is_ok_and(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(answer(first.get("/api/v1/sessions")).await.0, 401, "the token is of no use any more");
    let by_token = app.member(Role::Owner).get("/api/v1/sessions");
    assert_eq!(answer(by_token).await.0, 401, "a token is no session");
}

async fn a_new_password_ends_other_sessions(app: &TestApp) {
    let (here, there) = (sign_in(app, Role::Reviewer).await, sign_in(app, Role::Reviewer).await);
    let change = async |present: &str, new: &str| {
        let request = app.client(Who::Nobody).request(reqwest::Method::PUT, "/api/v1/account/password");
        let request = request.header("cookie", &here.cookie).header("x-csrf-token", &here.csrf);
        answer(request.json(&json!({"present_password": present, "new_password": new}))).await
    };
    let (status, body) = change("wrong", "a quite new passphrase").await;
    assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("present_password")));
    let (status, body) = change(PASSWORD, "short").await;
    assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("new_password")));
    assert_eq!(change(PASSWORD, "a quite new passphrase").await.0, 204);

    assert_eq!(answer(here.get("/api/v1/account")).await.0, 200);
    assert_eq!(answer(there.get("/api/v1/account")).await.0, 401);
    let email = app.email(Role::Reviewer);
    assert_eq!(try_sign_in(app, &email, PASSWORD).await.status(), 401);
    assert_eq!(try_sign_in(app, &email, "a quite new passphrase").await.status(), 201);
    let log = app.member(Role::Admin).get("/api/v1/projects/demo-co/audit-entries?limit=1");
    let (_, log) = answer(log).await;
    assert_eq!(log["items"][0]["action"], "change_password");
    assert!(!log.to_string().contains("passphrase"));
}

#[test]
fn the_attempt_after_the_limit_is_429() {
    let builder = Builder::new(Backend::Sqlite).with("auth.sign_in_attempts_per_minute", "3");
    run_with(builder, async |app: &TestApp| {
        let email = app.email(Role::Viewer);
        for _ in 0..2 {
            assert_eq!(try_sign_in(app, &email, "wrong").await.status(), 401);
        }
        let token = json!({"email": email, "password": PASSWORD});
        let token = app.client(Who::Nobody).post("/api/v1/tokens").json(&token);
        assert_eq!(answer(token.try_clone().expect("a copy")).await.0, 201, "tokens count in the same allowance");
        let response = try_sign_in(app, &email, PASSWORD).await;
        assert_eq!(response.status(), 429, "even with the right password");
        let wait: u32 = response.headers()["retry-after"].to_str().expect("a text").parse().expect("seconds");
        assert!((1..=60).contains(&wait));
        assert_eq!(answer(token).await.0, 429);
        assert_eq!(answer(app.member(Role::Viewer).get("/api/v1/account")).await.0, 200, "nothing else is limited");
    });
}
