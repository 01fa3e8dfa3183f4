//! Teams: named groups of members that can own things.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{AccountId, TeamId};
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_store::team::{self, TeamRow};
use seatrial_store::{Scope, member};
use serde_json::json;

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::AppError;
use super::precondition::IfMatch;

const NO_TEAM: AppError = AppError::NotFound { noun: "team" };

impl App {
    /// The project's teams by name.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn teams(&self, caller: &Caller, project: &str) -> Result<Vec<TeamRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(team::list(self.store.read(), project.scope).await?)
    }

    /// Makes a team.
    ///
    /// # Errors
    /// When the name is out of bounds or taken, somebody is no member, there are too many teams, the caller may not, or
    /// the database fails.
    pub async fn create_team(
        &self,
        caller: &Caller,
        project: &str,
        name: &str,
        members: Vec<AccountId>,
    ) -> Result<TeamRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageMembers).await?;
        let members = self.checked_team(project.scope, name, members).await?;
        let id = TeamId::from_uuid(self.ids.uuid_v7());
        let row = TeamRow { id, name: name.to_owned(), created_at: self.now(), members };
        let tx = self.store.write().await?;
        if team::list(&tx, project.scope).await?.len() >= limits::TEAMS_PER_PROJECT {
            let detail = format!("The project has {} teams; remove one first.", limits::TEAMS_PER_PROJECT);
            return Err(AppError::Conflict { code: "too_many_teams", detail });
        }
        team::insert(&tx, project.scope, &row).await?;
        self.audit(
            &tx,
            &project,
            "create",
            "team",
            id,
            &Change::made(json!({"name": row.name, "members": row.members})),
        )
        .await?;
        tx.commit().await?;
        Ok(row)
    }

    /// A team.
    ///
    /// # Errors
    /// When there is no such team, the caller may not, or the database fails.
    pub async fn team(&self, caller: &Caller, project: &str, id: TeamId) -> Result<TeamRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        team::find(self.store.read(), project.scope, id).await?.ok_or(NO_TEAM)
    }

    /// Gives a team another name and other members.
    ///
    /// # Errors
    /// When there is no such team, and as [`App::create_team`].
    pub async fn put_team(
        &self,
        caller: &Caller,
        project: &str,
        id: TeamId,
        name: &str,
        members: Vec<AccountId>,
        if_match: &IfMatch,
    ) -> Result<TeamRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageMembers).await?;
        let members = self.checked_team(project.scope, name, members).await?;
        let tx = self.store.write().await?;
        let known = team::find(&tx, project.scope, id).await?.ok_or(NO_TEAM)?;
        if_match.check(&(&known.name, &known.members))?;
        let before = json!({"name": known.name, "members": known.members});
        let row = TeamRow { name: name.to_owned(), members, ..known };
        team::update(&tx, project.scope, &row).await?;
        let after = json!({"name": row.name, "members": row.members});
        self.audit(&tx, &project, "put", "team", id, &Change::of(before, after)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Removes a team that owns nothing.
    ///
    /// # Errors
    /// When there is no such team, it owns something, the caller may not, or the database fails.
    pub async fn delete_team(&self, caller: &Caller, project: &str, id: TeamId) -> Result<(), AppError> {
        let project = self.enter(caller, project, Permission::ManageMembers).await?;
        let tx = self.store.write().await?;
        let row = team::find(&tx, project.scope, id).await?.ok_or(NO_TEAM)?;
        if !self.owned_in(&tx, &project, OwnerId::Team(id)).await?.is_empty() {
            let detail = format!("{} still owns something; hand it over first.", row.name);
            return Err(AppError::Conflict { code: "team_owns_things", detail });
        }
        team::delete(&tx, project.scope, id).await?;
        self.audit(
            &tx,
            &project,
            "delete",
            "team",
            id,
            &Change::gone(json!({"name": row.name, "members": row.members})),
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn checked_team(
        &self,
        scope: Scope,
        name: &str,
        mut members: Vec<AccountId>,
    ) -> Result<Vec<AccountId>, AppError> {
        if limits::label(name).as_deref() != Some(name) {
            let message = format!("use 1 to {} bytes without control characters", limits::LABEL_BYTES);
            return Err(AppError::invalid("name", message));
        }
        members.sort_unstable();
        members.dedup();
        let known = member::list(self.store.read(), scope).await?;
        match members.iter().position(|account| !known.iter().any(|member| member.account == *account)) {
            Some(at) => {
                Err(AppError::invalid(format!("members[{at}]"), "is no member of this project; add them first"))
            }
            None => Ok(members),
        }
    }
}
