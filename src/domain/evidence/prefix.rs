//! What a bundle is made of, as far as blocks were taken in: everything at once to freeze, or a prefix that is kept so that
//! a look at a running gate reads only what came after it.
//!
//! A prefix ends where no later run can settle before it, and holds of the blocks before that what later evidence still
//! needs. It is a cache: frozen evidence never rests on one, and whoever changes a block before its end drops it.

use serde::{Deserialize, Serialize};

use super::freeze::FreezeInput;
use super::series::{Cutting, Hours, Tick, pool_ratio};
use super::tally::{CheckTally, Frame, Span, whole};
use super::{ArmTotals, CheckEvidence, EvidenceBundle, Pairing};
use crate::cell::{Block, Counts};
use crate::digest::Digest;
use crate::scorecard::{Check, Scorecard};
use crate::time::Timestamp;
use crate::workers::Workers;

/// The evidence of a gate up to a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prefix {
    /// Of which question it is the evidence.
    shape: String,
    frame: Frame,
    /// Runs that settle, or would, before this time are in it; all of them until it is known.
    through: Option<Timestamp>,
    hours: Hours,
    pub(super) totals: Totals,
    checks: Vec<CheckTally>,
}

/// What both arms add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub candidate: Counts,
    pub baseline: Counts,
    candidate_settled: i64,
    baseline_settled: i64,
    /// When the candidate's first run concluded.
    pub first: Option<Timestamp>,
}

impl Prefix {
    /// The evidence of `input` before `through`.
    #[must_use]
    pub fn of(input: &FreezeInput, through: Timestamp, workers: &impl Workers) -> Self {
        let mut prefix = Self::begin(input);
        prefix.take(input, Span(None, Some(through)), workers);
        prefix.through = Some(through);
        prefix
    }

    /// All the evidence of `input`.
    pub(super) fn whole(input: &FreezeInput, workers: &impl Workers) -> Self {
        let mut prefix = Self::begin(input);
        prefix.take(input, Span(None, None), workers);
        prefix
    }

    fn begin(input: &FreezeInput) -> Self {
        let mut hours = Hours::default();
        let settle_micros = settle_micros(input);
        take_hours(&mut hours, input, settle_micros, Span(None, None));
        Self {
            shape: shape(input),
            frame: frame(input, &hours),
            through: None,
            hours: Hours::default(),
            totals: Totals::default(),
            checks: of_scorecard(input).map(|(_, check)| CheckTally::new(check)).collect(),
        }
    }

    /// Up to which time it goes; runs that settle at it or later are to be handed over with [`Self::resume`].
    #[must_use]
    pub fn through(&self) -> Timestamp {
        self.through.unwrap_or(Timestamp::from_micros(0))
    }

    /// Whether it is a prefix of the evidence whose later part is `tail`: of the same question, set up in the same way.
    #[must_use]
    pub fn fits(&self, tail: &FreezeInput) -> bool {
        if self.shape != shape(tail) {
            return false;
        }
        let mut hours = self.hours.clone();
        let span = Span(self.through, None);
        take_hours(&mut hours, tail, self.frame.settle_micros, span);
        // An earlier pool is spread over what there is of it.
        let grown = self.frame.cutting.pairing == Pairing::Historical && hours.pool != self.hours.pool;
        !grown && frame(tail, &hours) == self.frame
    }

    /// Goes on to `through` with blocks of `tail`, which it [fits](Self::fits).
    pub fn advance(&mut self, tail: &FreezeInput, through: Timestamp, workers: &impl Workers) {
        self.take(tail, Span(self.through, Some(through)), workers);
        self.through = Some(through);
    }

    /// Forgets the minutes that no later evidence needs, so that little has to be kept.
    pub fn forget(&mut self, input: &FreezeInput) {
        let frame = self.frame;
        for (tally, (_, check)) in self.checks.iter_mut().zip(of_scorecard(input)) {
            tally.forget(check, frame);
        }
    }

    /// The bundle of all evidence: what is in the prefix, and what came after it in `tail`, which it
    /// [fits](Self::fits).
    #[must_use]
    pub fn resume(mut self, tail: &FreezeInput, workers: &impl Workers) -> EvidenceBundle {
        self.take(tail, Span(self.through, None), workers);
        self.bundle(tail, workers)
    }

    pub(super) fn bundle(self, input: &FreezeInput, workers: &impl Workers) -> EvidenceBundle {
        let Self { frame, checks, totals, .. } = self;
        let checks: Vec<_> = checks.into_iter().zip(of_scorecard(input)).collect();
        let finish = |(tally, (card, check)): (CheckTally, _)| tally.finish(card, check, frame, Some(input));
        let checks = workers.map(checks, finish);
        super::freeze::assemble(input, frame.cutting, &totals, checks)
    }

