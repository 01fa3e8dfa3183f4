//! Responses: opened about something, done by people, by Seatrial or by another system, closed with what they moved.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use seatrial::app::ports::{Clock as _, SystemClock};
use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::support::app::{START, TestApp, answer, both};
use crate::support::browser::walk;
use crate::support::evidence::{WORKFLOW, alert_of, declare, expect, path, put_scorecard, report};
use crate::support::notices::{both_mailed, mails};
use crate::support::webhook_sink::{Delivery, WebhookSink};

both!(
    is_closed_with_what_it_moved,
    is_asked_of_another_system_that_acknowledges,
    learning_is_done_when_nothing_waits,
    what_was_learned_goes_into_the_suite,
    refuses_what_cannot_stand,
    secrets_are_rotated_and_the_dead_are_sent_again,
);
both_mailed!(is_reminded_of_when_it_is_overdue);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn body(app: &TestApp, kind: &str) -> Value {
    json!({
        "workflow": WORKFLOW, "origin": {"kind": "alert", "id": alert_of(app, WORKFLOW).await}, "kind": kind,
        "owner": app.account(Role::Owner), "due_at": app.app.now().plus_days(3),
    })
}

async fn open(app: &TestApp, body: &Value) -> String {
    let made = expect(201, app.member(Role::Admin).post(&path("responses")).json(body)).await;
    text(&made["id"]).to_owned()
}

async fn is_closed_with_what_it_moved(app: &TestApp) {
    declare(app).await;
    report(app, "1.4.0", (200, 120), START).await;
    let id = open(app, &body(app, "tighten_permissions").await).await;
    let one = path(&format!("responses/{id}"));
    let read = expect(200, app.member(Role::Viewer).get(&one)).await;
    assert_eq!(
        (text(&read["state"]), text(&read["signal"]), &read["effect_now"]),
        ("open", "high_cost_failure_rate", &Value::Null)
    );
    let wanted = json!({"signal": "success_rate", "title": "Fewer tools"});
    let mut by_success = body(app, "tighten_permissions").await;
    by_success["signal"] = wanted["signal"].clone();
    by_success["title"] = wanted["title"].clone();
    let id = open(app, &by_success).await;
    let one = path(&format!("responses/{id}"));
    let note = json!({"note": "Half of it is done."});
    let noted = expect(201, app.member(Role::Owner).post(&format!("{one}/notes")).json(&note)).await;
    assert_eq!(text(&noted["notes"][0]["text"]), "Half of it is done.");
    app.clock.set(START.plus_seconds(7_200));
    let done = json!({"note": "Took delete_order away."});
    let acted = expect(200, app.member(Role::Owner).post(&format!("{one}/acknowledgement")).json(&done)).await;
    assert_eq!((text(&acted["state"]), text(&acted["effect_now"]["verdict"])), ("acted", "too_early"), "{acted}");
    assert_eq!(answer(app.member(Role::Owner).post(&format!("{one}/acknowledgement")).json(&done)).await.0, 409);
    // 120 of 200 before; 180 of 200 after.
    app.clock.set(START.plus_seconds(8 * 3_600));
    report(app, "1.5.0", (200, 180), START.plus_seconds(7 * 3_600)).await;
    let close = json!({"done": "The agent can no longer delete orders."});
    let closed = expect(200, app.member(Role::Owner).post(&format!("{one}/close")).json(&close)).await;
    let effect = &closed["effect"];
    assert_eq!((text(&closed["state"]), text(&effect["verdict"])), ("closed", "better"), "{closed}");
    assert_eq!((&effect["before"]["numerator"], &effect["before"]["denominator"]), (&json!(120), &json!(200)));
    assert_eq!((&effect["after"]["numerator"], &effect["after"]["denominator"]), (&json!(180), &json!(200)));
    assert_eq!(effect["difference"], json!(0.3));
    assert!(text(&effect["text"]).contains("+30.0 points, 95 % interval"), "{effect}");
    let again = answer(app.member(Role::Owner).post(&format!("{one}/close")).json(&close)).await;
    assert_eq!((again.0, text(&again.1["code"])), (409, "response_over"));

    // Another one, after which nothing changes: that is said.
    let mut idle = body(app, "strengthen_approval").await;
    idle["signal"] = json!("success_rate");
    let id = open(app, &idle).await;
    let one = path(&format!("responses/{id}"));
    app.clock.set(START.plus_days(1));
    expect(200, app.member(Role::Owner).post(&format!("{one}/acknowledgement")).json(&done)).await;
    app.clock.set(START.plus_days(2));
    report(app, "1.5.0", (200, 150), START.plus_days(2)).await;
    let closed = expect(200, app.member(Role::Owner).post(&format!("{one}/close")).json(&close)).await;
    assert_eq!(text(&closed["effect"]["verdict"]), "no_measurable_effect", "300 of 400, then 150 of 200: {closed}");
    let list = expect(200, app.member(Role::Viewer).get(&path("responses?state=closed&origin=alert"))).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
}

