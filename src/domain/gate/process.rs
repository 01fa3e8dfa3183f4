//! From blocks and looks to evidence: what a criterion's pass and fail speak against, and how far they have come.

use super::progress::{Come, Scale, Way};
use crate::evidence::{Look, Series};
use crate::policy::Policy;
use crate::scorecard::{Check, Criterion, Reads};
use crate::signal::Direction;
use crate::stats::amount::{self, Side, Tuning};
use crate::stats::quantile::Sample;
use crate::stats::ratio::RatioSums;
use crate::stats::standardised::{ln_e_quantile, ln_e_ratio};
use crate::stats::{EProcess, Null, Outcomes, Sketch, Trajectory, round9};

/// What a check asks of its evidence. Every pass target must be met for a pass; the mean of the evidence for the fail
/// targets is that for a fail.
pub(super) enum Question {
    /// Of a rate. The steps are the distances from the boundary for which the evidence is made.
    Rate { pass: Vec<Null>, pass_step: f64, fail: Vec<Null>, fail_step: f64 },
    /// Of an amount's mean or a ratio.
    Sums { pass: Vec<Target>, fail: Vec<Target> },
    /// Of an amount's quantile.
    Quantile { q: f64, unit: f64, pass: Vec<Target>, fail: Vec<Target> },
}

/// Where an amount is to lie.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub bound: Bound,
    pub side: Side,
}

/// What an amount is held against.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// In the signal's unit.
    Value(f64),
    /// So many times the baseline's figure.
    Times(f64),
}

impl Question {
    /// What a check asks of its signal.
    pub(super) fn of(check: &Check, policy: &Policy) -> Self {
        let direction = check.signal.definition().direction;
        match check.reads() {
            Reads::Rate => rate_question(&check.criterion, direction, policy),
            Reads::Ratio | Reads::Mean => {
                let (pass, fail) = targets(&check.criterion, direction, policy);
                Self::Sums { pass, fail }
            }
            Reads::Quantile(q) => {
                let (pass, fail) = targets(&check.criterion, direction, policy);
                Self::Quantile { q, unit: check.signal.sketch_unit().unwrap_or(1.0), pass, fail }
            }
        }
    }

    /// The evidence that a series holds, for a decision at level `alpha`, from where it had `come`.
    pub(super) fn ask(&self, series: &Series, policy: &Policy, alpha: f64, come: Option<&Come>) -> Answer {
        match self {
            Self::Rate { .. } => self.ask_rate((&series.settled, series.harm()), policy, come),
            Self::Sums { pass, fail } => {
                let tuning = tuning(policy);
                let units = |looks: &[Look<RatioSums>]| looks.iter().map(|look| look.b.n).collect();
                let (settled, harm) = (series.sums.as_slice(), series.harm_sums());
                let (passes, all_settled) = sums_ways(settled, pass, tuning);
                let (fails, all_harm) = sums_ways(harm, fail, tuning);
                let totals = Totals::Sums { settled: all_settled, harm: all_harm };
                Answer { totals, ..Answer::of(passes, fails, units(settled), units(harm)) }
            }
            Self::Quantile { q, unit, pass, fail } => {
                let units: Vec<u64> =
                    series.sketches.iter().map(|look| u64::try_from(look.b.count()).unwrap_or(0)).collect();
                let scale = Scale { q: *q, unit: *unit, alpha };
                let (passes, fails, all) = scale.ways(series, (pass, fail), come);
                let totals = Totals::Sketches { all, open: series.open };
                Answer { totals, ..Answer::of(passes, fails, units.clone(), units) }
            }
        }
    }

