//! The effective facts of a run, from everything known about it. One pure function, used for live runs, late facts,
//! corrections and recomputation alike.

use std::collections::BTreeMap;

use super::{Approval, ApprovalStatus, FactValue, LateFact, Outcome, OutcomeSource, RunFacts, RunReport};
use crate::failure::Taxonomy;
use crate::limits;
use crate::time::Timestamp;
use crate::trace::TraceSummary;
use crate::workflow::{FactKind, FactSource, WorkflowRules};

/// Everything known about a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunEvidence<'a> {
    /// What its spans show.
    pub trace: Option<&'a TraceSummary>,
    /// What its sender reported.
    pub report: Option<&'a RunReport>,
    /// What was appended later, in the order it was recorded.
    pub late: &'a [LateFact],
    /// Whether it was closed for want of news.
    pub idle_closed: bool,
}

/// Computes the effective facts: what was appended later wins over the report, the report over the trace. The
/// outcome follows the precedence of [`OutcomeSource`].
#[must_use]
pub fn resolve(evidence: RunEvidence<'_>, rules: &WorkflowRules, taxonomy: &Taxonomy) -> RunFacts {
    let marks = evidence.trace.map(|trace| &trace.marks);
    let report = evidence.report;
    let mut facts = RunFacts {
        environment: report.and_then(|r| r.environment.clone()).or_else(|| marks.and_then(|m| m.environment.clone())),
        started_at: report.map(|r| r.started_at).or_else(|| evidence.trace.map(|t| t.started_at)).unwrap_or_default(),
        ended_at: report.and_then(|r| r.ended_at).or_else(|| evidence.trace.and_then(|t| t.ended_at)),
        tools: report.and_then(|r| r.tools.clone()).or_else(|| evidence.trace.and_then(|t| t.tools.clone())),
        tool_errors: report.and_then(|r| r.tool_errors).or_else(|| evidence.trace.and_then(|t| t.tool_errors)),
        retries: report
            .and_then(|r| r.retries)
            .or_else(|| marks.and_then(|m| m.retries))
            .or_else(|| evidence.trace.and_then(|t| t.retries)),
        tokens: report.and_then(|r| r.tokens).or_else(|| evidence.trace.and_then(|t| t.tokens)),
        unit: report.and_then(|r| r.unit.clone()).or_else(|| marks.and_then(|m| m.unit.clone())),
        settle_seconds: rules.settle_seconds,
        ..RunFacts::default()
    };
    facts.counts = rules.counts(facts.environment.as_deref());
    facts.cost_nanos = cost(&evidence);
    facts.scores = scores(&evidence);
    resolve_outcome(&evidence, rules, &mut facts);
    resolve_class(&evidence, taxonomy, &mut facts);
    facts.closed_at = closed_at(&evidence, &facts);
    resolve_events(&evidence, rules, &mut facts);
    facts.trusted_at = trusted_at(rules, &facts);
    facts.segments = segments(&evidence, &facts);
    facts
}

fn latest<'a, T>(late: &'a [LateFact], pick: impl Fn(&'a LateFact) -> Option<T>) -> Option<T> {
    late.iter().rev().find_map(pick)
}

fn cost(evidence: &RunEvidence<'_>) -> Option<i64> {
    latest(evidence.late, |fact| match fact.value {
        FactValue::Cost { cost_nanos } => Some(cost_nanos),
        _ => None,
    })
    .or_else(|| evidence.report.and_then(|report| report.cost_nanos))
    .or_else(|| evidence.trace.and_then(|trace| trace.marks.cost_nanos.or(trace.cost_nanos)))
}

fn scores(evidence: &RunEvidence<'_>) -> BTreeMap<String, f64> {
    let mut scores = evidence.trace.map(|trace| trace.marks.scores.clone()).unwrap_or_default();
    scores.extend(evidence.report.into_iter().flat_map(|report| report.scores.clone()));
    for fact in evidence.late {
        if let FactValue::Score { name, value } = &fact.value {
            scores.insert(name.clone(), *value);
        }
    }
    scores
}

fn resolve_outcome(evidence: &RunEvidence<'_>, rules: &WorkflowRules, facts: &mut RunFacts) {
    let confirmed = latest(evidence.late, |fact| match fact.value {
        FactValue::ReviewerConfirmation { outcome, .. } => Some((outcome, fact.at)),
        _ => None,
    });
    facts.reviewed_at = confirmed.map(|(_, at)| at);
    let stated = latest(evidence.late, |fact| match fact.value {
        FactValue::Outcome { outcome } => Some(outcome),
        _ => None,
    });
    let known = |outcome: Option<Outcome>| outcome.filter(|outcome| *outcome != Outcome::Unknown);
    let reported = evidence.report.and_then(|report| report.outcome);
    let attribute = evidence.trace.and_then(|trace| trace.marks.outcome);
    let scored = rules.score_rule.as_ref().and_then(|rule| {
        let score = facts.scores.get(&rule.name)?;
        Some(if *score >= rule.success_at_least { Outcome::Success } else { Outcome::Failure })
    });
    let terminal = rules
        .terminal_tool
        .as_ref()
        .and_then(|tool| evidence.trace.filter(|trace| trace.succeeded_tools.contains(tool)).map(|_| Outcome::Success));
    let failed = evidence.trace.filter(|trace| trace.unrecovered_error).map(|_| Outcome::Failure);
    let ranked = [
        (known(confirmed.map(|(outcome, _)| outcome)), OutcomeSource::Reviewer),
        (known(stated.or(reported)), OutcomeSource::Fact),
        (known(attribute), OutcomeSource::Attribute),
        (scored, OutcomeSource::Score),
        (terminal, OutcomeSource::TerminalTool),
        (failed, OutcomeSource::SpanError),
    ];
    if let Some((outcome, source)) = ranked.into_iter().find_map(|(o, source)| o.map(|o| (o, source))) {
        facts.outcome = outcome;
        facts.outcome_source = source;
    }
}

