//! Decisions: a person answers a gate, alone or with a second person; the record is chained and can leave.

mod ledger;
mod read;
mod refusal;

use seatrial_domain::access::{ActorKind, Permission};
use seatrial_domain::canonical;
use seatrial_domain::decision::{
    DECISION_SCHEMA, DecisionRecord, DecisionRefusal, Person, Proposal, ProposalState, SealedDecision, may_decide,
};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::{GateState, Verdict};
use seatrial_domain::ids::{AccountId, DecisionId, GateId, ProposalId};
use seatrial_domain::notice::Topic;
use seatrial_domain::policy::Policy;
use seatrial_domain::release::ReleaseState;
use seatrial_store::bundle::BundleRow;
use seatrial_store::gate::GateRow;
use seatrial_store::member::MemberRow;
use seatrial_store::proposal::ProposalRow;
use seatrial_store::{Connection, Scope, WriteTx, decision, gate, member, owner, proposal, release, workflow};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::gate::{frozen, read_recommendation};
use super::notice::{DecisionNotice, Telling, event_body};
use super::workflow::ReleaseMove;
use refusal::{evidence_changed, needs_only_a_second, refuse, stands_as_known};

pub use ledger::LedgerVerification;
pub use read::{ListedDecision, Standing};

/// What somebody wants to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// The answer.
    pub verdict: Verdict,
    /// Why; may be empty when the recommendation is followed.
    pub reason: String,
    /// The evidence they looked at.
    pub bundle: Digest,
    /// The decision of the gate that they know to stand, which theirs takes the place of; `None` for the first.
    pub supersedes: Option<DecisionId>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is recorded.
    Recorded(Box<SealedDecision>),
    /// It waits for a second person.
    Proposed(Box<ProposalRow>),
}

/// Frozen evidence as a decision needs it.
struct Grounds {
    bundle: BundleRow,
    policy: Policy,
    /// The digest of the policy as it was frozen, whatever settings a later version knows.
    policy_digest: Digest,
    /// The digest of the scorecard as it was frozen.
    scorecard: Option<Digest>,
    recommended: Verdict,
}

impl Grounds {
    async fn load(db: &impl Connection, project: &ProjectAccess, digest: Digest) -> Result<Self, AppError> {
        let bundle = frozen(db, project, digest).await?;
        let value = canonical::parse_strict(&bundle.canonical).map_err(AppError::internal)?;
        let policy = canonical::from_value(&value["policy"]).map_err(AppError::internal)?;
        let policy_digest = Digest::of_document(&value["policy"]).map_err(AppError::internal)?;
        let scorecard = Some(&value["scorecard"]).filter(|part| !part.is_null());
        let scorecard = scorecard.map(Digest::of_document).transpose().map_err(AppError::internal)?;
        let recommended = read_recommendation(&bundle)?.verdict;
        Ok(Self { bundle, policy, policy_digest, scorecard, recommended })
    }
}

/// Who decides, and what.
struct Answer {
    verdict: Verdict,
    reason: String,
    by: Person,
    second: Option<Person>,
}

impl App {
    /// Answers a gate on its latest frozen evidence. Recorded at once where one person may decide; otherwise kept as a
    /// proposal for a second one ([`Self::approve_proposal`]).
    ///
    /// # Errors
    /// When there is no such gate, nothing is frozen or other evidence than the caller looked at, another decision stands
    /// than the caller knows, a rule refuses, the caller may not, or the database fails.
    pub async fn decide(
        &self,
        caller: &Caller,
        project: &str,
        id: GateId,
        new: NewDecision,
    ) -> Result<Decided, AppError> {
        let project = self.enter(caller, project, Permission::Decide).await?;
        let grounds = self.grounds(&project, id, new.bundle).await?;
        let tx = self.store.write().await?;
        let gate = lock_gate(&tx, &project, id, new.bundle).await?;
        stands_as_known(&tx, &project, id, new.supersedes).await?;
        let by = person(&tx, &project, project.actor().clone()).await?;
        let reason = new.reason.trim().to_owned();
        let answer = Answer { verdict: new.verdict, reason, by, second: None };
        let decided = match check(&grounds, &gate, &answer) {
            Ok(()) => Decided::Recorded(Box::new(self.record(&tx, &project, &gate, &grounds, answer).await?)),
            Err(refusals) if refusals.iter().all(needs_only_a_second) => {
                Decided::Proposed(Box::new(self.propose(&tx, &project, &grounds, answer, &refusals).await?))
            }
            Err(refusals) => return Err(refuse(refusals)),
        };
        tx.commit().await?;
        Ok(decided)
    }

