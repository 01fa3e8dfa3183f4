//! From blocks to evidence: which nulls a criterion's pass and fail speak against, and how far they have come.

use crate::policy::Policy;
use crate::scorecard::Criterion;
use crate::signal::Direction;
use crate::stats::{EProcess, Null, Outcomes, Trajectory, round9};

/// The nulls of a check.
pub(super) struct Question {
    /// Every one of these must be rejected for a pass.
    pass: Vec<Null>,
    /// The mean of the processes against these is the evidence for a fail.
    fail: Vec<Null>,
}

impl Question {
    /// What a criterion asks of a signal.
    pub(super) fn of(criterion: &Criterion, direction: Direction, policy: &Policy) -> Self {
        let margin = |own: Option<f64>| own.unwrap_or(policy.default_margin);
        match *criterion {
            Criterion::Floor { rate } => {
                Self { pass: vec![Null::RateAtMost { bound: rate }], fail: vec![Null::RateAtLeast { bound: rate }] }
            }
            Criterion::Ceiling { rate } => {
                Self { pass: vec![Null::RateAtLeast { bound: rate }], fail: vec![Null::RateAtMost { bound: rate }] }
            }
            // Worse at all fails; not worse by the margin passes. Both at once is a conflict for a person.
            Criterion::NotWorseThanBaseline { margin: own } if direction == Direction::LowerIsBetter => Self {
                pass: vec![Null::CandidateAbove { margin: margin(own) }],
                fail: vec![Null::CandidateBelow { margin: 0.0 }],
            },
            Criterion::NotWorseThanBaseline { margin: own } => Self {
                pass: vec![Null::CandidateBelow { margin: margin(own) }],
                fail: vec![Null::CandidateAbove { margin: 0.0 }],
            },
            // Neither direction is worse, so only leaving the margin fails.
            Criterion::WithinBaseline { margin: own } => {
                let margin = margin(own);
                Self {
                    pass: vec![Null::CandidateBelow { margin }, Null::CandidateAbove { margin }],
                    fail: vec![Null::CandidateBelow { margin: -margin }, Null::CandidateAbove { margin: -margin }],
                }
            }
        }
    }

    /// The evidence that blocks hold: `settled` for a pass, `harm` for a fail.
    pub(super) fn ask(&self, settled: &[Outcomes], harm: &[Outcomes], policy: &Policy) -> Answer {
        let over = |null: &Null, blocks: &[Outcomes]| EProcess::over(*null, policy.method, blocks);
        let pass: Vec<Trajectory> = self.pass.iter().map(|null| over(null, settled)).collect();
        let weakest = pass.iter().map(Trajectory::max).fold(f64::INFINITY, f64::min);
        let fail = match self.fail.as_slice() {
            [one] => over(one, harm),
            [one, two] => over(one, harm).mean(&over(two, harm)),
            _ => Trajectory::default(),
        };
        let slowest = pass.into_iter().min_by(|a, b| a.max().total_cmp(&b.max())).unwrap_or_default();
        Answer {
            ln_e_ship: round9(if weakest.is_finite() { weakest } else { 0.0 }),
            ln_e_rollback: round9(fail.max()),
            ln_e_rollback_now: round9(fail.last()),
            ship: slowest,
            rollback: fail,
            bar: policy.bar(),
        }
    }
}

/// How far the evidence has come.
pub(super) struct Answer {
    /// For a pass, latched: of several processes the one that has come least far.
    pub ln_e_ship: f64,
    /// For a fail, latched.
    pub ln_e_rollback: f64,
    /// For a fail, now. e-BH reads this: a running maximum is no e-value.
    pub ln_e_rollback_now: f64,
    /// The way of the slowest pass process.
    pub ship: Trajectory,
    /// The way of the fail process.
    pub rollback: Trajectory,
    bar: f64,
}

impl Answer {
    /// Whether the evidence for a pass has reached 1/α.
    pub(super) fn passes(&self) -> bool {
        self.ln_e_ship >= self.bar
    }

    /// Whether the evidence for a fail has reached 1/α.
    pub(super) fn fails(&self) -> bool {
        self.ln_e_rollback >= self.bar
    }
}

/// Candidate outcomes until a process that goes on as it did over the last half of its blocks reaches `bar`.
pub(super) fn further_units(way: &Trajectory, blocks: &[Outcomes], bar: f64) -> Option<u64> {
    let recent = (way.path.len() / 2).max(1).min(way.path.len());
    let from = way.path.len() - recent;
    let before = if from == 0 { 0.0 } else { way.path[from - 1] };
    let units: u64 = blocks.get(from..)?.iter().map(|block| block.n_b).sum();
    let growth = (way.last() - before) / units as f64;
    let missing = bar - way.last();
    if units == 0 || growth <= 0.0 || missing <= 0.0 {
        return None;
    }
    let further = (missing / growth).ceil();
    (further < 1e9).then_some(further as u64)
}
