//! The simulator: the same seed gives the same bytes, rates are those of the scenario, every body decodes, and the
//! stories that the demo project tells are in its evidence.

use std::collections::{BTreeMap, HashSet};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use seatrial::demo::scenario::{WORKFLOWS, WorkflowScenario};
use seatrial::demo::{
    DEMO_RUNS, DEMO_SEED, DrawnRun, LateFactInput, control, draws, load, load_bodies, requests, simulate,
};
use seatrial::ingest::otlp::{Format, decode};
use seatrial_domain::failure::{BUILT_IN_CLASSES, Severity, Taxonomy};
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::{LateFact, Outcome, Provenance, RunEvidence, RunFacts, resolve};
use seatrial_domain::stats::{EProcess, EvidenceMethod, Null, Outcomes};
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_domain::trace::{merge, summarize};

/// Evidence of 1/α for α = 5 %, as a logarithm.
const BAR: f64 = 2.995_732_273_553_991;

fn now() -> Timestamp {
    "2026-03-04T15:20:00Z".parse().expect("a time")
}

#[test]
fn same_seed_gives_the_same_bytes() {
    let bytes = |seed, now| -> Vec<_> { requests(seed, now, 500).map(|batch| (batch.otlp, batch.facts)).collect() };
    let first = bytes(DEMO_SEED, now());
    assert_eq!(first, bytes(DEMO_SEED, now()));
    assert_ne!(first, bytes(DEMO_SEED + 1, now()));
}

#[test]
fn filled_again_later_the_runs_are_others() {
    let ids = |now| -> HashSet<_> { simulate(DEMO_SEED, now, 200).map(|run| run.trace_id).collect() };
    let first = ids(now());
    assert!(first.len() >= 199);
    assert!(first.is_disjoint(&ids(now().plus_days(3))));
}

#[test]
fn every_body_decodes_into_whole_traces_of_the_past() {
    let mut ids = HashSet::new();
    let (mut runs, mut kinds) = (0, HashSet::new());
    for batch in requests(DEMO_SEED, now(), 1_000) {
        let request = ExportTraceServiceRequest::decode(batch.otlp.as_slice()).expect("decodes");
        assert_eq!(request.resource_spans.len(), batch.runs);
        for resource_spans in request.resource_spans {
            let spans = &resource_spans.scope_spans[0].spans;
            assert!((3..=12).contains(&spans.len()), "{} spans", spans.len());
            assert_eq!(spans.iter().filter(|span| span.parent_span_id.is_empty()).count(), 1);
            let root = spans.last().expect("a root");
            assert!(root.parent_span_id.is_empty(), "the root comes last");
            assert!(ids.insert(root.trace_id.clone()), "ids are unique");
            for span in spans {
                assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
                assert_eq!(span.trace_id, root.trace_id);
                assert!(span.start_time_unix_nano >= root.start_time_unix_nano);
                assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
                assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
                assert!(span.end_time_unix_nano / 1_000 <= now().micros().cast_unsigned());
            }
            runs += 1;
        }
        for (external_id, late) in batch.facts {
            assert_eq!(external_id.len(), 32);
            for fact in late {
                assert!(fact.at <= now(), "nothing is known before it happens");
                fact.value.check().expect("a fact that the API accepts");
                kinds.insert(fact.value.kind());
            }
        }
    }
    assert!((990..=1_000).contains(&runs), "{runs}");
    assert_eq!(kinds, HashSet::from(["rescue", "outcome", "failure_class", "reviewer_confirmation"]));
}

#[test]
fn traces_carry_tools_errors_personal_data_and_markup() {
    let text: String = simulate(DEMO_SEED, now(), 1_000)
        .flat_map(|run| run.resource_spans.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| format!("{} {:?} {:?} {:?}\n", span.name, span.attributes, span.events, span.status))
        .collect();
    for expected in [
        "invoke_agent refund-agent",
        "chat mariner-3",
        "execute_tool issue_refund",
        "exception.type",
        "gen_ai.usage.input_tokens",
        "gen_ai.tool.call.arguments",
        "seatrial.approval\"",
        "seatrial.escalation\"",
        "seatrial.segment.customer_tier",
        "gen_ai.evaluation.score.value",
        "@example.com",
        "4111 1111 1111 1111",
        "<script>",
    ] {
        assert!(text.contains(expected), "no `{expected}` in a thousand runs");
    }
}

