//! One check's evidence as far as minutes were taken in: overall, by segment, and matched within dimensions.
//!
//! Minutes come in the order of time, and taking them in two parts gives what taking them in one does, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::freeze::FreezeInput;
use super::held::{Read, Span};
use super::looks::{Additive, Beside, Look, LooksTally, Minute};
use super::series::{Cutting, MatchedTally, Pairs, RateTally, Tick};
use super::{CheckEvidence, MatchedSeries, Pairing, RateCount, SegmentSeries, Series};
use crate::cell::Block;
use crate::scorecard::{Check, Criterion, Reads, Scorecard, SegmentRef};
use crate::signal::Signal;
use crate::stats::Sketch;
use crate::stats::ratio::RatioSums;
use crate::time::Timestamp;

/// The unit in which sketches keep durations.
const MICROS_PER_SECOND: f64 = 1e6;

/// How the arms are set against each other in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    pub cutting: Cutting,
    /// How much later than it concluded a run settles.
    pub settle_micros: i64,
}

impl Frame {
    /// As a check wants it: one with a bound looks at the candidate alone.
    fn of(self, check: &Check) -> Self {
        let pairing = if check.criterion.is_relative() { self.cutting.pairing } else { Pairing::None };
        Self { cutting: Cutting { pairing, ..self.cutting }, ..self }
    }
}

/// One check's evidence so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CheckTally {
    overall: Part,
    segments: BTreeMap<SegmentRef, Part>,
    /// By dimension; of a rate that is compared.
    matched: BTreeMap<String, MatchedTally>,
}

impl CheckTally {
    pub fn new(check: &Check) -> Self {
        Self { overall: Part::new(check), segments: BTreeMap::new(), matched: BTreeMap::new() }
    }

    /// Where the check takes each of these segments in that it reads, and all runs.
    pub fn places<'a>(
        &'a mut self,
        segments: &BTreeSet<&SegmentRef>,
        scorecard: &Scorecard,
        check: &'a Check,
        frame: Frame,
    ) -> Vec<(Option<&'a SegmentRef>, Place<'a>)> {
        let frame = frame.of(check);
        let dimensions = scorecard.dimensions_of(check);
        let compared = frame.cutting.pairing != Pairing::None && check.reads() == Reads::Rate;
        for dimension in &dimensions {
            for segment in segments.iter().filter(|segment| segment.dimension == *dimension) {
                if !self.segments.contains_key(*segment) {
                    self.segments.insert((*segment).clone(), Part::new(check));
                }
                if compared {
                    self.matched.entry(dimension.clone()).or_default().begin(&segment.value);
                }
            }
        }
        let mut matched: BTreeMap<(&str, &str), &mut Pairs> = BTreeMap::new();
        for (dimension, tally) in &mut self.matched {
            matched.extend(tally.pairs().map(|(value, pairs)| ((dimension.as_str(), value), pairs)));
        }
        let mut places = vec![(None, Place { check, frame, part: &mut self.overall, pairs: None })];
        for (segment, part) in self.segments.iter_mut().filter(|(segment, _)| segments.contains(segment)) {
            let pairs = matched.remove(&(segment.dimension.as_str(), segment.value.as_str()));
            places.push((Some(segment), Place { check, frame, part, pairs }));
        }
        places
    }

    /// Cuts what is matched across segments as far as all of them were taken in, and forgets what no later evidence
    /// needs.
    pub fn cut(&mut self, check: &Check, frame: Frame) {
        let cutting = frame.of(check).cutting;
        for matched in self.matched.values_mut() {
            matched.cut(cutting);
            matched.forget(cutting);
        }
        for part in self.segments.values_mut().chain([&mut self.overall]) {
            if let Part::Rate(rate) = part {
                rate.forget(cutting);
            }
        }
    }

    /// What a bundle holds of it. Without `input`, only what no later minute changes.
    pub fn finish<B>(
        self,
        scorecard: &Scorecard,
        check: &Check,
        frame: Frame,
        input: Option<&FreezeInput<B>>,
    ) -> CheckEvidence {
        let cutting = frame.of(check).cutting;
        let unverified = input.and_then(|input| check.signal.needs().filter(|fact| !input.observes.contains_key(fact)));
        let ends = input.is_some();
        let mut overall = self.overall.finish(cutting, ends);
        if let (Reads::Quantile(q), Some(input)) = (check.reads(), input) {
            overall.open = open_longer(input, check, q, &overall);
        }
        let mut parts = self.segments;
        let mut matched = self.matched;
        let (mut segments, mut standardised) = (Vec::new(), Vec::new());
        for dimension in scorecard.dimensions_of(check) {
            let required = scorecard.required_segments.iter().filter(|segment| segment.dimension == dimension);
            for segment in required {
                parts.entry(segment.clone()).or_insert_with(|| Part::new(check));
            }
            let own: Vec<SegmentRef> = parts.keys().filter(|segment| segment.dimension == dimension).cloned().collect();
            for segment in own {
                let Some(part) = parts.remove(&segment) else { continue };
                segments.push(SegmentSeries {
                    required: scorecard.requires(&dimension, &segment.value),
                    dimension: segment.dimension,
                    value: segment.value,
                    series: part.finish(cutting, ends),
                });
            }
            if cutting.pairing != Pairing::None && check.reads() == Reads::Rate {
                let settled = matched.remove(&dimension).unwrap_or_default().blocks;
                standardised.push(MatchedSeries { dimension, settled });
            }
        }
        CheckEvidence { key: check.key.clone(), unverified, overall, segments, matched: standardised }
    }
}

