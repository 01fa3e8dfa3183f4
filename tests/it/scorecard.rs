//! Scorecards: versions, attestation, freshness with its reasons, and the people who are told.

mod silent;

use std::sync::Arc;

use seatrial::app::ports::{Mailer, SystemRandomness};
use seatrial::app::{App, Ports, open_store};
use seatrial::auth::token::{SigningKey, Tokens};
use seatrial::notify::mail::SmtpMailer;
use seatrial::notify::outbound::GuardedOutbound;
use seatrial::notify::webhook::{WebhookSecret, verify};
use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_store::{Scope, member};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, Who, answer, both};
use crate::support::notices::{
    WORKFLOW, api, attest, attested, both_mailed, freshness, mails, on_day, pass, put, report_run, scorecard,
};
use crate::support::webhook_sink::WebhookSink;

both!(is_written_in_versions, refuses_what_cannot_stand, is_read_and_attested_by_those_who_may, says_why_it_is_stale,);
both_mailed!(
    tells_its_owner_once_when_due_and_when_stale,
    tells_backup_and_admins_when_nobody_acts,
    tells_admins_when_nobody_can_act,
    mails_hold_hostile_names,
);

fn path() -> String {
    api(&format!("workflows/{WORKFLOW}/scorecard"))
}

async fn is_written_in_versions(app: &TestApp) {
    report_run(app, "first", "success").await;
    let missing = answer(app.member(Role::Owner).get(&path())).await;
    assert_eq!((missing.0, &missing.1["code"]), (404, &json!("not_found")));
    let first = app.member(Role::Owner).put(&path()).json(&scorecard(app)).send().await.expect("an answer");
    assert_eq!((first.status().as_u16(), first.headers()["etag"].to_str().unwrap_or_default()), (201, "\"1\""));
    let first: Value = first.json().await.expect("JSON");
    assert_eq!((&first["version"], &first["owner"]["name"]), (&json!(1), &json!("Demo owner")));
    assert_eq!(first["freshness"]["reasons"][0]["kind"], "never_attested");

    let mut next = scorecard(app);
    next["name"] = json!("Refunds, stricter");
    // Not saying which version was read would overwrite what somebody else wrote.
    let blind = answer(app.member(Role::Owner).put(&path()).json(&next)).await;
    assert_eq!((blind.0, &blind.1["code"]), (409, &json!("version_conflict")));
    let request = app.member(Role::Owner).put(&path()).header("if-match", "\"1\"").json(&next);
    let (status, second) = answer(request).await;
    assert_eq!((status, &second["version"], &second["id"]), (200, &json!(2), &first["id"]), "{second}");
    next["version"] = json!(1);
    let late = answer(app.member(Role::Owner).put(&path()).json(&next)).await;
    assert_eq!((late.0, &late.1["code"]), (409, &json!("version_conflict")));
    assert!(late.1["detail"].as_str().unwrap_or_default().contains("version 2"), "{}", late.1);
    next["version"] = json!(2);
    assert_eq!(answer(app.member(Role::Owner).put(&path()).json(&next)).await.1["version"], 3);

    let (_, page) = answer(app.member(Role::Viewer).get(&format!("{}/versions?limit=2", path()))).await;
    let seen: Vec<_> = page["items"].as_array().expect("a list").iter().map(|item| item["version"].clone()).collect();
    assert_eq!(seen, [json!(3), json!(2)]);
    assert_eq!(page["items"][0]["created_by"]["name"], "Demo owner");
    let cursor = page["next_cursor"].as_str().expect("a further page");
    let (_, rest) = answer(app.member(Role::Viewer).get(&format!("{}/versions?cursor={cursor}", path()))).await;
    assert_eq!((&rest["items"][0]["version"], &rest["items"][0]["name"]), (&json!(1), &json!("Refunds")));
    let (_, list) = answer(app.member(Role::Viewer).get(&api("scorecards"))).await;
    assert_eq!((&list["items"][0]["workflow"], &list["items"][1]), (&json!(WORKFLOW), &Value::Null));
    assert_eq!(list["items"][0]["version"], 3);
}

