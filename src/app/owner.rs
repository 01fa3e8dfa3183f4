//! Owners: who can own, what somebody owns, and handing it over when they leave.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::gap::GapState;
use seatrial_domain::ids::AccountId;
use seatrial_domain::owner::{Owner, OwnerId};
use seatrial_store::gap::{self, GapFilter, GapRow};
use seatrial_store::owner::Holder;
use seatrial_store::response::{self, ResponseFilter, ResponseRow};
use seatrial_store::scorecard::{self, ScorecardRow};
use seatrial_store::workflow::{self, WorkflowRow};
use seatrial_store::{Connection, Page, Scope, owner, team};
use serde::Serialize;
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::{AppError, FieldError};

/// What an owner has in a project. At most a page of gaps and of responses.
#[derive(Clone, Debug)]
pub struct Owned {
    /// The owner as they are now.
    pub owner: Owner,
    /// Workflows.
    pub workflows: Vec<WorkflowRow>,
    /// Scorecards they answer for, as owner or as backup.
    pub scorecards: Vec<ScorecardRow>,
    /// Open gaps.
    pub gaps: Vec<GapRow>,
    /// Responses that are not over.
    pub responses: Vec<ResponseRow>,
}

impl Owned {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workflows.is_empty() && self.scorecards.is_empty() && self.gaps.is_empty() && self.responses.is_empty()
    }
}

/// What was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HandedOver {
    /// Workflows.
    pub workflows: u64,
    /// Scorecards, each with a new version that says so.
    pub scorecards: u64,
    /// Open gaps.
    pub gaps: u64,
    /// Responses that are not over.
    pub responses: u64,
}

const CANNOT_ACT: &str =
    "name a member of this project whose account is enabled, or a team that has such a member (acc_… or team_…)";

