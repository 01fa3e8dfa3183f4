//! Signals of real runs, taken in over HTTP, against tables computed independently with plain Python.

use std::collections::HashMap;

use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial_domain::access::Role;
use serde_json::Value;

use crate::support::app::{TestApp, answer, both};
use crate::support::real_data::{FILES, RealRun, Shape, bodies, reports, runs};
use crate::support::shared::csv_rows;

/// A row of an expected table: column name to text; empty where it does not apply.
type Row = HashMap<String, String>;

const RANGES: [(&str, &str); 2] =
    [("2023-01-01T00:00:00Z", "2024-06-01T00:00:00Z"), ("2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z")];

/// Reports the runs into a project and returns how many were rejected.
async fn take_in(app: &TestApp, project: &str, runs: &[RealRun], shape: Shape) {
    let admin = app.member(Role::Admin);
    for body in bodies(&reports(runs, shape)) {
        let request = admin.post(&format!("/api/v1/projects/{project}/runs"));
        let (status, result) = answer(request.header("content-type", "application/x-ndjson").body(body)).await;
        assert_eq!(status, 200, "{result}");
        assert_eq!(result["rejected"], 0, "{}", result["results"]);
        assert_eq!(result["unchanged"], 0);
    }
}

/// The groups of a workflow, over both ranges that hold data (a query spans at most two years).
async fn groups(app: &TestApp, project: &str, workflow: &str, group_by: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for (from, to) in RANGES {
        let path =
            format!("/api/v1/projects/{project}/workflows/{workflow}/signals?from={from}&to={to}&group_by={group_by}");
        let (status, table) = answer(app.member(Role::Viewer).get(&path)).await;
        assert_eq!(status, 200, "{table}");
        found.extend(table["groups"].as_array().expect("groups").iter().cloned());
    }
    found
}

fn signal<'a>(group: &'a Value, name: &str) -> &'a Value {
    let signals = group["signals"].as_array().expect("signals");
    signals.iter().find(|signal| signal["signal"] == name).unwrap_or_else(|| panic!("no {name} in {group}"))
}

/// Compares figures and remembers how many it compared.
#[derive(Default)]
struct Comparison {
    figures: usize,
}

impl Comparison {
    fn exact(&mut self, at: &str, column: &str, row: &Row, got: &Value) {
        let Some(want) = row.get(column).filter(|text| !text.is_empty()) else { return };
        let want: f64 = want.parse().expect("a number");
        let got = got.as_f64().unwrap_or_else(|| panic!("{at}: {column} is {got}, expected {want}"));
        assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{at}: {column} is {got}, expected {want}");
        self.figures += 1;
    }

    /// A quantile of the sketch: the nearest rank within 1 %.
    fn within_sketch(&mut self, at: &str, column: &str, want: f64, got: &Value) {
        let got = got.as_f64().unwrap_or_else(|| panic!("{at}: {column} is {got}, expected {want}"));
        assert!((got - want).abs() <= 0.0101 * want.abs(), "{at}: {column} is {got}, expected {want} within 1 %");
        self.figures += 1;
    }

    fn group(&mut self, at: &str, row: &Row, group: &Value, values: &Values) {
        let success = signal(group, "success_rate");
        self.exact(at, "runs", row, &group["concluded"]);
        self.exact(at, "successes", row, &success["numerator"]);
        self.exact(at, "success_rate", row, &success["value"]);
        self.exact(at, "wilson_lo", row, &success["low"]);
        self.exact(at, "wilson_hi", row, &success["high"]);
        let cost = signal(group, "cost_per_run");
        self.exact(at, "n_cost", row, &cost["n"]);
        self.exact(at, "mean_cost_usd", row, &cost["mean"]);
        self.exact(at, "total_cost_usd", row, &cost["total"]);
        if row["n_cost"] == row["runs"] {
            self.exact(at, "cost_per_success_usd", row, &signal(group, "cost_per_success")["value"]);
        }
        self.quantiles(at, &values.costs, cost);
        let latency = signal(group, "latency");
        self.exact(at, "n_duration", row, &latency["n"]);
        self.exact(at, "mean_duration_s", row, &latency["mean"]);
        self.quantiles(at, &values.durations, latency);
        let escalation = signal(group, "escalation_rate");
        self.exact(at, "escalations", row, &escalation["numerator"]);
        self.exact(at, "escalation_rate", row, &escalation["value"]);
        let tools = signal(group, "tool_call_error_rate");
        self.exact(at, "tool_calls", row, &signal(group, "mean_tool_calls")["numerator"]);
        self.exact(at, "mean_tool_calls", row, &signal(group, "mean_tool_calls")["value"]);
        self.exact(at, "tool_errors", row, &tools["numerator"]);
        self.exact(at, "tool_error_rate", row, &tools["value"]);
        self.exact(at, "runs_with_tool_error_rate", row, &signal(group, "tool_error_rate")["value"]);
        self.exact(at, "mean_retries", row, &signal(group, "mean_retries")["value"]);
    }

