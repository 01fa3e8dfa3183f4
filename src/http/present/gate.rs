//! A gate's evidence and recommendation as pages and the artifact show them.

use seatrial_domain::evidence::{ClassMix, EvalSummary, EvidenceBundle, EvidenceChanges, Pairing, ThenNow};
use seatrial_domain::gap::Gap;
use seatrial_domain::gate::{CheckResult, CheckVerdict, Figures, Forecast, Reason, Recommendation, SegmentResult};
use seatrial_domain::ids::CaseId;
use seatrial_domain::scorecard::CheckRole;
use seatrial_domain::signal::Signal;

use super::figure::{self, rate, rate_of};
use super::scorecard::{criterion, role};
use crate::render::format;
use crate::render::view::gate as view;
use crate::render::view::release::MixRow;
use crate::render::view::{self as common, Delta, Figure, Link, NamedFigure};

/// Segments shown below one check, the worst first.
const SEGMENTS_SHOWN: usize = 24;

/// The recommendation with the figures its reasons rest on.
pub fn recommendation(of: &Recommendation) -> view::Recommendation {
    view::Recommendation {
        verdict: of.verdict.as_str().to_owned(),
        next_step: of.next_step.as_ref().map(|step| step.text.clone()),
        reasons: of.reasons.iter().map(|found| reason(of, found)).collect(),
    }
}

fn reason(of: &Recommendation, reason: &Reason) -> view::Reason {
    let figures = of.check(&reason.subject).map(|check| {
        let baseline = check.figures.baseline.map(|_| NamedFigure::new("baseline", baseline(&check.figures)));
        let candidate = NamedFigure::new("this release", candidate(&check.figures));
        baseline.into_iter().chain([candidate]).collect()
    });
    view::Reason { sentence: reason.text.clone(), figures: figures.unwrap_or_default() }
}

/// The checks, key ones first, in the scorecard's order.
pub fn checks(bundle: &EvidenceBundle, of: &Recommendation) -> Vec<view::GateCheck> {
    let mut ordered: Vec<&CheckResult> = of.checks.iter().collect();
    ordered.sort_by_key(|check| check.role);
    ordered.into_iter().map(|found| check(bundle, found)).collect()
}

/// Says of each inconclusive check what was worked out in the background, in the place of what its growth alone says.
pub fn forecast(shown: &mut [view::GateCheck], of: &Recommendation, forecasts: &[Forecast]) {
    let mut ordered: Vec<&CheckResult> = of.checks.iter().collect();
    ordered.sort_by_key(|check| check.role);
    for (shown, check) in shown.iter_mut().zip(ordered) {
        let found = forecasts.iter().find(|forecast| forecast.check == check.key);
        if let (Some(more), Some(found)) = (&mut shown.more_runs, found) {
            more.clone_from(&found.text);
        }
    }
}

fn check(bundle: &EvidenceBundle, check: &CheckResult) -> view::GateCheck {
    let evidence = bundle.checks.iter().find(|evidence| evidence.key == check.key);
    let unverified = evidence.is_some_and(|evidence| evidence.unverified.is_some());
    let sequential = check.figures.candidate_concluded.n > 0;
    let mut segments: Vec<&SegmentResult> = check.segments.iter().collect();
    segments.sort_by_key(|found| (grave(found.verdict), std::cmp::Reverse(found.figures.candidate.n)));
    let mark = |figure: Figure| if unverified { figure.unverified() } else { figure };
    view::GateCheck {
        label: check.figures.amount.as_ref().map_or_else(|| figure::label(&check.signal), figure::amount_label),
        signal: check.signal.to_string(),
        criterion: criterion_of(bundle, check),
        role: role(check.role).to_owned(),
        result: if unverified { "unverified" } else { check.verdict.as_str() }.to_owned(),
        why: check.not_stationary.clone().map_or_else(|| check.text.clone(), |more| format!("{} {more}", check.text)),
        baseline: mark(baseline(&check.figures)),
        candidate: mark(candidate(&check.figures)),
        delta: delta(&check.signal, &check.figures),
        e_ship: sequential.then(|| e_value(check.figures.ln_e_ship)),
        e_rollback: sequential.then(|| e_value(check.figures.ln_e_rollback)),
        more_runs: check.further_runs.as_ref().map(|further| further.text.clone()),
        segments: segments.into_iter().take(SEGMENTS_SHOWN).map(|found| segment(&check.signal, found)).collect(),
    }
}

