//! Alerts: what is watched for in live releases, where it stands, and what happened to it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{PaginatorTrait as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::alert::{AlertKind, AlertState};
use seatrial_domain::digest::Digest;
use seatrial_domain::drift::Restart;
use seatrial_domain::ids::{AlertId, GateId, ProjectId, ReleaseId, ResponseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::{alert, alert_event};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// What is watched for in a live release, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRow {
    /// Its id.
    pub id: AlertId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The live release.
    pub release: ReleaseId,
    /// What is watched for.
    pub kind: AlertKind,
    /// Where it stands.
    pub state: AlertState,
    /// Since when.
    pub since: Timestamp,
    /// Why, in words.
    pub text: String,
    /// The evidence it last fired on.
    pub digest: Option<Digest>,
    /// The gate whose evidence was frozen for it.
    pub gate: Option<GateId>,
    /// The response it opened.
    pub response: Option<ResponseId>,
    /// From when on it is watched anew.
    pub restart: Option<Restart>,
}

fn digest(text: Option<String>) -> Result<Option<Digest>, StoreError> {
    text.map(|text| text.parse().map_err(|error| StoreError::corrupt("alert's digest", error))).transpose()
}

fn state(name: &str) -> Result<AlertState, StoreError> {
    AlertState::parse(name).ok_or_else(|| StoreError::corrupt("alert", "its state is not known"))
}

impl AlertRow {
    fn from_model(row: alert::Model) -> Result<Self, StoreError> {
        let kind = AlertKind::parse(&row.kind);
        Ok(Self {
            id: AlertId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            kind: kind.ok_or_else(|| StoreError::corrupt("alert", "its kind is not known"))?,
            state: state(&row.state)?,
            since: Timestamp::from_micros(row.since_at),
            text: row.body,
            digest: digest(row.digest)?,
            gate: row.gate_id.map(GateId::from_uuid),
            response: row.response_id.map(ResponseId::from_uuid),
            restart: row.restart_at.map(|at| Restart {
                at: Timestamp::from_micros(at),
                relearn_from: row.relearn_from.map(Timestamp::from_micros),
            }),
        })
    }

    fn to_model(&self, scope: Scope) -> alert::Model {
        alert::Model {
            id: self.id.uuid(),
            project_id: scope.uuid(),
            workflow_id: self.workflow.uuid(),
            release_id: self.release.uuid(),
            kind: self.kind.as_str().to_owned(),
            state: self.state.as_str().to_owned(),
            since_at: self.since.micros(),
            body: self.text.clone(),
            digest: self.digest.map(|digest| digest.to_string()),
            gate_id: self.gate.map(GateId::uuid),
            response_id: self.response.map(ResponseId::uuid),
            restart_at: self.restart.map(|restart| restart.at.micros()),
            relearn_from: self.restart.and_then(|restart| restart.relearn_from).map(Timestamp::micros),
        }
    }
}

/// Which alerts are wanted.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// In one of these states; in any when empty.
    pub states: Vec<AlertState>,
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
    /// Of this kind.
    pub kind: Option<AlertKind>,
}

/// The alerts of a project, those that changed last first unless the page says otherwise.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &AlertFilter,
    page: Page,
) -> Result<(Vec<AlertRow>, Option<Cursor>), StoreError> {
    let mut query = alert::Entity::find().filter(alert::Column::ProjectId.eq(scope.uuid()));
    if !filter.states.is_empty() {
        query = query.filter(alert::Column::State.is_in(filter.states.iter().map(|state| state.as_str())));
    }
    if let Some(workflow) = filter.workflow {
        query = query.filter(alert::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(alert::Column::ReleaseId.eq(release.uuid()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(alert::Column::Kind.eq(kind.as_str()));
    }
    let rows = page.along(query, alert::Column::SinceAt, alert::Column::Id).all(db.raw()).await?;
    let rows = rows.into_iter().map(AlertRow::from_model).collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.since.micros(), id: row.id.uuid() }))
}

