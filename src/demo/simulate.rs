//! Runs in order of their start, each with its trace and what becomes known of it later.

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use seatrial_domain::run::{FactValue, Outcome, Rescue};
use seatrial_domain::span::TraceId;
use seatrial_domain::time::{DAY, HOUR, MINUTE, Timestamp};

use super::dice::Dice;
use super::draw::DrawnRun;
use super::scenario::{HISTORY_DAYS, WORKFLOWS};
use super::trace;

/// Share of failures that a reviewer has looked at.
const REVIEWED_FAILURES: f64 = 0.06;
/// Share of successes that a reviewer has looked at.
const REVIEWED_SUCCESSES: f64 = 0.01;
/// The youngest runs began this long before the present, so that all have ended.
const MARGIN: i64 = 2 * HOUR;
/// Traffic by hour of the day (UTC), relative.
const RHYTHM: [f64; 24] = [
    0.25, 0.2, 0.2, 0.2, 0.25, 0.35, 0.6, 1.0, 1.5, 1.8, 1.9, 1.7, 1.5, 1.7, 1.8, 1.7, 1.5, 1.3, 1.0, 0.8, 0.7, 0.55,
    0.4, 0.3,
];
/// Traffic at the weekend, relative to a working day.
const WEEKEND: f64 = 0.45;

/// One fact that another system reports about a run after its trace.
#[derive(Clone, Debug, PartialEq)]
pub struct LateFactInput {
    /// The sender's idempotency key.
    pub key: String,
    /// The system it comes from, such as `helpdesk`.
    pub source: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// What it says.
    pub value: FactValue,
}

/// One simulated run.
#[derive(Clone, Debug)]
pub struct SimulatedRun {
    /// What is true of it.
    pub drawn: DrawnRun,
    /// The id of its trace.
    pub trace_id: TraceId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Its spans.
    pub resource_spans: ResourceSpans,
    /// What becomes known later, up to the present, in order of time.
    pub late_facts: Vec<LateFactInput>,
}

/// Simulates about `runs` runs over the last [`HISTORY_DAYS`] days before `now`, in order of their start.
///
/// The facts of run *i* depend on `seed` only; trace ids also depend on `now`, so a demo project filled again later
/// does not collide with runs of the earlier one.
pub fn simulate(seed: u64, now: Timestamp, runs: usize) -> impl Iterator<Item = SimulatedRun> {
    drawn(seed, now, runs).map(move |(run, mut dice)| finish(run, now, &mut dice))
}

/// What is true of the runs that [`simulate`] gives, without their traces: some ten times faster.
pub fn draws(seed: u64, now: Timestamp, runs: usize) -> impl Iterator<Item = DrawnRun> {
    drawn(seed, now, runs).map(|(run, _)| run)
}

/// The drawn runs, each with its own dice for what follows.
fn drawn(seed: u64, now: Timestamp, runs: usize) -> impl Iterator<Item = (DrawnRun, Dice)> {
    starts(seed, now, runs).into_iter().zip(0u64..).filter_map(move |((started_at, workflow), index)| {
        let mut dice = Dice::new(seed, index + 1);
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a month fit a double exactly")]
        let days_ago = now.micros_since(started_at) as f64 / DAY as f64;
        DrawnRun::draw(seed, index, WORKFLOWS[workflow], started_at, days_ago, &mut dice).map(|run| (run, dice))
    })
}

fn finish(drawn: DrawnRun, now: Timestamp, dice: &mut Dice) -> SimulatedRun {
    let mut id = dice.bytes16();
    for (byte, mix) in id.iter_mut().zip(now.micros().to_le_bytes()) {
        *byte ^= mix;
    }
    let (resource_spans, ended_at) = trace::build(&drawn, id, dice);
    let trace_id = TraceId(id);
    let late_facts = late_facts(&drawn, trace_id, ended_at, now, dice);
    SimulatedRun { drawn, trace_id, ended_at, resource_spans, late_facts }
}

/// Start times with the index of the workflow, in order.
fn starts(seed: u64, now: Timestamp, runs: usize) -> Vec<(Timestamp, usize)> {
    let begin = now.plus_days(-HISTORY_DAYS);
    let hours = usize::try_from((HISTORY_DAYS * DAY - MARGIN) / HOUR).unwrap_or(0);
    let mut cumulative = Vec::with_capacity(hours + 1);
    let mut total = 0.0;
    cumulative.push(total);
    for hour in 0..hours {
        total += traffic(begin.plus_micros(i64::try_from(hour).unwrap_or(0) * HOUR));
        cumulative.push(total);
    }
    let mut dice = Dice::new(seed, 0);
    let mut starts = Vec::with_capacity(runs);
    for (workflow, scenario) in WORKFLOWS.iter().enumerate() {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number of runs"
        )]
        let n = (runs as f64 * scenario.share) as usize;
        for i in 0..n {
            #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
            let target = (i as f64 + dice.unit()) / n as f64 * total;
            let hour = cumulative.partition_point(|sum| *sum <= target).clamp(1, hours) - 1;
            let within = (target - cumulative[hour]) / (cumulative[hour + 1] - cumulative[hour]);
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "below one hour")]
            let micros = (within * HOUR as f64) as i64;
            let at = begin.plus_micros(i64::try_from(hour).unwrap_or(0) * HOUR + micros);
            starts.push((at, workflow));
        }
    }
    starts.sort_unstable();
    starts
}

/// Relative traffic in the hour that begins at `at`.
fn traffic(at: Timestamp) -> f64 {
    let hour = usize::try_from(at.micros().rem_euclid(DAY) / HOUR).unwrap_or(0);
    // 1970-01-01 was a Thursday, so Saturday and Sunday are days 2 and 3 of a week counted from it.
    let weekend = matches!(at.micros().div_euclid(DAY).rem_euclid(7), 2 | 3);
    RHYTHM[hour] * if weekend { WEEKEND } else { 1.0 }
}

fn late_facts(
    run: &DrawnRun,
    trace_id: TraceId,
    ended_at: Timestamp,
    now: Timestamp,
    dice: &mut Dice,
) -> Vec<LateFactInput> {
    let mut facts = Vec::new();
    let mut add = |kind: &str, source, at, value| {
        facts.push(LateFactInput { key: format!("{source}:{trace_id}:{kind}"), source, at, value });
    };
    if let Some(rescue) = &run.rescue {
        let at = ended_at.plus_micros(rescue.after_micros);
        let (by, reason) = (Some(rescue.by.to_owned()), Some(rescue.reason.to_owned()));
        add(
            "rescue",
            "helpdesk",
            at,
            FactValue::Rescue(Rescue { at: Some(at), by, seconds: Some(rescue.seconds), reason }),
        );
    }
    if run.corrected() {
        let at = ended_at.plus_micros(dice.between(2 * HOUR, 2 * DAY));
        add("outcome", "helpdesk", at, FactValue::Outcome { outcome: run.outcome });
        if let Some(class) = run.failure_class {
            add("class", "helpdesk", at, FactValue::FailureClass { failure_class: class.to_owned() });
        }
    }
    let share = if run.outcome == Outcome::Success { REVIEWED_SUCCESSES } else { REVIEWED_FAILURES };
    if dice.chance(share) {
        let at = ended_at.plus_micros(dice.between(20 * MINUTE, 3 * DAY));
        let failure_class = run.failure_class.map(str::to_owned);
        add("review", "review", at, FactValue::ReviewerConfirmation { outcome: run.outcome, failure_class });
    }
    facts.retain(|fact| fact.at <= now);
    facts.sort_by_key(|fact| fact.at);
    facts
}
