//! Telling people of alerts: nothing that waits for the end of a quiet period is lost, or holds anything up.

use seatrial::worker::jobs;
use seatrial_domain::access::{Actor, Role};
use seatrial_domain::alert::{AlertKind, AlertState};
use seatrial_domain::ids::AlertId;
use seatrial_domain::time::HOUR;
use seatrial_store::alert::{self, AlertEvent, AlertRow};
use seatrial_store::{Scope, release, workflow};
use serde_json::json;

use crate::support::app::{TestApp, both};
use crate::support::evidence::{expect, path};

both!(what_waits_for_the_end_of_a_quiet_period_holds_up_nothing);

/// More events wait for the end of a quiet period than are read at once: what lies behind them is told all the same, and
/// when it ends, every one of them is.
async fn what_waits_for_the_end_of_a_quiet_period_holds_up_nothing(app: &TestApp) {
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
    let quiet = json!({"quiet": [{"from": now.plus_days(-1), "to": now.plus_days(1), "reason": "A holiday"}]});
    let settings = path("workflows/quiet-work/alert-settings");
    expect(200, app.member(Role::Owner).put(&settings).json(&quiet)).await;
    let tx = app.app.store.write().await.expect("a transaction");
    for row in &alerts {
        alert::put(&tx, scope, row).await.expect("kept");
    }
    for i in 0..451 {
        // The last one is of the other workflow.
        let of = &alerts[usize::from(i == 450)];
        let event = AlertEvent {
            id: app.app.ids.uuid_v7(),
            alert: of.id,
            state: AlertState::Resolved,
            text: format!("Event {i}."),
            by: Actor::account("acc_test", "Test"),
            at: now.plus_micros(i - 1_000),
            told_at: None,
            digest: None,
        };
        alert::add_event(&tx, scope, &event, None).await.expect("kept");
    }
    tx.commit().await.expect("committed");
    let told = async |row: &AlertRow| {
        let events = alert::events(app.app.store.read(), scope, row.id).await.expect("read");
        events.iter().filter(|event| event.told_at.is_some()).count()
    };
    jobs::watch_drift(&app.app).await.expect("watched");
    assert_eq!((told(&alerts[0]).await, told(&alerts[1]).await), (0, 1));
    app.clock.set(now.plus_days(2));
    jobs::watch_drift(&app.app).await.expect("watched");
    assert_eq!(told(&alerts[0]).await, 200, "as many as a list holds");
    let waiting = alert::untold(app.app.store.read(), None, 500).await.expect("read");
    assert_eq!(waiting.len(), 0, "none is lost");
}
