//! Gate cases with known answers on real agent runs: the shares of each verdict over 60 orders of the runs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use seatrial_domain::evidence::freeze;
use seatrial_domain::gate::{CheckVerdict, evaluate};
use serde::Deserialize;
use serde_json::Value;

use crate::gates::{Row, input};
use crate::report::{Table, percent};
use crate::stream::Draw;
use crate::tables::strings;

/// Orders drawn for each case.
const ORDERS: u64 = 60;

/// A row of the data, as far as a gate on a rate reads it.
#[derive(Deserialize)]
struct Run {
    release: String,
    workflow: String,
    task_id: String,
    outcome: String,
    tool_errors: Option<i64>,
    segment: BTreeMap<String, Value>,
}

fn runs(folder: &Path, file: &str) -> Vec<Run> {
    let Ok(packed) = std::fs::File::open(folder.join(file)) else { return Vec::new() };
    let lines = BufReader::new(flate2::read::GzDecoder::new(packed)).lines().map_while(Result::ok);
    lines.filter_map(|line| serde_json::from_str(&line).ok()).collect()
}

/// What is asked of the runs.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Success,
    NoToolError,
    /// Success, one run of each task: the task is the unit.
    Units,
    /// Success, by file system.
    BySegment,
}

fn rows(runs: &[Run], workflow: &str, release: &str, asked: Asked) -> Vec<Row> {
    let mut seen = std::collections::BTreeSet::new();
    let wanted = |run: &&Run| run.workflow == workflow && run.release == release;
    let own = runs.iter().filter(wanted).filter(|run| asked != Asked::Units || seen.insert(&run.task_id));
    let row = |run: &Run| Row {
        success: if asked == Asked::NoToolError { run.tool_errors == Some(0) } else { run.outcome == "success" },
        segment: run.segment.get("file_system").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    own.map(row).collect()
}

/// A case: the runs, their workflow, both releases, what is asked, and what is known.
type Case<'a> = (&'a [Run], &'a str, &'a str, &'a str, Asked, &'a str);

fn cases<'a>(intercode: &'a [Run], agenta: &'a [Run]) -> [Case<'a>; 11] {
    let (sql, bash, edit) = ("intercode-sql", "intercode-bash", "agent-config-edit");
    [
        (intercode, sql, "gpt-3.5/tryagain-10", "gpt-4/tryagain-10", Asked::Success, "passes always"),
        (intercode, sql, "gpt-3.5/tryagain-10", "gpt-3.5/react-10", Asked::Success, "passes always"),
        (intercode, sql, "gpt-3.5/tryagain-10", "gpt-3.5/react-10", Asked::NoToolError, "passes always"),
        (
            intercode,
            sql,
            "gpt-3.5/tryagain-10",
            "gpt-3.5/plan-solve",
            Asked::Success,
            "fails in at most 5 %, passes in 60 % or more",
        ),
        (intercode, sql, "gpt-3.5/tryagain-10", "gpt-3.5/plan-solve", Asked::NoToolError, "passes always"),
        (intercode, sql, "gpt-3.5/tryagain-1", "gpt-4/tryagain-1", Asked::Success, "fails in at most 5 %"),
        (intercode, bash, "gpt-3.5/tryagain-10", "gpt-3.5/plan-solve", Asked::Success, "fails in 75 % or more"),
        (
            intercode,
            bash,
            "gpt-3.5/tryagain-10",
            "gpt-3.5/plan-solve",
            Asked::BySegment,
            "fails and names fs1 in 95 % or more",
        ),
        (agenta, edit, "haiku/v0", "haiku/v1", Asked::Success, "passes in 93 % or more"),
        (agenta, edit, "haiku/v1", "haiku/v2", Asked::Success, "mostly inconclusive"),
        (agenta, edit, "haiku/v0", "haiku/v1", Asked::Units, "inconclusive always: eleven units"),
    ]
}

/// The shares of a case; none where the data is not on this machine.
fn shares((runs, workflow, baseline, candidate, what, known): Case<'_>) -> Option<Vec<String>> {
    let (mut a, mut b) = (rows(runs, workflow, baseline, what), rows(runs, workflow, candidate, what));
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut said, mut named) = (BTreeMap::new(), 0);
    for seed in 1..=ORDERS {
        let mut draw = Draw::new(2_000, seed);
        shuffle(&mut draw, &mut a);
        shuffle(&mut draw, &mut b);
        let told = evaluate(&freeze(&input(&a, &b, what == Asked::BySegment, false)));
        *said.entry(told.checks[0].verdict).or_insert(0_u64) += 1;
        let fails = |value: &str| {
            let segments = &told.checks[0].segments;
            segments.iter().any(|s| s.segment.value == value && s.verdict == CheckVerdict::Fail)
        };
        named += u64::from(fails("fs1"));
    }
    let share = |count: u64| percent(count as f64 / ORDERS as f64);
    let of = |verdict: CheckVerdict| share(said.get(&verdict).copied().unwrap_or(0));
    let suffix = match what {
        Asked::Success => "success",
        Asked::NoToolError => "tool errors",
        Asked::Units => "success, the task as unit",
        Asked::BySegment => "success by file system",
    };
    Some(vec![
        format!("{baseline} → {candidate} ({workflow}), {suffix}"),
        known.to_owned(),
        of(CheckVerdict::Pass),
        of(CheckVerdict::Fail),
        of(CheckVerdict::Conflict),
        of(CheckVerdict::Inconclusive),
        if what == Asked::BySegment { share(named) } else { "–".to_owned() },
    ])
}

/// The table; without rows where the data is not on this machine.
pub fn table(folder: &Path) -> Table {
    let (intercode, agenta) = (runs(folder, "intercode.jsonl.gz"), runs(folder, "agenta_edit.jsonl.gz"));
    let found = cases(&intercode, &agenta).into_iter().filter_map(shares).collect();
    Table {
        key: "cases",
        title: "Gate cases with known answers".to_owned(),
        text: format!(
            "Whole tables of real runs, both releases beside each other in an order drawn at random: the share of {ORDERS} \
             orders by verdict of the check, beside what is known. The comparison of beebot's costs and latency rests on \
             amounts and is held by a test (`gate_cases.rs`): in none of 60 orders does either pass."
        ),
        head: strings(["case", "known", "pass", "fail", "conflict", "inconclusive", "names fs1"]),
        rows: found,
    }
}

fn shuffle(draw: &mut Draw, rows: &mut [Row]) {
    for i in (1..rows.len()).rev() {
        rows.swap(i, draw.below(i + 1));
    }
}
