//! A run as its sender reports it, without a trace: `POST …/runs` and `seatrial run import`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{check_cost, check_label, check_score};
use super::{Approval, Escalation, Outcome, Rescue, Tokens};
use crate::limits;
use crate::time::Timestamp;

/// A reported run. An absent field (or `null`) is unknown; an empty list is known to be none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// The sender's own id of the run: the idempotency key.
    pub external_id: String,
    /// The workflow's name; made known when new.
    pub workflow: String,
    /// The release's name; made known when new.
    pub release: String,
    /// Where it ran, such as `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The kind of miss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<String>,
    /// Approvals asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Vec<Approval>>,
    /// Hand-offs to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalations: Option<Vec<Escalation>>,
    /// Rescues by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescues: Option<Vec<Rescue>>,
    /// Calls repeated after their own error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
    /// Tools called, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// Tool calls that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_errors: Option<i64>,
    /// Total cost in nano-units of the project's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_nanos: Option<i64>,
    /// Tokens used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// The model that did the work; becomes the segment `model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The session, case or customer it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Segment values by dimension.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<String, String>,
    /// Named scores; booleans are 0 and 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, f64>,
    /// What the run was given: any JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input: Option<serde_json::Value>,
    /// What it gave back: any JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub output: Option<serde_json::Value>,
    /// The conversation: a list of `{role, content, …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub messages: Option<Vec<serde_json::Value>>,
}

/// Why a report is refused: a field, what is wrong with it and what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReportError(pub String);

/// A second report of a run that contradicts the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "run `{external_id}` was reported before with another {}; a report may add what was unknown, never change what \
     was known: send a late fact to correct it",
    fields.join(", ")
)]
pub struct MergeConflict {
    external_id: String,
    fields: Vec<&'static str>,
}

impl RunReport {
    /// Checks ranges, lengths and times; `now` bounds clocks in the future.
    ///
    /// # Errors
    /// [`ReportError`] with the first thing that is wrong.
    pub fn check(&self, now: Timestamp) -> Result<(), ReportError> {
        self.check_all(now).map_err(ReportError)
    }

    fn check_all(&self, now: Timestamp) -> Result<(), String> {
        check_label("external_id", &self.external_id)?;
        check_label("workflow", &self.workflow)?;
        check_label("release", &self.release)?;
        let optional = [
            ("environment", &self.environment),
            ("failure_class", &self.failure_class),
            ("unit", &self.unit),
            ("model", &self.model),
        ];
        for (field, value) in optional {
            value.as_deref().map_or(Ok(()), |text| check_label(field, text))?;
        }
        self.check_times(now)?;
        self.cost_nanos.map_or(Ok(()), check_cost)?;
        for (field, value) in [("retries", self.retries), ("tool_errors", self.tool_errors)] {
            if value.is_some_and(|n| n < 0) {
                return Err(format!("`{field}` is negative; leave it out when it is unknown"));
            }
        }
        if self.tokens.is_some_and(|t| t.input < 0 || t.output < 0) {
            return Err("`tokens` has a negative count; leave it out when it is unknown".to_owned());
        }
        self.check_sizes()
    }

    fn check_times(&self, now: Timestamp) -> Result<(), String> {
        let latest = now.plus_micros(limits::CLOCK_SKEW_MICROS);
        for (field, time) in [("started_at", Some(self.started_at)), ("ended_at", self.ended_at)] {
            if let Some(time) = time.filter(|time| *time > latest) {
                return Err(format!("`{field}` is {time}, which is in the future (now is {now}); check the clock"));
            }
        }
        match self.ended_at {
            Some(ended) if ended < self.started_at => {
                Err(format!("`ended_at` ({ended}) is before `started_at` ({})", self.started_at))
            }
            _ => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), String> {
        let most = [
            ("segments", self.segments.len(), limits::SEGMENTS_PER_RUN),
            ("scores", self.scores.len(), limits::SCORES_PER_RUN),
            ("approvals", self.approvals.as_ref().map_or(0, Vec::len), limits::EVENTS_PER_RUN),
            ("escalations", self.escalations.as_ref().map_or(0, Vec::len), limits::EVENTS_PER_RUN),
            ("rescues", self.rescues.as_ref().map_or(0, Vec::len), limits::EVENTS_PER_RUN),
            ("tools", self.tools.as_ref().map_or(0, Vec::len), limits::SPANS_PER_RUN),
        ];
        if let Some((field, n, max)) = most.into_iter().find(|(_, n, max)| n > max) {
            return Err(format!("`{field}` has {n} entries; at most {max} are accepted"));
        }
        for (dimension, value) in &self.segments {
            check_label("segments", dimension)?;
            check_label(dimension, value)?;
        }
        if self.tools.iter().flatten().any(|tool| check_label("tools", tool).is_err()) {
            return Err("`tools` has an empty, overlong or control-character name".to_owned());
        }
        self.scores.iter().try_for_each(|(name, value)| {
            check_label("scores", name)?;
            check_score(name, *value)
        })
    }

    /// This report completed by what `again` adds. What both know must be equal.
    ///
    /// # Errors
    /// [`MergeConflict`] naming every field that differs.
    pub fn merged(&self, again: &Self) -> Result<Self, MergeConflict> {
        let mut merged = self.clone();
        let mut fields = Vec::new();
        let required = [
            ("workflow", self.workflow == again.workflow),
            ("release", self.release == again.release),
            ("started_at", self.started_at == again.started_at),
        ];
        fields.extend(required.iter().filter(|(_, same)| !same).map(|(field, _)| *field));
        macro_rules! complete {
            ($($field:ident),+) => {$(
                match (&merged.$field, &again.$field) {
                    (None, Some(new)) => merged.$field = Some(new.clone()),
                    (Some(old), Some(new)) if old != new => fields.push(stringify!($field)),
                    _ => {}
                }
            )+};
        }
        complete!(
            environment,
            ended_at,
            outcome,
            failure_class,
            approvals,
            escalations,
            rescues,
            retries,
            tools,
            tool_errors,
            cost_nanos,
            tokens,
            model,
            unit,
            input,
            output,
            messages
        );
        for (dimension, value) in &again.segments {
            if merged.segments.entry(dimension.clone()).or_insert_with(|| value.clone()) != value {
                fields.push("segments");
            }
        }
        for (name, value) in &again.scores {
            if merged.scores.entry(name.clone()).or_insert(*value) != value {
                fields.push("scores");
            }
        }
        fields.dedup();
        if fields.is_empty() {
            return Ok(merged);
        }
        Err(MergeConflict { external_id: limits::clip(&self.external_id, 80).to_owned(), fields })
    }
}
