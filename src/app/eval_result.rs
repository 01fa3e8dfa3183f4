//! Eval results: taken in from runners, read by case, summed up for a release and its baseline.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::case::CaseState;
use seatrial_domain::evidence::EvalSummary;
use seatrial_domain::ids::{CaseId, EvalResultId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::redact::{OwnPatterns, Redactor};
use seatrial_domain::suite::{CaseOutcome, EvalVerdict, SuiteResults, outcome, summarize};
use seatrial_store::case_version::{self, VersionRow};
use seatrial_store::eval_result::{self, EvalResultRow};
use seatrial_store::suite::{self, Member};
use seatrial_store::{Connection, Cursor, Page, Scope, case, ingest, release};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::case::NOUN as CASE;
use super::error::AppError;
use super::suite::{WholeSuite, whole};

/// A trial as its runner states it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewResult {
    /// The case: its id, a text that holds its id, or its title.
    pub case: String,
    /// Which trial of the case in this execution; the next one of this request when absent.
    pub trial: Option<u32>,
    /// What became of it.
    pub verdict: EvalVerdict,
    /// The runner's score.
    pub score: Option<f64>,
    /// What the runner says.
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// The execution that results belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The suite, by name or id.
    pub suite: String,
    /// The release that was tested, by name or id.
    pub release: String,
    /// The runner's name for it: the same results under the same name again change nothing.
    pub execution: String,
    /// Whichever runner ran it.
    pub runner: String,
}

/// What became of one result.
pub type Taken = Result<(CaseId, u32, bool), String>;

/// A suite on a release: each case with its outcome there and on the baseline.
#[derive(Clone, Debug)]
pub struct ReleaseResults {
    /// The suite.
    pub suite: WholeSuite,
    /// What a gate sees of it.
    pub summary: EvalSummary,
    /// Each case of the suite: on the release, and on the baseline where there is one.
    pub cases: Vec<(CaseId, CaseOutcome, Option<CaseOutcome>)>,
}

/// What all results of a request have in common.
struct New<'a> {
    suite: &'a WholeSuite,
    on: ReleaseId,
    execution: &'a str,
    runner: &'a str,
    by: &'a Actor,
    own: &'a OwnPatterns,
}

/// Most that is kept of what a runner says of one trial, in bytes.
const MESSAGE_BYTES: usize = limits::NOTE_BYTES;

impl App {
    /// Takes in what a runner says of the cases of a suite on a release. Each result is taken or refused by itself: one
    /// of no case of the suite, or that contradicts an earlier one of the same trial. Returns for each the case, the
    /// trial and whether it is new.
    ///
    /// # Errors
    /// When there are too many, a name is missing, there is no such suite or release, the caller may not, or the
    /// database fails; then none is taken.
    pub async fn record_results(
        &self,
        caller: &Caller,
        project: &str,
        of: &Execution,
        results: Vec<NewResult>,
    ) -> Result<Vec<Taken>, AppError> {
        let project = self.enter(caller, project, Permission::WriteEvalResults).await?;
        if results.is_empty() || results.len() > limits::RESULTS_PER_REQUEST {
            let most = limits::RESULTS_PER_REQUEST;
            let message = format!("there are {} results; 1 to {most} are taken at once", results.len());
            return Err(AppError::invalid("results", message));
        }
        let named = |field: &str, text: &str| {
            limits::label(text).ok_or_else(|| AppError::invalid(field, "it is empty; give it a name"))
        };
        let own = project.settings.own_patterns();
        let (execution, runner) = (named("execution", &of.execution)?, named("runner", &of.runner)?);
        let tx = self.store.write().await?;
        ingest::lock(&tx, project.scope).await?;
        let suite = whole(&tx, &project, &of.suite, None).await?;
        let on = release_of(&tx, project.scope, suite.suite.workflow, &of.release).await?;
        let mut known = eval_result::of_execution(&tx, project.scope, (suite.suite.id, on), &execution).await?;
        let mut next: BTreeMap<CaseId, u32> = BTreeMap::new();
        let (mut taken, mut rows) = (Vec::with_capacity(results.len()), Vec::new());
        for result in results {
            let Some((id, version)) = member_of(&suite, &result.case) else {
                let named = limits::clip(&result.case, 80);
                taken.push(Err(format!(
                    "`{named}` names no case of the suite; give the id of one, `case_` and 32 digits"
                )));
                continue;
            };
            let place = next.entry(id).or_default();
            *place += 1;
            let trial = result.trial.unwrap_or(*place).max(1);
            match known.insert((id, trial), result.verdict) {
                Some(earlier) if earlier == result.verdict => taken.push(Ok((id, trial, false))),
                Some(earlier) => {
                    known.insert((id, trial), earlier);
                    taken.push(Err(format!(
                        "trial {trial} of {id} is {} in the execution `{execution}` already; results are not overwritten: \
                         name another execution or trial",
                        earlier.as_str()
                    )));
                }
                None => {
                    let new = New {
                        suite: &suite,
                        on,
                        execution: &execution,
                        runner: &runner,
                        by: project.actor(),
                        own: &own,
                    };
                    rows.push(self.row(&new, (id, version, trial), result));
                    taken.push(Ok((id, trial, true)));
                }
            }
        }
        if rows.is_empty() {
            return Ok(taken);
        }
        eval_result::insert(&tx, project.scope, &rows).await?;
        let made = json!({ "release": on, "execution": execution, "runner": runner, "results": rows.len() });
        self.audit(&tx, &project, "record_results", "suite", suite.suite.id, &Change::made(made)).await?;
        tx.commit().await?;
        Ok(taken)
    }