fn resolve_class(evidence: &RunEvidence<'_>, taxonomy: &Taxonomy, facts: &mut RunFacts) {
    // A reviewer's word about the outcome is also a word about the class: confirming a success clears it.
    let late = latest(evidence.late, |fact| match &fact.value {
        FactValue::ReviewerConfirmation { failure_class: Some(class), .. } => Some(Some(class.clone())),
        FactValue::ReviewerConfirmation { outcome: Outcome::Success, .. } => Some(None),
        // An empty name says that there is no class after all: what a reviewer takes back.
        FactValue::FailureClass { failure_class } => Some(Some(failure_class.clone()).filter(|name| !name.is_empty())),
        _ => None,
    });
    facts.failure_class = late.unwrap_or_else(|| {
        evidence
            .report
            .and_then(|report| report.failure_class.clone())
            .or_else(|| evidence.trace.and_then(|trace| trace.marks.failure_class.clone()))
    });
    facts.severity = facts.failure_class.as_deref().map(|class| taxonomy.severity(class));
}

fn closed_at(evidence: &RunEvidence<'_>, facts: &RunFacts) -> Option<Timestamp> {
    // A known outcome closes a run whose end nobody reports; the last time anything is known of stands for its end.
    let settled_by_word = matches!(facts.outcome_source, OutcomeSource::Reviewer | OutcomeSource::Fact);
    facts.ended_at.or_else(|| {
        (settled_by_word || evidence.idle_closed)
            .then(|| evidence.trace.map_or(facts.started_at, |trace| trace.last_at.max(facts.started_at)))
    })
}

fn resolve_events(evidence: &RunEvidence<'_>, rules: &WorkflowRules, facts: &mut RunFacts) {
    let marks = evidence.trace.map(|trace| &trace.marks);
    macro_rules! gather {
        ($field:ident, $variant:ident, $kind:ident) => {{
            let mut list = evidence.report.and_then(|report| report.$field.clone());
            let more = marks.into_iter().flat_map(|marks| marks.$field.iter().cloned());
            let late = evidence.late.iter().filter_map(|fact| match &fact.value {
                FactValue::$variant(event) => {
                    let mut event = event.clone();
                    event.at = event.at.or(Some(fact.at));
                    Some(event)
                }
                _ => None,
            });
            for event in more.chain(late) {
                list.get_or_insert_with(Vec::new).push(event);
            }
            let observed = match rules.observes.get(&FactKind::$kind) {
                Some(FactSource::Traces) => evidence.trace.is_some(),
                Some(FactSource::Api | FactSource::NotApplicable) => true,
                None => false,
            };
            if list.is_none() && observed && facts.closed_at.is_some() {
                list = Some(Vec::new());
            }
            list
        }};
    }
    facts.approvals = gather!(approvals, Approval, Approvals);
    facts.escalations = gather!(escalations, Escalation, Escalations);
    facts.rescues = gather!(rescues, Rescue, Rescues);
}

fn trusted_at(rules: &WorkflowRules, facts: &RunFacts) -> Option<Timestamp> {
    let ended = facts.ended_at.filter(|_| facts.successful())?;
    if rules.requires_review && facts.reviewed_at.is_none() {
        return None;
    }
    let granted = facts.approvals.iter().flatten().filter(|a| a.status == ApprovalStatus::Granted).filter_map(|a| a.at);
    granted.chain(facts.reviewed_at).chain([ended]).max()
}

fn segments(evidence: &RunEvidence<'_>, facts: &RunFacts) -> BTreeMap<String, String> {
    let mut segments = evidence.trace.map(|trace| trace.marks.segments.clone()).unwrap_or_default();
    segments.extend(evidence.report.into_iter().flat_map(|report| report.segments.clone()));
    let model = evidence
        .report
        .and_then(|report| report.model.clone())
        .or_else(|| evidence.trace.and_then(|trace| trace.model.clone()));
    let derived = [
        ("model", model),
        ("tool_path", facts.tools.as_deref().map(tool_path)),
        ("approval_path", facts.approvals.as_deref().map(|list| approval_path(list).to_owned())),
    ];
    for (dimension, value) in derived {
        if let Some(value) = value.and_then(|value| limits::label(&value)) {
            segments.entry(dimension.to_owned()).or_insert(value);
        }
    }
    while segments.len() > limits::SEGMENTS_PER_RUN {
        segments.pop_last();
    }
    segments
}

/// The distinct tools of a run in order of first use, such as `search > book`; `none` when it called none.
fn tool_path(tools: &[String]) -> String {
    let mut path: Vec<&str> = Vec::new();
    for tool in tools {
        if !path.contains(&tool.as_str()) {
            path.push(tool);
        }
    }
    if path.is_empty() { "none".to_owned() } else { path.join(" > ") }
}

/// The worst that became of a run's approvals.
fn approval_path(approvals: &[Approval]) -> &'static str {
    let any = |status| approvals.iter().any(|approval| approval.status == status);
    if any(ApprovalStatus::Denied) {
        "denied"
    } else if any(ApprovalStatus::Expired) {
        "expired"
    } else if any(ApprovalStatus::Granted) {
        "granted"
    } else if any(ApprovalStatus::Requested) {
        "requested"
    } else {
        "none"
    }
}
