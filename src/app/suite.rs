//! Eval suites: made, changed by new versions, compared, restored, and handed to runners.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::access::Permission;
use seatrial_domain::case::CaseState;
use seatrial_domain::ids::{CaseId, SuiteId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::redact::Redactor;
use seatrial_domain::suite::SuiteCase;
use seatrial_store::suite::{self, Member, SuiteRow, SuiteVersionRow};
use seatrial_store::{Connection, Cursor, Page, WriteTx, ingest, workflow};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::case::NOUN as CASE;
use super::error::AppError;

pub(super) const NOUN: &str = "eval suite";

/// A suite at one of its versions, each case with its title and state now.
#[derive(Clone, Debug)]
pub struct WholeSuite {
    /// The suite.
    pub suite: SuiteRow,
    /// The version.
    pub version: SuiteVersionRow,
    /// Its cases.
    pub members: Vec<(SuiteCase, Option<Member>)>,
}

/// What a new version of a suite is made of, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Exactly these cases; those of the version before, where absent.
    pub cases: Option<Vec<CaseId>>,
    /// Cases that come, each as it is now.
    pub add: Vec<CaseId>,
    /// Cases that go.
    pub remove: Vec<CaseId>,
    /// Why.
    pub note: String,
    /// The version it was made from, so that two who edit at once do not overwrite each other; not checked when absent.
    pub from_version: Option<u32>,
}

fn note(project: &ProjectAccess, text: &str) -> Result<String, AppError> {
    let text = text.trim();
    if text.len() > limits::NOTE_BYTES {
        let message = format!("it is {} bytes long; at most {} are accepted", text.len(), limits::NOTE_BYTES);
        return Err(AppError::invalid("note", message));
    }
    Ok(Redactor::with(project.settings.own_patterns()).text("note", text))
}

impl App {
    /// Lists suites, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn suites(
        &self,
        caller: &Caller,
        project: &str,
        workflow: Option<WorkflowId>,
        page: Page,
    ) -> Result<(Vec<SuiteRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(suite::list(self.store.read(), project.scope, workflow, page).await?)
    }

    /// A suite at its latest version, or at another one.
    ///
    /// # Errors
    /// When there is no such suite or version in the project, the caller may not, or the database fails.
    pub async fn suite(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        version: Option<u32>,
    ) -> Result<WholeSuite, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        whole(self.store.read(), &project, name, version).await
    }

    /// The versions of a suite, latest first, at most 200.
    ///
    /// # Errors
    /// When there is no such suite in the project, the caller may not, or the database fails.
    pub async fn suite_versions(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
    ) -> Result<(SuiteRow, Vec<SuiteVersionRow>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let found = find(db, &project, name).await?;
        let versions = suite::versions(db, project.scope, found.id).await?;
        Ok((found, versions))
    }

    /// The titles of cases, those that a suite had once included.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn case_titles(
        &self,
        caller: &Caller,
        project: &str,
        cases: &[CaseId],
    ) -> Result<BTreeMap<CaseId, String>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let known = suite::members(self.store.read(), project.scope, cases).await?;
        Ok(known.into_iter().map(|(id, member)| (id, member.title)).collect())
    }

    /// Makes a suite of a workflow with a first version.
    ///
    /// # Errors
    /// When the name is taken or none, a case cannot be in it, there is no such workflow, the caller may not, or the
    /// database fails.
    pub async fn create_suite(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        of_workflow: &str,
        revision: &Revision,
    ) -> Result<WholeSuite, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let name = limits::label(name).ok_or_else(|| AppError::invalid("name", "it is empty; give it a name"))?;
        if name.parse::<SuiteId>().is_ok() {
            return Err(AppError::invalid("name", "looks like the id of a suite; give it another name"));
        }
        let tx = self.store.write().await?;
        ingest::lock(&tx, project.scope).await?;
        let of = workflow::find(&tx, project.scope, of_workflow).await?;
        let of = of.ok_or(AppError::NotFound { noun: "workflow" })?;
        let row = SuiteRow {
            id: SuiteId::from_uuid(self.ids.uuid_v7()),
            workflow: of.id,
            name: name.clone(),
            version: 1,
            created_by: project.actor().clone(),
            created_at: self.now(),
        };
        let cases = revised(&tx, &project, &row, &[], revision).await?;
        suite::insert(&tx, project.scope, &row).await?;
        self.write_version(&tx, &project, &row, cases, note(&project, &revision.note)?, None).await?;
        self.audit(&tx, &project, "create", "suite", row.id, &Change::made(json!({"name": name, "workflow": of.name})))
            .await?;
        let made = whole(&tx, &project, &name, None).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Makes the next version of a suite. Cases that stay keep their version; those that come are as they are now. When
    /// nothing differs nothing is made.
    ///
    /// # Errors
    /// When it was made from an older version, a case cannot be in it, there is no such suite, the caller may not, or
    /// the database fails.
    pub async fn revise_suite(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        revision: &Revision,
    ) -> Result<WholeSuite, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        ingest::lock(&tx, project.scope).await?;
        let before = whole(&tx, &project, name, None).await?;
        if let Some(from) = revision.from_version.filter(|from| *from != before.suite.version) {
            let detail = format!(
                "The suite is at version {} and this was made from version {from}; read it again and repeat the change.",
                before.suite.version
            );
            return Err(AppError::Conflict { code: "suite_changed", detail });
        }
        let cases = revised(&tx, &project, &before.suite, &before.version.cases, revision).await?;
        if cases == before.version.cases {
            return Ok(before);
        }
        self.write_version(&tx, &project, &before.suite, cases, note(&project, &revision.note)?, None).await?;
        let made = whole(&tx, &project, name, None).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Makes a new version of a suite with the cases of an earlier one, each in the version it had then.
    ///
    /// # Errors
    /// When there is no such suite or version, the caller may not, or the database fails.
    pub async fn restore_suite(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        version: u32,
        why: &str,
    ) -> Result<WholeSuite, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        ingest::lock(&tx, project.scope).await?;
        let then = whole(&tx, &project, name, Some(version)).await?;
        self.write_version(&tx, &project, &then.suite, then.version.cases, note(&project, why)?, Some(version)).await?;
        let made = whole(&tx, &project, name, None).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Adds those of some cases that are tested and not in the suite yet, as a new version. Returns the version that the
    /// suite then has, and how many cases came.
    pub(super) async fn add_to_suite(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        name: &str,
        mut revision: Revision,
    ) -> Result<(u32, usize), AppError> {
        ingest::lock(tx, project.scope).await?;
        let before = whole(tx, project, name, None).await?;
        let known = suite::members(tx, project.scope, &revision.add).await?;
        let tested = |case: &CaseId| {
            let member = known.get(case).filter(|member| member.workflow == before.suite.workflow);
            member.is_some_and(|member| matches!(member.state, CaseState::Active | CaseState::Quarantined))
        };
        let there = |case: &CaseId| before.version.cases.iter().any(|kept| kept.case == *case);
        revision.add.retain(|case| tested(case) && !there(case));
        if revision.add.is_empty() {
            return Ok((before.suite.version, 0));
        }
        let cases = revised(tx, project, &before.suite, &before.version.cases, &revision).await?;
        self.write_version(tx, project, &before.suite, cases, note(project, &revision.note)?, None).await?;
        Ok((find(tx, project, name).await?.version, revision.add.len()))
    }

    async fn write_version(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        of: &SuiteRow,
        cases: Vec<SuiteCase>,
        note: String,
        restores: Option<u32>,
    ) -> Result<(), AppError> {
        let versions = suite::versions(tx, project.scope, of.id).await?;
        let last = versions.first().map_or(0, |last| last.version);
        let row = SuiteVersionRow {
            suite: of.id,
            version: last + 1,
            note,
            cases,
            restores,
            by: project.actor().clone(),
            at: self.now(),
        };
        suite::insert_version(tx, project.scope, &row).await?;
        let cases = |cases: &[SuiteCase]| cases.iter().map(|kept| json!([kept.case, kept.version])).collect::<Vec<_>>();
        let named = |row: &SuiteVersionRow| json!({"version": row.version, "cases": cases(&row.cases)});
        let detail = Change::of(versions.first().map(named), named(&row)).with("restores", json!(restores));
        self.audit(tx, project, "version", "suite", of.id, &detail).await
    }
}

