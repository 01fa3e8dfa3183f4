//! Grouping failures into patterns: those that wait for it, patterns they may belong to, and where they came to stand.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{PatternId, ProjectId, RunId, WorkflowId};
use seatrial_domain::pattern::{Fingerprint, PatternState};
use seatrial_domain::similarity::{BANDS, Signature};
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use super::{FIRST, PatternEvent, PatternRow, add_events};
use crate::connection::{Connection, WriteTx};
use crate::entity::{failure, pattern, pattern_band};
use crate::error::StoreError;
use crate::scope::Scope;

/// Values in one condition: both databases take as many parameters.
const CHUNK: usize = 5_000;

/// Failures that are new or were labelled since they were grouped: of one project, by run, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn due(db: &impl Connection, limit: u64) -> Result<Option<(Scope, Vec<RunId>)>, StoreError> {
    let rows: Vec<(Uuid, Uuid)> = failure::Entity::find()
        .select_only()
        .columns([failure::Column::ProjectId, failure::Column::RunId])
        .filter(failure::Column::PatternDue.eq(true))
        .order_by_asc(failure::Column::ProjectId)
        .order_by_asc(failure::Column::RunId)
        .limit(limit)
        .into_tuple()
        .all(db.raw())
        .await?;
    let Some((first, _)) = rows.first().copied() else { return Ok(None) };
    let runs = rows.into_iter().filter(|(project, _)| *project == first).map(|(_, run)| RunId::from_uuid(run));
    Ok(Some((Scope::of(ProjectId::from_uuid(first)), runs.collect())))
}

/// The patterns of a workflow that share a band with one of the fingerprints, or that are named, with what they are told
/// apart by.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn sharing(
    db: &impl Connection,
    scope: Scope,
    hashes: &[(WorkflowId, [i64; BANDS])],
    named: &[PatternId],
) -> Result<BTreeMap<PatternId, (PatternRow, Fingerprint)>, StoreError> {
    let workflows: BTreeSet<Uuid> = hashes.iter().map(|(workflow, _)| workflow.uuid()).collect();
    let hashes: BTreeSet<i64> = hashes.iter().flat_map(|(_, bands)| *bands).collect();
    let mut wanted: BTreeSet<Uuid> = named.iter().map(|id| id.uuid()).collect();
    for chunk in hashes.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let found: Vec<Uuid> = pattern_band::Entity::find()
            .select_only()
            .column(pattern_band::Column::PatternId)
            .distinct()
            .filter(pattern_band::Column::ProjectId.eq(scope.uuid()))
            .filter(pattern_band::Column::WorkflowId.is_in(workflows.iter().copied()))
            .filter(pattern_band::Column::Hash.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db.raw())
            .await?;
        wanted.extend(found);
    }
    let mut patterns = BTreeMap::new();
    for chunk in wanted.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let rows = pattern::Entity::find()
            .filter(scope.owns(pattern::Column::ProjectId))
            .filter(pattern::Column::Id.is_in(chunk.iter().copied()));
        for row in rows.all(db.raw()).await? {
            let content = row.signature.as_deref().map(|bytes| {
                Signature::from_bytes(bytes).ok_or_else(|| StoreError::corrupt("failure pattern's sketch", row.id))
            });
            let fingerprint = Fingerprint {
                class: row.failure_class.clone(),
                step: row.step.clone(),
                content: content.transpose()?,
                bands: [0; BANDS],
            };
            let row = PatternRow::from_model(row)?;
            patterns.insert(row.id, (row, fingerprint));
        }
    }
    Ok(patterns)
}

/// A pattern that a failure began.
#[derive(Clone, Debug)]
pub struct NewPattern {
    /// Its id.
    pub id: PatternId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// What its failures are told apart by.
    pub fingerprint: Fingerprint,
    /// When the run of its first failure began.
    pub latest_at: Timestamp,
    /// That it was found.
    pub event: PatternEvent,
}

