//! Gates: opened for a release, evaluated at any time, frozen before a decision.

use seatrial_domain::access::Permission;
use seatrial_domain::canonical::{self, CanonicalError};
use seatrial_domain::decision::SealedDecision;
use seatrial_domain::digest::Digest;
use seatrial_domain::evidence::{EvidenceChanges, Pairing, changes};
use seatrial_domain::gate::{Forecast, GateState, Recommendation, forecasts};
use seatrial_domain::ids::{GateId, ReleaseId};
use seatrial_domain::release::ReleaseState;
use seatrial_store::bundle::{BundleRow, BundleSummary};
use seatrial_store::decision::DecisionFilter;
use seatrial_store::gate::{GateFilter, GateRow};
use seatrial_store::proposal::ProposalRow;
use seatrial_store::release::ReleaseRow;
use seatrial_store::{Connection, Cursor, Page, bundle, decision, gate, proposal, release, workflow};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::AppError;
use super::evidence::Evaluation;

/// The question to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGate {
    /// Of this workflow, by name or id.
    pub workflow: String,
    /// May this release go on? By name or id.
    pub release: String,
    /// Compared with this release; when absent with the release's own baseline, or else the live release.
    pub baseline: Option<String>,
}

/// A gate with everything that came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeGate {
    /// The gate.
    pub gate: GateRow,
    /// What was recommended on its latest evidence.
    pub recommendation: Option<Recommendation>,
    /// What was frozen for it, latest first.
    pub bundles: Vec<BundleSummary>,
    /// Decisions that wait, or waited, for a second person, latest first.
    pub proposals: Vec<ProposalRow>,
    /// The decision that stands.
    pub decision: Option<SealedDecision>,
}

/// What a gate would freeze now.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The evidence and the recommendation.
    pub evaluation: Evaluation,
    /// What is different from the latest frozen evidence, where there is one.
    pub changes: Option<EvidenceChanges>,
}

/// Evidence that was just frozen.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    /// Its name.
    pub bundle: BundleSummary,
    /// The recommendation on it.
    pub recommendation: Recommendation,
}

pub(super) fn no_gate() -> AppError {
    AppError::NotFound { noun: "gate" }
}

pub(super) fn unreadable(error: CanonicalError) -> AppError {
    AppError::internal(error)
}

impl App {
    /// Asks whether a release may go on.
    ///
    /// # Errors
    /// When there is no such release, the baseline is the release itself, a gate of the release still waits for its
    /// decision, the caller may not, or the database fails.
    pub async fn open_gate(&self, caller: &Caller, project: &str, new: &NewGate) -> Result<GateRow, AppError> {
        let project = self.enter(caller, project, Permission::OpenGates).await?;
        self.open_gate_in(&project, new).await
    }

