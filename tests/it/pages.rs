//! The web application: every page for a member, none for others, hostile text shown and never run, forms refused
//! without their token or permission, and the loop walked by plain forms.

mod amounts;
mod forms;
mod learning;
mod ordered;
mod results;
mod settings;
mod templates;
mod views;

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, PROJECT, START, TestApp, answer, both, run};
use crate::support::browser;
use crate::support::evidence::{
    BASELINE, CANDIDATE, WORKFLOW, declare, expect, freeze, path, put_scorecard, ready_gate, side_by_side,
};
use crate::support::visitor::{Visitor, at, between};

both!(
    every_page_answers_a_member,
    hostile_text_is_shown_and_never_run,
    who_is_not_signed_in_signs_in_first_and_comes_back,
    assets_and_documents_are_served,
    lists_are_had_as_files_as_shown,
    an_empty_project_leads_to_its_first_run,
);

const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\"'><img src=x onerror=alert(1)>{{csrf}}";

/// The id of the first run of the list, of the project's failures where `failed`.
async fn a_run(app: &TestApp, failed: bool) -> String {
    let about = if failed { "runs?outcome=failure&limit=1" } else { "runs?limit=1" };
    let runs = expect(200, app.member(Role::Viewer).get(&path(about))).await;
    runs["items"][0]["id"].as_str().expect("a run").to_owned()
}

async fn a_release(app: &TestApp, name: &str) -> String {
    let about = path(&format!("workflows/{WORKFLOW}/releases/{name}"));
    let release = expect(200, app.member(Role::Viewer).get(&about)).await;
    release["id"].as_str().expect("a release").to_owned()
}

async fn a_scorecard(app: &TestApp) -> String {
    let about = path(&format!("workflows/{WORKFLOW}/scorecard"));
    let scorecard = expect(200, app.member(Role::Viewer).get(&about)).await;
    scorecard["id"].as_str().expect("a scorecard").to_owned()
}

/// A case made from a failed run.
async fn a_case(app: &TestApp) -> String {
    let run = report_failure(app, "case-source", "Please refund order 7").await;
    let body = json!({"assertions": {"must": ["refund at most the amount of the order"]}});
    let about = path(&format!("failures/{run}/promote"));
    let promoted = expect(200, app.member(Role::Reviewer).post(&about).json(&body)).await;
    promoted["case"]["id"].as_str().expect("a case").to_owned()
}

