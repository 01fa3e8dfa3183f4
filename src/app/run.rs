//! Runs: taking in reports and late facts, reading and deleting.

use seatrial_domain::access::{ActorKind, Permission};
use seatrial_domain::ids::{FactId, RunId};
use seatrial_domain::limits;
use seatrial_domain::run::{FactValue, LateFact, Provenance, RunReport};
use seatrial_domain::time::Timestamp;
use seatrial_store::ingest::{Applied, Change, Refused, RunWrite, Target, WriteResult};
use seatrial_store::run::{RunFilter, RunRow, WholeRun};
use seatrial_store::{Cursor, Page};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit;
use super::error::{AppError, FieldError};
use super::ingest::Reservation;

/// What became of one reported run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOutcome {
    /// The sender's id of the run, as far as it could be read.
    pub external_id: Option<String>,
    /// The run and whether it is new or changed, or why it was refused.
    pub result: Result<(RunId, Applied), String>,
}

/// A late fact as its sender states it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// The sender's key: the same key again changes nothing.
    pub idempotency_key: String,
    /// When it happened; now, if absent.
    pub at: Option<Timestamp>,
    /// The system it comes from.
    pub source: Option<String>,
    /// What it says.
    pub value: FactValue,
}

/// The run a path names: an id of ours, or the sender's own.
#[must_use]
pub fn target(text: &str) -> Target {
    text.parse().map_or_else(|_| Target::External(text.to_owned()), Target::Id)
}

impl App {
    /// Makes room for a batch of runs, before it is read.
    ///
    /// # Errors
    /// When the queue is full or the caller may not.
    pub async fn room_for_runs(
        &self,
        caller: &Caller,
        project: &str,
        bytes: usize,
    ) -> Result<(ProjectAccess, Reservation), AppError> {
        let project = self.enter(caller, project, Permission::WriteRuns).await?;
        Ok((project, self.ingest.reserve(bytes, "json")?))
    }

    /// Takes in reported runs. An item that cannot be read or is out of bounds does not sink the others.
    ///
    /// # Errors
    /// When the queue is full, the caller may not, or the database refuses; then nothing was taken in.
    pub async fn report_runs(
        &self,
        project: &ProjectAccess,
        items: Vec<Result<RunReport, String>>,
        room: Reservation,
    ) -> Result<Vec<ReportOutcome>, AppError> {
        let now = self.now();
        let mut outcomes = Vec::with_capacity(items.len());
        let mut writes = Vec::with_capacity(items.len());
        let mut positions = Vec::with_capacity(items.len());
        for item in items {
            let checked = item.and_then(|report| match report.check(now) {
                Ok(()) => Ok(report),
                Err(error) => Err(format!("run `{}`: {error}", limits::clip(&report.external_id, 80))),
            });
            match checked {
                Err(why) => {
                    self.ingest.count("json", "rejected", 1);
                    outcomes.push(ReportOutcome { external_id: None, result: Err(why) });
                }
                Ok(report) => {
                    positions.push(outcomes.len());
                    let external_id = Some(report.external_id.clone());
                    outcomes.push(ReportOutcome { external_id, result: Err(String::new()) });
                    writes.push(self.report_write(project, report));
                }
            }
        }
        let results = self.ingest.write(writes, room).await?;
        for (position, result) in positions.into_iter().zip(results) {
            outcomes[position].result = result.map_err(|refused| refused.to_string());
        }
        Ok(outcomes)
    }

    fn report_write(&self, project: &ProjectAccess, report: RunReport) -> RunWrite {
        RunWrite {
            scope: project.scope,
            target: Target::External(report.external_id.clone()),
            new_id: RunId::from_uuid(self.ids.uuid_v7()),
            change: Change::Report(Box::new(report)),
        }
    }

