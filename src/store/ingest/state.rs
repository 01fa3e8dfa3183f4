//! The runs a batch is about: what is stored of each, and what the batch makes of it.

use std::collections::{HashMap, HashSet};

use seatrial_domain::ids::{FactId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::run::{LateFact, RunEvidence, RunFacts, RunReport, resolve};
use seatrial_domain::sample::is_sampled;
use seatrial_domain::span::Span;
use seatrial_domain::time::Timestamp;
use seatrial_domain::trace::{TraceSummary, identity, merge, summarize};

use super::names::Context;
use super::{Applied, Change, Refused, RunWrite, Target, WriteResult};
use crate::error::StoreError;

/// A run as the sums see it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) workflow: WorkflowId,
    pub(super) release: ReleaseId,
    pub(super) facts: RunFacts,
    pub(super) settled: bool,
}

/// One run of the batch.
#[derive(Debug, Default)]
pub(super) struct RunState {
    pub(super) id: Option<RunId>,
    pub(super) external_id: String,
    /// As stored before the batch; `None` when the run is new.
    pub(super) before: Option<Standing>,
    /// After the batch; `None` when it was deleted.
    pub(super) after: Option<Standing>,
    pub(super) spans: Vec<Span>,
    pub(super) trace_body: Vec<u8>,
    pub(super) report: Option<RunReport>,
    pub(super) late: Vec<LateFact>,
    pub(super) fact_keys: Vec<String>,
    pub(super) new_facts: Vec<(FactId, String, LateFact)>,
    pub(super) idle_closed: bool,
    pub(super) received_at: Timestamp,
    /// Whether spans, report, facts or closing changed, so that facts must be resolved anew.
    pub(super) changed: bool,
    pub(super) trace_changed: bool,
    pub(super) report_changed: bool,
    /// Whether the passing of time is to be looked at.
    pub(super) touched: bool,
    /// Whether it is a success that people are asked to look at.
    pub(super) sampled: bool,
    pub(super) deleted: bool,
}

/// The runs of a batch by position, found by external id or id.
#[derive(Debug, Default)]
pub(super) struct States {
    pub(super) runs: Vec<RunState>,
    pub(super) by_external: HashMap<String, usize>,
    pub(super) by_id: HashMap<RunId, usize>,
}

impl States {
    pub(super) fn insert(&mut self, state: RunState) -> usize {
        let position = self.runs.len();
        self.by_external.insert(state.external_id.clone(), position);
        if let Some(id) = state.id {
            self.by_id.insert(id, position);
        }
        self.runs.push(state);
        position
    }

    fn find(&mut self, write: &RunWrite, now: Timestamp) -> Result<usize, Refused> {
        let creates = matches!(write.change, Change::Trace { .. } | Change::Report(_));
        let (found, name) = match &write.target {
            Target::Id(id) => (self.by_id.get(id).copied(), id.to_string()),
            Target::External(external) => (self.by_external.get(external).copied(), external.clone()),
        };
        let found = found.filter(|position| !self.runs[*position].deleted || creates);
        match (found, &write.target) {
            (Some(position), _) => Ok(position),
            (None, Target::External(external)) if creates => {
                let state = RunState {
                    id: Some(write.new_id),
                    external_id: external.clone(),
                    received_at: now,
                    ..RunState::default()
                };
                Ok(self.insert(state))
            }
            (None, _) => Err(Refused::NoRun(limits::clip(&name, 80).to_owned())),
        }
    }

    /// Applies one change to the state; facts are resolved later, once for the whole batch.
    pub(super) fn apply(&mut self, write: &RunWrite, now: Timestamp) -> Result<WriteResult, StoreError> {
        let position = match self.find(write, now) {
            Ok(position) => position,
            Err(refused) => return Ok(Err(refused)),
        };
        let state = &mut self.runs[position];
        let is_new = state.before.is_none() && !state.changed;
        let id = state.id.unwrap_or(write.new_id);
        let changed = match state.change(&write.change) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused)),
        };
        state.changed |= changed;
        let applied = match (changed, is_new) {
            (true, true) => Applied::Created,
            (true, false) => Applied::Updated,
            (false, _) => Applied::Unchanged,
        };
        Ok(Ok((id, applied)))
    }

    /// Resolves the facts of every run that changed.
    pub(super) fn resolve(&mut self, context: &mut Context, now: Timestamp) {
        for state in &mut self.runs {
            state.resolve(context, now);
        }
    }
}

