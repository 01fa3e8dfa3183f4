//! From checks and gaps to a recommendation, with its reasons in order of weight.

use super::{
    CheckResult, CheckVerdict, ENGINE, NextStep, RECOMMENDATION_SCHEMA, Reason, ReasonKind, Recommendation, Verdict,
};
use crate::evidence::{EvidenceBundle, Pairing};
use crate::gap::{Gap, GapKind, NextStepKind};
use crate::release::ReleaseState;
use crate::scorecard::{CheckRole, Exemption};

/// Puts the answers of the checks together.
pub(super) fn compose(bundle: &EvidenceBundle, checks: Vec<CheckResult>) -> Recommendation {
    let verdict = verdict(bundle, &checks);
    let mut reasons = reasons(bundle, &checks);
    // Stable: within a kind the scorecard's order stays.
    reasons.sort_by_key(|reason| reason.kind);
    let next_step = (verdict != Verdict::Ship).then(|| next_step(bundle, &checks, verdict));
    Recommendation {
        schema: RECOMMENDATION_SCHEMA,
        engine: ENGINE,
        verdict,
        reasons,
        pairing: bundle.pairing,
        checks,
        failure_mix: super::mix::mix_shift(bundle),
        gaps: bundle.gaps.clone(),
        next_step,
    }
}

fn with(checks: &[CheckResult], role: CheckRole, verdict: CheckVerdict) -> impl Iterator<Item = &CheckResult> {
    checks.iter().filter(move |check| check.role == role && check.verdict == verdict)
}

/// What keeps a check from blocking, unless it passes by itself and needs no exemption.
fn exemption<'a>(bundle: &'a EvidenceBundle, check: &CheckResult) -> Option<&'a Exemption> {
    let found = bundle.exemptions.iter().find(|exemption| exemption.check == check.key);
    found.filter(|_| check.verdict != CheckVerdict::Pass)
}

/// Key checks that are exempted: they neither block nor give the pass that shipping takes.
fn exempted_keys<'a>(
    bundle: &'a EvidenceBundle,
    checks: &'a [CheckResult],
) -> impl Iterator<Item = (&'a CheckResult, &'a Exemption)> {
    let keys = checks.iter().filter(|check| check.role == CheckRole::Key);
    keys.filter_map(|check| Some((check, exemption(bundle, check)?)))
}

fn verdict(bundle: &EvidenceBundle, checks: &[CheckResult]) -> Verdict {
    let any = |role, verdict| with(checks, role, verdict).any(|check| exemption(bundle, check).is_none());
    if any(CheckRole::Key, CheckVerdict::Fail) {
        return if bundle.release.state == ReleaseState::Live { Verdict::Rollback } else { Verdict::Hold };
    }
    let conflict = any(CheckRole::Key, CheckVerdict::Conflict) || any(CheckRole::Standard, CheckVerdict::Conflict);
    if any(CheckRole::Standard, CheckVerdict::Fail) || conflict {
        return Verdict::Hold;
    }
    let passing_keys = with(checks, CheckRole::Key, CheckVerdict::Pass).count();
    if any(CheckRole::Key, CheckVerdict::Inconclusive) || evidence_missing(bundle, passing_keys) {
        return Verdict::CollectMoreEvidence;
    }
    let exempted = exempted_keys(bundle, checks).next().is_some();
    if exempted || blocking_gaps(bundle).next().is_some() { Verdict::Hold } else { Verdict::Ship }
}

/// No key check that could pass, or a check of the scorecard that the bundle has nothing about.
fn evidence_missing(bundle: &EvidenceBundle, passing_keys: usize) -> bool {
    let expected = bundle.scorecard.as_ref().map_or(1, |scorecard| scorecard.checks.len());
    passing_keys == 0 || bundle.checks.len() < expected || bundle.freshness.is_none()
}

/// Gaps that keep a release from shipping: nobody has taken them on, or the policy wants them closed.
fn blocking_gaps(bundle: &EvidenceBundle) -> impl Iterator<Item = &Gap> {
    bundle.gaps.iter().filter(|gap| gap.unowned() || bundle.policy.blocking_gaps.contains(&gap.kind))
}

