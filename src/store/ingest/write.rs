//! Writing the runs of a batch back: rows, traces, late facts, failures.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::RunId;
use seatrial_domain::sample::SampleStatus;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use super::state::{RunState, Standing, States};
use crate::blob;
use crate::connection::{Connection as _, WriteTx};
use crate::entity::{failure, run, run_fact, sample, trace, triage_act};
use crate::error::StoreError;
use crate::run::{REPORT, TRACE, split_bodies};
use crate::scope::Scope;

/// Rows per statement: twenty parameters each stay below both databases' limits.
const CHUNK: usize = 500;
/// Rows per statement where each carries a body, which the statement copies.
const BODIES: usize = 50;

macro_rules! insert_chunks {
    ($entity:ident, $rows:expr, $at_once:expr, $conflict:expr, $raw:expr) => {
        let mut rows = $rows.into_iter().map(|row| row.into_active_model().reset_all()).peekable();
        while rows.peek().is_some() {
            let chunk: Vec<_> = rows.by_ref().take($at_once).collect();
            $entity::Entity::insert_many(chunk).on_conflict($conflict).exec_without_returning($raw).await?;
        }
    };
}

pub(super) async fn save(tx: &WriteTx, scope: Scope, states: States, now: Timestamp) -> Result<(), StoreError> {
    let mut rows = Rows::default();
    for state in states.runs.into_iter().filter(RunState::dirty) {
        rows.add(scope, state, now)?;
    }
    let raw = tx.raw();
    insert_chunks!(run, rows.runs, CHUNK, update_all::<run::Entity>(run::Column::Id), raw);
    insert_chunks!(trace, rows.traces, BODIES, update_trace(), raw);
    insert_chunks!(run_fact, rows.facts, CHUNK, OnConflict::new().do_nothing().to_owned(), raw);
    insert_chunks!(failure, rows.failures, CHUNK, update_failure(), raw);
    for chunk in rows.not_failed.chunks(CHUNK) {
        failure::Entity::delete_many()
            .filter(scope.owns(failure::Column::ProjectId))
            .filter(failure::Column::RunId.is_in(chunk.iter().copied()))
            .filter(failure::Column::Status.eq(LearningStatus::Open.as_str()))
            .exec(raw)
            .await?;
    }
    insert_chunks!(sample, rows.samples, CHUNK, OnConflict::column(sample::Column::RunId).do_nothing().to_owned(), raw);
    for chunk in rows.no_successes.chunks(CHUNK) {
        sample::Entity::delete_many()
            .filter(scope.owns(sample::Column::ProjectId))
            .filter(sample::Column::RunId.is_in(chunk.iter().copied()))
            .filter(sample::Column::Status.eq(SampleStatus::Open.as_str()))
            .exec(raw)
            .await?;
    }
    delete(tx, scope, &rows.deleted).await
}

async fn delete(tx: &WriteTx, scope: Scope, ids: &[Uuid]) -> Result<(), StoreError> {
    let raw = tx.raw();
    for chunk in ids.chunks(CHUNK) {
        let ids = || chunk.iter().copied();
        macro_rules! delete_from {
            ($entity:ident, $column:ident) => {
                $entity::Entity::delete_many()
                    .filter(scope.owns($entity::Column::ProjectId))
                    .filter($entity::Column::$column.is_in(ids()))
                    .exec(raw)
                    .await?;
            };
        }
        delete_from!(trace, RunId);
        delete_from!(run_fact, RunId);
        delete_from!(failure, RunId);
        delete_from!(triage_act, RunId);
        delete_from!(sample, RunId);
        delete_from!(run, Id);
    }
    Ok(())
}

fn update_all<E: sea_orm::EntityTrait>(key: E::Column) -> OnConflict {
    use sea_orm::Iterable as _;
    OnConflict::column(key).update_columns(E::Column::iter()).to_owned()
}

fn update_trace() -> OnConflict {
    OnConflict::columns([trace::Column::RunId, trace::Column::Format])
        .update_columns([trace::Column::SpanCount, trace::Column::Skeleton, trace::Column::Body])
        .to_owned()
}

/// What is known of the run follows it; what people decided about the failure stays. Whether it belongs to another pattern
/// now is found out in the background.
fn update_failure() -> OnConflict {
    OnConflict::column(failure::Column::RunId)
        .update_columns([
            failure::Column::WorkflowId,
            failure::Column::ReleaseId,
            failure::Column::FailureClass,
            failure::Column::Severity,
            failure::Column::OccurredAt,
            failure::Column::PatternDue,
        ])
        .to_owned()
}

#[derive(Default)]
struct Rows {
    runs: Vec<run::Model>,
    traces: Vec<trace::Model>,
    facts: Vec<run_fact::Model>,
    failures: Vec<failure::Model>,
    not_failed: Vec<Uuid>,
    samples: Vec<sample::Model>,
    no_successes: Vec<Uuid>,
    deleted: Vec<Uuid>,
}

