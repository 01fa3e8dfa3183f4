//! The audit log: appended in the transaction of what it describes, never changed, a chain per project.
//!
//! Entries wait with their transaction and are written as the last thing it does. So the chain's lock is the last one a
//! transaction takes, held for its commit only, and no two transactions can wait for each other in a circle.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _};
use sea_orm::{IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::audit::{AUDIT_SCHEMA, AuditRecord, SealedEntry};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::AuditId;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::contains::holding;
use crate::entity::audit_entry;
use crate::error::StoreError;
use crate::open::Backend;
use crate::scope::{Cursor, Page, Scope};
use crate::{idempotency, request};

/// Separates the lock of a project's audit chain from that of its sums.
const LOCK: u64 = 0x6175_6469_7400_0000;

/// An entry to be appended.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What they did.
    pub action: &'static str,
    /// To what kind of thing.
    pub noun: &'static str,
    /// To which one.
    pub noun_id: String,
    /// What changed.
    pub detail: serde_json::Value,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who: kind, id and name at that time.
    pub actor: String,
    /// What they did.
    pub action: String,
    /// To what kind of thing.
    pub noun: String,
    /// To which one.
    pub noun_id: String,
    /// What changed, as JSON.
    pub detail_json: String,
    /// The address it came from.
    pub address: Option<String>,
    /// Its place in the chain; absent of entries made before there was one.
    pub sealed: Option<SealedEntry>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// By this actor, by public id.
    pub actor: Option<String>,
    /// Of this act.
    pub action: Option<String>,
    /// About this kind of thing.
    pub noun: Option<String>,
    /// About this thing.
    pub noun_id: Option<String>,
    /// From here on.
    pub from: Option<Timestamp>,
    /// Until before here.
    pub until: Option<Timestamp>,
    /// With this text in the detail.
    pub text: Option<String>,
}

/// Appends an entry when the transaction commits.
pub fn append(tx: &WriteTx, scope: Scope, entry: Draft) {
    tx.pending().push((scope, entry));
}

