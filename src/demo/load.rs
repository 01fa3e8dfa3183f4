//! Bodies of a known size for the ingest benchmark: traces of eight spans and some 15 kB, fifty to a request, with
//! text that compresses about as well as real conversations do (by a factor of some 2.5 with zstd level 1).

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use seatrial_domain::time::{SECOND, Timestamp};

use super::attributes as names;
use super::dice::Dice;
use super::spans::{int, json_text, span, text};

/// Traces in one body.
pub const TRACES_PER_BODY: usize = 50;
/// Spans of one trace unless asked otherwise.
pub const SPANS_PER_TRACE: usize = 8;
/// Encoded size of one trace unless asked otherwise, in bytes.
pub const BYTES_PER_TRACE: usize = 15_000;

/// When the load begins: a fixed past time, so that the bodies depend on nothing but their parameters.
const BEGIN: Timestamp = Timestamp::from_micros(1_767_571_200 * SECOND);
/// Time between the starts of two traces, in microseconds: a steady fifty a second.
const STEP_MICROS: i64 = 20_000;
/// What a span takes apart from its texts, in bytes: ids, times, names of attributes.
const SPAN_OVERHEAD: usize = 330;
const WORDS: usize = 1_200;

const WORKFLOWS: [&str; 3] = ["load-refunds", "load-invoices", "load-access"];
const RELEASES: [&str; 2] = ["1.0.0", "1.1.0"];
const TIERS: [(&str, f64); 3] = [("standard", 0.6), ("plus", 0.25), ("enterprise", 0.15)];
const TOOLS: [&str; 4] = ["search_records", "read_record", "update_record", "notify_customer"];

