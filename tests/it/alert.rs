//! Alerts: a live release is watched without being asked; what drifts fires with its evidence frozen, opens a response,
//! is told once and not in a quiet period, and has a history.

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::alert::AlertEvidence;
use seatrial_domain::canonical::to_canonical;
use seatrial_domain::digest::Digest;
use seatrial_domain::time::Timestamp;
use seatrial_store::{Scope, drift};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, answer, both};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, decide, declare, expect, freeze, path, ready_gate, report,
};
use crate::support::notices::{both_mailed, mails};
use crate::support::visitor::{Visitor, at};

both!(
    a_regression_after_ship_recommends_rollback_with_its_evidence_frozen,
    is_acknowledged_resolved_and_accepted,
    is_shown_and_answered_on_its_page,
    a_correction_is_taken_in,
    settings_are_tried_before_they_are_kept,
    a_release_that_is_live_no_more_is_watched_no_more,
);
both_mailed!(nothing_in_a_quiet_period_is_lost);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn hours(n: i64) -> Timestamp {
    START.plus_seconds(n * 3_600)
}

async fn owned(app: &TestApp) {
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 0});
    let body = json!({"risk_class": "high", "rules": rules, "owner": app.account(Role::Owner)});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&body)).await;
}

/// A release that was shipped by a decision, against a baseline at 70 %.
async fn shipped(app: &TestApp) {
    let gate = ready_gate(app, 90).await;
    owned(app).await;
    let (bundle, recommended) = freeze(app, &gate).await;
    assert_eq!(recommended, "ship");
    let (status, decided) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "")).await;
    assert_eq!(status, 201, "{decided}");
}

/// Another hour's work: so many runs of the release until an hour, then a pass.
async fn pass(app: &TestApp, until: i64, runs: (i64, i64)) -> usize {
    app.clock.set(hours(until).plus_seconds(60));
    if runs.0 > 0 {
        report(app, CANDIDATE, runs, hours(until)).await;
    }
    jobs::watch_drift(&app.app).await.expect("watched")
}

async fn alerts(app: &TestApp, query: &str) -> Vec<Value> {
    let list = expect(200, app.member(Role::Viewer).get(&path(&format!("alerts{query}")))).await;
    list["items"].as_array().cloned().unwrap_or_default()
}

async fn one(app: &TestApp, kind: &str) -> Value {
    let found = alerts(app, &format!("?kind={kind}")).await;
    let id = text(&found[0]["id"]).to_owned();
    expect(200, app.member(Role::Viewer).get(&path(&format!("alerts/{id}")))).await
}

fn states(alert: &Value) -> Vec<&str> {
    alert["history"].as_array().into_iter().flatten().map(|event| text(&event["state"])).collect()
}

async fn a_regression_after_ship_recommends_rollback_with_its_evidence_frozen(app: &TestApp) {
    shipped(app).await;
    assert!(pass(app, 2, (100, 90)).await > 0, "every kind has a state");
    assert_eq!(states(&one(app, "regression").await), ["ok"]);
    assert_eq!(text(&one(app, "approval_spike").await["state"]), "learning", "nobody reports approvals");
    pass(app, 6, (200, 60)).await;
    let alert = one(app, "regression").await;
    assert_eq!((text(&alert["state"]), states(&alert)), ("firing", vec!["firing", "ok"]), "{alert}");
    let why = text(&alert["text"]);
    assert!(why.starts_with("The release succeeds less often on refund-handling 1.5.0. In all runs, success_rate:"));
    assert!(why.contains("on 1.4.0 before") && why.contains("after 1.5.0: decision dec_"), "{why}");
    assert!(why.contains("By itself in tier = "), "{why}");

    // What it rested on is frozen: the digest is of these very bytes.
    let evidence: AlertEvidence = serde_json::from_value(alert["evidence"].clone()).expect("evidence");
    let digest = Digest::of(&to_canonical(&evidence).expect("canonical"));
    assert_eq!(text(&alert["evidence_digest"]), digest.to_string());
    assert!(evidence.findings[0].hours.len() > 2 && evidence.findings[0].finding.now.n > 0);
    let (recommended, of) = (text(&alert["recommended"]), text(&alert["gate_id"]).to_owned());
    assert_eq!(recommended, "rollback");
    let gate = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{of}")))).await;
    assert_eq!((text(&gate["state"]), text(&gate["opened_by"]["kind"])), ("frozen", "system"), "{gate}");

    // The response has its evidence attached, and whoever owns the workflow is told.
    let response = &alert["responses"][0];
    assert_eq!((text(&response["kind"]), text(&response["signal"])), ("rollback", "success_rate"), "{alert}");
    assert_eq!(text(&response["detail"]["evidence"]), digest.to_string());
    let notices = expect(200, app.member(Role::Owner).get(&path("notices"))).await.to_string();
    assert!(notices.contains("Alert on refund-handling") && notices.contains("A response is yours"), "{notices}");

    // Another pass over the same data says nothing new.
    assert_eq!(pass(app, 6, (0, 0)).await, 0);
    review_says_it_all(app, &alert).await;
}