/// An e-value from its logarithm, held below what a number can be shown as.
fn e_value(ln: f64) -> f64 {
    ln.clamp(-700.0, 700.0).exp()
}

const fn grave(verdict: CheckVerdict) -> u8 {
    match verdict {
        CheckVerdict::Fail => 0,
        CheckVerdict::Conflict => 1,
        CheckVerdict::Inconclusive => 2,
        CheckVerdict::Pass => 3,
    }
}

fn segment(signal: &Signal, of: &SegmentResult) -> view::GateSegment {
    let result = match of.verdict {
        CheckVerdict::Inconclusive => "unproved",
        other => other.as_str(),
    };
    view::GateSegment {
        dimension: of.segment.dimension.clone(),
        value: of.segment.value.clone(),
        required: of.required,
        result: result.to_owned(),
        baseline: baseline(&of.figures),
        candidate: candidate(&of.figures),
        delta: delta(signal, &of.figures),
    }
}

/// What the check asks, from the scorecard that was frozen with it.
fn criterion_of(bundle: &EvidenceBundle, check: &CheckResult) -> String {
    let card = bundle.scorecard.as_ref().map_or(&[][..], |card| &card.checks);
    let frozen = card.iter().find(|frozen| frozen.key == check.key);
    frozen.map(|frozen| criterion(frozen, bundle.policy.default_margin)).unwrap_or_default()
}

fn candidate(figures: &Figures) -> Figure {
    figures.amount.as_ref().map_or_else(|| rate_of(figures.candidate), |of| figure::amount_of(of, &of.candidate))
}

fn baseline(figures: &Figures) -> Figure {
    if let Some((of, baseline)) = figures.amount.as_ref().and_then(|of| Some((of, of.baseline.as_ref()?))) {
        return figure::amount_of(of, baseline);
    }
    figures.baseline.map_or_else(|| rate(0, 0), rate_of)
}

fn delta(signal: &Signal, figures: &Figures) -> Delta {
    if let Some(of) = &figures.amount {
        return figure::amount_change(signal, of);
    }
    let Some((value, interval)) = figures.difference.zip(figures.difference_interval) else { return Delta::unknown() };
    let reading = figure::reading(signal.definition().direction, interval.low, interval.high);
    Delta::new(Figure::points(value, interval.low, interval.high), reading)
}

/// What is missing.
pub fn gaps(of: &[Gap]) -> Vec<common::Gap> {
    let shown = |gap: &Gap| common::Gap {
        kind: gap.kind.as_str().to_owned(),
        what: gap.text.clone(),
        owner: gap.owner.as_ref().filter(|owner| owner.active).map(|owner| owner.name.clone()),
        next_step: format!("Next step: {}.", gap.next_step.words()),
    };
    of.iter().map(shown).collect()
}

/// Eval results by suite.
pub fn suites(of: &[EvalSummary], href: impl Fn(CaseId) -> String) -> Vec<view::SuiteResult> {
    let shown = |found: &EvalSummary| view::SuiteResult {
        suite: match found.flaky {
            0 => format!("{}, version {}", found.suite, found.version),
            flaky => format!("{}, version {} ({flaky} flaky)", found.suite, found.version),
        },
        cases: found.passed + found.failed + found.not_run,
        passed: found.passed,
        failed: found.failed,
        missing: found.not_run,
        regressions: found.regressed.iter().map(|case| Link::new(href(case.case), &case.title)).collect(),
    };
    of.iter().map(shown).collect()
}

