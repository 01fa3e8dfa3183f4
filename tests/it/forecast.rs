//! Forecasts: worked out in the background for gates that wait, and shown on the gate's page.

use seatrial::worker::jobs;
use seatrial_domain::access::Role;
use seatrial_domain::ids::GateId;

use crate::support::app::{PROJECT, START, TestApp, both};
use crate::support::evidence::{CANDIDATE, attest, declare, open_gate, put_scorecard, report, side_by_side};
use crate::support::visitor::Visitor;

both!(is_worked_out_in_the_background_and_shown);

async fn is_worked_out_in_the_background_and_shown(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 100, 72).await;
    put_scorecard(app).await;
    attest(app).await;
    let gate: GateId = open_gate(app, Role::Owner).await.parse().expect("an id");
    let kept = async || app.app.kept_forecast(&app.caller(Role::Viewer), PROJECT, gate).await.expect("read");
    assert!(kept().await.is_none());
    jobs::find_gaps(&app.app).await.expect("found");
    let first = kept().await.expect("worked out");
    assert_eq!(first.forecasts.len(), 1, "the success rate is inconclusive: {first:?}");
    assert!(first.forecasts[0].most >= first.forecasts[0].half || first.forecasts[0].most.is_none());
    // The same evidence is not worked out again; more of it is.
    jobs::find_gaps(&app.app).await.expect("found");
    assert_eq!(kept().await.expect("kept"), first);
    report(app, CANDIDATE, (50, 36), START.plus_days(-1)).await;
    jobs::find_gaps(&app.app).await.expect("found");
    assert!(kept().await.expect("kept").units > first.units);
    let page = Visitor::signed_in(app, Role::Viewer).await.page(&format!("/gates/{gate}")).await;
    let text = kept().await.expect("kept").forecasts[0].text.clone();
    assert!(page.contains(&text[..40]), "{text}");
}
