//! Background work: runs settle and close, messages leave however the other side answers, old bodies go, and one
//! process at a time does each job.

use std::sync::Arc;
use std::time::Duration;

use seatrial::worker::{Job, Worker, jobs, pass as leased};
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::ids::RunId;
use seatrial_store::outbox::{self, Channel};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, answer, both};
use crate::support::notices::{
    WORKFLOW, api, attest, attested, both_mailed, mails, on_day, pass, put, report_run, scorecard,
};
use crate::support::smtp_sink::Answer;
use crate::support::webhook_sink::WebhookSink;

both!(
    settles_runs_when_their_window_has_passed,
    closes_runs_that_went_silent,
    removes_old_bodies_and_keeps_the_facts,
    removes_the_words_of_old_traces_and_keeps_their_outline,
    one_process_at_a_time_does_a_job,
    works_by_itself_until_stopped,
    mail_waits_for_a_mail_server,
    webhooks_are_made_tested_and_removed,
    webhooks_are_tried_again_and_turned_off,
);
both_mailed!(
    mail_is_tried_again_or_given_up,
    a_process_that_dies_loses_nothing,
    a_receiver_that_always_fails_holds_up_no_other,
);

async fn runs(app: &TestApp) -> Value {
    answer(app.member(Role::Viewer).get(&api("runs"))).await.1["items"].clone()
}

async fn run(app: &TestApp, external_id: &str) -> Value {
    let (_, list) = answer(app.member(Role::Viewer).get(&api(&format!("runs?external_id={external_id}")))).await;
    list["items"][0].clone()
}

async fn settles_runs_when_their_window_has_passed(app: &TestApp) {
    report_run(app, "first", "success").await;
    assert_eq!(run(app, "first").await["settled"], false);
    assert_eq!(jobs::settle_due(&app.app).await.expect("settled"), 0);
    app.clock.advance(Duration::from_secs(24 * 3_600 - 60));
    assert_eq!(jobs::settle_due(&app.app).await.expect("settled"), 0, "a minute early");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(jobs::settle_due(&app.app).await.expect("settled"), 1);
    assert_eq!(run(app, "first").await["settled"], true);
    assert_eq!(jobs::settle_due(&app.app).await.expect("settled"), 0);
}

async fn closes_runs_that_went_silent(app: &TestApp) {
    let open = json!({
        "external_id": "open", "workflow": WORKFLOW, "release": "1.0.0", "started_at": START.plus_seconds(-5),
    });
    let request = app.member(Role::Admin).post(&api("runs")).json(&json!({ "runs": [open] }));
    assert_eq!(answer(request).await.0, 200);
    assert_eq!(run(app, "open").await["facts"]["closed_at"], Value::Null);
    app.clock.advance(Duration::from_secs(3_599));
    assert_eq!(jobs::close_idle(&app.app).await.expect("closed"), 0);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(jobs::close_idle(&app.app).await.expect("closed"), 1);
    let closed = run(app, "open").await;
    assert!(closed["facts"]["closed_at"].is_string() && closed["facts"]["outcome"] == "unknown", "{closed}");
    assert_eq!(jobs::close_idle(&app.app).await.expect("closed"), 0);
}

async fn removes_old_bodies_and_keeps_the_facts(app: &TestApp) {
    let said = json!({
        "external_id": "said", "workflow": WORKFLOW, "release": "1.0.0", "started_at": START.plus_seconds(-5),
        "ended_at": START, "outcome": "success", "cost_nanos": 7, "input": {"ticket": 1}, "output": "Done.",
    });
    let report = || app.member(Role::Admin).post(&api("runs")).json(&json!({ "runs": [said] }));
    assert_eq!(answer(report()).await.1["created"], 1);
    let id: RunId = run(app, "said").await["id"].as_str().expect("an id").parse().expect("a run's id");
    let whole = async || app.app.run(&app.caller(Role::Admin), "demo-co", id).await.expect("the run");
    on_day(app, START, 89);
    assert_eq!(jobs::retention(&app.app).await.expect("removed"), 0);
    assert!(whole().await.report.expect("a report").input.is_some());
    on_day(app, START, 91);
    assert_eq!(jobs::retention(&app.app).await.expect("removed"), 1);
    assert_eq!(jobs::retention(&app.app).await.expect("removed"), 0);
    let kept = whole().await;
    let report = kept.report.expect("a report");
    assert_eq!((report.input, report.output, report.cost_nanos), (None, None, Some(7)));
    let fact = json!({"idempotency_key": "f", "fact": {"kind": "cost", "cost_nanos": 9}});
    let path = api(&format!("runs/{id}/facts"));
    let (status, body) = answer(app.member(Role::Admin).post(&path).json(&fact)).await;
    assert_eq!(status, 200, "{body}");
    let facts = &run(app, "said").await["facts"];
    assert_eq!((&facts["outcome"], &facts["cost_nanos"]), (&json!("success"), &json!(9)), "{facts}");
}