async fn refuses_what_cannot_stand(app: &TestApp) {
    report_run(app, "first", "success").await;
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut body = scorecard(app);
        change(&mut body);
        let (status, problem) = answer(app.member(Role::Owner).put(&path()).json(&body)).await;
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        assert!(errors.iter().all(|error| !error["message"].as_str().unwrap_or_default().is_empty()), "{problem}");
        (status, errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(refused(&|body| body["checks"] = json!([])).await, (422, vec!["checks".to_owned()]));
    let ceiling = json!({"kind": "ceiling", "rate": 0.2});
    let wrong_way = refused(&|body| body["checks"][0]["criterion"] = ceiling.clone()).await;
    assert_eq!(wrong_way, (422, vec!["checks[0].criterion".to_owned()]));
    let several = refused(&|body| {
        body["name"] = json!("a\u{7}b");
        body["cadence_days"] = json!(0);
    });
    assert_eq!(several.await, (422, vec!["name".to_owned(), "cadence_days".to_owned()]));
    let same = refused(&|body| body["backup"] = body["owner"].clone()).await;
    assert_eq!(same, (422, vec!["backup".to_owned()]));
    let nobody = json!("acc_0192f3c1a2b37d4e8f90a1b2c3d4e5f6");
    assert_eq!(refused(&|body| body["owner"] = nobody.clone()).await, (422, vec!["owner".to_owned()]));
    let segment = json!([{"dimension": "tier", "value": "gold"}]);
    let unread = refused(&|body| body["required_segments"] = segment.clone()).await;
    assert_eq!(unread, (422, vec!["required_segments[0].dimension".to_owned()]));
    assert_eq!(refused(&|body| body["signal"] = json!("x")).await.0, 400);
    let other = api("workflows/nothing-here/scorecard");
    assert_eq!(answer(app.member(Role::Owner).put(&other).json(&scorecard(app))).await.0, 404);
}

async fn is_read_and_attested_by_those_who_may(app: &TestApp) {
    report_run(app, "first", "success").await;
    put(app, &scorecard(app)).await;
    for (role, status) in [(Role::Viewer, 403), (Role::Reviewer, 403), (Role::ReleaseManager, 403)] {
        assert_eq!(answer(app.member(role).get(&path())).await.0, 200);
        assert_eq!(answer(app.member(role).put(&path()).json(&scorecard(app))).await.0, status);
    }
    let attestations = format!("{}/attestations", path());
    let note = json!({"note": "Holds."});
    assert_eq!(answer(app.member(Role::Viewer).post(&attestations).json(&note)).await.0, 403);
    let program = app.program(&[KeyScope::Admin]).await;
    assert_eq!(answer(program.post(&attestations).json(&note)).await.0, 403, "a program does not attest");
    for who in [Who::Outsider, Who::Nobody] {
        let expected = if who == Who::Nobody { 401 } else { 404 };
        assert_eq!(answer(app.client(who.clone()).get(&path())).await.0, expected);
        assert_eq!(answer(app.client(who.clone()).post(&attestations).json(&note)).await.0, expected);
        assert_eq!(answer(app.client(who).get(&api("outbox"))).await.0, expected);
    }
    let old = answer(app.member(Role::Owner).post(&attestations).json(&json!({"version": 7}))).await;
    assert_eq!((old.0, &old.1["code"]), (409, &json!("version_conflict")));
    let long = json!({"note": "x".repeat(4_001)});
    assert_eq!(answer(app.member(Role::Owner).post(&attestations).json(&long)).await.0, 422);
    let (status, made) = answer(app.member(Role::Owner).post(&attestations).json(&note)).await;
    assert_eq!((status, &made["version"], &made["actor"]["name"]), (201, &json!(1), &json!("Demo owner")), "{made}");
    let (_, list) = answer(app.member(Role::Viewer).get(&attestations)).await;
    assert_eq!((&list["items"][0]["note"], &list["items"][0]["id"]), (&json!("Holds."), &made["id"]));
    let (_, read) = answer(app.member(Role::Viewer).get(&path())).await;
    assert_eq!((&read["freshness"]["state"], &read["attestation"]["id"]), (&json!("fresh"), &made["id"]));
}

async fn says_why_it_is_stale(app: &TestApp) {
    let stale = |reasons: &[&str]| ("stale".to_owned(), reasons.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>());
    let fresh = ("fresh".to_owned(), Vec::new());
    attested(app, &scorecard(app)).await;
    assert_eq!(freshness(app).await, fresh);
    on_day(app, START, 1);
    report_run(app, "second", "failure").await;
    assert_eq!(freshness(app).await, fresh, "what nobody classified waits in triage");
    let class = json!({"idempotency_key": "c", "fact": {"kind": "failure_class", "failure_class": "wrong_result"}});
    let (status, body) = answer(app.member(Role::Admin).post(&api("runs/second/facts")).json(&class)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(freshness(app).await, stale(&["uncovered_failures"]));
    attest(app).await;
    assert_eq!(freshness(app).await, fresh);
    on_day(app, START, 2);
    let releases = api(&format!("workflows/{WORKFLOW}/releases/1.0.0/state"));
    let live = json!({"state": "live", "reason": "Rolled out."});
    let (status, body) = answer(app.member(Role::Admin).post(&releases).json(&live)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(freshness(app).await, stale(&["release_since"]));
    attest(app).await;
    on_day(app, START, 40);
    assert_eq!(freshness(app).await, stale(&["review_overdue", "no_runs"]));
}

/// Makes a webhook that leads to the sink and returns its secret.
async fn webhook(app: &TestApp, sink: &WebhookSink) -> String {
    let request = app.member(Role::Admin).post(&api("webhooks")).json(&json!({"url": sink.url()}));
    let (status, made) = answer(request).await;
    assert_eq!(status, 201, "{made}");
    made["secret"].as_str().expect("a secret").to_owned()
}

async fn tells_its_owner_once_when_due_and_when_stale(app: &TestApp) {
    let sink = WebhookSink::start().await;
    let secret = webhook(app, &sink).await;
    let written = attested(app, &scorecard(app)).await;
    assert_eq!(pass(app).await, (0, 0), "a fresh one is nobody's business");
    on_day(app, START, 24);
    report_run(app, "second", "success").await;
    assert_eq!(pass(app).await, (2, 2), "a mail and an event");
    let owner = app.email(Role::Owner);
    assert_eq!(mails(app), [("Review due: Refunds".to_owned(), owner.clone())]);
    assert_eq!(pass(app).await, (0, 0), "each notice once");
    on_day(app, START, 30);
    assert_eq!(pass(app).await, (2, 2));
    on_day(app, START, 31);
    assert_eq!(pass(app).await, (0, 0));
    restart_sends_nothing(app).await;

    let expected = [("Review due: Refunds".to_owned(), owner.clone()), ("Stale scorecard: Refunds".to_owned(), owner)];
    assert_eq!(mails(app), expected);
    let mail = &app.mail.as_ref().expect("a mail server").mails()[1];
    let url = format!("{}/p/demo-co/scorecards/{}", app.base_url, written["id"].as_str().unwrap_or_default());
    assert!(mail.text().contains(&url) && mail.text().contains("overdue"), "{}", mail.text());
    assert!(mail.html().is_some_and(|html| html.contains(&url)), "{:?}", mail.html());
    assert!(mail.text().contains("Demo & Co."), "{}", mail.text());

    let events = sink.deliveries().await;
    let kinds: Vec<Value> = events.iter().map(|event| event.json()["type"].clone()).collect();
    assert_eq!(kinds, [json!("scorecard.due"), json!("scorecard.stale")]);
    assert_ne!(events[0].id, events[1].id);
    let (event, key) = (&events[1], WebhookSecret::parse(&secret).expect("a secret"));
    assert!(event.is_signed_with(&secret));
    let sent_at = seatrial_domain::time::Timestamp::from_micros(event.timestamp * 1_000_000);
    assert!(verify(&key, &event.id, &event.timestamp.to_string(), &event.signature, &event.body, sent_at));
    assert_eq!(sent_at, START.plus_days(30));
    let data = &event.json()["data"];
    assert_eq!((&data["project"], &data["workflow"]["name"]), (&json!("demo-co"), &json!(WORKFLOW)));
    assert_eq!((&data["state"], &data["scorecard"]["id"]), (&json!("stale"), &written["id"]));
    assert_eq!(data["reasons"][0]["kind"], "review_overdue");

    attest(app).await;
    assert_eq!(freshness(app).await.0, "fresh");
    assert_eq!(pass(app).await, (0, 0));
    on_day(app, START, 31 + 24);
    report_run(app, "third", "success").await;
    assert_eq!(pass(app).await, (2, 2), "the next cycle is told anew");
    on_day(app, START, 31 + 30);
    assert_eq!((pass(app).await, pass(app).await), ((2, 2), (0, 0)));
    assert_eq!((mails(app).len(), sink.deliveries().await.len()), (4, 4));
}

/// Another process on the same database finds nothing to tell.
async fn restart_sends_nothing(app: &TestApp) {
    let config = Arc::clone(&app.app.config);
    let store = open_store(&config).await.expect("the database opens");
    let key = SigningKey::load_or_create(&config.auth.token_key_file).expect("a signing key");
    let ports = Ports {
        clock: Arc::new(app.clock.clone()),
        randomness: Arc::new(SystemRandomness),
        mailer: Some(Arc::new(SmtpMailer::new(&config.smtp).expect("valid")) as Arc<dyn Mailer>),
        outbound: Arc::new(GuardedOutbound::new(config.outbound.clone())),
    };
    let tokens = Tokens::new(config.server.public_url.clone(), key);
    let other = App::new(config, store, tokens, ports).expect("another process");
    assert_eq!(jobs::check_scorecards(&other).await.expect("judged"), 0);
    assert_eq!(jobs::deliver_due(&other).await.expect("sent"), 0);
    other.finish(std::time::Duration::from_secs(5)).await;
}

async fn tells_backup_and_admins_when_nobody_acts(app: &TestApp) {
    attested(app, &scorecard(app)).await;
    on_day(app, START, 29);
    report_run(app, "second", "success").await;
    on_day(app, START, 30);
    let (owner, backup, admin) = (app.email(Role::Owner), app.email(Role::Reviewer), app.email(Role::Admin));
    let mut told = Vec::new();
    let mut day = async |day: i64| {
        on_day(app, START, day);
        pass(app).await;
        pass(app).await;
        let all = mails(app);
        let mut new: Vec<_> = all[told.len()..].to_vec();
        new.sort();
        told = all;
        new
    };
    let again = "Still stale, nobody has acted: Refunds".to_owned();
    assert_eq!(day(30).await, [("Stale scorecard: Refunds".to_owned(), owner.clone())]);
    assert_eq!(day(36).await, []);
    assert_eq!(day(37).await, [(again.clone(), owner.clone()), (again.clone(), backup.clone())]);
    assert_eq!(day(43).await, []);
    let all = [(again.clone(), admin), (again.clone(), owner), (again, backup)];
    assert_eq!(day(44).await, all);
    assert_eq!(day(50).await, []);
    assert_eq!(day(51).await, all, "again at the cadence's pace");
    assert_eq!(day(80).await, all, "what was missed is not made up for");
}

/// Takes a member out of the project.
async fn remove(app: &TestApp, role: Role) {
    let scope = Scope::of(app.project_id().await);
    let tx = app.app.store.write().await.expect("the database is writable");
    assert!(member::remove(&tx, scope, app.account(role)).await.expect("removed"));
    tx.commit().await.expect("committed");
}

async fn tells_admins_when_nobody_can_act(app: &TestApp) {
    let sink = WebhookSink::start().await;
    webhook(app, &sink).await;
    attested(app, &scorecard(app)).await;
    pass(app).await;
    remove(app, Role::Owner).await;
    pass(app).await;
    assert_eq!(freshness(app).await, ("stale".to_owned(), vec!["owner_gone".to_owned()]));
    assert_eq!(mails(app), [("Stale scorecard: Refunds".to_owned(), app.email(Role::Reviewer))]);
    remove(app, Role::Reviewer).await;
    assert_eq!((pass(app).await, pass(app).await), ((2, 2), (0, 0)));
    assert_eq!(freshness(app).await.0, "unowned");
    let last = mails(app).pop();
    assert_eq!(last, Some(("Scorecard without an owner: Refunds".to_owned(), app.email(Role::Admin))));
    let kinds: Vec<Value> = sink.deliveries().await.iter().map(|event| event.json()["type"].clone()).collect();
    assert_eq!(kinds, [json!("scorecard.stale"), json!("scorecard.unowned")]);
}

async fn mails_hold_hostile_names(app: &TestApp) {
    let mut body = scorecard(app);
    body["name"] = json!("<img src=x onerror=alert(1)> {{url}} \u{202e}");
    report_run(app, "first", "success").await;
    put(app, &body).await;
    assert_eq!(pass(app).await, (1, 1));
    let mail = &app.mail.as_ref().expect("a mail server").mails()[0];
    let html = mail.html().expect("HTML");
    assert!(!html.contains("<img src=x") && html.contains("&lt;img src=x"), "{html}");
    let subject = mail.header("subject").expect("a subject");
    assert!(!subject.contains('\u{202e}') && subject.contains("{{url}}"), "{subject}");
}
