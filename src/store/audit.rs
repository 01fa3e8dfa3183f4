//! The audit log: appended in the transaction of what it describes, never changed.

use sea_orm::sea_query::{Condition, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::AuditId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::audit_entry;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What they did.
    pub action: String,
    /// To what kind of thing.
    pub noun: String,
    /// To which one.
    pub noun_id: String,
    /// What changed, as JSON.
    pub detail_json: String,
}

/// Appends an entry.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &WriteTx, scope: Scope, entry: Entry) -> Result<(), StoreError> {
    let row = audit_entry::Model {
        id: entry.id.uuid(),
        project_id: scope.uuid(),
        at: entry.at.micros(),
        actor: entry.actor,
        action: entry.action,
        noun: entry.noun,
        noun_id: entry.noun_id,
        detail_json: entry.detail_json,
    };
    audit_entry::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Lists entries, latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope, page: Page) -> Result<(Vec<Entry>, Option<Cursor>), StoreError> {
    let mut query = audit_entry::Entity::find().filter(audit_entry::Column::ProjectId.eq(scope.uuid()));
    if let Some(after) = page.after {
        let same_time = audit_entry::Column::At.eq(after.key).and(audit_entry::Column::Id.lt(after.id));
        query = query.filter(Condition::any().add(audit_entry::Column::At.lt(after.key)).add(same_time));
    }
    let rows = query
        .order_by_desc(audit_entry::Column::At)
        .order_by_desc(audit_entry::Column::Id)
        .limit(page.limit + 1)
        .all(db.raw())
        .await?;
    let entries = rows.into_iter().map(|row| Entry {
        id: AuditId::from_uuid(row.id),
        at: Timestamp::from_micros(row.at),
        actor: row.actor,
        action: row.action,
        noun: row.noun,
        noun_id: row.noun_id,
        detail_json: row.detail_json,
    });
    Ok(page.split(entries.collect(), |entry| Cursor { key: entry.at.micros(), id: entry.id.uuid() }))
}
