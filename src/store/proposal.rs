//! Decisions that wait for a second person.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::decision::ProposalState;
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, GateId, ProposalId};
use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use crate::actor;
use crate::connection::{Connection, WriteTx};
use crate::entity::proposal;
use crate::error::StoreError;
use crate::scope::Scope;

/// A decision that waits, or waited, for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its id.
    pub id: ProposalId,
    /// The gate to be answered.
    pub gate: GateId,
    /// The evidence it rests on.
    pub bundle: Digest,
    /// What is to be decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Why it takes two persons.
    pub takes_two_because: String,
    /// The first person.
    pub proposed_by: Actor,
    /// When.
    pub proposed_at: Timestamp,
    /// Where it stands.
    pub state: ProposalState,
    /// The decision it became.
    pub decision: Option<DecisionId>,
}

impl ProposalRow {
    fn from_model(row: proposal::Model) -> Result<Self, StoreError> {
        let corrupt = |why: &str| StoreError::corrupt("proposal", why);
        Ok(Self {
            id: ProposalId::from_uuid(row.id),
            gate: GateId::from_uuid(row.gate_id),
            bundle: row.bundle_digest.parse().map_err(|error| StoreError::corrupt("proposal", error))?,
            verdict: Verdict::parse(&row.verdict).ok_or_else(|| corrupt("its verdict is unknown"))?,
            reason: row.reason,
            takes_two_because: row.takes_two_because,
            proposed_by: actor::read(&row.proposed_by_json)?,
            proposed_at: Timestamp::from_micros(row.proposed_at),
            state: ProposalState::parse(&row.state).ok_or_else(|| corrupt("its state is unknown"))?,
            decision: row.decision_id.map(DecisionId::from_uuid),
        })
    }
}

/// Keeps a proposal.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTx, scope: Scope, row: &ProposalRow) -> Result<(), StoreError> {
    let row = proposal::Model {
        id: row.id.uuid(),
        project_id: scope.uuid(),
        gate_id: row.gate.uuid(),
        bundle_digest: row.bundle.to_string(),
        verdict: row.verdict.as_str().to_owned(),
        reason: row.reason.clone(),
        takes_two_because: row.takes_two_because.clone(),
        proposed_by_json: actor::write(&row.proposed_by)?,
        proposed_at: row.proposed_at.micros(),
        state: row.state.as_str().to_owned(),
        decision_id: row.decision.map(DecisionId::uuid),
    };
    proposal::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx.raw()).await?;
    Ok(())
}

/// Finds a proposal by its id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Connection, scope: Scope, id: ProposalId) -> Result<Option<ProposalRow>, StoreError> {
    let query = proposal::Entity::find_by_id(id.uuid()).filter(proposal::Column::ProjectId.eq(scope.uuid()));
    query.one(db.raw()).await?.map(ProposalRow::from_model).transpose()
}

/// The proposals of a gate, latest first, at most `limits::PAGE_SIZE_MAX`.
///
/// # Errors
/// When the database fails.
pub async fn of_gate(db: &impl Connection, scope: Scope, gate: GateId) -> Result<Vec<ProposalRow>, StoreError> {
    let rows = proposal::Entity::find()
        .filter(proposal::Column::ProjectId.eq(scope.uuid()))
        .filter(proposal::Column::GateId.eq(gate.uuid()))
        .order_by_desc(proposal::Column::ProposedAt)
        .order_by_desc(proposal::Column::Id)
        .limit(limits::PAGE_SIZE_MAX)
        .all(db.raw())
        .await?;
    rows.into_iter().map(ProposalRow::from_model).collect()
}

/// Ends every proposal of a gate that still waits: something else was frozen, proposed or decided.
///
/// # Errors
/// When the database fails.
pub async fn overtake(tx: &WriteTx, scope: Scope, gate: GateId) -> Result<(), StoreError> {
    proposal::Entity::update_many()
        .col_expr(proposal::Column::State, Expr::value(ProposalState::Overtaken.as_str()))
        .filter(proposal::Column::ProjectId.eq(scope.uuid()))
        .filter(proposal::Column::GateId.eq(gate.uuid()))
        .filter(proposal::Column::State.eq(ProposalState::Open.as_str()))
        .exec(tx.raw())
        .await?;
    Ok(())
}

/// Records the decision a proposal became.
///
/// # Errors
/// When the database fails.
pub async fn approve(tx: &WriteTx, scope: Scope, id: ProposalId, decision: DecisionId) -> Result<(), StoreError> {
    proposal::Entity::update_many()
        .col_expr(proposal::Column::State, Expr::value(ProposalState::Approved.as_str()))
        .col_expr(proposal::Column::DecisionId, Expr::value(decision.uuid()))
        .filter(proposal::Column::ProjectId.eq(scope.uuid()))
        .filter(proposal::Column::Id.eq(id.uuid()))
        .exec(tx.raw())
        .await?;
    Ok(())
}