/// Failure classes then and now, the most frequent now first.
pub fn mix(bundle: &EvidenceBundle) -> Vec<MixRow> {
    let mut classes: Vec<&ClassMix> = bundle.failure_mix.iter().collect();
    classes.sort_by_key(|class| std::cmp::Reverse((class.candidate, class.baseline)));
    let (before, now) = (bundle.baseline_totals.concluded, bundle.candidate_totals.concluded);
    let shown = |found: &ClassMix| MixRow {
        class: if found.class.is_empty() { "not classified".to_owned() } else { found.class.clone() },
        severity: found.severity.as_str().to_owned(),
        before: rate(found.baseline.min(before), before),
        now: rate(found.candidate.min(now), now),
    };
    classes.into_iter().map(shown).collect()
}

/// How the comparison was made, in words.
pub fn comparison(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Concurrent => "Both received traffic at the same time and are compared on that time.",
        Pairing::Historical => {
            "Historical: the baseline is an earlier one, so what changed with time and with this release cannot be \
             told apart."
        }
        Pairing::None => "There is no baseline.",
    }
}

/// The policy by name and version.
pub fn policy(bundle: &EvidenceBundle) -> String {
    format!("{}, version {}", bundle.policy.name, bundle.policy.version)
}

/// The scorecard by name and version.
pub fn scorecard(bundle: &EvidenceBundle) -> Option<String> {
    bundle.scorecard.as_ref().map(|card| format!("{}, version {}", card.name, card.version))
}

/// The share of the runs that the check furthest from an answer will probably need, and the same in words.
pub fn sufficiency(of: &Recommendation) -> (Option<f64>, String) {
    let waiting = || {
        of.checks.iter().filter(|check| check.role != CheckRole::Info && check.verdict == CheckVerdict::Inconclusive)
    };
    if of.checks.is_empty() {
        return (None, "No check says how many runs this gate needs.".to_owned());
    }
    if waiting().next().is_none() {
        return (Some(1.0), "Every check that counts has an answer.".to_owned());
    }
    let share = |check: &CheckResult| {
        let more = check.further_runs.as_ref()?.runs?;
        Some(check.concluded as f64 / (check.concluded + more).max(1) as f64)
    };
    let shares: Vec<Option<f64>> = waiting().map(share).collect();
    let unknown = "How many runs this gate will need cannot be said: the evidence does not grow with them.".to_owned();
    let Some(least) = shares.into_iter().collect::<Option<Vec<f64>>>().and_then(|s| s.into_iter().reduce(f64::min))
    else {
        return (None, unknown);
    };
    (Some(least), format!("{} of the runs this gate will probably need", format::percent(least)))
}

/// What would be different today, in words.
pub fn changes(of: &EvidenceChanges) -> Vec<String> {
    let mut words = Vec::new();
    if of.verdict_then != of.verdict_now {
        let (then, now) = (of.verdict_then.words(), of.verdict_now.words());
        words.push(format!("The recommendation would be to {now} instead of {then}."));
    }
    let mut counted = |what: &str, figure: ThenNow| {
        if figure.then != figure.now {
            let show = |n: u64| format::count(n.into());
            words.push(format!("{what}: {} then, {} now.", show(figure.then), show(figure.now)));
        }
    };
    counted("Concluded runs of this release", of.candidate_concluded);
    counted("Settled runs of this release", of.candidate_settled);
    counted("Settled runs of the baseline", of.baseline_settled);
    let said = |verdict: Option<CheckVerdict>| verdict.map_or("nothing", CheckVerdict::as_str);
    words.extend(of.checks.iter().map(|check| {
        format!("The check {} would say {} instead of {}.", check.key, said(check.now), said(check.then))
    }));
    words.extend(of.gaps_opened.iter().map(|gap| format!("A new gap: {}", gap.text)));
    words.extend(of.gaps_closed.iter().map(|gap| format!("A gap is closed: {}", gap.text)));
    if of.policy_changed {
        words.push("The policy is another one.".to_owned());
    }
    if of.scorecard_changed {
        words.push("The scorecard is another one or another version.".to_owned());
    }
    if of.engine_changed {
        words.push("Seatrial evaluates by newer rules than it did then; see the changelog.".to_owned());
    }
    words
}
