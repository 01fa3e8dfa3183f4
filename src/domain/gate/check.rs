//! One check: overall, standardised, and by segment.

use super::amount::amount_figures;
use super::evidence_class::evidence_class;
use super::process::{Answer, Question, further_units};
use super::progress::CheckProgress;
use super::segment::{BySegment, by_segment};
use super::{CheckResult, CheckVerdict, Figures, FurtherRuns, words};
use crate::evidence::{ArmTotals, CheckEvidence, EvidenceBundle, Series};
use crate::scorecard::{Check, Reads};
use crate::signal::{Direction, Signal};
use crate::stats::interval::{newcombe, wilson};
use crate::stats::sequence::BURN_IN;
use crate::stats::{Outcomes, round9};

/// Level of the intervals shown.
const SHOWN_ALPHA: f64 = 0.05;

/// Reads one check from its evidence, from where it is known to have come.
pub(super) fn evaluate_check(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    known: Option<&CheckProgress>,
) -> CheckResult {
    let policy = &bundle.policy;
    let question = Question::of(check, policy);
    let overall = question.ask(&evidence.overall, policy, policy.alpha, known.map(|known| &known.overall));
    let mut parts = by_segment(bundle, check, evidence, &question, known);
    if evidence.unverified.is_some() {
        parts.silence();
    }
    let figures = figures(bundle, check, &evidence.overall, &overall);
    let concluded = evidence.overall.candidate_concluded.n;
    let silent = silent(bundle, check, evidence);
    let mut verdict =
        if silent.is_some() { CheckVerdict::Inconclusive } else { verdict(&overall, &parts, policy.bar()) };
    let unseen = if verdict == CheckVerdict::Pass { unseen(bundle, check, evidence, &question) } else { None };
    if unseen.is_some() {
        verdict = CheckVerdict::Inconclusive;
    }
    let (unseen, settles) = unseen.unzip();
    let (evidence_class, class_reasons) = evidence_class(bundle, check, evidence, &figures, &parts.dimensions, verdict);
    let further = match (settles, verdict) {
        (Some(further), _) => Some(further),
        (None, CheckVerdict::Inconclusive) => Some(further(bundle, check, evidence, &overall, &parts)),
        _ => None,
    };
    let text = text(bundle, check, verdict, &figures, &parts, silent.or(unseen), further.as_ref(), &overall);
    CheckResult {
        key: check.key.clone(),
        signal: check.signal.clone(),
        criterion: check.criterion,
        role: check.role,
        verdict,
        text,
        concluded,
        not_stationary: not_stationary(bundle, check, &overall, &figures),
        further_runs: further,
        figures,
        evidence_class,
        class_reasons,
        dimensions: parts.dimensions,
        segments: parts.segments,
    }
}

/// Why a check may not speak at all, in words.
fn silent(bundle: &EvidenceBundle, check: &Check, evidence: &CheckEvidence) -> Option<String> {
    let n = evidence.overall.candidate_concluded.n;
    let floor = bundle.policy.floor_units;
    if evidence.unverified.is_some() {
        return Some(format!("{} is unverified: nobody reports the facts it rests on", check.subject()));
    }
    if check.criterion.is_relative() && bundle.baseline.is_none() {
        return Some("there is no baseline to compare with".to_owned());
    }
    if n < floor {
        return Some(format!(
            "{} of the {} concluded units that the policy wants",
            words::whole(n),
            words::whole(floor)
        ));
    }
    burning_in(bundle, check, evidence)
}

