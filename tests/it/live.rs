//! Events on open pages: what is committed is told to those who look at the project, and to nobody else.

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Role, Scope as KeyScope};
use serde_json::json;

use crate::support::app::{PROJECT, START, TestApp, both};
use crate::support::evidence::{expect, path};
use crate::support::visitor::{Visitor, at};

both!(
    a_run_that_comes_in_is_told_to_those_who_look,
    what_a_person_does_is_told_and_the_rail_shows_it,
    events_are_for_members,
    another_project_is_not_heard_and_streams_end_with_the_service,
);

async fn report(app: &TestApp, id: &str) -> String {
    let key = app.program(&[KeyScope::Ingest]).await;
    let run = json!({"external_id": id, "workflow": "refund-handling", "release": "1.0.0", "outcome": "failure",
        "started_at": START.plus_seconds(-60), "ended_at": START.plus_seconds(-50), "input": "Refund order 1042"});
    expect(200, key.post(&path("runs")).json(&json!({"runs": [run]}))).await;
    let runs = expect(200, app.member(Role::Viewer).get(&path(&format!("runs?external_id={id}")))).await;
    runs["items"][0]["id"].as_str().expect("a run").to_owned()
}

/// The next thing that is said; `None` at the end.
async fn said(events: &mut reqwest::Response) -> Option<String> {
    let piece = events.chunk().await.expect("the stream goes on");
    piece.map(|bytes| String::from_utf8(bytes.to_vec()).expect("events are text"))
}

/// Events of the project, after the greeting.
async fn listen(visitor: &Visitor<'_>) -> reqwest::Response {
    let mut events = visitor.open(&at("/events")).await;
    assert_eq!(events.status(), 200);
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert_eq!(events.headers()["cache-control"], "no-store");
    assert_eq!(said(&mut events).await.as_deref(), Some("retry: 5000\n\n"));
    events
}

async fn a_run_that_comes_in_is_told_to_those_who_look(app: &TestApp) {
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let mut events = listen(&visitor).await;
    report(app, "order-1042").await;
    assert_eq!(said(&mut events).await.as_deref(), Some("event: changed\ndata: \n\n"));
    report(app, "order-1043").await;
    assert_eq!(said(&mut events).await.as_deref(), Some("event: changed\ndata: \n\n"), "and again");
}

async fn what_a_person_does_is_told_and_the_rail_shows_it(app: &TestApp) {
    let run = report(app, "order-1042").await;
    let visitor = Visitor::signed_in(app, Role::Reviewer).await;
    let rail = visitor.page("/rail?section=runs").await;
    assert!(
        rail.contains("1<span class=\"visually-hidden\"> open failures</span>") && !rail.contains("<html"),
        "only the rail: {rail}"
    );
    assert!(rail.contains(r#"/runs" data-go="r" aria-current="page""#), "{rail}");
    let mut events = listen(&visitor).await;
    let reviewer = app.member(Role::Reviewer);
    let dismissed = json!({"reason": "a test of ours"});
    expect(200, reviewer.post(&path(&format!("failures/{run}/dismiss"))).json(&dismissed)).await;
    assert_eq!(said(&mut events).await.as_deref(), Some("event: changed\ndata: \n\n"));
    let rail = visitor.page("/rail?section=runs").await;
    assert!(!rail.contains("open failures"), "nothing waits any more: {rail}");
}

async fn events_are_for_members(app: &TestApp) {
    let nobody = Visitor::new(app);
    assert_eq!(nobody.get(&at("/events")).await.status, 303, "who is not signed in is sent to sign in");
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    assert_eq!(visitor.get("/p/elsewhere/events").await.status, 404);
    assert_eq!(visitor.get("/p/elsewhere/rail").await.status, 404);
    let rail = visitor.page("/rail?section=%22%3E%3Cscript%3E").await;
    assert!(!rail.contains("<script"), "{rail}");
}

async fn another_project_is_not_heard_and_streams_end_with_the_service(app: &TestApp) {
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let mut events = listen(&visitor).await;
    let new = NewProject { slug: "elsewhere".into(), name: "Elsewhere".into(), settings: ProjectSettings::default() };
    app.app.create_project_as_system("test", new, Some(app.account(Role::Admin))).await.expect("another project");
    app.app.store.changes().stop();
    assert_eq!(said(&mut events).await, None, "nothing of {PROJECT} was told before the end");
}