pub(super) async fn find(db: &impl Connection, project: &ProjectAccess, name: &str) -> Result<SuiteRow, AppError> {
    suite::find(db, project.scope, name).await?.ok_or(AppError::NotFound { noun: NOUN })
}

pub(super) async fn whole(
    db: &impl Connection,
    project: &ProjectAccess,
    name: &str,
    version: Option<u32>,
) -> Result<WholeSuite, AppError> {
    let found = find(db, project, name).await?;
    let version = suite::version(db, project.scope, found.id, version.unwrap_or(found.version)).await?;
    let version = version.ok_or(AppError::NotFound { noun: "version of the eval suite" })?;
    let ids: Vec<CaseId> = version.cases.iter().map(|case| case.case).collect();
    let known = suite::members(db, project.scope, &ids).await?;
    let members = version.cases.iter().map(|case| (*case, known.get(&case.case).cloned())).collect();
    Ok(WholeSuite { suite: found, version, members })
}

/// The cases of a new version, by id: each is of the workflow and tested when it comes.
async fn revised(
    tx: &WriteTx,
    project: &ProjectAccess,
    of: &SuiteRow,
    before: &[SuiteCase],
    revision: &Revision,
) -> Result<Vec<SuiteCase>, AppError> {
    let mut wanted: BTreeSet<CaseId> = match &revision.cases {
        Some(exactly) => exactly.iter().copied().collect(),
        None => before.iter().map(|case| case.case).collect(),
    };
    wanted.extend(&revision.add);
    for case in &revision.remove {
        wanted.remove(case);
    }
    if wanted.len() > limits::CASES_PER_SUITE {
        let message = format!("there are {}; at most {} are accepted", wanted.len(), limits::CASES_PER_SUITE);
        return Err(AppError::invalid("cases", message));
    }
    let kept = |case: &CaseId| before.iter().find(|kept| kept.case == *case && !revision.add.contains(case));
    let new: Vec<CaseId> = wanted.iter().filter(|case| kept(case).is_none()).copied().collect();
    let known = suite::members(tx, project.scope, &new).await?;
    let mut cases = Vec::with_capacity(wanted.len());
    for id in &wanted {
        if let Some(kept) = kept(id) {
            cases.push(*kept);
            continue;
        }
        let member = known.get(id).ok_or(AppError::NotFound { noun: CASE })?;
        if member.workflow != of.workflow {
            let detail = format!("The eval case {id} tests another workflow than the suite; leave it out.");
            return Err(AppError::Conflict { code: "other_workflow", detail });
        }
        if !matches!(member.state, CaseState::Active | CaseState::Quarantined) {
            let detail = format!("The eval case {id} is {}; activate it before it is tested.", member.state.as_str());
            return Err(AppError::Conflict { code: "wrong_state", detail });
        }
        cases.push(SuiteCase { case: *id, version: member.version });
    }
    Ok(cases)
}
