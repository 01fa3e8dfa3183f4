//! The names of attributes and span events that simulated traces carry beside those of OpenTelemetry, in one place.

/// How a run ended: `success`, `failure` or `abandoned`.
pub const OUTCOME: &str = "seatrial.outcome";
/// The kind of miss.
pub const FAILURE_CLASS: &str = "seatrial.failure_class";
/// The workflow a run belongs to.
pub const WORKFLOW: &str = "seatrial.workflow";
/// The session, case or customer a run belongs to.
pub const UNIT: &str = "seatrial.unit";
/// Followed by a dimension's name: the run's value in it.
pub const SEGMENT_PREFIX: &str = "seatrial.segment.";
/// The span event of a request for approval; its time is when the request was answered.
pub const APPROVAL_EVENT: &str = "seatrial.approval";
/// Of an approval event: what became of the request.
pub const APPROVAL_STATUS: &str = "status";
/// Of an approval event: who answered it.
pub const APPROVAL_BY: &str = "by";
/// Of an approval event: for which tool it was asked.
pub const APPROVAL_TOOL: &str = "tool";
/// The span event of a hand-off to a person.
pub const ESCALATION_EVENT: &str = "seatrial.escalation";
/// Of an escalation event: why the run was handed over.
pub const ESCALATION_REASON: &str = "reason";
/// Of an escalation event: whether the task called for it.
pub const ESCALATION_EXPECTED: &str = "expected";
