//! The trace of a drawn run: an agent that looks something up, perhaps asks for approval, acts and answers, with the
//! attributes of the OpenTelemetry GenAI conventions. Children come before their root, as exporters send them.

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use seatrial_domain::run::{ApprovalStatus, Outcome};
use seatrial_domain::time::{MINUTE, Timestamp};

use super::attributes as names;
use super::dice::Dice;
use super::draw::DrawnRun;
use super::script::ToolScript;
use super::spans::{Conversation, boolean, double, event, fail, int, json_text, span, text, texts};

/// How a call of a tool went.
enum Call<'a> {
    Works(&'a str),
    Fails,
}

struct Builder<'a> {
    run: &'a DrawnRun,
    dice: &'a mut Dice,
    trace_id: [u8; 16],
    root_id: [u8; 8],
    now: Timestamp,
    spans: Vec<Span>,
    conversation: Conversation,
    calls: u32,
}

/// Builds the trace of `run`. Returns it with the time the run ended.
pub fn build(run: &DrawnRun, trace_id: [u8; 16], dice: &mut Dice) -> (ResourceSpans, Timestamp) {
    let root_id = dice.bytes8();
    let mut builder = Builder {
        run,
        dice,
        trace_id,
        root_id,
        now: run.started_at,
        spans: Vec::with_capacity(9),
        conversation: Conversation::default(),
        calls: 0,
    };
    builder.work();
    let ended_at = builder.now;
    let scope = InstrumentationScope {
        name: "seatrial.demo".to_owned(),
        version: "1".to_owned(),
        ..InstrumentationScope::default()
    };
    let scope_spans = ScopeSpans { scope: Some(scope), spans: builder.spans, ..ScopeSpans::default() };
    let resource = Resource {
        attributes: vec![
            text("service.name", run.workflow.agent),
            text("service.version", run.release.version),
            text("deployment.environment.name", "production"),
        ],
        ..Resource::default()
    };
    (ResourceSpans { resource: Some(resource), scope_spans: vec![scope_spans], ..ResourceSpans::default() }, ended_at)
}

