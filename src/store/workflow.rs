//! Workflows: found by name or id, their rules and owner.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{AccountId, TeamId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::time::Timestamp;
use seatrial_domain::workflow::{RiskClass, WorkflowRules};

use crate::connection::{Connection, WriteTx};
use crate::entity::workflow;
use crate::error::StoreError;
use crate::scope::Scope;

/// A workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowRow {
    /// Its id.
    pub id: WorkflowId,
    /// Its name, unique in the project.
    pub name: String,
    /// How much harm it can do.
    pub risk_class: RiskClass,
    /// Who owns it.
    pub owner: Option<OwnerId>,
    /// What it requires and observes.
    pub rules: WorkflowRules,
    /// When it was first seen or made.
    pub created_at: Timestamp,
}

impl WorkflowRow {
    fn from_model(row: workflow::Model) -> Result<Self, StoreError> {
        let rules =
            serde_json::from_str(&row.rules_json).map_err(|error| StoreError::corrupt("workflow's rules", error))?;
        let risk_class = match row.risk_class.as_str() {
            "low" => RiskClass::Low,
            "high" => RiskClass::High,
            _ => RiskClass::Medium,
        };
        Ok(Self {
            id: WorkflowId::from_uuid(row.id),
            name: row.name,
            risk_class,
            owner: row.owner_id.map(|id| stored_owner(id, row.owner_is_team)),
            rules,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }

    fn into_model(self, scope: Scope) -> Result<workflow::Model, StoreError> {
        let rules_json =
            serde_json::to_string(&self.rules).map_err(|error| StoreError::corrupt("workflow's rules", error))?;
        Ok(workflow::Model {
            id: self.id.uuid(),
            project_id: scope.uuid(),
            name: self.name,
            risk_class: self.risk_class.as_str().to_owned(),
            owner_id: self.owner.map(owner_uuid),
            owner_is_team: matches!(self.owner, Some(OwnerId::Team(_))),
            rules_json,
            created_at: self.created_at.micros(),
        })
    }
}

/// The id alone, as it is stored.
pub(crate) const fn owner_uuid(owner: OwnerId) -> uuid::Uuid {
    match owner {
        OwnerId::Account(id) => id.uuid(),
        OwnerId::Team(id) => id.uuid(),
    }
}

const fn stored_owner(id: uuid::Uuid, team: bool) -> OwnerId {
    if team { OwnerId::Team(TeamId::from_uuid(id)) } else { OwnerId::Account(AccountId::from_uuid(id)) }
}

/// The workflows of the project by name, at most `limits::NAMES_KNOWN`.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope) -> Result<Vec<WorkflowRow>, StoreError> {
    let rows = workflow::Entity::find()
        .filter(workflow::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(workflow::Column::Name)
        .limit(limits::NAMES_KNOWN)
        .all(db.raw())
        .await?;
    rows.into_iter().map(WorkflowRow::from_model).collect()
}

/// Finds a workflow by its id (`wf_…`) or its name.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, name_or_id: &str) -> Result<Option<WorkflowRow>, StoreError> {
    // PostgreSQL refuses a NUL in a text; nothing is called so.
    if name_or_id.contains('\0') {
        return Ok(None);
    }
    let query = workflow::Entity::find().filter(workflow::Column::ProjectId.eq(scope.uuid()));
    let query = match name_or_id.parse::<WorkflowId>() {
        Ok(id) => query.filter(workflow::Column::Id.eq(id.uuid())),
        Err(_) => query.filter(workflow::Column::Name.eq(name_or_id)),
    };
    query.one(db.raw()).await?.map(WorkflowRow::from_model).transpose()
}

/// Workflows of the project by their ids.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn these(
    db: &impl Connection,
    scope: Scope,
    ids: impl IntoIterator<Item = WorkflowId>,
) -> Result<BTreeMap<WorkflowId, WorkflowRow>, StoreError> {
    let rows = workflow::Entity::find()
        .filter(scope.owns(workflow::Column::ProjectId))
        .filter(workflow::Column::Id.is_in(ids.into_iter().map(WorkflowId::uuid)))
        .all(db.raw())
        .await?;
    rows.into_iter().map(|row| WorkflowRow::from_model(row).map(|row| (row.id, row))).collect()
}

/// Makes a workflow known before its first run.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name is taken, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: WorkflowRow) -> Result<(), StoreError> {
    let row = row.into_model(scope)?.into_active_model().reset_all();
    workflow::Entity::insert(row).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Replaces risk class, owner and rules. Rules hold for runs written from then on.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &WriteTx, scope: Scope, row: WorkflowRow) -> Result<(), StoreError> {
    let id = row.id;
    let row = row.into_model(scope)?;
    workflow::Entity::update_many()
        .col_expr(workflow::Column::RiskClass, Expr::value(row.risk_class))
        .col_expr(workflow::Column::OwnerId, Expr::value(row.owner_id))
        .col_expr(workflow::Column::OwnerIsTeam, Expr::value(row.owner_is_team))
        .col_expr(workflow::Column::RulesJson, Expr::value(row.rules_json))
        .filter(workflow::Column::ProjectId.eq(scope.uuid()))
        .filter(workflow::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
