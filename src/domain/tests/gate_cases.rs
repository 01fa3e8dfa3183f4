//! Gate cases with known answers, on real agent runs: shares over 60 orders drawn with a seed.
//!
//! The runs lie beside the repository in `shared/data` and are not part of it. Where they are absent the tests say
//! so and check nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::OnceLock;

use seatrial_domain::cell::Counts;
use seatrial_domain::evidence::freeze;
use seatrial_domain::gate::{CheckVerdict, Recommendation, Verdict, evaluate};
use seatrial_domain::run::{Escalation, RunFacts};
use seatrial_domain::scorecard::{Check, Criterion, Statistic};
use seatrial_domain::signal::Signal;
use seatrial_domain::stats::EvidenceMethod;
use seatrial_domain::workflow::{FactKind, FactSource};
use serde::Deserialize;
use serde_json::Value;

use crate::support::Draw;
use crate::support::bundle::{input, key_check, run, scorecard};

const ORDERS: u64 = 60;

/// What a row of the data says, as far as a gate reads it.
#[derive(Clone, Deserialize)]
struct Row {
    release: String,
    workflow: String,
    task_id: String,
    outcome: String,
    tool_errors: Option<i64>,
    cost_usd: Option<f64>,
    duration_s: Option<f64>,
    segment: BTreeMap<String, Value>,
    #[serde(default)]
    escalated: Option<bool>,
    #[serde(default)]
    extra: Value,
}

static INTERCODE: OnceLock<Option<Vec<Row>>> = OnceLock::new();
static AGENTA: OnceLock<Option<Vec<Row>>> = OnceLock::new();

fn intercode() -> Option<&'static [Row]> {
    INTERCODE.get_or_init(|| rows("intercode.jsonl.gz")).as_deref()
}

fn agenta() -> Option<&'static [Row]> {
    AGENTA.get_or_init(|| rows("agenta_edit.jsonl.gz")).as_deref()
}

/// The rows of a file, or `None` when the data is not on this machine.
#[expect(clippy::print_stderr, reason = "what was not checked is said, never skipped silently")]
fn rows(file: &str) -> Option<Vec<Row>> {
    // Beside the repository, or beside a worktree of it.
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(file);
    let Ok(packed) = std::fs::File::open(&path) else {
        eprintln!("NOT CHECKED: {} is not there, so this gate case did not run", path.display());
        return None;
    };
    let lines = BufReader::new(flate2::read::GzDecoder::new(packed)).lines();
    Some(lines.map(|line| serde_json::from_str(&line.expect("the file unpacks")).expect("a row is JSON")).collect())
}

fn facts(row: &Row, dimension: &str) -> RunFacts {
    let mut facts = run(row.outcome == "success");
    facts.tool_errors = row.tool_errors;
    facts.cost_nanos = row.cost_usd.map(|cost| (1e9 * cost) as i64);
    facts.ended_at = row.duration_s.map(|seconds| facts.started_at.plus_micros((1e6 * seconds) as i64));
    facts.unit = Some(row.task_id.clone());
    if let Some(value) = row.segment.get(dimension).and_then(Value::as_str) {
        facts.segments = BTreeMap::from([(dimension.to_owned(), value.to_owned())]);
    }
    facts
}

fn runs_of(rows: &[Row], workflow: &str, release: &str, dimension: &str) -> Vec<RunFacts> {
    let wanted = |row: &&Row| row.workflow == workflow && row.release == release;
    let found: Vec<RunFacts> = rows.iter().filter(wanted).map(|row| facts(row, dimension)).collect();
    assert!(!found.is_empty(), "{workflow} {release}");
    found
}

/// What the gate says over orders drawn at random.
struct Told {
    told: Vec<Recommendation>,
}

impl Told {
    fn over(baseline: &[RunFacts], candidate: &[RunFacts], checks: &[Signal], dimensions: &[&str]) -> Self {
        Self::over_orders(ORDERS, baseline, candidate, checks, dimensions)
    }