/// The facts that the ingest reads out of a run's trace and late facts.
fn facts(resource_spans: ResourceSpans, late: &[LateFactInput]) -> RunFacts {
    let body = ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec();
    let decoded = decode(&body, Format::Protobuf, now()).expect("decodes");
    assert_eq!((decoded.pieces.len(), decoded.rejected, decoded.warned), (1, 0, 0), "{:?}", decoded.notes);
    let mut spans = Vec::new();
    merge(&mut spans, decoded.pieces.into_iter().flat_map(|piece| piece.spans).collect());
    let summary = summarize(&spans, &control::prices());
    let late: Vec<LateFact> = late
        .iter()
        .map(|fact| LateFact {
            value: fact.value.clone(),
            at: fact.at,
            recorded_at: fact.at,
            provenance: Provenance { actor: "demo".to_owned(), source: Some(fact.source.to_owned()) },
        })
        .collect();
    let evidence = RunEvidence { trace: Some(&summary), report: None, late: &late, idle_closed: false };
    resolve(evidence, &control::workflows()[0].rules, &Taxonomy::default())
}

#[test]
fn the_ingest_reads_what_was_drawn() {
    let mut read = 0;
    for run in simulate(DEMO_SEED, now(), 600) {
        let facts = facts(run.resource_spans, &run.late_facts);
        let drawn = &run.drawn;
        let id = run.trace_id;
        assert_eq!((facts.started_at, facts.ended_at), (drawn.started_at, Some(run.ended_at)), "{id}");
        if drawn.stated_outcome == Some(drawn.outcome) {
            assert_eq!(facts.outcome, drawn.outcome, "{id}");
            assert_eq!(facts.rescued(), run.late_facts.iter().any(|fact| fact.value.kind() == "rescue"), "{id}");
        }
        if drawn.class_stated {
            assert_eq!(facts.failure_class.as_deref(), drawn.failure_class, "{id}");
        }
        for (dimension, value) in &drawn.segments {
            assert_eq!(facts.segments.get(*dimension).map(String::as_str), Some(*value), "{id}");
        }
        assert_eq!(facts.approvals.as_ref().map(Vec::len), Some(usize::from(drawn.approval.is_some())), "{id}");
        assert_eq!(facts.escalations.as_ref().map(Vec::len), Some(usize::from(drawn.escalation.is_some())), "{id}");
        assert_eq!(facts.retries, Some(i64::from(drawn.retries)), "{id}");
        assert_eq!(facts.unit.as_ref(), Some(&drawn.unit), "{id}");
        assert!(facts.cost_nanos.is_some_and(|nanos| nanos > 0), "the cost of {id} is known");
        assert!(facts.tool_errors >= facts.retries, "{id}");
        assert!(facts.concluded() || drawn.stated_outcome.is_none(), "{id}");
        read += 1;
    }
    assert!(read > 590);
}

/// Successes and runs by workflow, release and one dimension's value (empty for the whole).
type Table = BTreeMap<(&'static str, &'static str, &'static str, &'static str), (u32, u32)>;

fn table(runs: &[DrawnRun]) -> Table {
    let mut table = Table::new();
    for drawn in runs {
        for (dimension, value) in drawn.segments.iter().copied().chain([("", "")]) {
            let cell = table.entry((drawn.workflow.name, drawn.release.version, dimension, value)).or_default();
            cell.0 += u32::from(drawn.successful());
            cell.1 += 1;
        }
    }
    table
}

#[test]
fn rates_are_those_of_the_scenario() {
    let runs: Vec<_> = draws(DEMO_SEED, now(), DEMO_RUNS).collect();
    assert!(runs.len() > DEMO_RUNS * 99 / 100);
    let table = table(&runs);
    for ((workflow, release, dimension, value), (successes, n)) in &table {
        let scenario = WorkflowScenario::named(workflow).expect("a workflow");
        let within = (!dimension.is_empty()).then_some((*dimension, *value));
        let truth = scenario.true_success(release, within).expect("a release");
        let n = f64::from(*n);
        let seen = f64::from(*successes) / n;
        let error = (truth * (1.0 - truth) / n).sqrt();
        assert!(
            (seen - truth).abs() < 4.0 * error + 0.002,
            "{workflow} {release} {dimension}={value}: {seen:.3} of {n}, truth {truth:.3}"
        );
    }
    let releases: HashSet<_> = table.keys().map(|(workflow, release, ..)| (workflow, release)).collect();
    assert_eq!(releases.len(), 12, "four releases of three workflows");
    assert_stories(&table, &runs);
}