/// Why a mean or a ratio cannot be judged yet: too few runs in an arm for its sequence to hold.
fn burning_in(bundle: &EvidenceBundle, check: &Check, evidence: &CheckEvidence) -> Option<String> {
    if !matches!(check.reads(), Reads::Mean | Reads::Ratio) {
        return None;
    }
    let short = |whose: &str, n: u64| {
        let (n, wanted) = (words::whole(n), words::whole(BURN_IN));
        format!("the {whose} has {n} settled runs where it is known, and a mean is judged from {wanted} on")
    };
    let (a, b) = (evidence.overall.baseline.n, evidence.overall.candidate.n);
    if check.criterion.is_relative() && bundle.baseline.is_some() && a < BURN_IN {
        return Some(short("baseline", a));
    }
    // Harm does not wait for runs to settle.
    let young = if evidence.overall.concluded_sums.is_some() { evidence.overall.candidate_concluded.n } else { 0 };
    (b.max(young) < BURN_IN).then(|| short("release", b))
}

/// Why a pass cannot stand: more outcomes are unknown than the baseline's share, and had these failed, it would not; and
/// what would settle it.
///
/// Nobody knows why an outcome is missing. Where failures lose theirs more often than successes do, the rest flatters the
/// release, and no statistic of the rest can see it; so a pass has to hold in the worst case.
fn unseen(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    question: &Question,
) -> Option<(String, FurtherRuns)> {
    if !matches!(check.signal, Signal::SuccessRate | Signal::CompletionRate | Signal::HighCostFailureRate) {
        return None;
    }
    let share = |of: &ArmTotals| if of.closed == 0 { 0.0 } else { of.unknown_outcome as f64 / of.closed as f64 };
    let own = share(&bundle.candidate_totals);
    let usual = if check.criterion.is_relative() { share(&bundle.baseline_totals) } else { 0.0 };
    let excess = own - usual;
    if excess <= 0.0 || own >= 1.0 {
        return None;
    }
    // So many unseen outcomes beside each that is seen.
    let beside = excess / (1.0 - own);
    let hits = u64::from(check.signal.definition().direction == Direction::LowerIsBetter);
    let (mut seen, mut added) = (0_u64, 0_u64);
    let worst = evidence.overall.settled.iter().map(|block| {
        seen += block.n_b;
        let more = (beside * seen as f64 + 0.5) as u64 - added;
        added += more;
        Outcomes { n_b: block.n_b + more, s_b: block.s_b + hits * more, ..*block }
    });
    let worst: Vec<Outcomes> = worst.collect();
    let answer = question.ask_rate((&worst, &[]), &bundle.policy, None);
    if answer.passes(bundle.policy.bar()) {
        return None;
    }
    let runs = (excess * bundle.candidate_totals.closed as f64 + 0.5) as u64;
    let than = if check.criterion.is_relative() { " beyond the baseline's share" } else { "" };
    // Units of the worst case hold the unseen ones too.
    let seen_of = |units: u64| (units as f64 / (1.0 + beside)).ceil() as u64;
    let more = further_units(&answer.ship, &answer.ship_units, bundle.policy.bar()).map(seen_of);
    let yet = if more.is_some() { " yet" } else { "" };
    let why = format!(
        "the outcomes of {} runs{than} are unknown, and had these failed, it would not pass{yet}",
        words::whole(runs)
    );
    Some((why, despite_unknown(more)))
}

/// What settles a check that only unknown outcomes keep from passing. Where the evidence grows even in the worst case, more
/// runs do; elsewhere only the outcomes.
fn despite_unknown(more: Option<u64>) -> FurtherRuns {
    let text = match more {
        Some(more) => format!(
            "About {} further units would probably settle it although outcomes are unknown, if they go on as lately; \
             reporting those settles it sooner.",
            words::whole(more)
        ),
        None => "More runs do not settle it while so many outcomes are unknown: report those.".to_owned(),
    };
    FurtherRuns { runs: more, toward: more.map(|_| CheckVerdict::Pass), text }
}

fn verdict(overall: &Answer, parts: &BySegment, bar: f64) -> CheckVerdict {
    let segment_fails = parts.with(CheckVerdict::Fail).next().is_some() || parts.standardised_fails().next().is_some();
    let conflicts = parts.with(CheckVerdict::Conflict).next().is_some();
    match (overall.passes(bar), overall.fails(bar), segment_fails) {
        (false, true, _) | (_, _, true) => CheckVerdict::Fail,
        (true, true, false) => CheckVerdict::Conflict,
        _ if conflicts => CheckVerdict::Conflict,
        (true, false, false) if parts.standardised_pass() && parts.required_pass() => CheckVerdict::Pass,
        _ => CheckVerdict::Inconclusive,
    }
}

