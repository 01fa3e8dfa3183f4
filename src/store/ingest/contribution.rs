//! What the runs of a batch add to and take from cells and evidence blocks.
//!
//! A cell counts every run; a block counts one run per unit, the first that settled (or concluded). Which run stands
//! for a unit may change with a batch, so the standing one before and after are found over stored and changed runs.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::sea_query::Value;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use sea_orm::{QuerySelect as _, Statement};
use seatrial_domain::cell::{ALL, Basis, Cell};
use seatrial_domain::ids::{ReleaseId, RunId, WorkflowId};
use seatrial_domain::run::RunFacts;
use seatrial_domain::time::Timestamp;

use super::load::stored_facts;
use super::names::Context;
use super::state::{Standing, States};
use crate::accumulate::{Changes, Group, Minute, placeholders};
use crate::connection::{Connection as _, WriteTx};
use crate::entity::run;
use crate::error::StoreError;
use crate::scope::Scope;

/// A unit: runs of one session, case or customer on one release.
type Unit = (WorkflowId, ReleaseId, String);

/// Computes the changes of the sums and writes them.
pub(super) async fn write(
    tx: &WriteTx,
    scope: Scope,
    context: &mut Context,
    states: &States,
) -> Result<(), StoreError> {
    let mut changes = Changes::default();
    for state in states.runs.iter().filter(|state| state.dirty()) {
        for (standing, sign) in [(&state.before, -1), (&state.after, 1)] {
            if let Some(standing) = standing.as_ref().filter(|standing| standing.facts.counts) {
                add_cells(&mut changes, context, standing, sign);
            }
        }
    }
    for basis in [Basis::Settled, Basis::Concluded] {
        let stored = first_stored(tx, scope, states, basis).await?;
        add_blocks(&mut changes, context, states, &stored, basis);
    }
    context.save_segments(tx, scope).await?;
    changes.apply(tx, scope).await
}

fn groups(context: &mut Context, standing: &Standing) -> Vec<Group> {
    let group = |dimension: &str, value: &str| Group {
        workflow: standing.workflow,
        release: standing.release,
        dimension: dimension.to_owned(),
        value: value.to_owned(),
    };
    let mut groups = vec![group(ALL, "")];
    for (dimension, value) in &standing.facts.segments {
        let folded = context.folded(standing.workflow, dimension, value);
        groups.push(group(dimension, folded));
    }
    groups
}

fn add_cells(changes: &mut Changes, context: &mut Context, standing: &Standing, sign: i64) {
    let cell = Cell::of(&standing.facts);
    for group in groups(context, standing) {
        changes.cell(&group, standing.facts.started_at, &cell, sign);
    }
}

/// When a run counts as evidence on `basis`; `None` when it does not (yet).
fn evident_at(standing: &Standing, basis: Basis) -> Option<Timestamp> {
    let facts = &standing.facts;
    match basis {
        _ if !facts.counts || !facts.concluded() => None,
        Basis::Settled => facts.settles_at().filter(|_| standing.settled),
        Basis::Concluded => facts.closed_at,
    }
}

fn unit_of(standing: &Standing) -> Option<Unit> {
    standing.facts.unit.clone().map(|unit| (standing.workflow, standing.release, unit))
}

/// The run that stands for a unit, with when it counted.
#[derive(Clone)]
struct First {
    at: Timestamp,
    id: RunId,
    standing: Standing,
}

/// The first stored run outside the batch of every unit that the batch concerns.
async fn first_stored(
    tx: &WriteTx,
    scope: Scope,
    states: &States,
    basis: Basis,
) -> Result<HashMap<Unit, First>, StoreError> {
    let dirty = || states.runs.iter().filter(|state| state.dirty());
    let units: HashSet<String> = dirty()
        .flat_map(|state| [&state.before, &state.after])
        .flatten()
        .filter_map(|standing| standing.facts.unit.clone())
        .collect();
    let in_batch: HashSet<RunId> = dirty().filter_map(|state| state.id).collect();
    let units: Vec<String> = units.into_iter().collect();
    let mut first = HashMap::new();
    for chunk in units.chunks(500) {
        for row in candidates(tx, scope, chunk, basis, &in_batch).await? {
            let standing = Standing {
                workflow: WorkflowId::from_uuid(row.workflow_id),
                release: ReleaseId::from_uuid(row.release_id),
                facts: stored_facts(&row)?,
                settled: row.settled,
            };
            let id = RunId::from_uuid(row.id);
            if let Some((at, unit)) = evident_at(&standing, basis).zip(unit_of(&standing)) {
                keep_first(&mut first, unit, First { at, id, standing });
            }
        }
    }
    Ok(first)
}

fn keep_first(first: &mut HashMap<Unit, First>, unit: Unit, candidate: First) {
    match first.get(&unit) {
        Some(known) if (known.at, known.id) <= (candidate.at, candidate.id) => {}
        _ => {
            first.insert(unit, candidate);
        }
    }
}