    fn over_orders(
        orders: u64,
        baseline: &[RunFacts],
        candidate: &[RunFacts],
        checks: &[Signal],
        dimensions: &[&str],
    ) -> Self {
        let (mut baseline, mut candidate) = (baseline.to_vec(), candidate.to_vec());
        let card = scorecard(checks.iter().cloned().map(key_check).collect(), dimensions);
        let told = (1..=orders)
            .map(|seed| {
                let mut draw = Draw::new(seed);
                draw.shuffle(&mut baseline);
                draw.shuffle(&mut candidate);
                evaluate(&freeze(&input(&baseline, &candidate, card.clone())))
            })
            .collect();
        Self { told }
    }

    fn share(&self, check: &str, verdict: CheckVerdict) -> f64 {
        let hits = self.told.iter().filter(|told| told.check(check).is_some_and(|c| c.verdict == verdict)).count();
        hits as f64 / self.told.len() as f64
    }
}

const SUCCESS: &str = "success_rate";
const ERRORS: &str = "tool_error_rate";

fn sql(candidate: &str, baseline: &str, first: usize) -> Option<Told> {
    let rows = intercode()?;
    let a = runs_of(rows, "intercode-sql", baseline, "hardness");
    let mut b = runs_of(rows, "intercode-sql", candidate, "hardness");
    Draw::new(7).shuffle(&mut b);
    b.truncate(first);
    Some(Told::over(&a, &b, &[Signal::SuccessRate, Signal::ToolErrorRate], &[]))
}

#[test]
fn a_much_better_model_passes_always_and_soon() {
    let Some(told) = sql("gpt-4/tryagain-10", "gpt-3.5/tryagain-10", usize::MAX) else { return };
    assert_eq!(told.share(SUCCESS, CheckVerdict::Pass), 1.0);
    let Some(soon) = sql("gpt-4/tryagain-10", "gpt-3.5/tryagain-10", 200) else { return };
    assert!(soon.share(SUCCESS, CheckVerdict::Pass) >= 0.95);
}

#[test]
fn a_better_prompt_passes_always() {
    let Some(told) = sql("gpt-3.5/react-10", "gpt-3.5/tryagain-10", usize::MAX) else { return };
    assert_eq!(told.share(SUCCESS, CheckVerdict::Pass), 1.0);
    assert_eq!(told.share(ERRORS, CheckVerdict::Pass), 1.0);
}

#[test]
fn a_slightly_better_prompt_passes_often_and_fails_hardly_ever() {
    let Some(told) = sql("gpt-3.5/plan-solve", "gpt-3.5/tryagain-10", usize::MAX) else { return };
    assert!(told.share(SUCCESS, CheckVerdict::Fail) <= 0.05);
    let passes = told.share(SUCCESS, CheckVerdict::Pass);
    assert!(passes >= 0.9, "{passes}");
    assert_eq!(told.share(ERRORS, CheckVerdict::Pass), 1.0);
}

#[test]
fn a_release_that_is_hardly_worse_is_seldom_failed() {
    // 10.5 against 9.1 %: its full table is a little worse, by less than three points, so a rare fail is no error. The
    // share is small: sixty orders would say little about it.
    let Some(rows) = intercode() else { return };
    let of = |release: &str| runs_of(rows, "intercode-sql", release, "hardness");
    let (a, b) = (of("gpt-3.5/tryagain-1"), of("gpt-4/tryagain-1"));
    let told = Told::over_orders(180, &a, &b, &[Signal::SuccessRate], &[]);
    let fails = told.share(SUCCESS, CheckVerdict::Fail);
    assert!(fails <= 0.05, "{fails}");
    let passes = told.share(SUCCESS, CheckVerdict::Pass);
    assert!((0.4..=0.9).contains(&passes), "{passes}");
}

