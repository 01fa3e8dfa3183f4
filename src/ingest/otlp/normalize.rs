//! One span of any dialect into the domain's span: checked, cleaned and read in one pass.

use std::borrow::Cow;

use seatrial_domain::limits;
use seatrial_domain::run::Tokens;
use seatrial_domain::span::{Marks, Span, SpanClass, SpanId, TraceId};
use seatrial_domain::time::Timestamp;

use super::attributes::{Attribute, Value};
use super::dialect;
use super::draft::{Best, Draft, score_of, workflow};
use super::wire::{Fields, Malformed};

/// A span that was read.
#[derive(Debug)]
pub(super) struct Normalized {
    pub span: Span,
    /// The run it says it belongs to.
    pub run_key: Option<String>,
    /// Set when the span only carries feedback on another trace, instead of being a step of a run.
    pub feedback: Option<Feedback>,
    /// What was left out of it, and why.
    pub warnings: Vec<String>,
}

/// Scores that a span carries for another trace, which it links to.
#[derive(Debug)]
pub(super) struct Feedback {
    pub trace_id: TraceId,
    pub span_id: Option<SpanId>,
    pub scores: Vec<(String, f64)>,
}

/// A span that is not taken, and why.
#[derive(Debug)]
pub(super) struct Refused<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub reason: Cow<'static, str>,
}

/// The fields of a span that are no attributes.
#[derive(Default)]
struct Frame<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent: &'a [u8],
    name: &'a str,
    start: u64,
    end: u64,
    status: u64,
    links: usize,
    link: Option<&'a [u8]>,
}

/// Reads one `Span` message, given what its resource states for all its spans.
pub(super) fn normalize<'a>(
    message: &'a [u8],
    resource: &Draft<'a>,
    now: Timestamp,
) -> Result<Normalized, Refused<'a>> {
    let mut frame = Frame::default();
    let mut draft = resource.clone();
    if let Err(Malformed(what)) = read(message, &mut frame, &mut draft, now) {
        return Err(frame.refuse(format!("the span {what}")));
    }
    let (trace_id, id, parent) = frame.ids()?;
    let (started_at, ended_at) = frame.times(now)?;
    let name = span_name(frame.name);
    settle_class(&mut draft);
    let class = draft.class.get().copied().unwrap_or_default();
    settle_names(&mut draft, class, &name);
    let feedback = feedback(&frame, &draft, class, trace_id);
    let run_key = draft.run_key.label();
    let span = Span {
        id,
        trace_id,
        parent,
        class,
        started_at,
        ended_at,
        error: error(&frame, &draft),
        tokens: tokens(&draft, class),
        cost_nanos: draft.cost_nanos.get().copied(),
        model: draft.model.label(),
        tool: draft.tool.label().filter(|_| class == SpanClass::Tool),
        marks: marks(&mut draft),
        name,
    };
    Ok(Normalized { span, run_key, feedback, warnings: draft.warnings })
}

