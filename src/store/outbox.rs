//! The outbox: messages enqueued in the transaction of what they tell about, sent later, at least once.
//!
//! A message is taken by moving its next attempt into the future: a process that dies with it loses nothing, the
//! message is due again when that time has come.

use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, LockBehavior, LockType, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{MessageId, ProjectId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::outbox;
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// How a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// By mail to a person.
    Mail,
    /// By a signed POST to an endpoint.
    Webhook,
}

impl Channel {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    fn read(name: &str) -> Result<Self, StoreError> {
        [Self::Mail, Self::Webhook]
            .into_iter()
            .find(|channel| channel.as_str() == name)
            .ok_or_else(|| StoreError::corrupt("message", "its channel is not known"))
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// It waits for its next attempt.
    Pending,
    /// The other side has it.
    Sent,
    /// It was given up.
    Dead,
}

impl MessageState {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Dead].into_iter().find(|state| state.as_str() == name)
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same for every attempt.
    pub id: MessageId,
    /// The project it is about.
    pub scope: Scope,
    /// How it leaves.
    pub channel: Channel,
    /// To whom: an account's or a webhook's id.
    pub recipient: String,
    /// What it tells: told once to a recipient on a channel.
    pub dedup_key: String,
    /// What is sent.
    pub payload_json: String,
    /// Where it stands.
    pub state: MessageState,
    /// Attempts begun so far.
    pub attempts: u32,
    /// When it may be tried next, while it is pending.
    pub next_at: Timestamp,
    /// What went wrong last, or why it waits.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When the other side took it.
    pub sent_at: Option<Timestamp>,
}

impl Message {
    fn from_model(row: outbox::Model) -> Result<Self, StoreError> {
        let state = MessageState::parse(&row.state);
        Ok(Self {
            id: MessageId::from_uuid(row.id),
            scope: Scope::of(ProjectId::from_uuid(row.project_id)),
            channel: Channel::read(&row.channel)?,
            recipient: row.recipient,
            dedup_key: row.dedup_key,
            payload_json: row.payload_json,
            state: state.ok_or_else(|| StoreError::corrupt("message", "its state is not known"))?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_at: Timestamp::from_micros(row.next_at),
            last_error: row.last_error,
            created_at: Timestamp::from_micros(row.created_at),
            sent_at: row.sent_at.map(Timestamp::from_micros),
        })
    }
}

/// Enqueues a message. Returns whether it is new: what a recipient was told on a channel is not told again.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(tx: &WriteTx, message: &Message) -> Result<bool, StoreError> {
    let model = outbox::Model {
        id: message.id.uuid(),
        project_id: message.scope.uuid(),
        channel: message.channel.as_str().to_owned(),
        recipient: message.recipient.clone(),
        dedup_key: message.dedup_key.clone(),
        payload_json: message.payload_json.clone(),
        state: message.state.as_str().to_owned(),
        attempts: i64::from(message.attempts),
        next_at: message.next_at.micros(),
        last_error: message.last_error.clone(),
        created_at: message.created_at.micros(),
        sent_at: message.sent_at.map(Timestamp::micros),
    };
    let key = [outbox::Column::ProjectId, outbox::Column::Channel, outbox::Column::Recipient, outbox::Column::DedupKey];
    let added = outbox::Entity::insert(model.into_active_model().reset_all())
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(added > 0)
}

/// Who has been told, or is about to be, what `dedup_key` names.
///
/// # Errors
/// When the database fails.
pub async fn told(db: &impl Connection, scope: Scope, dedup_key: &str) -> Result<Vec<(Channel, String)>, StoreError> {
    let rows: Vec<(String, String)> = outbox::Entity::find()
        .select_only()
        .columns([outbox::Column::Channel, outbox::Column::Recipient])
        .filter(outbox::Column::ProjectId.eq(scope.uuid()))
        .filter(outbox::Column::Channel.is_in([Channel::Mail.as_str(), Channel::Webhook.as_str()]))
        .filter(outbox::Column::DedupKey.eq(dedup_key))
        .into_tuple()
        .all(db.raw())
        .await?;
    rows.into_iter().map(|(channel, recipient)| Ok((Channel::read(&channel)?, recipient))).collect()
}

fn due(channels: &[Channel], now: Timestamp) -> Condition {
    Condition::all()
        .add(outbox::Column::State.eq(MessageState::Pending.as_str()))
        .add(outbox::Column::NextAt.lte(now.micros()))
        .add(outbox::Column::Channel.is_in(channels.iter().map(|channel| channel.as_str())))
}

/// Whether any message of these channels is due. Asked before a transaction is opened, so that an idle service does
/// not write.
///
/// # Errors
/// When the database fails.
pub async fn any_due(db: &impl Connection, channels: &[Channel], now: Timestamp) -> Result<bool, StoreError> {
    let query = outbox::Entity::find().select_only().column(outbox::Column::Id).filter(due(channels, now)).limit(1);
    Ok(query.into_tuple::<uuid::Uuid>().one(db.raw()).await?.is_some())
}

