//! A declared source of facts that falls silent makes a scorecard stale, and those who answer for it hear of it; mails about
//! one scorecard make one thread.

use seatrial::worker::{Job, pass as leased};
use seatrial_domain::access::Role;
use seatrial_domain::time::MINUTE;
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, answer};
use crate::support::evidence::expect;
use crate::support::notices::{WORKFLOW, api, attest, both_mailed, freshness, mails, on_day, put, scorecard};

both_mailed!(a_silent_source_is_told_of, mails_about_one_scorecard_make_a_thread);

/// Reports so many runs that just ended, of which the help desk rescued the first `rescued` and says of the others that
/// nobody had to; or of which it says nothing at all.
async fn runs(app: &TestApp, n: i64, rescued: i64) {
    let now = app.app.now();
    let runs: Vec<Value> = (0..n)
        .map(|i| {
            let at = now.plus_micros(-(i + 1) * MINUTE);
            let rescue = json!({"at": at.plus_seconds(30), "by": "desk", "seconds": 300, "reason": "wrong amount"});
            json!({
                "external_id": format!("{now} {i}"), "workflow": WORKFLOW, "release": "1.0.0", "started_at": at,
                "ended_at": at.plus_seconds(20), "outcome": "success",
                "rescues": if i < rescued { json!([rescue]) } else { json!([]) },
            })
        })
        .collect();
    let sent = expect(200, app.member(Role::Admin).post(&api("runs")).json(&json!({ "runs": runs }))).await;
    assert_eq!(sent["rejected"], 0, "{sent}");
}

/// One pass of two processes: whichever has the lease works.
async fn two_workers(app: &TestApp) -> usize {
    let mut enqueued = 0;
    for holder in ["one", "two"] {
        enqueued += leased(&app.app, holder, Job::CheckScorecards).await.expect("judged").unwrap_or(0);
        leased(&app.app, holder, Job::DeliverDue).await.expect("sent");
    }
    enqueued
}

/// Says from where rescues of the workflow are heard.
async fn declare(app: &TestApp, source: &str) {
    let rules = json!({"observes": {"rescues": source}, "settle_seconds": 0});
    let work = json!({"risk_class": "high", "owner": app.account(Role::Owner), "rules": rules});
    expect(200, app.member(Role::Owner).put(&api(&format!("workflows/{WORKFLOW}"))).json(&work)).await;
}

async fn a_silent_source_is_told_of(app: &TestApp) {
    declare(app, "api").await;
    // A tenth is rescued, month after month.
    for day in [0, 29, 58] {
        on_day(app, START, day);
        runs(app, 60, 6).await;
    }
    on_day(app, START, 60);
    put(app, &scorecard(app)).await;
    attest(app).await;
    assert_eq!((freshness(app).await.0.as_str(), two_workers(app).await), ("fresh", 0));
    // The help desk's webhook breaks: sixty days later every run of the window says that nobody was rescued.
    on_day(app, START, 92);
    runs(app, 60, 0).await;
    attest(app).await;
    assert_eq!(freshness(app).await, ("stale".to_owned(), vec!["silent_source".to_owned()]));
    let read = expect(200, app.member(Role::Viewer).get(&api(&format!("workflows/{WORKFLOW}/scorecard")))).await;
    let said = "The API reported rescues of 18 of 180 runs before, and of none of 60 runs in the last 30 days.";
    assert_eq!(read["freshness"]["reasons"][0]["text"], said, "attesting does not make it speak: {read}");
    assert_eq!((two_workers(app).await, two_workers(app).await), (1, 0), "told once");
    assert_eq!(mails(app), [("Stale scorecard: Refunds".to_owned(), app.email(Role::Owner))]);
    assert!(app.mail.as_ref().expect("a mail server").mails()[0].text().contains(said));
    // What a workflow does not have cannot fall silent.
    declare(app, "not_applicable").await;
    assert_eq!(freshness(app).await.0, "fresh");
    declare(app, "api").await;
    assert_eq!(freshness(app).await.0, "stale");
    // It speaks again.
    on_day(app, START, 93);
    runs(app, 20, 2).await;
    assert_eq!((freshness(app).await.0.as_str(), two_workers(app).await), ("fresh", 0));
}

async fn mails_about_one_scorecard_make_a_thread(app: &TestApp) {
    crate::support::notices::attested(app, &scorecard(app)).await;
    for day in [23, 30, 37] {
        on_day(app, START, day);
        crate::support::notices::report_run(app, &format!("day {day}"), "success").await;
        two_workers(app).await;
    }
    let sent = app.mail.as_ref().expect("a mail server").mails();
    let owners: Vec<_> = sent.iter().filter(|mail| mail.to == [app.email(Role::Owner)]).collect();
    let subjects: Vec<_> = owners.iter().filter_map(|mail| mail.header("subject")).collect();
    assert_eq!(subjects, ["Review due: Refunds", "Stale scorecard: Refunds", "Still stale, nobody has acted: Refunds"]);
    let thread = owners[0].header("references").expect("a thread");
    for mail in &owners {
        assert_eq!(mail.header("references").as_ref(), Some(&thread), "one thread");
        assert_eq!(mail.header("in-reply-to").as_ref(), Some(&thread));
        assert!(mail.html().is_some() && !mail.text().is_empty(), "both forms");
        assert_eq!(mail.header("list-unsubscribe-post").as_deref(), Some("List-Unsubscribe=One-Click"));
    }
    let ids: std::collections::BTreeSet<_> = sent.iter().filter_map(|mail| mail.header("message-id")).collect();
    assert_eq!(ids.len(), sent.len(), "each mail has an id of its own");
    let (status, list) = answer(app.member(Role::Viewer).get(&api("scorecards"))).await;
    let id = list["items"][0]["id"].as_str().expect("an id");
    assert!(status == 200 && thread.contains(id), "the thread is the scorecard's: {thread}");
}
