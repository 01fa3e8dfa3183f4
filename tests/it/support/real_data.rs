//! The real runs as run reports: what each source has, nothing made up but the times where it has none.

use std::collections::{BTreeMap, HashMap};

use seatrial_domain::run::{Escalation, Outcome, RunReport};
use seatrial_domain::time::{MINUTE, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::shared;

/// The files of the tests of signals.
pub const FILES: [&str; 4] = ["intercode", "autogpt_bench", "tau", "agenta_edit"];
/// When runs without a time begin: 2026-01-01T00:00:00Z.
pub const FIRST: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A row of the neutral shape that `shared/data/README.md` describes.
#[derive(Clone, Debug, Deserialize)]
pub struct RealRun {
    /// The data set.
    pub source: String,
    /// Its id.
    pub run_id: String,
    /// The release.
    pub release: String,
    /// The workflow.
    pub workflow: String,
    /// The task.
    pub task_id: String,
    model: Option<String>,
    started_at: Option<String>,
    duration_s: Option<f64>,
    /// How it ended.
    pub outcome: String,
    /// The kind of miss.
    pub failure_class: Option<String>,
    escalated: bool,
    escalation_possible: bool,
    tool_calls: Option<Vec<String>>,
    tool_errors: Option<i64>,
    retries: Option<i64>,
    cost_usd: Option<f64>,
    messages: Vec<Value>,
    segment: BTreeMap<String, Value>,
}

/// The runs of a file.
pub fn runs(file: &str) -> Vec<RealRun> {
    shared::json_lines(&format!("data/{file}.jsonl.gz"))
}

/// How runs are turned into reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// Whether the source stands for the workflow, so that a release is one across its workflows.
    pub source_as_workflow: bool,
    /// Whether the task is the unit.
    pub task_as_unit: bool,
    /// Whether the conversation goes along.
    pub with_messages: bool,
}

/// Reports of the runs; where a source has no times, runs of a release follow one another by the minute.
pub fn reports(runs: &[RealRun], shape: Shape) -> Vec<RunReport> {
    let mut next: HashMap<&str, i64> = HashMap::new();
    runs.iter()
        .map(|run| {
            let place = next.entry(&run.release).or_default();
            *place += 1;
            report(run, FIRST.plus_micros(*place * MINUTE), shape)
        })
        .collect()
}

/// The report of one run that begins at `otherwise` where the source has no time.
pub fn report(run: &RealRun, otherwise: Timestamp, shape: Shape) -> RunReport {
    let started_at: Timestamp =
        run.started_at.as_deref().map_or(otherwise, |text| text.parse().expect("an RFC 3339 time"));
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a day and costs of cents")]
    let scaled = |value: f64, by: f64| (value * by).round() as i64;
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        // The expected tables name booleans as Python does.
        Value::Bool(flag) => Some(if *flag { "True" } else { "False" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let escalation = Escalation { at: None, reason: None, expected: None };
    RunReport {
        external_id: run.run_id.clone(),
        workflow: if shape.source_as_workflow { run.source.clone() } else { run.workflow.clone() },
        release: run.release.clone(),
        started_at,
        ended_at: run.duration_s.map(|seconds| started_at.plus_micros(scaled(seconds, 1e6))),
        outcome: Outcome::parse(&run.outcome),
        failure_class: run.failure_class.clone(),
        escalations: run.escalation_possible.then(|| if run.escalated { vec![escalation] } else { Vec::new() }),
        retries: run.retries,
        tools: run.tool_calls.clone(),
        tool_errors: run.tool_errors,
        cost_nanos: run.cost_usd.map(|cost| scaled(cost, 1e9)),
        model: run.model.clone(),
        unit: shape.task_as_unit.then(|| run.task_id.clone()),
        segments: run.segment.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        messages: (shape.with_messages && !run.messages.is_empty()).then(|| run.messages.clone()),
        ..RunReport::default()
    }
}

/// Reports as NDJSON bodies of at most 500 lines.
pub fn bodies(reports: &[RunReport]) -> Vec<String> {
    reports
        .chunks(500)
        .map(|chunk| {
            let lines = chunk.iter().map(|report| serde_json::to_string(report).expect("a report is plain data"));
            lines.collect::<Vec<_>>().join("\n")
        })
        .collect()
}
