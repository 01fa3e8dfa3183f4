//! What a bundle is made of, as far as blocks were taken in: everything at once to freeze, or a prefix that is kept so that
//! a look at a running gate reads only what came after it.
//!
//! A prefix ends where no later run can settle before it, and holds of the blocks before that what later evidence still
//! needs. It is a cache: frozen evidence never rests on one, and whoever changes a block before its end drops it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::freeze::FreezeInput;
use super::held::{Held, Piece, Read, Span};
use super::outline::Outline;
use super::series::{Cutting, Hours, pool_ratio};
use super::tally::{CheckTally, Frame, Place, whole};
use super::{ArmTotals, CheckEvidence, EvidenceBundle, Pairing};
use crate::cell::{Block, Counts};
use crate::digest::Digest;
use crate::scorecard::{Check, Scorecard, SegmentRef};
use crate::time::Timestamp;
use crate::workers::{OneByOne, Workers};

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
    ///
    /// # Errors
    /// When blocks cannot be read.
    pub fn of<B: Held>(input: &FreezeInput<B>, through: Timestamp, workers: &impl Workers) -> Result<Self, B::Error> {
        let mut prefix = Self::up_to(input, Span(None, Some(through)), workers)?;
        prefix.through = Some(through);
        Ok(prefix)
    }

    /// All the evidence of `input`.
    pub(super) fn whole<B: Held>(input: &FreezeInput<B>, workers: &impl Workers) -> Result<Self, B::Error> {
        Self::up_to(input, Span::WHOLE, workers)
    }

    fn up_to<B: Held>(input: &FreezeInput<B>, span: Span, workers: &impl Workers) -> Result<Self, B::Error> {
        let outline = Outline::of(input, settle_micros(input), workers)?;
        let mut hours = Hours::default();
        outline.add_to(&mut hours, Span::WHOLE);
        let mut prefix = Self {
            shape: shape(input),
            frame: frame(input, &hours),
            through: None,
            hours: Hours::default(),
            totals: Totals::default(),
            checks: of_scorecard(input).map(|(_, check)| CheckTally::new(check)).collect(),
        };
        prefix.take(input, &outline, span, workers)?;
        Ok(prefix)
    }

    /// Up to which time it goes; runs that settle at it or later are to be handed over with [`Self::resume`].
    #[must_use]
    pub fn through(&self) -> Timestamp {
        self.through.unwrap_or(Timestamp::from_micros(0))
    }

    /// Whether it is a prefix of the evidence whose later part is `tail`: of the same question, set up in the same way.
    ///
    /// # Errors
    /// When blocks cannot be read.
    pub fn fits<B: Held>(&self, tail: &FreezeInput<B>) -> Result<bool, B::Error> {
        if self.shape != shape(tail) {
            return Ok(false);
        }
        let mut hours = self.hours.clone();
        let outline = Outline::of(tail, self.frame.settle_micros, &OneByOne)?;
        outline.add_to(&mut hours, Span(self.through, None));
        // An earlier pool is spread over what there is of it.
        let grown = self.frame.cutting.pairing == Pairing::Historical && hours.pool != self.hours.pool;
        Ok(!grown && frame(tail, &hours) == self.frame)
    }

    /// Goes on to `through` with blocks of `tail`, which it [fits](Self::fits).
    ///
    /// # Errors
    /// When blocks cannot be read.
    pub fn advance<B: Held>(
        &mut self,
        tail: &FreezeInput<B>,
        through: Timestamp,
        workers: &impl Workers,
    ) -> Result<(), B::Error> {
        let outline = Outline::of(tail, self.frame.settle_micros, workers)?;
        self.take(tail, &outline, Span(self.through, Some(through)), workers)?;
        self.through = Some(through);
        Ok(())
    }

    /// The bundle of all evidence: what is in the prefix, and what came after it in `tail`, which it
    /// [fits](Self::fits).
    ///
    /// # Errors
    /// When blocks cannot be read.
    pub fn resume<B: Held>(
        mut self,
        tail: &FreezeInput<B>,
        workers: &impl Workers,
    ) -> Result<EvidenceBundle, B::Error> {
        let outline = Outline::of(tail, self.frame.settle_micros, workers)?;
        self.take(tail, &outline, Span(self.through, None), workers)?;
        Ok(self.bundle(tail, workers))
    }

    pub(super) fn bundle<B: Held>(self, input: &FreezeInput<B>, workers: &impl Workers) -> EvidenceBundle {
        let Self { frame, checks, totals, .. } = self;
        let checks: Vec<_> = checks.into_iter().zip(of_scorecard(input)).collect();
        let finish = |(tally, (card, check)): (CheckTally, _)| tally.finish(card, check, frame, Some(input));
        let checks = workers.map(checks, finish);
        super::freeze::assemble(input, frame.cutting, &totals, checks)
    }

    /// What each check looked at, as far as no later minute changes it.
    #[must_use]
    pub fn settled_checks<B>(&self, input: &FreezeInput<B>) -> Vec<CheckEvidence> {
        let frame = self.frame;
        let checks = self.checks.iter().zip(of_scorecard(input));
        checks.map(|(tally, (card, check))| tally.clone().finish(card, check, frame, None::<&FreezeInput<B>>)).collect()
    }

    fn take<B: Held>(
        &mut self,
        input: &FreezeInput<B>,
        outline: &Outline,
        span: Span,
        workers: &impl Workers,
    ) -> Result<(), B::Error> {
        outline.add_to(&mut self.hours, span);
        for piece in outline.pieces(span, self.frame.cutting.pairing) {
            self.take_piece(input, piece, workers)?;
        }
        Ok(())
    }

    /// Each group of runs is read once, by whichever worker is free, and all checks take it in; then what is matched
    /// across groups is cut, and what no later piece needs is forgotten.
    fn take_piece<B: Held>(
        &mut self,
        input: &FreezeInput<B>,
        piece: Piece,
        workers: &impl Workers,
    ) -> Result<(), B::Error> {
        let (frame, labour) = (self.frame, input.labour_nanos_per_hour);
        let segments: BTreeSet<&SegmentRef> =
            input.candidate.segments.keys().chain(input.against.segments.keys()).collect();
        let mut groups: BTreeMap<Option<&SegmentRef>, Vec<Place<'_>>> = BTreeMap::from([(None, Vec::new())]);
        for (tally, (card, check)) in self.checks.iter_mut().zip(of_scorecard(input)) {
            for (segment, place) in tally.places(&segments, card, check, frame) {
                groups.entry(segment).or_default().push(place);
            }
        }
        let mut totals = Some(&mut self.totals);
        let with_totals = |(segment, places): (Option<_>, _)| {
            let totals = if segment.is_none() { totals.take() } else { None };
            (segment, places, totals)
        };
        let groups: Vec<_> = groups.into_iter().map(with_totals).collect();
        let take = |(segment, places, totals): (Option<&SegmentRef>, Vec<Place<'_>>, Option<&mut Totals>)| {
            let read = Read::of(input, segment, piece, frame.settle_micros)?;
            totals.into_iter().for_each(|totals| totals.take(&read, frame.settle_micros));
            places.into_iter().for_each(|place| place.take(&read, labour));
            Ok(())
        };
        workers.map(groups, take).into_iter().collect::<Result<(), B::Error>>()?;
        let checks: Vec<_> = self.checks.iter_mut().zip(of_scorecard(input)).collect();
        workers.map(checks, |(tally, (_, check)): (&mut CheckTally, (_, &Check))| tally.cut(check, frame));
        Ok(())
    }
}