/// The plain process of the documentation gives the shares that were computed with it independently.
#[test]
fn the_plain_process_gives_the_shares_known_of_it() {
    let Some(rows) = intercode() else { return };
    let share = |a: &str, b: &str, verdict| {
        let (mut a, mut b) = (runs_of(rows, "intercode-sql", a, "x"), runs_of(rows, "intercode-sql", b, "x"));
        let card = scorecard(vec![key_check(Signal::SuccessRate)], &[]);
        let said = |seed: &u64| {
            let mut draw = Draw::new(*seed);
            draw.shuffle(&mut a);
            draw.shuffle(&mut b);
            let mut given = input(&a, &b, card.clone());
            given.policy.method = EvidenceMethod::PlugIn;
            evaluate(&freeze(&given)).checks[0].verdict == verdict
        };
        (1..=120).filter(said).count() as f64 / 120.0
    };
    let plan = share("gpt-3.5/tryagain-10", "gpt-3.5/plan-solve", CheckVerdict::Pass);
    assert!((0.47..=0.75).contains(&plan), "about 60 %: {plan}");
    let once = share("gpt-3.5/tryagain-1", "gpt-4/tryagain-1", CheckVerdict::Pass);
    assert!((0.17..=0.4).contains(&once), "25 to 30 %: {once}");
    let fails = share("gpt-3.5/tryagain-1", "gpt-4/tryagain-1", CheckVerdict::Fail);
    assert!(fails <= 0.05, "{fails}");
}

/// Nightly runs of August 2023: far cheaper, but 92 runs of the baseline are below the burn-in; p95 from 90 to 121 s.
#[test]
fn a_cheaper_release_with_a_short_baseline_is_not_judged_by_its_cost() {
    let Some(rows) = rows("autogpt_bench.jsonl.gz") else { return };
    let of = |release: &str| -> Vec<RunFacts> {
        let found = rows.iter().filter(|row| row.release.starts_with(release)).map(|row| facts(row, "difficulty"));
        found.collect()
    };
    let (mut a, mut b) = (of("beebot@7e3704f7cd"), of("beebot@59d4e93c13"));
    assert_eq!((a.len(), b.iter().filter(|run| run.cost_nanos.is_some()).count()), (92, 385));
    let latency = Check { statistic: Some(Statistic::P95), ..key_check(Signal::Latency) };
    let card = scorecard(vec![key_check(Signal::CostPerRun), latency], &[]);
    for seed in 1..=ORDERS {
        let mut draw = Draw::new(seed);
        draw.shuffle(&mut a);
        draw.shuffle(&mut b);
        let told = evaluate(&freeze(&input(&a, &b, card.clone())));
        let cost = told.check("cost_per_run").expect("the check is there");
        assert_eq!(cost.verdict, CheckVerdict::Inconclusive, "order {seed}");
        assert!(cost.text.contains("the baseline has 92 settled runs where it is known"), "{}", cost.text);
        let amount = cost.figures.amount.as_ref().expect("an amount");
        // The baseline is used up as fast as the candidate's runs come, so which of them are in depends on the order.
        let mean = |figure: Option<f64>| figure.expect("a mean");
        assert!((mean(amount.candidate.value) - 0.0527).abs() < 1e-4, "order {seed}");
        let before = mean(amount.baseline.as_ref().and_then(|figure| figure.value));
        assert!((before - 0.213).abs() < 0.03, "order {seed}: {before}");
        let latency = told.check("latency").expect("the check is there");
        assert_ne!(latency.verdict, CheckVerdict::Pass, "order {seed}: {}", latency.text);
        assert_ne!(told.verdict, Verdict::Ship, "order {seed}");
    }
}

