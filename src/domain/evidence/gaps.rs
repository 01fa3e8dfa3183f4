//! What is missing from a bundle, found when it is frozen.

use super::freeze::FreezeInput;
use super::{CheckEvidence, EvidenceBundle};
use crate::failure::Severity;
use crate::gap::{Gap, GapKind};
use crate::owner::responsible;
use crate::scorecard::{Check, CheckRole, FreshnessState, Reads, Scorecard};
use crate::stats::sequence::BURN_IN;
use crate::time::{SECOND, Timestamp};

/// Every gap with its owner, sorted by kind and subject. `first` is when the candidate's first run concluded.
pub(super) fn gaps<B>(bundle: &EvidenceBundle, input: &FreezeInput<B>, first: Option<Timestamp>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    match &bundle.scorecard {
        None => gaps.push(Gap::new(
            GapKind::NoScorecard,
            "",
            "The workflow has no scorecard, so there is nothing to hold the release to. Write one with a key check.",
        )),
        Some(scorecard) => of_scorecard(bundle, scorecard, &mut gaps),
    }
    of_outcomes(bundle, &mut gaps);
    of_learning(bundle, input, &mut gaps);
    of_evals(bundle, &mut gaps);
    of_policy(bundle, first, &mut gaps);
    for gap in &mut gaps {
        let taken = input.gap_owners.get(&gap.key()).or(input.default_gap_owner.as_ref());
        gap.owner = taken.filter(|_| !gap.kind.cannot_be_owned()).cloned();
    }
    gaps.sort_by(|a, b| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)));
    gaps
}

fn of_scorecard(bundle: &EvidenceBundle, scorecard: &Scorecard, gaps: &mut Vec<Gap>) {
    if !scorecard.checks.iter().any(|check| check.role == CheckRole::Key) {
        let text = "The scorecard has no key check, so nothing must pass. Mark the check that matters most as key.";
        gaps.push(Gap::new(GapKind::NoScorecard, "", text));
    }
    if responsible(scorecard.owner.as_ref(), scorecard.backup.as_ref()).is_none() {
        let text = "Nobody who can act answers for the scorecard. Name an owner.";
        gaps.push(Gap::new(GapKind::NoOwner, "", text));
    }
    if let Some(freshness) = bundle.freshness.as_ref().filter(|f| f.state == FreshnessState::Stale) {
        let why: Vec<&str> = freshness.reasons.iter().map(|reason| reason.text.as_str()).collect();
        let text = format!("The scorecard is stale. {} Re-read it and attest it.", why.join(" "));
        gaps.push(Gap::new(GapKind::StaleScorecard, "", text));
    }
    for (check, evidence) in scorecard.checks.iter().zip(&bundle.checks) {
        if check.role != CheckRole::Info {
            of_check(bundle, check, evidence, gaps);
        }
    }
}

fn of_check(bundle: &EvidenceBundle, check: &Check, evidence: &CheckEvidence, gaps: &mut Vec<Gap>) {
    let key = check.key.as_str();
    let signal = &check.signal;
    let mut add = |kind, text: String| gaps.push(Gap::new(kind, key, text));
    if let Some(fact) = evidence.unverified {
        let what = fact.noun();
        add(
            GapKind::UnverifiedSignal,
            format!("{signal} is unverified: nobody reports {what} for this workflow. {}.", signal.missing()),
        );
    }
    if check.criterion.is_relative() && bundle.baseline.is_none() {
        add(
            GapKind::NoBaseline,
            format!("{key} compares with a baseline and the release has none. Name one, or give the check a floor."),
        );
    }
    let n = evidence.overall.candidate_concluded.n;
    let floor = bundle.policy.floor_units;
    let closed = bundle.candidate_totals.concluded;
    if n == 0 && closed > 0 {
        add(
            GapKind::NoDenominator,
            format!("{signal} is known for none of {closed} concluded runs. {}.", signal.missing()),
        );
    } else if n < floor {
        add(
            GapKind::TooFewRuns,
            format!(
                "{signal} is known for {n} concluded runs; the policy wants {floor}. {} more are needed.",
                floor - n
            ),
        );
    }
    let mean = matches!(check.reads(), Reads::Mean | Reads::Ratio);
    let against = evidence.overall.baseline.n;
    if mean && check.criterion.is_relative() && bundle.baseline.is_some() && against < BURN_IN {
        let subject = check.subject();
        let short = BURN_IN - against;
        add(
            GapKind::TooFewRuns,
            format!(
                "{subject} is known for {against} settled runs of the baseline, and a mean is judged from {BURN_IN} on. \
                 {short} more of the baseline are needed: run both releases side by side, or give the check a bound."
            ),
        );
    }
    if evidence.overall.pool_exhausted {
        let pool = evidence.overall.baseline.n;
        add(
            GapKind::BaselinePoolExhausted,
            format!("All {pool} earlier baseline runs of {signal} are used up. Run both releases at the same time."),
        );
    }
}

