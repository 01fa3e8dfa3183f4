//! Which run of a trace a span belongs to, where a trace holds several.

use std::collections::HashMap;

use seatrial_domain::span::{Span, SpanId, TraceId};

/// How far up a span looks for a run's id: deeper trees are loops.
const LEVELS: usize = 128;

/// Gives spans without a run's id that of their nearest ancestor, else the only one their trace has in this request.
/// `keys` is as long as `spans`.
pub(super) fn inherit(spans: &[&Span], keys: &mut [Option<String>]) {
    if keys.iter().all(Option::is_none) {
        return;
    }
    let index: HashMap<(TraceId, SpanId), usize> =
        spans.iter().enumerate().map(|(i, span)| ((span.trace_id, span.id), i)).collect();
    // `None` as soon as a trace has two.
    let mut only: HashMap<TraceId, Option<usize>> = HashMap::new();
    for (i, span) in spans.iter().enumerate().filter(|(i, _)| keys[*i].is_some()) {
        let held = only.entry(span.trace_id).or_insert(Some(i));
        if held.is_some_and(|first| keys[first] != keys[i]) {
            *held = None;
        }
    }
    let source = |i: usize| {
        let mut at = i;
        for _ in 0..LEVELS {
            let Some(parent) = spans[at].parent.and_then(|parent| index.get(&(spans[at].trace_id, parent))) else {
                break;
            };
            if keys[*parent].is_some() {
                return Some(*parent);
            }
            at = *parent;
        }
        only.get(&spans[i].trace_id).copied().flatten()
    };
    let found: Vec<(usize, usize)> =
        (0..spans.len()).filter(|i| keys[*i].is_none()).filter_map(|i| Some((i, source(i)?))).collect();
    for (i, from) in found {
        keys[i] = keys[from].clone();
    }
}
