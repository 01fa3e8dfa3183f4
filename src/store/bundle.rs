//! Frozen evidence: canonical bytes under their digest, with the recommendation made from them. Never changed.

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::GateId;
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::bundle;
use crate::error::StoreError;
use crate::scope::Scope;

/// A frozen bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// Its name: the digest of `canonical`.
    pub digest: Digest,
    /// The gate it was frozen for.
    pub gate: GateId,
    /// Its canonical bytes.
    pub canonical: Vec<u8>,
    /// The canonical bytes of the recommendation made from it.
    pub recommendation: Vec<u8>,
    /// Who froze it.
    pub frozen_by: Actor,
    /// When.
    pub frozen_at: Timestamp,
}

/// A frozen bundle without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleSummary {
    /// Its name.
    pub digest: Digest,
    /// Who froze it.
    pub frozen_by: Actor,
    /// When.
    pub frozen_at: Timestamp,
}

fn digest(text: &str) -> Result<Digest, StoreError> {
    text.parse().map_err(|error| StoreError::corrupt("bundle's digest", error))
}

/// Keeps a bundle. The same digest again is the same row. Called under the project's write lock.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: BundleRow) -> Result<(), StoreError> {
    let key = (scope.uuid(), row.digest.to_string());
    // The database refuses a second row for a digest, even one that says the same.
    if bundle::Entity::find_by_id(key)
        .select_only()
        .column(bundle::Column::Digest)
        .into_tuple::<String>()
        .one(tx.raw())
        .await?
        .is_some()
    {
        return Ok(());
    }
    let row = bundle::Model {
        project_id: scope.uuid(),
        digest: row.digest.to_string(),
        gate_id: row.gate.uuid(),
        canonical: row.canonical,
        recommendation: row.recommendation,
        frozen_by_json: actor::write(&row.frozen_by)?,
        frozen_at: row.frozen_at.micros(),
    };
    bundle::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Finds a bundle by its digest.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, name: Digest) -> Result<Option<BundleRow>, StoreError> {
    let row = bundle::Entity::find_by_id((scope.uuid(), name.to_string())).one(db.raw()).await?;
    row.map(whole).transpose()
}

/// The bundles with these digests, as many as there are.
///
/// # Errors
/// When the database fails.
pub async fn these(db: &impl Connection, scope: Scope, names: &[Digest]) -> Result<Vec<BundleRow>, StoreError> {
    let rows = bundle::Entity::find()
        .filter(scope.owns(bundle::Column::ProjectId))
        .filter(bundle::Column::Digest.is_in(names.iter().map(Digest::to_string)))
        .all(db.raw())
        .await?;
    rows.into_iter().map(whole).collect()
}

fn whole(row: bundle::Model) -> Result<BundleRow, StoreError> {
    Ok(BundleRow {
        digest: digest(&row.digest)?,
        gate: GateId::from_uuid(row.gate_id),
        canonical: row.canonical,
        recommendation: row.recommendation,
        frozen_by: actor::read(&row.frozen_by_json)?,
        frozen_at: Timestamp::from_micros(row.frozen_at),
    })
}

/// The bundles of a gate, latest first, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn of_gate(db: &impl Connection, scope: Scope, gate: GateId) -> Result<Vec<BundleSummary>, StoreError> {
    let rows: Vec<(String, String, i64)> = bundle::Entity::find()
        .select_only()
        .columns([bundle::Column::Digest, bundle::Column::FrozenByJson, bundle::Column::FrozenAt])
        .filter(bundle::Column::ProjectId.eq(scope.uuid()))
        .filter(bundle::Column::GateId.eq(gate.uuid()))
        .order_by_desc(bundle::Column::FrozenAt)
        .order_by_asc(bundle::Column::Digest)
        .limit(limits::PAGE_SIZE_MAX)
        .into_tuple()
        .all(db.raw())
        .await?;
    rows.into_iter()
        .map(|(name, by, at)| {
            let (digest, frozen_by) = (digest(&name)?, actor::read(&by)?);
            Ok(BundleSummary { digest, frozen_by, frozen_at: Timestamp::from_micros(at) })
        })
        .collect()
}
