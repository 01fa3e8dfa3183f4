//! The reference: a minimal server that does what no ingest can leave out, and nothing else. It decodes OTLP protobuf,
//! compresses each trace with zstd level 1, commits a row of facts, the blob and a rollup to SQLite (WAL, FULL), many
//! requests to a transaction, and answers after the commit.

use std::collections::HashMap;
use std::path::Path;

use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer, Responder, get, post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::support::Outcome;

/// Requests that may wait for the writer.
const QUEUE: usize = 512;
/// Most requests in one transaction.
const REQUESTS_PER_COMMIT: usize = 40;
/// Rows of one statement.
const ROWS: usize = 50;
const HOUR_NANOS: i64 = 3_600_000_000_000;

const SCHEMA: [&str; 3] = [
    "CREATE TABLE run (seq INTEGER PRIMARY KEY, trace_id BLOB NOT NULL UNIQUE, workflow TEXT NOT NULL, \
     release TEXT NOT NULL, tier TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, \
     outcome TEXT NOT NULL, spans INTEGER NOT NULL)",
    "CREATE TABLE trace (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE rollup (workflow TEXT NOT NULL, release TEXT NOT NULL, tier TEXT NOT NULL, hour INTEGER NOT NULL, \
     runs INTEGER NOT NULL, successes INTEGER NOT NULL, PRIMARY KEY (workflow, release, tier, hour)) WITHOUT ROWID",
];
const ROLLUP: &str = "INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE \
                      SET runs = runs + excluded.runs, successes = successes + excluded.successes";

/// The facts of one run with its compressed trace.
struct Run {
    trace_id: Vec<u8>,
    workflow: String,
    release: String,
    tier: String,
    started_at: i64,
    ended_at: i64,
    outcome: String,
    spans: i64,
    body: Vec<u8>,
}

/// One request's runs, and who waits for them to be on disk.
struct Pending {
    runs: Vec<Run>,
    done: oneshot::Sender<bool>,
}

/// Serves until the process is ended.
pub fn serve(database: &Path, port: u16, workers: usize) -> Outcome<()> {
    let database = database.to_owned();
    actix_web::rt::System::new().block_on(async move {
        let connection = open(&database).await?;
        let (queue, pending) = mpsc::channel(QUEUE);
        let writer = actix_web::rt::spawn(write(connection, pending));
        HttpServer::new(move || {
            App::new()
                .app_data(Data::new(queue.clone()))
                .app_data(PayloadConfig::new(64 << 20))
                .service(healthz)
                .service(traces)
        })
        .workers(workers)
        .bind(("127.0.0.1", port))?
        .run()
        .await?;
        writer.await?
    })
}

#[get("/healthz")]
async fn healthz() -> impl Responder {
    HttpResponse::Ok()
}

#[post("/v1/traces")]
async fn traces(body: Bytes, queue: Data<mpsc::Sender<Pending>>) -> HttpResponse {
    let runs = match ExportTraceServiceRequest::decode(body) {
        Ok(request) => request.resource_spans.into_iter().filter_map(read).collect(),
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    let (done, committed) = oneshot::channel();
    if queue.send(Pending { runs, done }).await.is_ok() && committed.await.unwrap_or(false) {
        return HttpResponse::Ok().content_type("application/x-protobuf").finish();
    }
    HttpResponse::InternalServerError().body("the commit failed")
}

/// The facts of one trace, as the load carries them: one trace to a resource, facts on its root.
fn read(resource_spans: ResourceSpans) -> Option<Run> {
    let spans = || resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans);
    let root = spans().find(|span| span.parent_span_id.is_empty())?;
    let resource = resource_spans.resource.as_ref().map(|resource| resource.attributes.as_slice()).unwrap_or_default();
    let text = |attributes: &[KeyValue], key: &str| {
        let found = attributes.iter().find(|attribute| attribute.key == key)?;
        match found.value.as_ref()?.value.as_ref()? {
            any_value::Value::StringValue(text) => Some(text.clone()),
            _ => None,
        }
    };
    Some(Run {
        trace_id: root.trace_id.clone(),
        workflow: text(&root.attributes, "seatrial.workflow")?,
        release: text(resource, "service.version")?,
        tier: text(&root.attributes, "seatrial.segment.customer_tier").unwrap_or_default(),
        started_at: root.start_time_unix_nano.cast_signed(),
        ended_at: root.end_time_unix_nano.cast_signed(),
        outcome: text(&root.attributes, "seatrial.outcome").unwrap_or_default(),
        spans: i64::try_from(spans().count()).ok()?,
        body: zstd::bulk::compress(&resource_spans.encode_to_vec(), 1).ok()?,
    })
}

async fn open(database: &Path) -> Outcome<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    for statement in SCHEMA {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    Ok(connection)
}

/// The only writer: takes whatever waits, up to a bound, and commits it at once.
async fn write(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Pending>) -> Outcome<()> {
    let mut seq = 0;
    while let Some(first) = queue.recv().await {
        let mut batch = vec![first];
        while batch.len() < REQUESTS_PER_COMMIT {
            let Ok(more) = queue.try_recv() else { break };
            batch.push(more);
        }
        let (waiting, runs): (Vec<_>, Vec<_>) = batch.into_iter().map(|pending| (pending.done, pending.runs)).unzip();
        let runs: Vec<Run> = runs.into_iter().flatten().collect();
        let committed = commit(&mut connection, runs, &mut seq).await;
        for done in waiting {
            // A client that has gone does not wait any more.
            let _ = done.send(committed.is_ok());
        }
        committed?;
    }
    Ok(())
}

async fn commit(connection: &mut SqliteConnection, mut runs: Vec<Run>, seq: &mut i64) -> Outcome<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut rollup: HashMap<(String, String, String, i64), (i64, i64)> = HashMap::new();
    for run in &runs {
        let hour = run.started_at.div_euclid(HOUR_NANOS);
        let cell = rollup.entry((run.workflow.clone(), run.release.clone(), run.tier.clone(), hour)).or_default();
        cell.0 += 1;
        cell.1 += i64::from(run.outcome == "success");
    }
    while !runs.is_empty() {
        let rest = runs.split_off(runs.len().min(ROWS));
        insert(&mut transaction, runs, seq).await?;
        runs = rest;
    }
    for ((workflow, release, tier, hour), (n, successes)) in rollup {
        sqlx::query(ROLLUP)
            .bind(workflow)
            .bind(release)
            .bind(tier)
            .bind(hour)
            .bind(n)
            .bind(successes)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, runs: Vec<Run>, seq: &mut i64) -> Outcome<()> {
    let facts = format!("INSERT INTO run VALUES {}", rows("(?, ?, ?, ?, ?, ?, ?, ?, ?)", runs.len()));
    let bodies = format!("INSERT INTO trace VALUES {}", rows("(?, ?)", runs.len()));
    let mut facts = sqlx::query(AssertSqlSafe(facts));
    let mut bodies = sqlx::query(AssertSqlSafe(bodies));
    for run in runs {
        *seq += 1;
        facts = facts.bind(*seq).bind(run.trace_id).bind(run.workflow).bind(run.release).bind(run.tier);
        facts = facts.bind(run.started_at).bind(run.ended_at).bind(run.outcome).bind(run.spans);
        bodies = bodies.bind(*seq).bind(run.body);
    }
    facts.execute(&mut *connection).await?;
    bodies.execute(&mut *connection).await?;
    Ok(())
}

fn rows(row: &str, n: usize) -> String {
    vec![row; n].join(", ")
}
