//! Notices: a person's inbox, and which mails they turned off.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{AccountId, NoticeId, ProjectId};
use seatrial_domain::limits;
use seatrial_domain::notice::Topic;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::{notice, notice_preference};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// What a person was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its id.
    pub id: NoticeId,
    /// Who was told.
    pub account: AccountId,
    /// What it tells: told once to a person.
    pub dedup_key: String,
    /// What it is about.
    pub topic: Topic,
    /// In one line.
    pub subject: String,
    /// As text.
    pub text: String,
    /// Where to act.
    pub url: String,
    /// When.
    pub created_at: Timestamp,
    /// When they read it.
    pub read_at: Option<Timestamp>,
}

/// Puts a notice into the inbox. Returns whether it is new: what a person was told is not told again.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &NoticeRow) -> Result<bool, StoreError> {
    let model = notice::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        account_id: row.account.uuid(),
        dedup_key: row.dedup_key.clone(),
        topic: row.topic.as_str().to_owned(),
        subject: row.subject.clone(),
        body: row.text.clone(),
        url: row.url.clone(),
        created_at: row.created_at.micros(),
        read_at: row.read_at.map(Timestamp::micros),
    };
    let key = [notice::Column::ProjectId, notice::Column::AccountId, notice::Column::DedupKey];
    let added = notice::Entity::insert(model.into_active_model().reset_all())
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(added > 0)
}

/// Who has been told what `dedup_key` names.
///
/// # Errors
/// When the database fails.
pub async fn told(db: &impl Connection, scope: Scope, dedup_key: &str) -> Result<BTreeSet<AccountId>, StoreError> {
    let rows: Vec<uuid::Uuid> = notice::Entity::find()
        .select_only()
        .column(notice::Column::AccountId)
        .filter(notice::Column::ProjectId.eq(scope.uuid()))
        .filter(notice::Column::DedupKey.eq(dedup_key))
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(AccountId::from_uuid).collect())
}

fn of(scope: Scope, account: AccountId) -> sea_orm::Select<notice::Entity> {
    notice::Entity::find()
        .filter(notice::Column::ProjectId.eq(scope.uuid()))
        .filter(notice::Column::AccountId.eq(account.uuid()))
}

/// A person's inbox in the project, latest first.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    account: AccountId,
    unread: bool,
    page: Page,
) -> Result<(Vec<NoticeRow>, Option<Cursor>), StoreError> {
    let mut query = of(scope, account);
    if unread {
        query = query.filter(notice::Column::ReadAt.is_null());
    }
    if let Some(after) = page.after {
        query = query.filter(notice::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(notice::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(|row| {
        let topic = Topic::parse(&row.topic).ok_or_else(|| StoreError::corrupt("notice", "its topic is not known"))?;
        Ok(NoticeRow {
            id: NoticeId::from_uuid(row.id),
            account: AccountId::from_uuid(row.account_id),
            dedup_key: row.dedup_key,
            topic,
            subject: row.subject,
            text: row.body,
            url: row.url,
            created_at: Timestamp::from_micros(row.created_at),
            read_at: row.read_at.map(Timestamp::from_micros),
        })
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    Ok(page.split(rows, |row| Cursor { key: 0, id: row.id.uuid() }))
}

/// How many notices a person has not read, counted up to `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn unread(db: &impl Connection, scope: Scope, account: AccountId) -> Result<u64, StoreError> {
    let query = of(scope, account).filter(notice::Column::ReadAt.is_null()).limit(limits::PAGE_SIZE_MAX);
    Ok(query.count(db.raw()).await?)
}

/// Marks one notice of a person as read, or all of them. Returns how many were unread.
///
/// # Errors
/// When the database fails.
pub async fn mark_read(
    tx: &WriteTx,
    scope: Scope,
    account: AccountId,
    id: Option<NoticeId>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut query = notice::Entity::update_many()
        .col_expr(notice::Column::ReadAt, Expr::value(now.micros()))
        .filter(notice::Column::ProjectId.eq(scope.uuid()))
        .filter(notice::Column::AccountId.eq(account.uuid()))
        .filter(notice::Column::ReadAt.is_null());
    if let Some(id) = id {
        query = query.filter(notice::Column::Id.eq(id.uuid()));
    }
    Ok(query.exec(tx.raw()).await?.rows_affected)
}

/// Whether a person has this notice.
///
/// # Errors
/// When the database fails.
pub async fn exists(db: &impl Connection, scope: Scope, account: AccountId, id: NoticeId) -> Result<bool, StoreError> {
    Ok(of(scope, account).filter(notice::Column::Id.eq(id.uuid())).one(db.raw()).await?.is_some())
}

/// Which mails a person turned off in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// The project.
    pub scope: Scope,
    /// The person.
    pub account: AccountId,
    /// What a link in a mail names them by: whoever has it may turn their mails off and on, and nothing else.
    pub token: String,
    /// The topics they get no mail about.
    pub muted: BTreeSet<Topic>,
}

impl Preference {
    fn from_model(row: notice_preference::Model) -> Self {
        Self {
            scope: Scope::of(ProjectId::from_uuid(row.project_id)),
            account: AccountId::from_uuid(row.account_id),
            token: row.token,
            // A topic that this version does not know is none it sends.
            muted: row.muted.split(',').filter_map(Topic::parse).collect(),
        }
    }
}

/// A person's preference in the project.
///
/// # Errors
/// When the database fails.
pub async fn preference(
    db: &impl Connection,
    scope: Scope,
    account: AccountId,
) -> Result<Option<Preference>, StoreError> {
    let row = notice_preference::Entity::find_by_id((scope.uuid(), account.uuid())).one(db.raw()).await?;
    Ok(row.map(Preference::from_model))
}

/// The preference that a link in a mail names.
///
/// # Errors
/// When the database fails.
pub async fn preference_by_token(db: &impl Connection, token: &str) -> Result<Option<Preference>, StoreError> {
    if token.contains('\0') {
        return Ok(None);
    }
    let query = notice_preference::Entity::find().filter(notice_preference::Column::Token.eq(token));
    Ok(query.one(db.raw()).await?.map(Preference::from_model))
}

/// Writes a preference; a token that is there stays.
///
/// # Errors
/// When the database fails.
pub async fn put_preference(tx: &WriteTx, row: &Preference, now: Timestamp) -> Result<(), StoreError> {
    let muted: Vec<&str> = row.muted.iter().map(|topic| topic.as_str()).collect();
    let model = notice_preference::Model {
        project_id: row.scope.uuid(),
        account_id: row.account.uuid(),
        token: row.token.clone(),
        muted: muted.join(","),
        updated_at: now.micros(),
    };
    use notice_preference::Column as C;
    notice_preference::Entity::insert(model.into_active_model().reset_all())
        .on_conflict(
            OnConflict::columns([C::ProjectId, C::AccountId]).update_columns([C::Muted, C::UpdatedAt]).to_owned(),
        )
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}