/// The figures of a group of runs.
pub(super) fn figures(bundle: &EvidenceBundle, check: &Check, series: &Series, answer: &Answer) -> Figures {
    let baseline = bundle.baseline.as_ref().map(|_| series.baseline);
    let (a, b) = (series.baseline, series.candidate);
    let rate = |n: u64, s: u64| (n > 0).then(|| round9(s as f64 / n as f64));
    let amount = amount_figures(bundle, check, series, &answer.totals, SHOWN_ALPHA);
    if amount.is_some() {
        return Figures {
            baseline,
            candidate: b,
            candidate_concluded: series.candidate_concluded,
            baseline_rate: None,
            candidate_rate: None,
            baseline_interval: None,
            candidate_interval: None,
            difference: None,
            difference_interval: None,
            ln_e_ship: answer.ln_e_ship,
            ln_e_rollback: answer.ln_e_rollback,
            amount,
        };
    }
    let compared = baseline.is_some() && check.criterion.is_relative() && a.n > 0 && b.n > 0;
    Figures {
        baseline,
        candidate: b,
        candidate_concluded: series.candidate_concluded,
        baseline_rate: baseline.and_then(|a| rate(a.n, a.successes)),
        candidate_rate: rate(b.n, b.successes),
        baseline_interval: baseline.and_then(|a| wilson(a.successes, a.n, SHOWN_ALPHA)).map(|i| i.round9()),
        candidate_interval: wilson(b.successes, b.n, SHOWN_ALPHA).map(|i| i.round9()),
        difference: compared.then(|| round9(b.successes as f64 / b.n as f64 - a.successes as f64 / a.n as f64)),
        difference_interval: if compared {
            newcombe(b.successes, b.n, a.successes, a.n, SHOWN_ALPHA).map(|i| i.round9())
        } else {
            None
        },
        ln_e_ship: answer.ln_e_ship,
        ln_e_rollback: answer.ln_e_rollback,
        amount: None,
    }
}

/// What keeps a check that passes overall from passing, each with its figures.
fn segments_wait(parts: &BySegment) -> String {
    let required = parts.segments.iter().filter(|s| s.required && s.verdict == CheckVerdict::Inconclusive);
    let mut named: Vec<String> = required.take(8).map(|segment| segment.text.clone()).collect();
    let unsettled = |verdict| matches!(verdict, Some(CheckVerdict::Inconclusive));
    let dimensions = parts.dimensions.iter().filter(|dimension| unsettled(dimension.standardised));
    named.extend(
        dimensions.map(|dimension| format!("at an unchanged mix of {} it is not settled", dimension.dimension)),
    );
    if named.is_empty() {
        return "Overall it passes; its segments need more runs.".to_owned();
    }
    format!("Overall it passes; more runs are needed where {}.", named.join("; "))
}

