//! Loading what is stored of the runs a batch is about, in a fixed number of queries.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use sea_orm::{QuerySelect as _, sea_query};
use seatrial_domain::ids::{ProjectId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::run::{LateFact, RunFacts, RunReport};
use seatrial_domain::time::{SECOND, Timestamp};
use seatrial_domain::workflow::WorkflowRules;
use uuid::Uuid;

use super::state::{RunState, Standing, States};
use super::{Change, RunWrite, Target};
use crate::blob;
use crate::connection::{Connection, ReadConnection, WriteTx};
use crate::entity::{run, run_fact, trace, workflow};
use crate::error::StoreError;
use crate::run::{REPORT, TRACE, read_bodies};
use crate::scope::Scope;

/// Rows asked for at once: below both databases' limits of parameters.
const CHUNK: usize = 1_000;

pub(super) async fn states(tx: &WriteTx, scope: Scope, writes: &[(usize, &RunWrite)]) -> Result<States, StoreError> {
    let mut wanted = Wanted::default();
    for (_, write) in writes {
        wanted.add(write);
    }
    let rows = wanted.rows(tx, scope).await?;
    let mut states = States::default();
    for row in rows {
        states.insert(stored(row)?);
    }
    let whole: Vec<Uuid> = wanted
        .whole
        .iter()
        .filter_map(|target| match target {
            Target::Id(id) => states.by_id.get(id),
            Target::External(external) => states.by_external.get(external),
        })
        .filter_map(|position| states.runs[*position].id)
        .map(RunId::uuid)
        .collect();
    load_traces(tx, scope, &whole, &mut states).await?;
    load_facts(tx, scope, &whole, &mut states).await?;
    Ok(states)
}

/// The runs of a batch, and those whose trace and facts are needed too.
#[derive(Default)]
struct Wanted {
    external: HashSet<String>,
    ids: HashSet<Uuid>,
    whole: HashSet<Target>,
}

impl Wanted {
    fn add(&mut self, write: &RunWrite) {
        match &write.target {
            Target::External(external) => {
                self.external.insert(external.clone());
            }
            Target::Id(id) => {
                self.ids.insert(id.uuid());
            }
        }
        if !matches!(write.change, Change::Settle | Change::Delete) {
            self.whole.insert(write.target.clone());
        }
    }

    async fn rows(&self, tx: &WriteTx, scope: Scope) -> Result<Vec<run::Model>, StoreError> {
        let mut rows: HashMap<Uuid, run::Model> = HashMap::new();
        let external: Vec<&String> = self.external.iter().collect();
        for chunk in external.chunks(CHUNK) {
            let found = run::Entity::find()
                .filter(run::Column::ProjectId.eq(scope.uuid()))
                .filter(run::Column::ExternalId.is_in(chunk.iter().map(|text| text.as_str())))
                .all(tx.raw())
                .await?;
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
        let ids: Vec<&Uuid> = self.ids.iter().collect();
        for chunk in ids.chunks(CHUNK) {
            let found = run::Entity::find()
                .filter(scope.owns(run::Column::ProjectId))
                .filter(run::Column::Id.is_in(chunk.iter().map(|id| **id)))
                .all(tx.raw())
                .await?;
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
        Ok(rows.into_values().collect())
    }
}

pub(super) fn stored_facts(row: &run::Model) -> Result<RunFacts, StoreError> {
    serde_json::from_str(&row.facts_json).map_err(|error| StoreError::corrupt("run's facts", error))
}

fn stored(row: run::Model) -> Result<RunState, StoreError> {
    let facts = stored_facts(&row)?;
    let report = row
        .report_json
        .as_deref()
        .map(serde_json::from_str::<RunReport>)
        .transpose()
        .map_err(|error| StoreError::corrupt("run's report", error))?;
    let before = Standing {
        workflow: WorkflowId::from_uuid(row.workflow_id),
        release: ReleaseId::from_uuid(row.release_id),
        facts,
        settled: row.settled,
    };
    Ok(RunState {
        id: Some(RunId::from_uuid(row.id)),
        external_id: row.external_id,
        after: Some(before.clone()),
        before: Some(before),
        report,
        idle_closed: row.idle_closed,
        received_at: Timestamp::from_micros(row.received_at),
        ..RunState::default()
    })
}

async fn load_traces(tx: &WriteTx, scope: Scope, ids: &[Uuid], states: &mut States) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let rows = trace::Entity::find()
            .filter(scope.owns(trace::Column::ProjectId))
            .filter(trace::Column::RunId.is_in(chunk.iter().copied()))
            .all(tx.raw())
            .await?;
        for row in rows {
            let Some(position) = states.by_id.get(&RunId::from_uuid(row.run_id)) else { continue };
            let state = &mut states.runs[*position];
            match row.format.as_str() {
                TRACE => {
                    state.spans = blob::decode_spans(&row.skeleton)?;
                    state.trace_body = row.body;
                }
                REPORT => {
                    if let Some(report) = &mut state.report {
                        read_bodies(report, &row.body)?;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

async fn load_facts(tx: &WriteTx, scope: Scope, ids: &[Uuid], states: &mut States) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let rows = run_fact::Entity::find()
            .filter(run_fact::Column::ProjectId.eq(scope.uuid()))
            .filter(run_fact::Column::RunId.is_in(chunk.iter().copied()))
            .order_by_asc(run_fact::Column::RecordedAt)
            .order_by_asc(run_fact::Column::Id)
            .all(tx.raw())
            .await?;
        for row in rows {
            let fact: LateFact =
                serde_json::from_str(&row.fact_json).map_err(|error| StoreError::corrupt("late fact", error))?;
            if let Some(position) = states.by_id.get(&RunId::from_uuid(row.run_id)) {
                states.runs[*position].late.push(fact);
                states.runs[*position].fact_keys.push(row.idempotency_key);
            }
        }
    }
    Ok(())
}

pub(super) async fn due_to_settle(
    db: &ReadConnection,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(Scope, RunId)>, StoreError> {
    let rows: Vec<(Uuid, Uuid)> = run::Entity::find()
        .select_only()
        .column(run::Column::ProjectId)
        .column(run::Column::Id)
        .filter(run::Column::Settled.eq(false))
        .filter(run::Column::SettlesAt.lte(now.micros()))
        .order_by_asc(run::Column::SettlesAt)
        .limit(limit)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|(project, id)| scoped(project, id)).collect())
}

pub(super) async fn due_to_close(
    db: &ReadConnection,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(Scope, RunId)>, StoreError> {
    let rules: HashMap<Uuid, WorkflowRules> = workflow::Entity::find()
        .all(db.raw())
        .await?
        .into_iter()
        .filter_map(|row| Some((row.id, serde_json::from_str(&row.rules_json).ok()?)))
        .collect();
    let idle = |rules: &WorkflowRules| now.micros().saturating_sub(rules.idle_close_seconds.saturating_mul(SECOND));
    let mut any = sea_query::Condition::any();
    for (id, rules) in &rules {
        let rule = run::Column::WorkflowId.eq(*id).and(run::Column::UpdatedAt.lte(idle(rules)));
        any = any.add(rule);
    }
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Uuid, Uuid)> = run::Entity::find()
        .select_only()
        .column(run::Column::ProjectId)
        .column(run::Column::Id)
        .filter(run::Column::ClosedAt.is_null())
        .filter(run::Column::IdleClosed.eq(false))
        .filter(any)
        .order_by_asc(run::Column::UpdatedAt)
        .limit(limit)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|(project, id)| scoped(project, id)).collect())
}

fn scoped(project: Uuid, run: Uuid) -> (Scope, RunId) {
    (Scope::of(ProjectId::from_uuid(project)), RunId::from_uuid(run))
}