    /// Reads the evidence a decision rests on before the lock is taken: it never changes, and reading it takes long.
    async fn grounds(&self, project: &ProjectAccess, gate: GateId, bundle: Digest) -> Result<Grounds, AppError> {
        let row = gate::find(self.store.read(), project.scope, gate).await?;
        let current = row.ok_or(AppError::NotFound { noun: "gate" })?.bundle;
        if current != Some(bundle) {
            return Err(evidence_changed(current));
        }
        Grounds::load(self.store.read(), project, bundle).await
    }

    async fn propose(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        grounds: &Grounds,
        answer: Answer,
        why: &[DecisionRefusal],
    ) -> Result<ProposalRow, AppError> {
        let row = ProposalRow {
            id: ProposalId::from_uuid(self.ids.uuid_v7()),
            gate: grounds.bundle.gate,
            bundle: grounds.bundle.digest,
            verdict: answer.verdict,
            reason: answer.reason,
            takes_two_because: why.first().map(ToString::to_string).unwrap_or_default(),
            proposed_by: answer.by.actor,
            proposed_at: self.now(),
            state: ProposalState::Open,
            decision: None,
        };
        proposal::overtake(tx, project.scope, row.gate).await?;
        proposal::insert(tx, project.scope, &row).await?;
        let proposed = json!({"gate": row.gate, "bundle": row.bundle, "verdict": row.verdict, "reason": row.reason});
        self.audit(tx, project, "propose", "decision", row.id, &Change::made(proposed)).await?;
        Ok(row)
    }

    /// Approves, as the second person, a decision that somebody else proposed, and records it.
    ///
    /// # Errors
    /// When there is no such proposal, it was approved or overtaken, a rule refuses (the second person is the first),
    /// the caller may not, or the database fails.
    pub async fn approve_proposal(
        &self,
        caller: &Caller,
        project: &str,
        id: ProposalId,
    ) -> Result<SealedDecision, AppError> {
        let project = self.enter(caller, project, Permission::ApproveSecond).await?;
        let missing = || AppError::NotFound { noun: "proposal" };
        let known = proposal::find(self.store.read(), project.scope, id).await?.ok_or_else(missing)?;
        let grounds = Grounds::load(self.store.read(), &project, known.bundle).await?;
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, project.scope).await?;
        let known = proposal::find(&tx, project.scope, id).await?.ok_or_else(missing)?;
        let closed = match known.state {
            ProposalState::Open => None,
            ProposalState::Approved => Some(("already_approved", "This was approved already and is recorded.")),
            ProposalState::Overtaken => Some((
                "proposal_overtaken",
                "Something else was frozen, proposed or decided meanwhile; look at the gate and decide anew.",
            )),
        };
        if let Some((code, detail)) = closed {
            return Err(AppError::Conflict { code, detail: detail.to_owned() });
        }
        let gate = lock_gate(&tx, &project, known.gate, known.bundle).await?;
        let answer = Answer {
            verdict: known.verdict,
            reason: known.reason,
            by: person(&tx, &project, known.proposed_by).await?,
            second: Some(person(&tx, &project, project.actor().clone()).await?),
        };
        check(&grounds, &gate, &answer).map_err(refuse)?;
        let sealed = self.record(&tx, &project, &gate, &grounds, answer).await?;
        proposal::approve(&tx, project.scope, id, sealed.record.id).await?;
        tx.commit().await?;
        Ok(sealed)
    }

    /// Appends the decision, and does what it says.
    async fn record(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        gate: &GateRow,
        grounds: &Grounds,
        answer: Answer,
    ) -> Result<SealedDecision, AppError> {
        let record = DecisionRecord {
            schema: DECISION_SCHEMA,
            id: DecisionId::from_uuid(self.ids.uuid_v7()),
            project: project.scope.project(),
            // The store fills in the place in the chain.
            sequence: 0,
            gate: gate.id,
            workflow: gate.workflow,
            release: gate.release,
            bundle: grounds.bundle.digest,
            policy: grounds.policy_digest,
            scorecard: grounds.scorecard,
            recommendation: Digest::of(&grounds.bundle.recommendation),
            recommended: grounds.recommended,
            verdict: answer.verdict,
            reason: answer.reason,
            decided_by: answer.by.actor,
            approved_by: answer.second.map(|second| second.actor),
            decided_at: self.now(),
            supersedes: None,
            previous: None,
        };
        let sealed = decision::append(tx, project.scope, record).await?;
        let record = &sealed.record;
        gate::set_state(tx, project.scope, gate.id, GateState::Decided).await?;
        proposal::overtake(tx, project.scope, gate.id).await?;
        let decided = json!({
            "state": GateState::Decided, "verdict": record.verdict, "recommended": record.recommended,
            "sequence": record.sequence, "decided_by": record.decided_by.id, "supersedes": record.supersedes,
        });
        let detail = Change::of(json!({"state": gate.state}), decided)
            .with("gate", json!(gate.id))
            .with("release", json!(gate.release));
        self.audit(tx, project, "decide", "decision", record.id, &detail).await?;
        self.follow(tx, project, &sealed).await?;
        self.tell_decision(tx, project, gate, &sealed).await?;
        Ok(sealed)
    }

    /// Tells those who answer for the workflow and who asked, in the transaction that records the decision. Those who
    /// made it know.
    async fn tell_decision(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        gate: &GateRow,
        sealed: &SealedDecision,
    ) -> Result<(), AppError> {
        let (record, scope) = (&sealed.record, project.scope);
        let work = workflow::find(tx, scope, &record.workflow.to_string()).await?;
        let work = work.ok_or(AppError::NotFound { noun: "workflow" })?;
        let row = release::by_id(tx, scope, record.release).await?.ok_or(AppError::NotFound { noun: "release" })?;
        let url = self.page_url(&project.slug, &format!("/decisions/{}", record.id));
        let telling = Telling {
            scope,
            topic: Topic::Decision,
            key: format!("{}:recorded", record.id),
            thread: gate.id.to_string(),
            url: url.clone(),
        };
        let notice = DecisionNotice {
            project: &project.name,
            workflow: &work.name,
            release: &row.name,
            recommended: record.recommended,
            record,
            url: &url,
        };
        for person in self.decision_readers(tx, scope, gate, sealed).await? {
            self.tell(tx, &telling, &person, |preferences| notice.letter(&person.name, preferences)).await?;
        }
        let data = serde_json::json!({
            "project": project.slug, "decision": record, "digest": sealed.digest,
            "workflow": {"id": work.id, "name": work.name}, "release": {"id": row.id, "name": row.name}, "url": url,
        });
        let body = event_body("decision.recorded", record.decided_at, data)?;
        self.announce(tx, scope, &telling.key, &body).await?;
        Ok(())
    }

    async fn decision_readers(
        &self,
        tx: &WriteTx,
        scope: Scope,
        gate: &GateRow,
        sealed: &SealedDecision,
    ) -> Result<Vec<MemberRow>, AppError> {
        let mut people: Vec<MemberRow> =
            self.answerable(tx, scope, gate.workflow).await?.into_iter().flat_map(|holder| holder.people).collect();
        if let Ok(opener) = gate.opened_by.id.parse::<AccountId>() {
            people.extend(owner::people(tx, scope, &[opener]).await?.into_values().filter(|person| person.active));
        }
        people.sort_by_key(|person| person.account);
        people.dedup_by_key(|person| person.account);
        let made = [Some(&sealed.record.decided_by), sealed.record.approved_by.as_ref()];
        people.retain(|person| !made.into_iter().flatten().any(|actor| actor.id == person.account.to_string()));
        Ok(people)
    }

    /// Moves the release to where the decision puts it.
    async fn follow(&self, tx: &WriteTx, project: &ProjectAccess, sealed: &SealedDecision) -> Result<(), AppError> {
        let record = &sealed.record;
        let state = match record.verdict {
            Verdict::Ship => ReleaseState::Live,
            Verdict::Rollback => ReleaseState::RolledBack,
            Verdict::Hold | Verdict::CollectMoreEvidence => return Ok(()),
        };
        let row = release::by_id(tx, project.scope, record.release).await?;
        let row = row.ok_or(AppError::NotFound { noun: "release" })?;
        if row.state != state {
            let reason = format!("decision {} to {}", record.id, record.verdict.words());
            self.move_release_in(tx, project, row, ReleaseMove { state, reason }).await?;
        }
        Ok(())
    }
}

