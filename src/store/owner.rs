//! The people whom owners stand for: members, with whether they can act, and those who no longer belong.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Role;
use seatrial_domain::ids::AccountId;
use seatrial_domain::limits;

use crate::connection::Connection;
use crate::entity::{account, member};
use crate::error::StoreError;
use crate::member::{MemberRow, parse_roles};
use crate::scope::Scope;

/// The people of these accounts. One who left the project is there with no role and not active; an account that does
/// not exist is missing.
///
/// # Errors
/// When the database fails.
pub async fn people(
    db: &impl Connection,
    scope: Scope,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, MemberRow>, StoreError> {
    if accounts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = || accounts.iter().map(|id| id.uuid());
    let members = member::Entity::find()
        .filter(member::Column::ProjectId.eq(scope.uuid()))
        .filter(member::Column::AccountId.is_in(ids()))
        .all(db.raw())
        .await?;
    let roles: BTreeMap<_, _> = members.into_iter().map(|row| (row.account_id, parse_roles(&row.roles))).collect();
    let rows = account::Entity::find().filter(account::Column::Id.is_in(ids())).all(db.raw()).await?;
    Ok(rows.into_iter().map(|row| person(row, &roles)).map(|person| (person.account, person)).collect())
}

/// The admins of the project who can sign in, by name, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn admins(db: &impl Connection, scope: Scope) -> Result<Vec<MemberRow>, StoreError> {
    let members = member::Entity::find()
        .filter(member::Column::ProjectId.eq(scope.uuid()))
        // No other role has this in its name; the parsing below is what decides.
        .filter(member::Column::Roles.contains(Role::Admin.as_str()))
        .order_by_asc(member::Column::CreatedAt)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    let roles: BTreeMap<_, _> = members
        .into_iter()
        .map(|row| (row.account_id, parse_roles(&row.roles)))
        .filter(|(_, roles)| roles.contains(&Role::Admin))
        .collect();
    let rows = account::Entity::find()
        .filter(account::Column::Id.is_in(roles.keys().copied()))
        .filter(account::Column::DisabledAt.is_null())
        .order_by_asc(account::Column::Name)
        .all(db.raw())
        .await?;
    Ok(rows.into_iter().map(|row| person(row, &roles)).collect())
}

fn person(row: account::Model, roles: &BTreeMap<uuid::Uuid, Vec<Role>>) -> MemberRow {
    let roles = roles.get(&row.id).cloned();
    MemberRow {
        account: AccountId::from_uuid(row.id),
        name: row.name,
        email: row.email,
        active: roles.is_some() && row.disabled_at.is_none(),
        roles: roles.unwrap_or_default(),
    }
}
