//! Leases: which process does a kind of background work. One that dies is replaced when its lease has expired.

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::lease;
use crate::error::StoreError;

/// A lease as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds or last held it.
    pub holder: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// The lease of this name, held or expired.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, name: &str) -> Result<Option<Lease>, StoreError> {
    let row = lease::Entity::find_by_id(name).one(db.raw()).await?;
    Ok(row.map(|row| Lease { holder: row.holder, expires_at: Timestamp::from_micros(row.expires_at) }))
}

/// Takes the lease `name` for `holder`, or renews it. Returns whether `holder` has it: not while another's has time
/// left.
///
/// # Errors
/// When the database fails.
pub async fn acquire(
    tx: &WriteTx,
    name: &str,
    holder: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let row = lease::Model { name: name.to_owned(), holder: holder.to_owned(), expires_at: expires_at.micros() };
    let own = Expr::col((lease::Entity, lease::Column::Holder)).eq(holder);
    let expired = Expr::col((lease::Entity, lease::Column::ExpiresAt)).lte(now.micros());
    let taken = lease::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(
            OnConflict::column(lease::Column::Name)
                .update_columns([lease::Column::Holder, lease::Column::ExpiresAt])
                .action_and_where(own.or(expired))
                .to_owned(),
        )
        .exec_without_returning(tx.raw())
        .await?;
    Ok(taken > 0)
}

/// Gives up every lease of `holder`, so that another process can go on at once.
///
/// # Errors
/// When the database fails.
pub async fn release_all(tx: &WriteTx, holder: &str) -> Result<(), StoreError> {
    lease::Entity::delete_many().filter(lease::Column::Holder.eq(holder)).exec(tx.raw()).await?;
    Ok(())
}
