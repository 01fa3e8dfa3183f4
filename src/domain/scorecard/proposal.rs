//! A first scorecard for a workflow that has none: checks, thresholds and cadence from its own history, each with the
//! reason. A person reads it, changes it, and writes it; nothing is written by itself.

use serde::Serialize;

use super::{Check, CheckRole, Criterion, Definition, Scope};
use crate::cell::Counts;
use crate::owner::OwnerId;
use crate::signal::{Signal, unverified};
use crate::stats::interval::wilson;
use crate::workflow::RiskClass;

/// Below so many runs a history says too little to take a threshold from.
const RUNS_NEEDED: i64 = 50;
/// A segment value with fewer runs is too thin to be held to anything.
const SEGMENT_RUNS: i64 = 30;
/// A dimension with more values than this has none that is seen often.
const VALUES_AT_MOST: usize = 12;
/// Thresholds are set in steps of half a point.
const STEP: f64 = 0.005;
/// No ceiling below this: rarer things cannot be proved in a reasonable time.
const CEILING_AT_LEAST: f64 = 0.01;

/// How often each value of a dimension was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHistory {
    /// The dimension.
    pub dimension: String,
    /// Concluded runs by value.
    pub values: Vec<(String, i64)>,
}

/// What is known of a workflow.
#[derive(Clone, Debug)]
pub struct History {
    /// Its name.
    pub workflow: String,
    /// How much harm it can do.
    pub risk: RiskClass,
    /// Who owns it.
    pub owner: Option<OwnerId>,
    /// What its runs add up to.
    pub counts: Counts,
    /// Over how many days.
    pub days: i64,
    /// Whether there is a release to compare the next one with.
    pub has_baseline: bool,
    /// How often its segments were seen.
    pub segments: Vec<SegmentHistory>,
}

/// Why a part is proposed as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProposalReason {
    /// The part: `checks.success`, `cadence_days`.
    pub part: String,
    /// In words, with its figures.
    pub text: String,
}

/// A signal that no check is proposed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LeftOut {
    /// The signal.
    #[schema(value_type = String)]
    pub signal: Signal,
    /// Why.
    pub why: String,
}

/// A scorecard to begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// What it would say; without checks when the history is too thin for any.
    pub definition: Definition,
    /// Why.
    pub reasons: Vec<ProposalReason>,
    /// What it does not ask, and why.
    pub left_out: Vec<LeftOut>,
}

/// The kinds of check that are worth having, the weightiest first.
const WANTED: [(Signal, &str, CheckRole, Wanted); 7] = [
    (Signal::SuccessRate, "success", CheckRole::Key, Wanted::Floor),
    (Signal::HighCostFailureRate, "high-cost failures", CheckRole::Key, Wanted::Ceiling),
    (Signal::RescueRate, "rescues", CheckRole::Key, Wanted::NotWorse),
    (Signal::ApprovalRate, "approvals", CheckRole::Standard, Wanted::Within),
    (Signal::EscalationRate, "escalations", CheckRole::Standard, Wanted::Within),
    (Signal::RetryRate, "retries", CheckRole::Standard, Wanted::NotWorse),
    (Signal::ToolErrorRate, "tool errors", CheckRole::Standard, Wanted::NotWorse),
];

#[derive(Clone, Copy)]
enum Wanted {
    Floor,
    Ceiling,
    NotWorse,
    Within,
}