fn reasons(bundle: &EvidenceBundle, checks: &[CheckResult]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for check in checks.iter().filter(|check| check.role != CheckRole::Info) {
        if let Some(exemption) = exemption(bundle, check) {
            let text = format!("Not a pass: {} is {}. {}", check.key, exemption.words(), check.text);
            reasons.push(Reason { kind: ReasonKind::Exempted, subject: check.key.clone(), text });
            continue;
        }
        let key = check.role == CheckRole::Key;
        let kind = match (check.verdict, key) {
            (CheckVerdict::Fail, true) => ReasonKind::KeyFails,
            (CheckVerdict::Fail, false) => ReasonKind::StandardFails,
            (CheckVerdict::Conflict, _) => ReasonKind::Conflict,
            (CheckVerdict::Inconclusive, true) => ReasonKind::KeyInconclusive,
            (CheckVerdict::Inconclusive, false) => ReasonKind::StandardInconclusive,
            (CheckVerdict::Pass, true) => ReasonKind::KeyPasses,
            (CheckVerdict::Pass, false) => ReasonKind::StandardPasses,
        };
        let mut add = |kind, text: String| reasons.push(Reason { kind, subject: check.key.clone(), text });
        add(kind, check.text.clone());
        check.dimensions.iter().filter_map(|d| d.misleading.clone()).for_each(|text| add(ReasonKind::Misleading, text));
        check.not_stationary.iter().for_each(|text| add(ReasonKind::Misleading, text.clone()));
        if let Some(text) = unproved(check) {
            add(ReasonKind::Unproved, text);
        }
    }
    for gap in &bundle.gaps {
        let (kind, owner) = match &gap.owner {
            _ if gap.kind == GapKind::StaleScorecard => (ReasonKind::StaleScorecard, String::new()),
            Some(owner) if owner.active => {
                let blocks = bundle.policy.blocking_gaps.contains(&gap.kind);
                let wanted = if blocks { "; the policy wants it closed before a release ships" } else { "" };
                (ReasonKind::OwnedGap, format!(" {} has taken it on{wanted}.", owner.name))
            }
            _ => (ReasonKind::UnownedGap, " Nobody has taken it on.".to_owned()),
        };
        reasons.push(Reason { kind, subject: gap.key(), text: format!("{}{owner}", gap.text) });
    }
    let compares = checks.iter().any(|check| check.criterion.is_relative() && check.role != CheckRole::Info);
    if bundle.pairing == Pairing::Historical && compares {
        let text = "The baseline's runs are from an earlier time: historical, confounded with time.".to_owned();
        reasons.push(Reason { kind: ReasonKind::Historical, subject: String::new(), text });
    }
    reasons
}

/// The segments of a key check that are too thin to say anything.
fn unproved(check: &CheckResult) -> Option<String> {
    let named: Vec<String> = check
        .segments
        .iter()
        .filter(|segment| segment.verdict == CheckVerdict::Inconclusive && !segment.required)
        .map(|segment| segment.segment.words())
        .collect();
    let more = named.len().saturating_sub(8);
    let listed = named.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (check.role == CheckRole::Key && !named.is_empty())
        .then(|| format!("{}: unproved, not passed, in {listed}{rest}.", check.signal))
}

fn next_step(bundle: &EvidenceBundle, checks: &[CheckResult], verdict: Verdict) -> NextStep {
    if matches!(verdict, Verdict::Hold | Verdict::Rollback)
        && let Some(step) = after_failure(bundle, checks, verdict)
    {
        return step;
    }
    if let Some((check, exemption)) = exempted_keys(bundle, checks).next().filter(|_| verdict == Verdict::Hold) {
        let text = format!(
            "Smaller pilot: {} is exempted until {} and not shown. Keep the share of runs on this release small until \
             it passes by itself, or decide against this recommendation with a reason and a second person.",
            check.key,
            &exemption.expires_at.to_string()[..10]
        );
        return NextStep { kind: NextStepKind::SmallerPilot, text };
    }
    // What can be fixed by saying or reporting something comes before waiting for runs.
    let gap = blocking_gaps(bundle)
        .chain(&bundle.gaps)
        .min_by_key(|gap| (gap.next_step == NextStepKind::SmallerPilot, !gap.unowned(), gap.kind));
    let words = |kind: NextStepKind, text: &str| {
        let name = kind.words();
        NextStep { kind, text: format!("{}{}: {text}", name[..1].to_uppercase(), &name[1..]) }
    };
    let waiting =
        with(checks, CheckRole::Key, CheckVerdict::Inconclusive).find(|check| exemption(bundle, check).is_none());
    match (gap, waiting) {
        (Some(gap), _) if gap.next_step != NextStepKind::SmallerPilot => words(gap.next_step, &gap.text),
        (_, Some(check)) => {
            let further = check.further_runs.as_ref().map_or("", |further| further.text.as_str());
            let text =
                format!("keep the share of runs on this release small until {} is settled. {further}", check.key);
            words(NextStepKind::SmallerPilot, text.trim_end())
        }
        (Some(gap), None) => words(gap.next_step, &gap.text),
        (None, None) => words(
            NextStepKind::ClearerGate,
            "the scorecard has no key check that the evidence could settle. Mark the check that matters most as key.",
        ),
    }
}

fn after_failure(bundle: &EvidenceBundle, checks: &[CheckResult], verdict: Verdict) -> Option<NextStep> {
    let weighs = |check: &&CheckResult| check.role != CheckRole::Info && exemption(bundle, check).is_none();
    let failing = checks.iter().filter(weighs).find(|check| check.verdict == CheckVerdict::Fail);
    if let Some(check) = failing {
        let segments: Vec<String> = check
            .segments
            .iter()
            .filter(|segment| segment.verdict == CheckVerdict::Fail)
            .map(|segment| segment.segment.words())
            .collect();
        let whole = if verdict == Verdict::Rollback { "take it back and " } else { "" };
        let text = if segments.is_empty() {
            format!("Smaller pilot: {whole}mend what makes {} fail, then begin again with few runs.", check.key)
        } else {
            format!(
                "Smaller pilot: {whole}keep it away from {}, mend what makes {} fail there, then begin again with few runs.",
                segments.join(", "),
                check.key
            )
        };
        return Some(NextStep { kind: NextStepKind::SmallerPilot, text });
    }
    let conflict = checks.iter().filter(weighs).find(|check| check.verdict == CheckVerdict::Conflict)?;
    let text = format!(
        "Clearer gate: {} is really worse, by less than its margin. Decide whether that is acceptable, and set the margin to say so.",
        conflict.key
    );
    Some(NextStep { kind: NextStepKind::ClearerGate, text })
}
