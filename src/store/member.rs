//! Members: who belongs to a project, and as what.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, FromQueryResult, IntoActiveModel as _};
use sea_orm::{JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Role;
use seatrial_domain::ids::{AccountId, ProjectId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::entity::{account, member};
use crate::error::StoreError;
use crate::scope::Scope;

/// A member of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their roles.
    pub roles: Vec<Role>,
    /// Whether the account can still sign in.
    pub active: bool,
}

#[derive(FromQueryResult)]
struct Joined {
    account_id: Uuid,
    name: String,
    email: String,
    roles: String,
    disabled_at: Option<i64>,
}

pub(crate) fn parse_roles(text: &str) -> Vec<Role> {
    // A role that this version does not know grants nothing.
    text.split(',').filter_map(|name| name.parse().ok()).collect()
}

/// The roles of an account in the project; `None` when it does not belong to it.
///
/// # Errors
/// When the database fails.
pub async fn roles(db: &impl Connection, scope: Scope, account: AccountId) -> Result<Option<Vec<Role>>, StoreError> {
    let row = member::Entity::find_by_id((scope.uuid(), account.uuid())).one(db.raw()).await?;
    Ok(row.map(|row| parse_roles(&row.roles)))
}

/// The members of the project by name.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Connection, scope: Scope) -> Result<Vec<MemberRow>, StoreError> {
    let to_account =
        member::Entity::belongs_to(account::Entity).from(member::Column::AccountId).to(account::Column::Id).into();
    let rows: Vec<Joined> = member::Entity::find()
        .select_only()
        .columns([member::Column::AccountId, member::Column::Roles])
        .columns([account::Column::Name, account::Column::Email, account::Column::DisabledAt])
        .join(JoinType::InnerJoin, to_account)
        .filter(member::Column::ProjectId.eq(scope.uuid()))
        .order_by_asc(account::Column::Name)
        .limit(limits::PAGE_SIZE_MAX)
        .into_model()
        .all(db.raw())
        .await?;
    let members = rows.into_iter().map(|row| MemberRow {
        account: AccountId::from_uuid(row.account_id),
        name: row.name,
        email: row.email,
        roles: parse_roles(&row.roles),
        active: row.disabled_at.is_none(),
    });
    Ok(members.collect())
}

/// Gives an account these roles in the project, instead of those it had.
///
/// # Errors
/// When the database fails.
pub async fn put(
    tx: &WriteTx,
    scope: Scope,
    account: AccountId,
    roles: &[Role],
    now: Timestamp,
) -> Result<(), StoreError> {
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let row = member::Model {
        project_id: scope.uuid(),
        account_id: account.uuid(),
        roles: names.join(","),
        created_at: now.micros(),
    };
    member::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(
            OnConflict::columns([member::Column::ProjectId, member::Column::AccountId])
                .update_column(member::Column::Roles)
                .to_owned(),
        )
        .exec_without_returning(tx.raw())
        .await?;
    Ok(())
}

/// Takes an account out of the project. Returns whether it belonged to it.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &WriteTx, scope: Scope, account: AccountId) -> Result<bool, StoreError> {
    let removed = member::Entity::delete_by_id((scope.uuid(), account.uuid())).exec(tx.raw()).await?;
    Ok(removed.rows_affected > 0)
}

/// Whether the account is an admin of any project.
///
/// # Errors
/// When the database fails.
pub async fn is_admin_anywhere(db: &impl Connection, account: AccountId) -> Result<bool, StoreError> {
    let roles: Vec<String> = member::Entity::find()
        .select_only()
        .column(member::Column::Roles)
        .filter(member::Column::AccountId.eq(account.uuid()))
        .limit(limits::PAGE_SIZE_MAX)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(roles.iter().any(|roles| parse_roles(roles).contains(&Role::Admin)))
}

/// Whether an account that can sign in is an admin of the project.
///
/// # Errors
/// When the database fails.
pub async fn has_admin(db: &impl Connection, scope: Scope) -> Result<bool, StoreError> {
    let to_account =
        member::Entity::belongs_to(account::Entity).from(member::Column::AccountId).to(account::Column::Id).into();
    let roles: Vec<String> = member::Entity::find()
        .select_only()
        .column(member::Column::Roles)
        .join(JoinType::InnerJoin, to_account)
        .filter(member::Column::ProjectId.eq(scope.uuid()))
        // No other role has this in its name; the parsing below is what decides.
        .filter(member::Column::Roles.contains(Role::Admin.as_str()))
        .filter(account::Column::DisabledAt.is_null())
        .limit(limits::PAGE_SIZE_MAX)
        .into_tuple()
        .all(db.raw())
        .await?;
    Ok(roles.iter().any(|roles| parse_roles(roles).contains(&Role::Admin)))
}

/// Whether somebody with this address is a member of the project. One question, whoever has the address.
///
/// # Errors
/// When the database fails.
pub async fn has_address(db: &impl Connection, scope: Scope, email: &str) -> Result<bool, StoreError> {
    let to_account =
        member::Entity::belongs_to(account::Entity).from(member::Column::AccountId).to(account::Column::Id).into();
    let found: Option<Uuid> = member::Entity::find()
        .select_only()
        .column(member::Column::AccountId)
        .join(JoinType::InnerJoin, to_account)
        .filter(member::Column::ProjectId.eq(scope.uuid()))
        .filter(account::Column::Email.eq(email))
        .into_tuple()
        .one(db.raw())
        .await?;
    Ok(found.is_some())
}

/// The project's member with this account.
///
/// # Errors
/// When the database fails.
pub async fn by_account(
    db: &impl Connection,
    scope: Scope,
    account: AccountId,
) -> Result<Option<MemberRow>, StoreError> {
    let Some(roles) = roles(db, scope, account).await? else { return Ok(None) };
    let row = account::Entity::find_by_id(account.uuid()).one(db.raw()).await?;
    Ok(row.map(|row| MemberRow { account, name: row.name, email: row.email, roles, active: row.disabled_at.is_none() }))
}

/// The projects of an account, at most [`limits::PAGE_SIZE_MAX`], with its roles in each.
///
/// # Errors
/// When the database fails.
pub async fn of_account(db: &impl Connection, account: AccountId) -> Result<Vec<(Scope, Vec<Role>)>, StoreError> {
    let rows = member::Entity::find()
        .filter(member::Column::AccountId.eq(account.uuid()))
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    let scopes = rows.into_iter().map(|row| (Scope::of(ProjectId::from_uuid(row.project_id)), parse_roles(&row.roles)));
    Ok(scopes.collect())
}
