//! Search: an id leads to its thing, words to everything that is called so, and never out of the project.

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::json;

use crate::support::app::{PROJECT, START, TestApp, both};
use crate::support::evidence::{expect, path};
use crate::support::visitor::Visitor;

both!(names_and_ids_are_found, what_is_typed_is_text, nothing_of_another_project_is_found);

async fn report(app: &TestApp, id: &str, release: &str, outcome: &str) -> String {
    let key = app.program(&[KeyScope::Ingest]).await;
    let run = json!({"external_id": id, "workflow": "refund-handling", "release": release, "outcome": outcome,
        "started_at": START.plus_seconds(-60), "ended_at": START.plus_seconds(-50), "input": "Refund order 1042"});
    expect(200, key.post(&path("runs")).json(&json!({"runs": [run]}))).await;
    let runs = expect(200, app.member(Role::Viewer).get(&path(&format!("runs?external_id={id}")))).await;
    runs["items"][0]["id"].as_str().expect("a run").to_owned()
}

async fn found(visitor: &Visitor<'_>, q: &str) -> String {
    let page = visitor.get(&format!("/p/{PROJECT}/search?q={q}&part=found")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(!page.text.contains("<html"), "only the list");
    page.text
}

async fn names_and_ids_are_found(app: &TestApp) {
    let run = report(app, "order-1042", "2026.3-Beta", "failure").await;
    let reviewer = app.member(Role::Reviewer);
    let case = json!({"title": "Amount is 100% right", "assertions": {"must": ["pay 120.00 EUR"]}});
    let case = expect(200, reviewer.post(&path(&format!("failures/{run}/promote"))).json(&case)).await;
    let case = case["case"]["id"].as_str().expect("a case").to_owned();
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    for (q, wanted) in [
        (run.as_str(), format!("/runs/{run}")),
        (case.as_str(), format!("/cases/{case}")),
        ("order-1042", format!("/runs/{run}")),
        ("REFUND", "/runs?workflow=refund-handling".to_owned()),
        ("3-beta", "/releases/rel_".to_owned()),
        ("100%25", format!("/cases/{case}")),
        ("tri", format!("/p/{PROJECT}/failures")),
    ] {
        let html = found(&visitor, q).await;
        assert!(html.contains(&wanted), "{q}: {html}");
    }
    let html = found(&visitor, "1%25right").await;
    assert!(!html.contains(&case), "a percent sign stands for itself: {html}");
    let page = visitor.get(&format!("/p/{PROJECT}/search?q=2026.3")).await;
    assert!(page.text.contains("<html") && page.text.contains("2026.3-Beta"), "{}", page.text);
}

async fn what_is_typed_is_text(app: &TestApp) {
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let html = found(&visitor, "%3Cimg%20src=x%3E").await;
    assert!(html.contains("Nothing is called") && html.contains("&lt;img") && !html.contains("<img"), "{html}");
    let long = "x".repeat(10_000);
    assert!(found(&visitor, &long).await.contains("Nothing is called"));
    assert!(!found(&visitor, "%20").await.contains("found-group"));
}

async fn nothing_of_another_project_is_found(app: &TestApp) {
    let run = report(app, "order-1042", "1.0.0", "failure").await;
    // The same person in a project of their own does not find it there.
    let new = NewProject { slug: "elsewhere".into(), name: "Elsewhere".into(), settings: ProjectSettings::default() };
    app.app.create_project_as_system("test", new, Some(app.account(Role::Admin))).await.expect("another project");
    let visitor = Visitor::signed_in(app, Role::Admin).await;
    for q in [run.as_str(), "order-1042", "refund", "1.0.0"] {
        let page = visitor.get(&format!("/p/elsewhere/search?q={q}&part=found")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("Nothing is called"), "{q}: {}", page.text);
    }
    let stranger = Visitor::signed_in(app, Role::Viewer).await;
    assert_eq!(stranger.get("/p/elsewhere/search?q=1").await.status, 404);
}