/// The earliest stored run of each unit on the basis, runs of the batch aside.
async fn candidates(
    tx: &WriteTx,
    scope: Scope,
    units: &[String],
    basis: Basis,
    in_batch: &HashSet<RunId>,
) -> Result<Vec<run::Model>, StoreError> {
    let (order, due) = match basis {
        Basis::Settled => ("settles_at", "settled"),
        Basis::Concluded => ("closed_at", "settles_at IS NOT NULL"),
    };
    let raw = tx.raw();
    let backend = raw.get_database_backend();
    let mut values: Vec<Value> = vec![scope.uuid().into()];
    values.extend(units.iter().map(|unit| Value::from(unit.clone())));
    values.extend(in_batch.iter().map(|id| Value::from(id.uuid())));
    let marks = placeholders(tx.backend, 1, values.len());
    let marks: Vec<&str> = marks.trim_matches(['(', ')']).split(", ").collect();
    let (unit_marks, id_marks) = marks[1..].split_at(units.len());
    let sql = format!(
        "SELECT * FROM (SELECT runs.*, ROW_NUMBER() OVER (PARTITION BY workflow_id, release_id, unit \
         ORDER BY {order}, id) AS place FROM runs WHERE project_id = {} AND unit IN ({}) AND {due} \
         AND id NOT IN ({})) AS ranked WHERE place = 1",
        marks[0],
        unit_marks.join(", "),
        id_marks.join(", "),
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(run::Entity::find().from_raw_sql(statement).all(raw).await?)
}

fn add_blocks(
    changes: &mut Changes,
    context: &mut Context,
    states: &States,
    stored: &HashMap<Unit, First>,
    basis: Basis,
) {
    let mut before = stored.clone();
    let mut after = stored.clone();
    for state in states.runs.iter().filter(|state| state.dirty()) {
        let Some(id) = state.id else { continue };
        for (standing, first, sign) in [(&state.before, &mut before, -1), (&state.after, &mut after, 1)] {
            let Some(standing) = standing else { continue };
            let Some(at) = evident_at(standing, basis) else { continue };
            match unit_of(standing) {
                None => add_block(changes, context, standing, basis, at, sign),
                Some(unit) => keep_first(first, unit, First { at, id, standing: standing.clone() }),
            }
        }
    }
    // Both maps are walked in order so that new segment values are registered in the same order every time.
    let ordered = |map: HashMap<Unit, First>| map.into_iter().collect::<BTreeMap<_, _>>();
    for (map, sign) in [(ordered(before), -1), (ordered(after), 1)] {
        for first in map.into_values() {
            add_block(changes, context, &first.standing, basis, first.at, sign);
        }
    }
}

fn add_block(
    changes: &mut Changes,
    context: &mut Context,
    standing: &Standing,
    basis: Basis,
    at: Timestamp,
    sign: i64,
) {
    let facts: &RunFacts = &standing.facts;
    let run = Minute::of(facts, basis);
    for group in groups(context, standing) {
        changes.block(&group, basis, at, &run, sign);
    }
}

/// Writes every sum of a project anew from its runs. The caller holds the project's write lock.
pub(super) async fn rebuild(tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
    let changes = recompute(tx, scope).await?;
    crate::accumulate::forget(tx, scope).await?;
    changes.apply(tx, scope).await
}

/// What the sums of a project must be, computed from its runs alone, a page at a time.
pub(super) async fn recompute(tx: &WriteTx, scope: Scope) -> Result<Changes, StoreError> {
    let mut context = Context::load(tx, scope).await?;
    let mut changes = Changes::default();
    let mut first: [HashMap<Unit, First>; 2] = Default::default();
    let mut after = uuid::Uuid::nil();
    loop {
        let rows = run::Entity::find()
            .filter(run::Column::ProjectId.eq(scope.uuid()))
            .filter(run::Column::Id.gt(after))
            .order_by_asc(run::Column::Id)
            .limit(1_000)
            .all(tx.raw())
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in &rows {
            let standing = Standing {
                workflow: WorkflowId::from_uuid(row.workflow_id),
                release: ReleaseId::from_uuid(row.release_id),
                facts: stored_facts(row)?,
                settled: row.settled,
            };
            if standing.facts.counts {
                add_cells(&mut changes, &mut context, &standing, 1);
            }
            for (basis, first) in [Basis::Settled, Basis::Concluded].into_iter().zip(&mut first) {
                let Some(at) = evident_at(&standing, basis) else { continue };
                match unit_of(&standing) {
                    None => add_block(&mut changes, &mut context, &standing, basis, at, 1),
                    Some(unit) => {
                        let id = RunId::from_uuid(row.id);
                        keep_first(first, unit, First { at, id, standing: standing.clone() });
                    }
                }
            }
        }
    }
    for (basis, first) in [Basis::Settled, Basis::Concluded].into_iter().zip(first) {
        for first in first.into_values() {
            add_block(&mut changes, &mut context, &first.standing, basis, first.at, 1);
        }
    }
    changes.compact();
    Ok(changes)
}
