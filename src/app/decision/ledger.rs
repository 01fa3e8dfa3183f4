//! Verification in the service: the project's chain from its first entry to its last, and one decision with its
//! evidence, by the code that verifies an export offline.

use seatrial_domain::access::Permission;
use seatrial_domain::decision::{SealedDecision, VerificationReport, verify_chain, verify_export};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::ENGINE;
use seatrial_domain::ids::DecisionId;
use seatrial_store::decision;

use crate::app::App;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::error::AppError;

/// What verification of the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerVerification {
    /// Entries that were read.
    pub entries: u64,
    /// The digest of the newest one.
    pub head: Option<Digest>,
    /// The first entry that does not hold, by its place in the chain, and what about it.
    pub fault: Option<(u64, String)>,
    /// The engine of this build, which computes recommendations again.
    pub engine: u32,
}

impl App {
    /// Computes the digest of every decision of the project again, from the first to the newest, and holds each against
    /// the one before it.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn verify_ledger(&self, caller: &Caller, project: &str) -> Result<LedgerVerification, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let chain = self.whole_chain(&project).await?;
        let verify = move || LedgerVerification {
            entries: chain.len() as u64,
            head: chain.last().map(|sealed| sealed.digest),
            fault: verify_chain(&chain).err().map(|error| (error.sequence, error.problem.to_string())),
            engine: ENGINE,
        };
        tokio::task::spawn_blocking(verify).await.map_err(AppError::internal)
    }

    /// Verifies a decision as its export is verified offline: the chain, the digests of evidence, policy and scorecard, and
    /// the recommendation computed again from the evidence.
    ///
    /// # Errors
    /// When there is no such decision in the project, the caller may not, or the database fails.
    pub async fn verify_decision(
        &self,
        caller: &Caller,
        project: &str,
        id: DecisionId,
    ) -> Result<VerificationReport, AppError> {
        let export = self.export_decision(caller, project, id).await?;
        tokio::task::spawn_blocking(move || verify_export(&export, &[])).await.map_err(AppError::internal)
    }

    /// Every decision of the project, in the order of the chain.
    pub(super) async fn whole_chain(&self, project: &ProjectAccess) -> Result<Vec<SealedDecision>, AppError> {
        let mut chain: Vec<SealedDecision> = Vec::new();
        loop {
            let after = chain.last().map_or(0, |last| last.record.sequence);
            let more = decision::chain(self.store.read(), project.scope, after).await?;
            if more.is_empty() {
                return Ok(chain);
            }
            chain.extend(more);
        }
    }
}
