//! Events on open pages: what is committed is told to those who look at the project, and to nobody else.

use seatrial::app::access::Caller;
use seatrial::app::api_key::NewKey;
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_store::Backend;
use serde_json::json;

use crate::support::app::{PASSWORD, PROJECT, START, TestApp, both, run};
use crate::support::browser;
use crate::support::evidence::{CANDIDATE, WORKFLOW, decide, expect, freeze, path, ready_gate, report as report_runs};
use crate::support::visitor::{Visitor, at, between};

both!(
    a_run_that_comes_in_is_told_to_those_who_look,
    what_a_person_does_is_told_and_the_rail_shows_it,
    events_are_for_members,
    another_project_is_not_heard_and_streams_end_with_the_service,
    findings_of_a_gate_follow_what_comes_in_and_what_others_do,
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

fn name(app: &TestApp, role: Role) -> String {
    match app.caller(role) {
        Caller::Account { name, .. } => name,
        other => panic!("{other:?} is not a person"),
    }
}

/// Where a gate's findings are fetched again.
fn again(page: &str) -> String {
    let address = between(page, r#"hx-get=""#, r#"" hx-trigger="live""#).expect("the findings are live");
    address.strip_prefix(&format!("/p/{PROJECT}")).expect("an address of the project").replace("&amp;", "&")
}

async fn findings_of_a_gate_follow_what_comes_in_and_what_others_do(app: &TestApp) {
    let gate = ready_gate(app, 86).await;
    let visitor = Visitor::signed_in(app, Role::ReleaseManager).await;
    let page = visitor.page(&format!("/gates/{gate}")).await;
    let (_, part) = page.split_once(r#"id="findings""#).expect("the page has findings");
    let address = again(part);
    assert!(part.contains("344/400") && !part.contains("/500"), "{part}");
    let found = visitor.page(&address).await;
    assert!(!found.contains("<html") && found.contains("344/400") && !found.contains("is-warn"), "{found}");

    report_runs(app, CANDIDATE, (100, 90), START.plus_seconds(1)).await;
    let found = visitor.page(&address).await;
    assert!(found.contains("434/500") && !found.contains("344/400"), "what came in is in it: {found}");

    let (bundle, _) = freeze(app, &gate).await;
    let owner = name(app, Role::Owner);
    let found = visitor.page(&address).await;
    assert!(found.contains(&format!("{owner} froze the evidence")), "{found}");
    let frozen = visitor.page(&format!("/gates/{gate}")).await;
    assert!(!frozen.contains("froze the evidence:"), "whoever loads the page now has seen it: {frozen}");
    let after_freeze = again(frozen.split_once(r#"id="findings""#).expect("the page has findings").1);

    let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("hold", "Not yet.")).await;
    assert_eq!(status, 201, "{decision}");
    let manager = name(app, Role::ReleaseManager);
    for address in [&address, &after_freeze] {
        let found = visitor.page(address).await;
        assert!(found.contains(&format!("{manager} decided to hold.")), "{found}");
        assert!(
            found.contains("See the decision") && !found.contains("data-live"),
            "nothing follows any more: {found}"
        );
    }
    let hostile = visitor.page(&format!("/gates/{gate}/findings?seen=%22%3E%3Cscript%3E")).await;
    assert!(!hostile.contains("<script"), "{hostile}");
    assert_eq!(visitor.get(&format!("/p/elsewhere/gates/{gate}/findings")).await.status, 404);
}

/// Two people on one gate, in a browser each.
#[test]
fn a_gate_that_two_look_at_tells_each_what_the_other_does() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let gate = ready_gate(app, 86).await;
        freeze(app, &gate).await;
        let key = NewKey { name: "sender".to_owned(), scopes: vec![KeyScope::Ingest], expires_at: None };
        let key = app.app.create_api_key(&app.caller(Role::Admin), PROJECT, key).await.expect("a key is made");
        let one = json!({"external_id": "late-1", "workflow": WORKFLOW, "release": CANDIDATE, "outcome": "success",
            "started_at": START.plus_seconds(-60), "ended_at": START.plus_seconds(-50)});
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMAIL", &app.email(Role::Admin)),
            ("SEATRIAL_OTHER_EMAIL", &app.email(Role::ReleaseManager)),
            ("SEATRIAL_OTHER_NAME", &name(app, Role::ReleaseManager)),
            ("SEATRIAL_PASSWORD", PASSWORD),
            ("SEATRIAL_GATE", &gate),
            ("SEATRIAL_KEY", key.key.expose()),
            ("SEATRIAL_RUNS", &json!({"runs": [one]}).to_string()),
        ];
        browser::walk("gate_two", &settings).await;
    });
}

async fn another_project_is_not_heard_and_streams_end_with_the_service(app: &TestApp) {
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let mut events = listen(&visitor).await;
    let new = NewProject { slug: "elsewhere".into(), name: "Elsewhere".into(), settings: ProjectSettings::default() };
    app.app.create_project_as_system("test", new, Some(app.account(Role::Admin))).await.expect("another project");
    app.app.store.changes().stop();
    assert_eq!(said(&mut events).await, None, "nothing of {PROJECT} was told before the end");
}
