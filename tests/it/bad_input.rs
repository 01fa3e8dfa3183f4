//! Input that is broken, hostile or comes at a bad time, sent to the real service as an exporter would send it: each is
//! answered with a sentence that a person can act on, and loses nothing else.

mod operations;

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use reqwest::RequestBuilder;
use seatrial::app::api_key::NewKey;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::time::Timestamp;
use seatrial_store::{Backend, Scope, ingest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use crate::support::app::{Builder, PROJECT, START, TestApp, TestClient, Who, answer, both, run_with};

both!(
    what_cannot_be_read_is_refused_as_a_whole,
    what_is_wrong_in_a_span_costs_that_span,
    a_trace_of_ten_thousand_spans_is_kept_and_shown,
    parents_in_a_circle_are_kept_and_shown,
    hostile_names_come_out_as_text,
    projects_and_keys_that_do_not_fit_are_refused,
    wrong_reports_are_rejected_one_by_one,
);

/// `google.rpc.Status`, as an OTLP client reads it.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

const PROTOBUF: &str = "application/x-protobuf";

/// Sends bytes as OTLP/protobuf; returns the status and the message of the `google.rpc.Status`.
async fn refused(request: RequestBuilder, body: Vec<u8>) -> (u16, String) {
    let response = request.header("content-type", PROTOBUF).body(body).send().await.expect("the service answers");
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], PROTOBUF, "{status}");
    let body = response.bytes().await.expect("a body");
    (status, Status::decode(body).expect("a google.rpc.Status").message)
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// The nanoseconds of a time, as OTLP/JSON writes them.
fn nanos(at: Timestamp) -> String {
    format!("{}000", at.micros())
}

/// A finished span of a trace, a minute before the test begins.
fn span(trace: u8, id: u64, parent: u64, name: &str) -> Value {
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    json!({
        "traceId": format!("{trace:02x}").repeat(16), "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": name,
        "startTimeUnixNano": nanos(START.plus_seconds(-60)), "endTimeUnixNano": nanos(START.plus_seconds(-50)),
        "attributes": [attribute("seatrial.workflow", "refunds"), attribute("seatrial.outcome", "success")],
    })
}

fn with(mut span: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().expect("an object") {
        span[key] = value.clone();
    }
    span
}

fn body(spans: &[Value]) -> Value {
    json!({ "resourceSpans": [{
        "resource": { "attributes": [attribute("service.version", "1.0.0")] },
        "scopeSpans": [{ "spans": spans }],
    }] })
}

/// Sends spans as OTLP/JSON; returns how many were rejected, and what was said.
async fn sent(key: &TestClient<'_>, spans: &[Value]) -> (u64, String) {
    let (status, answer) = answer(key.post("/v1/traces").json(&body(spans))).await;
    assert_eq!(status, 200, "{answer}");
    let partial = &answer["partialSuccess"];
    let rejected = partial["rejectedSpans"].as_str().map_or(0, |count| count.parse().expect("a count"));
    (rejected, partial["errorMessage"].as_str().unwrap_or_default().to_owned())
}

async fn ingest_key(app: &TestApp) -> TestClient<'_> {
    app.program(&[KeyScope::Ingest]).await
}

async fn runs(app: &TestApp) -> Vec<Value> {
    let path = format!("/api/v1/projects/{PROJECT}/runs");
    let (status, list) = answer(app.member(Role::Viewer).get(&path)).await;
    assert_eq!(status, 200, "{list}");
    list["items"].as_array().expect("a list").clone()
}

async fn what_cannot_be_read_is_refused_as_a_whole(app: &TestApp) {
    let key = ingest_key(app).await;
    let (status, message) = refused(key.post("/v1/traces"), vec![0x0a, 0x7f, 0x0a]).await;
    assert_eq!(status, 400, "truncated");
    assert!(message.contains("truncated"), "{message}");

    let zeros = vec![0; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&zeros).expect("memory");
    let gzip_bomb = encoder.finish().expect("memory").repeat(128);
    let zstd_bomb = zstd::stream::encode_all(&zeros[..], 1).expect("memory").repeat(128);
    for (encoding, bomb) in [("gzip", gzip_bomb), ("zstd", zstd_bomb)] {
        let request = || key.post("/v1/traces").header("content-encoding", encoding);
        let (status, message) = refused(request(), bomb).await;
        assert_eq!(status, 413, "{encoding}");
        assert!(message.contains("more than 67108864 bytes") && message.contains("fewer spans"), "{message}");
        let (status, message) = refused(request(), b"not compressed".to_vec()).await;
        assert_eq!(status, 400, "{encoding}");
        assert!(message.contains(&format!("not valid {encoding}")), "{message}");
    }
    let (status, message) = refused(key.post("/v1/traces").header("content-encoding", "br"), vec![]).await;
    assert_eq!(status, 415);
    assert!(message.contains("`br` is not accepted; compress with gzip, with zstd, or not at all"), "{message}");

    let plain = key.post("/v1/traces").header("content-type", "text/plain").body("spans");
    let (status, problem) = answer(plain).await;
    assert_eq!((status, &problem["code"]), (415, &json!(3)));
    let message = problem["message"].as_str().expect("a message");
    assert!(message.contains("`text/plain`") && message.contains("application/x-protobuf or application/json"));
    assert_eq!(runs(app).await, Vec::<Value>::new(), "nothing came of any of it");
}