    /// The standardised evidence about an amount, from what its segments add up to by now: one step, or none without a run
    /// of the candidate. `None` of a rate, whose outcomes are matched one to one.
    pub(super) fn ask_standardised(&self, segments: &[&Totals], policy: &Policy, alpha: f64) -> Option<Answer> {
        match self {
            Self::Rate { .. } => None,
            Self::Sums { pass, fail } => {
                let over = |targets: &[Target], arms: Vec<&Look<RatioSums>>| {
                    let units = arms.iter().map(|look| look.b.n).sum();
                    let arms = || arms.iter().map(|look| (&look.a, &look.b));
                    one_step(targets, units, |times, side| ln_e_ratio(arms(), times, side, tuning(policy)))
                };
                let (passes, settled) = over(pass, segments.iter().filter_map(|totals| totals.settled()).collect());
                let (fails, harm) = over(fail, segments.iter().filter_map(|totals| totals.harm()).collect());
                Some(Answer::of(passes, fails, settled, harm))
            }
            Self::Quantile { q, pass, fail, .. } => {
                let arms: Vec<(Sample<'_>, Sample<'_>)> =
                    segments.iter().filter_map(|totals| totals.samples()).collect();
                let units = arms.iter().map(|(_, candidate)| candidate.n()).sum();
                let over = |targets: &[Target]| {
                    one_step(targets, units, |times, side| ln_e_quantile(&arms, *q, times, side, alpha))
                };
                let ((passes, units), (fails, harm)) = (over(pass), over(fail));
                Some(Answer::of(passes, fails, units, harm))
            }
        }
    }

    /// How far the evidence about a series has come, going on from an earlier place.
    pub(super) fn come(&self, series: &Series, policy: &Policy, alpha: f64, earlier: Option<&Come>) -> Come {
        match self {
            Self::Rate { .. } => self.rate_come((&series.settled, series.harm()), policy, earlier),
            Self::Sums { .. } => Come::Nowhere,
            Self::Quantile { q, unit, pass, fail } => {
                let scale = Scale { q: *q, unit: *unit, alpha };
                Come::Quantile(scale.come(series, (pass, fail), earlier))
            }
        }
    }

    /// How far the processes of a rate have come: against what a pass speaks against, and a fail.
    pub(super) fn rate_come(
        &self,
        (settled, harm): (&[Outcomes], &[Outcomes]),
        policy: &Policy,
        earlier: Option<&Come>,
    ) -> Come {
        let Self::Rate { pass, pass_step, fail, fail_step } = self else { return Come::Nowhere };
        let earlier = if let Some(Come::Rate { pass, fail }) = earlier { Some((pass, fail)) } else { None };
        let on = |nulls: &[Null], step: f64, blocks: &[Outcomes], from: Option<&Vec<Way>>| -> Vec<Way> {
            let begin = |(i, null): (usize, &Null)| {
                let known = from.and_then(|from| from.get(i)).filter(|way| way.path.len() <= blocks.len());
                let mut way = known.cloned().unwrap_or_else(|| Way {
                    process: EProcess::with_step(*null, policy.method, step),
                    path: Vec::new(),
                });
                for block in &blocks[way.path.len()..] {
                    way.path.push(way.process.step(block));
                }
                way
            };
            nulls.iter().enumerate().map(begin).collect()
        };
        Come::Rate {
            pass: on(pass, *pass_step, settled, earlier.map(|(pass, _)| pass)),
            fail: on(fail, *fail_step, harm, earlier.map(|(_, fail)| fail)),
        }
    }

    /// The processes of a rate as they stand after these blocks, for a pass and for a fail; `None` for an amount.
    pub(super) fn processes(
        &self,
        settled: &[Outcomes],
        harm: &[Outcomes],
        policy: &Policy,
    ) -> Option<(Vec<EProcess>, Vec<EProcess>)> {
        let Come::Rate { pass, fail } = self.rate_come((settled, harm), policy, None) else { return None };
        let processes = |ways: Vec<Way>| ways.into_iter().map(|way| way.process).collect();
        Some((processes(pass), processes(fail)))
    }

    /// The evidence of blocks of a rate.
    pub(super) fn ask_rate(
        &self,
        (settled, harm): (&[Outcomes], &[Outcomes]),
        policy: &Policy,
        come: Option<&Come>,
    ) -> Answer {
        let Come::Rate { pass, fail } = self.rate_come((settled, harm), policy, come) else {
            return Answer::of(Vec::new(), Vec::new(), Vec::new(), Vec::new());
        };
        let path = |way: Way| Trajectory { path: way.path };
        let units = |blocks: &[Outcomes]| blocks.iter().map(|block| block.n_b).collect();
        Answer::of(
            pass.into_iter().map(path).collect(),
            fail.into_iter().map(path).collect(),
            units(settled),
            units(harm),
        )
    }
}

