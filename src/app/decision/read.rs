//! Reading decisions: lists, one, what stands about a release, and the document that leaves with one.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::decision::{Checkpoint, DecisionExport, Overrides, SealedDecision};
use seatrial_domain::ids::DecisionId;
use seatrial_store::decision::DecisionFilter;
use seatrial_store::gate::{GateFilter, GateRow};
use seatrial_store::{Cursor, Page, decision, gate, release, workflow};

use crate::app::App;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::app::gate::frozen;

/// A decision and whether it still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDecision {
    /// The decision.
    pub sealed: SealedDecision,
    /// The later decision that takes its place.
    pub superseded_by: Option<DecisionId>,
}

/// What stands about a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The release.
    pub release: release::ReleaseRow,
    /// The decision that stands; `None` while nobody has decided.
    pub decision: Option<SealedDecision>,
    /// The latest gate of the release.
    pub gate: Option<GateRow>,
}

impl App {
    /// Lists decisions, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn list_decisions(
        &self,
        caller: &Caller,
        project: &str,
        filter: &DecisionFilter,
        page: Page,
    ) -> Result<(Vec<ListedDecision>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (rows, next) = decision::list(self.store.read(), project.scope, filter, page).await?;
        let ids: Vec<DecisionId> = rows.iter().map(|sealed| sealed.record.id).collect();
        let superseded = decision::superseded(self.store.read(), project.scope, &ids).await?;
        Ok((rows.into_iter().map(|sealed| listed(sealed, &superseded)).collect(), next))
    }

    /// A decision.
    ///
    /// # Errors
    /// When there is no such decision in the project, the caller may not, or the database fails.
    pub async fn decision(&self, caller: &Caller, project: &str, id: DecisionId) -> Result<ListedDecision, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let sealed = decision::find(self.store.read(), project.scope, id).await?;
        let sealed = sealed.ok_or(AppError::NotFound { noun: "decision" })?;
        let superseded = decision::superseded(self.store.read(), project.scope, &[id]).await?;
        Ok(listed(sealed, &superseded))
    }

    /// The document that leaves with a decision: its evidence, its recommendation and the project's chain, verified
    /// offline by `seatrial decision verify`.
    ///
    /// # Errors
    /// When there is no such decision in the project, the caller may not, or the database fails.
    pub async fn export_decision(&self, caller: &Caller, project: &str, id: DecisionId) -> Result<Vec<u8>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let sealed = decision::find(db, project.scope, id).await?.ok_or(AppError::NotFound { noun: "decision" })?;
        let bundle = frozen(db, &project, sealed.record.bundle).await?;
        let chain = self.whole_chain(&project).await?;
        DecisionExport::from_stored(id, &bundle.canonical, &bundle.recommendation, chain)
            .and_then(|export| export.bytes())
            .map_err(AppError::internal)
    }

    /// The head of the project's chain, to be kept where nobody of the project can change it.
    ///
    /// # Errors
    /// When nothing is decided yet, the caller may not, or the database fails.
    pub async fn checkpoint(&self, caller: &Caller, project: &str) -> Result<Checkpoint, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let head = decision::latest(self.store.read(), project.scope, &DecisionFilter::default()).await?;
        let nothing = || AppError::Conflict {
            code: "nothing_decided",
            detail: "The project has no decision yet, so its chain has no head; make a checkpoint after the first one."
                .to_owned(),
        };
        Ok(Checkpoint::of(&head.ok_or_else(nothing)?, self.now()))
    }

    /// How often people decide against the recommendation.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn overrides(&self, caller: &Caller, project: &str) -> Result<Overrides, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(Overrides::of(&decision::tallies(self.store.read(), project.scope).await?))
    }

    /// What stands about a release: the answer a pipeline asks for.
    ///
    /// # Errors
    /// When there is no such workflow or release in the project, the caller may not, or the database fails.
    pub async fn standing_decision(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        release: &str,
    ) -> Result<Standing, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (db, scope) = (self.store.read(), project.scope);
        let work = workflow::find(db, scope, workflow).await?.ok_or(AppError::NotFound { noun: "workflow" })?;
        let row = release::find(db, scope, work.id, release).await?.ok_or(AppError::NotFound { noun: "release" })?;
        let of_release = DecisionFilter { release: Some(row.id), ..DecisionFilter::default() };
        let gates = GateFilter { release: Some(row.id), ..GateFilter::default() };
        Ok(Standing {
            decision: decision::latest(db, scope, &of_release).await?,
            gate: gate::list(db, scope, &gates, Page::new(None, Some(1))).await?.0.pop(),
            release: row,
        })
    }
}

fn listed(sealed: SealedDecision, superseded: &BTreeMap<DecisionId, DecisionId>) -> ListedDecision {
    ListedDecision { superseded_by: superseded.get(&sealed.record.id).copied(), sealed }
}
