//! The time axis a run is drawn on, with or without the stretches in which nothing happened.

use std::collections::HashSet;

use crate::span::{Span, SpanId, TraceId};

/// A stretch is worth folding when it takes at least this share of the run: one part in so many.
const WORTH_FOLDING: i64 = 20;
/// What a folded stretch keeps of the axis: one part in so many of what is left, so that it can still be seen.
const KEPT: i64 = 40;

/// Maps a moment of a run to its place on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    start: i64,
    end: i64,
    /// Folded stretches, in order, in microseconds; disjoint.
    folds: Vec<(i64, i64)>,
    kept: i64,
}

impl Axis {
    /// The axis of a run, in full length; `None` without spans.
    #[must_use]
    pub fn whole(spans: &[Span]) -> Option<Self> {
        let start = spans.iter().map(|span| span.started_at.micros()).min()?;
        let end = spans.iter().map(|span| span.ended_at.unwrap_or(span.started_at).micros()).max()?;
        Some(Self { start, end: end.max(start.saturating_add(1)), folds: Vec::new(), kept: 0 })
    }

    /// The same axis with its long idle stretches folded: those in which no innermost span runs, as when an agent
    /// waits for a person's approval.
    #[must_use]
    pub fn folded(mut self, spans: &[Span]) -> Self {
        self.folds = self.idle(spans);
        let idle: i64 = self.folds.iter().map(|(from, to)| to - from).sum();
        self.kept = ((self.total_us() - idle) / KEPT).max(1);
        self
    }

    /// Stretches in which no innermost span runs and that are long enough to be folded.
    fn idle(&self, spans: &[Span]) -> Vec<(i64, i64)> {
        let parents: HashSet<(TraceId, SpanId)> =
            spans.iter().filter_map(|span| span.parent.map(|parent| (span.trace_id, parent))).collect();
        let innermost = spans.iter().filter(|span| !parents.contains(&(span.trace_id, span.id)));
        let mut busy: Vec<(i64, i64)> = innermost
            .map(|span| (span.started_at.micros(), span.ended_at.map_or(self.end, |at| at.micros())))
            .collect();
        busy.sort_unstable();
        let worth = (self.end - self.start) / WORTH_FOLDING;
        let mut reached = self.start;
        let mut idle = Vec::new();
        for (from, to) in busy.into_iter().chain([(self.end, self.end)]) {
            if from - reached >= worth.max(1) {
                idle.push((reached, from));
            }
            reached = reached.max(to);
        }
        idle
    }

    /// Length of the run in microseconds.
    #[must_use]
    pub const fn total_us(&self) -> i64 {
        self.end - self.start
    }

    /// The folded stretches: from and to, in microseconds after the start.
    pub fn folds(&self) -> impl Iterator<Item = (i64, i64)> {
        self.folds.iter().map(|(from, to)| (from - self.start, to - self.start))
    }

    /// Length of what is drawn, in microseconds.
    fn drawn_us(&self) -> i64 {
        self.offset(self.end).max(1)
    }

    /// How far along what is drawn a moment lies, in microseconds.
    fn offset(&self, at: i64) -> i64 {
        let at = at.clamp(self.start, self.end);
        let mut offset = at - self.start;
        for (from, to) in self.folds.iter().take_while(|(from, _)| *from < at) {
            let passed = at.min(*to) - from;
            let length = to - from;
            let kept = i128::from(self.kept.min(length)) * i128::from(passed) / i128::from(length);
            offset -= passed - i64::try_from(kept).unwrap_or(passed);
        }
        offset
    }

    /// Left edge and width of a span's bar on an axis of `width` parts: always within it and never invisible. A span
    /// that has not ended reaches to the end.
    #[must_use]
    pub fn bar(&self, span: &Span, width: u32) -> (u32, u32) {
        let place = |at: i64| {
            let part = i128::from(self.offset(at)) * i128::from(width) / i128::from(self.drawn_us());
            u32::try_from(part).unwrap_or(width).min(width)
        };
        let left = place(span.started_at.micros()).min(width.saturating_sub(1));
        let right = place(span.ended_at.map_or(self.end, |at| at.micros()));
        (left, right.saturating_sub(left).clamp(1, width - left))
    }
}