async fn what_is_wrong_in_a_span_costs_that_span(app: &TestApp) {
    let key = ingest_key(app).await;
    let good = || span(1, 1, 0, "refund");
    let future = nanos(START.plus_seconds(3_600));
    for (wrong, expected) in [
        (json!({ "traceId": "0101" }), "trace id has 2 bytes"),
        (json!({ "traceId": "not hexadecimal" }), "trace id"),
        (json!({ "spanId": "" }), "span id has 0 bytes"),
        (json!({ "startTimeUnixNano": future, "endTimeUnixNano": future }), "in the future"),
        (json!({ "endTimeUnixNano": "1" }), "before it starts"),
    ] {
        let (rejected, message) = sent(&key, &[good(), with(span(1, 9, 1, "wrong"), wrong)]).await;
        assert_eq!(rejected, 1, "{message}");
        assert!(message.contains(expected), "{message}");
    }
    let cost = json!({ "key": "gen_ai.usage.cost", "value": { "doubleValue": -0.25 } });
    let (rejected, message) = sent(&key, &[with(span(2, 1, 0, "refund"), json!({ "attributes": [cost] }))]).await;
    assert_eq!(rejected, 0, "a wrong amount costs the amount: {message}");
    assert!(message.contains("negative cost"), "{message}");
    let runs = runs(app).await;
    assert_eq!(runs.len(), 2, "the good spans of every request were kept: {runs:?}");
    assert!(runs.iter().all(|run| run["facts"]["cost_nanos"].is_null()), "{runs:?}");
}

async fn page(app: &TestApp, path: &str) -> String {
    let visitor = crate::support::visitor::Visitor::signed_in(app, Role::Viewer).await;
    let page = visitor.get(path).await;
    assert_eq!(page.status, 200, "{path}");
    page.text
}

async fn a_trace_of_ten_thousand_spans_is_kept_and_shown(app: &TestApp) {
    let key = ingest_key(app).await;
    let children: Vec<Value> = (2..=10_000).map(|id| span(3, id, id - 1, "step")).collect();
    // Children first and the root last, in several requests, as exporters do.
    for piece in children.chunks(2_500) {
        assert_eq!(sent(&key, piece).await, (0, String::new()));
    }
    assert_eq!(sent(&key, &[span(3, 1, 0, "refund")]).await, (0, String::new()));
    let run = &runs(app).await[0];
    assert_eq!(run["facts"]["outcome"], "success", "{run}");
    let id = run["id"].as_str().expect("an id");
    let (status, whole) = answer(app.member(Role::Viewer).get(&format!("/api/v1/projects/{PROJECT}/runs/{id}"))).await;
    assert_eq!((status, whole["spans"].as_array().expect("spans").len()), (200, 10_000));
    let html = page(app, &format!("/p/{PROJECT}/runs/{id}")).await;
    assert!(
        html.contains("10,000 spans over") && html.contains("Spans 1 to 200 of 10,000"),
        "the page says what it leaves out"
    );

    let flood: Vec<Value> = (10_001..=20_001).map(|id| span(3, id, 1, "loop")).collect();
    let (rejected, message) = sent(&key, &flood).await;
    assert_eq!(rejected as usize, flood.len(), "{message}");
    assert!(message.contains("more than 20000 spans") && message.contains("an agent in a loop"), "{message}");
    let repeated: Vec<Value> = children[..5_000].iter().cloned().chain(flood.into_iter().skip(1)).collect();
    assert_eq!(sent(&key, &repeated).await, (0, String::new()), "repeats do not count");
}

