//! A check by segment: what each says, which are found worse, and whether the blend misleads.

use super::process::{Answer, Question, Totals, further_units};
use super::progress::{CheckProgress, segment_alpha};
use super::{CheckVerdict, DimensionResult, Figures, SegmentResult, check, words};
use crate::evidence::{CheckEvidence, EvidenceBundle, SegmentSeries};
use crate::scorecard::{Check, Reads, SegmentRef};
use crate::signal::Direction;
use crate::stats::e_bh::e_bh;
use crate::stats::kitagawa::{SegmentCounts, Split, kitagawa};
use crate::stats::round9;
use crate::stats::special::ln;

/// All segments and dimensions of a check.
pub(super) struct BySegment {
    pub segments: Vec<SegmentResult>,
    pub dimensions: Vec<DimensionResult>,
}

impl BySegment {
    pub(super) fn standardised_pass(&self) -> bool {
        let ok = |verdict| matches!(verdict, CheckVerdict::Pass | CheckVerdict::Conflict);
        self.dimensions.iter().filter_map(|dimension| dimension.standardised).all(ok)
    }

    pub(super) fn standardised_fails(&self) -> impl Iterator<Item = &DimensionResult> {
        self.dimensions.iter().filter(|dimension| dimension.standardised == Some(CheckVerdict::Fail))
    }

    pub(super) fn with(&self, verdict: CheckVerdict) -> impl Iterator<Item = &SegmentResult> {
        self.segments.iter().filter(move |segment| segment.verdict == verdict)
    }

    /// Takes every verdict back: a signal that is too vague carries none, not by segment either.
    pub(super) fn silence(&mut self) {
        self.segments.iter_mut().for_each(|segment| segment.verdict = CheckVerdict::Inconclusive);
        let standardised = self.dimensions.iter_mut().filter_map(|dimension| dimension.standardised.as_mut());
        standardised.for_each(|verdict| *verdict = CheckVerdict::Inconclusive);
    }

    pub(super) fn required_pass(&self) -> bool {
        self.segments.iter().all(|segment| !segment.required || segment.verdict == CheckVerdict::Pass)
    }
}

/// Reads a check by segment.
pub(super) fn by_segment(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    question: &Question,
    known: Option<&CheckProgress>,
) -> BySegment {
    let policy = &bundle.policy;
    let alpha = segment_alpha(policy, evidence);
    let of_segment = |segment: &SegmentSeries| {
        question.ask(&segment.series, policy, alpha, known.and_then(|known| known.segment(segment)))
    };
    let segments: Vec<Answer> = evidence.segments.iter().map(of_segment).collect();
    let dimensions = bundle.scorecard.as_ref().map_or_else(Vec::new, |scorecard| scorecard.dimensions_of(check));
    let standardised: Vec<(String, Option<Answer>)> = dimensions
        .into_iter()
        .map(|dimension| {
            let answer = standardised(bundle, check, evidence, question, (&dimension, &segments), known);
            (dimension, answer)
        })
        .collect();
    // One family: every segment with evidence, and each standardised comparison. Which have any is known from counts
    // alone. e-BH takes any dependence between them.
    let answers: Vec<&Answer> = segments.iter().chain(standardised.iter().filter_map(|(_, a)| a.as_ref())).collect();
    let members: Vec<usize> = (0..answers.len()).filter(|&i| !answers[i].rollback.path.is_empty()).collect();
    // Each process stops where it would be found by itself. A stopped process is an e-value, a running maximum is none.
    let bar = ln(members.len().max(1) as f64 / policy.segment_fdr);
    let tested: Vec<f64> = members.iter().map(|&i| answers[i].rollback_stopped_at(bar)).collect();
    let found: Vec<usize> = e_bh(&tested, policy.segment_fdr).into_iter().map(|i| members[i]).collect();
    let verdict = |answer: &Answer, i: usize| match (answer.passes(policy.bar()), found.contains(&i)) {
        (true, true) => CheckVerdict::Conflict,
        (false, true) => CheckVerdict::Fail,
        (true, false) => CheckVerdict::Pass,
        (false, false) => CheckVerdict::Inconclusive,
    };
    let results: Vec<SegmentResult> = evidence
        .segments
        .iter()
        .zip(&segments)
        .enumerate()
        .map(|(i, (segment, answer))| result(bundle, check, segment, answer, verdict(answer, i)))
        .collect();
    let mut places = segments.len()..;
    let dimensions = standardised
        .iter()
        .map(|(dimension, answer)| {
            let told = answer.as_ref().map(|answer| (answer, verdict(answer, places.next().unwrap_or_default())));
            dimension_result(bundle, check, evidence, dimension.clone(), told, &results)
        })
        .collect();
    BySegment { segments: results, dimensions }
}