/// Makes a webhook that leads to the sink; its id and its secret.
async fn webhook(app: &TestApp, sink: &WebhookSink) -> (String, String) {
    let made = expect(201, app.member(Role::Admin).post(&path("webhooks")).json(&json!({"url": sink.url()}))).await;
    (text(&made["id"]).to_owned(), text(&made["secret"]).to_owned())
}

/// Verifies a delivery with the specification's own library. It asks the system for the time, so the clock must show it.
fn verified(delivery: &Delivery, secret: &str) -> bool {
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::from_str(text).expect("a header");
    headers.insert("webhook-id", value(&delivery.id));
    headers.insert("webhook-timestamp", value(&delivery.timestamp.to_string()));
    headers.insert("webhook-signature", value(&delivery.signature));
    Webhook::new(secret).expect("a secret").verify(&delivery.body, &headers).is_ok()
}

/// Verifies deliveries with the specification's library for JavaScript, as an endpoint would.
async fn verified_in_javascript(deliveries: &[Delivery], secrets: &[&str]) {
    let as_sent = |delivery: &Delivery| {
        json!({
            "headers": {
                "webhook-id": delivery.id, "webhook-timestamp": delivery.timestamp.to_string(),
                "webhook-signature": delivery.signature,
            },
            "body": String::from_utf8(delivery.body.clone()).expect("JSON is text"),
        })
    };
    let deliveries = Value::Array(deliveries.iter().map(as_sent).collect()).to_string();
    let secrets = json!(secrets).to_string();
    walk("webhook", &[("SEATRIAL_DELIVERIES", &deliveries), ("SEATRIAL_SECRETS", &secrets)]).await;
}

async fn is_asked_of_another_system_that_acknowledges(app: &TestApp) {
    app.clock.set(SystemClock.now());
    declare(app).await;
    let sink = WebhookSink::start().await;
    let (_, secret) = webhook(app, &sink).await;
    let id = open(app, &body(app, "rollback").await).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let event = sink.deliveries().await.remove(0);
    assert!(verified(&event, &secret), "by the published library");
    verified_in_javascript(std::slice::from_ref(&event), &[&secret]).await;
    assert!(!verified(&Delivery { body: b"{}".to_vec(), ..event.clone() }, &secret), "changed on its way");
    let told = event.json();
    assert_eq!((text(&told["type"]), text(&told["data"]["response"]["id"])), ("response.opened", id.as_str()));
    let acknowledge = text(&told["data"]["acknowledge"]["url"]).strip_prefix(&app.base_url).expect("here").to_owned();
    // The system that did it says so with its key, by what the event told.
    let key = app.program(&[KeyScope::Admin]).await;
    let done = json!({"note": "Rolled back to 1.4.0 by the deployer."});
    let acted = expect(200, key.post(&acknowledge).json(&done)).await;
    assert_eq!((text(&acted["state"]), text(&acted["acted"]["by"]["kind"])), ("acted", "api_key"), "{acted}");
    let inside = open(app, &body(app, "update_eval_set").await).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let event = sink.deliveries().await.remove(1).json();
    assert_eq!(
        (text(&event["data"]["response"]["id"]), &event["data"]["acknowledge"]),
        (inside.as_str(), &Value::Null)
    );
}