fn read<'a>(message: &'a [u8], frame: &mut Frame<'a>, draft: &mut Draft<'a>, now: Timestamp) -> Result<(), Malformed> {
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => frame.trace_id = field.value.bytes()?,
            2 => frame.span_id = field.value.bytes()?,
            4 => frame.parent = field.value.bytes()?,
            5 => frame.name = field.value.text()?,
            7 => frame.start = field.value.number(),
            8 => frame.end = field.value.number(),
            9 => dialect::read(draft, Attribute::read(field.value.bytes()?)?),
            11 => read_event(field.value.bytes()?, draft, now)?,
            13 => {
                frame.links += 1;
                frame.link = Some(field.value.bytes()?);
            }
            15 => {
                for part in Fields::of(field.value.bytes()?) {
                    let part = part?;
                    match part.number {
                        2 => draft.offer_error(4, Value::Text(part.value.text()?)),
                        3 => frame.status = part.value.number(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_event<'a>(message: &'a [u8], draft: &mut Draft<'a>, now: Timestamp) -> Result<(), Malformed> {
    let (mut name, mut nanos) = ("", 0);
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => nanos = field.value.number(),
            2 => name = field.value.text()?,
            _ => {}
        }
    }
    let attributes = || {
        let lists = Fields::of(message).filter_map(Result::ok).filter(|field| field.number == 3);
        lists.filter_map(|field| Attribute::read(field.value.bytes().ok()?).ok())
    };
    match name {
        "exception" => {
            for Attribute { key, value } in attributes() {
                match key {
                    "exception.type" => draft.offer_error(2, value),
                    "exception.message" => draft.offer_error(3, value),
                    _ => {}
                }
            }
        }
        "gen_ai.evaluation.result" => match dialect::evaluation(attributes()) {
            Some((name, score)) => draft.score(name, score),
            None => draft.warn("an evaluation without a name or a score was left out"),
        },
        _ => {
            if let Some(name) = name.strip_prefix("seatrial.") {
                let at = Timestamp::from_unix_nanos(nanos);
                let at = Some(at).filter(|at| nanos > 0 && *at <= now.plus_micros(limits::CLOCK_SKEW_MICROS));
                dialect::event(draft, name, at, attributes());
            }
        }
    }
    Ok(())
}

impl<'a> Frame<'a> {
    fn refuse(&self, reason: impl Into<Cow<'static, str>>) -> Refused<'a> {
        Refused { trace_id: self.trace_id, span_id: self.span_id, reason: reason.into() }
    }

    fn ids(&self) -> Result<(TraceId, SpanId, Option<SpanId>), Refused<'a>> {
        let trace_id = trace_id(self.trace_id).ok_or_else(|| {
            self.refuse(format!("the trace id has {} bytes; it must have 16, not all zero", self.trace_id.len()))
        })?;
        let span_id_of = |bytes: &[u8], what: &str| {
            span_id(bytes).ok_or_else(|| {
                self.refuse(format!("the {what} has {} bytes; it must have 8, not all zero", bytes.len()))
            })
        };
        let id = span_id_of(self.span_id, "span id")?;
        // Some exporters write a root's parent as eight zero bytes.
        let is_root = self.parent.is_empty() || self.parent == [0; 8];
        let parent = if is_root { None } else { Some(span_id_of(self.parent, "parent span id")?) };
        Ok((trace_id, id, parent))
    }

    fn times(&self, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>), Refused<'a>> {
        if self.start == 0 {
            return Err(self.refuse("the span has no start time; set startTimeUnixNano"));
        }
        let (started_at, ended_at) = (Timestamp::from_unix_nanos(self.start), Timestamp::from_unix_nanos(self.end));
        let latest = now.plus_micros(limits::CLOCK_SKEW_MICROS);
        for (what, time) in [("start", started_at), ("end", ended_at)] {
            if time > latest {
                let shown = time.min(Timestamp::MAX);
                return Err(self.refuse(format!("its {what} {shown} is in the future (now is {now}); check the clock")));
            }
        }
        if self.end != 0 && self.end < self.start {
            return Err(
                self.refuse(format!("it ends at {ended_at}, before it starts at {started_at}; check the clock"))
            );
        }
        Ok((started_at, Some(ended_at).filter(|_| self.end != 0)))
    }
}

/// The 16 bytes of a trace id, unless they are all zero.
pub(super) fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    bytes.try_into().ok().filter(|id| *id != [0; 16]).map(TraceId)
}

/// The 8 bytes of a span id, unless they are all zero.
pub(super) fn span_id(bytes: &[u8]) -> Option<SpanId> {
    bytes.try_into().ok().filter(|id| *id != [0; 8]).map(SpanId)
}

/// A name without control characters, clipped.
fn span_name(name: &str) -> String {
    let clipped = limits::clip(name.trim(), limits::SPAN_NAME_BYTES);
    if clipped.is_empty() {
        return "unnamed".to_owned();
    }
    if clipped.chars().any(char::is_control) {
        return clipped.chars().filter(|c| !c.is_control()).collect();
    }
    clipped.to_owned()
}

/// Guesses what a span is when no dialect says so, from what only one kind of span has.
fn settle_class(draft: &mut Draft<'_>) {
    // The Google ADK adds such a span beside those of calls it made at once; it is not a call.
    if draft.tool.get().is_some_and(|tool| tool == "(merged tools)") {
        draft.class = Best::default();
        return;
    }
    if draft.class.is_some() || draft.classified {
        return;
    }
    let uses_tokens = draft.input_tokens.is_some() || draft.output_tokens.is_some();
    if draft.tool.is_some() {
        draft.class.offer(u8::MAX, SpanClass::Tool);
    } else if draft.model.is_some() && (draft.smells_of_model || uses_tokens) {
        draft.class.offer(u8::MAX, SpanClass::Model);
    }
}

