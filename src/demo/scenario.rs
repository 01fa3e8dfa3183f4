//! What is true in the demo project: three workflows with four releases each, their real rates by release and
//! segment, costs, latencies, kinds of miss. The simulator draws from these numbers and tests compare against them.
//!
//! The stories: `refund-handling` 2.3.0 is better overall and much worse for enterprise customers, whose runs look
//! complete and are then redone by people; `invoice-triage` 1.7.0 is plainly better everywhere and waits for a
//! decision; `access-requests` 1.0.0 has too little evidence, and its scorecard is stale.

mod access_requests;
mod invoice_triage;
mod refund_handling;

use seatrial_domain::release::ReleaseState;
use seatrial_domain::workflow::RiskClass;

use super::script::Script;

/// Days before the present on which the demo project's history begins.
pub const HISTORY_DAYS: i64 = 28;

/// The workflows of the demo project.
pub static WORKFLOWS: [&WorkflowScenario; 3] =
    [&refund_handling::WORKFLOW, &invoice_triage::WORKFLOW, &access_requests::WORKFLOW];

/// One workflow of the demo project.
#[derive(Debug)]
pub struct WorkflowScenario {
    /// Its name, as traces carry it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// How much harm it can do.
    pub risk: RiskClass,
    /// The agent's name.
    pub agent: &'static str,
    /// Its share of all runs.
    pub share: f64,
    /// The segment dimensions its traces carry.
    pub dimensions: &'static [Dimension],
    /// Its releases, oldest first.
    pub releases: [ReleaseScenario; 4],
    pub(super) script: &'static Script,
}

/// A segment dimension and how traffic is spread over its values.
#[derive(Debug)]
pub struct Dimension {
    /// Its name, such as `customer_tier`.
    pub name: &'static str,
    /// Its values with their shares, which sum to 1.
    pub values: &'static [(&'static str, f64)],
}

/// One release of a workflow and what is true of it.
#[derive(Debug)]
pub struct ReleaseScenario {
    /// Its name, as `service.version` carries it.
    pub version: &'static str,
    /// The release it replaces.
    pub baseline: Option<&'static str>,
    /// The state it is in at the present.
    pub state: ReleaseState,
    /// What changed, in a sentence.
    pub notes: &'static str,
    /// The model it calls.
    pub model: &'static str,
    /// When its traffic began, in days before the present.
    pub from_days_ago: f64,
    /// When its traffic ended, in days before the present; 0 while it goes on.
    pub to_days_ago: f64,
    /// Its weight among the releases that receive traffic at the same time.
    pub weight: f64,
    /// Its rates where no segment says otherwise.
    pub rates: Rates,
    /// How segments differ from that.
    pub shifts: &'static [SegmentShift],
    /// Kinds of miss by weight.
    pub misses: &'static [(&'static str, f64)],
    /// Typical duration of one model call, in milliseconds.
    pub model_call_ms: f64,
    /// Typical input tokens of one model call.
    pub input_tokens: f64,
    /// Typical output tokens of one model call.
    pub output_tokens: f64,
}

/// Probabilities of what can happen to a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// It reports success.
    pub completed: f64,
    /// A person redoes it although it reported success.
    pub rescued: f64,
    /// It asks for an approval.
    pub approval: f64,
    /// An approval it asked for is denied.
    pub denial: f64,
    /// It hands over to a person.
    pub escalation: f64,
    /// It repeats a tool call after the call's own error.
    pub retry: f64,
}

impl Rates {
    /// The probability of a successful outcome: reported success that nobody had to redo.
    #[must_use]
    pub fn success(&self) -> f64 {
        self.completed * (1.0 - self.rescued)
    }
}

/// How one segment value differs from its release as a whole.
#[derive(Debug)]
pub struct SegmentShift {
    /// The dimension.
    pub dimension: &'static str,
    /// Its value.
    pub value: &'static str,
    /// Added to [`Rates::completed`].
    pub completed: f64,
    /// Added to [`Rates::rescued`].
    pub rescued: f64,
    /// Replaces the release's kinds of miss when not empty.
    pub misses: &'static [(&'static str, f64)],
}

/// The values of one run's segments: dimension and value, in the order of [`WorkflowScenario::dimensions`].
pub type Segments = Vec<(&'static str, &'static str)>;

impl ReleaseScenario {
    /// What is true of a run in `segments`.
    #[must_use]
    pub fn rates(&self, segments: &[(&'static str, &'static str)]) -> Rates {
        let mut rates = self.rates;
        for shift in self.shifts_of(segments) {
            rates.completed = (rates.completed + shift.completed).clamp(0.01, 0.995);
            rates.rescued = (rates.rescued + shift.rescued).clamp(0.0, 0.95);
        }
        rates
    }

    /// The kinds of miss of a run in `segments`, by weight.
    #[must_use]
    pub fn misses(&self, segments: &[(&'static str, &'static str)]) -> &'static [(&'static str, f64)] {
        self.shifts_of(segments).map(|shift| shift.misses).find(|misses| !misses.is_empty()).unwrap_or(self.misses)
    }

    fn shifts_of<'a>(
        &'a self,
        segments: &'a [(&'static str, &'static str)],
    ) -> impl Iterator<Item = &'static SegmentShift> + 'a {
        self.shifts.iter().filter(|shift| segments.contains(&(shift.dimension, shift.value)))
    }

    /// Whether it receives traffic at a time given in days before the present.
    #[must_use]
    pub fn active(&self, days_ago: f64) -> bool {
        days_ago <= self.from_days_ago && days_ago >= self.to_days_ago
    }
}

impl WorkflowScenario {
    /// The workflow of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        WORKFLOWS.into_iter().find(|workflow| workflow.name == name)
    }

    /// The release of a version.
    #[must_use]
    pub fn release(&self, version: &str) -> Option<&ReleaseScenario> {
        self.releases.iter().find(|release| release.version == version)
    }

    /// The true probability of a successful outcome of `version`, averaged over segments as traffic spreads over
    /// them; within one segment value when `within` names a dimension and a value. `None` for an unknown version.
    #[must_use]
    pub fn true_success(&self, version: &str, within: Option<(&str, &str)>) -> Option<f64> {
        let release = self.release(version)?;
        let mut combinations: Vec<(Segments, f64)> = vec![(Vec::new(), 1.0)];
        for dimension in self.dimensions {
            let fixed = within.filter(|(name, _)| *name == dimension.name).map(|(_, value)| value);
            combinations = combinations
                .iter()
                .flat_map(|(segments, share)| {
                    dimension.values.iter().filter(move |(value, _)| fixed.is_none_or(|fixed| fixed == *value)).map(
                        move |(value, weight)| {
                            let mut longer = segments.clone();
                            longer.push((dimension.name, *value));
                            (longer, share * weight)
                        },
                    )
                })
                .collect();
        }
        let total: f64 = combinations.iter().map(|(_, share)| share).sum();
        let sum: f64 = combinations.iter().map(|(segments, share)| share * release.rates(segments).success()).sum();
        (total > 0.0).then(|| sum / total)
    }
}
