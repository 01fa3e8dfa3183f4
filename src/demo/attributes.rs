//! The attribute names that simulated traces carry, in one place.

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
/// What became of a request for approval.
pub const APPROVAL_STATUS: &str = "seatrial.approval.status";
/// Who answered it.
pub const APPROVAL_BY: &str = "seatrial.approval.by";
/// For which tool it was asked.
pub const APPROVAL_TOOL: &str = "seatrial.approval.tool";
/// The span event of a hand-off to a person.
pub const ESCALATION_EVENT: &str = "seatrial.escalation";
/// Why the run was handed over.
pub const ESCALATION_REASON: &str = "seatrial.escalation.reason";
/// Whether the task called for the hand-off.
pub const ESCALATION_EXPECTED: &str = "seatrial.escalation.expected";
