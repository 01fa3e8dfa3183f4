//! Checks on amounts from reported runs to a frozen recommendation, a gate's forecast, and the sums after an upgrade.

use seatrial::config::DatabaseKind;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::limits::VALUES_PER_SEGMENT;
use seatrial_domain::time::MINUTE;
use seatrial_store::ingest::check_sums;
use seatrial_store::{Backend, OpenOptions, Scope, Store};
use serde_json::{Value, json};

use crate::support::app::{START, TestApp, both};
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, attest, declare, expect, freeze, open_gate, path, put_scorecard, side_by_side,
};
use crate::support::sql::sql;
use crate::support::visitor::Visitor;

both!(
    amounts_carry_verdicts,
    what_cannot_stand_is_refused,
    a_gate_is_forecast,
    values_beyond_the_limit_are_shown_together,
    sums_are_written_anew_after_an_upgrade,
);

/// Reports `n` runs, one a minute, with amounts spread the same way around the given means.
async fn report(app: &TestApp, release: &str, n: i64, cost_nanos: i64, seconds: i64) {
    let runs: Vec<Value> = (0..n)
        .map(|i| {
            let spread = 50 + (i * 37) % 101;
            let at = START.plus_micros((i - n) * MINUTE);
            json!({
                "external_id": format!("{release}-{i}"), "workflow": WORKFLOW, "release": release,
                "started_at": at, "ended_at": at.plus_micros(seconds * spread * 10_000),
                "outcome": if i % 10 == 0 { "failure" } else { "success" },
                "cost_nanos": cost_nanos * spread / 100,
            })
        })
        .collect();
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": runs}))).await;
    assert_eq!(body["rejected"], 0, "{body}");
}

fn scorecard(app: &TestApp, checks: Value) -> Value {
    json!({"name": "Costs", "owner": app.account(Role::Owner).to_string(), "cadence_days": 30, "dimensions": [],
        "checks": checks})
}

async fn amounts_carry_verdicts(app: &TestApp) {
    declare(app).await;
    report(app, BASELINE, 400, 200_000_000, 20).await;
    report(app, CANDIDATE, 400, 120_000_000, 20).await;
    let not_worse = json!({"kind": "not_worse_than_baseline", "margin": 0.1});
    let card = scorecard(
        app,
        json!([
            {"key": "cost", "signal": "cost_per_success", "criterion": not_worse, "role": "key"},
            {"key": "p95", "signal": "latency", "criterion": {"kind": "at_most", "value": 45.0}, "role": "key"},
            {"key": "median", "signal": "time_to_trust", "statistic": "p50", "role": "standard",
                "criterion": {"kind": "within_baseline", "margin": 0.5}},
            {"key": "slow", "signal": "latency", "criterion": {"kind": "at_most", "value": 12.0}, "role": "info"},
        ]),
    );
    expect(201, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}/scorecard"))).json(&card)).await;
    attest(app).await;
    let gate = open_gate(app, Role::Owner).await;
    let (digest, verdict) = freeze(app, &gate).await;
    let read = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}")))).await;
    assert_eq!(verdict, "ship", "{read}");
    let checks = read["recommendation"]["checks"].as_array().expect("checks").clone();
    let said: Vec<&str> = checks.iter().filter_map(|check| check["verdict"].as_str()).collect();
    assert_eq!(said, ["pass", "pass", "pass", "fail"], "{read}");
    let cost = &checks[0]["figures"]["amount"];
    assert_eq!((&cost["unit"], &cost["currency"]), (&json!("currency"), &json!("USD")));
    assert!((cost["candidate"]["value"].as_f64().expect("a figure") - 0.12 / 0.9).abs() < 0.002, "{cost}");
    let text = checks[0]["text"].as_str().expect("a text");
    assert!(text.contains("USD (400 runs) against 0.22") && text.contains("-40.0 %"), "{text}");
    // The frozen bundle holds what all of it was computed from.
    let bundle = expect(200, app.member(Role::Viewer).get(&path(&format!("bundles/{digest}")))).await;
    assert!(bundle["checks"][0]["overall"]["sums"].as_array().is_some_and(|looks| looks.len() > 5));
    assert!(bundle["checks"][1]["overall"]["sketches"].as_array().is_some_and(|looks| looks.len() > 5));
    let page = Visitor::signed_in(app, Role::Viewer).await.page(&format!("/gates/{gate}")).await;
    assert!(page.contains("Latency p95") && page.contains("below 45 s") && page.contains("Cost per success"), "{page}");
}

