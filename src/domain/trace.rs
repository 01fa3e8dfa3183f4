//! Traces: spans put together into a run, whatever the order and however often they arrive.
//!
//! Exporters send a trace in several requests, children first and the root last or never, and repeat what they are
//! not sure of. [`merge`] is therefore idempotent and independent of order, and [`summarize`] reads a run's facts
//! from whatever spans are there, surviving missing parents and cycles.

mod axis;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::price::PriceTable;
use crate::run::Tokens;
use crate::span::{Marks, Span, SpanClass, SpanId, Stated, TraceId};
use crate::time::Timestamp;

pub use axis::Axis;

/// What a run's spans show about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceSummary {
    /// The earliest start.
    pub started_at: Timestamp,
    /// The latest end of a root span, when every root that arrived has ended.
    pub ended_at: Option<Timestamp>,
    /// The latest time any span shows.
    pub last_at: Timestamp,
    /// Tools called, in order of start; `None` when the spans show no agent work at all.
    pub tools: Option<Vec<String>>,
    /// Tool calls that failed.
    pub tool_errors: Option<i64>,
    /// Tool calls that repeat the same tool right after its own error.
    pub retries: Option<i64>,
    /// Tools that were called without error.
    pub succeeded_tools: HashSet<String>,
    /// Cost over model calls in nano-units; `None` when any of them is not known.
    pub cost_nanos: Option<i64>,
    /// Tokens over model calls.
    pub tokens: Option<Tokens>,
    /// The model called most often; the first by name among equals.
    pub model: Option<String>,
    /// Whether a span failed and nothing recovered it.
    pub unrecovered_error: bool,
    /// What the spans state about the run, root first.
    pub marks: Marks,
}

/// Merges `new` spans into `known` ones by trace and id. Returns whether anything changed.
///
/// Of two different spans with one id the one that ended later holds, so an export of a running span is replaced by
/// that of the finished one whichever arrives first.
pub fn merge(known: &mut Vec<Span>, new: Vec<Span>) -> bool {
    let mut index: HashMap<(TraceId, SpanId), usize> =
        known.iter().enumerate().map(|(i, span)| ((span.trace_id, span.id), i)).collect();
    let mut changed = false;
    for span in new {
        match index.get(&(span.trace_id, span.id)).copied() {
            None => {
                index.insert((span.trace_id, span.id), known.len());
                known.push(span);
                changed = true;
            }
            Some(i) if known[i] != span && rank(&known[i]) < rank(&span) => {
                known[i] = span;
                changed = true;
            }
            Some(_) => {}
        }
    }
    known.sort_by_key(|a| (a.started_at, a.trace_id, a.id));
    changed
}

/// A total order over versions of one span; the text only breaks ties between contradictory finished versions.
fn rank(span: &Span) -> (Option<Timestamp>, String) {
    (span.ended_at, format!("{span:?}"))
}

/// Reads what the spans of one run show. `spans` are in the order [`merge`] leaves them in.
#[must_use]
pub fn summarize(spans: &[Span], prices: &PriceTable) -> TraceSummary {
    let known: HashSet<(TraceId, SpanId)> = spans.iter().map(|span| (span.trace_id, span.id)).collect();
    let roots: Vec<&Span> = spans.iter().filter(|span| span.parent.is_none()).collect();
    let all_ended = !roots.is_empty() && roots.iter().all(|root| root.ended_at.is_some());
    let mut summary = TraceSummary {
        started_at: spans.iter().map(|span| span.started_at).min().unwrap_or_default(),
        ended_at: roots.iter().filter_map(|root| root.ended_at).max().filter(|_| all_ended),
        last_at: spans.iter().map(|span| span.ended_at.unwrap_or(span.started_at)).max().unwrap_or_default(),
        unrecovered_error: unrecovered_error(spans),
        marks: merged_marks(spans, &known),
        ..TraceSummary::default()
    };
    summarize_tools(spans, &mut summary);
    summarize_models(spans, prices, &mut summary);
    summary
}

