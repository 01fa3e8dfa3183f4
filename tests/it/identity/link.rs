//! Links that arrive by mail: new passwords and invitations.

use std::time::Duration;

use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{Builder, PASSWORD, TestApp, Who, answer, both, run_with};
use crate::support::sql::texts;
use crate::support::visitor::{Visitor, between};

const NEW: &str = "a quite new passphrase";
const INVITATIONS: &str = "/api/v1/projects/demo-co/invitations";

fn with_mail(test: impl AsyncFnOnce(&TestApp) + Copy) {
    run_with(Builder::new(Backend::Sqlite).with_mail(), test);
    run_with(Builder::new(Backend::Postgres).with_mail(), test);
}

async fn post(app: &TestApp, path: &str, body: Value) -> (u16, Value) {
    answer(app.client(Who::Nobody).post(path).json(&body)).await
}

async fn ask(app: &TestApp, email: &str) -> (u16, Value) {
    post(app, "/api/v1/password-resets", json!({"email": email})).await
}

/// Lets the worker send, and returns the address and the link's token of each mail that came since.
async fn sent(app: &TestApp, seen: usize) -> Vec<(String, String)> {
    jobs::deliver_due(&app.app).await.expect("mail is sent");
    let mails = app.mail.as_ref().expect("a mail server").mails();
    let token = |text: &str| {
        let after = text.split("token=").nth(1).unwrap_or_default();
        after.split_whitespace().next().unwrap_or_default().to_owned()
    };
    mails.iter().skip(seen).map(|mail| (mail.to[0].clone(), token(&mail.text()))).collect()
}

#[test]
fn a_link_sets_a_new_password_once_and_ends_what_rests_on_the_old() {
    with_mail(async |app: &TestApp| {
        let email = app.email(Role::Reviewer);
        let session = app.app.begin_session(app.account(Role::Reviewer)).await.expect("a session");
        let token = app.app.issue_token(app.account(Role::Reviewer)).expect("a token").token.expose().to_owned();
        let with_token = || app.client(Who::Key(token.clone())).get("/api/v1/account");
        assert_eq!(answer(with_token()).await.0, 200);
        assert_eq!(ask(app, &email.to_uppercase()).await.0, 202);
        let mails = sent(app, 0).await;
        assert_eq!((mails.len(), mails[0].0.as_str()), (1, email.as_str()));
        let link = &mails[0].1;
        assert!(link.starts_with("sea_reset_"), "{link}");

        app.clock.advance(Duration::from_secs(60));
        let choice = |password: &str| json!({"token": link, "new_password": password});
        let (status, body) = post(app, "/api/v1/password-choices", choice("short")).await;
        assert_eq!(
            (status, body["errors"][0]["field"].as_str()),
            (422, Some("new_password")),
            "and the link still works"
        );
        assert_eq!(post(app, "/api/v1/password-choices", choice(NEW)).await.0, 204);
        let (status, body) = post(app, "/api/v1/password-choices", choice(NEW)).await;
        assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("token")), "a link works once");

        let sign_in =
            async |password: &str| post(app, "/api/v1/sessions", json!({"email": email, "password": password})).await.0;
        assert_eq!((sign_in(PASSWORD).await, sign_in(NEW).await), (401, 201));
        assert!(app.app.resolve_session(session.token.expose()).await.is_err(), "sessions end");
        assert_eq!(answer(with_token()).await.0, 401, "access tokens end");
        let fresh = app.member(Role::Reviewer).get("/api/v1/account");
        assert_eq!(answer(fresh).await.0, 200, "one that was issued since is good");
        let (_, log) = answer(app.member(Role::Admin).get("/api/v1/projects/demo-co/audit-entries?noun=account")).await;
        assert_eq!(log["items"][0]["action"], "reset_password");
        assert!(!log.to_string().contains(link.as_str()) && !log.to_string().contains(NEW), "no secret in the log");
    });
}

#[test]
fn asking_tells_nobody_who_has_an_account() {
    with_mail(async |app: &TestApp| {
        let known = ask(app, &app.email(Role::Viewer)).await;
        let unknown = ask(app, "nobody@demo-co.example").await;
        assert_eq!((known.0, &known), (202, &unknown));
        for _ in 0..3 {
            ask(app, &app.email(Role::Viewer)).await;
        }
        assert_eq!(sent(app, 0).await.len(), 1, "one link, to who has an account, however often somebody asks");
        app.clock.advance(Duration::from_secs(5 * 60 + 1));
        ask(app, &app.email(Role::Viewer)).await;
        let again = sent(app, 1).await;
        assert_eq!(again.len(), 1);
        app.clock.advance(Duration::from_secs(3_600));
        let late = json!({"token": again[0].1, "new_password": NEW});
        assert_eq!(post(app, "/api/v1/password-choices", late).await.0, 422, "an hour is over");
        let (_, body) =
            post(app, "/api/v1/password-choices", json!({"token": "sea_reset_x", "new_password": NEW})).await;
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("ask for a new one")), "{body}");
    });
}

