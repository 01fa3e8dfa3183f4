//! The review artifact of a decision: what it rests on, read back and verified against its digest, with what became of
//! the release's failures.

use seatrial_domain::access::Actor;
use seatrial_domain::canonical;
use seatrial_domain::digest::Digest;
use seatrial_domain::evidence::EvidenceBundle;
use seatrial_domain::gate::Recommendation;
use seatrial_domain::ids::DecisionId;
use seatrial_domain::response::OriginKind;
use seatrial_domain::time::Timestamp;
use seatrial_store::case::{CaseFilter, CaseRow};
use seatrial_store::failure::{FailureCount, FailureFilter};
use seatrial_store::response::{ResponseFilter, ResponseRow};
use seatrial_store::{Page, attestation, case, failure, response};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::decision::ListedDecision;
use super::error::AppError;
use super::gate::read_recommendation;

/// Failure classes and eval cases named in an artifact; the most frequent and the newest.
const NAMED: usize = 50;
/// Attestations looked through for the one before a freeze.
const ATTESTATIONS: u64 = 50;

/// Frozen evidence, read back.
#[derive(Clone, Debug)]
pub struct FrozenEvidence {
    /// What was frozen.
    pub bundle: EvidenceBundle,
    /// What was recommended on it.
    pub recommendation: Recommendation,
    /// Its name.
    pub digest: Digest,
    /// Who froze it.
    pub frozen_by: Actor,
    /// When.
    pub frozen_at: Timestamp,
}

/// A response with the name of who has it.
#[derive(Clone, Debug)]
pub struct OwnedResponse {
    /// The response.
    pub row: ResponseRow,
    /// Its owner's name.
    pub owner: Option<String>,
}

/// Everything an artifact says.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The decision.
    pub decision: ListedDecision,
    /// What it rests on.
    pub evidence: FrozenEvidence,
    /// What became of the release's failures so far, by class.
    pub failures: Vec<FailureCount>,
    /// Eval cases of the workflow.
    pub cases: Vec<CaseRow>,
    /// Who attested the scorecard before the freeze.
    pub attested_by: Option<String>,
    /// What was opened about the release or the decision.
    pub responses: Vec<OwnedResponse>,
    /// Where the decision is shown.
    pub url: String,
    /// When the artifact is made.
    pub made_at: Timestamp,
}

impl App {
    /// Frozen evidence of the project, read back from the bytes its digest names.
    ///
    /// # Errors
    /// When there is none, the stored bytes do not have the digest, the caller may not, or the database fails.
    pub async fn frozen_evidence(
        &self,
        caller: &Caller,
        project: &str,
        digest: Digest,
    ) -> Result<FrozenEvidence, AppError> {
        let row = self.bundle(caller, project, digest).await?;
        if Digest::of(&row.canonical) != digest {
            return Err(AppError::internal(format!("the stored evidence {digest} does not have its digest")));
        }
        let value = canonical::parse_strict(&row.canonical).map_err(AppError::internal)?;
        Ok(FrozenEvidence {
            bundle: canonical::from_value(&value).map_err(AppError::internal)?,
            recommendation: read_recommendation(&row)?,
            digest,
            frozen_by: row.frozen_by,
            frozen_at: row.frozen_at,
        })
    }

    /// Everything the artifact of a decision says.
    ///
    /// # Errors
    /// When there is no such decision in the project, the caller may not, or the database fails.
    pub async fn artifact(&self, caller: &Caller, project: &str, id: DecisionId) -> Result<Artifact, AppError> {
        let access = self.enter(caller, project, seatrial_domain::access::Permission::ReadEvidence).await?;
        let decision = self.decision(caller, project, id).await?;
        let record = &decision.sealed.record;
        let evidence = self.frozen_evidence(caller, project, record.bundle).await?;
        let db = self.store.read();
        let of_release = FailureFilter { release: Some(record.release), ..FailureFilter::default() };
        let mut failures = failure::counts(db, access.scope, &of_release).await?;
        failures.truncate(NAMED);
        let of_workflow = CaseFilter { workflow: Some(record.workflow), ..CaseFilter::default() };
        let (cases, _) = case::list(db, access.scope, &of_workflow, Page::new(None, Some(NAMED as u64))).await?;
        let attested_by = match &evidence.bundle.scorecard {
            Some(card) => {
                let page = Page::new(None, Some(ATTESTATIONS));
                let (found, _) = attestation::list(db, access.scope, card.id, page).await?;
                let before = found.into_iter().find(|attestation| attestation.at <= evidence.frozen_at);
                before.map(|attestation| attestation.actor.display_name)
            }
            None => None,
        };
        let (release, origin_id) = (Some(record.release), Some(id.to_string()));
        let wanted = [
            ResponseFilter { release, ..ResponseFilter::default() },
            ResponseFilter { origin: Some(OriginKind::Decision), origin_id, ..ResponseFilter::default() },
        ];
        Ok(Artifact {
            responses: self.responses_about(&access, &wanted).await?,
            url: format!("{}/p/{}/decisions/{id}", self.config.server.public_url, access.slug),
            decision,
            evidence,
            failures,
            cases,
            attested_by,
            made_at: self.now(),
        })
    }
    /// The responses that one of the filters finds, each once, the latest first.
    pub(super) async fn responses_about(
        &self,
        project: &ProjectAccess,
        wanted: &[ResponseFilter],
    ) -> Result<Vec<OwnedResponse>, AppError> {
        let (db, scope) = (self.store.read(), project.scope);
        let mut rows: Vec<ResponseRow> = Vec::new();
        for filter in wanted {
            rows.extend(response::list(db, scope, filter, Page::new(None, Some(NAMED as u64))).await?.0);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        rows.dedup_by_key(|row| row.id);
        let holders = self.holders(db, scope, rows.iter().filter_map(|row| row.owner)).await?;
        let owner = |row: &ResponseRow| row.owner.and_then(|id| Some(holders.get(&id)?.owner.name.clone()));
        Ok(rows.into_iter().map(|row| OwnedResponse { owner: owner(&row), row }).collect())
    }
}