async fn learning_is_done_when_nothing_waits(app: &TestApp) {
    declare(app).await;
    report(app, "1.5.0", (4, 3), START).await;
    let mut wanted = body(app, "update_eval_set").await;
    wanted["failure_class"] = json!("timeout");
    let id = open(app, &wanted).await;
    let one = path(&format!("responses/{id}"));
    assert_eq!(expect(200, app.member(Role::Viewer).get(&one)).await["failures_waiting"], 1);
    let close = json!({"done": "Learned."});
    let early = answer(app.member(Role::Owner).post(&format!("{one}/close")).json(&close)).await;
    assert_eq!((early.0, text(&early.1["code"])), (409, "failures_waiting"), "{}", early.1);
    let failures = expect(200, app.member(Role::Viewer).get(&path("failures?status=open"))).await;
    let run = text(&failures["items"][0]["run_id"]).to_owned();
    let dismiss = json!({"reason": "The vendor was down."});
    let (status, dismissed) =
        answer(app.member(Role::Reviewer).post(&path(&format!("failures/{run}/dismiss"))).json(&dismiss)).await;
    assert_eq!(status, 200, "{dismissed}");
    app.clock.set(START.plus_days(4));
    jobs::check_scorecards(&app.app).await.expect("looked at");
    let acted = expect(200, app.member(Role::Viewer).get(&one)).await;
    assert_eq!((text(&acted["state"]), text(&acted["acted"]["by"]["kind"])), ("acted", "system"), "{acted}");
    expect(200, app.member(Role::Owner).post(&format!("{one}/close")).json(&close)).await;
}

async fn what_was_learned_goes_into_the_suite(app: &TestApp) {
    declare(app).await;
    report(app, "1.5.0", (4, 1), START).await;
    let suite = json!({"name": "Refund checks", "workflow": WORKFLOW, "cases": [], "note": "empty"});
    expect(200, app.member(Role::Reviewer).post(&path("suites")).json(&suite)).await;
    let mut wanted = body(app, "update_eval_set").await;
    wanted["suite"] = json!("nothing");
    assert_eq!(answer(app.member(Role::Admin).post(&path("responses")).json(&wanted)).await.0, 404);
    wanted["suite"] = json!("Refund checks");
    let id = open(app, &wanted).await;
    let one = path(&format!("responses/{id}"));
    let done = json!({"note": "Learned."});
    let early = answer(app.member(Role::Owner).post(&format!("{one}/acknowledgement")).json(&done)).await;
    assert_eq!((early.0, text(&early.1["code"])), (409, "failures_waiting"), "{}", early.1);
    let failures = expect(200, app.member(Role::Viewer).get(&path("failures?status=open"))).await;
    let runs: Vec<&str> =
        failures["items"].as_array().expect("a list").iter().map(|row| text(&row["run_id"])).collect();
    let promote = path(&format!("failures/{}/promote", runs[0]));
    let asked = json!({"title": "Asks first", "input": "Refund order 1", "assertions": {"must": ["ask first"]}});
    let promoted = expect(200, app.member(Role::Reviewer).post(&promote).json(&asked)).await;
    let case = text(&promoted["case"]["id"]).to_owned();
    let link = json!({"case_id": case});
    expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{}/link", runs[1]))).json(&link)).await;
    let noise = json!({"reason": "The vendor was down."});
    expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{}/dismiss", runs[2]))).json(&noise)).await;
    let acted = expect(200, app.member(Role::Owner).post(&format!("{one}/acknowledgement")).json(&done)).await;
    assert_eq!((&acted["detail"]["suite_version"], &acted["detail"]["cases_added"]), (&json!(2), &json!(1)), "{acted}");
    let suite = expect(200, app.member(Role::Viewer).get(&path("suites/Refund%20checks"))).await;
    assert_eq!((&suite["version"], &suite["cases"][0]["case_id"]), (&json!(2), &json!(case)), "{suite}");
    let close = json!({"done": "It is tested on every release."});
    let closed = expect(200, app.member(Role::Owner).post(&format!("{one}/close")).json(&close)).await;
    assert_eq!(closed["detail"]["suite_version"], 2, "once: {closed}");
}

