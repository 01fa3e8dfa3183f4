//! How far the evidence of a gate has come: what is kept of its processes, so that a later look goes on from there.
//!
//! Processes read blocks in order, so going on from the blocks that were taken in gives what beginning anew gives, byte for
//! byte. What is kept is a cache beside a [`Prefix`](crate::evidence::Prefix), never part of a bundle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::process::{Bound, Question, Target};
use crate::evidence::{CheckEvidence, Look, SegmentSeries, Series};
use crate::policy::Policy;
use crate::scorecard::Scorecard;
use crate::stats::quantile::{Sample, ln_e_against};
use crate::stats::{EProcess, Sketch, Trajectory};

/// How far the evidence of every check has come, in the scorecard's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    checks: Vec<CheckProgress>,
}

/// How far one check's has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CheckProgress {
    pub overall: Come,
    /// By dimension and value.
    segments: BTreeMap<(String, String), Come>,
    /// By dimension.
    matched: BTreeMap<String, Come>,
}

/// How far the evidence about one series has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Come {
    /// It is not kept: sums are read again in no time.
    Nowhere,
    /// That of a rate: a process for each thing that it speaks against.
    Rate {
        /// For a pass.
        pass: Vec<Way>,
        /// For a fail.
        fail: Vec<Way>,
    },
    /// That of a quantile.
    Quantile(QuantileCome),
}

/// One process on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Way {
    pub process: EProcess,
    pub path: Vec<f64>,
}

/// How far the evidence about a quantile has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct QuantileCome {
    /// The level it was computed for.
    alpha: f64,
    /// What both arms add up to.
    arms: (Sketch, Sketch),
    pass: Vec<Vec<f64>>,
    fail: Vec<Vec<f64>>,
    looks: usize,
}

impl Progress {
    /// How far the evidence of these checks has come; goes on from `earlier`.
    #[must_use]
    pub fn of(policy: &Policy, scorecard: &Scorecard, checks: &[CheckEvidence], earlier: &Self) -> Self {
        let of = |(i, evidence): (usize, &CheckEvidence)| {
            let check = &scorecard.checks[i];
            let question = Question::of(check, policy);
            let known = earlier.checks.get(i);
            let alpha = segment_alpha(policy, evidence);
            let segment = |segment: &SegmentSeries| {
                let from = known.and_then(|known| known.segment(segment));
                let key = (segment.dimension.clone(), segment.value.clone());
                (key, question.come(&segment.series, policy, alpha, from))
            };
            let matched = evidence.matched.iter().map(|matched| {
                let from = known.and_then(|known| known.matched(&matched.dimension));
                let come = question.rate_come((&matched.settled, &matched.settled), policy, from);
                (matched.dimension.clone(), come)
            });
            CheckProgress {
                overall: question.come(&evidence.overall, policy, policy.alpha, known.map(|known| &known.overall)),
                segments: evidence.segments.iter().map(segment).collect(),
                matched: matched.collect(),
            }
        };
        Self { checks: checks.iter().take(scorecard.checks.len()).enumerate().map(of).collect() }
    }

    pub(super) fn check(&self, i: usize) -> Option<&CheckProgress> {
        self.checks.get(i)
    }
}

impl CheckProgress {
    pub fn segment(&self, segment: &SegmentSeries) -> Option<&Come> {
        self.segments.get(&(segment.dimension.clone(), segment.value.clone()))
    }

    pub fn matched(&self, dimension: &str) -> Option<&Come> {
        self.matched.get(dimension)
    }
}

/// The level of each segment's evidence: a bound on a baseline's quantile must hold in every segment at once.
pub(super) fn segment_alpha(policy: &Policy, evidence: &CheckEvidence) -> f64 {
    policy.segment_fdr / evidence.segments.len().max(1) as f64
}

/// Of what the quantile is asked, in which unit, and for a decision at which level.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub q: f64,
    pub unit: f64,
    pub alpha: f64,
}

impl Scale {
    /// Evidence after each look, for a pass and for a fail, and what the looks add up to.
    pub fn ways(
        self,
        series: &Series,
        targets: (&[Target], &[Target]),
        come: Option<&Come>,
    ) -> (Vec<Trajectory>, Vec<Trajectory>, Look<Sketch>) {
        let found = self.on(series, targets, come, series.open);
        let ways = |paths: Vec<Vec<f64>>| paths.into_iter().map(|path| Trajectory { path }).collect();
        let (a, b) = found.arms;
        (ways(found.pass), ways(found.fail), Look { a, b })
    }

    /// How far the evidence has come, runs that are open left out: they belong to the last look alone.
    pub fn come(self, series: &Series, targets: (&[Target], &[Target]), earlier: Option<&Come>) -> QuantileCome {
        self.on(series, targets, earlier, 0)
    }

    fn on(
        self,
        series: &Series,
        (pass, fail): (&[Target], &[Target]),
        earlier: Option<&Come>,
        open: u64,
    ) -> QuantileCome {
        let known = if let Some(Come::Quantile(come)) = earlier { Some(come) } else { None };
        // Evidence for another level says nothing here.
        let last = series.sketches.len();
        let fits = |come: &&QuantileCome| come.alpha.to_bits() == self.alpha.to_bits() && come.looks <= last;
        let mut come = known.filter(fits).cloned().unwrap_or_else(|| QuantileCome {
            alpha: self.alpha,
            arms: (Sketch::new(), Sketch::new()),
            pass: vec![Vec::new(); pass.len()],
            fail: vec![Vec::new(); fail.len()],
            looks: 0,
        });
        for look in &series.sketches[come.looks..] {
            come.arms.0.merge(&look.a);
            come.arms.1.merge(&look.b);
            for (path, target) in come.pass.iter_mut().zip(pass) {
                path.push(self.evidence(&come.arms, target, 0));
            }
            for (path, target) in come.fail.iter_mut().zip(fail) {
                path.push(self.evidence(&come.arms, target, 0));
            }
        }
        come.looks = last;
        if open > 0 {
            // What is still open belongs to the last look and counts against a pass; a fail rests on what is known.
            for (path, target) in come.pass.iter_mut().zip(pass) {
                if let Some(now) = path.last_mut() {
                    *now = self.evidence(&come.arms, target, open);
                }
            }
        }
        come
    }

    fn evidence(self, (a, b): &(Sketch, Sketch), target: &Target, open: u64) -> f64 {
        let (candidate, baseline) = (Sample { sketch: b, open }, Sample { sketch: a, open: 0 });
        match target.bound {
            Bound::Value(value) => candidate.ln_e_bound(self.q, value * self.unit, target.side),
            Bound::Times(times) => ln_e_against(baseline, candidate, self.q, times, target.side, self.alpha),
        }
    }
}
