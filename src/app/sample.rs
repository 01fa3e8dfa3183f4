//! Successful runs that were sampled into triage: listed, counted, and looked at by people.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{FactId, RunId};
use seatrial_domain::limits;
use seatrial_domain::run::{FactValue, LateFact, Outcome, Provenance};
use seatrial_domain::sample::SampleStatus;
use seatrial_store::ingest::{self, Change, RunWrite, Target};
use seatrial_store::sample::{self, SampleCount, SampleFilter, SampleRow};
use seatrial_store::{Cursor, Page, WriteTx, failure, release, workflow};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit;
use super::error::AppError;

const NOUN: &str = "sample";

/// What a person found in a sampled run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Whether it was the success that it reported to be.
    pub holds: bool,
    /// The kind of miss when it was none, of the project's taxonomy.
    pub failure_class: Option<String>,
    /// A remark.
    pub note: String,
}

/// How a workflow is sampled, and what was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// The share of successful runs that people look at.
    pub share: f64,
    /// How many there are, by what became of them.
    pub count: SampleCount,
}

impl App {
    /// The sampled runs of a project, the latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn samples(
        &self,
        caller: &Caller,
        project: &str,
        filter: &SampleFilter,
        page: Page,
    ) -> Result<(Vec<SampleRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(sample::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// A sampled run.
    ///
    /// # Errors
    /// When there is none in the project, the caller may not, or the database fails.
    pub async fn sample(&self, caller: &Caller, project: &str, run: RunId) -> Result<SampleRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        sample::find(self.store.read(), project.scope, run).await?.ok_or(AppError::NotFound { noun: NOUN })
    }

    /// How a workflow is sampled, and what people found: on one release, or on all.
    ///
    /// # Errors
    /// When there is no such workflow or release, the caller may not, or the database fails.
    pub async fn sampling(
        &self,
        caller: &Caller,
        project: &str,
        of_workflow: &str,
        of_release: Option<&str>,
    ) -> Result<Sampling, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        let db = self.store.read();
        let of = workflow::find(db, project.scope, of_workflow).await?;
        let of = of.ok_or(AppError::NotFound { noun: "workflow" })?;
        let on = match of_release {
            Some(name) => {
                let found = release::find(db, project.scope, of.id, name).await?;
                Some(found.ok_or(AppError::NotFound { noun: "release" })?.id)
            }
            None => None,
        };
        let count = sample::count(db, project.scope, of.id, on).await?;
        Ok(Sampling { share: of.rules.sample_share, count })
    }

    /// Records what a person found: a reviewer's confirmation of the run, so that every figure changes with it. A run that
    /// was no success is a failure from then on, and in triage as one.
    ///
    /// # Errors
    /// When the caller is no person or may not, somebody looked before, a class is named of a success or is not in the
    /// taxonomy, the note is too long, the run was not sampled, or the database fails.
    pub async fn find_sample(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        finding: &Finding,
    ) -> Result<SampleRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        if caller.account().is_none() {
            return Err(AppError::Forbidden { permission: Permission::Triage });
        }
        let class = self.checked_finding(&project, finding).await?;
        let tx = self.store.write().await?;
        let row = sample::for_update(&tx, project.scope, run).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        if row.status != SampleStatus::Open {
            let detail = format!("Somebody looked at it already: {}.", row.status.as_str());
            return Err(AppError::Conflict { code: "already_decided", detail });
        }
        let note = Some(finding.note.trim().to_owned()).filter(|note| !note.is_empty());
        let decided = SampleRow {
            status: if finding.holds { SampleStatus::Upheld } else { SampleStatus::Overturned },
            note: note.clone(),
            decided_by: Some(project.actor().clone()),
            decided_at: Some(self.now()),
            ..row
        };
        // First the finding: a run that is no success any more takes an open sample with it.
        sample::decide(&tx, project.scope, &decided).await?;
        self.confirm_outcome(&tx, &project, run, finding.holds, class.clone()).await?;
        if let (false, Some(note)) = (finding.holds, note)
            && let Some(mut failed) = failure::for_update(&tx, project.scope, run).await?
        {
            failed.standing.note = Some(note);
            failed.standing.labelled_by = Some(project.actor().clone());
            failed.standing.labelled_at = Some(self.now());
            failure::save(&tx, project.scope, &[failed]).await?;
        }
        let detail = audit::Change::of(json!({"status": SampleStatus::Open}), json!({"status": decided.status}))
            .with("failure_class", json!(class));
        self.audit(&tx, &project, "find", NOUN, run, &detail).await?;
        tx.commit().await?;
        Ok(decided)
    }

    async fn checked_finding(&self, project: &ProjectAccess, finding: &Finding) -> Result<Option<String>, AppError> {
        if finding.note.len() > limits::NOTE_BYTES {
            let length = finding.note.len();
            let message = format!("it is {length} bytes long; at most {} are accepted", limits::NOTE_BYTES);
            return Err(AppError::invalid("note", message));
        }
        let class = finding.failure_class.as_deref().map(str::trim).filter(|class| !class.is_empty());
        let Some(class) = class else { return Ok(None) };
        if finding.holds {
            return Err(AppError::invalid("failure_class", "belongs to a run that was no success; leave it out"));
        }
        self.known_class(project, class).await?;
        Ok(Some(class.to_owned()))
    }

    async fn confirm_outcome(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        run: RunId,
        holds: bool,
        failure_class: Option<String>,
    ) -> Result<(), AppError> {
        let now = self.now();
        let outcome = if holds { Outcome::Success } else { Outcome::Failure };
        let fact = LateFact {
            value: FactValue::ReviewerConfirmation { outcome, failure_class },
            at: now,
            recorded_at: now,
            provenance: Provenance {
                actor: format!("{}:{}", project.actor().kind, project.actor().id),
                source: Some("triage".to_owned()),
            },
        };
        let write = RunWrite {
            scope: project.scope,
            target: Target::Id(run),
            new_id: run,
            change: Change::Fact {
                id: FactId::from_uuid(self.ids.uuid_v7()),
                key: format!("sample:{}", self.ids.uuid_v7()),
                fact,
            },
        };
        for result in ingest::apply(tx, &[write], now).await? {
            result.map_err(|refused| AppError::internal(refused.to_string()))?;
        }
        Ok(())
    }
}