fn summarize_tools(spans: &[Span], summary: &mut TraceSummary) {
    let shows_work = spans
        .iter()
        .any(|span| matches!(span.class, SpanClass::Tool | SpanClass::Model | SpanClass::Agent | SpanClass::Workflow));
    if !shows_work {
        return;
    }
    let calls: Vec<&Span> = spans.iter().filter(|span| span.class == SpanClass::Tool).collect();
    let name = |span: &Span| span.tool.clone().unwrap_or_else(|| span.name.clone());
    let repeats = calls.windows(2).filter(|pair| pair[0].error.is_some() && name(pair[0]) == name(pair[1])).count();
    summary.retries = Some(count(repeats));
    summary.tool_errors = Some(count(calls.iter().filter(|span| span.error.is_some()).count()));
    summary.succeeded_tools = calls.iter().filter(|span| span.error.is_none()).map(|span| name(span)).collect();
    summary.tools = Some(calls.into_iter().map(name).collect());
}

fn summarize_models(spans: &[Span], prices: &PriceTable, summary: &mut TraceSummary) {
    let wrappers = model_wrappers(spans);
    let mut tokens = Some(Tokens::default());
    let mut cost = Some(0i64);
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    let mut any = false;
    for span in spans.iter().filter(|s| s.class == SpanClass::Model && !wrappers.contains(&(s.trace_id, s.id))) {
        if let Some(model) = &span.model {
            *calls.entry(model).or_default() += 1;
        }
        // A model call that failed usually reports no usage and costs nothing; it does not make the total unknown.
        if span.error.is_some() && span.tokens.is_none() && span.cost_nanos.is_none() {
            continue;
        }
        any = true;
        tokens = tokens.zip(span.tokens).map(|(sum, t)| Tokens {
            input: sum.input.saturating_add(t.input),
            output: sum.output.saturating_add(t.output),
        });
        let priced = || span.tokens.zip(span.model.as_deref()).and_then(|(t, m)| prices.cost_nanos(m, t));
        cost = cost.zip(span.cost_nanos.or_else(priced)).and_then(|(sum, c)| sum.checked_add(c));
    }
    summary.tokens = tokens.filter(|_| any);
    summary.cost_nanos = cost.filter(|_| any);
    summary.model = calls.iter().rev().max_by_key(|(_, n)| **n).map(|(model, _)| (*model).to_owned());
}

/// Model spans that hold another model span: wrappers, whose totals repeat those of the call inside.
fn model_wrappers(spans: &[Span]) -> HashSet<(TraceId, SpanId)> {
    let by_id: HashMap<(TraceId, SpanId), &Span> = spans.iter().map(|s| ((s.trace_id, s.id), s)).collect();
    let mut visited = HashSet::new();
    for span in spans.iter().filter(|span| span.class == SpanClass::Model) {
        let mut next = span.parent;
        while let Some(parent) = next {
            // Every ancestor is walked once over all spans, which also ends a cycle of parents.
            if !visited.insert((span.trace_id, parent)) {
                break;
            }
            next = by_id.get(&(span.trace_id, parent)).and_then(|s| s.parent);
        }
    }
    visited.retain(|key| by_id.get(key).is_some_and(|span| span.class == SpanClass::Model));
    visited
}

/// Whether a span failed without a later call of the same kind and name succeeding.
fn unrecovered_error(spans: &[Span]) -> bool {
    let mut latest_success: HashMap<(SpanClass, &str), Timestamp> = HashMap::new();
    for span in spans.iter().filter(|span| span.error.is_none() && span.ended_at.is_some()) {
        let latest = latest_success.entry((span.class, span.name.as_str())).or_insert(span.started_at);
        *latest = (*latest).max(span.started_at);
    }
    spans.iter().filter(|span| span.error.is_some()).any(|failed| {
        failed.parent.is_none()
            || latest_success
                .get(&(failed.class, failed.name.as_str()))
                .is_none_or(|success| *success <= failed.started_at)
    })
}

