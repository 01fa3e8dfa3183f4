//! How often people decide against the recommendation, each person and each workflow: a gate that is overridden often
//! is too strict, badly measured, or not heeded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gate::Verdict;
use crate::ids::WorkflowId;
use crate::stats::interval::wilson;

/// Level of the interval beside a rate.
const SHOWN_ALPHA: f64 = 0.05;

/// Decisions alike: by one person, about one workflow, with the same recommendation and verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionTally {
    /// Who decided: an actor's id.
    pub person: String,
    /// Their name then; the latest one is shown.
    pub name: String,
    /// Of which work.
    pub workflow: WorkflowId,
    /// What was recommended.
    pub recommended: Verdict,
    /// What was decided.
    pub verdict: Verdict,
    /// Decisions.
    pub decisions: u64,
    /// Of those, with a second person.
    pub with_second: u64,
    /// The place of the last of them in the chain.
    pub last: u64,
}

/// How often the recommendation was not followed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OverrideRate {
    /// Decisions.
    pub decisions: u64,
    /// Of those, against the recommendation.
    pub overrides: u64,
    /// Of the overrides, to ship although the recommendation was to hold or roll back.
    pub shipped_against: u64,
    /// Of the decisions, with a second person.
    pub with_second: u64,
    /// Overrides of decisions; absent without any decision.
    pub rate: Option<f64>,
    /// Wilson's 95 % interval, lower end.
    pub low: Option<f64>,
    /// … and upper end.
    pub high: Option<f64>,
}

impl OverrideRate {
    fn add(&mut self, tally: &DecisionTally) {
        self.decisions += tally.decisions;
        self.with_second += tally.with_second;
        if tally.verdict != tally.recommended {
            self.overrides += tally.decisions;
            if tally.verdict == Verdict::Ship && matches!(tally.recommended, Verdict::Hold | Verdict::Rollback) {
                self.shipped_against += tally.decisions;
            }
        }
        let interval = wilson(self.overrides, self.decisions, SHOWN_ALPHA);
        #[expect(clippy::cast_precision_loss, reason = "a share is shown with few digits")]
        let rate = self.overrides as f64 / self.decisions as f64;
        self.rate = (self.decisions > 0).then(|| crate::stats::round9(rate));
        (self.low, self.high) = interval.map(|i| (crate::stats::round9(i.low), crate::stats::round9(i.high))).unzip();
    }
}

/// A person's rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonOverrides {
    /// Who: an actor's id.
    pub person: String,
    /// Their name in their latest decision.
    pub name: String,
    /// Over every workflow.
    pub all: OverrideRate,
    /// Workflow by workflow.
    pub workflows: BTreeMap<WorkflowId, OverrideRate>,
}

/// The rates of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Over all decisions.
    pub all: OverrideRate,
    /// By workflow.
    pub workflows: BTreeMap<WorkflowId, OverrideRate>,
    /// By person, who overrides most often first.
    pub people: Vec<PersonOverrides>,
}

impl Overrides {
    /// Adds up tallies, in any order.
    #[must_use]
    pub fn of(tallies: &[DecisionTally]) -> Self {
        let mut found = Self::default();
        let mut people: BTreeMap<&str, PersonOverrides> = BTreeMap::new();
        let mut in_order: Vec<&DecisionTally> = tallies.iter().collect();
        in_order.sort_by_key(|tally| tally.last);
        for tally in in_order {
            found.all.add(tally);
            found.workflows.entry(tally.workflow).or_default().add(tally);
            let person = people.entry(&tally.person).or_default();
            person.person.clone_from(&tally.person);
            person.name.clone_from(&tally.name);
            person.all.add(tally);
            person.workflows.entry(tally.workflow).or_default().add(tally);
        }
        found.people = people.into_values().collect();
        found.people.sort_by_key(|person| (std::cmp::Reverse(person.all.overrides), person.person.clone()));
        found
    }
}
