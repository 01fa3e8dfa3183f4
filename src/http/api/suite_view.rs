//! Eval suites as the API shows them.

use seatrial_domain::case::{Assertions, CaseState};
use seatrial_domain::evidence::EvalSummary;
use seatrial_domain::ids::{CaseId, ReleaseId, SuiteId, WorkflowId};
use seatrial_domain::suite::{self, CaseOutcome, CaseResult, EvalVerdict, SuiteCase};
use seatrial_domain::time::Timestamp;
use seatrial_store::case_version::VersionRow;
use seatrial_store::eval_result::EvalResultRow;
use seatrial_store::suite::{SuiteRow, SuiteVersionRow};
use serde::Serialize;

use super::failure_view::ActorView;
use crate::app::eval_result::ReleaseResults;
use crate::app::names::Names;
use crate::app::suite::WholeSuite;

/// A suite as a list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SuiteItem {
    /// Its id.
    #[schema(value_type = String)]
    id: SuiteId,
    /// Its name.
    name: String,
    /// The workflow it tests.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The workflow's name.
    workflow: String,
    /// Its latest version.
    version: u32,
    /// Who made it.
    created_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl SuiteItem {
    /// A suite with the name of its workflow.
    #[must_use]
    pub fn new(row: SuiteRow, names: &Names) -> Self {
        Self {
            id: row.id,
            name: row.name,
            workflow: names.workflow_name(row.workflow),
            workflow_id: row.workflow,
            version: row.version,
            created_by: row.created_by.into(),
            created_at: row.created_at,
        }
    }
}

/// A case of a suite.
#[derive(Serialize, utoipa::ToSchema)]
struct SuiteCaseView {
    /// The case.
    #[schema(value_type = String)]
    case_id: CaseId,
    /// Which version of it.
    version: u32,
    /// Its latest version.
    latest_version: Option<u32>,
    /// Its title now.
    title: Option<String>,
    /// Where it stands; only active cases are tested.
    state: Option<CaseState>,
}

/// A suite at one of its versions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SuiteDetail {
    /// What a list shows of it.
    #[serde(flatten)]
    item: SuiteItem,
    /// The version shown, and why it was made.
    shown: SuiteVersionView,
    /// Its cases, by id.
    cases: Vec<SuiteCaseView>,
}

impl SuiteDetail {
    /// A suite with the name of its workflow.
    #[must_use]
    pub fn new(whole: WholeSuite, names: &Names) -> Self {
        let cases = whole.members.into_iter().map(|(case, member)| SuiteCaseView {
            case_id: case.case,
            version: case.version,
            latest_version: member.as_ref().map(|member| member.version),
            state: member.as_ref().map(|member| member.state),
            title: member.map(|member| member.title),
        });
        Self {
            item: SuiteItem::new(whole.suite, names),
            cases: cases.collect(),
            shown: SuiteVersionView::new(whole.version, None),
        }
    }
}

/// A case in a version.
#[derive(Serialize, utoipa::ToSchema)]
struct CaseInVersion {
    /// The case.
    #[schema(value_type = String)]
    case_id: CaseId,
    /// Which version of it.
    version: u32,
}

impl From<SuiteCase> for CaseInVersion {
    fn from(case: SuiteCase) -> Self {
        Self { case_id: case.case, version: case.version }
    }
}

/// A version of a suite. It never changes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SuiteVersionView {
    /// Its number, from 1.
    version: u32,
    /// Why it was made.
    note: String,
    /// How many cases it has.
    case_count: usize,
    /// The earlier version whose cases it has again.
    restores: Option<u32>,
    /// Who made it.
    created_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Cases that came since the version before it.
    added: Vec<CaseInVersion>,
    /// Cases that went.
    removed: Vec<CaseInVersion>,
    /// Cases that are there in another version of theirs, as they are now.
    updated: Vec<CaseInVersion>,
}

impl SuiteVersionView {
    /// A version beside the one before it.
    #[must_use]
    pub fn new(row: SuiteVersionRow, before: Option<&SuiteVersionRow>) -> Self {
        let changes = before.map(|before| suite::changes(&before.cases, &row.cases)).unwrap_or_default();
        let shown = |cases: Vec<SuiteCase>| cases.into_iter().map(CaseInVersion::from).collect();
        Self {
            version: row.version,
            note: row.note,
            case_count: row.cases.len(),
            restores: row.restores,
            created_by: row.by.into(),
            created_at: row.at,
            added: shown(changes.added),
            removed: shown(changes.removed),
            updated: shown(changes.updated.into_iter().map(|(_, now)| now).collect()),
        }
    }