    /// The nearest-rank quantiles of the raw values, which the table's agree with except where it takes the middle of
    /// two values for a median.
    fn quantiles(&mut self, at: &str, values: &[f64], got: &Value) {
        if values.is_empty() {
            return;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        for (name, q) in [("p50", 0.5), ("p95", 0.95)] {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rank"
            )]
            let rank = ((q * sorted.len() as f64 - 1e-9).ceil() as usize).max(1);
            self.within_sketch(at, name, sorted[rank - 1], &got[name]);
        }
    }
}

/// The raw amounts of a group of runs.
#[derive(Default)]
struct Values {
    costs: Vec<f64>,
    durations: Vec<f64>,
}

fn values<'a>(runs: impl Iterator<Item = &'a RealRun>) -> Values {
    let mut values = Values::default();
    for report in reports(&runs.cloned().collect::<Vec<_>>(), Shape::default()) {
        #[expect(clippy::cast_precision_loss, reason = "amounts of a run are far below 2^53")]
        {
            values.costs.extend(report.cost_nanos.map(|nanos| nanos as f64 / 1e9));
            values.durations.extend(report.ended_at.map(|end| end.micros_since(report.started_at) as f64 / 1e6));
        }
    }
    values
}

async fn real_runs_read_as_expected(app: &TestApp) {
    let runs: Vec<RealRun> = FILES.iter().flat_map(|file| runs(file)).collect();
    let new = NewProject { slug: "sources".into(), name: "By source".into(), settings: ProjectSettings::default() };
    let caller = app.caller(Role::Admin);
    app.app.create_project(&caller, new).await.expect("a second project");
    take_in(app, "demo-co", &runs, Shape::default()).await;
    let by_source = Shape { source_as_workflow: true, ..Shape::default() };
    take_in(app, "sources", &runs, by_source).await;

    let mut comparison = Comparison::default();
    by_release_and_workflow(app, &runs, &mut comparison).await;
    by_release(app, &runs, &mut comparison).await;
    by_segment(app, &runs, &mut comparison).await;
    by_day(app, &runs, &mut comparison).await;
    let classes = failure_classes(app, &runs).await;
    // The other ten rows of the table of classes are of sources that are not taken in here.
    assert_eq!((comparison.figures, classes), (5_644, 20), "figures and classes compared");
}

fn known_sources(runs: &[RealRun]) -> Vec<String> {
    let mut sources: Vec<String> = runs.iter().map(|run| run.source.clone()).collect();
    sources.sort();
    sources.dedup();
    sources
}

async fn by_release_and_workflow(app: &TestApp, runs: &[RealRun], comparison: &mut Comparison) {
    let mut tables: HashMap<String, Vec<Value>> = HashMap::new();
    let sources = known_sources(runs);
    for row in csv_rows::<Row>("data/expected/release_workflow_summary.csv") {
        let (source, workflow, release) = (&row["source"], &row["workflow"], &row["release"]);
        if !sources.contains(source) {
            continue;
        }
        if !tables.contains_key(workflow) {
            tables.insert(workflow.clone(), groups(app, "demo-co", workflow, "release").await);
        }
        let group = tables[workflow].iter().find(|group| group["release"] == **release);
        let group = group.unwrap_or_else(|| panic!("no {workflow} {release}"));
        let of = values(runs.iter().filter(|run| run.workflow == *workflow && run.release == *release));
        comparison.group(&format!("{workflow} {release}"), &row, group, &of);
    }
}

async fn by_release(app: &TestApp, runs: &[RealRun], comparison: &mut Comparison) {
    for source in known_sources(runs) {
        let table = groups_as_admin(app, &source, "release").await;
        for row in csv_rows::<Row>("data/expected/release_summary.csv") {
            if row["source"] != source {
                continue;
            }
            let release = &row["release"];
            let group = table.iter().find(|group| group["release"] == **release).expect("the release");
            let of = values(runs.iter().filter(|run| run.source == source && run.release == *release));
            comparison.group(&format!("{source} {release}"), &row, group, &of);
        }
    }
}

