//! The facts of one simulated run, drawn from what is true of its release and segments, before any trace is made.

use seatrial_domain::run::{ApprovalStatus, Outcome};
use seatrial_domain::time::{HOUR, MINUTE, SECOND, Timestamp};

use super::dice::Dice;
use super::scenario::{ReleaseScenario, Segments, WorkflowScenario};
use super::script::Case;

/// Share of runs that belong to a case that was handled before.
const RETURNING: f64 = 0.05;
/// Share of runs whose sender does not say how they ended.
const OUTCOME_UNSTATED: f64 = 0.02;
/// Share of misses whose kind the sender names; the others wait for a reviewer.
const CLASS_STATED: f64 = 0.85;
/// Share of misses that reported success until another system corrected them.
const CORRECTED: f64 = 0.04;

/// The facts of one simulated run.
#[derive(Clone, Debug)]
pub struct DrawnRun {
    /// Its number, from 0, in order of start.
    pub index: u64,
    /// Its workflow.
    pub workflow: &'static WorkflowScenario,
    /// Its release.
    pub release: &'static ReleaseScenario,
    /// When it began.
    pub started_at: Timestamp,
    /// The case it belongs to.
    pub unit: String,
    /// Its segment values.
    pub segments: Segments,
    /// How it really ended.
    pub outcome: Outcome,
    /// How its trace says it ended; `None` when the sender is silent.
    pub stated_outcome: Option<Outcome>,
    /// The kind of miss.
    pub failure_class: Option<&'static str>,
    /// Whether the trace names the kind of miss; otherwise it waits for a reviewer.
    pub class_stated: bool,
    /// Whether it asked for approval, and what came of it.
    pub approval: Option<ApprovalDraw>,
    /// Whether it handed over to a person.
    pub escalation: Option<EscalationDraw>,
    /// Whether a person redid it.
    pub rescue: Option<RescueDraw>,
    /// Calls repeated after their own error.
    pub retries: u32,
    pub(super) case: Case,
}

/// A request for approval.
#[derive(Clone, Debug)]
pub struct ApprovalDraw {
    /// What became of it.
    pub status: ApprovalStatus,
    /// How long it took, in microseconds.
    pub wait_micros: i64,
    /// Who answered.
    pub by: &'static str,
}

/// A hand-off to a person.
#[derive(Clone, Copy, Debug)]
pub struct EscalationDraw {
    /// Why.
    pub reason: &'static str,
    /// Whether the task called for it.
    pub expected: bool,
}

/// A person redoing the work.
#[derive(Clone, Debug)]
pub struct RescueDraw {
    /// How long after the run's end it was finished, in microseconds.
    pub after_micros: i64,
    /// How long it took, in seconds.
    pub seconds: i64,
    /// By whom.
    pub by: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl DrawnRun {
    /// Whether the run was really a success of the agent: it reached its end and nobody had to redo it.
    #[must_use]
    pub fn successful(&self) -> bool {
        self.outcome == Outcome::Success && self.rescue.is_none()
    }

    /// Whether another system has to correct the outcome that the trace states.
    #[must_use]
    pub fn corrected(&self) -> bool {
        self.stated_outcome.is_some_and(|stated| stated != self.outcome)
    }

    /// Draws run `index` of `workflow`, beginning at `started_at`, `days_ago` before the present. `None` when no
    /// release of the workflow has traffic at that time.
    pub(super) fn draw(
        seed: u64,
        index: u64,
        workflow: &'static WorkflowScenario,
        started_at: Timestamp,
        days_ago: f64,
        dice: &mut Dice,
    ) -> Option<Self> {
        let active: Vec<(&'static ReleaseScenario, f64)> =
            workflow.releases.iter().filter(|r| r.active(days_ago)).map(|r| (r, r.weight)).collect();
        if active.is_empty() {
            return None;
        }
        let release = dice.weighted(&active);
        let unit_index = if dice.chance(RETURNING) { index - dice.bits() % (index + 1) } else { index };
        let mut unit_dice = Dice::new(seed ^ 0x5EED_CA5E, unit_index);
        let unit = format!("{}-{:06}", &workflow.name[..3].to_uppercase(), unit_index);
        let case = Case::of(&mut unit_dice, &unit, workflow.script);
        let segments: Segments = workflow.dimensions.iter().map(|d| (d.name, unit_dice.weighted(d.values))).collect();
        let rates = release.rates(&segments);
        let completed = dice.chance(rates.completed);
        let outcome = match completed {
            true => Outcome::Success,
            false if dice.chance(0.15) => Outcome::Abandoned,
            false => Outcome::Failure,
        };
        let class = (!completed).then(|| dice.weighted(release.misses(&segments)));
        let rescued = if completed { rates.rescued } else { 0.25 };
        let mut run = Self {
            index,
            workflow,
            release,
            started_at,
            unit,
            outcome,
            stated_outcome: Some(outcome),
            failure_class: class,
            class_stated: class.is_some() && dice.chance(CLASS_STATED),
            approval: dice.chance(rates.approval).then(|| draw_approval(dice, rates.denial)),
            escalation: dice.chance(rates.escalation).then(|| draw_escalation(dice, workflow)),
            rescue: dice.chance(rescued).then(|| draw_rescue(dice, workflow)),
            retries: if dice.chance(rates.retry) { 1 + u32::from(dice.chance(0.2)) } else { 0 },
            segments,
            case,
        };
        if dice.chance(OUTCOME_UNSTATED) {
            run.stated_outcome = None;
            run.class_stated = false;
        } else if outcome == Outcome::Failure && dice.chance(CORRECTED) {
            run.stated_outcome = Some(Outcome::Success);
            run.class_stated = false;
        }
        Some(run)
    }
}

fn draw_approval(dice: &mut Dice, denial: f64) -> ApprovalDraw {
    let status = if dice.chance(denial) {
        ApprovalStatus::Denied
    } else if dice.chance(0.03) {
        ApprovalStatus::Expired
    } else {
        ApprovalStatus::Granted
    };
    #[expect(clippy::cast_possible_truncation, reason = "a few minutes in microseconds")]
    let wait_micros = dice.skewed(4.0 * MINUTE as f64) as i64;
    ApprovalDraw { status, wait_micros, by: dice.pick(&["team lead", "duty manager", "system owner"]) }
}

fn draw_escalation(dice: &mut Dice, workflow: &WorkflowScenario) -> EscalationDraw {
    let (reason, expected) = dice.pick(workflow.script.handover_reasons);
    EscalationDraw { reason, expected }
}

fn draw_rescue(dice: &mut Dice, workflow: &WorkflowScenario) -> RescueDraw {
    RescueDraw {
        after_micros: dice.between(8 * MINUTE, 9 * HOUR) / SECOND * SECOND,
        seconds: dice.between(90, 2_400),
        by: dice.pick(&["help desk", "back office", "account manager"]),
        reason: dice.pick(workflow.script.rescue_reasons),
    }
}