    /// What each check looked at, as far as no later minute changes it.
    #[must_use]
    pub fn settled_checks(&self, input: &FreezeInput) -> Vec<CheckEvidence> {
        let frame = self.frame;
        let checks = self.checks.iter().zip(of_scorecard(input));
        checks.map(|(tally, (card, check))| tally.clone().finish(card, check, frame, None)).collect()
    }

    fn take(&mut self, input: &FreezeInput, span: Span, workers: &impl Workers) {
        let frame = self.frame;
        take_hours(&mut self.hours, input, frame.settle_micros, span);
        self.totals.take(input, frame.settle_micros, span);
        let checks: Vec<_> = self.checks.iter_mut().zip(of_scorecard(input)).collect();
        let take = |(tally, (card, check)): (&mut CheckTally, _)| tally.take(input, card, check, frame, span);
        workers.map(checks, take);
    }
}

impl Totals {
    fn take(&mut self, input: &FreezeInput, settle_micros: i64, span: Span) {
        let (candidate, baseline) = (&input.candidate.all, &input.against.all);
        span.of(&candidate.concluded, settle_micros).for_each(|(_, block)| {
            self.candidate.add(&block.counts, 1);
            self.first = Some(self.first.map_or(block.minute, |first| first.min(block.minute)));
        });
        span.of(&baseline.concluded, settle_micros).for_each(|(_, block)| self.baseline.add(&block.counts, 1));
        let settled = |blocks: &[Block]| span.of(blocks, 0).map(|(_, block)| block.counts.concluded).sum::<i64>();
        self.candidate_settled += settled(&candidate.settled);
        self.baseline_settled += settled(&baseline.settled);
    }

    /// The run counts of the baseline, and of the candidate.
    pub fn arms(&self, input: &FreezeInput) -> (ArmTotals, ArmTotals) {
        let arm = |cells: &Counts, concluded: &Counts, settled: i64| ArmTotals {
            closed: whole(cells.closed),
            unknown_outcome: whole(cells.unknown_outcome),
            concluded: whole(concluded.concluded),
            settled: whole(settled),
        };
        (
            arm(&input.against.totals, &self.baseline, self.baseline_settled),
            arm(&input.candidate.totals, &self.candidate, self.candidate_settled),
        )
    }
}

/// The checks of a scorecard, in its order.
fn of_scorecard(input: &FreezeInput) -> impl Iterator<Item = (&Scorecard, &Check)> {
    input.scorecard.iter().flat_map(|scorecard| scorecard.checks.iter().map(move |check| (scorecard, check)))
}

fn settle_micros(input: &FreezeInput) -> i64 {
    input.workflow.settle_seconds.saturating_mul(crate::time::SECOND)
}

fn take_hours(hours: &mut Hours, input: &FreezeInput, settle_micros: i64, span: Span) {
    let concluded = |blocks: &[Block], shift: i64| -> Vec<Tick> {
        let tick = |(at, block): (Timestamp, &Block)| Tick { at, n: whole(block.counts.concluded), successes: 0 };
        span.of(blocks, shift).map(tick).collect()
    };
    // Concluded runs of the candidate, so that a young one is already paired as it will be when its runs have settled.
    hours.take(&concluded(&input.against.all.settled, 0), &concluded(&input.candidate.all.concluded, settle_micros));
}

fn frame(input: &FreezeInput, hours: &Hours) -> Frame {
    let policy = &input.policy;
    let pairing = if input.baseline.is_none() { Pairing::None } else { hours.pairing() };
    let worked_out = || pool_ratio(policy.pool_ratio, hours.pool, policy.planned_candidate_runs);
    // Only an earlier pool is used up at a ratio.
    let ratio = if pairing == Pairing::Historical { input.pool_ratio.unwrap_or_else(worked_out) } else { 1.0 };
    Frame {
        cutting: Cutting { pairing, ratio, block_outcomes: policy.block_outcomes },
        settle_micros: settle_micros(input),
    }
}

/// Everything that says how blocks are read, by its digest.
fn shape(input: &FreezeInput) -> String {
    let scorecard = input.scorecard.as_ref();
    let scorecard = scorecard.map(|card| (&card.checks, &card.dimensions, &card.required_segments));
    let releases = (input.release.id, input.baseline.as_ref().map(|baseline| baseline.id));
    let reading = (releases, &input.policy, scorecard, input.labour_nanos_per_hour, input.workflow.settle_seconds);
    crate::canonical::to_canonical(&reading).map_or_else(|_| String::new(), |bytes| Digest::of(&bytes).to_string())
}