impl Builder<'_> {
    fn work(&mut self) {
        let script = self.run.workflow.script;
        let opening = script.opening(self.dice, &self.run.case);
        let asked = Conversation::message("user", &opening);
        self.conversation.push(&asked);
        let retry_lookup = self.run.retries > 0 && self.dice.chance(0.5);
        self.use_tool(&script.lookup, if retry_lookup { self.run.retries } else { 0 }, true);
        let may_act = self.await_approval();
        let acts = may_act && self.acts();
        if acts || (self.run.retries > 0 && !retry_lookup) {
            let retries = if retry_lookup { 0 } else { self.run.retries };
            self.use_tool(&script.action, retries, self.action_works());
        }
        let said = self.last_words(may_act);
        let timed_out = self.run.failure_class == Some("timeout") && self.states_failure();
        let answer = Conversation::message("assistant", &said);
        self.chat(&answer, "stop", timed_out);
        self.root(&asked, &answer, timed_out);
    }

    /// Whether the trace may show the failure: a run that reported success shows none.
    fn states_failure(&self) -> bool {
        self.run.outcome != Outcome::Success && self.run.stated_outcome != Some(Outcome::Success)
    }

    /// Whether the run gets as far as its action.
    fn acts(&self) -> bool {
        !matches!(self.run.failure_class, Some("incomplete" | "missed_escalation" | "hallucination" | "timeout"))
            && self.run.escalation.is_none_or(|escalation| !escalation.expected)
    }

    /// A run that fails without saying so shows it by an error that nothing recovers.
    fn action_works(&self) -> bool {
        !(self.run.stated_outcome.is_none() && self.run.outcome != Outcome::Success)
    }

    fn use_tool(&mut self, tool: &ToolScript, retries: u32, works: bool) {
        let arguments = self.run.case.fill(tool.arguments);
        let result = self.run.case.fill(tool.result);
        for attempt in 0..=retries {
            let id = format!("call_{}", self.calls);
            let call = Conversation::call(&id, tool.name, &arguments);
            self.chat(&call, "tool_calls", false);
            let last = attempt == retries;
            let went = if last && works { Call::Works(&result) } else { Call::Fails };
            let response = match went {
                Call::Works(result) => result.to_owned(),
                Call::Fails => format!(r#"{{"error":{}}}"#, json_text(tool.error)),
            };
            self.execute(tool, &id, &arguments, &went);
            self.conversation.push(&call);
            self.conversation.push(&Conversation::answer(&id, &response));
            self.calls += 1;
        }
    }

    /// Advances the run's own time by something around `typical_ms`; returns the time before.
    fn spend(&mut self, typical_ms: f64) -> Timestamp {
        let before = self.now;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds to minutes in microseconds")]
        let micros = (self.dice.skewed(typical_ms) * 1_000.0) as i64;
        self.now = before.plus_micros(micros);
        before
    }

    fn child(&mut self, name: String, from: Timestamp, attributes: Vec<KeyValue>) -> Span {
        let id = self.dice.bytes8();
        let mut child = span(self.trace_id, id, Some(self.root_id), name, from, self.now);
        child.attributes = attributes;
        child
    }

    fn chat(&mut self, output: &str, finish: &str, times_out: bool) {
        let release = self.run.release;
        let from = self.spend(release.model_call_ms * if times_out { 8.0 } else { 1.0 });
        let mut attributes = vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "mariner"),
            text("gen_ai.request.model", release.model),
            text("gen_ai.response.model", release.model),
            text("gen_ai.conversation.id", self.run.unit.clone()),
            text("gen_ai.input.messages", self.conversation.json()),
        ];
        if self.spans.is_empty() {
            let system = json_text(self.run.workflow.script.system);
            let instructions = format!(r#"[{{"type":"text","content":{system}}}]"#);
            attributes.push(text("gen_ai.system_instructions", instructions));
        }
        if !times_out {
            let (input, output_tokens) = (release.input_tokens, release.output_tokens);
            #[expect(clippy::cast_possible_truncation, reason = "a few thousand tokens")]
            let (input, output_tokens) = (self.dice.skewed(input) as i64, self.dice.skewed(output_tokens) as i64);
            attributes.push(int("gen_ai.usage.input_tokens", input));
            attributes.push(int("gen_ai.usage.output_tokens", output_tokens));
            attributes.push(texts("gen_ai.response.finish_reasons", finish));
            attributes.push(text("gen_ai.output.messages", format!("[{output}]")));
        }
        let mut chat = self.child(format!("chat {}", release.model), from, attributes);
        if times_out {
            fail(&mut chat, "timeout", "the model did not answer in time");
        }
        self.spans.push(chat);
    }

    fn execute(&mut self, tool: &ToolScript, id: &str, arguments: &str, went: &Call<'_>) {
        let from = self.spend(if matches!(went, Call::Works(_)) { 420.0 } else { 2_400.0 });
        let attributes = vec![
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", tool.name),
            text("gen_ai.tool.type", "function"),
            text("gen_ai.tool.call.id", id),
            text("gen_ai.tool.call.arguments", arguments),
        ];
        let mut executed = self.child(format!("execute_tool {}", tool.name), from, attributes);
        match went {
            Call::Works(result) => executed.attributes.push(text("gen_ai.tool.call.result", *result)),
            Call::Fails => fail(&mut executed, tool.error_type, tool.error),
        }
        self.spans.push(executed);
    }

    /// Waits for an approval where one is asked for. Returns whether the run may go on to act.
    fn await_approval(&mut self) -> bool {
        let Some(approval) = &self.run.approval else { return true };
        let from = self.now;
        self.now = from.plus_micros(approval.wait_micros.min(30 * MINUTE));
        let status = match approval.status {
            ApprovalStatus::Denied => "denied",
            ApprovalStatus::Expired => "expired",
            ApprovalStatus::Granted => "granted",
            ApprovalStatus::Requested => "requested",
        };
        let mut attributes = vec![
            text(names::APPROVAL_STATUS, status),
            text(names::APPROVAL_TOOL, self.run.workflow.script.action.name),
        ];
        if approval.status != ApprovalStatus::Expired {
            attributes.push(text(names::APPROVAL_BY, approval.by));
        }
        let mut waited = self.child("await approval".to_owned(), from, Vec::new());
        waited.events.push(event(self.now, names::APPROVAL_EVENT, attributes));
        self.spans.push(waited);
        approval.status == ApprovalStatus::Granted
    }

    fn last_words(&mut self, may_act: bool) -> String {
        let (script, run) = (self.run.workflow.script, self.run);
        if run.outcome != Outcome::Success {
            return script.miss(run.failure_class, &run.case);
        }
        let template = match (&run.escalation, may_act) {
            (Some(_), _) => script.handed_over,
            (None, false) => script.denied,
            (None, true) => self.dice.pick(script.closings),
        };
        run.case.fill(template)
    }

    fn root(&mut self, asked: &str, answer: &str, timed_out: bool) {
        let run = self.run;
        let mut root = span(
            self.trace_id,
            self.root_id,
            None,
            format!("invoke_agent {}", run.workflow.agent),
            run.started_at,
            self.now,
        );
        root.attributes = vec![
            text("gen_ai.operation.name", "invoke_agent"),
            text("gen_ai.provider.name", "mariner"),
            text("gen_ai.agent.name", run.workflow.agent),
            text("gen_ai.conversation.id", run.unit.clone()),
            text("gen_ai.input.messages", format!("[{asked}]")),
            text("gen_ai.output.messages", format!("[{answer}]")),
            text(names::WORKFLOW, run.workflow.name),
            text(names::UNIT, run.unit.clone()),
        ];
        for (dimension, value) in &run.segments {
            root.attributes.push(text(&format!("{}{dimension}", names::SEGMENT_PREFIX), *value));
        }
        if let Some(outcome) = run.stated_outcome {
            root.attributes.push(text(names::OUTCOME, outcome.as_str()));
        }
        if let Some(class) = run.failure_class.filter(|_| run.class_stated) {
            root.attributes.push(text(names::FAILURE_CLASS, class));
        }
        if let Some(escalation) = run.escalation {
            let attributes = vec![
                text(names::ESCALATION_REASON, escalation.reason),
                boolean(names::ESCALATION_EXPECTED, escalation.expected),
            ];
            root.events.push(event(self.now, names::ESCALATION_EVENT, attributes));
        }
        if self.dice.chance(0.2) {
            let low = if run.successful() { 0.7 } else { 0.2 };
            #[expect(clippy::cast_precision_loss, reason = "at most 100")]
            let score = self.dice.between((low * 100.0) as i64, 100) as f64 / 100.0;
            let attributes =
                vec![text("gen_ai.evaluation.name", "groundedness"), double("gen_ai.evaluation.score.value", score)];
            root.events.push(event(self.now, "gen_ai.evaluation.result", attributes));
        }
        if timed_out {
            fail(&mut root, "timeout", "the run was ended after its time limit");
        }
        self.spans.push(root);
    }
}