fn assert_stories(table: &Table, runs: &[DrawnRun]) {
    let rate = |release, dimension, value| {
        let (successes, n) = table[&("refund-handling", release, dimension, value)];
        f64::from(successes) / f64::from(n)
    };
    assert!(rate("2.3.0", "", "") > rate("2.2.0", "", "") + 0.01, "better overall");
    for dimension in WORKFLOWS[0].dimensions {
        for (value, _) in dimension.values {
            let change = rate("2.3.0", dimension.name, value) - rate("2.2.0", dimension.name, value);
            let regressed = *value == "enterprise";
            assert_eq!(regressed, change < -0.02, "{}={value} changed by {change:.3}", dimension.name);
        }
    }
    let candidate = ("access-requests", "1.0.0", "", "");
    assert!((10..50).contains(&table[&candidate].1), "{} runs are too little evidence", table[&candidate].1);
    let youngest = runs.last().expect("runs").started_at;
    assert!(now().micros_since(youngest) < DAY / 4, "traffic reaches the present");
    let critical = runs.iter().filter(|run| run.release.version == "1.7.0").filter_map(|r| r.failure_class);
    assert!(critical.into_iter().all(|class| severity(class) != Severity::Critical));
    let unknown = runs.iter().filter(|run| run.stated_outcome.is_none()).count();
    assert!(unknown * 20 < runs.len(), "few outcomes are unstated");
    assert!(runs.iter().any(|run| run.outcome == Outcome::Abandoned));
}

fn severity(class: &str) -> Severity {
    BUILT_IN_CLASSES.iter().find(|(name, ..)| *name == class).map(|(_, severity, _)| *severity).expect("built in")
}

/// Blocks of some twenty concurrent outcomes of two releases, in order of time.
fn blocks(runs: &[DrawnRun], releases: (&str, &str), within: Option<(&'static str, &'static str)>) -> Vec<Outcomes> {
    let (baseline, candidate) = releases;
    let mut blocks = vec![Outcomes::default()];
    let mut begun = false;
    for run in runs.iter().filter(|run| within.is_none_or(|segment| run.segments.contains(&segment))) {
        let success = u64::from(run.successful());
        begun |= run.release.version == candidate;
        let mut added = Outcomes::default();
        match run.release.version {
            version if version == candidate => (added.n_b, added.s_b) = (1, success),
            version if version == baseline && begun => (added.n_a, added.s_a) = (1, success),
            _ => continue,
        }
        let last = blocks.last_mut().expect("never empty");
        *last = last.merged(added);
        if last.total() >= 20 {
            blocks.push(Outcomes::default());
        }
    }
    blocks
}

fn evidence(null: Null, blocks: &[Outcomes]) -> f64 {
    EProcess::over(null, EvidenceMethod::PlugIn, blocks).max()
}

const WORSE: Null = Null::CandidateBelow { margin: 0.05 };
const NOT_WORSE: Null = Null::CandidateAbove { margin: 0.0 };

/// The demo project on a Wednesday, a Monday morning and a Sunday, in different months.
fn presents() -> [Timestamp; 3] {
    ["2026-03-04T15:20:00Z", "2026-06-01T06:05:00Z", "2027-01-10T23:59:59Z"].map(|text| text.parse().expect("a time"))
}

#[test]
fn the_regressed_segment_fails_while_the_whole_passes() {
    for now in presents() {
        let runs: Vec<_> = draws(DEMO_SEED, now, DEMO_RUNS).collect();
        let whole = blocks(&runs, ("2.2.0", "2.3.0"), None);
        assert!(evidence(WORSE, &whole) > BAR, "the whole passes: {}", evidence(WORSE, &whole));
        assert!(evidence(NOT_WORSE, &whole) < BAR, "the whole does not fail");
        let enterprise = blocks(&runs, ("2.2.0", "2.3.0"), Some(("customer_tier", "enterprise")));
        // Three values of two dimensions: e-BH asks at most six times the evidence of one.
        let bar = BAR + 6.0_f64.ln();
        assert!(evidence(NOT_WORSE, &enterprise) > bar, "enterprise fails: {}", evidence(NOT_WORSE, &enterprise));
    }
}