    fn row(&self, new: &New<'_>, (case, case_version, trial): (CaseId, u32, u32), result: NewResult) -> EvalResultRow {
        let masked =
            |text: String| Redactor::with(new.own.clone()).text("message", limits::clip(text.trim(), MESSAGE_BYTES));
        EvalResultRow {
            id: EvalResultId::from_uuid(self.ids.uuid_v7()),
            suite: new.suite.suite.id,
            suite_version: new.suite.version.version,
            case,
            case_version,
            release: new.on,
            execution: new.execution.to_owned(),
            trial,
            verdict: result.verdict,
            score: result.score.filter(|score| score.is_finite()),
            runner: new.runner.to_owned(),
            message: result.message.map(masked).filter(|text| !text.is_empty()),
            duration_ms: result.duration_ms,
            by: new.by.clone(),
            at: self.now(),
        }
    }

    /// How the cases of a suite stand on a release, beside a baseline.
    ///
    /// # Errors
    /// When there is no such suite or release in the project, the caller may not, or the database fails.
    pub async fn suite_results(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        on: &str,
        against: Option<&str>,
    ) -> Result<ReleaseResults, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let suite = whole(db, &project, name, None).await?;
        let on = release_of(db, project.scope, suite.suite.workflow, on).await?;
        let against = match against {
            Some(name) => Some(release_of(db, project.scope, suite.suite.workflow, name).await?),
            None => None,
        };
        let results = results(db, &project, &suite, on, against).await?;
        let of = |case: &CaseId, trials: &BTreeMap<CaseId, Vec<_>>| {
            outcome(trials.get(case).map(Vec::as_slice).unwrap_or_default())
        };
        let cases = suite.version.cases.iter().map(|case| {
            let before = results.baseline.as_ref().map(|trials| of(&case.case, trials));
            (case.case, of(&case.case, &results.candidate), before)
        });
        Ok(ReleaseResults { cases: cases.collect(), summary: summarize(&results), suite })
    }

    /// The results of a case, latest first.
    ///
    /// # Errors
    /// When there is no such case in the project, the caller may not, or the database fails.
    pub async fn case_results(
        &self,
        caller: &Caller,
        project: &str,
        id: CaseId,
        page: Page,
    ) -> Result<(Vec<EvalResultRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        case::find(db, project.scope, id).await?.ok_or(AppError::NotFound { noun: CASE })?;
        Ok(eval_result::of_case(db, project.scope, id, page).await?)
    }

    /// The cases of a suite as its version names them, for a runner: those that are tested, with their content.
    ///
    /// # Errors
    /// When there is no such suite or version in the project, the caller may not, or the database fails.
    pub async fn export_suite(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        version: Option<u32>,
    ) -> Result<(WholeSuite, Vec<VersionRow>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let suite = whole(db, &project, name, version).await?;
        let tested = tested(&suite.members);
        let cases: Vec<_> = suite.version.cases.iter().filter(|case| tested.contains(&case.case)).copied().collect();
        let rows = case_version::these(db, project.scope, &cases).await?;
        Ok((suite, rows))
    }

    /// What a gate sees of the suites of a workflow.
    pub(super) async fn eval_summaries(
        &self,
        db: &impl Connection,
        project: &ProjectAccess,
        of: WorkflowId,
        (candidate, baseline): (ReleaseId, Option<ReleaseId>),
    ) -> Result<Vec<EvalSummary>, AppError> {
        let mut summaries = Vec::new();
        // At most fifty suites, each with its own results.
        for (row, version) in suite::present(db, project.scope, of).await? {
            let ids: Vec<CaseId> = version.cases.iter().map(|case| case.case).collect();
            let known = suite::members(db, project.scope, &ids).await?;
            let members = version.cases.iter().map(|case| (*case, known.get(&case.case).cloned())).collect();
            let whole = WholeSuite { suite: row, version, members };
            let results = results(db, project, &whole, candidate, baseline).await?;
            if !results.cases.is_empty() {
                summaries.push(summarize(&results));
            }
        }
        Ok(summaries)
    }
}