async fn refuses_what_cannot_stand(app: &TestApp) {
    declare(app).await;
    let cases = [
        ("signal", json!("latency"), 422),
        ("due_at", json!(START), 422),
        ("title", json!("a\u{7}b"), 422),
        ("owner", json!("acc_0192f3c1a2b37d4e8f90a1b2c3d4e5f6"), 422),
        ("origin", json!({"kind": "gap", "id": "gap_0192f3c1a2b37d4e8f90a1b2c3d4e5f6"}), 422),
        ("origin", json!({"kind": "decision", "id": "x"}), 422),
        ("origin", json!({"kind": "alert", "id": ""}), 422),
        ("origin", json!({"kind": "alert", "id": "rescue-rate jump"}), 422),
        ("origin", json!({"kind": "alert", "id": "alr_0192f3c1a2b37d4e8f90a1b2c3d4e5f6"}), 422),
        ("origin", json!({"kind": "failure_pattern", "id": "pat_0192f3c1a2b37d4e8f90a1b2c3d4e5f6"}), 422),
        ("workflow", json!("nothing"), 404),
        ("release", json!("nothing"), 404),
        ("kind", json!("pray"), 400),
        ("signal", json!("vibes"), 400),
    ];
    for (field, value, status) in cases {
        let mut body = body(app, "rollback").await;
        body[field] = value;
        let (found, problem) = answer(app.member(Role::Admin).post(&path("responses")).json(&body)).await;
        assert_eq!(found, status, "{field}: {problem}");
    }
    let mut unowned = body(app, "rollback").await;
    unowned["owner"] = Value::Null;
    assert_eq!(
        answer(app.member(Role::Admin).post(&path("responses")).json(&unowned)).await.0,
        422,
        "nobody would do it"
    );
    assert_eq!(
        answer(app.member(Role::Reviewer).post(&path("responses")).json(&body(app, "rollback").await)).await.0,
        403
    );
    let id = open(app, &body(app, "rollback").await).await;
    let one = path(&format!("responses/{id}"));
    for (act, body) in
        [("close", json!({"done": ""})), ("cancel", json!({"reason": " "})), ("notes", json!({"note": ""}))]
    {
        assert_eq!(answer(app.member(Role::Admin).post(&format!("{one}/{act}")).json(&body)).await.0, 422, "{act}");
    }
    let to = json!({"owner": app.account(Role::Reviewer), "due_at": START.plus_days(9)});
    assert_eq!(
        expect(200, app.member(Role::Admin).put(&one).json(&to)).await["owner"],
        json!(app.account(Role::Reviewer))
    );
    let cancelled =
        expect(200, app.member(Role::Admin).post(&format!("{one}/cancel")).json(&json!({"reason": "Moot."}))).await;
    assert_eq!((text(&cancelled["state"]), text(&cancelled["closed"]["note"])), ("cancelled", "Moot."));
    assert_eq!(answer(app.member(Role::Admin).put(&one).json(&to)).await.0, 409);
}