async fn what_cannot_stand_is_refused(app: &TestApp) {
    declare(app).await;
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    for (check, said) in [
        (json!({"signal": "latency", "criterion": {"kind": "ceiling", "rate": 0.5}}), "at_most"),
        (json!({"signal": "success_rate", "criterion": {"kind": "at_least", "value": 0.5}}), "a floor or a ceiling"),
        (
            json!({"signal": "success_rate", "statistic": "p95", "criterion": {"kind": "floor", "rate": 0.5}}),
            "only an amount has a mean and percentiles",
        ),
    ] {
        let mut check = check;
        check["key"] = json!("one");
        check["role"] = json!("key");
        let card = scorecard(app, json!([check]));
        let refused = expect(422, app.member(Role::Owner).put(&about).json(&card)).await;
        assert!(refused.to_string().contains(said), "{refused}");
    }
}

async fn a_gate_is_forecast(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 100, 74).await;
    put_scorecard(app).await;
    attest(app).await;
    let gate = open_gate(app, Role::Owner).await;
    let about = path(&format!("gates/{gate}/forecast"));
    let found = expect(200, app.member(Role::Viewer).get(&about)).await;
    assert_eq!(found[0]["check"], "success", "{found}");
    assert!(found[0]["half"].as_u64().is_some_and(|half| half > 0), "{found}");
    assert!(found[0]["text"].as_str().is_some_and(|text| text.contains("further units")), "{found}");
    let nowhere = path("gates/019a0000-0000-7000-8000-000000000000/forecast");
    expect(404, app.member(Role::Viewer).get(&nowhere)).await;
}

/// A dimension with more values than are kept apart: the others are one segment, read like any other, and shown.
async fn values_beyond_the_limit_are_shown_together(app: &TestApp) {
    declare(app).await;
    put_scorecard(app).await;
    attest(app).await;
    let kept = i64::try_from(VALUES_PER_SEGMENT).expect("few");
    for (release, others_succeed) in [(BASELINE, true), (CANDIDATE, false)] {
        let runs: Vec<Value> = (0..2 * kept)
            .map(|i| {
                let at = START.plus_micros((i - 2 * kept) * MINUTE);
                let tier = if i < kept { format!("tier-{i:02}") } else { format!("beyond-{i}") };
                json!({
                    "external_id": format!("{release}-{i}"), "workflow": WORKFLOW, "release": release,
                    "started_at": at, "ended_at": at, "segments": {"tier": tier},
                    "outcome": if i < kept || others_succeed { "success" } else { "failure" },
                })
            })
            .collect();
        let writer = app.program(&[KeyScope::Ingest]).await;
        assert_eq!(expect(200, writer.post(&path("runs")).json(&json!({"runs": runs}))).await["rejected"], 0);
    }
    let about = path(&format!("workflows/{WORKFLOW}/signals?release={CANDIDATE}&group_by=tier"));
    let table = expect(200, app.member(Role::Viewer).get(&about)).await;
    assert!(table.to_string().contains("\"other\""), "{table}");
    let gate = open_gate(app, Role::Owner).await;
    let seen = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{gate}/evaluation")))).await;
    let segments = seen["recommendation"]["checks"][0]["segments"].as_array().expect("segments").clone();
    assert_eq!(segments.len() as i64, kept + 1, "{segments:?}");
    let other = segments.iter().find(|one| one["segment"]["value"] == "other").expect("the others are a segment");
    assert_eq!((&other["figures"]["candidate"]["n"], &other["verdict"]), (&json!(kept), &json!("fail")), "{other}");
    assert!(other["text"].as_str().is_some_and(|text| text.contains("tier = other fails")), "{other}");
    let page = Visitor::signed_in(app, Role::Viewer).await.page(&format!("/gates/{gate}")).await;
    assert!(page.contains("tier = other"), "{page}");
}

async fn sums_are_written_anew_after_an_upgrade(app: &TestApp) {
    declare(app).await;
    report(app, BASELINE, 40, 200_000_000, 20).await;
    let scope = Scope::of(app.project_id().await);
    let store = &app.app.store;
    assert_eq!(check_sums(store, scope).await.expect("a database"), None);
    // What an older version kept: other bytes, and the project on the list of the migration.
    let (blocks, cells) = match store.backend() {
        Backend::Sqlite => ("UPDATE blocks SET body = X'0100'", "UPDATE cells SET body = X'0100'"),
        Backend::Postgres => ("UPDATE blocks SET body = '\\x0100'", "UPDATE cells SET body = '\\x0100'"),
    };
    sql(app, blocks).await.expect("written");
    sql(app, cells).await.expect("written");
    assert!(check_sums(store, scope).await.is_err(), "another layout is not read as this one");
    sql(app, "INSERT INTO sums_to_rebuild (project_id) SELECT DISTINCT project_id FROM runs").await.expect("written");
    let url = match app.app.config.database_kind() {
        DatabaseKind::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseKind::Postgres(url) => url.expose().to_owned(),
    };
    let again = Store::open(&OpenOptions::new(url)).await.expect("the database opens");
    assert_eq!(check_sums(&again, scope).await.expect("a database"), None);
    again.close().await;
}