    /// Appends late facts to runs. Each has its own result; a fact whose key is known changes nothing.
    ///
    /// # Errors
    /// When the caller may not, a fact is out of bounds, the queue is full or the database refuses; then no fact was
    /// recorded.
    pub async fn add_facts(
        &self,
        caller: &Caller,
        project: &str,
        facts: Vec<(Target, NewFact)>,
    ) -> Result<Vec<WriteResult>, AppError> {
        let project = self.enter(caller, project, Permission::AddFacts).await?;
        let now = self.now();
        let mut errors = Vec::new();
        for (position, (_, fact)) in facts.iter().enumerate() {
            if let Err(message) = check_fact(&project, fact, now)? {
                errors.push(FieldError::new(format!("facts[{position}]"), message));
            }
        }
        if !errors.is_empty() {
            return Err(AppError::Invalid { errors });
        }
        let actor = format!("{}:{}", project.actor().kind, project.actor().id);
        let writes = facts.into_iter().map(|(target, fact)| RunWrite {
            scope: project.scope,
            target,
            new_id: RunId::from_uuid(self.ids.uuid_v7()),
            change: Change::Fact {
                id: FactId::from_uuid(self.ids.uuid_v7()),
                key: fact.idempotency_key,
                fact: LateFact {
                    value: fact.value,
                    at: fact.at.unwrap_or(now),
                    recorded_at: now,
                    provenance: Provenance { actor: actor.clone(), source: fact.source },
                },
            },
        });
        let writes: Vec<_> = writes.collect();
        let room = self.ingest.reserve(writes.len() * 256, "fact")?;
        self.ingest.write(writes, room).await
    }

    /// Lists runs, latest start first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn list_runs(
        &self,
        caller: &Caller,
        project: &str,
        filter: &RunFilter,
        page: Page,
    ) -> Result<(Vec<RunRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        Ok(seatrial_store::run::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// A run with everything known about it.
    ///
    /// # Errors
    /// When there is no such run in the project, the caller may not, or the database fails.
    pub async fn run(&self, caller: &Caller, project: &str, id: RunId) -> Result<WholeRun, AppError> {
        let project = self.enter(caller, project, Permission::ReadRuns).await?;
        let run = seatrial_store::run::find(self.store.read(), project.scope, id).await?;
        run.ok_or(AppError::NotFound { noun: "run" })
    }

    /// Deletes a run with its trace, and takes what it contributed out of every figure. Eval cases made from it, frozen
    /// evidence and decisions keep their copies.
    ///
    /// # Errors
    /// When there is no such run in the project, the caller may not, or the database fails.
    pub async fn delete_run(&self, caller: &Caller, project: &str, id: RunId) -> Result<(), AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        let tx = self.store.write().await?;
        let found =
            seatrial_store::run::find(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "run" })?;
        let row = &found.row;
        // Which run it was, not what was said in it: who asks for a deletion wants that gone.
        let before = json!({
            "external_id": row.external_id, "workflow": row.workflow, "release": row.release,
            "started_at": row.facts.started_at, "outcome": row.facts.outcome,
        });
        let write = RunWrite { scope: project.scope, target: Target::Id(id), new_id: id, change: Change::Delete };
        let results = seatrial_store::ingest::apply(&tx, &[write], self.now()).await?;
        if matches!(results.first(), Some(Err(Refused::NoRun(_)))) {
            return Err(AppError::NotFound { noun: "run" });
        }
        self.audit(&tx, &project, "delete", "run", id, &audit::Change::gone(before)).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Checks one fact; the inner error is a sentence about it.
fn check_fact(project: &ProjectAccess, fact: &NewFact, now: Timestamp) -> Result<Result<(), String>, AppError> {
    if matches!(fact.value, FactValue::ReviewerConfirmation { .. }) {
        project.require(Permission::Triage)?;
        if project.actor().kind != ActorKind::Account {
            return Ok(Err("a reviewer's confirmation is a person's act; send an `outcome` fact instead".to_owned()));
        }
    }
    let key = &fact.idempotency_key;
    if key.trim().is_empty() || key.len() > limits::LABEL_BYTES {
        return Ok(Err(format!("`idempotency_key` must have 1 to {} bytes", limits::LABEL_BYTES)));
    }
    if fact.at.is_some_and(|at| at > now.plus_micros(limits::CLOCK_SKEW_MICROS)) {
        return Ok(Err("`at` is in the future; check the clock".to_owned()));
    }
    if fact.source.as_ref().is_some_and(|source| source.len() > limits::LABEL_BYTES) {
        return Ok(Err(format!("`source` is longer than {} bytes", limits::LABEL_BYTES)));
    }
    Ok(fact.value.check())
}