impl App {
    /// The owners as they are now; one that does not exist can do nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn holders(
        &self,
        db: &impl Connection,
        scope: Scope,
        ids: impl IntoIterator<Item = OwnerId> + Send,
    ) -> Result<BTreeMap<OwnerId, Holder>, AppError> {
        let mut ids: Vec<OwnerId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(owner::resolve(db, scope, &ids).await?)
    }

    /// The names of owners, for whoever may read evidence.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn owner_names(
        &self,
        caller: &Caller,
        project: &str,
        ids: Vec<OwnerId>,
    ) -> Result<BTreeMap<OwnerId, Owner>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let found = self.holders(self.store.read(), project.scope, ids).await?;
        Ok(found.into_iter().map(|(id, holder)| (id, holder.owner)).collect())
    }

    /// Refuses an owner who cannot act.
    ///
    /// # Errors
    /// [`AppError::Invalid`] at `field`, or when the database fails.
    pub(super) async fn able(&self, scope: Scope, field: &str, id: OwnerId) -> Result<Holder, AppError> {
        let found = self.holders(self.store.read(), scope, [id]).await?.remove(&id);
        found.filter(|holder| holder.owner.active).ok_or_else(|| AppError::invalid(field, CANNOT_ACT))
    }

    /// The errors of owner fields that name somebody who cannot act.
    pub(super) async fn unable(
        &self,
        scope: Scope,
        fields: [(&str, Option<OwnerId>); 2],
    ) -> Result<Vec<FieldError>, AppError> {
        let ids: Vec<OwnerId> = fields.iter().filter_map(|(_, id)| *id).collect();
        let found = self.holders(self.store.read(), scope, ids).await?;
        let wrong = fields
            .into_iter()
            .filter(|(_, id)| id.is_some_and(|id| !found.get(&id).is_some_and(|holder| holder.owner.active)));
        Ok(wrong.map(|(field, _)| FieldError::new(field, CANNOT_ACT)).collect())
    }

    /// Everything that stands for an account as an owner: itself and its teams.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_ids(&self, project: &ProjectAccess, account: AccountId) -> Result<Vec<OwnerId>, AppError> {
        let teams = team::of_account(self.store.read(), project.scope, account).await?;
        Ok(std::iter::once(OwnerId::Account(account)).chain(teams.into_iter().map(OwnerId::Team)).collect())
    }

    /// What an owner has in the project, whether or not they can still act.
    ///
    /// # Errors
    /// When the caller may not, somebody of another project is asked about, or the database fails.
    pub async fn owned(&self, caller: &Caller, project: &str, id: OwnerId) -> Result<Owned, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let owned = self.owned_in(self.store.read(), &project, id).await?;
        // Who neither belongs to the project nor has anything in it is nobody here, not even a name.
        if !owned.owner.active && owned.is_empty() {
            return Err(AppError::NotFound { noun: "owner" });
        }
        Ok(owned)
    }

    pub(super) async fn owned_in(
        &self,
        db: &impl Connection,
        project: &ProjectAccess,
        id: OwnerId,
    ) -> Result<Owned, AppError> {
        let scope = project.scope;
        let holder = self.holders(db, scope, [id]).await?.remove(&id).unwrap_or_else(|| Holder::missing(id));
        let page = || Page::new(None, Some(seatrial_domain::limits::PAGE_SIZE_MAX));
        let gaps = GapFilter { state: Some(GapState::Open), owners: Some(vec![id]), ..GapFilter::default() };
        let mine = ResponseFilter { owners: Some(vec![id]), ..ResponseFilter::default() };
        let mut responses = response::list(db, scope, &mine, page()).await?.0;
        responses.retain(|row| !row.state.is_over());
        let named = |row: &ScorecardRow| row.definition.owner == Some(id) || row.definition.backup == Some(id);
        Ok(Owned {
            owner: holder.owner,
            workflows: workflow::list(db, scope).await?.into_iter().filter(|row| row.owner == Some(id)).collect(),
            scorecards: scorecard::list(db, scope).await?.into_iter().filter(named).collect(),
            gaps: gap::list(db, scope, &gaps, page()).await?.0,
            responses,
        })
    }

    /// Gives everything that `from` has to `to`: workflows, scorecards (a new version each), open gaps and responses.
    /// For somebody who leaves, or has left.
    ///
    /// # Errors
    /// When both are the same, `to` cannot act, `to` is the owner and the backup of a scorecard at once, the caller may
    /// not, or the database fails.
    pub async fn hand_over(
        &self,
        caller: &Caller,
        project: &str,
        from: OwnerId,
        to: OwnerId,
    ) -> Result<HandedOver, AppError> {
        let project = self.enter(caller, project, Permission::ManageMembers).await?;
        if from == to {
            return Err(AppError::invalid("to", "name somebody else than who has it now"));
        }
        self.able(project.scope, "to", to).await?;
        let tx = self.store.write().await?;
        let scope = project.scope;
        let owned = self.owned_in(&tx, &project, from).await?;
        let mut done = HandedOver {
            gaps: gap::hand_over(&tx, scope, from, to).await?,
            responses: response::hand_over(&tx, scope, from, to).await?,
            ..HandedOver::default()
        };
        // Bounded by the workflows of a project, and rare.
        for row in owned.workflows {
            workflow::update(&tx, scope, WorkflowRow { owner: Some(to), ..row }).await?;
            done.workflows += 1;
        }
        for row in owned.scorecards {
            let mut next = ScorecardRow { version: row.version.saturating_add(1), updated_at: self.now(), ..row };
            let definition = &mut next.definition;
            let give = |held: Option<OwnerId>| if held == Some(from) { Some(to) } else { held };
            (definition.owner, definition.backup) = (give(definition.owner), give(definition.backup));
            if definition.owner == definition.backup {
                // Whoever answers for it already needs no second line.
                definition.backup = None;
            }
            if !scorecard::put_version(&tx, scope, &next, project.actor()).await? {
                let detail = "A scorecard was written meanwhile; repeat the hand-over.".to_owned();
                return Err(AppError::Conflict { code: "version_conflict", detail });
            }
            done.scorecards += 1;
        }
        let change = Change::of(json!({"owner": from}), json!({"owner": to})).with("handed_over", json!(done));
        self.audit(&tx, &project, "hand_over", "owner", from, &change).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Who answers for what happens to a workflow: its own owner, and the owner and backup of its scorecard.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn answerable(
        &self,
        db: &impl Connection,
        scope: Scope,
        work: seatrial_domain::ids::WorkflowId,
    ) -> Result<Vec<Holder>, AppError> {
        let row = workflow::find(db, scope, &work.to_string()).await?;
        let card = scorecard::of_workflow(db, scope, work).await?;
        let of_card = card.map(|card| [card.definition.owner, card.definition.backup]).unwrap_or_default();
        let ids: Vec<OwnerId> = std::iter::once(row.and_then(|row| row.owner)).chain(of_card).flatten().collect();
        Ok(self.holders(db, scope, ids).await?.into_values().collect())
    }
}