async fn removes_the_words_of_old_traces_and_keeps_their_outline(app: &TestApp) {
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let span = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "refund",
        "startTimeUnixNano": "1772323200000000000", "endTimeUnixNano": "1772323209000000000",
        "attributes": [
            attribute("seatrial.workflow", WORKFLOW), attribute("seatrial.outcome", "success"),
            attribute("output.value", "I have refunded 420.00"),
        ],
    });
    let resource = json!({ "attributes": [attribute("service.version", "1.0.0")] });
    let body = json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": [span] }] }] });
    let key = app.program(&[KeyScope::Ingest]).await;
    assert_eq!(answer(key.post("/v1/traces").json(&body)).await.0, 200);
    let id: RunId = runs(app).await[0]["id"].as_str().expect("an id").parse().expect("a run's id");
    let whole = async || app.app.run(&app.caller(Role::Admin), "demo-co", id).await.expect("the run");
    assert!(!whole().await.body.is_empty());
    on_day(app, START, 91);
    assert_eq!(jobs::retention(&app.app).await.expect("removed"), 1);
    assert_eq!(jobs::retention(&app.app).await.expect("removed"), 0);
    let kept = whole().await;
    assert_eq!((kept.body.len(), kept.spans.len()), (0, 1));
    let fact = json!({"idempotency_key": "f", "fact": {"kind": "cost", "cost_nanos": 9}});
    let path = api(&format!("runs/{id}/facts"));
    let (status, body) = answer(app.member(Role::Admin).post(&path).json(&fact)).await;
    assert_eq!(status, 200, "{body}");
    let facts = &runs(app).await[0]["facts"];
    assert_eq!((&facts["outcome"], &facts["cost_nanos"]), (&json!("success"), &json!(9)), "{facts}");
}

async fn one_process_at_a_time_does_a_job(app: &TestApp) {
    report_run(app, "first", "success").await;
    app.clock.advance(Duration::from_secs(25 * 3_600));
    let one = leased(&app.app, "one", Job::SettleDue).await.expect("a pass");
    let two = leased(&app.app, "two", Job::SettleDue).await.expect("a pass");
    assert_eq!((one, two), (Some(1), None));
    // Another job is another lease.
    assert_eq!(leased(&app.app, "two", Job::CloseIdle).await.expect("a pass"), Some(0));
    app.clock.advance(Duration::from_secs(45));
    assert_eq!(leased(&app.app, "one", Job::SettleDue).await.expect("a pass"), Some(0), "it renews");
    app.clock.advance(Duration::from_secs(45));
    assert_eq!(leased(&app.app, "two", Job::SettleDue).await.expect("a pass"), None);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(leased(&app.app, "two", Job::SettleDue).await.expect("a pass"), Some(0), "one is gone");
    assert_eq!(leased(&app.app, "one", Job::SettleDue).await.expect("a pass"), None);
}