/// Reports one failed run with a conversation and returns its id.
async fn report_failure(app: &TestApp, external_id: &str, said: &str) -> String {
    let run = json!({
        "external_id": external_id, "workflow": WORKFLOW, "release": CANDIDATE, "started_at": START,
        "ended_at": START.plus_seconds(30), "outcome": "failure", "failure_class": "wrong_result",
        "cost_nanos": 3_100_000, "segments": {"tier": "gold"},
        "messages": [{"role": "user", "content": said}, {"role": "assistant", "content": format!("Done: {said}")}],
    });
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": [run]}))).await;
    body["results"][0]["run_id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

/// Everything there is a page for, decided; returns the paths of all pages.
async fn all_pages(app: &TestApp) -> Vec<String> {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let body = json!({"verdict": "ship", "reason": "**Good** enough.", "bundle": bundle});
    let about = path(&format!("gates/{gate}/decisions"));
    let decision = expect(201, app.member(Role::ReleaseManager).post(&about).json(&body)).await;
    let decision = decision["id"].as_str().expect("a decision").to_owned();
    let case = a_case(app).await;
    let failed = a_run(app, true).await;
    let mut pages: Vec<String> = [
        "",
        "/runs",
        "/releases",
        "/failures",
        "/cases",
        "/scorecards",
        "/decisions",
        "/settings",
        "/settings/members",
        "/settings/keys",
        "/settings/webhooks",
        "/settings/policy",
        "/saved-views",
        "/settings/teams",
        "/settings/workflows",
        "/settings/workflows/refund-handling",
        "/settings/signals",
        "/settings/failure-classes",
        "/settings/prices",
        "/settings/masking",
        "/settings/policy/versions/1",
        "/templates",
        "/templates/review/html",
    ]
    .map(str::to_owned)
    .to_vec();
    pages.extend([
        "/runs?outcome=failure&workflow=refund-handling".to_owned(),
        format!("/runs/{failed}"),
        format!("/failures?run={failed}"),
        "/failures?status=any&severity=minor".to_owned(),
        format!("/releases/{}", a_release(app, CANDIDATE).await),
        format!("/releases/{}", a_release(app, BASELINE).await),
        format!("/cases/{case}"),
        format!("/scorecards/{}", a_scorecard(app).await),
        format!("/gates/{gate}"),
        format!("/decisions/{decision}"),
        format!("/decisions/{decision}/verification"),
        "/decisions/verification".to_owned(),
        format!("/decisions/{decision}/artifact.html"),
        format!("/decisions/{decision}/artifact.md"),
        format!("/decisions/{decision}/artifact.json"),
    ]);
    pages
}

async fn every_page_answers_a_member(app: &TestApp) {
    let pages = all_pages(app).await;
    for role in [Role::Viewer, Role::Admin] {
        let visitor = Visitor::signed_in(app, role).await;
        assert_eq!(visitor.get("/").await.goes_on(), at(""));
        for page in &pages {
            let seen = visitor.get(&at(page)).await;
            assert_eq!(seen.status, 200, "{role} {page}: {}", seen.text);
            assert!(!seen.text.is_empty(), "{page}");
            if !page.contains("artifact.") {
                assert!(seen.text.contains("Demo &amp; Co."), "{page} shows the project");
                assert!(seen.content_type.starts_with("text/html"), "{page}");
            }
        }
        let overview = visitor.page("").await;
        assert!(overview.contains(CANDIDATE) && overview.contains("Success rate"), "{overview}");
        let gate = visitor.page(pages.iter().find(|page| page.starts_with("/gates")).expect("a gate")).await;
        assert!(gate.contains("Every check that counts has an answer."), "{gate}");
    }
}

async fn an_empty_project_leads_to_its_first_run(app: &TestApp) {
    let admin = Visitor::signed_in(app, Role::Admin).await;
    let page = admin.page("").await;
    assert!(page.contains("Make a key with the scope ingest") && page.contains("Waiting for your first run"), "{page}");
    for snippet in ["OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry-sdk", "NodeSDK", "--json"] {
        assert!(page.contains(snippet), "{snippet}: {page}");
    }
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    assert!(viewer.page("").await.contains("Ask an admin of this project for an API key"));
    let waiting = viewer.page("/first-run").await;
    assert!(waiting.contains("data-live") && !waiting.contains("<html"), "it asks again: {waiting}");
    let run = report_failure(app, "first", "hello").await;
    let arrived = viewer.page("/first-run").await;
    assert!(arrived.contains(&run) && !arrived.contains("data-live"), "and no more once it is there: {arrived}");
    assert!(!viewer.page("").await.contains("Waiting for your first run"));
}

#[test]
fn a_person_sends_the_first_run_and_sees_it_arrive() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let key = app.api_key(&[KeyScope::Ingest]).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_API_KEY", &key),
            ("SEATRIAL_EMAIL", &app.email(Role::Admin)),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("first_use", &settings).await;
    });
}

async fn lists_are_had_as_files_as_shown(app: &TestApp) {
    all_pages(app).await;
    report_failure(app, "=HYPERLINK(1)", "Say \"hello\"").await;
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    for list in ["/runs", "/releases", "/failures", "/cases", "/scorecards", "/decisions"] {
        let page = visitor.page(list).await;
        assert!(page.contains(&format!("{}?as=csv", at(list))), "{list} offers its rows: {page}");
        let csv = visitor.get(&at(&format!("{list}?as=csv"))).await;
        assert_eq!((csv.status, csv.content_type.as_str()), (200, "text/csv; charset=utf-8"), "{list}");
        let json = visitor.get(&at(&format!("{list}?as=json"))).await.ok();
        let rows: Vec<Value> = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{list}: {error}: {json}"));
        assert!(!rows.is_empty(), "{list}");
        assert_eq!(csv.text.lines().count(), rows.len() + 1, "{list}: a header and a line for each row: {}", csv.text);
    }
    let filtered = visitor.get(&at("/runs?outcome=failure&q=%3DHYPERLINK%281%29&as=csv")).await.ok();
    let lines: Vec<&str> = filtered.lines().collect();
    assert_eq!(lines.len(), 2, "the filters hold: {filtered}");
    assert!(lines[1].contains("\"'=HYPERLINK(1)\""), "a spreadsheet computes nothing: {filtered}");
    let unknown = visitor.get(&at("/runs?as=xlsx")).await;
    assert!(unknown.status == 200 && unknown.content_type.starts_with("text/html"), "another format is the page");
}