/// How many alerts of a project fire.
///
/// # Errors
/// When the database fails.
pub async fn firing(db: &impl Connection, scope: Scope) -> Result<u64, StoreError> {
    let query = alert::Entity::find()
        .filter(alert::Column::ProjectId.eq(scope.uuid()))
        .filter(alert::Column::State.eq(AlertState::Firing.as_str()));
    Ok(query.count(db.raw()).await?)
}

/// An alert by its id.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: AlertId) -> Result<Option<AlertRow>, StoreError> {
    let query = alert::Entity::find_by_id(id.uuid()).filter(alert::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(AlertRow::from_model).transpose()
}

/// Writes an alert whole, new or known.
///
/// # Errors
/// When the database fails.
pub async fn put(tx: &WriteTx, scope: Scope, row: &AlertRow) -> Result<(), StoreError> {
    use alert::Column as C;
    let key = [C::ProjectId, C::WorkflowId, C::ReleaseId, C::Kind];
    let new = [C::State, C::SinceAt, C::Body, C::Digest, C::GateId, C::ResponseId, C::RestartAt, C::RelearnFrom];
    alert::Entity::insert(row.to_model(scope).into_active_model().reset_all())
        .on_conflict(OnConflict::columns(key).update_columns(new).to_owned())
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}

/// Alerts that stand though their release is live no more, of all projects: for the background work.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_ended_releases(db: &impl Connection, limit: u64) -> Result<Vec<(Scope, AlertRow)>, StoreError> {
    use crate::entity::release;
    let live = sea_orm::sea_query::Query::select()
        .column(release::Column::Id)
        .from(release::Entity)
        .and_where(release::Column::State.eq("live"))
        .to_owned();
    let rows = alert::Entity::find()
        .filter(alert::Column::State.ne(AlertState::Resolved.as_str()))
        .filter(alert::Column::ReleaseId.not_in_subquery(live))
        .order_by_asc(alert::Column::Id)
        .limit(limit)
        .all(db.raw())
        .await?;
    let rows = rows.into_iter().map(|row| {
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        AlertRow::from_model(row).map(|row| (scope, row))
    });
    rows.collect()
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertEvent {
    /// Its id.
    pub id: Uuid,
    /// The alert.
    pub alert: AlertId,
    /// Where it stands from then on.
    pub state: AlertState,
    /// Why, in words.
    pub text: String,
    /// Who moved it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// When people were told; absent while a quiet period lasts.
    pub told_at: Option<Timestamp>,
    /// The digest of the evidence, of one that fired.
    pub digest: Option<Digest>,
}

impl AlertEvent {
    fn from_model(row: alert_event::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            alert: AlertId::from_uuid(row.alert_id),
            state: state(&row.state)?,
            text: row.body,
            by: actor::read(&row.actor_json)?,
            at: Timestamp::from_micros(row.at),
            told_at: row.told_at.map(Timestamp::from_micros),
            digest: digest(row.digest)?,
        })
    }
}

