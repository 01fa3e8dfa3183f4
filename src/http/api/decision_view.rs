//! Decisions as the API shows them.

use std::collections::BTreeMap;

use seatrial_domain::access::Actor;
use seatrial_domain::decision::{OverrideRate, Overrides, SealedDecision};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, GateId, ReleaseId, WorkflowId};
use seatrial_domain::time::Timestamp;
use serde::Serialize;

use crate::app::decision::ListedDecision;
use crate::app::names::Names;

/// A recorded decision.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DecisionView {
    /// Its id.
    #[schema(value_type = String)]
    id: DecisionId,
    /// Its place in the project's chain, from 1.
    sequence: u64,
    /// The gate that was answered.
    #[schema(value_type = String)]
    gate_id: GateId,
    /// Of which work.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// The release it is about.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// What was decided.
    verdict: Verdict,
    /// What was recommended.
    recommended: Verdict,
    /// Why.
    reason: String,
    /// Who decided.
    decided_by: Actor,
    /// The second person.
    approved_by: Option<Actor>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    /// The evidence it rests on.
    #[schema(value_type = String)]
    bundle: Digest,
    /// The policy it was made under.
    #[schema(value_type = String)]
    policy: Digest,
    /// The scorecard the release was held to.
    #[schema(value_type = Option<String>)]
    scorecard: Option<Digest>,
    /// The recommendation.
    #[schema(value_type = String)]
    recommendation: Digest,
    /// The earlier decision that it takes the place of.
    #[schema(value_type = Option<String>)]
    supersedes: Option<DecisionId>,
    /// The later decision that takes its place.
    #[schema(value_type = Option<String>)]
    superseded_by: Option<DecisionId>,
    /// The digest of the decision before it in the chain.
    #[schema(value_type = Option<String>)]
    previous: Option<Digest>,
    /// Its own digest.
    #[schema(value_type = String)]
    digest: Digest,
}

impl DecisionView {
    pub(super) fn of(sealed: SealedDecision, superseded_by: Option<DecisionId>) -> Self {
        let SealedDecision { record, digest } = sealed;
        Self {
            id: record.id,
            sequence: record.sequence,
            gate_id: record.gate,
            workflow_id: record.workflow,
            release_id: record.release,
            verdict: record.verdict,
            recommended: record.recommended,
            reason: record.reason,
            decided_by: record.decided_by,
            approved_by: record.approved_by,
            decided_at: record.decided_at,
            bundle: record.bundle,
            policy: record.policy,
            scorecard: record.scorecard,
            recommendation: record.recommendation,
            supersedes: record.supersedes,
            superseded_by,
            previous: record.previous,
            digest,
        }
    }
}

impl From<ListedDecision> for DecisionView {
    fn from(listed: ListedDecision) -> Self {
        Self::of(listed.sealed, listed.superseded_by)
    }
}

/// How often recommendations are overridden in a workflow.
#[derive(Serialize, utoipa::ToSchema)]
struct WorkflowOverrides {
    /// The workflow.
    #[schema(value_type = String)]
    workflow_id: WorkflowId,
    /// Its name.
    workflow: String,
    /// The rate.
    #[serde(flatten)]
    rate: OverrideRate,
}

/// How often a person overrides recommendations.
#[derive(Serialize, utoipa::ToSchema)]
struct PersonOverrides {
    /// The person: an account's id.
    person_id: String,
    /// Their name in their latest decision.
    name: String,
    /// The rate over every workflow.
    #[serde(flatten)]
    rate: OverrideRate,
    /// The rate in each workflow.
    workflows: Vec<WorkflowOverrides>,
}

/// How often recommendations are overridden.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct OverridesView {
    /// Over all decisions.
    all: OverrideRate,
    /// By workflow.
    workflows: Vec<WorkflowOverrides>,
    /// By person, who overrides most often first.
    people: Vec<PersonOverrides>,
}

impl OverridesView {
    pub(super) fn of(found: Overrides, names: &Names) -> Self {
        let workflows = |rates: BTreeMap<WorkflowId, OverrideRate>| {
            let named = rates.into_iter().map(|(workflow_id, rate)| WorkflowOverrides {
                workflow_id,
                workflow: names.workflow_name(workflow_id),
                rate,
            });
            named.collect()
        };
        Self {
            all: found.all,
            workflows: workflows(found.workflows),
            people: found
                .people
                .into_iter()
                .map(|person| PersonOverrides {
                    person_id: person.person,
                    name: person.name,
                    rate: person.all,
                    workflows: workflows(person.workflows),
                })
                .collect(),
        }
    }
}