async fn parents_in_a_circle_are_kept_and_shown(app: &TestApp) {
    let key = ingest_key(app).await;
    let circle = [span(4, 1, 3, "first"), span(4, 2, 1, "second"), span(4, 3, 2, "third"), span(4, 7, 7, "itself")];
    assert_eq!(sent(&key, &circle).await, (0, String::new()));
    let id = runs(app).await[0]["id"].as_str().expect("an id").to_owned();
    let html = page(app, &format!("/p/{PROJECT}/runs/{id}")).await;
    for name in ["first", "second", "third", "itself"] {
        assert!(html.contains(name), "{name} is shown");
    }
}

async fn hostile_names_come_out_as_text(app: &TestApp) {
    let key = ingest_key(app).await;
    let hostile = "\u{1b}]0;evil\u{7}<script>alert(1)</script>\u{202e}";
    let said = json!([attribute("seatrial.workflow", hostile), attribute("input.value", hostile)]);
    let (rejected, _) = sent(&key, &[with(span(5, 1, 0, hostile), json!({ "attributes": said }))]).await;
    assert_eq!(rejected, 0);
    let id = runs(app).await[0]["id"].as_str().expect("an id").to_owned();
    for path in [format!("/p/{PROJECT}/runs/{id}"), format!("/p/{PROJECT}/runs"), format!("/p/{PROJECT}")] {
        let html = page(app, &path).await;
        assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;alert(1)"), "{path}");
        assert!(!html.contains('\u{1b}') && !html.contains('\u{7}') && !html.contains('\u{202e}'), "{path}");
    }
}

async fn projects_and_keys_that_do_not_fit_are_refused(app: &TestApp) {
    let run = json!({ "runs": [] });
    let (status, problem) =
        answer(app.member(Role::Admin).post("/api/v1/projects/no-such-project/runs").json(&run)).await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("no such project") && detail.contains("you do not belong to it"), "{detail}");

    let traces = |key: &str| {
        let request = app.client(Who::Key(key.to_owned())).post("/v1/traces");
        refused(request, Vec::new())
    };
    let expires_at = Some(START.plus_seconds(60));
    let new = NewKey { name: "short".to_owned(), scopes: vec![KeyScope::Ingest], expires_at };
    let created = app.app.create_api_key(&app.caller(Role::Admin), PROJECT, new).await.expect("a key is made");
    let key = created.key.expose();
    let accepted = app.client(Who::Key(key.to_owned())).post("/v1/traces").header("content-type", PROTOBUF);
    assert_eq!(accepted.send().await.expect("an answer").status(), 200);
    app.clock.advance(Duration::from_secs(61));
    let (status, message) = traces(key).await;
    assert_eq!(status, 401);
    assert!(message.contains("has expired") && message.contains("create a new key"), "{message}");
    let (status, message) = traces("strl_0000").await;
    assert_eq!(status, 401);
    assert!(message.contains("is not valid") && !message.contains("strl_0000"), "{message}");
    let reader = app.api_key(&[KeyScope::Read]).await;
    let (status, message) = traces(&reader).await;
    assert_eq!(status, 403);
    assert!(message.contains("needs the permission"), "{message}");
}

async fn wrong_reports_are_rejected_one_by_one(app: &TestApp) {
    let report = |id: &str, changes: Value| {
        with(
            json!({ "external_id": id, "workflow": "refunds", "release": "1.0.0", "started_at": START.plus_seconds(-60) }),
            changes,
        )
    };
    let given = [
        report("good", json!({ "outcome": "success" })),
        report("cost", json!({ "cost_nanos": -1 })),
        report("early", json!({ "started_at": START.plus_seconds(3_600) })),
        report("", json!({})),
        report("outcome", json!({ "outcome": "splendid" })),
    ];
    let path = format!("/api/v1/projects/{PROJECT}/runs");
    let (status, result) = answer(app.member(Role::Admin).post(&path).json(&json!({ "runs": given }))).await;
    assert_eq!((status, &result["created"], &result["rejected"]), (200, &json!(1), &json!(4)), "{result}");
    for (item, expected) in
        [(1, "leave it out when the cost is unknown"), (2, "future"), (3, "external_id"), (4, "splendid")]
    {
        let said = result["results"][item].to_string();
        assert!(said.contains(expected), "{item}: {said}");
    }
}