    /// The same for somebody who has entered the project.
    ///
    /// # Errors
    /// As [`Self::open_gate`].
    pub(super) async fn open_gate_in(&self, project: &ProjectAccess, new: &NewGate) -> Result<GateRow, AppError> {
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, project.scope).await?;
        let work = workflow::find(&tx, project.scope, &new.workflow).await?;
        let work = work.ok_or(AppError::NotFound { noun: "workflow" })?;
        let candidate = release::find(&tx, project.scope, work.id, &new.release).await?;
        let candidate = candidate.ok_or(AppError::NotFound { noun: "release" })?;
        let baseline = baseline_of(&tx, project, &candidate, new.baseline.as_deref()).await?;
        let filter = GateFilter { release: Some(candidate.id), ..GateFilter::default() };
        let (earlier, _) = gate::list(&tx, project.scope, &filter, Page::new(None, Some(1))).await?;
        if let Some(waiting) = earlier.first().filter(|gate| gate.state != GateState::Decided) {
            let detail = format!("This is asked already: freeze the evidence of {} and decide it.", waiting.id);
            return Err(AppError::Conflict { code: "gate_already_open", detail });
        }
        let row = GateRow {
            id: GateId::from_uuid(self.ids.uuid_v7()),
            workflow: work.id,
            release: candidate.id,
            baseline,
            opened_by: project.actor().clone(),
            opened_at: self.now(),
            state: GateState::Open,
            bundle: None,
            pool_ratio: None,
        };
        gate::insert(&tx, project.scope, &row).await?;
        let detail = Change::made(json!({"release": row.release, "baseline": row.baseline, "state": row.state}));
        self.audit(&tx, project, "open", "gate", row.id, &detail).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Lists gates, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn list_gates(
        &self,
        caller: &Caller,
        project: &str,
        filter: &GateFilter,
        page: Page,
    ) -> Result<(Vec<GateRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(gate::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// A gate with everything that came of it.
    ///
    /// # Errors
    /// When there is no such gate in the project, the caller may not, or the database fails.
    pub async fn gate(&self, caller: &Caller, project: &str, id: GateId) -> Result<WholeGate, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (db, scope) = (self.store.read(), project.scope);
        let gate = gate::find(db, scope, id).await?.ok_or_else(no_gate)?;
        let recommendation = match gate.bundle {
            Some(digest) => Some(read_recommendation(&frozen(db, &project, digest).await?)?),
            None => None,
        };
        let of_gate = DecisionFilter { gate: Some(id), ..DecisionFilter::default() };
        Ok(WholeGate {
            recommendation,
            bundles: bundle::of_gate(db, scope, id).await?,
            proposals: proposal::of_gate(db, scope, id).await?,
            decision: decision::latest(db, scope, &of_gate).await?,
            gate,
        })
    }

    /// What the gate would freeze now, and what is different from what was frozen.
    ///
    /// # Errors
    /// When there is no such gate in the project, the caller may not, or the database fails.
    pub async fn evaluate_gate(&self, caller: &Caller, project: &str, id: GateId) -> Result<Preview, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let gate = gate::find(self.store.read(), project.scope, id).await?.ok_or_else(no_gate)?;
        let evaluation = self.preview(&project, &gate).await?;
        let changes = match gate.bundle {
            None => None,
            Some(digest) => {
                let row = frozen(self.store.read(), &project, digest).await?;
                let value = canonical::parse_strict(&row.canonical).map_err(unreadable)?;
                let then = canonical::from_value(&value).map_err(unreadable)?;
                let said = read_recommendation(&row)?;
                Some(changes((&then, &said), (&evaluation.bundle, &evaluation.recommendation)))
            }
        };
        Ok(Preview { evaluation, changes })
    }

