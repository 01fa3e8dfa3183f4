//! What a change of a scorecard would have meant for the workflow's last decisions, before anybody writes it.

use seatrial_domain::access::Permission;
use seatrial_domain::canonical;
use seatrial_domain::decision::SealedDecision;
use seatrial_domain::evidence::{EvidenceBundle, EvidenceChanges, changes};
use seatrial_domain::gate::{Proposed, Recommendation, Untold, reconsider};
use seatrial_store::bundle::BundleRow;
use seatrial_store::decision::DecisionFilter;
use seatrial_store::scorecard::Definition;
use seatrial_store::{Page, bundle, decision};

use super::App;
use super::access::Caller;
use super::error::AppError;
use super::gate::{read_recommendation, unreadable};

/// Decisions that are looked back at.
const DECISIONS: u64 = 3;

/// A decision, and what another scorecard would have made of its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconsidered {
    /// The decision that was recorded.
    pub decision: SealedDecision,
    /// The release it was about.
    pub release: String,
    /// What would have been different; `None` when the gate had no scorecard, or the bundle cannot be read any more.
    pub changes: Option<EvidenceChanges>,
    /// Checks of which the frozen evidence holds nothing.
    pub untold: Vec<Untold>,
}

impl App {
    /// Reads the frozen evidence of the workflow's last three decisions by a scorecard that is not written yet. It writes
    /// nothing.
    ///
    /// # Errors
    /// When a value of the definition cannot stand, there is no such workflow, the caller may not, or the database fails.
    pub async fn preview_scorecard(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        definition: &Definition,
    ) -> Result<Vec<Reconsidered>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let workflow = self.find_workflow(&project, workflow).await?;
        self.check_definition(project.scope, &self.first_version(workflow.id, definition.clone())).await?;
        let db = self.store.read();
        let filter = DecisionFilter { workflow: Some(workflow.id), ..DecisionFilter::default() };
        let (decisions, _) = decision::list(db, project.scope, &filter, Page::new(None, Some(DECISIONS))).await?;
        let digests: Vec<_> = decisions.iter().map(|sealed| sealed.record.bundle).collect();
        let bundles = bundle::these(db, project.scope, &digests).await?;
        let definition = definition.clone();
        // Evaluating three busy gates takes a while: on a thread made for long computations.
        super::evidence::computed(move || {
            let of = |decision: SealedDecision| {
                let row = bundles.iter().find(|row| row.digest == decision.record.bundle);
                reconsidered(decision, row, &definition)
            };
            decisions.into_iter().map(of).collect()
        })
        .await?
    }
}

fn reconsidered(
    decision: SealedDecision,
    row: Option<&BundleRow>,
    definition: &Definition,
) -> Result<Reconsidered, AppError> {
    let Some(row) = row else {
        let release = decision.record.release.to_string();
        return Ok(Reconsidered { decision, release, changes: None, untold: Vec::new() });
    };
    let value = canonical::parse_strict(&row.canonical).map_err(unreadable)?;
    let then: EvidenceBundle = canonical::from_value(&value).map_err(unreadable)?;
    let said: Recommendation = read_recommendation(row)?;
    let Definition { checks, dimensions, required_segments, .. } = definition;
    let (changes, untold) = match reconsider(&then, Proposed { checks, dimensions, required_segments }) {
        Some((now, says, untold)) => (Some(changes((&then, &said), (&now, &says))), untold),
        None => (None, Vec::new()),
    };
    Ok(Reconsidered { decision, release: then.release.name, changes, untold })
}