/// Where one check takes one group of runs in.
pub(super) struct Place<'a> {
    check: &'a Check,
    frame: Frame,
    part: &'a mut Part,
    /// Its outcomes to be matched within a dimension, of a rate that is compared.
    pairs: Option<&'a mut Pairs>,
}

impl Place<'_> {
    /// Takes a piece of the time in, all of it later than what was taken in before. An hour of a person's work on rescues
    /// costs `labour` nano-units.
    pub fn take(self, read: &Read<'_>, labour: i64) {
        let Self { check, frame, part, pairs } = self;
        part.take(check, read, frame, labour);
        if let Some(pairs) = pairs {
            let of = |blocks: &[Block]| ticks(&check.signal, blocks, 0, read.span);
            pairs.take(&of(&read.baseline.0), &of(&read.candidate.0));
        }
    }
}

/// One group of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Part {
    Rate(RateTally),
    Sums(Amounts<RatioSums>),
    Sketches(Amounts<Sketch>),
}

/// Looks at amounts, and what both arms add up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Amounts<T> {
    looks: LooksTally<T>,
    /// At the candidate's concluded runs, of a signal that late facts can only worsen.
    harm: Option<LooksTally<T>>,
    baseline: RatioSums,
    candidate: RatioSums,
    concluded: RatioSums,
}

impl<T: Additive> Amounts<T> {
    fn new(harm: bool) -> Self {
        let (none, harm) = (RatioSums::default(), harm.then(LooksTally::new));
        Self { looks: LooksTally::new(), harm, baseline: none, candidate: none, concluded: none }
    }

    fn totals(&self) -> Series {
        let count = |sum: &RatioSums| RateCount { n: sum.n, successes: (sum.y.max(0.0) + 0.5) as u64 };
        Series {
            baseline: count(&self.baseline),
            candidate: count(&self.candidate),
            candidate_concluded: count(&self.concluded),
            ..Series::default()
        }
    }
}

impl Part {
    fn new(check: &Check) -> Self {
        match check.reads() {
            Reads::Rate => Self::Rate(RateTally::new(check.signal.only_worsens())),
            Reads::Ratio | Reads::Mean => Self::Sums(Amounts::new(check.signal.only_worsens())),
            Reads::Quantile(_) => Self::Sketches(Amounts::new(false)),
        }
    }

    fn take(&mut self, check: &Check, read: &Read<'_>, frame: Frame, labour: i64) {
        let Read { span, baseline: (baseline, _), candidate: (settled, concluded) } = read;
        let span = *span;
        let (signal, Cutting { pairing, ratio, .. }) = (&check.signal, frame.cutting);
        let sums = |blocks: &[Block], shift: i64| -> Vec<Minute<RatioSums>> {
            let of = |block: &Block| signal.sums(&block.counts, labour).unwrap_or_default();
            span.of(blocks, shift).map(|(at, block)| (at, of(block))).map(|(at, sum)| minute(at, sum.n, sum)).collect()
        };
        let add = |total: &mut RatioSums, minutes: &[Minute<RatioSums>]| {
            minutes.iter().for_each(|minute| total.add(&minute.sum));
        };
        match self {
            Self::Rate(rate) => rate.take(
                &ticks(signal, baseline, 0, span),
                &ticks(signal, settled, 0, span),
                // A concluded run stands where it will when it has settled, so that both arms keep the same clock.
                &ticks(signal, concluded, frame.settle_micros, span),
                frame.cutting,
            ),
            Self::Sums(amounts) => {
                let (a, b) = (sums(baseline, 0), sums(settled, 0));
                add(&mut amounts.baseline, &a);
                add(&mut amounts.candidate, &b);
                let concluded = sums(concluded, frame.settle_micros);
                add(&mut amounts.concluded, &concluded);
                let beside = Beside::growing(pairing, ratio);
                if let Some(harm) = &mut amounts.harm {
                    harm.take(a.clone(), concluded, beside);
                }
                amounts.looks.take(a, b, beside);
            }
            Self::Sketches(amounts) => {
                add(&mut amounts.baseline, &sums(baseline, 0));
                add(&mut amounts.candidate, &sums(settled, 0));
                add(&mut amounts.concluded, &sums(concluded, frame.settle_micros));
                let (a, b) = (sketches(signal, baseline, span), sketches(signal, settled, span));
                amounts.looks.take(a, b, Beside::whole(pairing));
            }
        }
    }