/// What both arms say at one mix of a dimension's segments; `None` when nothing is compared.
fn standardised(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    question: &Question,
    (dimension, segments): (&str, &[Answer]),
    known: Option<&CheckProgress>,
) -> Option<Answer> {
    let policy = &bundle.policy;
    if let Some(matched) = evidence.matched.iter().find(|matched| matched.dimension == dimension) {
        let come = known.and_then(|known| known.matched(dimension));
        return Some(question.ask_rate((&matched.settled, &matched.settled), policy, come));
    }
    if bundle.baseline.is_none() || !check.criterion.is_relative() {
        return None;
    }
    let own = evidence.segments.iter().zip(segments).filter(|(segment, _)| segment.dimension == dimension);
    let totals: Vec<&Totals> = own.map(|(_, answer)| &answer.totals).collect();
    // It may pass by itself and fail in the family of all segments: the bounds it rests on hold at the stricter level.
    question.ask_standardised(&totals, policy, policy.alpha.min(segment_alpha(policy, evidence)))
}

fn result(
    bundle: &EvidenceBundle,
    check: &Check,
    segment: &SegmentSeries,
    answer: &Answer,
    verdict: CheckVerdict,
) -> SegmentResult {
    let figures = check::figures(bundle, check, &segment.series, answer);
    let what = match verdict {
        CheckVerdict::Inconclusive => "is unproved",
        other => words::verb(other),
    };
    let mut text = format!("{} = {} {what}: {}", segment.dimension, segment.value, words::figures(&figures));
    if verdict == CheckVerdict::Inconclusive {
        text.push_str(&waiting(bundle, segment, answer));
    }
    SegmentResult {
        segment: SegmentRef { dimension: segment.dimension.clone(), value: segment.value.clone() },
        required: segment.required,
        verdict,
        figures,
        text,
    }
}

/// Why a segment says nothing yet: too few runs, or about how many more.
fn waiting(bundle: &EvidenceBundle, segment: &SegmentSeries, answer: &Answer) -> String {
    let (n, floor) = (segment.series.candidate_concluded.n, bundle.policy.floor_units);
    if n < floor {
        return format!("; too few runs to say anything ({} of {})", words::whole(n), words::whole(floor));
    }
    let further = further_units(&answer.ship, &answer.ship_units, bundle.policy.bar());
    further
        .map_or_else(String::new, |more| format!("; about {} more there would probably settle it", words::whole(more)))
}

fn dimension_result(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    dimension: String,
    matched: Option<(&Answer, CheckVerdict)>,
    results: &[SegmentResult],
) -> DimensionResult {
    let counts: Vec<SegmentCounts> = evidence
        .segments
        .iter()
        .filter(|segment| segment.dimension == dimension)
        .map(|segment| SegmentCounts {
            n_a: segment.series.baseline.n,
            s_a: segment.series.baseline.successes,
            n_b: segment.series.candidate.n,
            s_b: segment.series.candidate.successes,
        })
        .collect();
    // The split is one of rates; of an amount each segment is read by itself.
    let rate = check.reads() == Reads::Rate;
    let split = bundle.baseline.as_ref().filter(|_| rate).and_then(|_| kitagawa(&counts));
    let worse: Vec<&SegmentResult> =
        results.iter().filter(|r| r.segment.dimension == dimension && r.verdict == CheckVerdict::Fail).collect();
    DimensionResult {
        misleading: split.and_then(|split| misleading(check, &dimension, split, &worse)),
        dimension,
        standardised: matched.as_ref().map(|(_, verdict)| *verdict),
        ln_e_ship: matched.as_ref().map(|(answer, _)| answer.ln_e_ship),
        ln_e_rollback: matched.as_ref().map(|(answer, _)| answer.ln_e_rollback_now),
        within: split.map(|split| round9(split.within)),
        mix: split.map(|split| round9(split.mix)),
    }
}

/// Says it when the blend hides what happens inside: by mix, or because a segment gets worse while the whole does not.
fn misleading(check: &Check, dimension: &str, split: Split, worse: &[&SegmentResult]) -> Option<String> {
    let signal = &check.signal;
    let sign = if check.signal.definition().direction == Direction::LowerIsBetter { -1.0 } else { 1.0 };
    if split.misleads() {
        return Some(format!(
            "The overall change of {signal} ({} points) is not the agent's alone: within {dimension} it is {} points, \
             and the mix of runs brings {}.",
            words::points(split.pooled()),
            words::points(split.within),
            words::points(split.mix)
        ));
    }
    if sign * split.pooled() > 0.0 && !worse.is_empty() {
        let named: Vec<String> = worse.iter().map(|result| segment_change(&result.figures, &result.segment)).collect();
        return Some(format!(
            "{signal} improves overall ({} points) while it gets worse in {}.",
            words::points(split.pooled()),
            named.join(", ")
        ));
    }
    None
}

fn segment_change(figures: &Figures, segment: &SegmentRef) -> String {
    let change = figures.difference.map_or_else(String::new, |d| format!(" ({} points)", words::points(d)));
    format!("{}{change}", segment.words())
}
