//! A span in the making: what its attributes state, each with how directly, still borrowed from the body.

use std::borrow::Cow;

use seatrial_domain::limits;
use seatrial_domain::run::{Approval, Escalation, Outcome, Rescue};
use seatrial_domain::span::{SpanClass, Stated};

/// A statement that a more direct one replaces; among equals the first holds.
#[derive(Clone, Debug)]
pub(super) struct Best<T>(Option<(u8, T)>);

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Best<T> {
    /// States `value` with `rank`: lower is more direct.
    pub fn offer(&mut self, rank: u8, value: T) {
        if self.0.as_ref().is_none_or(|(held, _)| rank < *held) {
            self.0 = Some((rank, value));
        }
    }

    pub const fn get(&self) -> Option<&T> {
        match &self.0 {
            Some((_, value)) => Some(value),
            None => None,
        }
    }

    pub const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Whether something at least as direct as `rank` is stated.
    pub fn is_some_within(&self, rank: u8) -> bool {
        self.0.as_ref().is_some_and(|(held, _)| *held <= rank)
    }
}

impl Best<Cow<'_, str>> {
    /// As a clean label.
    pub fn label(&self) -> Option<String> {
        self.get().and_then(|text| limits::label(text))
    }

    /// As a clean label with its rank.
    pub fn stated(&self) -> Option<Stated> {
        let (rank, text) = self.0.as_ref()?;
        limits::label(text).map(|name| Stated { rank: *rank, name })
    }
}

/// Ranks of workflow names. Even, so that a resource's statement ranks just after a span's ([`Draft::penalty`]).
pub(super) mod workflow {
    pub const SEATRIAL: u8 = 0;
    pub const GEN_AI: u8 = 2;
    pub const TRACELOOP: u8 = 4;
    pub const AGENT_NAME: u8 = 6;
    pub const AGENT_SPAN: u8 = 8;
    pub const LANGFUSE_TRACE: u8 = 10;
    pub const SERVICE: u8 = 12;
}

/// Ranks of release names.
pub(super) mod release {
    pub const SEATRIAL: u8 = 0;
    pub const SERVICE: u8 = 2;
    pub const AGENT: u8 = 4;
    pub const LANGFUSE_RELEASE: u8 = 6;
    pub const LANGFUSE_VERSION: u8 = 8;
    pub const METADATA: u8 = 10;
}

/// Ranks of dialects where several say the same of one span.
pub(super) mod dialect {
    pub const SEATRIAL: u8 = 0;
    pub const LANGFUSE: u8 = 2;
    pub const OPENINFERENCE: u8 = 4;
    pub const GEN_AI: u8 = 6;
    pub const TRACELOOP: u8 = 8;
    pub const OTHER: u8 = 10;
}

/// One inline annotation of the OpenInference dialect, put together from its flattened attributes.
#[derive(Clone, Debug)]
pub(super) struct Annotation<'a> {
    /// The attributes' common prefix, which names it within the span.
    pub prefix: &'a str,
    pub name: Option<&'a str>,
    pub score: Option<f64>,
    pub label: Option<&'a str>,
}