fn further(
    bundle: &EvidenceBundle,
    check: &Check,
    evidence: &CheckEvidence,
    overall: &Answer,
    parts: &BySegment,
) -> FurtherRuns {
    let policy = &bundle.policy;
    let none = |text: &str| FurtherRuns { runs: None, toward: None, text: text.to_owned() };
    if evidence.unverified.is_some() {
        return none("No number of runs settles it until its facts are reported.");
    }
    if check.criterion.is_relative() && bundle.baseline.is_none() {
        return none("No number of runs settles it until it has a baseline.");
    }
    let floor = policy.floor_units.saturating_sub(evidence.overall.candidate_concluded.n);
    let pass = further_units(&overall.ship, &overall.ship_units, policy.bar());
    let fail = further_units(&overall.rollback, &overall.rollback_units, policy.bar());
    let nearest = [(pass, CheckVerdict::Pass), (fail, CheckVerdict::Fail)]
        .into_iter()
        .filter_map(|(runs, toward)| runs.map(|runs| (runs.max(floor), toward)))
        .min_by_key(|&(runs, _)| runs);
    if floor > 0 && nearest.is_none_or(|(runs, _)| runs == floor) {
        let text = format!("{} more concluded units reach the policy's floor.", words::whole(floor));
        return FurtherRuns { runs: Some(floor), toward: None, text };
    }
    match nearest {
        Some((runs, toward)) => FurtherRuns {
            runs: Some(runs),
            toward: Some(toward),
            text: format!(
                "About {} further units would probably settle it ({}), if they go on as lately.",
                words::whole(runs),
                toward.as_str()
            ),
        },
        None if overall.passes(policy.bar()) => none(&segments_wait(parts)),
        None => none("The evidence does not grow at present, so no number of further runs can be given."),
    }
}

/// Says it when latched evidence is no longer borne out by the figures.
fn not_stationary(bundle: &EvidenceBundle, check: &Check, overall: &Answer, figures: &Figures) -> Option<String> {
    let bar = bundle.policy.bar();
    let told = |when: usize, of: usize, what: &str| {
        format!(
            "Not stationary: the evidence of {} spoke for a {what} at block {} of {of} and the figures since then \
             say otherwise ({}).",
            check.signal,
            when + 1,
            words::figures(figures)
        )
    };
    let (settled, harm) = (overall.ship.path.len(), overall.rollback.path.len());
    // Evidence that has fallen back below even odds after it had spoken.
    let turned = |way: &crate::stats::Trajectory| way.reached(bar).filter(|_| way.last() < 0.0);
    if let Some(when) = turned(&overall.ship) {
        return Some(told(when, settled, "pass"));
    }
    turned(&overall.rollback).map(|when| told(when, harm, "fail"))
}

#[expect(clippy::too_many_arguments, reason = "the sentence about a check names everything it rests on")]
fn text(
    bundle: &EvidenceBundle,
    check: &Check,
    verdict: CheckVerdict,
    figures: &Figures,
    parts: &BySegment,
    silent: Option<String>,
    further: Option<&FurtherRuns>,
    overall: &Answer,
) -> String {
    let bar = bundle.policy.bar();
    let asked = words::criterion(bundle, check);
    let mut text = format!("{} {} ({asked}): {}", check.subject(), words::verb(verdict), words::figures(figures));
    if let Some(why) = silent {
        text.push_str(&format!("; {why}"));
    } else {
        match verdict {
            CheckVerdict::Pass => text.push_str(&format!("; {} for it", words::evidence(overall.ln_e_ship, bar))),
            CheckVerdict::Fail if overall.fails(bar) => {
                text.push_str(&format!("; {} against it", words::evidence(overall.ln_e_rollback, bar)));
            }
            CheckVerdict::Conflict => text.push_str("; a real regression inside the margin, a person decides"),
            _ => text.push_str(&format!("; {}", words::evidence(overall.ln_e_ship, bar))),
        }
    }
    let worse: Vec<&str> = parts.with(CheckVerdict::Fail).map(|segment| segment.text.as_str()).collect();
    if !worse.is_empty() {
        text.push_str(&format!("; worse in a segment: {}", worse.join("; ")));
    }
    for dimension in parts.standardised_fails() {
        text.push_str(&format!("; worse at an unchanged mix of {}", dimension.dimension));
    }
    if !parts.standardised_pass() && overall.passes(bar) && worse.is_empty() {
        text.push_str("; the comparison at an unchanged mix of segments is not settled");
    }
    let waiting = parts.segments.iter().filter(|s| s.required && s.verdict == CheckVerdict::Inconclusive);
    for segment in waiting {
        let name = segment.segment.words();
        text.push_str(&format!("; the required segment {name} is unproved"));
    }
    text.push('.');
    if let Some(further) = further {
        text.push(' ');
        text.push_str(&further.text);
    }
    text
}