/// Writes the entries that wait, project by project in the order of their ids, and the mark of the request.
pub(crate) async fn write_pending(tx: &WriteTx) -> Result<(), StoreError> {
    let mut waiting = std::mem::take(&mut *tx.pending());
    if waiting.is_empty() {
        return Ok(());
    }
    let request = request::current().unwrap_or_default();
    if let Some(mark) = request.mark.as_ref().filter(|mark| mark.claim()) {
        idempotency::insert(tx, mark).await.map_err(|error| match error {
            StoreError::Duplicate => StoreError::AlreadyDone,
            other => other,
        })?;
    }
    // Stable: the entries of one project stay in order.
    waiting.sort_by_key(|(scope, _)| *scope);
    let mut rows = Vec::with_capacity(waiting.len());
    let mut head: Option<(Scope, u64, Option<Digest>)> = None;
    for (scope, draft) in waiting {
        let (_, sequence, previous) = match head.filter(|(of, ..)| *of == scope) {
            Some(head) => head,
            None => lock_head(tx, scope).await?,
        };
        let (row, digest) = seal(scope, sequence + 1, previous, draft, &request)?;
        head = Some((scope, sequence + 1, Some(digest)));
        rows.push(row.into_active_model().reset_all());
    }
    audit_entry::Entity::insert_many(rows).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// The last entry of a project's chain, with the chain held until the transaction ends.
async fn lock_head(tx: &WriteTx, scope: Scope) -> Result<(Scope, u64, Option<Digest>), StoreError> {
    if tx.backend == Backend::Postgres {
        let (high, low) = scope.uuid().as_u64_pair();
        let key = (high ^ low ^ LOCK).cast_signed();
        tx.raw().execute_unprepared(&format!("SELECT pg_advisory_xact_lock({key})")).await?;
    }
    let last: Option<(Option<i64>, Option<String>)> = audit_entry::Entity::find()
        .select_only()
        .columns([audit_entry::Column::Sequence, audit_entry::Column::Digest])
        .filter(audit_entry::Column::ProjectId.eq(scope.uuid()))
        .filter(audit_entry::Column::Sequence.is_not_null())
        .order_by_desc(audit_entry::Column::Sequence)
        .limit(1)
        .into_tuple()
        .one(tx.raw())
        .await?;
    let Some((Some(sequence), Some(digest))) = last else { return Ok((scope, 0, None)) };
    let digest = digest.parse().map_err(|error| StoreError::corrupt("audit entry", error))?;
    Ok((scope, u64::try_from(sequence).unwrap_or_default(), Some(digest)))
}

fn seal(
    scope: Scope,
    sequence: u64,
    previous: Option<Digest>,
    draft: Draft,
    request: &request::Request,
) -> Result<(audit_entry::Model, Digest), StoreError> {
    let record = AuditRecord {
        schema: AUDIT_SCHEMA,
        id: draft.id,
        project: scope.project(),
        sequence,
        at: draft.at,
        actor: draft.actor,
        action: draft.action.to_owned(),
        noun: draft.noun.to_owned(),
        noun_id: draft.noun_id,
        detail: draft.detail,
        address: request.address.clone(),
        request_id: request.request_id.clone(),
        previous,
    };
    let (SealedEntry { record, digest }, canonical) =
        record.seal().map_err(|error| StoreError::corrupt("audit entry", error))?;
    let actor = &record.actor;
    let row = audit_entry::Model {
        id: record.id.uuid(),
        project_id: scope.uuid(),
        at: record.at.micros(),
        actor: format!("{}:{} ({})", actor.kind, actor.id, actor.display_name),
        action: record.action,
        noun: record.noun,
        noun_id: record.noun_id,
        detail_json: record.detail.to_string(),
        actor_id: Some(record.actor.id),
        address: record.address,
        sequence: i64::try_from(sequence).ok(),
        digest: Some(digest.to_string()),
        canonical: Some(canonical),
    };
    Ok((row, digest))
}

fn entry(row: audit_entry::Model) -> Result<Entry, StoreError> {
    let sealed = match (row.canonical, row.digest) {
        (Some(canonical), Some(digest)) => {
            let record = serde_json::from_slice(&canonical).map_err(|e| StoreError::corrupt("audit entry", e))?;
            Some(SealedEntry { record, digest: digest.parse().map_err(|e| StoreError::corrupt("audit entry", e))? })
        }
        _ => None,
    };
    Ok(Entry {
        id: AuditId::from_uuid(row.id),
        at: Timestamp::from_micros(row.at),
        actor: row.actor,
        action: row.action,
        noun: row.noun,
        noun_id: row.noun_id,
        detail_json: row.detail_json,
        address: row.address,
        sealed,
    })
}

fn condition(search: &Search) -> Condition {
    let same = |column: audit_entry::Column, value: &Option<String>| value.as_ref().map(|value| column.eq(value));
    let contains = search.text.as_ref().map(|text| Expr::col(audit_entry::Column::DetailJson).like(holding(text)));
    Condition::all()
        .add_option(same(audit_entry::Column::ActorId, &search.actor))
        .add_option(same(audit_entry::Column::Action, &search.action))
        .add_option(same(audit_entry::Column::Noun, &search.noun))
        .add_option(same(audit_entry::Column::NounId, &search.noun_id))
        .add_option(search.from.map(|from| audit_entry::Column::At.gte(from.micros())))
        .add_option(search.until.map(|until| audit_entry::Column::At.lt(until.micros())))
        .add_option(contains)
}

/// Lists entries, latest first: in the order of their chain, which is the order of commits, whatever their times. Entries
/// made before there was a chain come after it.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    search: &Search,
    page: Page,
) -> Result<(Vec<Entry>, Option<Cursor>), StoreError> {
    use audit_entry::Column;
    let wanted = page.limit + 1;
    let find = || audit_entry::Entity::find().filter(Column::ProjectId.eq(scope.uuid())).filter(condition(search));
    // The key of a cursor is a place in the chain, or, before there was one, a time below zero.
    let mut rows = match page.after {
        Some(after) if after.key < 0 => Vec::new(),
        after => {
            let below = after.map(|after| Column::Sequence.lt(after.key));
            let sealed = Condition::all().add(Column::Sequence.is_not_null()).add_option(below);
            find().filter(sealed).order_by_desc(Column::Sequence).limit(wanted).all(db.raw()).await?
        }
    };
    let missing = wanted.saturating_sub(rows.len() as u64);
    if missing > 0 {
        let earlier = page.after.filter(|after| after.key < 0).map(|after| {
            let same_time = Column::At.eq(-after.key).and(Column::Id.lt(after.id));
            Condition::any().add(Column::At.lt(-after.key)).add(same_time)
        });
        let unsealed = Condition::all().add(Column::Sequence.is_null()).add_option(earlier);
        let query = find().filter(unsealed).order_by_desc(Column::At).order_by_desc(Column::Id);
        rows.extend(query.limit(missing).all(db.raw()).await?);
    }
    let key = |row: &audit_entry::Model| Cursor { key: row.sequence.unwrap_or(-row.at), id: row.id };
    let (rows, next) = page.split(rows, key);
    Ok((rows.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?, next))
}

/// Up to `limit` entries in the order of the chain, after the sequence `after`.
///
/// # Errors
/// When the database fails.
pub async fn chain(
    db: &impl Connection,
    scope: Scope,
    search: &Search,
    after: u64,
    limit: u64,
) -> Result<Vec<SealedEntry>, StoreError> {
    let rows = audit_entry::Entity::find()
        .filter(audit_entry::Column::ProjectId.eq(scope.uuid()))
        .filter(audit_entry::Column::Sequence.gt(i64::try_from(after).unwrap_or(i64::MAX)))
        .filter(condition(search))
        .order_by_asc(audit_entry::Column::Sequence)
        .limit(limit)
        .all(db.raw())
        .await?;
    let entries = rows.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(entries.into_iter().filter_map(|entry| entry.sealed).collect())
}
