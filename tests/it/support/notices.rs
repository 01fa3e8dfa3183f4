//! What tests of notices share: a service with a mail server, a workflow with a scorecard, one pass of the worker.

use reqwest::StatusCode;
use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use seatrial_domain::time::Timestamp;
use serde_json::{Value, json};

use super::app::{PROJECT, TestApp, answer};
use super::mail::Mail;

/// The workflow of the scorecard.
pub const WORKFLOW: &str = "refund-handling";

/// `both_mailed!(one, two);` is `both!` for tests whose service has a mail server.
macro_rules! both_mailed {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use $crate::support::app::{Builder, run_with};

            #[test]
            fn on_sqlite() {
                run_with(Builder::new(seatrial_store::Backend::Sqlite).with_mail(), super::$name);
            }

            #[test]
            fn on_postgres() {
                run_with(Builder::new(seatrial_store::Backend::Postgres).with_mail(), super::$name);
            }
        }
    )+};
}
pub(crate) use both_mailed;

/// An address below the project.
pub fn api(path: &str) -> String {
    format!("/api/v1/projects/{PROJECT}/{path}")
}

/// Reports one run of the workflow that just ended so.
pub async fn report_run(app: &TestApp, external_id: &str, outcome: &str) {
    let now = app.app.now();
    let run = json!({
        "external_id": external_id, "workflow": WORKFLOW, "release": "1.0.0",
        "started_at": now.plus_seconds(-60), "ended_at": now.plus_seconds(-1), "outcome": outcome,
    });
    let request = app.member(Role::Admin).post(&api("runs")).json(&json!({ "runs": [run] }));
    let (status, body) = answer(request).await;
    assert_eq!((status, &body["rejected"]), (200, &json!(0)), "{body}");
}

/// A scorecard's body with the member of role owner as the owner.
pub fn scorecard(app: &TestApp) -> Value {
    json!({
        "name": "Refunds", "owner": app.account(Role::Owner), "backup": app.account(Role::Reviewer),
        "cadence_days": 30,
        "checks": [{
            "key": "success", "signal": "success_rate", "criterion": {"kind": "floor", "rate": 0.8}, "role": "key",
        }],
    })
}

/// Writes a scorecard of the workflow and expects it to be taken.
pub async fn put(app: &TestApp, body: &Value) -> Value {
    let path = api(&format!("workflows/{WORKFLOW}/scorecard"));
    let (status, answered) = answer(app.member(Role::Owner).put(&path).json(body)).await;
    assert!(status == StatusCode::CREATED || status == StatusCode::OK, "{status} {answered}");
    answered
}

/// A workflow with one run and a scorecard that was attested just now.
pub async fn attested(app: &TestApp, body: &Value) -> Value {
    report_run(app, "first", "success").await;
    let written = put(app, body).await;
    attest(app).await;
    written
}

/// Attests the scorecard as its owner.
pub async fn attest(app: &TestApp) {
    let path = api(&format!("workflows/{WORKFLOW}/scorecard/attestations"));
    let (status, body) = answer(app.member(Role::Owner).post(&path).json(&json!({"note": "Re-read."}))).await;
    assert_eq!(status, 201, "{body}");
}

/// The scorecard's freshness: its state and the kinds of its reasons.
pub async fn freshness(app: &TestApp) -> (String, Vec<String>) {
    let path = api(&format!("workflows/{WORKFLOW}/scorecard"));
    let (status, body) = answer(app.member(Role::Viewer).get(&path)).await;
    assert_eq!(status, 200, "{body}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reasons = body["freshness"]["reasons"].as_array().expect("reasons");
    (text(&body["freshness"]["state"]), reasons.iter().map(|reason| text(&reason["kind"])).collect())
}

/// One pass: judges scorecards and sends what is due. Returns how many messages were enqueued and how many left.
pub async fn pass(app: &TestApp) -> (usize, usize) {
    let enqueued = jobs::check_scorecards(&app.app).await.expect("scorecards are judged");
    let delivered = jobs::deliver_due(&app.app).await.expect("messages are sent");
    (enqueued, delivered)
}

/// Moves the clock to so many days after the test's start.
pub fn on_day(app: &TestApp, start: Timestamp, day: i64) {
    app.clock.set(start.plus_days(day));
}

/// The mails so far, as subject and recipient.
pub fn mails(app: &TestApp) -> Vec<(String, String)> {
    let mails = app.mail.as_ref().expect("a mail server").mails();
    mails.iter().map(|mail: &Mail| (mail.header("subject").unwrap_or_default(), mail.to.join(","))).collect()
}
