//! Blocks of runs as they are held until they are read: millions of runs leave more of them than need to be in memory
//! at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use super::freeze::FreezeInput;
use crate::cell::{Basis, Block, Counts};
use crate::scorecard::SegmentRef;
use crate::time::Timestamp;

/// One arm's blocks over one group of runs, wherever they are until they are read.
pub trait Held: Sync {
    /// Why they cannot be read.
    type Error: Send;

    /// Those of a part of the time, minutes in any order; others may come with them.
    ///
    /// # Errors
    /// When they cannot be read.
    fn blocks(&self, basis: Basis, span: Span) -> Result<Cow<'_, [Block]>, Self::Error>;
}

/// A part of the time: from the first time up to the second, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Option<Timestamp>, pub Option<Timestamp>);

impl Span {
    /// All of the time.
    pub(super) const WHOLE: Self = Self(None, None);

    /// Whether a time lies in it.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.0.is_none_or(|from| at >= from) && self.1.is_none_or(|to| at < to)
    }

    /// As it was so many microseconds earlier.
    fn earlier(self, micros: i64) -> Self {
        Self(self.0.map(|from| from.plus_micros(-micros)), self.1.map(|to| to.plus_micros(-micros)))
    }

    /// The blocks of this part, each with the minute it stands at when `shift` microseconds are added to its own.
    pub(super) fn of(self, blocks: &[Block], shift: i64) -> impl Iterator<Item = (Timestamp, &Block)> {
        blocks.iter().map(move |block| (block.minute.plus_micros(shift), block)).filter(move |(at, _)| self.holds(*at))
    }
}

/// Blocks in memory; minutes in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArmBlocks {
    /// Settled runs by the minute they settled.
    pub settled: Vec<Block>,
    /// Concluded runs by the minute they closed.
    pub concluded: Vec<Block>,
}

impl Held for ArmBlocks {
    type Error = Infallible;

    fn blocks(&self, basis: Basis, _span: Span) -> Result<Cow<'_, [Block]>, Infallible> {
        Ok(Cow::Borrowed(match basis {
            Basis::Settled => &self.settled,
            Basis::Concluded => &self.concluded,
        }))
    }
}

/// Everything known of one arm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArmEvidence<B = ArmBlocks> {
    /// All runs.
    pub all: B,
    /// By segment; at least those of the scorecard's dimensions.
    pub segments: BTreeMap<SegmentRef, B>,
    /// The release's counters from cells, for closed runs and unknown outcomes.
    pub totals: Counts,
    /// Runs that are still open, by the end of the hour or day in which they started.
    pub open: Vec<(Timestamp, u64)>,
}

impl<B> ArmEvidence<B> {
    fn group(&self, segment: Option<&SegmentRef>) -> Option<&B> {
        segment.map_or(Some(&self.all), |segment| self.segments.get(segment))
    }
}

/// A part of the time, by when runs settle or would, and the arms that are read in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub span: Span,
    pub baseline: bool,
    pub candidate: bool,
}

/// The blocks of one group of runs in a piece of the time.
pub(super) struct Read<'a> {
    pub span: Span,
    /// The baseline's settled runs, and its concluded ones.
    pub baseline: (Cow<'a, [Block]>, Cow<'a, [Block]>),
    /// The candidate's.
    pub candidate: (Cow<'a, [Block]>, Cow<'a, [Block]>),
}

impl<'a> Read<'a> {
    /// Reads a segment, or all runs. Concluded runs are read by when they settle, `settle_micros` later.
    pub fn of<B: Held>(
        input: &'a FreezeInput<B>,
        segment: Option<&SegmentRef>,
        piece: Piece,
        settle_micros: i64,
    ) -> Result<Self, B::Error> {
        let none = || Ok((Cow::default(), Cow::default()));
        let of = |arm: &'a ArmEvidence<B>| match arm.group(segment) {
            None => none(),
            Some(held) => Ok((
                held.blocks(Basis::Settled, piece.span)?,
                held.blocks(Basis::Concluded, piece.span.earlier(settle_micros))?,
            )),
        };
        Ok(Self {
            span: piece.span,
            baseline: if piece.baseline { of(&input.against)? } else { none()? },
            candidate: if piece.candidate { of(&input.candidate)? } else { none()? },
        })
    }
}
