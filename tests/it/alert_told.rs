//! Telling people of alerts: nothing that waits for the end of a quiet period is lost, or holds anything up.

use seatrial::worker::jobs;
use seatrial_domain::access::{Actor, Role};
use seatrial_domain::alert::{AlertKind, AlertState};
use seatrial_domain::ids::AlertId;
use seatrial_domain::time::HOUR;
use seatrial_store::alert::{self, AlertEvent, AlertRow};
use seatrial_store::{Backend, Scope, release, workflow};
use serde_json::json;

use crate::support::app::{TestApp, both};
use crate::support::evidence::{expect, path};
use crate::support::sql::sql;

both!(what_waits_for_the_end_of_a_quiet_period_holds_up_nothing, what_cannot_be_told_holds_up_nothing);

/// An alert of each of two workflows.
async fn two_alerts(app: &TestApp) -> Vec<AlertRow> {
    let (scope, now) = (Scope::of(app.project_id().await), app.app.now());
    let mut alerts = Vec::new();
    for workflow in ["quiet-work", "loud-work"] {
        let at = now.plus_micros(-HOUR);
        let run = json!({
            "external_id": workflow, "workflow": workflow, "release": "1.0.0", "started_at": at, "ended_at": at,
            "outcome": "success",
        });
        let writer = app.program(&[seatrial_domain::access::Scope::Ingest]).await;
        expect(200, writer.post(&path("runs")).json(&json!({"runs": [run]}))).await;
        let found = workflow::find(app.app.store.read(), scope, workflow).await.expect("read").expect("the workflow");
        let release = release::find(app.app.store.read(), scope, found.id, "1.0.0").await.expect("read").expect("it");
        alerts.push(AlertRow {
            id: AlertId::from_uuid(app.app.ids.uuid_v7()),
            workflow: found.id,
            release: release.id,
            kind: AlertKind::Regression,
            state: AlertState::Resolved,
            since: now,
            text: "It is over.".to_owned(),
            digest: None,
            gate: None,
            response: None,
            restart: None,
        });
    }
    let tx = app.app.store.write().await.expect("a transaction");
    for row in &alerts {
        alert::put(&tx, scope, row).await.expect("kept");
    }
    tx.commit().await.expect("committed");
    alerts
}

async fn told(app: &TestApp, row: &AlertRow) -> usize {
    let scope = Scope::of(app.project_id().await);
    let events = alert::events(app.app.store.read(), scope, row.id).await.expect("read");
    events.iter().filter(|event| event.told_at.is_some()).count()
}

fn untold(app: &TestApp, of: &AlertRow, text: &str, micros: i64) -> AlertEvent {
    AlertEvent {
        id: app.app.ids.uuid_v7(),
        alert: of.id,
        state: AlertState::Resolved,
        text: text.to_owned(),
        by: Actor::account("acc_test", "Test"),
        at: app.app.now().plus_micros(micros - 1_000),
        told_at: None,
        digest: None,
    }
}

/// More events wait for the end of a quiet period than are read at once: what lies behind them is told all the same, and
/// when it ends, every one of them is.
async fn what_waits_for_the_end_of_a_quiet_period_holds_up_nothing(app: &TestApp) {
    let (scope, now) = (Scope::of(app.project_id().await), app.app.now());
    let alerts = two_alerts(app).await;
    let quiet = json!({"quiet": [{"from": now.plus_days(-1), "to": now.plus_days(1), "reason": "A holiday"}]});
    let settings = path("workflows/quiet-work/alert-settings");
    expect(200, app.member(Role::Owner).put(&settings).json(&quiet)).await;
    let tx = app.app.store.write().await.expect("a transaction");
    for i in 0..451 {
        // The last one is of the other workflow.
        let event = untold(app, &alerts[usize::from(i == 450)], &format!("Event {i}."), i);
        alert::add_event(&tx, scope, &event, None).await.expect("kept");
    }
    tx.commit().await.expect("committed");
    jobs::watch_drift(&app.app).await.expect("watched");
    assert_eq!((told(app, &alerts[0]).await, told(app, &alerts[1]).await), (0, 1));
    app.clock.set(now.plus_days(2));
    jobs::watch_drift(&app.app).await.expect("watched");
    assert_eq!(told(app, &alerts[0]).await, 200, "as many as a list holds");
    let waiting = alert::untold(app.app.store.read(), None, 500).await.expect("read");
    assert_eq!(waiting.len(), 0, "none is lost");
}

/// One that can never be told is tried again at every pass, and what comes after it is told all the same.
async fn what_cannot_be_told_holds_up_nothing(app: &TestApp) {
    let scope = Scope::of(app.project_id().await);
    let alerts = two_alerts(app).await;
    let refuse = match app.app.store.backend() {
        Backend::Sqlite => {
            "CREATE TRIGGER never_told BEFORE UPDATE ON alert_events WHEN NEW.body = 'Never.' \
             BEGIN SELECT RAISE(ABORT, 'never'); END"
        }
        Backend::Postgres => {
            "ALTER TABLE alert_events ADD CONSTRAINT never_told CHECK (body <> 'Never.' OR told_at IS NULL)"
        }
    };
    sql(app, refuse).await.expect("refused from now on");
    let tx = app.app.store.write().await.expect("a transaction");
    for (i, (of, text)) in [(0, "Before."), (0, "Never."), (0, "After."), (1, "Of another.")].into_iter().enumerate() {
        let event = untold(app, &alerts[of], text, i64::try_from(i).expect("few"));
        alert::add_event(&tx, scope, &event, None).await.expect("kept");
    }
    tx.commit().await.expect("committed");
    for _ in 0..2 {
        jobs::watch_drift(&app.app).await.expect_err("the failure is told");
        assert_eq!((told(app, &alerts[0]).await, told(app, &alerts[1]).await), (2, 1));
    }
    let waiting = alert::untold(app.app.store.read(), None, 500).await.expect("read");
    assert_eq!(waiting.iter().map(|(_, event, _)| event.text.as_str()).collect::<Vec<_>>(), ["Never."]);
}
