//! What cells add up to: one sum for each release and value of a dimension, however many days it is over.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use sea_orm::StreamTrait as _;
use seatrial_domain::cell::Cell;
use seatrial_domain::ids::ReleaseId;

use super::read::{CellQuery, select};
use crate::blob;
use crate::connection::ReadConnection;
use crate::error::StoreError;
use crate::scope::Scope;

/// Sums of a dimension by release, then by value. Each cell is added as it is read, so a wide table over a long time
/// holds one cell for each of its rows, and nothing is put in order that is only to be added up.
///
/// # Errors
/// When the database fails or a cell cannot be decoded.
pub async fn totals(
    db: &ReadConnection,
    scope: Scope,
    query: &CellQuery,
) -> Result<BTreeMap<ReleaseId, BTreeMap<String, Cell>>, StoreError> {
    let mut sums: BTreeMap<ReleaseId, BTreeMap<String, Cell>> = BTreeMap::new();
    let mut rows = db.0.stream_raw(select("release_id, value, body", db, scope, query)).await?;
    while let Some(row) = rows.try_next().await? {
        let release = ReleaseId::from_uuid(row.try_get_by_index(0)?);
        let value: String = row.try_get_by_index(1)?;
        let body: Vec<u8> = row.try_get_by_index(2)?;
        let cell = blob::decode_cell(&body)?;
        let of_release = sums.entry(release).or_default();
        match of_release.get_mut(&value) {
            Some(sum) => sum.add(&cell, 1),
            None => {
                of_release.insert(value, cell);
            }
        }
    }
    for of_release in sums.values_mut() {
        of_release.retain(|_, cell| !cell.is_empty());
    }
    sums.retain(|_, of_release| !of_release.is_empty());
    Ok(sums)
}
