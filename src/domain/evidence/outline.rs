//! How many runs both arms have by the minute: how they are set against each other is read from it, and the pieces in
//! which their evidence is taken in.

use std::collections::BTreeSet;

use super::Pairing;
use super::freeze::FreezeInput;
use super::held::{Held, Piece, Span};
use super::series::{Hours, Tick};
use super::tally::whole;
use crate::cell::Basis;
use crate::time::{HOUR, Timestamp};
use crate::workers::Workers;

/// Evidence is taken in by pieces of this length: one of many runs fits into a processor's memory.
const PIECE: i64 = 6 * HOUR;

/// Runs by the minute they settle in, or would; successes are not told.
pub(super) struct Outline {
    /// The baseline's settled runs.
    baseline: Vec<Tick>,
    /// The candidate's concluded runs, so that a young one is already paired as it will be when its runs have settled.
    candidate: Vec<Tick>,
}

impl Outline {
    pub fn of<B: Held>(input: &FreezeInput<B>, settle_micros: i64, workers: &impl Workers) -> Result<Self, B::Error> {
        let arms =
            vec![(&input.against.all, Basis::Settled, 0), (&input.candidate.all, Basis::Concluded, settle_micros)];
        let ticks = |(held, basis, shift): (&B, Basis, i64)| {
            let blocks = held.blocks(basis, Span::WHOLE)?;
            let counted = Span::WHOLE.of(&blocks, shift);
            Ok(counted.map(|(at, block)| Tick { at, n: whole(block.counts.concluded), successes: 0 }).collect())
        };
        let found: Result<Vec<Vec<Tick>>, B::Error> = workers.map(arms, ticks).into_iter().collect();
        let mut found = found?.into_iter();
        let mut next = || found.next().unwrap_or_default();
        Ok(Self { baseline: next(), candidate: next() })
    }

    /// Adds its hours in a part of the time.
    pub fn add_to(&self, hours: &mut Hours, span: Span) {
        let inside = |ticks: &[Tick]| ticks.iter().filter(|tick| span.holds(tick.at)).copied().collect::<Vec<_>>();
        hours.take(&inside(&self.baseline), &inside(&self.candidate));
    }

    /// The pieces in which a part of the time is taken in, one after the other. An earlier pool is taken in before the
    /// candidate is: it is spread over all of it.
    pub fn pieces(&self, span: Span, pairing: Pairing) -> Vec<Piece> {
        let minutes = |ticks: &[Tick]| ticks.iter().map(|tick| tick.at).collect::<Vec<_>>();
        let (baseline, candidate) = (minutes(&self.baseline), minutes(&self.candidate));
        let of = |minutes: &[Timestamp], (baseline, candidate): (bool, bool)| {
            split(span, minutes).into_iter().map(move |span| Piece { span, baseline, candidate })
        };
        if pairing == Pairing::Historical {
            of(&baseline, (true, false)).chain(of(&candidate, (false, true))).collect()
        } else {
            of(&[baseline, candidate].concat(), (true, true)).collect()
        }
    }
}

/// A part of the time, cut where another piece with minutes in it begins.
fn split(span: Span, minutes: &[Timestamp]) -> Vec<Span> {
    let inside = minutes.iter().filter(|at| span.holds(**at));
    let begin: BTreeSet<Timestamp> = inside.map(|at| at.floor_to(PIECE)).collect();
    let mut spans = Vec::with_capacity(begin.len() + 1);
    let mut from = span.0;
    for at in begin.into_iter().skip(1) {
        spans.push(Span(from, Some(at)));
        from = Some(at);
    }
    spans.push(Span(from, span.1));
    spans
}
