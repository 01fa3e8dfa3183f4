//! Gate policies: how much error is allowed, how much evidence is wanted, and who may decide.

mod workflow;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::canonical::CanonicalError;
use crate::digest::Digest;
use crate::gap::GapKind;
use crate::stats::EvidenceMethod;

pub use workflow::{WantedScorecard, WorkflowPolicy};

/// Most suites a policy requires: each has to be run before every release.
const SUITES: usize = 32;
/// Longest bake time, in seconds.
const BAKE_SECONDS: u64 = 90 * 86_400;

/// The rules a gate decides by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its version, from 1; a change makes the next one.
    pub version: u32,
    /// Largest probability of a false pass, and of a false fail, of a check at all looks together; in (0, 0.5).
    pub alpha: f64,
    /// Largest expected share of false finds among the segments found worse; in (0, 0.5).
    pub segment_fdr: f64,
    /// Margin of a comparison with the baseline that names none, as a difference of rates in (0, 1).
    pub default_margin: f64,
    /// Concluded candidate units a check needs before it says anything.
    pub floor_units: u64,
    /// Candidate units the gate is planned for; sets how fast an earlier baseline is used up.
    pub planned_candidate_runs: u64,
    /// Most baseline outcomes set against one candidate outcome when the baseline is an earlier one.
    pub pool_ratio: f64,
    /// Outcomes of both arms that close a block of evidence; in 2..=1000.
    pub block_outcomes: u64,
    /// How the evidence bets.
    #[schema(value_type = String, example = "hedged")]
    pub method: EvidenceMethod,
    /// Share of closed runs with unknown outcome above which there is a gap; in [0, 1].
    pub unknown_outcome_limit: f64,
    /// Eval suites of which every case must have passed on the release, by name.
    pub required_suites: Vec<String>,
    /// How long the release must have had runs before it ships, in seconds.
    pub bake_seconds: u64,
    /// Gaps that keep a release from shipping also when somebody has taken them on.
    pub blocking_gaps: Vec<GapKind>,
    /// Roles that may decide.
    #[schema(value_type = Vec<String>)]
    pub deciders: Vec<Role>,
    /// Roles that may approve as the second person.
    #[schema(value_type = Vec<String>)]
    pub second_persons: Vec<Role>,
    /// Whether every ship decision takes two persons, not only one against the recommendation.
    pub ship_takes_two: bool,
    /// Whether whoever opened the release may not ship it without a second person.
    pub opener_needs_second: bool,
    /// The scorecard the release is held to. Of one workflow: written under `workflows`, and here in what is frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scorecard: Option<WantedScorecard>,
    /// What is asked of single workflows beside that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<WorkflowPolicy>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "standard".to_owned(),
            version: 1,
            alpha: 0.05,
            segment_fdr: 0.05,
            default_margin: 0.05,
            floor_units: 50,
            planned_candidate_runs: 500,
            pool_ratio: 1.0,
            block_outcomes: 10,
            method: EvidenceMethod::Hedged,
            unknown_outcome_limit: 0.10,
            required_suites: Vec::new(),
            bake_seconds: 0,
            blocking_gaps: vec![GapKind::StaleScorecard],
            deciders: vec![Role::ReleaseManager, Role::Admin],
            second_persons: vec![Role::ReleaseManager, Role::Admin],
            ship_takes_two: false,
            opener_needs_second: true,
            scorecard: None,
            workflows: Vec::new(),
        }
    }
}

/// The most runs that a policy can ask for. Far beyond any release, and far below what JSON holds exactly: a policy
/// without a canonical form could not be read again.
const MOST_RUNS: u64 = 1_000_000_000;

/// A setting of a policy that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct PolicyError {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Policy {
    /// Checks every setting.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the fields.
    pub fn validate(&self) -> Result<(), Vec<PolicyError>> {
        let mut errors = self.rule_errors();
        errors.extend(self.workflow_errors());
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What is wrong with the rules for all workflows.
    fn rule_errors(&self) -> Vec<PolicyError> {
        let mut errors = Vec::new();
        let mut wrong = |field, problem: &str| errors.push(PolicyError { field, problem: problem.to_owned() });
        if crate::limits::label(&self.name).as_deref() != Some(self.name.as_str()) {
            wrong("name", "give it a name of at most 200 bytes without control characters");
        }
        if self.version == 0 {
            wrong("version", "versions begin with 1");
        }
        let inside = |x: f64, low: f64, high: f64| x > low && x < high;
        if !inside(self.alpha, 0.0, 0.5) {
            wrong("alpha", "a probability above 0 and below 0.5, such as 0.05");
        }
        if !inside(self.segment_fdr, 0.0, 0.5) {
            wrong("segment_fdr", "a share above 0 and below 0.5, such as 0.05");
        }
        if !inside(self.default_margin, 0.0, 1.0) {
            wrong("default_margin", "a difference of rates above 0 and below 1, such as 0.05 for five points");
        }
        if self.floor_units == 0 {
            wrong("floor_units", "at least 1; below some 50 units nothing can be said");
        }
        if self.planned_candidate_runs < self.floor_units {
            wrong("planned_candidate_runs", "at least the floor, or the gate can never speak");
        }
        if self.floor_units > MOST_RUNS || self.planned_candidate_runs > MOST_RUNS {
            wrong("planned_candidate_runs", "it and the floor are at most 1,000,000,000 runs");
        }
        if !(self.pool_ratio > 0.0 && self.pool_ratio <= 100.0) {
            wrong("pool_ratio", "above 0 and at most 100 baseline outcomes for one candidate outcome");
        }
        if !(2..=1_000).contains(&self.block_outcomes) {
            wrong("block_outcomes", "2 to 1000; 10 is a good size, large blocks are slow");
        }
        if !(0.0..=1.0).contains(&self.unknown_outcome_limit) {
            wrong("unknown_outcome_limit", "a share from 0 to 1, such as 0.1");
        }
        let named = |name: &String| crate::limits::label(name).as_ref() == Some(name);
        if self.required_suites.len() > SUITES || !self.required_suites.iter().all(named) {
            wrong("required_suites", "at most 32 names of at most 200 bytes without control characters");
        }
        if self.bake_seconds > BAKE_SECONDS {
            wrong("bake_seconds", "at most 7776000, which is 90 days");
        }
        if !self.blocking_gaps.contains(&GapKind::StaleScorecard) {
            wrong("blocking_gaps", "keep `stale_scorecard`: nobody ships on a scorecard that nobody stands by");
        }
        if self.deciders.is_empty() {
            wrong("deciders", "name at least one role, or nobody can decide");
        }
        if self.second_persons.is_empty() {
            wrong("second_persons", "name at least one role, or nothing can ship against a recommendation");
        }
        errors
    }

    /// `ln(1/alpha)`: the evidence that decides a check.
    #[must_use]
    pub fn bar(&self) -> f64 {
        crate::stats::round9(-crate::stats::special::ln(self.alpha))
    }

    /// The digest of its canonical bytes.
    ///
    /// # Errors
    /// When a setting is no finite number; a valid policy always has one.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of_document(self)
    }
}
