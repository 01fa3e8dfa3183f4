//! Decisions: the answer a person recorded, append-only and chained by hash.
//!
//! A decision names the bundle it rests on, the recommendation it follows or goes against, the policy, the people,
//! and the decision before it. Changing any of them later changes a digest that the next decision names.

mod checkpoint;
mod export;
mod overrides;
mod rules;
mod verify;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::canonical::{CanonicalError, to_canonical};
use crate::digest::Digest;
use crate::gate::Verdict;
use crate::ids::{DecisionId, GateId, ProjectId, ReleaseId, WorkflowId};
use crate::time::Timestamp;

pub use checkpoint::{CHECKPOINT_FORMAT, Checkpoint};
pub use export::{DecisionExport, EXPORT_FORMAT};
pub use overrides::{DecisionTally, OverrideRate, Overrides, PersonOverrides};
pub use rules::{DecisionRefusal, Person, Proposal, may_decide, takes_two};
pub use verify::{Replay, VerificationReport, VerificationStep, verify_export};

/// The version of the record's shape. Version 1 did not name the scorecard; its records still verify.
pub const DECISION_SCHEMA: u32 = 2;

/// Where a decision that takes two persons stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// It waits for the second person.
    Open,
    /// The second person approved it, and it is recorded as a decision.
    Approved,
    /// Other evidence was frozen or something else was proposed or decided meanwhile.
    Overtaken,
}

impl ProposalState {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Overtaken => "overtaken",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Approved, Self::Overtaken].into_iter().find(|state| state.as_str() == name)
    }
}

/// What a person decided about a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// The version of this shape.
    pub schema: u32,
    /// Its id.
    pub id: DecisionId,
    /// Whose decision.
    pub project: ProjectId,
    /// Its place in the project's chain, from 1.
    pub sequence: u64,
    /// The gate that was answered.
    pub gate: GateId,
    /// Of which work.
    pub workflow: WorkflowId,
    /// The release it is about.
    pub release: ReleaseId,
    /// The evidence it rests on.
    pub bundle: Digest,
    /// The rules it was made under.
    pub policy: Digest,
    /// The scorecard the release was held to, as it was frozen; absent without one, and in records of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorecard: Option<Digest>,
    /// The recommendation.
    pub recommendation: Digest,
    /// What that recommended.
    pub recommended: Verdict,
    /// What was decided.
    pub verdict: Verdict,
    /// Why. May be empty only when the recommendation is followed.
    pub reason: String,
    /// Who decided.
    pub decided_by: Actor,
    /// The second person, where one was needed or came along.
    pub approved_by: Option<Actor>,
    /// When.
    pub decided_at: Timestamp,
    /// The earlier decision of the same gate that it takes the place of.
    pub supersedes: Option<DecisionId>,
    /// The digest of the decision before it in the project's chain; absent of the first.
    pub previous: Option<Digest>,
}

impl DecisionRecord {
    /// The bytes that are stored, hashed and exported.
    ///
    /// # Errors
    /// When the sequence is beyond what JSON holds exactly.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }

    /// The digest of its canonical bytes.
    ///
    /// # Errors
    /// As [`Self::canonical_bytes`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self.canonical_bytes()?))
    }

    /// The record with its digest, ready to be appended.
    ///
    /// # Errors
    /// As [`Self::canonical_bytes`].
    pub fn seal(self) -> Result<SealedDecision, CanonicalError> {
        Ok(SealedDecision { digest: self.digest()?, record: self })
    }
}

/// A decision and the digest it was stored under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedDecision {
    /// The record.
    pub record: DecisionRecord,
    /// Its digest when it was appended.
    pub digest: Digest,
}

/// The first link of a chain that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chain breaks at entry {index} (sequence {sequence}): {problem}")]
pub struct ChainError {
    /// Its index in the list that was checked, from 0.
    pub index: usize,
    /// The sequence it claims.
    pub sequence: u64,
    /// What does not hold.
    pub problem: ChainProblem,
}