    /// Versions, the latest first.
    #[must_use]
    pub fn list(rows: Vec<SuiteVersionRow>) -> Vec<Self> {
        let of = |at: usize| Self::new(rows[at].clone(), rows.get(at + 1));
        (0..rows.len()).map(of).collect()
    }
}

/// How a case stands on a release.
#[derive(Serialize, utoipa::ToSchema)]
struct OutcomeView {
    /// By its latest execution.
    result: CaseResult,
    /// Trials that passed, of all executions.
    passed: u64,
    /// Trials that failed or ended in an error, of all executions.
    failed: u64,
    /// Whether some trials passed and others failed. Quarantine the case, or mend it.
    flaky: bool,
}

impl From<CaseOutcome> for OutcomeView {
    fn from(outcome: CaseOutcome) -> Self {
        Self { result: outcome.result, passed: outcome.passed, failed: outcome.failed, flaky: outcome.flaky }
    }
}

/// A case on a release, beside the baseline.
#[derive(Serialize, utoipa::ToSchema)]
struct CaseOnRelease {
    /// The case.
    #[schema(value_type = String)]
    case_id: CaseId,
    /// Its title.
    title: Option<String>,
    /// Where it stands; only active cases count in the summary.
    state: Option<CaseState>,
    /// On the release.
    candidate: OutcomeView,
    /// On the baseline, when one was asked for.
    baseline: Option<OutcomeView>,
}

/// A suite on a release.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SuiteResultsView {
    /// What a gate sees of it.
    summary: EvalSummary,
    /// Each of its cases.
    cases: Vec<CaseOnRelease>,
}

impl From<ReleaseResults> for SuiteResultsView {
    fn from(results: ReleaseResults) -> Self {
        let members = &results.suite.members;
        let cases = results.cases.into_iter().map(|(case, candidate, baseline)| {
            let member = members.iter().find(|(known, _)| known.case == case).and_then(|(_, member)| member.as_ref());
            CaseOnRelease {
                case_id: case,
                title: member.map(|member| member.title.clone()),
                state: member.map(|member| member.state),
                candidate: candidate.into(),
                baseline: baseline.map(OutcomeView::from),
            }
        });
        Self { cases: cases.collect(), summary: results.summary }
    }
}

/// One trial of a case on a release.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EvalResultView {
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// Which version of the case.
    case_version: u32,
    /// Which version of the suite.
    suite_version: u32,
    /// The execution it belongs to, by the runner's name for it.
    execution: String,
    /// Which trial in that execution, from 1.
    trial: u32,
    /// What became of it.
    verdict: EvalVerdict,
    /// The runner's score.
    score: Option<f64>,
    /// Whichever runner ran it.
    runner: String,
    /// What the runner says.
    message: Option<String>,
    /// How long it took, in milliseconds.
    duration_ms: Option<u64>,
    /// Who recorded it.
    recorded_by: ActorView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

impl EvalResultView {
    /// A trial with the name of its release.
    #[must_use]
    pub fn new(row: EvalResultRow, names: &Names) -> Self {
        Self {
            release: names.release_name(row.release),
            release_id: row.release,
            case_version: row.case_version,
            suite_version: row.suite_version,
            execution: row.execution,
            trial: row.trial,
            verdict: row.verdict,
            score: row.score,
            runner: row.runner,
            message: row.message,
            duration_ms: row.duration_ms,
            recorded_by: row.by.into(),
            recorded_at: row.at,
        }
    }
}

/// A case as a runner gets it: a line of the export.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExportedCase {
    /// The case: results name it.
    #[schema(value_type = String)]
    case_id: CaseId,
    /// Which version of it.
    case_version: u32,
    /// The suite's name.
    suite: String,
    /// The suite's version.
    suite_version: u32,
    /// What it tests, in a line.
    title: String,
    /// The kind of miss it guards against.
    failure_class: Option<String>,
    /// What the agent is given.
    #[schema(value_type = Object)]
    input: serde_json::Value,
    /// What must and must not hold.
    assertions: Assertions,
    /// Labels.
    tags: Vec<String>,
}

impl ExportedCase {
    /// A case of a suite.
    #[must_use]
    pub fn new(row: VersionRow, suite: &WholeSuite) -> Self {
        Self {
            case_id: row.case,
            case_version: row.version,
            suite: suite.suite.name.clone(),
            suite_version: suite.version.version,
            title: row.title,
            failure_class: row.failure_class,
            input: row.definition.input,
            assertions: row.definition.assertions,
            tags: row.definition.tags,
        }
    }
}
