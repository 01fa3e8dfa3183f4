//! Incident reviews of detected changes: what was counted around one, and the document of it.

use seatrial::app::incident::{AlertCause, Cause};
use seatrial::http::present::incident::incident;
use seatrial::render::Renderer;
use seatrial::render::document::{Document, DocumentView, TemplateFormat};
use seatrial_domain::access::Role;
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::scorecard::SegmentRef;
use seatrial_domain::signal::Signal;
use serde_json::json;

use crate::support::app::{PROJECT, START, TestApp, both};
use crate::support::evidence::{BASELINE, CANDIDATE, WORKFLOW, alert_of, declare, expect, path, report};
use crate::support::schema::keeps_to_schema;

both!(an_alert_is_reviewed);

/// A release that succeeded in eight of ten runs, then in four, and does again in eight since the answer.
async fn alert(app: &TestApp) -> AlertCause {
    declare(app).await;
    report(app, CANDIDATE, (100, 80), START.plus_days(-4)).await;
    report(app, CANDIDATE, (100, 40), START.plus_days(-2)).await;
    report(app, BASELINE, (100, 80), START).await;
    let releases = expect(200, app.member(Role::Viewer).get(&path(&format!("workflows/{WORKFLOW}/releases")))).await;
    let of = |name: &str| {
        let found =
            releases["items"].as_array().expect("a list").iter().find(|row| row["name"] == name).expect("it is there");
        (found["id"].as_str().expect("an id").to_owned(), found["workflow_id"].as_str().expect("an id").to_owned())
    };
    let (release, workflow) = of(CANDIDATE);
    AlertCause {
        id: alert_of(app, WORKFLOW).await,
        kind: "regression".to_owned(),
        state: "firing".to_owned(),
        text: "Success fell from 80 to 40 %.".to_owned(),
        workflow: workflow.parse::<WorkflowId>().expect("an id"),
        release: Some(release.parse().expect("an id")),
        baseline: None,
        segment: None,
        signals: vec![Signal::SuccessRate, Signal::CostPerSuccess],
        before: (START.plus_days(-5), START.plus_days(-4).plus_seconds(3_600)),
        during: (START.plus_days(-3), START.plus_days(-2).plus_seconds(3_600)),
        digests: vec![("Alert".to_owned(), Digest::of(b"what was kept"))],
        path: "/alerts/alert_1".to_owned(),
    }
}

async fn an_alert_is_reviewed(app: &TestApp) {
    let cause = alert(app).await;
    let answered = json!({
        "workflow": WORKFLOW, "origin": {"kind": "alert", "id": cause.id}, "kind": "rollback",
        "owner": app.account(Role::Owner), "due_at": app.app.now().plus_days(3),
    });
    expect(201, app.member(Role::Admin).post(&path("responses")).json(&answered)).await;
    let caller = app.caller(Role::Viewer);
    let found = app.app.incident_of_alert(&caller, PROJECT, cause.clone()).await.expect("a review");
    let Cause::Alert(around) = &found.cause else { panic!("{:?}", found.cause) };
    assert_eq!((around.failures, found.runs.len()), (60, 20), "failures of the release while it was changed");
    assert_eq!(around.responses[0].owner.as_deref(), Some("Demo owner"));
    let names = app.app.names(&caller, PROJECT).await.expect("names");
    let view = incident(&found, &names);
    let rates: Vec<_> = [&view.effect[0].before, &view.effect[0].during, &view.effect[0].after]
        .map(|figure| (figure.numerator, figure.denominator))
        .to_vec();
    assert_eq!(rates, [(Some(80), Some(100)), (Some(40), Some(100)), (Some(80), Some(100))]);
    assert!(view.effect[0].delta.figure.low.is_some_and(|low| low > 0.0), "it helped, and the interval says so");
    assert_eq!(view.effect[1].before.value, None, "nobody reports a cost, and unknown is not zero");

    let renderer = Renderer::new().expect("the templates are fine");
    let view = DocumentView::Incident(Box::new(view));
    let document = renderer.document_json(&view).expect("JSON");
    keeps_to_schema(Document::Incident, &serde_json::from_str(&document).expect("JSON"));
    let text = renderer.document(&view, TemplateFormat::Markdown).expect("Markdown");
    assert!(text.contains("Success fell from 80 to 40") && text.contains("Owner: Demo owner"), "{text}");
    assert!(!text.contains("Verify offline") && !text.contains("decided by"), "nobody decided: {text}");

    // In one segment only its runs count.
    let gold = SegmentRef { dimension: "tier".to_owned(), value: "gold".to_owned() };
    let in_gold = AlertCause { segment: Some(gold), ..cause.clone() };
    let found = app.app.incident_of_alert(&caller, PROJECT, in_gold).await.expect("a review");
    let Cause::Alert(around) = &found.cause else { panic!("{:?}", found.cause) };
    assert_eq!(around.during.counts.concluded, 50);
    assert!(app.app.incident_of_alert(&caller, "nowhere", cause).await.is_err());
}