/// What does not hold of a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainProblem {
    /// The content is not what was sealed.
    #[error("its content has the digest {actual}, and it was stored under {stored}: it was changed")]
    Changed {
        /// The digest it was stored under.
        stored: Digest,
        /// The digest of what is there.
        actual: Digest,
    },
    /// It does not follow the entry before it.
    #[error("it names {named} as the decision before it, which is {actual}: an entry was changed, added or removed")]
    Link {
        /// What it names.
        named: String,
        /// What is there.
        actual: String,
    },
    /// A number is missing or repeated.
    #[error("its sequence should be {expected}: an entry is missing, repeated or out of order")]
    Sequence {
        /// The number that belongs here.
        expected: u64,
    },
    /// It belongs to another project than the first entry.
    #[error("it belongs to another project than the entries before it")]
    Project,
    /// It takes the place of a decision that is not an earlier one of the same gate.
    #[error("it supersedes {0}, which is no earlier decision of the same gate")]
    Supersedes(DecisionId),
    /// Its shape is of a version that is not known here.
    #[error("it has the shape {0}, which this version does not know")]
    Schema(u32),
    /// It has no canonical form.
    #[error("it has no canonical form: {0}")]
    Canonical(CanonicalError),
}

/// Checks that decisions are what was sealed, in unbroken order.
///
/// A list may begin in the middle of a chain: then what its first entry names as the one before it is taken as
/// given. A list that begins with sequence 1 must name nothing.
///
/// # Errors
/// The first entry that does not hold, and what about it.
pub fn verify_chain(decisions: &[SealedDecision]) -> Result<(), ChainError> {
    let begins_later = decisions.first().is_some_and(|first| first.record.sequence > 1);
    let mut gates: HashMap<DecisionId, GateId> = HashMap::with_capacity(decisions.len());
    for (index, sealed) in decisions.iter().enumerate() {
        let SealedDecision { record, .. } = sealed;
        let found = link(index.checked_sub(1).map(|i| &decisions[i]), sealed).and_then(|()| match record.supersedes {
            // What was decided before the list begins cannot be looked up.
            Some(replaced) if gates.get(&replaced).map_or(begins_later, |gate| *gate == record.gate) => Ok(()),
            Some(replaced) => Err(ChainProblem::Supersedes(replaced)),
            None => Ok(()),
        });
        found.map_err(|problem| ChainError { index, sequence: record.sequence, problem })?;
        gates.insert(record.id, record.gate);
    }
    Ok(())
}

fn link(before: Option<&SealedDecision>, sealed: &SealedDecision) -> Result<(), ChainProblem> {
    let SealedDecision { record, digest } = sealed;
    let actual = record.digest().map_err(ChainProblem::Canonical)?;
    if actual != *digest {
        return Err(ChainProblem::Changed { stored: *digest, actual });
    }
    if !(1..=DECISION_SCHEMA).contains(&record.schema) || (record.schema == 1 && record.scorecard.is_some()) {
        return Err(ChainProblem::Schema(record.schema));
    }
    let name = |digest: Option<Digest>| digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
    if let Some(before) = before {
        if record.project != before.record.project {
            return Err(ChainProblem::Project);
        }
        let expected = before.record.sequence.saturating_add(1);
        if record.sequence != expected {
            return Err(ChainProblem::Sequence { expected });
        }
    } else if record.sequence == 0 {
        return Err(ChainProblem::Sequence { expected: 1 });
    }
    let expected = match before {
        Some(before) => Some(before.digest),
        None if record.sequence == 1 => None,
        None => record.previous,
    };
    if record.previous != expected || (record.sequence > 1 && expected.is_none()) {
        return Err(ChainProblem::Link { named: name(record.previous), actual: name(expected) });
    }
    Ok(())
}

/// The decision of a gate that stands: the last one that no later one supersedes.
#[must_use]
pub fn standing(decisions: &[SealedDecision], gate: GateId) -> Option<&SealedDecision> {
    let superseded = |id: DecisionId| decisions.iter().any(|sealed| sealed.record.supersedes == Some(id));
    decisions.iter().rev().find(|sealed| sealed.record.gate == gate && !superseded(sealed.record.id))
}