    /// Its series; the last look ends now only when the evidence `ends` here.
    fn finish(self, cutting: Cutting, ends: bool) -> Series {
        match self {
            Self::Rate(rate) => rate.series(cutting),
            Self::Sums(amounts) => {
                let totals = amounts.totals();
                let rounded = |looks: LooksTally<RatioSums>| {
                    let (found, exhausted) = over(looks, ends);
                    let looks = found.into_iter().map(|look| Look { a: look.a.round9(), b: look.b.round9() });
                    (looks.collect::<Vec<_>>(), exhausted)
                };
                let (sums, pool_exhausted) = rounded(amounts.looks);
                let concluded_sums = amounts.harm.map(|harm| rounded(harm).0).filter(|harm| *harm != sums);
                Series { sums, concluded_sums, pool_exhausted, ..totals }
            }
            Self::Sketches(amounts) => {
                let totals = amounts.totals();
                Series { sketches: over(amounts.looks, ends).0, ..totals }
            }
        }
    }
}

fn minute<T>(at: Timestamp, n: u64, sum: T) -> Minute<T> {
    Minute { at, n, sum }
}

/// An amount's sketches by minute.
fn sketches<'a>(signal: &Signal, blocks: &'a [Block], span: Span) -> Vec<Minute<&'a Sketch>> {
    let of = |(at, block): (Timestamp, &'a Block)| {
        let (sketch, _) = signal.sketch(&block.sketches)?;
        Some(minute(at, u64::try_from(sketch.count()).unwrap_or(0), sketch))
    };
    span.of(blocks, 0).filter_map(of).collect()
}

fn over<T: Additive>(looks: LooksTally<T>, ends: bool) -> (Vec<Look<T>>, bool) {
    if ends { looks.finish() } else { (looks.found, false) }
}

/// A rate's outcomes by minute, moved by `shift` microseconds.
fn ticks(signal: &Signal, blocks: &[Block], shift: i64, span: Span) -> Vec<Tick> {
    let tick = |(at, block): (Timestamp, &Block)| {
        let (successes, n) = signal.rate(&block.counts)?;
        let (successes, n) = (whole(successes), whole(n));
        (n > 0).then(|| Tick { at, n, successes: successes.min(n) })
    };
    span.of(blocks, shift).filter_map(tick).collect()
}

/// A counter as a count. Counters are differences of sums and never negative once a transaction is whole.
pub(super) fn whole(counter: i64) -> u64 {
    u64::try_from(counter).unwrap_or(0)
}

/// Runs that have been open for longer than the bound of the check, or than the candidate's own quantile where it is
/// compared with the baseline: whatever they measure, it lies above that already.
fn open_longer<B>(input: &FreezeInput<B>, check: &Check, q: f64, series: &Series) -> u64 {
    let unit = check.signal.sketch_unit().unwrap_or(1.0);
    if unit != MICROS_PER_SECOND {
        return 0;
    }
    let bound = match check.criterion {
        Criterion::AtMost { value } | Criterion::AtLeast { value } => Some(value * unit),
        _ => {
            let mut all = Sketch::new();
            series.sketches.iter().for_each(|look| all.merge(&look.b));
            all.quantile(q)
        }
    };
    let Some(bound) = bound else { return 0 };
    let longer = |(started, _): &&(Timestamp, u64)| (input.as_of.micros() - started.micros()) as f64 > bound;
    input.candidate.open.iter().filter(longer).map(|(_, n)| n).sum()
}
