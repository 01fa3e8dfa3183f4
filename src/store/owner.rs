//! The people whom owners stand for: members and teams, with whether they can act, and those who no longer belong.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Role;
use seatrial_domain::ids::{AccountId, TeamId};
use seatrial_domain::limits;
use seatrial_domain::owner::{Owner, OwnerId};

use crate::connection::Connection;
use crate::entity::{account, member, team, team_member};
use crate::error::StoreError;
use crate::member::{MemberRow, parse_roles};
use crate::scope::Scope;

/// An owner as they are now, and whom a notice to them reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The owner.
    pub owner: Owner,
    /// The people who can act for them: the account, or the members of the team.
    pub people: Vec<MemberRow>,
}

impl Holder {
    /// Somebody who is not there and can do nothing.
    #[must_use]
    pub fn missing(id: OwnerId) -> Self {
        Self { owner: Owner { id, name: id.to_string(), active: false }, people: Vec::new() }
    }
}

/// The owners of these ids. One who left or was never there can do nothing.
///
/// # Errors
/// When the database fails.
pub async fn resolve(
    db: &impl Connection,
    scope: Scope,
    ids: &[OwnerId],
) -> Result<BTreeMap<OwnerId, Holder>, StoreError> {
    let teams: Vec<TeamId> =
        ids.iter().filter_map(|id| if let OwnerId::Team(id) = id { Some(*id) } else { None }).collect();
    let (names, in_teams) = if teams.is_empty() { Default::default() } else { of_teams(db, scope, &teams).await? };
    let mut accounts: Vec<AccountId> = ids.iter().filter_map(|id| id.account()).collect();
    accounts.extend(in_teams.iter().map(|(_, account)| *account));
    let people = people(db, scope, &accounts).await?;
    let mut holders = BTreeMap::new();
    for id in ids {
        let holder = match id {
            OwnerId::Account(account) => people.get(account).map(|person| Holder {
                owner: Owner { id: *id, name: person.name.clone(), active: person.active },
                people: person.active.then(|| person.clone()).into_iter().collect(),
            }),
            OwnerId::Team(team) => names.get(team).map(|name| {
                let members =
                    in_teams.iter().filter(|(of, _)| of == team).filter_map(|(_, account)| people.get(account));
                let people: Vec<MemberRow> = members.filter(|person| person.active).cloned().collect();
                Holder { owner: Owner { id: *id, name: name.clone(), active: !people.is_empty() }, people }
            }),
        };
        holders.insert(*id, holder.unwrap_or_else(|| Holder::missing(*id)));
    }
    Ok(holders)
}

type Teams = (BTreeMap<TeamId, String>, Vec<(TeamId, AccountId)>);

async fn of_teams(db: &impl Connection, scope: Scope, teams: &[TeamId]) -> Result<Teams, StoreError> {
    let ids = || teams.iter().map(|id| id.uuid());
    let names = team::Entity::find()
        .filter(scope.owns(team::Column::ProjectId))
        .filter(team::Column::Id.is_in(ids()))
        .all(db.raw())
        .await?;
    let members = team_member::Entity::find()
        .filter(team_member::Column::ProjectId.eq(scope.uuid()))
        .filter(team_member::Column::TeamId.is_in(ids()))
        .order_by_asc(team_member::Column::AccountId)
        .all(db.raw())
        .await?;
    let names = names.into_iter().map(|row| (TeamId::from_uuid(row.id), row.name)).collect();
    let pairs = members.into_iter().map(|row| (TeamId::from_uuid(row.team_id), AccountId::from_uuid(row.account_id)));
    Ok((names, pairs.collect()))
}

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

/// A stored owner.
pub(crate) fn read(text: Option<&str>) -> Result<Option<OwnerId>, StoreError> {
    text.map(|text| text.parse().map_err(|error| StoreError::corrupt("owner", error))).transpose()
}