/// A run with hostile text wherever its sender may write.
fn hostile_run() -> Value {
    json!({
        "external_id": format!("id {HOSTILE}"), "workflow": HOSTILE, "release": HOSTILE, "started_at": START,
        "ended_at": START.plus_seconds(9), "outcome": "failure", "failure_class": HOSTILE, "environment": HOSTILE,
        "segments": {HOSTILE: HOSTILE}, "tools": [HOSTILE], "unit": HOSTILE,
        "escalations": [{"reason": HOSTILE, "expected": false}], "scores": {HOSTILE: 0.5},
        "input": {"question": HOSTILE}, "output": HOSTILE,
        "messages": [{"role": HOSTILE, "content": HOSTILE, "name": HOSTILE}],
    })
}

async fn hostile_text_is_shown_and_never_run(app: &TestApp) {
    declare(app).await;
    side_by_side(app, 60, 60).await;
    put_scorecard(app).await;
    let writer = app.program(&[KeyScope::Ingest]).await;
    let body = expect(200, writer.post(&path("runs")).json(&json!({"runs": [hostile_run()]}))).await;
    let id = body["results"][0]["run_id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    let traced = trace(app).await;
    let fact = json!({"idempotency_key": "a", "source": HOSTILE, "fact": {"kind": "rescue", "reason": HOSTILE, "by": HOSTILE}});
    expect(200, app.member(Role::Reviewer).post(&path(&format!("runs/{id}/facts"))).json(&fact)).await;
    let promotion = json!({"title": HOSTILE, "tags": [HOSTILE], "assertions": {"must": [format!("never {HOSTILE}")]}});
    let about = path(&format!("failures/{id}/promote"));
    let case = expect(200, app.member(Role::Reviewer).post(&about).json(&promotion)).await;
    let releases =
        expect(200, app.member(Role::Viewer).get(&path(&format!("workflows/{}/releases", query(HOSTILE))))).await;
    let release = releases["items"][0]["id"].as_str().expect("a release").to_owned();

    let visitor = Visitor::signed_in(app, Role::Admin).await;
    let gate = visitor.page(&format!("/releases/{release}")).await;
    let gate =
        visitor.send(&at(&format!("/releases/{release}/gates")), &gate, &[("policy", "standard")]).await.goes_on();
    let gate = gate.split('?').next().unwrap_or_default().to_owned();
    let page = visitor.get(&gate).await.ok();
    visitor.send(&format!("{gate}/freeze"), &page, &[]).await.goes_on();
    let page = visitor.get(&gate).await.ok();
    let bundle = between(&page, "name=\"bundle\" value=\"", "\"").expect("a form to decide").to_owned();
    let fields = [("bundle", bundle.as_str()), ("verdict", "hold"), ("reason", HOSTILE)];
    let decision = visitor.send(&format!("{gate}/decide"), &page, &fields).await.goes_on();
    let decision = decision.split('?').next().unwrap_or_default().to_owned();

    let project = |rest: String| at(&rest);
    let case = case["case"]["id"].as_str().expect("a case").to_owned();
    let pages = [
        at(""),
        at("/runs"),
        at("/releases"),
        at("/failures?status=any"),
        at("/cases"),
        at("/decisions"),
        project(format!("/runs/{id}")),
        project(format!("/failures?run={id}")),
        project(format!("/releases/{release}")),
        project(format!("/cases/{case}")),
        project(format!("/runs/{}?span=00f067aa0ba902b7", traced)),
        project(format!("/runs?release={}", query(HOSTILE))),
        project(format!("/runs?q={}", query(HOSTILE))),
        gate.clone(),
        decision.clone(),
        format!("{decision}/artifact.html"),
    ];
    for page in &pages {
        let text = visitor.get(page).await.ok();
        for unescaped in ["<script>alert", "<img src=x", "\u{202e}"] {
            assert!(!text.contains(unescaped), "{page} has {unescaped:?} unescaped");
        }
    }
    // It is shown, not swallowed.
    assert!(
        visitor.get(&at(&format!("/runs/{id}"))).await.ok().contains("&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]")
    );
    let markdown = visitor.get(&format!("{decision}/artifact.md")).await.ok();
    assert!(!markdown.contains("<script>") && !markdown.contains('\u{202e}'), "{markdown}");
}

/// Sends a trace whose every text is hostile and returns the id of its run.
async fn trace(app: &TestApp) -> String {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let span = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": HOSTILE, "kind": 1,
        "startTimeUnixNano": (START.micros() * 1_000).to_string(),
        "endTimeUnixNano": ((START.micros() + 4_000_000) * 1_000).to_string(),
        "attributes": [
            text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", HOSTILE),
            text("input.value", HOSTILE), text("output.value", HOSTILE), text(HOSTILE, HOSTILE),
        ],
        "events": [{"name": HOSTILE, "timeUnixNano": (START.micros() * 1_000).to_string(), "attributes": [text(HOSTILE, HOSTILE)]}],
        "status": {"code": 2, "message": HOSTILE},
    });
    let resource = json!({"attributes": [text("service.name", "traced"), text("service.version", "1")]});
    let body = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]});
    let writer = app.program(&[KeyScope::Ingest]).await;
    let (status, answered) = answer(writer.post("/v1/traces").json(&body)).await;
    assert_eq!(status, 200, "{answered}");
    let runs = expect(200, app.member(Role::Viewer).get(&path("runs?workflow=traced"))).await;
    runs["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{runs}")).to_owned()
}