#[test]
fn the_plainly_better_candidate_passes_everywhere() {
    let scenario = WorkflowScenario::named("invoice-triage").expect("a workflow");
    for now in presents() {
        let runs: Vec<_> = draws(DEMO_SEED, now, DEMO_RUNS).collect();
        let whole = blocks(&runs, ("1.6.0", "1.7.0"), None);
        assert!(evidence(WORSE, &whole) > 2.0 * BAR, "{}", evidence(WORSE, &whole));
        for dimension in scenario.dimensions {
            for (value, _) in dimension.values {
                let segment = blocks(&runs, ("1.6.0", "1.7.0"), Some((dimension.name, value)));
                assert!(evidence(NOT_WORSE, &segment) < BAR, "{value} does not fail");
            }
        }
    }
}

#[test]
fn control_data_fits_the_scenarios() {
    let releases = control::releases(now());
    assert_eq!(releases.len(), 12);
    for release in &releases {
        assert!(release.registered_at <= release.live_at.unwrap_or(now()));
        assert_eq!(release.live_at.is_none(), release.scenario.state == ReleaseState::Candidate);
    }
    for card in control::scorecards() {
        let scenario = WorkflowScenario::named(card.workflow).expect("a workflow");
        for dimension in card.dimensions {
            assert!(scenario.dimensions.iter().any(|known| known.name == *dimension), "{dimension}");
        }
        let attested_at = now().plus_days(-card.attested_days_ago);
        let live = releases.iter().filter(|r| r.workflow == card.workflow).filter_map(|r| r.live_at).max();
        let stale =
            card.attested_days_ago > i64::from(card.cadence_days) && live.is_some_and(|live| live > attested_at);
        assert_eq!(stale, card.workflow == "access-requests");
        assert!(stale || live.is_some_and(|live| live < attested_at), "fresh cards were attested after the release");
    }
    for gate in control::GATES {
        let scenario = WorkflowScenario::named(gate.workflow).expect("a workflow");
        assert_eq!(scenario.release(gate.release).expect("a release").baseline, Some(gate.baseline));
    }
    for promotion in control::PROMOTIONS {
        let scenario = WorkflowScenario::named(promotion.workflow).expect("a workflow");
        let known = scenario.releases.iter().flat_map(|r| r.misses).any(|(name, _)| *name == promotion.failure_class);
        assert!(known && !promotion.must.is_empty());
    }
    for workflow in &WORKFLOWS[..2] {
        for (class, _) in workflow.releases.iter().flat_map(|release| release.misses) {
            let mut cases = control::PROMOTIONS.iter().filter(|case| case.workflow == workflow.name);
            assert!(cases.any(|case| case.failure_class == *class), "{class} of {} is not covered", workflow.name);
        }
    }
    for workflow in WORKFLOWS {
        for (class, _) in workflow.releases.iter().flat_map(|release| release.misses) {
            severity(class);
        }
        for release in &workflow.releases {
            assert!(control::prices().prices().contains_key(release.model));
        }
    }
}

#[test]
fn load_bodies_have_the_size_that_was_asked_for() {
    let bodies = load_bodies(7, 120, load::SPANS_PER_TRACE, load::BYTES_PER_TRACE);
    assert_eq!(bodies, load_bodies(7, 120, load::SPANS_PER_TRACE, load::BYTES_PER_TRACE));
    assert_eq!(bodies.len(), 3, "50 + 50 + 20");
    let mut ids = HashSet::new();
    let (mut plain, mut compressed) = (0, 0);
    for body in &bodies {
        for trace in ExportTraceServiceRequest::decode(body.as_slice()).expect("decodes").resource_spans {
            assert_eq!(trace.scope_spans[0].spans.len(), 8);
            assert!(ids.insert(trace.scope_spans[0].spans[0].trace_id.clone()));
            let bytes = trace.encode_to_vec();
            plain += bytes.len();
            compressed += zstd::bulk::compress(&bytes, 1).expect("compresses").len();
        }
    }
    assert_eq!(ids.len(), 120);
    assert!((14_000..16_500).contains(&(plain / 120)), "{} bytes a trace", plain / 120);
    assert!((5_500..7_000).contains(&(compressed / 120)), "{} compressed bytes a trace", compressed / 120);
}