fn rate_question(criterion: &Criterion, direction: Direction, policy: &Policy) -> Question {
    let margin = |own: Option<f64>| own.unwrap_or(policy.default_margin);
    let step = policy.default_margin;
    let one = |pass, fail| Question::Rate { pass: vec![pass], pass_step: step, fail: vec![fail], fail_step: step };
    match *criterion {
        // The other criteria do not stand on a rate; a scorecard with one is refused where it is written.
        Criterion::Floor { rate: bound } | Criterion::AtLeast { value: bound } => {
            one(Null::RateAtMost { bound }, Null::RateAtLeast { bound })
        }
        Criterion::Ceiling { rate: bound } | Criterion::AtMost { value: bound } => {
            one(Null::RateAtLeast { bound }, Null::RateAtMost { bound })
        }
        // Worse at all fails; not worse by the margin passes. Both at once is a conflict for a person. A pass is
        // looked for where nothing changed, one margin from its boundary; a fail at twice the margin.
        Criterion::NotWorseThanBaseline { margin: own } => {
            let margin = margin(own);
            let (pass, fail) = if direction == Direction::LowerIsBetter {
                (Null::CandidateAbove { margin }, Null::CandidateBelow { margin: 0.0 })
            } else {
                (Null::CandidateBelow { margin }, Null::CandidateAbove { margin: 0.0 })
            };
            Question::Rate { pass: vec![pass], pass_step: margin, fail: vec![fail], fail_step: 2.0 * margin }
        }
        // Neither direction is worse, so only leaving the margin fails.
        Criterion::WithinBaseline { margin: own } => {
            let margin = margin(own);
            Question::Rate {
                pass: vec![Null::CandidateBelow { margin }, Null::CandidateAbove { margin }],
                pass_step: margin,
                fail: vec![Null::CandidateBelow { margin: -margin }, Null::CandidateAbove { margin: -margin }],
                fail_step: margin,
            }
        }
    }
}

/// Where an amount must lie for a pass, and where for a fail.
fn targets(criterion: &Criterion, direction: Direction, policy: &Policy) -> (Vec<Target>, Vec<Target>) {
    let margin = |own: Option<f64>| own.unwrap_or(policy.default_margin);
    let below = |bound| Target { bound, side: Side::Below };
    let above = |bound| Target { bound, side: Side::Above };
    match *criterion {
        Criterion::AtMost { value } | Criterion::Ceiling { rate: value } => {
            (vec![below(Bound::Value(value))], vec![above(Bound::Value(value))])
        }
        Criterion::AtLeast { value } | Criterion::Floor { rate: value } => {
            (vec![above(Bound::Value(value))], vec![below(Bound::Value(value))])
        }
        Criterion::NotWorseThanBaseline { margin: own } if direction == Direction::HigherIsBetter => {
            (vec![above(Bound::Times(1.0 - margin(own)))], vec![below(Bound::Times(1.0))])
        }
        Criterion::NotWorseThanBaseline { margin: own } => {
            (vec![below(Bound::Times(1.0 + margin(own)))], vec![above(Bound::Times(1.0))])
        }
        Criterion::WithinBaseline { margin: own } => {
            let (low, high) = (Bound::Times(1.0 - margin(own)), Bound::Times(1.0 + margin(own)));
            (vec![below(high), above(low)], vec![above(high), below(low)])
        }
    }
}

fn tuning(policy: &Policy) -> Tuning {
    Tuning { n_star: policy.planned_candidate_runs as f64, alpha: policy.alpha }
}

/// Evidence for each target after each look at running sums, and what the looks add up to.
fn sums_ways(looks: &[Look<RatioSums>], targets: &[Target], tuning: Tuning) -> (Vec<Trajectory>, Look<RatioSums>) {
    let mut all = Look::<RatioSums>::default();
    let mut ways = vec![Trajectory { path: Vec::with_capacity(looks.len()) }; targets.len()];
    for look in looks {
        all.a.add(&look.a);
        all.b.add(&look.b);
        for (way, target) in ways.iter_mut().zip(targets) {
            way.path.push(match target.bound {
                Bound::Value(value) => amount::ln_e_bound(&all.b, value, target.side, tuning),
                Bound::Times(times) => amount::ln_e_against(&all.a, &all.b, times, target.side, tuning),
            });
        }
    }
    (ways, all)
}

