//! The decision chain: appended under the project's write lock, read in order, never changed.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::canonical;
use seatrial_domain::decision::{DecisionRecord, DecisionTally, SealedDecision};
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, GateId, ReleaseId, WorkflowId};
use seatrial_domain::limits;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::decision;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// Which decisions are wanted.
#[derive(Clone, Debug, Default)]
pub struct DecisionFilter {
    /// Of this gate.
    pub gate: Option<GateId>,
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
}

fn corrupt(why: impl ToString) -> StoreError {
    StoreError::corrupt("decision", why)
}

fn sealed(row: &decision::Model) -> Result<SealedDecision, StoreError> {
    let value = canonical::parse_strict(&row.canonical).map_err(corrupt)?;
    Ok(SealedDecision {
        record: canonical::from_value(&value).map_err(corrupt)?,
        digest: row.digest.parse().map_err(corrupt)?,
    })
}

fn rows(scope: Scope, filter: &DecisionFilter) -> sea_orm::Select<decision::Entity> {
    let mut query = decision::Entity::find().filter(decision::Column::ProjectId.eq(scope.uuid()));
    if let Some(gate) = filter.gate {
        query = query.filter(decision::Column::GateId.eq(gate.uuid()));
    }
    if let Some(workflow) = filter.workflow {
        query = query.filter(decision::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(decision::Column::ReleaseId.eq(release.uuid()));
    }
    query
}

/// The latest decision the filter lets through: of a gate or a release the one that stands, since each takes the
/// place of the one before it.
///
/// # Errors
/// When the database fails.
pub async fn latest(
    db: &impl Connection,
    scope: Scope,
    filter: &DecisionFilter,
) -> Result<Option<SealedDecision>, StoreError> {
    let row = rows(scope, filter).order_by_desc(decision::Column::Sequence).one(db.raw()).await?;
    row.as_ref().map(sealed).transpose()
}

/// Appends a decision to the project's chain. Its sequence, the digest before it, and what it supersedes are filled in
/// here, under the project's write lock, so that whoever decides at the same time finds its place after this one.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &WriteTx, scope: Scope, record: DecisionRecord) -> Result<SealedDecision, StoreError> {
    crate::ingest::lock(tx, scope).await?;
    let last = latest(tx, scope, &DecisionFilter::default()).await?;
    let of_gate = DecisionFilter { gate: Some(record.gate), ..DecisionFilter::default() };
    let replaced = latest(tx, scope, &of_gate).await?;
    let record = DecisionRecord {
        sequence: last.as_ref().map_or(1, |last| last.record.sequence + 1),
        previous: last.map(|last| last.digest),
        supersedes: replaced.map(|replaced| replaced.record.id),
        ..record
    };
    let row = decision::Model {
        id: record.id.uuid(),
        project_id: scope.uuid(),
        sequence: i64::try_from(record.sequence).map_err(corrupt)?,
        gate_id: record.gate.uuid(),
        workflow_id: record.workflow.uuid(),
        release_id: record.release.uuid(),
        verdict: record.verdict.as_str().to_owned(),
        supersedes_id: record.supersedes.map(DecisionId::uuid),
        bundle_digest: record.bundle.to_string(),
        digest: record.digest().map_err(corrupt)?.to_string(),
        canonical: record.canonical_bytes().map_err(corrupt)?,
        decided_at: record.decided_at.micros(),
        recommended: record.recommended.as_str().to_owned(),
        decider_id: record.decided_by.id.clone(),
        decider_name: record.decided_by.display_name.clone(),
        approver_id: record.approved_by.as_ref().map(|second| second.id.clone()),
    };
    let sealed = record.seal().map_err(corrupt)?;
    decision::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(sealed)
}

/// Finds a decision by its id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, id: DecisionId) -> Result<Option<SealedDecision>, StoreError> {
    let row = decision::Entity::find_by_id(id.uuid())
        .filter(decision::Column::ProjectId.eq(scope.uuid()))
        .one(db.raw())
        .await?;
    row.as_ref().map(sealed).transpose()
}