async fn works_by_itself_until_stopped(app: &TestApp) {
    report_run(app, "first", "success").await;
    app.clock.advance(Duration::from_secs(25 * 3_600));
    let worker = Worker::start(Arc::clone(&app.app));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while run(app, "first").await["settled"] != true {
        assert!(tokio::time::Instant::now() < deadline, "the worker did not settle the run");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await;
    let next = leased(&app.app, "next", Job::SettleDue).await.expect("a pass");
    assert_eq!(next, Some(0), "a worker that stopped leaves its leases");
}

async fn messages(app: &TestApp, state: &str) -> Vec<Value> {
    let (status, list) = answer(app.member(Role::Admin).get(&api(&format!("outbox?state={state}")))).await;
    assert_eq!(status, 200, "{list}");
    list["items"].as_array().expect("items").clone()
}

async fn mail_waits_for_a_mail_server(app: &TestApp) {
    report_run(app, "first", "success").await;
    put(app, &scorecard(app)).await;
    assert_eq!(pass(app).await, (1, 0), "nobody attested it, and nobody can be told yet");
    on_day(app, START, 3);
    assert_eq!(pass(app).await, (0, 0));
    let waiting = messages(app, "pending").await;
    assert_eq!((waiting.len(), &waiting[0]["attempts"], &waiting[0]["channel"]), (1, &json!(0), &json!("mail")));
    assert!(waiting[0]["last_error"].as_str().unwrap_or_default().contains("smtp.host"), "{waiting:?}");
    let forbidden = answer(app.member(Role::Viewer).get(&api("outbox"))).await;
    assert_eq!(forbidden.0, 403);
    assert_eq!(answer(app.member(Role::Admin).get(&api("outbox?state=lost"))).await.0, 422);
}

async fn mail_is_tried_again_or_given_up(app: &TestApp) {
    report_run(app, "first", "success").await;
    let sink = app.mail.as_ref().expect("a mail server");
    sink.answer(&[Answer::TryLater, Answer::HangUp]);
    put(app, &scorecard(app)).await;
    assert_eq!(pass(app).await, (1, 0), "451");
    let waiting = messages(app, "pending").await;
    assert!(waiting[0]["last_error"].as_str().unwrap_or_default().contains("greylisted"), "{waiting:?}");
    assert_eq!(pass(app).await, (0, 0), "not before its time");
    assert_eq!(sink.offers(), 1);
    app.clock.advance(Duration::from_secs(6));
    assert_eq!((pass(app).await, sink.offers()), ((0, 0), 2), "the connection broke");
    app.clock.advance(Duration::from_secs(331));
    assert_eq!(pass(app).await, (0, 1));
    assert_eq!(mails(app), [("Stale scorecard: Refunds".to_owned(), app.email(Role::Owner))]);
    let sent = messages(app, "sent").await;
    assert_eq!((&sent[0]["attempts"], &sent[0]["last_error"]), (&json!(3), &Value::Null), "{sent:?}");

    // A week later it still is stale; this time the owner's mailbox is gone.
    sink.answer(&[Answer::Refuse]);
    on_day(app, START, 8);
    assert_eq!(pass(app).await.0, 2, "owner and backup");
    let dead = messages(app, "dead").await;
    assert!(
        dead.len() == 1 && dead[0]["last_error"].as_str().unwrap_or_default().contains("no such mailbox"),
        "{dead:?}"
    );
    let offers = sink.offers();
    on_day(app, START, 9);
    assert_eq!((pass(app).await, sink.offers()), ((0, 0), offers), "given up for good");
}

async fn a_process_that_dies_loses_nothing(app: &TestApp) {
    report_run(app, "first", "success").await;
    put(app, &scorecard(app)).await;
    assert_eq!(jobs::check_scorecards(&app.app).await.expect("judged"), 1);
    // A process takes the message and dies before it writes down what became of it.
    let until = app.app.now().plus_seconds(120);
    let tx = app.app.store.write().await.expect("the database is writable");
    let taken = outbox::take_due(&tx, &[Channel::Mail], app.app.now(), until, 10).await.expect("taken");
    tx.commit().await.expect("committed");
    assert_eq!((taken.len(), taken[0].attempts), (1, 1));
    assert_eq!(jobs::deliver_due(&app.app).await.expect("sent"), 0, "it is nobody else's yet");
    app.clock.advance(Duration::from_secs(120));
    assert_eq!(jobs::deliver_due(&app.app).await.expect("sent"), 1);
    // What the dead process would have written must not undo what happened since.
    let tx = app.app.store.write().await.expect("the database is writable");
    outbox::mark_dead(&tx, &taken[0], "too late").await.expect("nothing to change");
    tx.commit().await.expect("committed");
    assert_eq!((messages(app, "sent").await.len(), messages(app, "dead").await.len()), (1, 0));
    let ids: Vec<_> =
        app.mail.as_ref().expect("a mail server").mails().iter().map(|mail| mail.header("message-id")).collect();
    assert!(ids.len() == 1 && ids[0].as_ref().is_some_and(|id| id.contains(&taken[0].id.to_string())), "{ids:?}");
}

async fn make(app: &TestApp, url: &str) -> (u16, Value) {
    answer(app.member(Role::Admin).post(&api("webhooks")).json(&json!({ "url": url }))).await
}

async fn webhooks_are_made_tested_and_removed(app: &TestApp) {
    let sink = WebhookSink::start().await;
    for url in ["ftp://example.com/hook", "example.com", "https://user:pass@example.com/hook"] {
        let (status, problem) = make(app, url).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("url")), "{url}: {problem}");
    }
    assert_eq!(answer(app.member(Role::Owner).post(&api("webhooks")).json(&json!({"url": sink.url()}))).await.0, 403);
    let (status, made) = make(app, &sink.url()).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let (_, list) = answer(app.member(Role::Admin).get(&api("webhooks"))).await;
    assert_eq!((&list["items"][0]["id"], list.to_string().contains(&secret)), (&made["id"], false), "shown once");
    let id = made["id"].as_str().expect("an id").to_owned();
    let test = || answer(app.member(Role::Admin).post(&api(&format!("webhooks/{id}/test"))));
    assert_eq!(test().await, (200, json!({"delivered": true, "error": null})));
    let event = sink.deliveries().await.remove(0);
    assert!(event.is_signed_with(&secret) && event.json()["type"] == "webhook.test", "{}", event.json());
    sink.answer(503, 1).await;
    let (status, failed) = test().await;
    assert_eq!((status, &failed["delivered"]), (200, &json!(false)));
    assert!(failed["error"].as_str().unwrap_or_default().contains("503"), "{failed}");
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(jobs::deliver_due(&app.app).await.expect("sent"), 0, "a test is not tried again");
    let path = api(&format!("webhooks/{id}"));
    assert_eq!(answer(app.member(Role::Admin).delete(&path)).await.0, 204);
    assert_eq!(answer(app.member(Role::Admin).delete(&path)).await.0, 404);
    assert_eq!(test().await.0, 404);
}

