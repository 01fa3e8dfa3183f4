//! Where the facts of a signal come from: what to send when they are missing.

use super::Signal;
use crate::workflow::FactKind;

impl Signal {
    /// What its senders must report for it to be known, as the beginning of a sentence that names the fields.
    #[must_use]
    pub fn missing(&self) -> String {
        if let Some(fact) = self.needs() {
            return needed(fact).to_owned();
        }
        match self {
            Self::CostPerRun => {
                "Send the cost: `cost_nanos` of a reported run, `seatrial.cost_nanos` on the root span, or \
                 `gen_ai.usage.cost` on model calls; tokens are enough where the project has prices"
                    .to_owned()
            }
            Self::RetryRate
            | Self::MeanRetries
            | Self::ToolErrorRate
            | Self::ToolCallErrorRate
            | Self::MeanToolCalls => {
                "Send the tool calls: spans with `gen_ai.tool.name` and their errors, or `tools`, `tool_errors` and \
                 `retries` of a reported run"
                    .to_owned()
            }
            Self::Latency => "Send the end of runs: the root span's end, or `ended_at` of a reported run".to_owned(),
            Self::Score(name) => format!("Send the score: `seatrial.score.{name}` on a span, or `scores` of a run"),
            _ => "Send the outcome: `seatrial.outcome` on the root span, or `outcome` of a reported run".to_owned(),
        }
    }
}

fn needed(fact: FactKind) -> &'static str {
    match fact {
        FactKind::Approvals => {
            "Declare on the workflow who observes approvals, and send them: `seatrial.approval` events in the traces, or \
             approvals as late facts"
        }
        FactKind::Escalations => {
            "Declare on the workflow who observes escalations, and send them: `seatrial.escalation` events in the \
             traces, or escalations as late facts"
        }
        FactKind::Rescues => {
            "Declare on the workflow who observes rescues, and send them: `seatrial.rescue` events in the traces, or \
             rescues as late facts from the help desk"
        }
    }
}
