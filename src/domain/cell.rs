//! Cells: what a group of runs adds up to. Everything shown or decided is computed from these, never from runs.
//!
//! All fields are integers, so adding and then subtracting a run leaves exactly what was there: a late fact takes the
//! old contribution out and puts the new one in. One function, [`Counts::of`], defines what a run adds.

mod block;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::Severity;
use crate::run::{ApprovalStatus, Outcome, RunFacts};
use crate::time::{DAY, HOUR};

pub use block::{Basis, Block, Cell, Sketches};

/// Count, sum and sum of squares of an amount over the runs where it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Runs where the amount is known.
    pub n: i64,
    /// Sum of the amount in its own unit.
    pub sum: i128,
    /// Sum of squares.
    pub squares: i128,
}

impl Amount {
    fn of(value: Option<i64>) -> Self {
        value.map_or_else(Self::default, |value| {
            let value = i128::from(value);
            Self { n: 1, sum: value, squares: value * value }
        })
    }

    fn add(&mut self, other: &Self, sign: i64) {
        self.n += sign * other.n;
        self.sum += i128::from(sign) * other.sum;
        self.squares += i128::from(sign) * other.squares;
    }

    /// The mean, when there is anything to average.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean is shown with nine digits")]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident,)+; $($(#[$wide_doc:meta])* $wide:ident,)+) => {
        /// Integer counters over a group of runs. Where a counter's fact can be unknown, a `…_known` counter beside it
        /// is its denominator.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Counts {
            $($(#[$doc])* pub $field: i64,)+
            $($(#[$wide_doc])* pub $wide: i128,)+
            /// Cost in nano-units, over concluded runs.
            pub cost: Amount,
            /// Cost in nano-units, over successful runs whose cost is known.
            pub success_cost: Amount,
            /// From start to end in microseconds, over concluded runs.
            pub latency: Amount,
            /// From start to trusted completion in microseconds, over successful runs.
            pub time_to_trust: Amount,
            /// Failures by class; runs that failed without a class are under the empty name.
            pub classes: BTreeMap<String, i64>,
            /// Named scores in millionths, over concluded runs.
            pub scores: BTreeMap<String, Amount>,
        }

        impl Counts {
            /// Adds `other` `sign` times (1 or -1).
            pub fn add(&mut self, other: &Self, sign: i64) {
                $(self.$field += sign * other.$field;)+
                $(self.$wide += i128::from(sign) * other.$wide;)+
                self.cost.add(&other.cost, sign);
                self.success_cost.add(&other.success_cost, sign);
                self.latency.add(&other.latency, sign);
                self.time_to_trust.add(&other.time_to_trust, sign);
                for (class, n) in &other.classes {
                    *self.classes.entry(class.clone()).or_default() += sign * n;
                }
                self.classes.retain(|_, n| *n != 0);
                for (name, amount) in &other.scores {
                    self.scores.entry(name.clone()).or_default().add(amount, sign);
                }
                self.scores.retain(|_, amount| *amount != Amount::default());
            }
        }
    };
}

counts! {
    /// Runs, open ones included.
    runs,
    /// Runs that have closed.
    closed,
    /// Closed runs whose outcome nobody knows.
    unknown_outcome,
    /// Closed runs with an outcome of success, failure or abandoned.
    concluded,
    /// Concluded runs that reported success, rescued ones included: the flattering number.
    reported_success,
    /// Concluded runs that succeeded and were not rescued.
    success,
    /// Concluded runs that were given up.
    abandoned,
    /// Concluded runs that failed or carry a failure class.
    failures,
    /// Concluded runs whose failure class is critical.
    critical,
    /// Concluded runs of which approvals are known.
    approvals_known,
    /// … that asked for at least one.
    approval_asked,
    /// … that were denied at least one.
    approval_denied,
    /// Concluded runs of which escalations are known.
    escalations_known,
    /// … that were handed to a person.
    escalated,
    /// … handed over where the task called for it.
    escalated_expected,
    /// … handed over where the task did not call for it.
    escalated_unexpected,
    /// Concluded runs of which rescues are known.
    rescues_known,
    /// … that a person redid.
    rescued,
    /// Seconds people spent on rescues.
    rescue_seconds,
    /// Seconds people spent on rescues of runs whose cost is known.
    cost_rescue_seconds,
    /// Concluded runs of which retries are known.
    retries_known,
    /// … with at least one retry.
    retried,
    /// Retries in all.
    retries,
    /// Concluded runs of which tool calls are known.
    tools_known,
    /// Tool calls in all.
    tool_calls,
    /// Concluded runs of which tool errors are known.
    tool_errors_known,
    /// … with at least one tool error.
    tool_error_runs,
    /// Tool errors in all.
    tool_errors,
    /// Tool calls of runs of which tool errors are known.
    tool_errors_calls,
    /// Successful runs whose cost is known.
    cost_success,
    /// Concluded runs whose tokens are known.
    tokens_known,
    /// Input tokens in all.
    input_tokens,
    /// Output tokens in all.
    output_tokens,
    ;
    /// Squares of rescue seconds, over runs where rescues are known.
    rescue_squares,
    /// Squares of rescue seconds, over runs whose cost is known.
    cost_rescue_squares,
    /// Cost in nano-units times rescue seconds, over runs whose cost is known.
    cost_rescue_product,
    /// Squares of retries.
    retry_squares,
    /// Squares of tool calls, over runs where they are known.
    tool_call_squares,
    /// Squares of tool errors, over runs where they are known.
    tool_error_squares,
    /// Squares of tool calls, over runs where tool errors are known.
    tool_error_call_squares,
    /// Tool errors times tool calls.
    tool_error_product,
}

impl Counts {
    /// What one run adds.
    #[must_use]
    pub fn of(facts: &RunFacts) -> Self {
        let mut counts = Self { runs: 1, ..Self::default() };
        if facts.closed_at.is_none() {
            return counts;
        }
        counts.closed = 1;
        if !facts.concluded() {
            counts.unknown_outcome = 1;
            return counts;
        }
        let successful = facts.successful();
        counts.concluded = 1;
        counts.reported_success = i64::from(facts.outcome == Outcome::Success);
        counts.success = i64::from(successful);
        counts.abandoned = i64::from(facts.outcome == Outcome::Abandoned);
        counts.critical = i64::from(facts.severity == Some(Severity::Critical));
        if facts.failed() {
            counts.failures = 1;
            counts.classes.insert(facts.failure_class.clone().unwrap_or_default(), 1);
        }
        counts.latency = Amount::of(facts.latency_micros());
        counts.time_to_trust = Amount::of(facts.time_to_trust_micros());
        counts.add_people(facts);
        counts.add_work(facts);
        counts.add_cost(facts, successful);
        for (name, score) in &facts.scores {
            #[expect(clippy::cast_possible_truncation, reason = "scores are bounded to ±1e9 where they enter")]
            counts.scores.insert(name.clone(), Amount::of(Some((score * 1e6).round() as i64)));
        }
        counts
    }

    fn add_people(&mut self, facts: &RunFacts) {
        if let Some(approvals) = &facts.approvals {
            self.approvals_known = 1;
            self.approval_asked = i64::from(!approvals.is_empty());
            self.approval_denied = i64::from(approvals.iter().any(|a| a.status == ApprovalStatus::Denied));
        }
        if let Some(escalations) = &facts.escalations {
            self.escalations_known = 1;
            self.escalated = i64::from(!escalations.is_empty());
            let unexpected = escalations.iter().any(|e| e.expected == Some(false));
            self.escalated_unexpected = i64::from(unexpected);
            self.escalated_expected = i64::from(!unexpected && escalations.iter().any(|e| e.expected == Some(true)));
        }
        if let Some(rescues) = &facts.rescues {
            self.rescues_known = 1;
            self.rescued = i64::from(!rescues.is_empty());
            self.rescue_seconds = rescues.iter().filter_map(|rescue| rescue.seconds).sum();
            self.rescue_squares = square(self.rescue_seconds);
        }
    }

    fn add_work(&mut self, facts: &RunFacts) {
        if let Some(retries) = facts.retries {
            self.retries_known = 1;
            self.retried = i64::from(retries > 0);
            self.retries = retries;
            self.retry_squares = square(retries);
        }
        let calls = facts.tools.as_ref().map(|tools| i64::try_from(tools.len()).unwrap_or(i64::MAX));
        if let Some(calls) = calls {
            self.tools_known = 1;
            self.tool_calls = calls;
            self.tool_call_squares = square(calls);
        }
        if let Some(errors) = facts.tool_errors {
            self.tool_errors_known = 1;
            self.tool_error_runs = i64::from(errors > 0);
            self.tool_errors = errors;
            self.tool_errors_calls = calls.unwrap_or(0);
            self.tool_error_squares = square(errors);
            self.tool_error_call_squares = square(self.tool_errors_calls);
            self.tool_error_product = i128::from(errors) * i128::from(self.tool_errors_calls);
        }
        if let Some(tokens) = facts.tokens {
            self.tokens_known = 1;
            self.input_tokens = tokens.input;
            self.output_tokens = tokens.output;
        }
    }

    fn add_cost(&mut self, facts: &RunFacts, successful: bool) {
        let Some(cost) = facts.cost_nanos else { return };
        self.cost = Amount::of(facts.cost_nanos);
        self.cost_rescue_seconds = self.rescue_seconds;
        self.cost_rescue_squares = self.rescue_squares;
        self.cost_rescue_product = i128::from(cost) * i128::from(self.rescue_seconds);
        if successful {
            self.cost_success = 1;
            self.success_cost = self.cost;
        }
    }

    /// Whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn square(n: i64) -> i128 {
    i128::from(n) * i128::from(n)
}

/// The dimension of the cell that holds all runs of a release; its value is empty.
pub const ALL: &str = "";
/// The value that stands for all values of a dimension beyond [`crate::limits::VALUES_PER_SEGMENT`].
pub const OTHER: &str = "other";

/// The length of time a cell covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// One UTC hour.
    Hour,
    /// One UTC day.
    Day,
}

impl Resolution {
    /// The length in microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}