/// Takes up to `limit` due messages of any project, earliest first, and counts an attempt. They are nobody else's
/// until `until`; then those neither sent nor given up are due again.
///
/// # Errors
/// When the database fails.
pub async fn take_due(
    tx: &WriteTx,
    channels: &[Channel],
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<Message>, StoreError> {
    let rows = outbox::Entity::find()
        .filter(due(channels, now))
        .order_by_asc(outbox::Column::NextAt)
        .order_by_asc(outbox::Column::Id)
        .limit(limit)
        // SQLite has one writer, and this transaction is it.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(tx.raw())
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    outbox::Entity::update_many()
        .col_expr(outbox::Column::NextAt, Expr::value(until.micros()))
        .col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(1))
        .filter(outbox::Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(tx.raw())
        .await?;
    let taken = rows.into_iter().map(|row| {
        let mut message = Message::from_model(row)?;
        message.attempts = message.attempts.saturating_add(1);
        message.next_at = until;
        Ok(message)
    });
    taken.collect()
}

/// Records that the other side has the message.
///
/// # Errors
/// When the database fails.
pub async fn mark_sent(tx: &WriteTx, message: &Message, now: Timestamp) -> Result<(), StoreError> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MessageState::Sent.as_str()))
        .col_expr(outbox::Column::SentAt, Expr::value(now.micros()))
        .col_expr(outbox::Column::LastError, Expr::value(Option::<String>::None))
        .filter(outbox::Column::Id.eq(message.id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Records that the attempt failed and when the next one is. Nothing is changed when another process has taken the
/// message since.
///
/// # Errors
/// When the database fails.
pub async fn retry_at(tx: &WriteTx, message: &Message, at: Timestamp, why: &str) -> Result<(), StoreError> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::NextAt, Expr::value(at.micros()))
        .col_expr(outbox::Column::LastError, Expr::value(why))
        .filter(same_attempt(message))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Gives the message up. Nothing is changed when another process has taken it since.
///
/// # Errors
/// When the database fails.
pub async fn mark_dead(tx: &WriteTx, message: &Message, why: &str) -> Result<(), StoreError> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MessageState::Dead.as_str()))
        .col_expr(outbox::Column::LastError, Expr::value(why))
        .filter(same_attempt(message))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Forgets what a message said: for one with a link that is used once, as soon as it is sent or given up.
///
/// # Errors
/// When the database fails.
pub async fn forget_payload(tx: &WriteTx, message: &Message) -> Result<(), StoreError> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::PayloadJson, Expr::value("{}"))
        .filter(outbox::Column::Id.eq(message.id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

fn same_attempt(message: &Message) -> Condition {
    Condition::all()
        .add(outbox::Column::Id.eq(message.id.uuid()))
        .add(outbox::Column::State.eq(MessageState::Pending.as_str()))
        .add(outbox::Column::Attempts.eq(i64::from(message.attempts)))
}

/// The messages of a project, latest first; of one state when it is given.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    state: Option<MessageState>,
    page: Page,
) -> Result<(Vec<Message>, Option<Cursor>), StoreError> {
    let mut query = outbox::Entity::find().filter(outbox::Column::ProjectId.eq(scope.uuid()));
    if let Some(state) = state {
        query = query.filter(outbox::Column::State.eq(state.as_str()));
    }
    if let Some(after) = page.after {
        query = query.filter(outbox::Column::Id.lt(after.id));
    }
    // Ids begin with the time, so their order is the order of enqueueing.
    let rows = query.order_by_desc(outbox::Column::Id).limit(page.limit + 1).all(db.raw()).await?;
    let rows = rows.into_iter().map(Message::from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.created_at.micros(), id: row.id.uuid() }))
}

/// A message of the project by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: MessageId) -> Result<Option<Message>, StoreError> {
    let query = outbox::Entity::find_by_id(id.uuid()).filter(outbox::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(Message::from_model).transpose()
}

/// Sends a message that was given up once more, from its first attempt on. Returns whether it was given up.
///
/// # Errors
/// When the database fails.
pub async fn revive(tx: &WriteTx, scope: Scope, id: MessageId, now: Timestamp) -> Result<bool, StoreError> {
    let updated = outbox::Entity::update_many()
        .col_expr(outbox::Column::State, Expr::value(MessageState::Pending.as_str()))
        .col_expr(outbox::Column::Attempts, Expr::value(0_i64))
        .col_expr(outbox::Column::NextAt, Expr::value(now.micros()))
        .filter(outbox::Column::ProjectId.eq(scope.uuid()))
        .filter(outbox::Column::Id.eq(id.uuid()))
        .filter(outbox::Column::State.eq(MessageState::Dead.as_str()))
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// How many messages of all projects wait, counted up to `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn waiting(db: &impl Connection) -> Result<u64, StoreError> {
    let query = outbox::Entity::find()
        .filter(outbox::Column::State.eq(MessageState::Pending.as_str()))
        .limit(limits::PAGE_SIZE_MAX);
    Ok(query.count(db.raw()).await?)
}
