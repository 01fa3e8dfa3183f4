//! Whatever arrives in whatever order, the kept sums equal a recomputation from the runs, on both databases.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use seatrial_domain::ids::{FactId, ProjectId, RunId, uuid_v7};
use seatrial_domain::run::{
    Approval, ApprovalStatus, Escalation, FactValue, LateFact, Outcome, Provenance, Rescue, RunReport,
};
use seatrial_domain::span::{Marks, Span, SpanClass, SpanId, Stated, TraceId};
use seatrial_domain::time::{HOUR, MINUTE, Timestamp};
use seatrial_domain::workflow::{FactKind, FactSource, WorkflowRules};
use seatrial_store::blob::compress;
use seatrial_store::ingest::{Change, RunWrite, Target, apply, check_sums};
use seatrial_store::project::{self, ProjectRow};
use seatrial_store::workflow::{self, WorkflowRow};
use seatrial_store::{OpenOptions, Scope, Store};

use crate::support::postgres::TestDatabase;

const START: Timestamp = Timestamp::from_micros(1_772_442_000_000_000);
const RUNS: u8 = 6;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    /// Spans `from..to` of a run's trace arrive.
    Piece { run: u8, from: u8, to: u8 },
    /// A run is reported.
    Report { run: u8, outcome: u8, variant: u8 },
    /// A late fact is recorded.
    Fact { run: u8, key: u8, kind: u8 },
    /// A run that nobody hears of is closed.
    CloseIdle { run: u8 },
    /// Minutes pass, and what is due settles.
    Pass { minutes: u16 },
    /// A run is deleted.
    Delete { run: u8 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..RUNS, 0u8..4, 1u8..5).prop_map(|(run, from, to)| Event::Piece { run, from, to }),
        3 => (0..RUNS, 0u8..4, 0u8..3).prop_map(|(run, outcome, variant)| Event::Report { run, outcome, variant }),
        4 => (0..RUNS, 0u8..5, 0u8..8).prop_map(|(run, key, kind)| Event::Fact { run, key, kind }),
        1 => (0..RUNS).prop_map(|run| Event::CloseIdle { run }),
        3 => (1u16..2_000).prop_map(|minutes| Event::Pass { minutes }),
        1 => (0..RUNS).prop_map(|run| Event::Delete { run }),
    ]
}

fn id(n: u64) -> uuid::Uuid {
    let mut random = [0u8; 10];
    random[..8].copy_from_slice(&n.to_be_bytes());
    uuid_v7(1_772_442_000_000, random)
}

fn trace_of(run: u8) -> Vec<Span> {
    let trace_id = TraceId([run + 1; 16]);
    let span = |n: u8, parent: Option<u8>, class: SpanClass, error: Option<&str>| Span {
        id: SpanId([n + 1; 8]),
        trace_id,
        parent: parent.map(|parent| SpanId([parent + 1; 8])),
        name: format!("step {n}"),
        class,
        started_at: START.plus_micros(i64::from(run) * 25 * MINUTE + i64::from(n) * 1_000),
        ended_at: Some(START.plus_micros(i64::from(run) * 25 * MINUTE + i64::from(n) * 1_000 + 900)),
        error: error.map(str::to_owned),
        tokens: None,
        cost_nanos: (class == SpanClass::Model).then_some(1_000 * i64::from(run) + 7),
        model: (class == SpanClass::Model).then(|| format!("model-{}", run % 2)),
        tool: (class == SpanClass::Tool).then(|| "search".to_owned()),
        marks: None,
    };
    let mut root = span(0, None, SpanClass::Agent, None);
    root.ended_at = Some(root.started_at.plus_micros(5_000 + i64::from(run)));
    root.marks = Some(Box::new(Marks {
        workflow: Some(Stated { rank: 0, name: "refunds".to_owned() }),
        release: Some(Stated { rank: 0, name: format!("v{}", run % 2) }),
        unit: (run.is_multiple_of(3)).then(|| "session-1".to_owned()),
        outcome: (run.is_multiple_of(2)).then_some(Outcome::Success),
        segments: [("tier".to_owned(), format!("tier-{}", run % 2))].into(),
        ..Marks::default()
    }));
    vec![
        root,
        span(1, Some(0), SpanClass::Model, None),
        span(2, Some(0), SpanClass::Tool, (run % 3 == 1).then_some("timeout")),
        span(3, Some(0), SpanClass::Tool, None),
    ]
}

fn report_of(run: u8, outcome: u8, variant: u8) -> RunReport {
    let outcomes = [None, Some(Outcome::Success), Some(Outcome::Failure), Some(Outcome::Abandoned)];
    let started_at = START.plus_micros(i64::from(run) * HOUR / 2);
    RunReport {
        external_id: format!("run-{run}"),
        workflow: "refunds".to_owned(),
        release: format!("v{}", run % 2),
        started_at,
        ended_at: (variant > 0).then(|| started_at.plus_micros(40 * MINUTE)),
        outcome: outcomes[usize::from(outcome)],
        failure_class: (outcome == 2).then(|| "unsafe_action".to_owned()),
        cost_nanos: (variant == 2).then_some(123_456_789),
        unit: (run.is_multiple_of(2)).then(|| "case-7".to_owned()),
        tools: (variant == 1).then(|| vec!["book".to_owned()]),
        segments: [("tier".to_owned(), "gold".to_owned())].into(),
        ..RunReport::default()
    }
}