/// Fills the queue while somebody else holds the writer, and shows that what was refused was said to be, and that what
/// was accepted is there.
async fn a_full_queue_refuses_and_loses_nothing(app: &TestApp) {
    let scope = Scope::of(app.project_id().await);
    let key = app.api_key(&[KeyScope::Ingest]).await;
    let held = app.app.store.write().await.expect("a transaction");
    ingest::lock(&held, scope).await.expect("the project's lock");
    let mut requests = JoinSet::new();
    for trace in 1..=12u8 {
        let request = app.client(Who::Key(key.clone())).post("/v1/traces").json(&body(&[span(trace, 1, 0, "refund")]));
        requests.spawn(async move { (trace, request.send().await.expect("the service answers")) });
    }
    // One is with the writer and one waits; a commit takes one more that came in time. The others are told to come again.
    let mut refused = Vec::new();
    while refused.len() < 9 {
        let (trace, response) = requests.join_next().await.expect("a request").expect("sent");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "1");
        let status: Value = response.json().await.expect("a google.rpc.Status");
        let message = status["message"].as_str().expect("a message");
        assert!(message.contains("accepted nothing") && message.contains("send it again"), "{message}");
        refused.push(trace);
    }
    held.commit().await.expect("released");
    while let Some(done) = requests.join_next().await {
        let (trace, response) = done.expect("sent");
        match response.status().as_u16() {
            200 => {}
            429 => refused.push(trace),
            other => panic!("{other}"),
        }
    }
    assert_eq!(runs(app).await.len(), 12 - refused.len(), "what was accepted is there, what was refused is not");
    let client = app.client(Who::Key(key));
    for trace in refused {
        assert_eq!(sent(&client, &[span(trace, 1, 0, "refund")]).await, (0, String::new()));
    }
    assert_eq!(runs(app).await.len(), 12);
}

mod a_full_queue {
    use super::*;

    fn builder(backend: Backend) -> Builder {
        let settings =
            [("ingest.queue_length", "1"), ("ingest.commit_max_runs", "1"), ("ingest.retry_after_seconds", "1")];
        settings.into_iter().fold(Builder::new(backend), |builder, (setting, value)| builder.with(setting, value))
    }

    #[test]
    fn on_sqlite() {
        run_with(builder(Backend::Sqlite), a_full_queue_refuses_and_loses_nothing);
    }

    #[test]
    fn on_postgres() {
        run_with(builder(Backend::Postgres), a_full_queue_refuses_and_loses_nothing);
    }
}

/// A client that says how long its body is learns that there is no room before it sends it.
async fn a_body_without_room_is_refused_before_it_comes(app: &TestApp) {
    let key = app.api_key(&[KeyScope::Ingest]).await;
    let held = app.app.ingest.reserve(900_000, "otlp").expect("there is room");
    let address = app.base_url.strip_prefix("http://").expect("a loopback address").to_owned();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 200000\r\n\r\n"
    );
    let mut connection = tokio::net::TcpStream::connect(&address).await.expect("connected");
    connection.write_all(head.as_bytes()).await.expect("sent");
    let mut line = vec![0; "HTTP/1.1 429".len()];
    connection.read_exact(&mut line).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&line), "HTTP/1.1 429");
    drop(held);
    assert_eq!(sent(&app.client(Who::Key(key)), &[span(1, 1, 0, "refund")]).await, (0, String::new()));
}

#[test]
fn a_body_without_room() {
    let builder = Builder::new(Backend::Sqlite).with("ingest.queue_mib", "1");
    run_with(builder, a_body_without_room_is_refused_before_it_comes);
}

/// Permissions do not bind the administrator, who may run this test: SQLite's own read-only mode answers the same.
#[test]
fn a_read_only_file_is_said_everywhere() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let app = Builder::new(Backend::Sqlite).start().await;
        let secret = app.api_key(&[KeyScope::Ingest]).await;
        let key = || Who::Key(secret.clone());
        assert_eq!(sent(&app.client(key()), &[span(1, 1, 0, "refund")]).await, (0, String::new()));
        let app = app.restarted_read_only().await;
        let request = app.client(key()).post("/v1/traces").json(&body(&[span(2, 1, 0, "refund")]));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "30", "it may be mended meanwhile");
        let status: Value = response.json().await.expect("a google.rpc.Status");
        let message = status["message"].as_str().expect("a message");
        assert!(
            message.contains("read-only") && message.contains("make the file and its folder writable"),
            "{message}"
        );
        let run = json!({ "runs": [{
            "external_id": "a", "workflow": "refunds", "release": "1.0.0", "started_at": START.plus_seconds(-60),
        }] });
        let path = format!("/api/v1/projects/{PROJECT}/runs");
        let (status, problem) = answer(app.member(Role::Admin).post(&path).json(&run)).await;
        assert_eq!((status, &problem["code"]), (503, &json!("read_only")), "{problem}");
        let (status, ready) = answer(app.client(Who::Nobody).get("/readyz")).await;
        assert_eq!((status, &ready["ready"]), (503, &json!(false)), "{ready}");
        assert_eq!(runs(&app).await.len(), 1, "what is there can be read, and what was refused was not kept");
        app.stop().await;
    });
}
