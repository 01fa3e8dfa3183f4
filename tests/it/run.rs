//! One run's page: its spans in a window however many there are, its conversation turn by turn, and its idle time.

use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::time::{SECOND, Timestamp};
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, PROJECT, START, TestApp, both, run};
use crate::support::browser;
use crate::support::evidence::{expect, path};
use crate::support::visitor::Visitor;

both!(
    spans_come_by_page_and_all_at_once,
    the_conversation_is_shown_by_turns,
    idle_time_is_folded_when_asked,
    the_first_of_many_releases_keeps_its_name,
);

fn nanos(at: Timestamp) -> String {
    format!("{}000", at.micros())
}

/// A span that began and ended so many seconds after the run did.
fn span(id: usize, parent: usize, name: &str, (from, to): (i64, i64)) -> Value {
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    let begun = START.plus_micros(-100_000 * SECOND);
    json!({
        "traceId": "0a".repeat(16), "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": name,
        "startTimeUnixNano": nanos(begun.plus_seconds(from)), "endTimeUnixNano": nanos(begun.plus_seconds(to)),
        "attributes": [{"key": "input.value", "value": {"stringValue": format!("input of {name} {id}")}}],
    })
}

/// Sends the spans as one trace; returns the address of its page.
async fn sent(app: &TestApp, spans: &[Value]) -> String {
    let key = app.program(&[KeyScope::Ingest]).await;
    for piece in spans.chunks(2_500) {
        let body = json!({"resourceSpans": [{
            "resource": {"attributes": [{"key": "service.version", "value": {"stringValue": "1.0.0"}}]},
            "scopeSpans": [{"spans": piece}],
        }]});
        expect(200, key.post("/v1/traces").json(&body)).await;
    }
    let runs = expect(200, app.member(Role::Viewer).get(&path("runs"))).await;
    format!("/p/{PROJECT}/runs/{}", runs["items"][0]["id"].as_str().expect("a run"))
}

/// An agent of 10,000 spans: a root, 99 steps of 100 calls each, and a night's wait for an approval in the middle.
fn long_trace() -> Vec<Value> {
    let mut spans = vec![span(1, 0, "agent", (0, 40_000))];
    for step in 0..99 {
        let begun = if step < 50 { step * 50 } else { 35_000 + step * 50 };
        let id = 2 + step as usize * 101;
        spans.push(span(id, 1, "step", (begun, begun + 50)));
        spans.extend((0..100).map(|call| {
            let mut span = span(id + 1 + call, id, "call", (begun, begun + 50));
            if step == 98 && call == 99 {
                span["status"] = json!({"code": 2, "message": "card declined <b>"});
            }
            span
        }));
    }
    spans
}

async fn spans_come_by_page_and_all_at_once(app: &TestApp) {
    let page = sent(app, &long_trace()).await;
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let lines: Value = serde_json::from_str(&visitor.get(&format!("{page}/spans")).await.text).expect("JSON");
    let lines = lines.as_array().expect("a list");
    assert_eq!(lines.len(), 10_000);
    assert_eq!(
        (&lines[0]["name"], &lines[0]["depth"], &lines[0]["width"]),
        (&json!("agent"), &json!(0), &json!(1_000))
    );
    assert_eq!(lines[9_999]["error"], true);

    let second = visitor.get(&format!("{page}?from=200")).await.text;
    assert!(second.contains("Spans 201 to 400 of 10,000") && second.contains("Earlier rows"), "{second}");
    let last = lines[9_999]["id"].as_str().expect("an id");
    let deep = visitor.get(&format!("{page}?span={last}")).await.text;
    assert!(deep.contains("Spans 9,801 to 10000 of 10,000") || deep.contains("of 10,000"), "{deep}");
    assert!(deep.contains("card declined &lt;b&gt;"), "a link to a span opens it, with its page of rows");
    let body = visitor.get(&format!("{page}/spans/{last}")).await;
    assert_eq!(body.status, 200);
    assert!(body.text.contains("input of call") && !body.text.contains("<html"), "{}", body.text);
    assert_eq!(visitor.get(&format!("{page}/spans/ffffffffffffffff")).await.status, 404);
    let past_the_end = visitor.get(&format!("{page}?from=999999999")).await;
    assert_eq!(past_the_end.status, 200, "a page after the last is the last");
}