/// Request bodies (OTLP, protobuf) holding `traces` traces in all, [`TRACES_PER_BODY`] each, every trace with its own
/// id and `spans_per_trace` spans, encoded in some `approx_bytes_per_trace` bytes.
#[must_use]
pub fn load_bodies(seed: u64, traces: usize, spans_per_trace: usize, approx_bytes_per_trace: usize) -> Vec<Vec<u8>> {
    let mut dice = Dice::new(seed, 0);
    let vocabulary = vocabulary(&mut dice);
    let spans = spans_per_trace.max(1);
    let mut load = Load {
        dice,
        vocabulary,
        spans,
        text_bytes: (approx_bytes_per_trace / spans).saturating_sub(SPAN_OVERHEAD),
        made: 0,
    };
    let mut bodies = Vec::with_capacity(traces.div_ceil(TRACES_PER_BODY));
    let mut left = traces;
    while left > 0 {
        let n = left.min(TRACES_PER_BODY);
        let resource_spans = (0..n).map(|_| load.trace()).collect();
        bodies.push(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        left -= n;
    }
    bodies
}

struct Load {
    dice: Dice,
    vocabulary: Vec<String>,
    spans: usize,
    text_bytes: usize,
    made: i64,
}

impl Load {
    fn trace(&mut self) -> ResourceSpans {
        let trace_id = self.dice.bytes16();
        let root_id = self.dice.bytes8();
        let workflow = self.dice.pick(&WORKFLOWS);
        let started_at = BEGIN.plus_micros(self.made * STEP_MICROS);
        self.made += 1;
        let mut spans = Vec::with_capacity(self.spans);
        let mut at = started_at;
        for i in 1..self.spans {
            let ended_at = at.plus_micros(self.dice.between(80_000, 2_400_000));
            let id = self.dice.bytes8();
            let made = if i % 2 == 1 {
                self.model_call(span(trace_id, id, Some(root_id), "chat mariner-2".to_owned(), at, ended_at))
            } else {
                let tool = TOOLS[i / 2 % TOOLS.len()];
                let name = format!("execute_tool {tool}");
                self.tool_call(span(trace_id, id, Some(root_id), name, at, ended_at), tool)
            };
            spans.push(made);
            at = ended_at;
        }
        let root = span(trace_id, root_id, None, format!("invoke_agent {workflow}"), started_at, at);
        spans.push(self.root(root, workflow));
        let resource = Resource {
            attributes: vec![
                text("service.name", workflow),
                text("service.version", self.dice.pick(&RELEASES)),
                text("deployment.environment.name", "production"),
            ],
            ..Resource::default()
        };
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }
    }

    fn model_call(&mut self, mut chat: Span) -> Span {
        let asked = self.prose(self.text_bytes * 2 / 3);
        let said = self.prose(self.text_bytes / 3);
        chat.attributes = vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "mariner"),
            text("gen_ai.request.model", "mariner-2"),
            int("gen_ai.usage.input_tokens", self.dice.between(600, 4_000)),
            int("gen_ai.usage.output_tokens", self.dice.between(40, 600)),
            text("gen_ai.input.messages", message("user", &asked)),
            text("gen_ai.output.messages", message("assistant", &said)),
        ];
        chat
    }

    fn tool_call(&mut self, mut call: Span, tool: &str) -> Span {
        let found = self.prose(self.text_bytes);
        let (record, version) = (self.dice.bits(), self.dice.between(1, 99));
        call.attributes = vec![
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", tool),
            text("gen_ai.tool.call.arguments", format!(r#"{{"record":"{record:016x}","version":{version}}}"#)),
            text("gen_ai.tool.call.result", format!(r#"{{"state":"ok","text":{}}}"#, json_text(&found))),
        ];
        call
    }

    fn root(&mut self, mut root: Span, workflow: &str) -> Span {
        let asked = self.prose(self.text_bytes);
        let succeeded = self.dice.chance(0.9);
        root.attributes = vec![
            text("gen_ai.operation.name", "invoke_agent"),
            text("gen_ai.agent.name", workflow),
            text("gen_ai.input.messages", message("user", &asked)),
            text(names::WORKFLOW, workflow),
            text(&format!("{}customer_tier", names::SEGMENT_PREFIX), self.dice.weighted(&TIERS)),
            text(names::OUTCOME, if succeeded { "success" } else { "failure" }),
        ];
        if !succeeded {
            root.attributes.push(text(names::FAILURE_CLASS, "wrong_result"));
        }
        root
    }

    /// Sentences of some `bytes` bytes. Frequent words are frequent, and numbers occur, as in real text.
    fn prose(&mut self, bytes: usize) -> String {
        let mut prose = String::with_capacity(bytes + 16);
        while prose.len() < bytes {
            let bits = self.dice.bits();
            if bits.is_multiple_of(13) {
                prose.push_str(&((bits >> 40) & 0xFFFF).to_string());
            } else {
                // The smallest of three draws: words near the front come up more often.
                let draw = |shift: u32| ((bits >> shift) & 0xFFF) as usize % WORDS;
                prose.push_str(&self.vocabulary[draw(0).min(draw(12)).min(draw(24))]);
            }
            prose.push_str(if (bits >> 56).is_multiple_of(14) { ". " } else { " " });
        }
        prose
    }
}

fn message(role: &str, said: &str) -> String {
    format!(r#"[{{"role":"{role}","parts":[{{"type":"text","content":{}}}]}}]"#, json_text(said))
}

/// Made-up words of one to four syllables.
fn vocabulary(dice: &mut Dice) -> Vec<String> {
    const ONSETS: [&str; 20] =
        ["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl", "ch", "w", ""];
    const RHYMES: [&str; 20] = [
        "a", "e", "i", "o", "u", "an", "en", "in", "on", "er", "ar", "or", "al", "el", "ing", "ed", "ion", "est",
        "ate", "ous",
    ];
    let mut words = Vec::with_capacity(WORDS);
    while words.len() < WORDS {
        let syllables = 1 + dice.below(4);
        let word: String = (0..syllables).flat_map(|_| [dice.pick(&ONSETS), dice.pick(&RHYMES)]).collect();
        words.push(word);
    }
    words
}