impl RunState {
    fn change(&mut self, change: &Change) -> Result<bool, Refused> {
        match change {
            Change::Trace { spans, body } => self.add_piece(spans.clone(), body),
            Change::Report(report) => self.add_report(report),
            Change::Fact { id, key, fact } => Ok(self.add_fact(*id, key, fact)),
            Change::Settle => {
                self.touched = true;
                Ok(false)
            }
            Change::CloseIdle => Ok(!std::mem::replace(&mut self.idle_closed, true)),
            Change::Delete => {
                self.deleted = true;
                Ok(true)
            }
        }
    }

    fn add_piece(&mut self, spans: Vec<Span>, body: &[u8]) -> Result<bool, Refused> {
        if self.spans.len() + spans.len() > limits::SPANS_PER_RUN && self.overflows(&spans) {
            return Err(Refused::TooManySpans(limits::SPANS_PER_RUN));
        }
        let changed = merge(&mut self.spans, spans);
        if changed {
            self.trace_changed = true;
            self.trace_body.extend_from_slice(body);
            // News reopens a run that was closed for want of it.
            self.idle_closed = false;
        }
        Ok(changed)
    }

    /// Whether the run would have too many spans with these, repeats aside.
    fn overflows(&self, spans: &[Span]) -> bool {
        let known: HashSet<_> = self.spans.iter().map(|span| (span.trace_id, span.id)).collect();
        let new = spans.iter().filter(|span| !known.contains(&(span.trace_id, span.id))).count();
        self.spans.len() + new > limits::SPANS_PER_RUN
    }

    fn add_report(&mut self, report: &RunReport) -> Result<bool, Refused> {
        let merged = match &self.report {
            Some(known) => known.merged(report)?,
            None => report.clone(),
        };
        let changed = self.report.as_ref() != Some(&merged);
        self.report_changed |= changed;
        self.report = Some(merged);
        Ok(changed)
    }

    fn add_fact(&mut self, id: FactId, key: &str, fact: &LateFact) -> bool {
        if self.fact_keys.iter().any(|known| known == key) {
            return false;
        }
        self.fact_keys.push(key.to_owned());
        self.late.push(fact.clone());
        self.new_facts.push((id, key.to_owned(), fact.clone()));
        true
    }

    fn resolve(&mut self, context: &mut Context, now: Timestamp) {
        if self.deleted {
            self.after = None;
            return;
        }
        if self.changed {
            let trace: Option<TraceSummary> = (!self.spans.is_empty()).then(|| summarize(&self.spans, &context.prices));
            let (workflow, release) = self.identity();
            let seed = self.id.map(RunId::uuid).unwrap_or_default();
            let (workflow_id, release_id) = context.place(&workflow, &release, seed);
            let rules = context.rules(&workflow);
            let evidence = RunEvidence {
                trace: trace.as_ref(),
                report: self.report.as_ref(),
                late: &self.late,
                idle_closed: self.idle_closed,
            };
            let facts = resolve(evidence, &rules, &context.taxonomy);
            let success = facts.counts && facts.concluded() && !facts.failed();
            self.sampled = success && self.id.is_some_and(|id| is_sampled(id, rules.sample_share));
            self.after = Some(Standing { workflow: workflow_id, release: release_id, facts, settled: false });
        } else if self.touched {
            self.after.clone_from(&self.before);
        }
        if let Some(after) = &mut self.after {
            after.settled = after.facts.settles_at().is_some_and(|settles| settles <= now);
        }
    }

    /// The report names workflow and release; else the spans do.
    fn identity(&self) -> (String, String) {
        match &self.report {
            Some(report) => (report.workflow.clone(), report.release.clone()),
            None => {
                let stated = identity(&self.spans);
                (stated.workflow, stated.release)
            }
        }
    }

    /// Whether anything of the run has to be written.
    pub(super) fn dirty(&self) -> bool {
        if self.deleted {
            return self.before.is_some();
        }
        self.changed || self.settled_changed()
    }

    fn settled_changed(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => self.touched && before.settled != after.settled,
            _ => false,
        }
    }
}