async fn webhooks_are_tried_again_and_turned_off(app: &TestApp) {
    let (busy, gone) = (WebhookSink::start().await, WebhookSink::start().await);
    for sink in [&busy, &gone] {
        assert_eq!(make(app, &sink.url()).await.0, 201);
    }
    busy.answer(503, 2).await;
    gone.answer(410, 100).await;
    attested(app, &scorecard(app)).await;
    on_day(app, START, 30);
    // Without a mail server only the two events can leave.
    assert_eq!(pass(app).await, (3, 0));
    app.clock.advance(Duration::from_secs(6));
    assert_eq!(pass(app).await, (0, 0));
    app.clock.advance(Duration::from_secs(331));
    assert_eq!(pass(app).await, (0, 1));
    let tries = busy.deliveries().await;
    assert!(tries.len() == 3 && tries.iter().all(|t| t.id == tries[0].id && t.body == tries[0].body), "{tries:?}");
    assert!(tries[2].timestamp > tries[0].timestamp, "the time is that of the attempt");
    assert_eq!(gone.deliveries().await.len(), 1);
    let (_, list) = answer(app.member(Role::Admin).get(&api("webhooks"))).await;
    let off = &list["items"][1];
    assert!(
        off["disabled_at"].is_string() && off["disabled_reason"].as_str().unwrap_or_default().contains("410"),
        "{list}"
    );
    let test = api(&format!("webhooks/{}/test", off["id"].as_str().unwrap_or_default()));
    let (status, problem) = answer(app.member(Role::Admin).post(&test)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("webhook_off")));
    let dead = messages(app, "dead").await;
    assert_eq!((dead.len(), &dead[0]["channel"]), (1, &json!("webhook")));
}

/// One pass with a mailbox that is full and a webhook that never works: whoever else has something due gets it in it, and for
/// all the days on which the broken one is tried again nothing else waits.
async fn a_receiver_that_always_fails_holds_up_no_other(app: &TestApp) {
    let (broken, well) = (WebhookSink::start().await, WebhookSink::start().await);
    for sink in [&broken, &well] {
        assert_eq!(make(app, &sink.url()).await.0, 201);
    }
    broken.answer(500, 1_000).await;
    let mailbox = app.mail.as_ref().expect("a mail server");
    attested(app, &scorecard(app)).await;
    on_day(app, START, 30);
    mailbox.answer(&[Answer::TryLater]);
    // Due: the owner's mail, and an event to each webhook, of which the one that works has it at once.
    assert_eq!(pass(app).await, (3, 1));
    assert_eq!((broken.deliveries().await.len(), well.deliveries().await.len(), mails(app).len()), (1, 1, 0));
    // A week later owner and backup are told once more, each beside the broken one.
    on_day(app, START, 37);
    let (enqueued, left) = pass(app).await;
    assert_eq!((enqueued, left, mails(app).len()), (2, 3, 3));
    let waiting = messages(app, "pending").await;
    assert!(waiting.len() == 1 && waiting[0]["channel"] == "webhook", "{waiting:?}");
    // Day after day, until it is given up, and said why.
    for day in 38..50 {
        on_day(app, START, day);
        pass(app).await;
    }
    let dead = messages(app, "dead").await;
    assert_eq!((dead.len(), &dead[0]["channel"], &dead[0]["attempts"]), (1, &json!("webhook"), &json!(10)), "{dead:?}");
    assert!(dead[0]["last_error"].as_str().unwrap_or_default().contains("500"), "{dead:?}");
    assert_eq!(broken.deliveries().await.len(), 10);
    // The next event is tried with both again.
    attest(app).await;
    on_day(app, START, 80);
    pass(app).await;
    assert_eq!((broken.deliveries().await.len(), well.deliveries().await.len()), (11, 2));
    let events = well.deliveries().await;
    let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), events.len(), "whoever took an event gets it once");
    assert!(messages(app, "pending").await.iter().all(|one| one["channel"] == "webhook"));
}
