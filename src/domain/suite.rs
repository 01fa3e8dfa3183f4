//! Eval suites: numbered sets of cases that never change, and what the results of runners say of a release.
//!
//! A case passes on a release when every trial of its latest execution passed. Whoever repeats until one passes gains
//! nothing: a case with both verdicts on one release is *flaky*, and shown as that.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::evidence::{EvalSummary, PairedEvals, RegressedCase};
use crate::ids::CaseId;
use crate::limits;
use crate::time::Timestamp;

/// A case as a version of a suite names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SuiteCase {
    /// The case.
    pub case: CaseId,
    /// Which version of it.
    pub version: u32,
}

/// What one version of a suite has that another has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteChanges {
    /// Cases that came.
    pub added: Vec<SuiteCase>,
    /// Cases that went.
    pub removed: Vec<SuiteCase>,
    /// Cases that are there in another version: before and now.
    pub updated: Vec<(SuiteCase, SuiteCase)>,
}

/// What `now` has that `before` has not, by case.
#[must_use]
pub fn changes(before: &[SuiteCase], now: &[SuiteCase]) -> SuiteChanges {
    let by_case = |cases: &[SuiteCase]| cases.iter().map(|case| (case.case, *case)).collect::<BTreeMap<_, _>>();
    let (then, now) = (by_case(before), by_case(now));
    let kept = now.iter().filter_map(|(id, now)| Some((*then.get(id)?, *now)));
    SuiteChanges {
        added: now.iter().filter(|(id, _)| !then.contains_key(id)).map(|(_, case)| *case).collect(),
        removed: then.iter().filter(|(id, _)| !now.contains_key(id)).map(|(_, case)| *case).collect(),
        updated: kept.filter(|(then, now)| then.version != now.version).collect(),
    }
}

/// What a runner says of one trial of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvalVerdict {
    /// Every assertion held.
    Passed,
    /// An assertion did not hold.
    Failed,
    /// The case could not be run to its end.
    Error,
    /// It was not run.
    Skipped,
}

impl EvalVerdict {
    const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::Error, Self::Skipped];

    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }

    /// The verdict of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }
}

/// One trial of a case on a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The execution of the suite that it belongs to, by the runner's name for it.
    pub execution: String,
    /// What became of it.
    pub verdict: EvalVerdict,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// How a case stands on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseResult {
    /// Every trial of the latest execution passed.
    Passed,
    /// A trial of the latest execution failed or ended in an error.
    Failed,
    /// There is no result, or it was skipped.
    NotRun,
}

/// How a case stands on a release, with its trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseOutcome {
    /// By its latest execution.
    pub result: CaseResult,
    /// Trials that passed, of all executions.
    pub passed: u64,
    /// Trials that failed or ended in an error, of all executions.
    pub failed: u64,
    /// Whether some trials passed and others failed: the result cannot be trusted. Errors of the runner do not count.
    pub flaky: bool,
}

/// How a case stands by its trials on one release.
#[must_use]
pub fn outcome(trials: &[Trial]) -> CaseOutcome {
    let run = trials.iter().filter(|trial| trial.verdict != EvalVerdict::Skipped);
    let latest = run.clone().max_by(|a, b| (a.recorded_at, &a.execution).cmp(&(b.recorded_at, &b.execution)));
    let count = |verdict: EvalVerdict| trials.iter().filter(|trial| trial.verdict == verdict).count() as u64;
    let (passed, failed) = (count(EvalVerdict::Passed), count(EvalVerdict::Failed));
    let result = latest.map_or(CaseResult::NotRun, |latest| {
        let mut of_latest = run.filter(|trial| trial.execution == latest.execution);
        let all_passed = of_latest.all(|trial| trial.verdict == EvalVerdict::Passed);
        if all_passed { CaseResult::Passed } else { CaseResult::Failed }
    });
    CaseOutcome { result, passed, failed: failed + count(EvalVerdict::Error), flaky: passed > 0 && failed > 0 }
}

/// A suite with what is known of it on a candidate and, where there is one, its baseline.
#[derive(Clone, Debug, Default)]
pub struct SuiteResults {
    /// The suite's name.
    pub suite: String,
    /// Its version.
    pub version: u32,
    /// The cases that are tested, with their titles: neither quarantined nor retired.
    pub cases: BTreeMap<CaseId, String>,
    /// Trials on the candidate.
    pub candidate: BTreeMap<CaseId, Vec<Trial>>,
    /// Trials on the baseline; `None` without one.
    pub baseline: Option<BTreeMap<CaseId, Vec<Trial>>>,
}

/// What a gate sees of a suite. Cases that have a result on both releases are paired.
#[must_use]
pub fn summarize(results: &SuiteResults) -> EvalSummary {
    let of = |trials: &BTreeMap<CaseId, Vec<Trial>>, case: &CaseId| {
        outcome(trials.get(case).map(Vec::as_slice).unwrap_or_default())
    };
    let mut summary = EvalSummary { suite: results.suite.clone(), version: results.version, ..EvalSummary::default() };
    let mut paired = PairedEvals::default();
    let mut regressed = BTreeSet::new();
    for (case, title) in &results.cases {
        let now = of(&results.candidate, case);
        match now.result {
            CaseResult::Passed => summary.passed += 1,
            CaseResult::Failed => summary.failed += 1,
            CaseResult::NotRun => summary.not_run += 1,
        }
        summary.flaky += u64::from(now.flaky);
        let Some(baseline) = &results.baseline else { continue };
        match (of(baseline, case).result, now.result) {
            (CaseResult::Passed, CaseResult::Passed) => paired.both_passed += 1,
            (CaseResult::Failed, CaseResult::Failed) => paired.both_failed += 1,
            (CaseResult::Failed, CaseResult::Passed) => paired.fixed += 1,
            (CaseResult::Passed, CaseResult::Failed) => {
                paired.regressed += 1;
                regressed.insert(RegressedCase { case: *case, title: title.clone() });
            }
            _ => {}
        }
    }
    summary.paired = results.baseline.as_ref().map(|_| paired);
    summary.regressed = regressed.into_iter().take(limits::REGRESSED_LISTED).collect();
    summary
}