impl Totals {
    fn take(&mut self, read: &Read<'_>, settle_micros: i64) {
        let Read { span, baseline, candidate } = read;
        span.of(&candidate.1, settle_micros).for_each(|(_, block)| {
            self.candidate.add(&block.counts, 1);
            self.first = Some(self.first.map_or(block.minute, |first| first.min(block.minute)));
        });
        span.of(&baseline.1, settle_micros).for_each(|(_, block)| self.baseline.add(&block.counts, 1));
        let settled = |blocks: &[Block]| span.of(blocks, 0).map(|(_, block)| block.counts.concluded).sum::<i64>();
        self.candidate_settled += settled(&candidate.0);
        self.baseline_settled += settled(&baseline.0);
    }

    /// The run counts of the baseline, and of the candidate.
    pub fn arms<B>(&self, input: &FreezeInput<B>) -> (ArmTotals, ArmTotals) {
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
fn of_scorecard<B>(input: &FreezeInput<B>) -> impl Iterator<Item = (&Scorecard, &Check)> {
    input.scorecard.iter().flat_map(|scorecard| scorecard.checks.iter().map(move |check| (scorecard, check)))
}

fn settle_micros<B>(input: &FreezeInput<B>) -> i64 {
    input.workflow.settle_seconds.saturating_mul(crate::time::SECOND)
}

fn frame<B>(input: &FreezeInput<B>, hours: &Hours) -> Frame {
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
fn shape<B>(input: &FreezeInput<B>) -> String {
    let scorecard = input.scorecard.as_ref();
    let scorecard = scorecard.map(|card| (&card.checks, &card.dimensions, &card.required_segments));
    let releases = (input.release.id, input.baseline.as_ref().map(|baseline| baseline.id));
    let reading = (releases, &input.policy, scorecard, input.labour_nanos_per_hour, input.workflow.settle_seconds);
    crate::canonical::to_canonical(&reading).map_or_else(|_| String::new(), |bytes| Digest::of(&bytes).to_string())
}