async fn review_says_it_all(app: &TestApp, alert: &Value) {
    let at = path(&format!("alerts/{}/review", text(&alert["id"])));
    let document = expect(200, app.member(Role::Viewer).get(&at)).await;
    assert!(text(&document["schema"]).starts_with("seatrial.incident/"), "{document}");
    assert!(text(&document["summary"]).contains("success_rate"), "{document}");
    // It is rolled back; the workflow runs on the baseline again, and that is looked at.
    let done = json!({"note": "Rolled back by the deployer."});
    let response = text(&alert["responses"][0]["id"]).to_owned();
    app.clock.set(hours(7));
    let acted = path(&format!("responses/{response}/acknowledgement"));
    expect(200, app.member(Role::Owner).post(&acted).json(&done)).await;
    app.clock.set(hours(12));
    report(app, BASELINE, (200, 140), hours(12)).await;
    let document = expect(200, app.member(Role::Viewer).get(&at)).await;
    assert!(document["runs"].as_array().is_some_and(|runs| !runs.is_empty()), "{document}");
    assert_eq!(text(&document["effect"][0]["delta"]["reading"]), "better", "{}", document["effect"]);
    for (format, begins) in [("html", "<!doctype html>"), ("markdown", "# Incident review")] {
        let response = app.member(Role::Viewer).get(&format!("{at}?format={format}")).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let body = response.text().await.expect("a body");
        assert!(body.starts_with(begins) && body.contains("In which segment"), "{body}");
    }
}

async fn is_acknowledged_resolved_and_accepted(app: &TestApp) {
    shipped(app).await;
    pass(app, 5, (200, 60)).await;
    let id = text(&one(app, "regression").await["id"]).to_owned();
    let at = |act: &str| path(&format!("alerts/{id}/{act}"));
    let note = json!({"note": "Looking at the prompt."});
    let nothing = json!({"note": " "});
    assert_eq!(answer(app.member(Role::Owner).post(&at("acknowledgement")).json(&nothing)).await.0, 422);
    assert_eq!(answer(app.member(Role::Viewer).post(&at("acknowledgement")).json(&note)).await.0, 403);
    app.clock.set(hours(5).plus_seconds(120));
    let seen = expect(200, app.member(Role::Owner).post(&at("acknowledgement")).json(&note)).await;
    assert_eq!(states(&seen), ["acknowledged", "firing"]);
    let again = answer(app.member(Role::Owner).post(&at("acknowledgement")).json(&note)).await;
    assert_eq!((again.0, text(&again.1["code"])), (409, "alert_not_raised"));
    assert_eq!(pass(app, 6, (30, 9)).await, 0, "an acknowledged alert stays so while nothing is back");
    // Not accepted: it is compared with what it was compared with before, and fires again.
    let over = json!({"note": "The prompt is mended."});
    app.clock.set(hours(6).plus_seconds(120));
    expect(200, app.member(Role::Owner).post(&at("resolution")).json(&over)).await;
    pass(app, 11, (200, 60)).await;
    assert_eq!(states(&one(app, "regression").await), ["firing", "resolved", "acknowledged", "firing"]);
    // Accepted: what is usual is learned anew, and until then nothing fires.
    let accepted = json!({"note": "It is worth it.", "accepted": true});
    let resolved = expect(200, app.member(Role::Owner).post(&at("resolution")).json(&accepted)).await;
    assert_eq!(text(&resolved["state"]), "resolved");
    assert_eq!(pass(app, 20, (200, 60)).await, 0);
    let trail = expect(200, app.member(Role::Admin).get(&path("audit-entries?limit=200"))).await.to_string();
    for action in ["acknowledge", "resolve", "fire"] {
        assert!(trail.contains(&format!("\"action\":\"{action}\"")), "{action}");
    }
}

