//! What a policy asks of one workflow beside what it asks of all.

use serde::{Deserialize, Serialize};

use super::{Policy, PolicyError};

/// Most workflows that a policy has own rules for.
const WORKFLOWS: usize = 200;

/// The scorecard a release is held to, by name, so that it cannot be put in place of by a laxer one unseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedScorecard {
    /// Its name.
    pub name: String,
    /// The earliest version that will do, from 1.
    pub at_least: u32,
}

/// Rules for one workflow. What is absent is as for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkflowPolicy {
    /// The workflow, by name.
    pub workflow: String,
    /// The scorecard it is held to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scorecard: Option<WantedScorecard>,
    /// Eval suites of which every case must have passed on the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_suites: Option<Vec<String>>,
    /// How long the release must have had runs before it ships, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bake_seconds: Option<u64>,
    /// Margin of a comparison with the baseline that names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_margin: Option<f64>,
    /// Concluded candidate units a check needs before it says anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_units: Option<u64>,
    /// Candidate units the gate is planned for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_candidate_runs: Option<u64>,
    /// Whether every ship decision takes two persons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_takes_two: Option<bool>,
}

impl Policy {
    /// The rules that a gate of a workflow is under: these, and what they say of the workflow. That is what is frozen.
    #[must_use]
    pub fn for_workflow(mut self, workflow: &str) -> Self {
        let own = std::mem::take(&mut self.workflows);
        let Some(own) = own.into_iter().find(|own| own.workflow == workflow) else { return self };
        self.scorecard = own.scorecard;
        self.required_suites = own.required_suites.unwrap_or(self.required_suites);
        self.bake_seconds = own.bake_seconds.unwrap_or(self.bake_seconds);
        self.default_margin = own.default_margin.unwrap_or(self.default_margin);
        self.floor_units = own.floor_units.unwrap_or(self.floor_units);
        self.planned_candidate_runs = own.planned_candidate_runs.unwrap_or(self.planned_candidate_runs);
        self.ship_takes_two = own.ship_takes_two.unwrap_or(self.ship_takes_two);
        self
    }

    /// What is wrong with the rules for single workflows.
    pub(super) fn workflow_errors(&self) -> Vec<PolicyError> {
        let mut errors = Vec::new();
        let mut wrong = |field, problem: String| errors.push(PolicyError { field, problem });
        let named = |name: &str| crate::limits::label(name).as_deref() == Some(name);
        if self.scorecard.is_some() {
            wrong("scorecard", "each workflow has its own; name it in `workflows`".to_owned());
        }
        if self.workflows.len() > WORKFLOWS {
            wrong("workflows", format!("at most {WORKFLOWS}"));
            return errors;
        }
        let mut seen = std::collections::BTreeSet::new();
        for own in &self.workflows {
            if !named(&own.workflow) || !seen.insert(&own.workflow) {
                wrong(
                    "workflows",
                    "name each workflow once, in at most 200 bytes without control characters".to_owned(),
                );
            }
            if own.scorecard.as_ref().is_some_and(|card| !named(&card.name) || card.at_least == 0) {
                wrong("workflows", format!("{}: name a scorecard and a version from 1", own.workflow));
            }
            let whole = Self { scorecard: None, ..self.clone().for_workflow(&own.workflow) };
            for error in whole.validate().err().unwrap_or_default() {
                if self.rule_errors().iter().all(|known| known.field != error.field) {
                    wrong("workflows", format!("{}: {error}", own.workflow));
                }
            }
        }
        errors
    }
}