/// Takes the write lock and makes sure that the gate still rests on the evidence that was looked at.
async fn lock_gate(tx: &WriteTx, project: &ProjectAccess, id: GateId, bundle: Digest) -> Result<GateRow, AppError> {
    seatrial_store::ingest::lock(tx, project.scope).await?;
    let gate = gate::find(tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "gate" })?;
    if gate.bundle == Some(bundle) { Ok(gate) } else { Err(evidence_changed(gate.bundle)) }
}

/// Somebody with the roles they hold now; who left the project holds none.
async fn person(
    db: &impl Connection,
    project: &ProjectAccess,
    actor: seatrial_domain::access::Actor,
) -> Result<Person, AppError> {
    let account = (actor.kind == ActorKind::Account).then(|| actor.id.parse::<AccountId>().ok()).flatten();
    let roles = match account {
        Some(account) => member::roles(db, project.scope, account).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Person { actor, roles })
}

fn check(grounds: &Grounds, gate: &GateRow, answer: &Answer) -> Result<(), Vec<DecisionRefusal>> {
    let proposal = Proposal {
        recommended: grounds.recommended,
        verdict: answer.verdict,
        reason: &answer.reason,
        by: &answer.by,
        second: answer.second.as_ref(),
        opened_by: Some(&gate.opened_by),
    };
    may_decide(&grounds.policy, &proposal)
}