async fn is_shown_and_answered_on_its_page(app: &TestApp) {
    shipped(app).await;
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    assert!(viewer.page("/alerts").await.contains("No alert here"));
    pass(app, 5, (200, 60)).await;
    let id = text(&one(app, "regression").await["id"]).to_owned();
    let list = viewer.page("/alerts").await;
    assert!(list.contains("The release succeeds less often") && list.contains(&id), "{list}");
    let page = viewer.page(&format!("/alerts/{id}")).await;
    for shown in ["In all runs, success_rate:", "Roll back", "/review.html", "/runs?release=", "sha256:"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    assert!(!page.contains("acknowledge"), "a viewer cannot answer");
    assert!(viewer.page(&format!("/alerts/{id}/review.html")).await.starts_with("<!doctype html>"));
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let page = owner.page(&format!("/alerts/{id}")).await;
    let sent = owner.send(&at(&format!("/alerts/{id}/acknowledge")), &page, &[("text", "On it.")]).await;
    assert!(sent.goes_on().contains(&id));
    let page = owner.page(&format!("/alerts/{id}")).await;
    assert!(page.contains("On it."), "{page}");
    let over = [("text", "Rolled back."), ("accepted", "no")];
    assert!(owner.send(&at(&format!("/alerts/{id}/resolve")), &page, &over).await.goes_on().contains(&id));
    assert_eq!(states(&one(app, "regression").await).first(), Some(&"resolved"));
}

async fn a_correction_is_taken_in(app: &TestApp) {
    shipped(app).await;
    pass(app, 4, (120, 108)).await;
    let scope = Scope::of(app.project_id().await);
    let alert = &alerts(app, "?kind=regression").await[0];
    let release = text(&alert["release_id"]).parse().expect("an id");
    let kept = async || {
        drift::kept_of(app.app.store.read(), scope, &[release]).await.expect("read").remove(&release).expect("kept")
    };
    let before = kept().await;
    let whole = before.watch.clone().expect("a watch");
    assert_eq!(whole.through, hours(3), "hours that are over, but for the last");
    // Runs of the present hour change nothing that was taken in; one of an old hour does.
    report(app, CANDIDATE, (5, 5), hours(4).plus_seconds(60)).await;
    assert_eq!(kept().await, before);
    report(app, CANDIDATE, (1, 1), hours(1)).await;
    let after = kept().await;
    assert!(after.watch.is_none() && after.revision > before.revision, "{after:?}");
    jobs::watch_drift(&app.app).await.expect("watched");
    let anew = kept().await.watch.expect("a watch");
    assert_eq!((anew.through, anew.streams()), (whole.through, whole.streams()));
    assert_ne!(anew, whole, "the corrected hour is in it");
    // Hour by hour or all at once: the same.
    pass(app, 5, (30, 27)).await;
    pass(app, 6, (30, 27)).await;
    let stepped = kept().await.watch.expect("a watch");
    report(app, CANDIDATE, (1, 1), hours(1).plus_seconds(1)).await;
    report(app, CANDIDATE, (1, 0), hours(1).plus_seconds(2)).await;
    jobs::watch_drift(&app.app).await.expect("watched");
    let rebuilt = kept().await.watch.expect("a watch");
    assert_eq!(rebuilt.through, stepped.through);
}

async fn settings_are_tried_before_they_are_kept(app: &TestApp) {
    let at = path(&format!("workflows/{WORKFLOW}/alert-settings"));
    declare(app).await;
    let usual = expect(200, app.member(Role::Viewer).get(&at)).await;
    assert_eq!(usual["days_between_false_alarms"], 90);
    let try_on = json!({"settings": {}, "days": 1});
    let none = answer(app.member(Role::Viewer).post(&format!("{at}/preview")).json(&try_on)).await;
    assert_eq!((none.0, text(&none.1["code"])), (409, "no_live_release"));
    shipped(app).await;
    app.clock.set(hours(6));
    report(app, CANDIDATE, (200, 60), hours(5)).await;
    let tried = expect(200, app.member(Role::Viewer).post(&format!("{at}/preview")).json(&try_on)).await;
    assert_eq!(text(&tried["fired"][0]["kind"]), "regression", "{tried}");
    assert!(text(&tried["fired"][0]["findings"][0]["text"]).contains("success_rate"));
    assert_eq!(tried["streams"]["approval_spike"], 0);
    assert!(alerts(app, "").await.is_empty(), "nothing is kept");
    let off = json!({"kinds": {"regression": {"on": false}, "failure_mix_shift": {"change": 0.3}}});
    let without = json!({"settings": off, "days": 1});
    let tried = expect(200, app.member(Role::Viewer).post(&format!("{at}/preview")).json(&without)).await;
    assert_eq!(tried["fired"], json!([]), "{tried}");
    for wrong in [
        json!({"days_between_false_alarms": 1}),
        json!({"kinds": {"regression": {"change": 2.0}}}),
        json!({"quiet": [{"from": hours(2), "to": hours(1), "reason": "x"}]}),
    ] {
        assert_eq!(answer(app.member(Role::Owner).put(&at).json(&wrong)).await.0, 422, "{wrong}");
    }
    assert_eq!(answer(app.member(Role::Reviewer).put(&at).json(&off)).await.0, 403);
    expect(200, app.member(Role::Owner).put(&at).json(&off)).await;
    jobs::watch_drift(&app.app).await.expect("watched");
    assert!(alerts(app, "?kind=regression").await.is_empty() && !alerts(app, "").await.is_empty());
}

async fn a_release_that_is_live_no_more_is_watched_no_more(app: &TestApp) {
    shipped(app).await;
    pass(app, 5, (200, 60)).await;
    let back = json!({
        "workflow": WORKFLOW, "release": CANDIDATE, "environment": "production", "kind": "rolled_back",
    });
    expect(201, app.member(Role::ReleaseManager).post(&path("deployments")).json(&back)).await;
    assert!(pass(app, 6, (0, 0)).await > 0);
    let alert = one(app, "regression").await;
    assert_eq!((text(&alert["state"]), states(&alert)), ("resolved", vec!["resolved", "firing"]));
    assert!(text(&alert["text"]).contains("live no more"));
    assert!(alerts(app, "?state=firing,acknowledged,ok,learning,no_data").await.is_empty());
    assert_eq!(pass(app, 7, (0, 0)).await, 0);
}

async fn nothing_in_a_quiet_period_is_lost(app: &TestApp) {
    shipped(app).await;
    let quiet = json!({"quiet": [{"from": hours(0), "to": hours(8), "reason": "Migration"}]});
    let at = path(&format!("workflows/{WORKFLOW}/alert-settings"));
    expect(200, app.member(Role::Owner).put(&at).json(&quiet)).await;
    pass(app, 5, (200, 60)).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let alert = one(app, "regression").await;
    assert_eq!((text(&alert["state"]), &alert["history"][0]["told_at"]), ("firing", &Value::Null));
    assert!(!mails(app).iter().any(|mail| mail.0.contains("Alert on")), "it is quiet");
    let fired = alert["history"][0]["at"].clone();
    pass(app, 8, (0, 0)).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    let alert = one(app, "regression").await;
    assert_eq!(alert["history"][0]["at"], fired, "when it happened, not when it was told");
    assert!(alert["history"][0]["told_at"].is_string());
    assert_eq!(mails(app).iter().filter(|mail| mail.0.contains("Alert on")).count(), 1);
    pass(app, 9, (0, 0)).await;
    jobs::deliver_due(&app.app).await.expect("sent");
    assert_eq!(mails(app).iter().filter(|mail| mail.0.contains("Alert on")).count(), 1, "told once");
    let key = app.program(&[KeyScope::Read]).await;
    assert_eq!(answer(key.get(&path("alerts?state=firing"))).await.0, 200);
}