/// Keeps what happened to an alert, with the canonical bytes of what it rested on.
///
/// # Errors
/// When the database fails.
pub async fn add_event(
    tx: &WriteTx,
    scope: Scope,
    event: &AlertEvent,
    evidence: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    let model = alert_event::Model {
        id: event.id,
        project_id: scope.uuid(),
        alert_id: event.alert.uuid(),
        state: event.state.as_str().to_owned(),
        body: event.text.clone(),
        actor_json: actor::write(&event.by)?,
        at: event.at.micros(),
        told_at: event.told_at.map(Timestamp::micros),
        digest: event.digest.map(|digest| digest.to_string()),
        evidence,
    };
    alert_event::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// What happened to an alert, latest first, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn events(db: &impl Connection, scope: Scope, id: AlertId) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = alert_event::Entity::find()
        .filter(alert_event::Column::ProjectId.eq(scope.uuid()))
        .filter(alert_event::Column::AlertId.eq(id.uuid()))
        .order_by_desc(alert_event::Column::At)
        .order_by_desc(alert_event::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(AlertEvent::from_model).collect()
}

/// The canonical bytes of the evidence with this digest.
///
/// # Errors
/// When the database fails.
pub async fn evidence(
    db: &impl Connection,
    scope: Scope,
    id: AlertId,
    digest: Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found: Option<Option<Vec<u8>>> = alert_event::Entity::find()
        .select_only()
        .column(alert_event::Column::Evidence)
        .filter(alert_event::Column::ProjectId.eq(scope.uuid()))
        .filter(alert_event::Column::AlertId.eq(id.uuid()))
        .filter(alert_event::Column::Digest.eq(digest.to_string()))
        .limit(1)
        .into_tuple()
        .one(db.raw())
        .await?;
    Ok(found.flatten())
}

/// What nobody was told of yet, of all projects, earliest first, after an event: for the background work. Each with its
/// alert.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn untold(
    db: &impl Connection,
    after: Option<&AlertEvent>,
    limit: u64,
) -> Result<Vec<(Scope, AlertEvent, AlertRow)>, StoreError> {
    let mut query = alert_event::Entity::find().filter(alert_event::Column::ToldAt.is_null());
    if let Some(after) = after {
        let same = alert_event::Column::At.eq(after.at.micros()).and(alert_event::Column::Id.gt(after.id));
        query = query.filter(alert_event::Column::At.gt(after.at.micros()).or(same));
    }
    let rows = query
        .order_by_asc(alert_event::Column::At)
        .order_by_asc(alert_event::Column::Id)
        .limit(limit)
        .all(db.raw())
        .await?;
    let alerts: BTreeSet<Uuid> = rows.iter().map(|row| row.alert_id).collect();
    let alerts = alert::Entity::find().filter(alert::Column::Id.is_in(alerts)).all(db.raw()).await?;
    let alerts: BTreeMap<(Uuid, Uuid), alert::Model> =
        alerts.into_iter().map(|row| ((row.project_id, row.id), row)).collect();
    let with_alert = rows.into_iter().filter_map(|row| {
        let of = alerts.get(&(row.project_id, row.alert_id))?.clone();
        let scope = Scope::of(ProjectId::from_uuid(row.project_id));
        Some(AlertEvent::from_model(row).and_then(|event| Ok((scope, event, AlertRow::from_model(of)?))))
    });
    with_alert.collect()
}

/// The alerts of some releases of the project, by release and kind.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn of_releases(
    db: &impl Connection,
    scope: Scope,
    releases: &[ReleaseId],
) -> Result<BTreeMap<ReleaseId, BTreeMap<AlertKind, AlertRow>>, StoreError> {
    let rows = alert::Entity::find()
        .filter(alert::Column::ProjectId.eq(scope.uuid()))
        .filter(alert::Column::ReleaseId.is_in(releases.iter().map(|id| id.uuid())))
        .all(db.raw())
        .await?;
    let mut found: BTreeMap<ReleaseId, BTreeMap<AlertKind, AlertRow>> = BTreeMap::new();
    for row in rows {
        let row = AlertRow::from_model(row)?;
        found.entry(row.release).or_default().insert(row.kind, row);
    }
    Ok(found)
}

/// Notes that people were told. Returns whether nobody had been.
///
/// # Errors
/// When the database fails.
pub async fn set_told(tx: &WriteTx, scope: Scope, event: Uuid, at: Timestamp) -> Result<bool, StoreError> {
    let updated = alert_event::Entity::update_many()
        .col_expr(alert_event::Column::ToldAt, Expr::value(at.micros()))
        .filter(alert_event::Column::ProjectId.eq(scope.uuid()))
        .filter(alert_event::Column::Id.eq(event))
        .filter(alert_event::Column::ToldAt.is_null())
        .exec(tx.raw())
        .await?;
    Ok(updated.rows_affected > 0)
}