/// Proposes a scorecard from a workflow's history.
#[must_use]
pub fn propose(history: &History) -> Proposal {
    let (mut checks, mut reasons, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (signal, key, role, wanted) in WANTED {
        match criterion(history, &signal, wanted) {
            Ok((criterion, text)) => {
                reasons.push(ProposalReason { part: format!("checks.{key}"), text });
                checks.push(Check { key: key.to_owned(), signal, statistic: None, scope: Scope::All, criterion, role });
            }
            Err(why) => left_out.push(LeftOut { signal, why }),
        }
    }
    let (cadence_days, why) = match history.risk {
        RiskClass::High => (14, "Its mistakes cost money, trust or safety: re-read it every two weeks."),
        RiskClass::Medium => (30, "Its mistakes cost work: re-read it every month."),
        RiskClass::Low => (90, "Its mistakes are cheap and seen at once: re-read it every quarter."),
    };
    reasons.push(ProposalReason { part: "cadence_days".to_owned(), text: why.to_owned() });
    let mut dimensions = Vec::new();
    for segment in &history.segments {
        if let Some(text) = worth_reading(segment) {
            reasons.push(ProposalReason { part: format!("dimensions.{}", segment.dimension), text });
            dimensions.push(segment.dimension.clone());
        }
    }
    let text = match history.owner {
        Some(_) => "The workflow's owner. Name a backup too, for when they cannot act.",
        None => "The workflow has no owner. Name one: without an owner no release is recommended for shipping.",
    };
    reasons.push(ProposalReason { part: "owner".to_owned(), text: text.to_owned() });
    let definition = Definition {
        name: history.workflow.clone(),
        owner: history.owner,
        backup: None,
        cadence_days,
        checks,
        dimensions,
        required_segments: Vec::new(),
    };
    Proposal { definition, reasons, left_out }
}

#[expect(clippy::cast_precision_loss, reason = "shares are shown with one digit after the point")]
fn criterion(history: &History, signal: &Signal, wanted: Wanted) -> Result<(Criterion, String), String> {
    if let Some(found) = unverified(signal, &history.counts) {
        return Err(found.why);
    }
    let (top, n) = signal.rate(&history.counts).unwrap_or_default();
    if n < RUNS_NEEDED {
        return Err(format!(
            "It is known for {n} runs of the last {} days; {RUNS_NEEDED} are needed to take a threshold from.",
            history.days
        ));
    }
    let (successes, total) = (u64::try_from(top).unwrap_or_default(), u64::try_from(n).unwrap_or_default());
    let interval = wilson(successes, total, crate::signal::SHOWN_ALPHA).ok_or("Its count cannot be read.")?;
    let seen = format!(
        "{:.1} % ({top} of {n}) over the last {} days, 95 % interval {:.1} to {:.1} %",
        100.0 * top as f64 / n as f64,
        history.days,
        100.0 * interval.low,
        100.0 * interval.high
    );
    let steps = |share: f64, up: bool| STEP * if up { (share / STEP).ceil() } else { (share / STEP).floor() };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    Ok(match wanted {
        Wanted::Floor => {
            let rate = crate::stats::round::round9(steps(interval.low, false).clamp(STEP, 1.0 - STEP));
            let text =
                format!("{seen}. The floor is the interval's lower end, {}: below what held so far.", percent(rate));
            (Criterion::Floor { rate }, text)
        }
        Wanted::Ceiling => {
            let rate = crate::stats::round::round9(steps(interval.high, true).clamp(CEILING_AT_LEAST, 1.0 - STEP));
            let text = format!("{seen}. The ceiling is the interval's upper end, {}, and at least 1 %.", percent(rate));
            (Criterion::Ceiling { rate }, text)
        }
        Wanted::NotWorse if history.has_baseline => {
            (Criterion::NotWorseThanBaseline { margin: None }, format!("{seen}. There is a release to compare with."))
        }
        Wanted::NotWorse => {
            let rate = crate::stats::round::round9(steps(interval.high, true).clamp(CEILING_AT_LEAST, 1.0 - STEP));
            let text = format!(
                "{seen}. There is no release to compare with, so a ceiling at its upper end, {}.",
                percent(rate)
            );
            (Criterion::Ceiling { rate }, text)
        }
        Wanted::Within if history.has_baseline => {
            let text = format!("{seen}. Neither direction is better: a change is what matters.");
            (Criterion::WithinBaseline { margin: None }, text)
        }
        Wanted::Within => return Err("A change is what matters, and there is no release to compare with.".to_owned()),
    })
}

/// Why key checks should be read by a dimension, when they should.
fn worth_reading(segment: &SegmentHistory) -> Option<String> {
    let often: Vec<&(String, i64)> = segment.values.iter().filter(|(_, n)| *n >= SEGMENT_RUNS).collect();
    (often.len() >= 2 && segment.values.len() <= VALUES_AT_MOST).then(|| {
        let listed: Vec<String> = often.iter().map(|(value, n)| format!("{value} ({n} runs)")).collect();
        format!("A whole can improve while a part gets worse; seen often: {}.", listed.join(", "))
    })
}
