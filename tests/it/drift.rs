//! A pass of the drift worker: how often it asks the database, what it takes in, and that what fails holds up nothing else.

use std::collections::BTreeMap;

use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::drift::Watch;
use seatrial_domain::ids::ReleaseId;
use seatrial_domain::time::Timestamp;
use seatrial_store::{Backend, Scope, drift};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, both};
use crate::support::evidence::{expect, path};
use crate::support::sql::sql;

both!(
    a_pass_asks_as_often_for_many_releases_as_for_few,
    hour_by_hour_or_all_at_once_is_the_same,
    an_alert_that_cannot_fire_holds_up_no_other,
    what_cannot_be_read_of_one_release_holds_up_no_other,
);

fn hours(n: i64) -> Timestamp {
    START.plus_seconds(n * 3_600)
}

fn name(workflow: usize) -> String {
    format!("work-{workflow}")
}

/// Runs of a release, a minute apart, with so many of them failed.
async fn runs(app: &TestApp, workflow: usize, release: &str, from: Timestamp, (n, failed): (i64, i64)) {
    let run = |i: i64| {
        let at = from.plus_seconds(60 * i);
        json!({
            "external_id": format!("{workflow}-{release}-{at}"), "workflow": name(workflow), "release": release,
            "started_at": at, "ended_at": at.plus_seconds(20), "segments": {"tier": if i % 2 == 0 { "gold" } else { "free" }},
            "outcome": if i < failed { "failure" } else { "success" },
        })
    };
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = json!({"runs": (0..n).map(run).collect::<Vec<_>>()});
    expect(200, writer.post(&path("runs")).json(&body)).await;
}

/// A workflow with a baseline of five days at 90 %, and a release that is live from now on.
async fn live(app: &TestApp, workflow: usize) {
    let rules = json!({"observes": {"rescues": "not_applicable"}, "settle_seconds": 0});
    let body = json!({"risk_class": "high", "rules": rules, "owner": app.account(Role::Owner)});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{}", name(workflow)))).json(&body)).await;
    for day in -5..0 {
        runs(app, workflow, "1.0.0", START.plus_days(day), (60, 6)).await;
    }
    for release in ["1.0.0", "2.0.0"] {
        // One after the other: what went live before is the baseline.
        app.clock.set(app.app.now().plus_seconds(60));
        let body = json!({
            "workflow": name(workflow), "release": release, "environment": "production", "kind": "deployed",
        });
        expect(201, app.member(Role::ReleaseManager).post(&path("deployments")).json(&body)).await;
    }
}

/// A pass, and how many statements it sent.
async fn pass(app: &TestApp) -> (usize, u64) {
    let before = app.app.store.statements();
    let moved = jobs::watch_drift(&app.app).await.expect("watched");
    (moved, app.app.store.statements() - before)
}

/// An hour later, in which every workflow had some runs.
async fn hour_later(app: &TestApp, workflows: usize, hour: i64) -> (usize, u64) {
    app.clock.set(hours(hour + 1).plus_seconds(60));
    for workflow in 0..workflows {
        runs(app, workflow, "2.0.0", hours(hour), (10, 1)).await;
    }
    pass(app).await
}

async fn a_pass_asks_as_often_for_many_releases_as_for_few(app: &TestApp) {
    live(app, 0).await;
    live(app, 1).await;
    assert!(hour_later(app, 2, 1).await.0 > 0, "every kind has a state now");
    let (moved, later) = hour_later(app, 2, 2).await;
    let (still, again) = pass(app).await;
    assert_eq!((moved, still), (0, 0));
    for workflow in 2..7 {
        live(app, workflow).await;
    }
    for hour in 3..6 {
        hour_later(app, 7, hour).await;
    }
    assert_eq!(hour_later(app, 7, 6).await, (0, later), "an hour later");
    assert_eq!(pass(app).await, (0, again), "looking again");
    assert!(again < later && later < 30, "{again} and {later} statements");
    // Another day: traffic is learned anew, of all workflows at once.
    app.clock.set(hours(30));
    let (_, of_seven) = pass(app).await;
    assert!(of_seven < 60, "{of_seven} statements");
}

async fn kept(app: &TestApp) -> BTreeMap<ReleaseId, Watch> {
    let (db, scope) = (app.app.store.read(), Scope::of(app.project_id().await));
    let live = drift::live_releases(db, None, 100).await.expect("read");
    let ids: Vec<ReleaseId> = live.into_iter().map(|(_, row)| row.id).collect();
    let kept = drift::kept_of(db, scope, &ids).await.expect("read");
    kept.into_iter().filter_map(|(id, kept)| Some((id, kept.watch?))).collect()
}