async fn is_reminded_of_when_it_is_overdue(app: &TestApp) {
    declare(app).await;
    report(app, "1.4.0", (10, 10), START).await;
    put_scorecard(app).await;
    let mut given = body(app, "rollback").await;
    given["owner"] = json!(app.account(Role::Reviewer));
    open(app, &given).await;
    let titles = async || {
        jobs::check_scorecards(&app.app).await.expect("looked at");
        jobs::deliver_due(&app.app).await.expect("sent");
        let mut all: Vec<_> = mails(app).into_iter().filter(|(title, _)| title.contains("esponse")).collect();
        all.sort();
        all
    };
    let reviewer = app.email(Role::Reviewer);
    assert_eq!(titles().await, [("A response is yours: Roll back: refund-handling".to_owned(), reviewer.clone())]);
    let overdue = |who: String| ("Overdue response: Roll back: refund-handling".to_owned(), who);
    app.clock.set(START.plus_days(3));
    assert_eq!(titles().await[1..], [overdue(reviewer.clone())]);
    app.clock.set(START.plus_days(9));
    assert_eq!(titles().await.len(), 2, "each once");
    app.clock.set(START.plus_days(10));
    assert_eq!(titles().await.len(), 4, "a week later its owner again, and who answers for the workflow");
    app.clock.set(START.plus_days(17));
    let all = titles().await;
    assert_eq!(all.len(), 7);
    assert!(all.contains(&overdue(app.email(Role::Admin))), "{all:?}");
}

async fn secrets_are_rotated_and_the_dead_are_sent_again(app: &TestApp) {
    app.clock.set(SystemClock.now());
    declare(app).await;
    let sink = WebhookSink::start().await;
    let (hook, old) = webhook(app, &sink).await;
    let rotated = expect(200, app.member(Role::Admin).post(&path(&format!("webhooks/{hook}/rotate-secret")))).await;
    let new = text(&rotated["secret"]).to_owned();
    assert!(rotated["previous_secret_until"].is_string() && new != old, "{rotated}");
    open(app, &body(app, "rollback").await).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let event = sink.deliveries().await.remove(0);
    assert!(verified(&event, &old) && verified(&event, &new), "both sign for a day");
    verified_in_javascript(&[event], &[&old, &new]).await;

    // 410 turns it off; what was given up is sent again when it is on again.
    sink.answer(410, 1).await;
    open(app, &body(app, "rollback").await).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let dead = expect(200, app.member(Role::Admin).get(&path("outbox?state=dead"))).await;
    let message = text(&dead["items"][0]["id"]).to_owned();
    let detail = expect(200, app.member(Role::Admin).get(&path(&format!("outbox/{message}")))).await;
    assert_eq!(
        (&detail["deliveries"][0]["attempt"], text(&detail["deliveries"][0]["outcome"])),
        (&json!(1), "failed"),
        "{detail}"
    );
    let enable = || answer(app.member(Role::Admin).post(&path(&format!("webhooks/{hook}/enable"))));
    assert_eq!(enable().await.0, 200);
    assert_eq!(enable().await.1["code"], "webhook_on");
    app.clock.advance(Duration::from_secs(1));
    let resend = || answer(app.member(Role::Admin).post(&path(&format!("outbox/{message}/resend"))));
    assert_eq!(resend().await.0, 200);
    assert_eq!(resend().await.1["code"], "message_not_dead");
    assert_eq!(jobs::deliver_due(&app.app).await.expect("sent"), 1);
    let deliveries = sink.deliveries().await;
    assert_eq!((deliveries.len(), &deliveries[1].id), (3, &deliveries[2].id), "the same message by the same id");
    let log = expect(200, app.member(Role::Admin).get(&path(&format!("outbox/{message}")))).await;
    let outcomes: Vec<&str> =
        log["deliveries"].as_array().expect("a list").iter().map(|d| text(&d["outcome"])).collect();
    assert_eq!(outcomes, ["failed", "delivered"]);

    // A day later only the new secret signs.
    app.clock.advance(Duration::from_secs(86_400));
    open(app, &body(app, "rollback").await).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let event = sink.deliveries().await.remove(3);
    assert!(event.is_signed_with(&new) && !event.is_signed_with(&old));
}