fn query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

async fn who_is_not_signed_in_signs_in_first_and_comes_back(app: &TestApp) {
    let visitor = Visitor::new(app);
    for page in ["", "/runs", "/failures", "/settings", "/decisions/dec_00000000000000000000000000000000/artifact.html"]
    {
        let on = visitor.get(&at(page)).await.goes_on();
        assert!(on.starts_with("/sign-in?next=%2Fp%2F"), "{page} leads to {on}");
    }
    let form = visitor.get("/sign-in?next=%2Fp%2Fdemo-co%2Fruns").await.ok();
    let wrong = [("email", "owner@demo-co.example"), ("password", "not the password"), ("next", "/p/demo-co/runs")];
    let refused = visitor.send("/sign-in", &form, &wrong).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.text.contains("owner@demo-co.example") && refused.text.contains("/p/demo-co/runs"),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains("not the password"));
    let right = [wrong[0], ("password", crate::support::app::PASSWORD), wrong[2]];
    assert_eq!(visitor.send("/sign-in", &refused.text, &right).await.goes_on(), "/p/demo-co/runs");
    let page = visitor.page("/runs").await;
    // Elsewhere is not a page to come back to.
    let away = [right[0], right[1], ("next", "//evil.example")];
    let again = Visitor::new(app);
    let form = again.get("/sign-in").await.ok();
    assert_eq!(again.send("/sign-in", &form, &away).await.goes_on(), "/");
    assert_eq!(visitor.send("/sign-out", &page, &[]).await.goes_on(), "/sign-in?done=signed_out");
    assert!(visitor.get("/sign-in?done=signed_out").await.ok().contains("You are signed out."));
    assert!(visitor.get(&at("/runs")).await.goes_on().starts_with("/sign-in"));
}

async fn assets_and_documents_are_served(app: &TestApp) {
    let visitor = Visitor::new(app);
    let page = visitor.get("/sign-in").await;
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'; script-src 'self'"));
    let page = page.ok();
    for name in ["app-", "theme-"] {
        let rest = between(&page, &format!("/assets/{name}"), "\"").expect("the page names its assets");
        let seen = visitor.get(&format!("/assets/{name}{rest}")).await;
        assert_eq!((seen.status, seen.headers["cache-control"].as_str()), (200, "public, max-age=31536000, immutable"));
        assert!(seen.content_type.starts_with("text/css") || seen.content_type.starts_with("text/javascript"));
    }
    for missing in ["/assets/nothing.js", "/assets/..%2Fmanifest.json", "/assets/../manifest.json"] {
        assert_eq!(visitor.get(missing).await.status, 404, "{missing}");
    }
    assert!(visitor.get("/api/docs").await.ok().contains("<html"));
    let seen = visitor.get("/api/openapi.json").await;
    let document: Value = serde_json::from_str(&seen.text).expect("JSON");
    assert_eq!(document["info"]["title"], "Seatrial");
    assert!(document["paths"]["/api/v1/projects/{project}/decisions/{decision}/artifact"].is_object());
}