async fn the_conversation_is_shown_by_turns(app: &TestApp) {
    let long = "a page of output ".repeat(200);
    let report = json!({"external_id": "talk-1", "workflow": "refunds", "release": "1.0.0", "started_at": START.plus_seconds(-60),
    "ended_at": START.plus_seconds(-10), "outcome": "success", "messages": [
        {"role": "user", "content": "Where is <i>my</i> refund?"},
        {"role": "assistant", "content": "Let me look.", "tool_calls": [{"function": {"name": "find_order", "arguments": "{\"order\": 1042}"}}]},
        {"role": "tool", "name": "find_order", "content": "{\"error\": \"no such order\"}"},
        {"role": "tool", "name": "search", "content": long},
        {"role": "assistant", "content": "I could not find it."},
    ]});
    let key = app.program(&[KeyScope::Ingest]).await;
    expect(200, key.post(&path("runs")).json(&json!({"runs": [report]}))).await;
    let runs = expect(200, app.member(Role::Viewer).get(&path("runs"))).await;
    let id = runs["items"][0]["id"].as_str().expect("a run").to_owned();
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let html = visitor.get(&format!("/p/{PROJECT}/runs/{id}")).await.text;
    assert!(html.contains("Where is &lt;i&gt;my&lt;/i&gt; refund?"), "{html}");
    assert!(html.contains("calls <code class=\"wrap-anywhere\">find_order</code>"), "{html}");
    assert!(html.contains("failed: <code class=\"wrap-anywhere\">find_order</code>"), "an error stands out: {html}");
    assert!(html.contains("<summary>a page of output") && html.contains("(3,400 characters)"), "{html}");
}

async fn idle_time_is_folded_when_asked(app: &TestApp) {
    let spans =
        [span(1, 0, "agent", (0, 10_800)), span(2, 1, "plan", (0, 10)), span(3, 1, "after approval", (10_790, 10_800))];
    let page = sent(app, &spans).await;
    let visitor = Visitor::signed_in(app, Role::Viewer).await;
    let html = visitor.get(&page).await.text;
    assert!(html.contains("Fold 1 idle stretch, 2 h 59 min"), "{html}");
    let width = async |query: &str| {
        let lines = visitor.get(&format!("{page}/spans{query}")).await.text;
        let lines: Value = serde_json::from_str(&lines).expect("JSON");
        lines[1]["width"].as_u64().expect("a width")
    };
    assert_eq!(width("").await, 1, "ten seconds of three hours cannot be seen");
    assert!(width("?idle=folded").await > 450, "without the wait they are half of the run");
    let folded = visitor.get(&format!("{page}?idle=folded")).await.text;
    assert!(folded.contains("Unfold 1 idle stretch"), "{folded}");
}

async fn the_first_of_many_releases_keeps_its_name(app: &TestApp) {
    let key = app.program(&[KeyScope::Ingest]).await;
    let report = |n: i64| {
        let begun = START.plus_seconds(-1_000 + n);
        json!({"external_id": format!("run-{n}"), "workflow": "refunds", "release": format!("1.0.{n}"),
            "started_at": begun, "ended_at": begun.plus_seconds(1), "outcome": "success"})
    };
    let reports: Vec<Value> = (0..250).map(report).collect();
    expect(200, key.post(&path("runs")).json(&json!({"runs": reports}))).await;
    let viewer = app.member(Role::Viewer);
    let first = expect(200, viewer.get(&path("runs?release=1.0.0"))).await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!(first["items"][0]["release"], "1.0.0", "{first}");
    let all = expect(200, viewer.get(&path("workflows/refunds/releases"))).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(250));
}

#[test]
fn a_person_reads_ten_thousand_spans_by_keyboard() {
    run(Backend::Sqlite, async |app: &TestApp| {
        let page = sent(app, &long_trace()).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_EMAIL", &app.email(Role::Viewer)),
            ("SEATRIAL_PASSWORD", PASSWORD),
            ("SEATRIAL_RUN", &page),
        ];
        browser::walk("run", &settings).await;
    });
}