fn tested(members: &[(seatrial_domain::suite::SuiteCase, Option<Member>)]) -> BTreeSet<CaseId> {
    let active = |member: &Option<Member>| member.as_ref().is_some_and(|member| member.state == CaseState::Active);
    members.iter().filter(|(_, member)| active(member)).map(|(case, _)| case.case).collect()
}

async fn results(
    db: &impl Connection,
    project: &ProjectAccess,
    suite: &WholeSuite,
    on: ReleaseId,
    against: Option<ReleaseId>,
) -> Result<SuiteResults, AppError> {
    let (id, cases) = (suite.suite.id, &suite.version.cases);
    let tested = tested(&suite.members);
    let titles = suite.members.iter().filter(|(case, _)| tested.contains(&case.case));
    Ok(SuiteResults {
        suite: suite.suite.name.clone(),
        version: suite.version.version,
        cases: titles.filter_map(|(case, member)| Some((case.case, member.as_ref()?.title.clone()))).collect(),
        candidate: eval_result::trials(db, project.scope, (id, on), cases).await?,
        baseline: match against {
            Some(baseline) => Some(eval_result::trials(db, project.scope, (id, baseline), cases).await?),
            None => None,
        },
    })
}

/// The case of the suite that a runner names: by id, by a text that holds an id (JUnit has names only), or by the title it ends with.
fn member_of(suite: &WholeSuite, named: &str) -> Option<(CaseId, u32)> {
    let version = |id: CaseId| suite.version.cases.iter().find(|case| case.case == id).map(|case| (id, case.version));
    let prefix = format!("{}_", CaseId::PREFIX);
    let ids = named.match_indices(&prefix).filter_map(|(at, _)| named.get(at..at + prefix.len() + 32)?.parse().ok());
    let mut by_id = ids.filter_map(version);
    by_id.next().or_else(|| {
        // Runners put a number or the name of a file before it.
        let titled =
            |member: &Option<Member>| member.as_ref().is_some_and(|member| named.trim().ends_with(&member.title));
        let mut titled = suite.members.iter().filter(|(_, member)| titled(member));
        let only = titled.next().filter(|_| titled.next().is_none());
        only.map(|(case, _)| (case.case, case.version))
    })
}

async fn release_of(
    db: &impl Connection,
    scope: Scope,
    workflow: WorkflowId,
    name_or_id: &str,
) -> Result<ReleaseId, AppError> {
    let found = release::find(db, scope, workflow, name_or_id).await?;
    found.map(|row| row.id).ok_or(AppError::NotFound { noun: "release" })
}