#[test]
fn a_regression_in_one_segment_is_found_and_named() {
    let Some(rows) = intercode() else { return };
    let a = runs_of(rows, "intercode-bash", "gpt-3.5/tryagain-10", "file_system");
    let b = runs_of(rows, "intercode-bash", "gpt-3.5/plan-solve", "file_system");
    let pooled = Told::over(&a, &b, &[Signal::SuccessRate], &[]);
    assert!(pooled.share(SUCCESS, CheckVerdict::Fail) >= 0.9);
    let told = Told::over(&a, &b, &[Signal::SuccessRate], &["file_system"]);
    let names_it = |told: &&Recommendation| {
        let check = told.check(SUCCESS).expect("the check is there");
        let fs1 = check.segments.iter().find(|s| s.segment.value == "fs1").expect("the segment is there");
        let said = told.reasons.iter().any(|reason| reason.text.contains("file_system = fs1 fails"));
        told.verdict == Verdict::Hold && fs1.verdict == CheckVerdict::Fail && said
    };
    let named = told.told.iter().filter(names_it).count() as f64 / ORDERS as f64;
    assert!(named >= 0.95, "{named}");
}

#[test]
fn a_series_of_prompts_as_runs_and_as_units() {
    let Some(rows) = agenta() else { return };
    let version = |v: &str| runs_of(rows, "agent-config-edit", &format!("haiku/{v}"), "surface");
    let step = |a: &str, b: &str| Told::over(&version(a), &version(b), &[Signal::SuccessRate], &[]);
    assert!(step("v0", "v1").share(SUCCESS, CheckVerdict::Pass) >= 0.93);
    for (a, b) in [("v1", "v2"), ("v2", "v3")] {
        assert!(step(a, b).share(SUCCESS, CheckVerdict::Inconclusive) > 0.5);
    }
    // One outcome per task: eleven units are not enough for anything, and that is the right answer.
    let units = |runs: Vec<RunFacts>| -> Vec<RunFacts> {
        let by_unit: BTreeMap<_, _> = runs.into_iter().rev().map(|facts| (facts.unit.clone(), facts)).collect();
        by_unit.into_values().collect()
    };
    let (a, b) = (units(version("v0")), units(version("v1")));
    assert_eq!((a.len(), b.len()), (11, 11));
    let told = Told::over(&a, &b, &[Signal::SuccessRate], &[]);
    assert_eq!(told.share(SUCCESS, CheckVerdict::Inconclusive), 1.0);
    assert!(told.told.iter().all(|told| told.verdict == Verdict::CollectMoreEvidence));
}

/// 48 of 200 conversations were handed to a person, and the tasks called for six of these: the rate alone looks harmless.
#[test]
fn hand_offs_are_told_by_what_the_task_called_for() {
    let Some(rows) = rows("tau.jsonl.gz") else { return };
    let of = rows.iter().filter(|row| row.release == "gpt-4o/tool-calling");
    let runs: Vec<RunFacts> = of
        .map(|row| {
            let expected = row.extra["handoff_expected"].as_bool();
            let handed = Escalation { at: None, reason: None, expected };
            let escalations =
                Some(row.escalated.into_iter().filter(|handed| *handed).map(|_| handed.clone()).collect());
            RunFacts { escalations, ..facts(row, "") }
        })
        .collect();
    let mut counts = Counts::default();
    runs.iter().for_each(|facts| counts.add(&Counts::of(facts), 1));
    assert_eq!(Signal::EscalationRate.rate(&counts), Some((48, 200)));
    assert_eq!(Signal::UnexpectedEscalationRate.rate(&counts), Some((42, 200)));
    let at_most = |signal: Signal, value| Check { criterion: Criterion::AtMost { value }, ..key_check(signal) };
    let card =
        scorecard(vec![at_most(Signal::EscalationRate, 0.4), at_most(Signal::UnexpectedEscalationRate, 0.1)], &[]);
    let mut given = input(&runs, &runs, card);
    given.observes.insert(FactKind::Escalations, FactSource::Traces);
    let told = evaluate(&freeze(&given));
    let verdict = |check: &str| told.check(check).map(|found| found.verdict);
    assert_eq!(verdict("escalation_rate"), Some(CheckVerdict::Pass));
    assert_eq!(
        verdict("unexpected_escalation_rate"),
        Some(CheckVerdict::Fail),
        "{:?}",
        told.check("unexpected_escalation_rate")
    );
    assert_ne!(told.verdict, Verdict::Ship);
}
