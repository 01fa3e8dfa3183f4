//! Who may decide what. The machine recommends, a person decides, and some decisions take two.

use crate::access::{Actor, ActorKind, Role};
use crate::gate::Verdict;
use crate::limits::NOTE_BYTES;
use crate::policy::Policy;

/// Somebody with the roles they hold in the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub actor: Actor,
    /// Their roles.
    pub roles: Vec<Role>,
}

/// A decision that somebody wants to record.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// What was recommended.
    pub recommended: Verdict,
    /// What is to be decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: &'a str,
    /// Who decides.
    pub by: &'a Person,
    /// The second person.
    pub second: Option<&'a Person>,
    /// Who opened the release, when a person or machine did by hand.
    pub opened_by: Option<&'a Actor>,
}

/// Why a decision cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRefusal {
    /// A machine wants to decide.
    #[error("a person decides, and this came from a machine; sign in and decide")]
    NotAPerson,
    /// The person's roles do not allow it.
    #[error("deciding takes one of these roles: {wanted}; ask somebody who holds one")]
    Role {
        /// The roles that may decide.
        wanted: String,
    },
    /// No reason was given against the recommendation.
    #[error("the recommendation is to {recommended} and the decision is to {verdict}; give the reason")]
    ReasonMissing {
        /// What was recommended, in words.
        recommended: &'static str,
        /// What was decided, in words.
        verdict: &'static str,
    },
    /// The reason is too long.
    #[error("the reason has {0} bytes; at most 4000 are kept, put the rest where it can be linked to")]
    ReasonTooLong(usize),
    /// To ship against the recommendation takes two.
    #[error("to ship although the recommendation is to {recommended} takes a second person; ask one of: {wanted}")]
    SecondPersonMissing {
        /// What was recommended, in words.
        recommended: &'static str,
        /// The roles that may approve.
        wanted: String,
    },
    /// The policy asks for two on every ship decision.
    #[error("the policy takes a second person for every ship decision; ask one of: {wanted}")]
    PolicyTakesTwo {
        /// The roles that may approve.
        wanted: String,
    },
    /// Who opened the release does not approve it alone.
    #[error("you opened this release and cannot approve it alone; ask one of: {wanted}")]
    OpenerAlone {
        /// The roles that may approve.
        wanted: String,
    },
    /// The second person is the first.
    #[error("the second person is the one who decides; it takes somebody else")]
    SamePerson,
    /// The second person is a machine.
    #[error("the second person must be a person, and this came from a machine")]
    SecondNotAPerson,
    /// The second person's roles do not allow it.
    #[error("the second person holds none of these roles: {wanted}; ask somebody who does")]
    SecondRole {
        /// The roles that may approve.
        wanted: String,
    },
}

/// Whether the proposal takes a second person, and if so, why.
#[must_use]
pub fn takes_two(policy: &Policy, proposal: &Proposal<'_>) -> Option<DecisionRefusal> {
    if proposal.verdict != Verdict::Ship {
        return None;
    }
    let wanted = || names(&policy.second_persons);
    if matches!(proposal.recommended, Verdict::Hold | Verdict::Rollback) {
        let recommended = proposal.recommended.words();
        return Some(DecisionRefusal::SecondPersonMissing { recommended, wanted: wanted() });
    }
    if policy.ship_takes_two {
        return Some(DecisionRefusal::PolicyTakesTwo { wanted: wanted() });
    }
    let opened = proposal.opened_by.is_some_and(|opener| same(opener, &proposal.by.actor));
    (policy.opener_needs_second && opened).then(|| DecisionRefusal::OpenerAlone { wanted: wanted() })
}

/// Whether a decision may be recorded.
///
/// # Errors
/// Every rule it breaks, in the order in which a person would mend them.
pub fn may_decide(policy: &Policy, proposal: &Proposal<'_>) -> Result<(), Vec<DecisionRefusal>> {
    let mut refusals = Vec::new();
    if proposal.by.actor.kind != ActorKind::Account {
        refusals.push(DecisionRefusal::NotAPerson);
    } else if !holds(proposal.by, &policy.deciders) {
        refusals.push(DecisionRefusal::Role { wanted: names(&policy.deciders) });
    }
    if proposal.verdict != proposal.recommended && proposal.reason.trim().is_empty() {
        let (recommended, verdict) = (proposal.recommended.words(), proposal.verdict.words());
        refusals.push(DecisionRefusal::ReasonMissing { recommended, verdict });
    }
    if proposal.reason.len() > NOTE_BYTES {
        refusals.push(DecisionRefusal::ReasonTooLong(proposal.reason.len()));
    }
    match proposal.second {
        None => refusals.extend(takes_two(policy, proposal)),
        Some(second) if same(&second.actor, &proposal.by.actor) => refusals.push(DecisionRefusal::SamePerson),
        Some(second) if second.actor.kind != ActorKind::Account => refusals.push(DecisionRefusal::SecondNotAPerson),
        Some(second) if !holds(second, &policy.second_persons) => {
            refusals.push(DecisionRefusal::SecondRole { wanted: names(&policy.second_persons) });
        }
        Some(_) => {}
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

fn same(a: &Actor, b: &Actor) -> bool {
    a.kind == b.kind && a.id == b.id
}

fn holds(person: &Person, wanted: &[Role]) -> bool {
    person.roles.iter().any(|role| wanted.contains(role))
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str().replace('_', " ")).collect::<Vec<_>>().join(", ")
}