impl Rows {
    fn add(&mut self, scope: Scope, mut state: RunState, now: Timestamp) -> Result<(), StoreError> {
        let Some(id) = state.id else { return Ok(()) };
        let Some(standing) = state.after.take() else {
            self.deleted.push(id.uuid());
            return Ok(());
        };
        let was_failed = state.before.as_ref().is_some_and(|before| before.facts.failed());
        if standing.facts.failed() && standing.facts.counts {
            self.failures.push(failure_row(scope, id, &standing));
        } else if was_failed {
            self.not_failed.push(id.uuid());
        }
        if state.sampled {
            self.samples.push(sample_row(scope, id, &standing));
        } else if state.before.as_ref().is_some_and(|before| before.facts.successful()) && !standing.facts.successful()
        {
            self.no_successes.push(id.uuid());
        }
        self.add_trace(scope, id, &mut state)?;
        self.add_facts(scope, id, &state)?;
        let report_json = state
            .report
            .as_ref()
            .map(serde_json::to_string)
            .transpose()
            .map_err(|error| StoreError::corrupt("run's report", error))?;
        self.runs.push(run_row(scope, id, state, &standing, report_json, now)?);
        Ok(())
    }

    fn add_trace(&mut self, scope: Scope, id: RunId, state: &mut RunState) -> Result<(), StoreError> {
        let row = |format: &str, span_count: usize, skeleton: Vec<u8>, body: Vec<u8>| trace::Model {
            run_id: id.uuid(),
            project_id: scope.uuid(),
            format: format.to_owned(),
            span_count: i64::try_from(span_count).unwrap_or(i64::MAX),
            skeleton,
            body,
        };
        if state.trace_changed {
            let skeleton = blob::encode_spans(&state.spans)?;
            self.traces.push(row(TRACE, state.spans.len(), skeleton, std::mem::take(&mut state.trace_body)));
        }
        // The row keeps the report without its bodies, whether or not they are written anew.
        if let Some(report) = &mut state.report
            && let Some(body) = split_bodies(report)?
            && state.report_changed
        {
            self.traces.push(row(REPORT, 0, Vec::new(), body));
        }
        Ok(())
    }

    fn add_facts(&mut self, scope: Scope, run: RunId, state: &RunState) -> Result<(), StoreError> {
        for (id, key, fact) in &state.new_facts {
            self.facts.push(run_fact::Model {
                id: id.uuid(),
                project_id: scope.uuid(),
                run_id: run.uuid(),
                idempotency_key: key.clone(),
                fact_json: serde_json::to_string(fact).map_err(|error| StoreError::corrupt("late fact", error))?,
                recorded_at: fact.recorded_at.micros(),
            });
        }
        Ok(())
    }
}

fn run_row(
    scope: Scope,
    id: RunId,
    state: RunState,
    standing: &Standing,
    report_json: Option<String>,
    now: Timestamp,
) -> Result<run::Model, StoreError> {
    let facts = &standing.facts;
    Ok(run::Model {
        id: id.uuid(),
        project_id: scope.uuid(),
        workflow_id: standing.workflow.uuid(),
        release_id: standing.release.uuid(),
        external_id: state.external_id,
        started_at: facts.started_at.micros(),
        closed_at: facts.closed_at.map(Timestamp::micros),
        settles_at: facts.settles_at().map(Timestamp::micros),
        settled: standing.settled,
        idle_closed: state.idle_closed,
        outcome: facts.outcome.as_str().to_owned(),
        failure_class: facts.failure_class.clone(),
        failed: facts.failed(),
        unit: facts.unit.clone(),
        facts_json: serde_json::to_string(facts).map_err(|error| StoreError::corrupt("run's facts", error))?,
        report_json,
        received_at: state.received_at.micros(),
        updated_at: now.micros(),
    })
}

fn sample_row(scope: Scope, id: RunId, standing: &Standing) -> sample::Model {
    sample::Model {
        run_id: id.uuid(),
        project_id: scope.uuid(),
        workflow_id: standing.workflow.uuid(),
        release_id: standing.release.uuid(),
        occurred_at: standing.facts.started_at.micros(),
        status: SampleStatus::Open.as_str().to_owned(),
        note: None,
        decided_by: None,
        decided_at: None,
    }
}

fn failure_row(scope: Scope, id: RunId, standing: &Standing) -> failure::Model {
    let facts = &standing.facts;
    failure::Model {
        run_id: id.uuid(),
        project_id: scope.uuid(),
        workflow_id: standing.workflow.uuid(),
        release_id: standing.release.uuid(),
        failure_class: facts.failure_class.clone(),
        severity: facts.severity.map(|severity| severity.as_str().to_owned()),
        occurred_at: facts.started_at.micros(),
        status: LearningStatus::Open.as_str().to_owned(),
        case_id: None,
        reason: None,
        decided_by: None,
        decided_at: None,
        assigned_to: None,
        reserved_by: None,
        reserved_until: None,
        span_id: None,
        step: None,
        note: None,
        labelled_by: None,
        labelled_at: None,
        pattern_id: None,
        pattern_due: true,
    }
}