/// Evidence for each target at one look at so many units of the candidate; no step without one. Against a bound there is
/// nothing to compare.
fn one_step(targets: &[Target], units: u64, evidence: impl Fn(f64, Side) -> f64) -> (Vec<Trajectory>, Vec<u64>) {
    let steps = usize::from(units > 0);
    let way = |target: &Target| {
        let Bound::Times(times) = target.bound else { return Trajectory::default() };
        Trajectory { path: (0..steps).map(|_| evidence(times, target.side)).collect() }
    };
    (targets.iter().map(way).collect(), vec![units; steps])
}

/// What the arms of a series add up to at its last look.
pub(super) enum Totals {
    /// Of a rate: its counts say it.
    Rate,
    /// Of a mean or a ratio: the looks that a pass reads, and those that a fail reads.
    Sums { settled: Look<RatioSums>, harm: Look<RatioSums> },
    /// Of a quantile, and the candidate's runs that are still open.
    Sketches { all: Look<Sketch>, open: u64 },
}

impl Totals {
    fn settled(&self) -> Option<&Look<RatioSums>> {
        if let Self::Sums { settled, .. } = self { Some(settled) } else { None }
    }

    fn harm(&self) -> Option<&Look<RatioSums>> {
        if let Self::Sums { harm, .. } = self { Some(harm) } else { None }
    }

    fn samples(&self) -> Option<(Sample<'_>, Sample<'_>)> {
        let Self::Sketches { all, open } = self else { return None };
        Some((Sample { sketch: &all.a, open: 0 }, Sample { sketch: &all.b, open: *open }))
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
    /// Candidate outcomes in each of its steps.
    pub ship_units: Vec<u64>,
    /// The way of the fail process.
    pub rollback: Trajectory,
    /// Candidate outcomes in each of its steps.
    pub rollback_units: Vec<u64>,
    /// What the series adds up to.
    pub totals: Totals,
}

impl Answer {
    fn of(pass: Vec<Trajectory>, fail: Vec<Trajectory>, ship_units: Vec<u64>, rollback_units: Vec<u64>) -> Self {
        let weakest = pass.iter().map(Trajectory::max).fold(f64::INFINITY, f64::min);
        let rollback = match fail.as_slice() {
            [one] => one.clone(),
            [one, two] => one.mean(two),
            _ => Trajectory::default(),
        };
        Self {
            ln_e_ship: round9(if weakest.is_finite() { weakest } else { 0.0 }),
            ln_e_rollback: round9(rollback.max()),
            ln_e_rollback_now: round9(rollback.last()),
            ship: pass.into_iter().min_by(|a, b| a.max().total_cmp(&b.max())).unwrap_or_default(),
            ship_units,
            rollback,
            rollback_units,
            totals: Totals::Rate,
        }
    }

    /// The evidence for a fail, stopped when it first reached `bar`; where it never did, as it is now.
    pub(super) fn rollback_stopped_at(&self, bar: f64) -> f64 {
        let stopped = self.rollback.reached(bar).map(|at| round9(self.rollback.path[at]));
        stopped.unwrap_or(self.ln_e_rollback_now)
    }

    /// Whether the evidence for a pass has reached `bar`.
    pub(super) fn passes(&self, bar: f64) -> bool {
        self.ln_e_ship >= bar
    }

    /// Whether the evidence for a fail has reached `bar`.
    pub(super) fn fails(&self, bar: f64) -> bool {
        self.ln_e_rollback >= bar
    }
}

/// Candidate outcomes until a process that goes on as it did over the last half of its blocks reaches `bar`.
pub(super) fn further_units(way: &Trajectory, units: &[u64], bar: f64) -> Option<u64> {
    let recent = (way.path.len() / 2).max(1).min(way.path.len());
    let from = way.path.len() - recent;
    let before = if from == 0 { 0.0 } else { way.path[from - 1] };
    let units: u64 = units.get(from..)?.iter().sum();
    let growth = (way.last() - before) / units as f64;
    let missing = bar - way.last();
    if units == 0 || growth <= 0.0 || missing <= 0.0 {
        return None;
    }
    let further = (missing / growth).ceil();
    (further < 1e9).then_some(further as u64)
}
