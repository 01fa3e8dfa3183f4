//! Charts in a browser: read mark by mark by keys and by pointing, with the words of the table behind each.

use seatrial_domain::access::Role;
use seatrial_store::Backend;
use serde_json::json;

use crate::support::app::{PASSWORD, PROJECT, START, TestApp, run};
use crate::support::browser;
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, attest, declare, expect, open_gate, path, put_scorecard, report,
};

/// Two releases over a week, with several things told of neighbouring days: their labels have to make room for each other.
async fn week(app: &TestApp) {
    declare(app).await;
    for day in -6..=0 {
        report(app, BASELINE, (20, 14), START.plus_days(day)).await;
    }
    for day in -2..=0 {
        report(app, CANDIDATE, (20, 18), START.plus_days(day)).await;
    }
    for (release, kind, day) in [
        (BASELINE, "deployed", -6),
        (CANDIDATE, "deployed", -2),
        (BASELINE, "retired", -1),
        (CANDIDATE, "rolled_back", 0),
    ] {
        let told = json!({"workflow": WORKFLOW, "release": release, "kind": kind, "at": START.plus_days(day)});
        expect(201, app.member(Role::ReleaseManager).post(&path("deployments")).json(&told)).await;
    }
}

#[test]
fn charts_are_read_by_keys_and_by_pointing() {
    run(Backend::Sqlite, async |app: &TestApp| {
        week(app).await;
        put_scorecard(app).await;
        attest(app).await;
        let gate = open_gate(app, Role::Owner).await;
        let release = path(&format!("workflows/{WORKFLOW}/releases/{CANDIDATE}"));
        let release = expect(200, app.member(Role::Viewer).get(&release)).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Viewer)),
            ("SEATRIAL_PASSWORD", PASSWORD),
            ("SEATRIAL_RELEASE", release["id"].as_str().expect("an id")),
            ("SEATRIAL_GATE", &gate),
        ];
        browser::walk("chart", &settings).await;
    });
}