async fn hour_by_hour_or_all_at_once_is_the_same(app: &TestApp) {
    for workflow in 0..3 {
        live(app, workflow).await;
    }
    for hour in 1..6 {
        hour_later(app, 3, hour).await;
    }
    let stepped = kept(app).await;
    assert_eq!(stepped.len(), 3 + 3, "baselines were deployed too");
    assert!(stepped.values().filter(|watch| watch.streams() > 2).count() >= 3, "{stepped:?}");
    sql(app, "UPDATE drift_watches SET body = NULL, revision = revision + 1").await.expect("forgotten");
    assert!(kept(app).await.is_empty());
    pass(app).await;
    let anew = kept(app).await;
    for (release, watch) in &stepped {
        assert_eq!(Some(watch), anew.get(release), "{release}");
    }
}

async fn alerts(app: &TestApp, state: &str) -> Vec<Value> {
    let list = expect(200, app.member(Role::Viewer).get(&path(&format!("alerts?state={state}&limit=200")))).await;
    list["items"].as_array().cloned().unwrap_or_default()
}

/// Two workflows that both got worse.
async fn worse(app: &TestApp) {
    for workflow in 0..2 {
        live(app, workflow).await;
    }
    app.clock.set(hours(3).plus_seconds(60));
    for workflow in 0..2 {
        runs(app, workflow, "2.0.0", hours(1), (60, 50)).await;
        runs(app, workflow, "2.0.0", hours(2), (60, 50)).await;
    }
}

async fn an_alert_that_cannot_fire_holds_up_no_other(app: &TestApp) {
    worse(app).await;
    // No response of the first workflow can be made.
    let (refuse, allow) = match app.app.store.backend() {
        Backend::Sqlite => (
            "CREATE TRIGGER no_response BEFORE INSERT ON responses WHEN NEW.title LIKE '%work-0%' \
             BEGIN SELECT RAISE(ABORT, 'none'); END",
            "DROP TRIGGER no_response",
        ),
        Backend::Postgres => (
            "ALTER TABLE responses ADD CONSTRAINT no_response CHECK (title NOT LIKE '%work-0%') NOT VALID",
            "ALTER TABLE responses DROP CONSTRAINT no_response",
        ),
    };
    sql(app, refuse).await.expect("refused from now on");
    jobs::watch_drift(&app.app).await.expect_err("the failure is told");
    let firing = alerts(app, "firing").await;
    assert_eq!(firing.len(), 1, "{firing:?}");
    assert!(firing[0]["text"].as_str().is_some_and(|text| text.contains("work-1")), "{firing:?}");
    let calm = alerts(app, "learning,ok,no_data").await;
    let of_first = calm.iter().filter(|alert| alert["workflow_id"] != firing[0]["workflow_id"]).count();
    assert!(of_first >= 6, "what else is watched of the first has its state: {calm:?}");
    // Whoever is told is told, in the same pass.
    let notices = expect(200, app.member(Role::Owner).get(&path("notices"))).await.to_string();
    assert!(notices.contains("Alert on work-1") && !notices.contains("Alert on work-0"), "{notices}");
    // Nothing of the first is half there, and it fires as soon as it can.
    sql(app, allow).await.expect("allowed again");
    jobs::watch_drift(&app.app).await.expect("watched");
    assert_eq!(alerts(app, "firing").await.len(), 2);
    let notices = expect(200, app.member(Role::Owner).get(&path("notices"))).await.to_string();
    assert!(notices.contains("Alert on work-0"), "{notices}");
}

async fn what_cannot_be_read_of_one_release_holds_up_no_other(app: &TestApp) {
    worse(app).await;
    // An hour of the first workflow cannot be read back.
    let spoil = "UPDATE cells SET body = substr(body, 1, 3) WHERE workflow_id = \
                 (SELECT id FROM workflows WHERE name = 'work-0')";
    sql(app, spoil).await.expect("spoiled");
    jobs::watch_drift(&app.app).await.expect_err("the failure is told");
    let firing = alerts(app, "firing").await;
    assert_eq!(firing.len(), 1, "{firing:?}");
    assert!(firing[0]["text"].as_str().is_some_and(|text| text.contains("work-1")), "{firing:?}");
}