    /// How many more runs the checks of a gate will probably take, on the evidence of now. It decides nothing.
    ///
    /// # Errors
    /// When there is no such gate in the project, the caller may not, or the database fails.
    pub async fn forecast_gate(&self, caller: &Caller, project: &str, id: GateId) -> Result<Vec<Forecast>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let gate = gate::find(self.store.read(), project.scope, id).await?.ok_or_else(no_gate)?;
        let bundle = self.preview(&project, &gate).await?.bundle;
        // Thousands of simulated blocks: on a thread made for long computations.
        tokio::task::spawn_blocking(move || forecasts(&bundle)).await.map_err(AppError::internal)
    }

    pub(super) async fn preview(&self, project: &ProjectAccess, gate: &GateRow) -> Result<Evaluation, AppError> {
        let evaluation = self.look(project, gate).await?;
        self.looked(project, gate, evaluation).await
    }

    /// As [`Self::preview`], and keeps how far the evidence has come. For the background work.
    pub(super) async fn preview_and_keep(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
    ) -> Result<Evaluation, AppError> {
        let evaluation = self.look_and_keep(project, gate).await?;
        self.looked(project, gate, evaluation).await
    }

    async fn looked(
        &self,
        project: &ProjectAccess,
        gate: &GateRow,
        evaluation: Evaluation,
    ) -> Result<Evaluation, AppError> {
        match self.fix_ratio(project, gate, &evaluation).await {
            // Looking is possible where nothing can be written; the ratio is then the same at the next look.
            Ok(()) | Err(AppError::ReadOnly) => Ok(evaluation),
            Err(error) => Err(error),
        }
    }

    /// Fixes how fast an earlier baseline is used up, at the first look at outcomes of the candidate: a ratio that
    /// moved with the evidence would let the sizes of blocks speak.
    async fn fix_ratio(&self, project: &ProjectAccess, gate: &GateRow, seen: &Evaluation) -> Result<(), AppError> {
        let bundle = &seen.bundle;
        let looked = bundle.candidate_totals.concluded > 0 && bundle.pairing == Pairing::Historical;
        let ratio = bundle.pool_ratio.filter(|ratio| looked && gate.pool_ratio.is_none() && *ratio > 0.0);
        if let Some(ratio) = ratio {
            let tx = self.store.write().await?;
            gate::fix_pool_ratio(&tx, project.scope, gate.id, ratio).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Freezes what the gate sees now. Evidence frozen before stays as it is; proposals that rest on it are overtaken.
    ///
    /// # Errors
    /// When there is no such gate in the project, somebody froze at the same time, the caller may not, or the database
    /// fails.
    pub async fn freeze_gate(&self, caller: &Caller, project: &str, id: GateId) -> Result<Frozen, AppError> {
        let project = self.enter(caller, project, Permission::Freeze).await?;
        self.freeze_gate_in(&project, id).await
    }

    /// The same for somebody who has entered the project.
    ///
    /// # Errors
    /// As [`Self::freeze_gate`].
    pub(super) async fn freeze_gate_in(&self, project: &ProjectAccess, id: GateId) -> Result<Frozen, AppError> {
        let scope = project.scope;
        // Everything is read under the write lock, so that it is all of one moment; computing takes long and does not
        // need the lock.
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, scope).await?;
        let gate = gate::find(&tx, scope, id).await?.ok_or_else(no_gate)?;
        let input = self.gather(&tx, project, &gate, self.now(), None).await?;
        drop(tx);
        let seen = Evaluation::of(input).await?;
        self.fix_ratio(project, &gate, &seen).await?;
        let canonical = seen.bundle.canonical_bytes().map_err(unreadable)?;
        let row = BundleRow {
            digest: Digest::of(&canonical),
            gate: id,
            canonical,
            recommendation: seen.recommendation.canonical_bytes().map_err(unreadable)?,
            frozen_by: project.actor().clone(),
            frozen_at: seen.bundle.as_of,
        };
        let summary = BundleSummary { digest: row.digest, frozen_by: row.frozen_by.clone(), frozen_at: row.frozen_at };
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, scope).await?;
        let now = gate::find(&tx, scope, id).await?.ok_or_else(no_gate)?;
        if now.bundle != gate.bundle {
            let detail = "Somebody froze this gate's evidence at the same time; look at that, or freeze again.";
            return Err(AppError::Conflict { code: "evidence_changed", detail: detail.to_owned() });
        }
        bundle::insert(&tx, scope, row).await?;
        gate::set_bundle(&tx, scope, id, summary.digest).await?;
        proposal::overtake(&tx, scope, id).await?;
        self.keep_gaps(&tx, scope, &seen).await?;
        let after = json!({"bundle": summary.digest, "recommended": seen.recommendation.verdict});
        let detail = Change::of(json!({"bundle": now.bundle}), after);
        self.audit(&tx, project, "freeze", "gate", id, &detail).await?;
        tx.commit().await?;
        Ok(Frozen { bundle: summary, recommendation: seen.recommendation })
    }

    /// Frozen evidence by its digest.
    ///
    /// # Errors
    /// When there is none in the project, the caller may not, or the database fails.
    pub async fn bundle(&self, caller: &Caller, project: &str, digest: Digest) -> Result<BundleRow, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        frozen(self.store.read(), &project, digest).await
    }
}

/// Frozen evidence of the project.
pub(super) async fn frozen(
    db: &impl Connection,
    project: &ProjectAccess,
    digest: Digest,
) -> Result<BundleRow, AppError> {
    bundle::find(db, project.scope, digest).await?.ok_or(AppError::NotFound { noun: "evidence bundle" })
}

/// The recommendation kept with frozen evidence.
pub(super) fn read_recommendation(row: &BundleRow) -> Result<Recommendation, AppError> {
    let value = canonical::parse_strict(&row.recommendation).map_err(unreadable)?;
    canonical::from_value(&value).map_err(unreadable)
}

/// What a release is compared with: what was asked for, its own baseline, or the release that went live last.
async fn baseline_of(
    db: &impl Connection,
    project: &ProjectAccess,
    candidate: &ReleaseRow,
    asked: Option<&str>,
) -> Result<Option<ReleaseId>, AppError> {
    if let Some(asked) = asked {
        let found = release::find(db, project.scope, candidate.workflow, asked).await?;
        let found = found.ok_or(AppError::NotFound { noun: "baseline release" })?;
        if found.id == candidate.id {
            return Err(AppError::invalid("baseline", "a release cannot be compared with itself; name another one"));
        }
        return Ok(Some(found.id));
    }
    if candidate.baseline.is_some() {
        return Ok(candidate.baseline);
    }
    let releases = release::list(db, project.scope, Some(candidate.workflow)).await?;
    let live = releases.iter().filter(|row| row.state == ReleaseState::Live && row.id != candidate.id);
    Ok(live.max_by_key(|row| (row.live_at, row.id)).map(|row| row.id))
}