/// What is stated about a span and its run.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft<'a> {
    /// Added to every rank: 1 while a resource's attributes are read.
    penalty: u8,
    pub class: Best<SpanClass>,
    /// A dialect said what the span is, so that nothing has to be guessed.
    pub classified: bool,
    /// Something says that a model was called, without saying that the span is that call.
    pub smells_of_model: bool,
    pub tool: Best<Cow<'a, str>>,
    pub model: Best<Cow<'a, str>>,
    pub input_tokens: Best<i64>,
    pub output_tokens: Best<i64>,
    pub cost_nanos: Best<i64>,
    /// A statement other than the span's status says that it failed.
    pub failed: bool,
    pub error: Best<Cow<'a, str>>,
    /// The agent's name, which the newest GenAI conventions also use for a workflow's.
    pub agent: Option<Cow<'a, str>>,
    /// `traceloop.entity.name`: a workflow's, agent's or tool's, by the span's kind.
    pub entity: Option<&'a str>,
    pub is_workflow: bool,
    pub workflow: Best<Cow<'a, str>>,
    pub release: Best<Cow<'a, str>>,
    pub environment: Best<Cow<'a, str>>,
    pub unit: Best<Cow<'a, str>>,
    pub run_key: Best<Cow<'a, str>>,
    pub outcome: Best<Outcome>,
    pub failure_class: Best<Cow<'a, str>>,
    pub retries: Best<i64>,
    pub run_cost_nanos: Best<i64>,
    pub segments: Vec<(&'a str, Cow<'a, str>)>,
    pub scores: Vec<(Cow<'a, str>, f64)>,
    pub annotations: Vec<Annotation<'a>>,
    pub approvals: Vec<Approval>,
    pub escalations: Vec<Escalation>,
    pub rescues: Vec<Rescue>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

macro_rules! offers {
    ($($(#[$doc:meta])* $method:ident => $field:ident;)+) => {$(
        $(#[$doc])*
        pub fn $method(&mut self, rank: u8, value: super::attributes::Value<'a>) {
            if let Some(text) = value.label() {
                self.$field.offer(rank + self.penalty, text);
            }
        }
    )+};
}

impl<'a> Draft<'a> {
    offers! {
        offer_workflow => workflow;
        offer_release => release;
        offer_environment => environment;
        offer_unit => unit;
        offer_run_key => run_key;
        offer_failure_class => failure_class;
        offer_tool => tool;
        offer_model => model;
        offer_error => error;
    }

    /// An empty draft for a resource's attributes.
    pub fn of_resource() -> Self {
        Self { penalty: 1, ..Self::default() }
    }

    /// The draft that every span under this resource starts from. What is a property of one span only is dropped.
    pub fn for_spans(self) -> Self {
        Self {
            workflow: self.workflow,
            release: self.release,
            environment: self.environment,
            unit: self.unit,
            run_key: self.run_key,
            outcome: self.outcome,
            failure_class: self.failure_class,
            segments: self.segments,
            ..Self::default()
        }
    }

    /// States what the span is.
    pub fn classify(&mut self, rank: u8, class: SpanClass) {
        self.classified = true;
        if class != SpanClass::Other {
            self.class.offer(rank, class);
        }
    }

    /// Adds a warning; a few say enough.
    pub fn warn(&mut self, warning: impl Into<String>) {
        if self.warnings.len() < 3 {
            self.warnings.push(warning.into());
        }
    }

    /// A count of tokens.
    pub fn offer_tokens(&mut self, input: bool, rank: u8, count: Option<i64>) {
        match count {
            Some(count) if count < 0 => self.warn("a negative number of tokens was left out; send none when unknown"),
            Some(count) if input => self.input_tokens.offer(rank, count),
            Some(count) => self.output_tokens.offer(rank, count),
            None => {}
        }
    }

    /// What the span cost in units of the currency.
    pub fn offer_cost(&mut self, rank: u8, cost: Option<f64>) {
        let Some(cost) = cost else { return };
        let nanos = (cost * 1e9).round();
        if cost < 0.0 {
            self.warn("a negative cost was left out; send none when unknown");
        } else if !nanos.is_finite() || nanos > limits::COST_NANOS as f64 {
            self.warn("a cost beyond a million was left out; costs are in units of the currency");
        } else {
            self.cost_nanos.offer(rank, nanos as i64);
        }
    }

    /// A named score.
    pub fn score(&mut self, name: Cow<'a, str>, value: f64) {
        if self.scores.len() < limits::SCORES_PER_RUN {
            self.scores.push((name, value));
        } else {
            self.warn(format!("scores beyond {} of one span were left out", limits::SCORES_PER_RUN));
        }
    }
}

/// A score from a number, else from a label that can only mean pass or fail.
pub(super) fn score_of(score: Option<f64>, label: Option<&str>) -> Option<f64> {
    score.or_else(|| match label?.trim().to_ascii_lowercase().as_str() {
        "pass" | "passed" | "true" | "yes" => Some(1.0),
        "fail" | "failed" | "false" | "no" => Some(0.0),
        _ => None,
    })
}