#[test]
fn what_a_mail_said_is_forgotten_when_it_is_sent() {
    run_with(Builder::new(Backend::Sqlite).with_mail(), async |app: &TestApp| {
        ask(app, &app.email(Role::Viewer)).await;
        let (_, token) = sent(app, 0).await.remove(0);
        assert!(token.starts_with("sea_reset_"));
        assert_eq!(texts(app, "SELECT payload_json FROM outbox").await, ["{}"]);
    });
}

#[test]
fn without_a_mail_server_it_says_so_to_everybody() {
    run_with(Builder::new(Backend::Sqlite), async |app: &TestApp| {
        let known = ask(app, &app.email(Role::Viewer)).await;
        assert_eq!((known.0, known.1["code"].as_str()), (409, Some("no_mail_server")));
        assert_eq!(ask(app, "nobody@demo-co.example").await, known);
        let page = Visitor::new(app).get("/password-reset").await.ok();
        assert!(page.contains("no mail server") && !page.contains("<form"), "{page}");
    });
}

#[test]
fn a_person_gets_a_new_password_on_pages() {
    run_with(Builder::new(Backend::Sqlite).with_mail(), async |app: &TestApp| {
        let visitor = Visitor::new(app);
        let sign_in = visitor.get("/sign-in").await.ok();
        assert!(sign_in.contains("href=\"/password-reset\""));
        let page = visitor.get("/password-reset").await.ok();
        let email = app.email(Role::Owner);
        assert!(visitor.send("/password-reset", &page, &[("email", &email)]).await.ok().contains("on its way"));
        let (_, token) = sent(app, 0).await.remove(0);
        let choose = format!("/password-reset/choose?token={token}");
        let page = visitor.get(&choose).await.ok();
        let form = [("token", token.as_str()), ("new_password", "short")];
        let again = visitor.send("/password-reset/choose", &page, &form).await;
        assert_eq!(again.status, 422);
        let form = [("token", token.as_str()), ("new_password", NEW)];
        let done = visitor.send("/password-reset/choose", &again.text, &form).await.goes_on();
        assert_eq!(done, "/sign-in?done=password_chosen");
        let over = visitor.get(&choose).await;
        assert_eq!(over.status, 422);
        assert!(visitor.send_bare("/password-reset/choose", &form).await.status == 403, "a form has its token");
    });
}

both!(
    invitations_are_listed_and_taken_back,
    the_account_page_shows_sessions_and_changes_the_password,
    ended_sessions_are_removed,
);

#[test]
fn an_invitation_makes_an_account_once() {
    with_mail(async |app: &TestApp| {
        let admin = app.member(Role::Admin);
        let body = json!({"email": "Cleo@demo-co.example", "roles": ["owner"]});
        let (status, made) = answer(admin.post(INVITATIONS).json(&body)).await;
        assert_eq!((status, made["state"].as_str(), made.get("url")), (201, Some("open"), None));
        let known = json!({"email": "outsider@demo-co.example", "roles": ["viewer"]});
        let (status, other) = answer(admin.post(INVITATIONS).json(&known)).await;
        assert_eq!(status, 201);
        let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&made), keys(&other), "who invites is not told who has an account");
        let mails = sent(app, 0).await;
        let token = &mails.iter().find(|(to, _)| to == "cleo@demo-co.example").expect("a mail").1;

        let (status, body) = post(app, "/api/v1/invitation-acceptances", json!({"token": token})).await;
        assert_eq!((status, body["errors"][0]["field"].as_str()), (422, Some("password")));
        let coming = json!({"token": token, "name": "Cleo", "password": NEW});
        let (status, account) = post(app, "/api/v1/invitation-acceptances", coming.clone()).await;
        assert_eq!((status, account["email"].as_str()), (201, Some("cleo@demo-co.example")));
        assert_eq!(post(app, "/api/v1/invitation-acceptances", coming).await.0, 422, "once");
        let sign_in = json!({"email": "cleo@demo-co.example", "password": NEW});
        assert_eq!(post(app, "/api/v1/sessions", sign_in).await.0, 201);

        // Somebody with an account joins with it, on a page, and keeps their password.
        let token = &mails.iter().find(|(to, _)| to.starts_with("outsider")).expect("a mail").1;
        let visitor = Visitor::new(app);
        let page = visitor.get(&format!("/invitation?token={token}")).await.ok();
        assert!(page.contains("Demo &amp; Co.") && !page.contains("type=\"password\""), "{page}");
        let done = visitor.send("/invitation", &page, &[("token", token), ("name", ""), ("password", "")]).await;
        assert_eq!(done.goes_on(), "/sign-in?done=joined");
        assert_eq!(answer(app.client(Who::Outsider).get("/api/v1/projects/demo-co/members")).await.0, 200);
        let (_, list) = answer(admin.get(INVITATIONS)).await;
        let states: Vec<&str> =
            list["items"].as_array().expect("a list").iter().filter_map(|i| i["state"].as_str()).collect();
        assert_eq!(states, ["accepted", "accepted"]);
        let (_, log) = answer(admin.get("/api/v1/projects/demo-co/audit-entries?noun=invitation&action=accept")).await;
        assert_eq!(log["items"].as_array().map(Vec::len), Some(2));
    });
}

