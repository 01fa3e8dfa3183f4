//! Assembling a bundle: what is handed over in any order comes out in one.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::gaps::gaps;
use super::held::{ArmBlocks, ArmEvidence, Held};
use super::prefix::{Prefix, Totals};
use super::series::Cutting;
use super::tally::whole;
use super::{
    BUNDLE_SCHEMA, CheckEvidence, ClassMix, EvalSummary, EvidenceBundle, FactCoverage, FrozenProject, FrozenRelease,
    FrozenWorkflow, Learning, Pairing,
};
use crate::failure::Taxonomy;
use crate::ids::GateId;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::scorecard::{Exemption, Freshness, Scorecard};
use crate::time::Timestamp;
use crate::workers::{OneByOne, Workers};
use crate::workflow::{FactKind, FactSource};

/// What a bundle is assembled from, with blocks of runs [held](Held) as they are until they are read.
#[derive(Clone, Debug)]
pub struct FreezeInput<B = ArmBlocks> {
    /// The gate that asks.
    pub gate: GateId,
    /// Whose data.
    pub project: FrozenProject,
    /// Of which work.
    pub workflow: FrozenWorkflow,
    /// Which facts are reported in this workflow, and by whom.
    pub observes: BTreeMap<FactKind, FactSource>,
    /// The candidate.
    pub release: FrozenRelease,
    /// What it is compared with.
    pub baseline: Option<FrozenRelease>,
    /// The time of freezing.
    pub as_of: Timestamp,
    /// The rules.
    pub policy: Policy,
    /// What the workflow is held to.
    pub scorecard: Option<Scorecard>,
    /// Whether that can be relied on.
    pub freshness: Option<Freshness>,
    /// The candidate's runs.
    pub candidate: ArmEvidence<B>,
    /// The baseline's runs; empty without a baseline.
    pub against: ArmEvidence<B>,
    /// The ratio fixed when the gate opened; worked out from the pool when absent.
    pub pool_ratio: Option<f64>,
    /// Whether any run names a unit.
    pub units_known: bool,
    /// What an hour of rescue costs the project, in nano-units.
    pub labour_nanos_per_hour: i64,
    /// The project's failure classes.
    pub taxonomy: Taxonomy,
    /// Eval results of the candidate.
    pub evals: Vec<EvalSummary>,
    /// What became of the candidate's failures.
    pub learning: Learning,
    /// Failure classes that an active eval case covers.
    pub covered_classes: BTreeSet<String>,
    /// Who has taken on which gap, by [`crate::gap::Gap::key`].
    pub gap_owners: BTreeMap<String, Owner>,
    /// Who answers for gaps nobody took on by name, such as the scorecard's owner.
    pub default_gap_owner: Option<Owner>,
    /// Exemptions of the scorecard's checks; only those in force count.
    pub exemptions: Vec<Exemption>,
}

/// Assembles the bundle. The same input in any order gives the same bytes.
#[must_use]
pub fn freeze(input: &FreezeInput) -> EvidenceBundle {
    let whole: Result<EvidenceBundle, Infallible> = freeze_with(input, &OneByOne);
    let Ok(bundle) = whole;
    bundle
}

/// As [`freeze`], with its groups of runs shared among workers and read where they are needed: the same bundle, sooner.
///
/// # Errors
/// When blocks cannot be read.
pub fn freeze_with<B: Held>(input: &FreezeInput<B>, workers: &impl Workers) -> Result<EvidenceBundle, B::Error> {
    Ok(Prefix::whole(input, workers)?.bundle(input, workers))
}

/// The bundle of everything that was taken in.
pub(super) fn assemble<B>(
    input: &FreezeInput<B>,
    cutting: Cutting,
    totals: &Totals,
    checks: Vec<CheckEvidence>,
) -> EvidenceBundle {
    let (baseline_totals, candidate_totals) = totals.arms(input);
    let mut evals = input.evals.clone();
    evals.sort();
    let mut bundle = EvidenceBundle {
        schema: BUNDLE_SCHEMA,
        gate: input.gate,
        project: input.project.clone(),
        workflow: input.workflow.clone(),
        release: input.release.clone(),
        baseline: input.baseline.clone(),
        pairing: cutting.pairing,
        pool_ratio: (cutting.pairing == Pairing::Historical).then_some(cutting.ratio),
        as_of: input.as_of,
        policy: input.policy.clone(),
        scorecard: input.scorecard.clone(),
        freshness: input.freshness.clone(),
        baseline_totals,
        candidate_totals,
        units_known: input.units_known,
        checks,
        failure_mix: failure_mix(input, totals),
        evals,
        coverage: coverage(input, totals),
        learning: input.learning,
        gaps: Vec::new(),
        exemptions: exemptions(input),
    };
    bundle.gaps = gaps(&bundle, input, totals.first);
    bundle
}

/// Those in force at the time of freezing, by check.
fn exemptions<B>(input: &FreezeInput<B>) -> Vec<Exemption> {
    let mut found: Vec<Exemption> = input.exemptions.iter().filter(|one| one.holds(input.as_of)).cloned().collect();
    found.sort_by(|a, b| (&a.check, a.id).cmp(&(&b.check, b.id)));
    found
}

fn failure_mix<B>(input: &FreezeInput<B>, totals: &Totals) -> Vec<ClassMix> {
    let mut mix: BTreeMap<&String, (u64, u64)> = BTreeMap::new();
    for (class, n) in &totals.baseline.classes {
        mix.entry(class).or_default().0 += whole(*n);
    }
    for (class, n) in &totals.candidate.classes {
        mix.entry(class).or_default().1 += whole(*n);
    }
    mix.into_iter()
        .map(|(class, (baseline, candidate))| ClassMix {
            severity: input.taxonomy.severity(class),
            class: class.clone(),
            baseline,
            candidate,
        })
        .collect()
}

fn coverage<B>(input: &FreezeInput<B>, totals: &Totals) -> Vec<FactCoverage> {
    let counts = &totals.candidate;
    [
        (FactKind::Approvals, counts.approvals_known),
        (FactKind::Escalations, counts.escalations_known),
        (FactKind::Rescues, counts.rescues_known),
    ]
    .into_iter()
    .map(|(fact, known)| FactCoverage {
        fact,
        source: input.observes.get(&fact).copied(),
        known: whole(known),
        concluded: whole(counts.concluded),
    })
    .collect()
}