/// Lists decisions, latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &DecisionFilter,
    page: Page,
) -> Result<(Vec<SealedDecision>, Option<Cursor>), StoreError> {
    let query = page.along(rows(scope, filter), decision::Column::Sequence, decision::Column::Id);
    let rows = query.all(db.raw()).await?;
    let (rows, next) = page.split(rows, |row| Cursor { key: row.sequence, id: row.id });
    Ok((rows.iter().map(sealed).collect::<Result<_, _>>()?, next))
}

/// The next decisions of the chain after the sequence `after` (0 for the first), at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn chain(db: &impl Connection, scope: Scope, after: u64) -> Result<Vec<SealedDecision>, StoreError> {
    let rows = rows(scope, &DecisionFilter::default())
        .filter(decision::Column::Sequence.gt(i64::try_from(after).unwrap_or(i64::MAX)))
        .order_by_asc(decision::Column::Sequence)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.iter().map(sealed).collect()
}

/// How many decisions there are of each kind: by person, workflow, recommendation and verdict. The kinds with the most
/// decisions, at most `limits::DECISION_TALLIES`.
///
/// # Errors
/// When the database fails.
pub async fn tallies(db: &impl Connection, scope: Scope) -> Result<Vec<DecisionTally>, StoreError> {
    type Row = (String, String, Uuid, String, String, i64, i64, i64);
    let rows: Vec<Row> = rows(scope, &DecisionFilter::default())
        .select_only()
        .columns([decision::Column::DeciderId, decision::Column::DeciderName, decision::Column::WorkflowId])
        .columns([decision::Column::Recommended, decision::Column::Verdict])
        .column_as(decision::Column::Id.count(), "decisions")
        .column_as(decision::Column::ApproverId.count(), "with_second")
        .column_as(decision::Column::Sequence.max(), "last")
        .group_by(decision::Column::DeciderId)
        .group_by(decision::Column::DeciderName)
        .group_by(decision::Column::WorkflowId)
        .group_by(decision::Column::Recommended)
        .group_by(decision::Column::Verdict)
        .order_by_desc(Expr::col(decision::Column::Id).count())
        .order_by_asc(decision::Column::DeciderId)
        .limit(limits::DECISION_TALLIES)
        .into_tuple()
        .all(db.raw())
        .await?;
    let verdict = |name: &str| Verdict::parse(name).ok_or_else(|| corrupt("its verdict is unknown"));
    let whole = |n: i64| u64::try_from(n).unwrap_or_default();
    rows.into_iter()
        .map(|(person, name, workflow, recommended, decided, decisions, with_second, last)| {
            Ok(DecisionTally {
                person,
                name,
                workflow: WorkflowId::from_uuid(workflow),
                recommended: verdict(&recommended)?,
                verdict: verdict(&decided)?,
                decisions: whole(decisions),
                with_second: whole(with_second),
                last: whole(last),
            })
        })
        .collect()
}

/// Which of these decisions are superseded, and by which.
///
/// # Errors
/// When the database fails.
pub async fn superseded(
    db: &impl Connection,
    scope: Scope,
    ids: &[DecisionId],
) -> Result<BTreeMap<DecisionId, DecisionId>, StoreError> {
    let found: Vec<(Option<Uuid>, Uuid)> = decision::Entity::find()
        .select_only()
        .columns([decision::Column::SupersedesId, decision::Column::Id])
        .filter(decision::Column::ProjectId.eq(scope.uuid()))
        .filter(decision::Column::SupersedesId.is_in(ids.iter().map(|id| id.uuid())))
        .into_tuple()
        .all(db.raw())
        .await?;
    let pairs = found.into_iter().filter_map(|(old, new)| Some((old?, new)));
    Ok(pairs.map(|(old, new)| (DecisionId::from_uuid(old), DecisionId::from_uuid(new))).collect())
}