async fn invitations_are_listed_and_taken_back(app: &TestApp) {
    let admin = app.member(Role::Admin);
    let invite = async |email: &str| {
        let body = json!({"email": email, "roles": ["viewer"]});
        answer(admin.post(INVITATIONS).json(&body)).await
    };
    let token = |made: &Value| {
        let url = made["url"].as_str().expect("without a mail server, the link is handed over by hand");
        url.split("token=").nth(1).expect("a token").to_owned()
    };
    let (_, first) = invite("dora@demo-co.example").await;
    let (_, second) = invite("dora@demo-co.example").await;
    let accept = async |token: String| {
        post(app, "/api/v1/invitation-acceptances", json!({"token": token, "name": "Dora", "password": NEW})).await.0
    };
    assert_eq!(accept(token(&first)).await, 422, "the later one took its place");
    let path = format!("{INVITATIONS}/{}", second["id"].as_str().expect("an id"));
    for _ in 0..2 {
        assert_eq!(answer(admin.delete(&path)).await.0, 204);
    }
    assert_eq!(accept(token(&second)).await, 422);
    let (_, third) = invite("dora@demo-co.example").await;
    app.clock.advance(Duration::from_secs(7 * 24 * 3_600));
    assert_eq!(accept(token(&third)).await, 422);
    let (_, list) = answer(admin.get(&format!("{INVITATIONS}?limit=2"))).await;
    assert_eq!((&list["items"][0]["state"], &list["items"][1]["state"]), (&json!("expired"), &json!("revoked")));
    assert!(list["next_cursor"].is_string() && !list.to_string().contains("sea_invite_"));
    let (status, body) = invite(&app.email(Role::Viewer)).await;
    assert_eq!((status, body["code"].as_str()), (409, Some("already_a_member")));
    let wrong = json!({"email": "x", "roles": []});
    assert_eq!(answer(admin.post(INVITATIONS).json(&wrong)).await.0, 422);
    assert_eq!(answer(app.member(Role::Owner).post(INVITATIONS).json(&wrong)).await.0, 403);
}

async fn the_account_page_shows_sessions_and_changes_the_password(app: &TestApp) {
    let other = Visitor::signed_in(app, Role::Viewer).await;
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let page = visitor.get("/account").await.ok();
    assert_eq!(page.matches("this one").count(), 1);
    let path = between(&page, "action=\"/account/sessions/", "\"").expect("the other browser");
    let done = visitor.send(&format!("/account/sessions/{path}"), &page, &[]).await.goes_on();
    assert_eq!(done, "/account?done=session_ended");
    assert_eq!(other.get("/account").await.status, 303, "it is signed out");
    let change = [("present_password", "wrong"), ("new_password", NEW)];
    assert_eq!(visitor.send("/account/password", &page, &change).await.status, 422);
    let change = [("present_password", PASSWORD), ("new_password", NEW)];
    let done = visitor.send("/account/password", &page, &change).await.goes_on();
    assert!(visitor.get(&done).await.ok().contains("Your password is changed"));
}

async fn ended_sessions_are_removed(app: &TestApp) {
    let idle = app.app.begin_session(app.account(Role::Viewer)).await.expect("a session");
    app.clock.advance(Duration::from_secs(11 * 3_600));
    app.app.begin_session(app.account(Role::Viewer)).await.expect("a session");
    assert_eq!(jobs::forget_ended(&app.app).await.expect("it is done"), 0);
    app.clock.advance(Duration::from_secs(2 * 3_600));
    assert_eq!(jobs::forget_ended(&app.app).await.expect("it is done"), 1, "the one that was not used for half a day");
    assert!(app.app.resolve_session(idle.token.expose()).await.is_err());
    assert_eq!(app.app.sessions(app.account(Role::Viewer)).await.expect("a list").len(), 1);
}