fn of_outcomes(bundle: &EvidenceBundle, gaps: &mut Vec<Gap>) {
    let totals = bundle.candidate_totals;
    if totals.closed == 0 {
        return;
    }
    let share = totals.unknown_outcome as f64 / totals.closed as f64;
    if share > bundle.policy.unknown_outcome_limit {
        let text = format!(
            "The outcome of {} of {} closed runs ({:.1} %) is unknown; the limit is {:.0} %. Report outcomes.",
            totals.unknown_outcome,
            totals.closed,
            100.0 * share,
            100.0 * bundle.policy.unknown_outcome_limit
        );
        gaps.push(Gap::new(GapKind::UnknownOutcomes, "", text));
    }
}

fn of_learning<B>(bundle: &EvidenceBundle, input: &FreezeInput<B>, gaps: &mut Vec<Gap>) {
    for mix in &bundle.failure_mix {
        let uncovered = !mix.class.is_empty() && mix.candidate > 0 && !input.covered_classes.contains(&mix.class);
        if uncovered && mix.severity != Severity::Minor {
            let text = format!(
                "No eval case covers the failure class {}, seen {} times on this release. Promote one of them.",
                mix.class, mix.candidate
            );
            gaps.push(Gap::new(GapKind::NoEvalCoverage, mix.class.clone(), text));
        }
    }
    let open = bundle.learning.open_critical;
    if open > 0 {
        let text = format!("{open} critical failures are still open. Promote, link or dismiss each.");
        gaps.push(Gap::new(GapKind::UnlearnedCritical, "", text));
    }
}

fn of_evals(bundle: &EvidenceBundle, gaps: &mut Vec<Gap>) {
    // Of a suite that the policy requires, `of_policy` says it.
    let required = |suite: &str| bundle.policy.required_suites.iter().any(|name| name == suite);
    for suite in bundle.evals.iter().filter(|suite| suite.not_run > 0 && !required(&suite.suite)) {
        let cases = suite.passed + suite.failed + suite.not_run;
        let text = format!(
            "{} of {cases} cases of the suite {} (version {}) have no result on this release. Run them and import the \
             results.",
            suite.not_run, suite.suite, suite.version
        );
        gaps.push(Gap::new(GapKind::NoEvalResults, suite.suite.clone(), text));
    }
}

/// What the policy wants besides the checks: suites that passed, and time in use.
fn of_policy(bundle: &EvidenceBundle, first: Option<Timestamp>, gaps: &mut Vec<Gap>) {
    if let (Some(wanted), Some(held)) = (&bundle.policy.scorecard, &bundle.scorecard)
        && (wanted.name != held.name || held.version < wanted.at_least)
    {
        let text = format!(
            "The policy holds this workflow to the scorecard {} from version {} on, and it has {} version {}. Put that one back, or change the policy.",
            wanted.name, wanted.at_least, held.name, held.version
        );
        gaps.push(Gap::new(GapKind::OtherScorecard, "", text));
    }
    for suite in &bundle.policy.required_suites {
        // The evidence holds the version that was run last.
        let found = bundle.evals.iter().filter(|eval| eval.suite == *suite).max_by_key(|eval| eval.version);
        let text = match found {
            Some(eval) if eval.failed == 0 && eval.not_run == 0 && eval.passed > 0 => continue,
            Some(eval) => format!(
                "The policy requires the suite {suite}: {} of its cases failed on this release and {} were not run. Mend them and run it again.",
                eval.failed, eval.not_run
            ),
            None => format!("The policy requires the suite {suite}, and it was not run on this release. Run it."),
        };
        gaps.push(Gap::new(GapKind::SuiteNotPassed, suite.clone(), text));
    }
    let bake = i64::try_from(bundle.policy.bake_seconds).unwrap_or(i64::MAX);
    if bake == 0 {
        return;
    }
    let baked = first.map_or(0, |first| bundle.as_of.micros_since(first) / SECOND);
    if baked < bake {
        let text = format!(
            "The policy wants {:.1} hours in use before a release ships, and this one has had {:.1}. Let it run with few runs until then.",
            bake as f64 / 3_600.0,
            baked.max(0) as f64 / 3_600.0
        );
        gaps.push(Gap::new(GapKind::NotBaked, "", text));
    }
}