/// The groups of a source in the second project, of which only the admin is a member.
async fn groups_as_admin(app: &TestApp, source: &str, group_by: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for (from, to) in RANGES {
        let path =
            format!("/api/v1/projects/sources/workflows/{source}/signals?from={from}&to={to}&group_by={group_by}");
        let (status, table) = answer(app.member(Role::Admin).get(&path)).await;
        assert_eq!(status, 200, "{table}");
        found.extend(table["groups"].as_array().expect("groups").iter().cloned());
    }
    found
}

async fn by_segment(app: &TestApp, runs: &[RealRun], comparison: &mut Comparison) {
    let sources = known_sources(runs);
    let mut tables: HashMap<(String, String), Vec<Value>> = HashMap::new();
    for row in csv_rows::<Row>("data/expected/segment_summary.csv") {
        let (source, workflow, release) = (&row["source"], &row["workflow"], &row["release"]);
        let (segment, value) = (&row["segment"], &row["value"]);
        if !sources.contains(source) {
            continue;
        }
        let of_source = workflow == "*";
        let key = (if of_source { source.clone() } else { workflow.clone() }, segment.clone());
        if !tables.contains_key(&key) {
            let table = if of_source {
                groups_as_admin(app, source, segment).await
            } else {
                groups(app, "demo-co", workflow, segment).await
            };
            tables.insert(key.clone(), table);
        }
        let at = format!("{source} {workflow} {release} {segment}={value}");
        let group = tables[&key].iter().find(|group| group["release"] == **release && group["value"] == **value);
        let group = group.unwrap_or_else(|| panic!("no {at}"));
        let reports = reports(runs, Shape::default());
        let of = runs.iter().zip(&reports).filter(|(run, report)| {
            run.source == *source
                && (of_source || run.workflow == *workflow)
                && run.release == *release
                && report.segments.get(segment) == Some(value)
        });
        comparison.group(&at, &row, group, &values(of.map(|(run, _)| run)));
    }
}

async fn by_day(app: &TestApp, runs: &[RealRun], comparison: &mut Comparison) {
    let mut tables: HashMap<String, Vec<Value>> = HashMap::new();
    for row in csv_rows::<Row>("data/expected/daily.csv") {
        let (source, release, day) = (&row["source"], &row["release"], &row["day"]);
        if !tables.contains_key(source) {
            tables.insert(source.clone(), groups_as_admin(app, source, "day").await);
        }
        let starts = |group: &Value| group["start"].as_str().is_some_and(|start| start.starts_with(day.as_str()));
        let group = tables[source].iter().find(|group| group["release"] == **release && starts(group));
        let at = format!("{source} {release} {day}");
        let group = group.unwrap_or_else(|| panic!("no {at}"));
        let of = reports(runs, Shape::default());
        let of = runs.iter().zip(&of).filter(|(run, report)| {
            run.source == *source && run.release == *release && report.started_at.to_string().starts_with(day.as_str())
        });
        comparison.group(&at, &row, group, &values(of.map(|(run, _)| run)));
    }
}

async fn failure_classes(app: &TestApp, runs: &[RealRun]) -> usize {
    let sources = known_sources(runs);
    let mut compared = 0;
    for source in sources {
        let table = groups_as_admin(app, &source, "release").await;
        for row in csv_rows::<Row>("data/expected/failure_classes.csv") {
            if row["source"] != source {
                continue;
            }
            let group = table.iter().find(|group| group["release"] == *row["release"]).expect("the release");
            let mix = group["failure_mix"].as_array().expect("a mix");
            let at = format!("{source} {} {}", row["release"], row["failure_class"]);
            let class = mix.iter().find(|class| class["failure_class"] == *row["failure_class"]);
            let class = class.unwrap_or_else(|| panic!("no {at} in {mix:?}"));
            let mut comparison = Comparison::default();
            comparison.exact(&at, "runs", &row, &class["runs"]);
            // The table's share is of the classified failures; ours is of all failures, classified or not.
            let all_classified = mix.iter().all(|class| class["failure_class"] != "");
            if all_classified {
                comparison.exact(&at, "share_of_failures", &row, &class["share"]);
            }
            compared += 1;
        }
    }
    compared
}

both!(real_runs_read_as_expected);