fn fact_of(kind: u8, at: Timestamp) -> FactValue {
    match kind {
        0 => FactValue::Rescue(Rescue { at: None, by: None, seconds: Some(600), reason: None }),
        1 => FactValue::Outcome { outcome: Outcome::Failure },
        2 => FactValue::Outcome { outcome: Outcome::Success },
        3 => FactValue::ReviewerConfirmation { outcome: Outcome::Success, failure_class: None },
        4 => FactValue::Cost { cost_nanos: 5_000_000 },
        5 => FactValue::Approval(Approval { status: ApprovalStatus::Denied, at: Some(at), by: None, tool: None }),
        6 => FactValue::Escalation(Escalation { at: None, reason: None, expected: Some(false) }),
        _ => FactValue::Score { name: "helpful".to_owned(), value: 0.25 },
    }
}

/// The writes of an event at `now`.
fn writes(scope: Scope, event: &Event, n: u64, now: Timestamp) -> Vec<RunWrite> {
    let by_trace = |run: u8| Target::External(format!("{:02x}", run + 1).repeat(16));
    let by_name = |run: u8| Target::External(format!("run-{run}"));
    let write = |target: Target, change: Change| RunWrite { scope, target, new_id: RunId::from_uuid(id(n)), change };
    match *event {
        Event::Piece { run, from, to } => {
            let spans: Vec<Span> = trace_of(run).into_iter().skip(from.into()).take(to.into()).collect();
            if spans.is_empty() {
                return Vec::new();
            }
            vec![write(by_trace(run), Change::Trace { spans, body: compress(b"").expect("memory") })]
        }
        Event::Report { run, outcome, variant } => {
            vec![write(by_name(run), Change::Report(Box::new(report_of(run, outcome, variant))))]
        }
        Event::Fact { run, key, kind } => {
            let fact = LateFact {
                value: fact_of(kind, now),
                at: now,
                recorded_at: now,
                provenance: Provenance { actor: "test".to_owned(), source: None },
            };
            let target = if key.is_multiple_of(2) { by_trace(run) } else { by_name(run) };
            vec![write(target, Change::Fact { id: FactId::from_uuid(id(n)), key: format!("key-{key}"), fact })]
        }
        Event::CloseIdle { run } => vec![write(by_trace(run), Change::CloseIdle)],
        Event::Delete { run } => {
            vec![write(if run.is_multiple_of(2) { by_trace(run) } else { by_name(run) }, Change::Delete)]
        }
        Event::Pass { .. } => Vec::new(),
    }
}

async fn project(store: &Store, n: u64) -> Scope {
    let tx = store.write().await.expect("writable");
    let project_id = id(1_000_000 + n);
    let scope = Scope::of(ProjectId::from_uuid(project_id));
    let row = ProjectRow {
        id: project_id,
        slug: format!("p{n}"),
        name: "P".to_owned(),
        settings_json: "{}".to_owned(),
        created_at: START.micros(),
    };
    project::insert(&tx, row).await.expect("a project");
    let rules = WorkflowRules {
        observes: [(FactKind::Rescues, FactSource::Api)].into(),
        settle_seconds: 7_200,
        ..WorkflowRules::default()
    };
    let row = WorkflowRow {
        id: seatrial_domain::ids::WorkflowId::from_uuid(id(2_000_000 + n)),
        name: "refunds".to_owned(),
        risk_class: seatrial_domain::workflow::RiskClass::High,
        owner: None,
        rules,
        created_at: START,
    };
    workflow::insert(&tx, scope, row).await.expect("a workflow");
    tx.commit().await.expect("durable");
    scope
}

async fn play(store: &Store, scope: Scope, case: u64, groups: &[Vec<Event>]) -> Result<(), String> {
    let mut now = START;
    // Ids are unique over all cases, which share one database.
    let mut n = case << 32;
    for group in groups {
        let mut batch = Vec::new();
        for event in group {
            n += 1;
            if let Event::Pass { minutes } = event {
                now = now.plus_micros(i64::from(*minutes) * MINUTE);
            }
            batch.extend(writes(scope, event, n, now));
        }
        let tx = store.write().await.map_err(|error| error.to_string())?;
        apply(&tx, &batch, now).await.map_err(|error| error.to_string())?;
        tx.commit().await.map_err(|error| error.to_string())?;
        settle(store, now).await?;
        if let Some(difference) = check_sums(store, scope).await.map_err(|error| error.to_string())? {
            return Err(difference);
        }
    }
    Ok(())
}

async fn settle(store: &Store, now: Timestamp) -> Result<(), String> {
    let due = seatrial_store::ingest::due_to_settle(store, now, 500).await.map_err(|error| error.to_string())?;
    let writes = due
        .into_iter()
        .map(|(scope, run)| RunWrite { scope, target: Target::Id(run), new_id: run, change: Change::Settle })
        .collect::<Vec<_>>();
    let tx = store.write().await.map_err(|error| error.to_string())?;
    apply(&tx, &writes, now).await.map_err(|error| error.to_string())?;
    tx.commit().await.map_err(|error| error.to_string())
}

fn check(url: &str, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let store = runtime.block_on(Store::open(&OpenOptions::new(url))).expect("the database opens");
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let strategy = prop::collection::vec(prop::collection::vec(event(), 1..5), 1..12);
    let next = std::cell::Cell::new(0);
    let result = TestRunner::new(config).run(&strategy, |groups| {
        next.set(next.get() + 1);
        let played = runtime.block_on(async {
            let scope = project(&store, next.get()).await;
            play(&store, scope, next.get(), &groups).await
        });
        played.map_err(|why| TestCaseError::fail(why.chars().take(2_000).collect::<String>()))
    });
    runtime.block_on(store.close());
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sums_equal_a_recomputation_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    check(&format!("sqlite:{}", folder.path().join("sums.db").display()), 96);
}

#[test]
fn sums_equal_a_recomputation_on_postgres() {
    let database = TestDatabase::create();
    check(database.url(), 24);
}
