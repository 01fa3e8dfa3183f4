//! Teams: named groups of members that can own things.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{AccountId, TeamId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::connection::{Connection, WriteTx};
use crate::entity::{team, team_member};
use crate::error::StoreError;
use crate::scope::Scope;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamRow {
    /// Its id.
    pub id: TeamId,
    /// Its name, unique in the project.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The accounts in it, those that can no longer act included.
    pub members: Vec<AccountId>,
}

/// The teams of the project by name, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope) -> Result<Vec<TeamRow>, StoreError> {
    let rows = team::Entity::find()
        .filter(team::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(team::Column::Name)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    let members = team_member::Entity::find()
        .filter(team_member::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(team_member::Column::AccountId)
        .all(db.raw())
        .await?;
    let of = |id| members.iter().filter(move |row| row.team_id == id).map(|row| AccountId::from_uuid(row.account_id));
    let teams = rows.into_iter().map(|row| TeamRow {
        id: TeamId::from_uuid(row.id),
        members: of(row.id).collect(),
        name: row.name,
        created_at: Timestamp::from_micros(row.created_at),
    });
    Ok(teams.collect())
}

/// A team by its id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, id: TeamId) -> Result<Option<TeamRow>, StoreError> {
    Ok(list(db, scope).await?.into_iter().find(|team| team.id == id))
}

/// The teams that an account is in.
///
/// # Errors
/// When the database fails.
pub async fn of_account(db: &impl Connection, scope: Scope, account: AccountId) -> Result<Vec<TeamId>, StoreError> {
    let rows = team_member::Entity::find()
        .filter(team_member::Column::ProjectId.eq(scope.uuid()))
        .filter(team_member::Column::AccountId.eq(account.uuid()))
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|row| TeamId::from_uuid(row.team_id)).collect())
}

/// Makes a team.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name is taken, or when the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &TeamRow) -> Result<(), StoreError> {
    let model = team::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        name: row.name.clone(),
        created_at: row.created_at.micros(),
    };
    team::Entity::insert(model.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    set_members(tx, scope, row.id, &row.members).await
}

/// Gives a team another name and other members.
///
/// # Errors
/// [`StoreError::Duplicate`] when the name is taken, or when the database fails.
pub async fn update(tx: &WriteTx, scope: Scope, row: &TeamRow) -> Result<(), StoreError> {
    team::Entity::update_many()
        .col_expr(team::Column::Name, Expr::value(row.name.clone()))
        .filter(team::Column::ProjectId.eq(scope.uuid()))
        .filter(team::Column::Id.eq(row.id.uuid()))
        .exec(tx.raw())
        .await?;
    set_members(tx, scope, row.id, &row.members).await
}

async fn set_members(tx: &WriteTx, scope: Scope, id: TeamId, members: &[AccountId]) -> Result<(), StoreError> {
    clear(tx, scope, id).await?;
    let rows = members.iter().map(|account| {
        let row = team_member::Model { team_id: id.uuid(), account_id: account.uuid(), project_id: scope.uuid() };
        row.into_active_model().reset_all()
    });
    if !members.is_empty() {
        team_member::Entity::insert_many(rows).exec_without_returning(tx.raw()).await?;
    }
    Ok(())
}

async fn clear(tx: &WriteTx, scope: Scope, id: TeamId) -> Result<(), StoreError> {
    team_member::Entity::delete_many()
        .filter(team_member::Column::ProjectId.eq(scope.uuid()))
        .filter(team_member::Column::TeamId.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Removes a team.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &WriteTx, scope: Scope, id: TeamId) -> Result<(), StoreError> {
    clear(tx, scope, id).await?;
    team::Entity::delete_many()
        .filter(team::Column::ProjectId.eq(scope.uuid()))
        .filter(team::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