/// Keeps new patterns.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, new: &[NewPattern]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let models = new.iter().map(|new| {
        let model = pattern::Model {
            id: new.id.uuid(),
            project_id: scope.uuid(),
            workflow_id: new.workflow.uuid(),
            failure_class: new.fingerprint.class.clone(),
            step: new.fingerprint.step.clone(),
            signature: new.fingerprint.content.as_ref().map(Signature::to_bytes),
            state: PatternState::New.as_str().to_owned(),
            fixed_in: None,
            failures: 0,
            found_at: new.event.at.micros(),
            latest_at: new.latest_at.micros(),
            changed_at: new.event.at.micros(),
        };
        model.into_active_model().reset_all()
    });
    pattern::Entity::insert_many(models).exec_without_returning(tx.raw()).await?;
    let bands = new.iter().flat_map(|new| {
        let hashes: BTreeSet<i64> = new.fingerprint.bands.into_iter().collect();
        hashes.into_iter().map(|hash| {
            let model = pattern_band::Model {
                project_id: scope.uuid(),
                workflow_id: new.workflow.uuid(),
                hash,
                pattern_id: new.id.uuid(),
            };
            model.into_active_model().reset_all()
        })
    });
    let bands: Vec<pattern_band::ActiveModel> = bands.collect();
    for chunk in bands.chunks(CHUNK) {
        pattern_band::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.raw()).await?;
    }
    let events: Vec<_> = new.iter().map(|new| (new.id, FIRST, new.event.clone())).collect();
    add_events(tx, scope, &events).await
}

/// Makes class and step of a pattern known.
///
/// # Errors
/// When the database fails.
pub async fn learn(tx: &WriteTx, scope: Scope, id: PatternId, known: &Fingerprint) -> Result<(), StoreError> {
    pattern::Entity::update_many()
        .col_expr(pattern::Column::FailureClass, Expr::value(known.class.clone()))
        .col_expr(pattern::Column::Step, Expr::value(known.step.clone()))
        .filter(pattern::Column::ProjectId.eq(scope.uuid()))
        .filter(pattern::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Says that these failures belong to a pattern, or to none, and wait no more.
///
/// # Errors
/// When the database fails.
pub async fn assign(tx: &WriteTx, scope: Scope, id: Option<PatternId>, runs: &[RunId]) -> Result<(), StoreError> {
    for chunk in runs.chunks(CHUNK) {
        failure::Entity::update_many()
            .col_expr(failure::Column::PatternId, Expr::value(id.map(PatternId::uuid)))
            .col_expr(failure::Column::PatternDue, Expr::value(false))
            .filter(scope.owns(failure::Column::ProjectId))
            .filter(failure::Column::RunId.is_in(chunk.iter().map(|run| run.uuid())))
            .exec(tx.raw())
            .await?;
    }
    Ok(())
}

/// Counts the failures of these patterns again.
///
/// # Errors
/// When the database fails.
pub async fn count_again(tx: &WriteTx, scope: Scope, ids: &BTreeSet<PatternId>) -> Result<(), StoreError> {
    let counted: Vec<(Uuid, i64, i64)> = failure::Entity::find()
        .select_only()
        .column(failure::Column::PatternId)
        .expr_as(failure::Column::RunId.count(), "failures")
        .expr_as(failure::Column::OccurredAt.max(), "latest_at")
        .filter(failure::Column::ProjectId.eq(scope.uuid()))
        .filter(failure::Column::PatternId.is_in(ids.iter().map(|id| id.uuid())))
        .group_by(failure::Column::PatternId)
        .into_tuple()
        .all(tx.raw())
        .await?;
    let counted: BTreeMap<Uuid, (i64, i64)> = counted.into_iter().map(|(id, n, at)| (id, (n, at))).collect();
    // Bounded by the failures of a batch.
    for id in ids {
        let mut update = pattern::Entity::update_many()
            .filter(pattern::Column::ProjectId.eq(scope.uuid()))
            .filter(pattern::Column::Id.eq(id.uuid()));
        let known = counted.get(&id.uuid()).copied();
        update = update.col_expr(pattern::Column::Failures, Expr::value(known.map_or(0, |(failures, _)| failures)));
        if let Some((_, latest)) = known {
            update = update.col_expr(pattern::Column::LatestAt, Expr::value(latest));
        }
        update.exec(tx.raw()).await?;
    }
    Ok(())
}