/// Finds the names that depend on what the span is.
fn settle_names<'a>(draft: &mut Draft<'a>, class: SpanClass, name: &str) {
    let entity = draft.entity.map(Value::Text);
    if let Some(agent) = draft.agent.take() {
        let rank = if draft.is_workflow { workflow::GEN_AI } else { workflow::AGENT_NAME };
        draft.workflow.offer(rank, agent);
    }
    match class {
        SpanClass::Tool if !draft.tool.is_some() => match (entity, name.strip_prefix("execute_tool ")) {
            (Some(entity), _) => draft.offer_tool(u8::MAX, entity),
            (None, Some(tool)) => draft.tool.offer(u8::MAX, Cow::Owned(tool.to_owned())),
            (None, None) => {}
        },
        SpanClass::Agent => {
            if let Some(entity) = entity {
                draft.offer_workflow(workflow::AGENT_NAME, entity);
            }
            let agent = name.strip_prefix("invoke_agent ").unwrap_or(name);
            if !draft.workflow.is_some_within(workflow::AGENT_SPAN) {
                draft.workflow.offer(workflow::AGENT_SPAN, Cow::Owned(agent.to_owned()));
            }
        }
        SpanClass::Workflow if draft.is_workflow => {
            if let Some(entity) = entity {
                draft.offer_workflow(workflow::TRACELOOP, entity);
            }
        }
        _ => {}
    }
}

fn error(frame: &Frame<'_>, draft: &Draft<'_>) -> Option<String> {
    const OK: u64 = 1;
    const ERROR: u64 = 2;
    // A recorded exception is a failure unless the span says that it went well in spite of it; `error.type` always is.
    let failed = frame.status == ERROR
        || draft.failed
        || draft.error.is_some_within(0)
        || (frame.status != OK && draft.error.is_some_within(3));
    failed.then(|| draft.error.label().unwrap_or_else(|| "error".to_owned()))
}

/// Tokens when they are known: of a model call both counts, since a missing one is not zero.
fn tokens(draft: &Draft<'_>, class: SpanClass) -> Option<Tokens> {
    match (draft.input_tokens.get().copied(), draft.output_tokens.get().copied()) {
        (Some(input), Some(output)) => Some(Tokens { input, output }),
        (Some(input), None) if class != SpanClass::Model => Some(Tokens { input, output: 0 }),
        _ => None,
    }
}

fn scores(draft: &Draft<'_>) -> impl Iterator<Item = (String, f64)> {
    let annotations = draft.annotations.iter().filter_map(|annotation| {
        Some((limits::label(annotation.name?)?, score_of(annotation.score, annotation.label)?))
    });
    draft.scores.iter().filter_map(|(name, score)| Some((limits::label(name)?, *score))).chain(annotations)
}

/// A span of kind evaluator with annotations and exactly one link carries feedback on what it links to.
fn feedback(frame: &Frame<'_>, draft: &Draft<'_>, class: SpanClass, own: TraceId) -> Option<Feedback> {
    if class != SpanClass::Evaluator || frame.links != 1 || draft.annotations.is_empty() {
        return None;
    }
    let (mut target, mut span) = (None, None);
    for field in Fields::of(frame.link?).filter_map(Result::ok) {
        match field.number {
            1 => target = field.value.bytes().ok().and_then(trace_id),
            2 => span = field.value.bytes().ok().and_then(span_id),
            _ => {}
        }
    }
    let trace_id = target.filter(|target| *target != own)?;
    Some(Feedback { trace_id, span_id: span, scores: scores(draft).collect() })
}

fn marks(draft: &mut Draft<'_>) -> Option<Box<Marks>> {
    let mut marks = Marks {
        workflow: draft.workflow.stated(),
        release: draft.release.stated(),
        environment: draft.environment.label(),
        unit: draft.unit.label(),
        outcome: draft.outcome.get().copied(),
        failure_class: draft.failure_class.label(),
        retries: draft.retries.get().copied(),
        cost_nanos: draft.run_cost_nanos.get().copied(),
        approvals: std::mem::take(&mut draft.approvals),
        escalations: std::mem::take(&mut draft.escalations),
        rescues: std::mem::take(&mut draft.rescues),
        ..Marks::default()
    };
    let segments = draft.segments.iter();
    marks.segments.extend(segments.filter_map(|(key, value)| Some((limits::label(key)?, limits::label(value)?))));
    marks.scores.extend(scores(draft));
    (!marks.is_empty()).then(|| Box::new(marks))
}