fn merged_marks(spans: &[Span], known: &HashSet<(TraceId, SpanId)>) -> Marks {
    let top = |span: &Span| span.parent.is_none_or(|parent| !known.contains(&(span.trace_id, parent)));
    let mut merged = Marks::default();
    let marked = || spans.iter().filter_map(|span| span.marks.as_deref().map(|marks| (span, marks)));
    let top_first = marked().filter(|(s, _)| top(s)).chain(marked().filter(|(s, _)| !top(s)));
    for (_, marks) in top_first {
        macro_rules! first {
            ($($field:ident),+) => {$(
                if merged.$field.is_none() { merged.$field.clone_from(&marks.$field); }
            )+};
        }
        most_direct(&mut merged.workflow, marks.workflow.as_ref());
        most_direct(&mut merged.release, marks.release.as_ref());
        first!(environment, unit, outcome, failure_class, retries, cost_nanos);
        for (dimension, value) in &marks.segments {
            merged.segments.entry(dimension.clone()).or_insert_with(|| value.clone());
        }
        for (name, value) in &marks.scores {
            merged.scores.entry(name.clone()).or_insert(*value);
        }
        append_new(&mut merged.approvals, &marks.approvals);
        append_new(&mut merged.escalations, &marks.escalations);
        append_new(&mut merged.rescues, &marks.rescues);
    }
    merged
}

fn most_direct(known: &mut Option<Stated>, new: Option<&Stated>) {
    if let Some(new) = new.filter(|new| known.as_ref().is_none_or(|known| new.rank < known.rank)) {
        *known = Some(new.clone());
    }
}

/// The workflow of a run whose spans name none.
pub const UNNAMED_WORKFLOW: &str = "unnamed";
/// The release of a run whose spans name none.
pub const UNVERSIONED_RELEASE: &str = "unversioned";

/// Which workflow and release a run's spans say it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The workflow's name, or [`UNNAMED_WORKFLOW`].
    pub workflow: String,
    /// The release's name, or [`UNVERSIONED_RELEASE`].
    pub release: String,
}

/// Reads which workflow and release the spans of a run name: the most direct statement, among equals that of a span
/// at the top, then of the earliest. Independent of the order of `spans`. Ask again whenever spans arrive: a piece
/// without the root may only know the service's name.
#[must_use]
pub fn identity(spans: &[Span]) -> Identity {
    let known: HashSet<(TraceId, SpanId)> = spans.iter().map(|span| (span.trace_id, span.id)).collect();
    let nested = |span: &Span| span.parent.is_some_and(|parent| known.contains(&(span.trace_id, parent)));
    let pick = |read: fn(&Marks) -> Option<&Stated>| {
        spans
            .iter()
            .filter_map(|span| span.marks.as_deref().and_then(read).map(|stated| (span, stated)))
            .min_by_key(|(span, stated)| {
                (stated.rank, nested(span), span.started_at, span.trace_id, span.id, stated.name.as_str())
            })
            .map(|(_, stated)| stated.name.clone())
    };
    Identity {
        workflow: pick(|marks| marks.workflow.as_ref()).unwrap_or_else(|| UNNAMED_WORKFLOW.to_owned()),
        release: pick(|marks| marks.release.as_ref()).unwrap_or_else(|| UNVERSIONED_RELEASE.to_owned()),
    }
}

/// Appends what is not there yet: some SDKs repeat a trace's attributes on every span.
fn append_new<T: Clone + PartialEq>(list: &mut Vec<T>, new: &[T]) {
    for item in new {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The spans of a run as an indented list: each with its depth, parents before children, siblings by start. A span
/// whose parent is missing, or that sits in a cycle of parents, is shown at the top.
#[must_use]
pub fn outline(spans: &[Span]) -> Vec<(usize, &Span)> {
    let by_id: HashMap<(TraceId, SpanId), usize> =
        spans.iter().enumerate().map(|(i, s)| ((s.trace_id, s.id), i)).collect();
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for (i, span) in spans.iter().enumerate() {
        match span.parent.and_then(|parent| by_id.get(&(span.trace_id, parent))) {
            Some(parent) if *parent != i => children.entry(*parent).or_default().push(i),
            _ => tops.push(i),
        }
    }
    let mut seen = vec![false; spans.len()];
    let mut outline = Vec::with_capacity(spans.len());
    // After the proper roots every span not yet seen starts a walk of its own, which is what breaks cycles open.
    for top in tops.into_iter().chain(0..spans.len()) {
        let mut stack = vec![(0, top)];
        while let Some((depth, i)) = stack.pop() {
            if std::mem::replace(&mut seen[i], true) {
                continue;
            }
            outline.push((depth, &spans[i]));
            if let Some(below) = children.get(&i) {
                stack.extend(below.iter().rev().map(|child| (depth + 1, *child)));
            }
        }
    }
    outline
}
