//! Prefixes: how far the evidence of undecided gates has come, so that a look reads only what is new.
//!
//! A prefix is a cache beside the blocks. Whoever changes a block before its end drops it in the same transaction
//! (`corrected`), and a pass that read before such a change cannot keep what it computed, because the revision has moved on.

use std::collections::BTreeMap;

use sea_orm::QuerySelect as _;
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use seatrial_domain::evidence::Prefix;
use seatrial_domain::gate::Progress;
use seatrial_domain::ids::{GateId, ReleaseId};
use seatrial_domain::time::Timestamp;

use crate::blob;
use crate::connection::{Connection, WriteTx};
use crate::entity::gate_prefix;
use crate::error::StoreError;
use crate::gate::GateRow;
use crate::scope::Scope;

/// The most bytes that are kept of one gate. Beyond, every look begins anew.
const BYTES: usize = 64 << 20;

/// The earliest hours in which blocks of a release changed: of settled runs, and of concluded ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub settled: Option<Timestamp>,
    pub concluded: Option<Timestamp>,
}

/// A prefix as it is kept, to be decoded while what came after it is read.
#[derive(Debug)]
pub struct Kept {
    revision: i64,
    through: Timestamp,
    body: Vec<u8>,
}

impl Kept {
    /// Which of the gate's prefixes it is: no two have the same.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Bytes of its encoded form.
    #[must_use]
    pub fn length(&self) -> usize {
        self.body.len()
    }

    /// Up to which time it goes.
    #[must_use]
    pub fn through(&self) -> Timestamp {
        self.through
    }

    /// The prefix, and how far its evidence had come. `None` when it cannot be read back any more: it is computed anew.
    #[must_use]
    pub fn decode(self) -> Option<(Prefix, Progress)> {
        blob::decode_prefix(&self.body).ok()
    }
}

/// Which prefix of a gate's evidence is kept; `None` when none is.
///
/// # Errors
/// When the database fails.
pub async fn revision(db: &impl Connection, scope: Scope, gate: GateId) -> Result<Option<i64>, StoreError> {
    let kept = gate_prefix::Entity::find_by_id((scope.uuid(), gate.uuid()))
        .filter(gate_prefix::Column::Body.is_not_null())
        .select_only()
        .column(gate_prefix::Column::Revision);
    Ok(kept.into_tuple().one(db.raw()).await?)
}

/// What is kept of a gate's evidence, when it holds.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, gate: GateId) -> Result<Option<Kept>, StoreError> {
    let row = gate_prefix::Entity::find_by_id((scope.uuid(), gate.uuid())).one(db.raw()).await?;
    Ok(row.and_then(|row| {
        let body = row.body?;
        let through = blob::decode_prefix_through(&body).ok()?;
        Some(Kept { revision: row.revision, through, body })
    }))
}

/// Claims the blocks of runs that settle, or would, before `through`: a change of one of them from `now` on moves the
/// revision, which is returned. Runs settle `settle_micros` after they concluded.
///
/// Revisions begin at the time of the first claim, so that a gate whose row was removed does not come by one again.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &WriteTx,
    scope: Scope,
    gate: &GateRow,
    now: Timestamp,
    (through, settle_micros): (Timestamp, i64),
) -> Result<i64, StoreError> {
    use gate_prefix::Column as C;
    let row = gate_prefix::Model {
        project_id: scope.uuid(),
        gate_id: gate.id.uuid(),
        release_id: gate.release.uuid(),
        baseline_id: gate.baseline.map(ReleaseId::uuid),
        through: through.micros(),
        concluded_through: through.plus_micros(-settle_micros).micros(),
        revision: now.micros(),
        body: None,
    };
    let conflict = OnConflict::columns([C::ProjectId, C::GateId]);
    gate_prefix::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(conflict.clone().update_columns([C::Through, C::ConcludedThrough]).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    let revision = gate_prefix::Entity::find_by_id((scope.uuid(), gate.id.uuid()))
        .select_only()
        .column(C::Revision)
        .into_tuple::<i64>()
        .one(tx.raw())
        .await?;
    Ok(revision.unwrap_or_default())
}

/// The bytes that are kept; `None` when they are too many.
///
/// # Errors
/// When a figure cannot be encoded.
pub fn encode(prefix: &Prefix, progress: &Progress) -> Result<Option<Vec<u8>>, StoreError> {
    let body = blob::encode_prefix(prefix, progress)?;
    Ok((body.len() <= BYTES).then_some(body))
}

/// Keeps the bytes of a gate's prefix, unless a block in it changed since it was claimed. Returns the revision by which
/// they are found from now on; `None` when they were not kept.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &WriteTx,
    scope: Scope,
    gate: GateId,
    claimed: i64,
    body: Option<Vec<u8>>,
) -> Result<Option<i64>, StoreError> {
    let (kept, revision) = (body.is_some(), claimed + 1);
    let updated = gate_prefix::Entity::update_many()
        .col_expr(gate_prefix::Column::Body, Expr::value(body))
        .col_expr(gate_prefix::Column::Revision, Expr::value(revision))
        .filter(gate_prefix::Column::ProjectId.eq(scope.uuid()))
        .filter(gate_prefix::Column::GateId.eq(gate.uuid()))
        .filter(gate_prefix::Column::Revision.eq(claimed))
        .exec(tx.raw())
        .await?;
    Ok((kept && updated.rows_affected > 0).then_some(revision))
}

/// Drops the prefixes that hold a block that changes. Called by whoever changes blocks.
pub(crate) async fn corrected(
    tx: &WriteTx,
    scope: Scope,
    changed: &BTreeMap<ReleaseId, Changed>,
) -> Result<(), StoreError> {
    use gate_prefix::Column as C;
    if changed.is_empty() {
        return Ok(());
    }
    let micros = |hour: Option<Timestamp>| hour.map_or(i64::MAX, Timestamp::micros);
    let of_release = |(release, hours): (&ReleaseId, &Changed)| {
        let either = Condition::any().add(C::ReleaseId.eq(release.uuid())).add(C::BaselineId.eq(release.uuid()));
        let before = Condition::any()
            .add(C::Through.gt(micros(hours.settled)))
            .add(C::ConcludedThrough.gt(micros(hours.concluded)));
        Condition::all().add(either).add(before)
    };
    let any = changed.iter().map(of_release).fold(Condition::any(), Condition::add);
    drop_where(tx, scope, any).await
}

/// Drops every prefix of a project.
pub(crate) async fn forget(tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
    drop_where(tx, scope, Condition::all()).await
}

async fn drop_where(tx: &WriteTx, scope: Scope, which: Condition) -> Result<(), StoreError> {
    use gate_prefix::Column as C;
    gate_prefix::Entity::update_many()
        .col_expr(C::Revision, Expr::col(C::Revision).add(1))
        .col_expr(C::Body, Expr::value(Option::<Vec<u8>>::None))
        .filter(C::ProjectId.eq(scope.uuid()))
        .filter(which)
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Removes what is kept of a gate: it is decided and nobody looks any more.
pub(crate) async fn remove(tx: &WriteTx, scope: Scope, gate: GateId) -> Result<(), StoreError> {
    gate_prefix::Entity::delete_by_id((scope.uuid(), gate.uuid())).exec(tx.raw()).await?;
    Ok(())
}
