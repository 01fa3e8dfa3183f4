//! How many more runs a check will probably take: its processes carried forward over runs drawn from what is known now.
//!
//! A refinement of the estimate in [`FurtherRuns`](super::FurtherRuns), which reads growth alone. The seed is the
//! bundle's digest, so the same evidence gives the same forecast. It takes longer than the evaluation, and decides
//! nothing.

use serde::{Deserialize, Serialize};

use super::process::Question;
use super::{CheckVerdict, words};
use crate::evidence::{CheckEvidence, EvidenceBundle, RateCount};
use crate::scorecard::Check;
use crate::stats::draw::Draw;
use crate::stats::special::ln_add_exp;
use crate::stats::{EProcess, Outcomes};

/// Ways drawn for each check.
const WAYS: usize = 200;
/// Units after which a way ends undecided, in times the units the gate is planned for.
const HORIZON: u64 = 20;

/// A check's forecast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Forecast {
    /// The check's key on the scorecard.
    pub check: String,
    /// Further candidate units by which half of the ways were settled; absent when they were not within `within`.
    pub half: Option<u64>,
    /// Further candidate units by which four in five were.
    pub most: Option<u64>,
    /// Units after which a way was given up.
    pub within: u64,
    /// Ways of a hundred that were settled with a pass.
    pub pass_percent: u64,
    /// Ways of a hundred that were settled with a fail.
    pub fail_percent: u64,
    /// In words.
    pub text: String,
}

/// Forecasts every inconclusive check on a rate; amounts have the estimate by growth alone.
#[must_use]
pub fn forecasts(bundle: &EvidenceBundle) -> Vec<Forecast> {
    let Some(scorecard) = &bundle.scorecard else { return Vec::new() };
    let seed = bundle
        .digest()
        .map_or(0, |digest| digest.bytes().iter().take(8).fold(0, |seed, &byte| (seed << 8) | u64::from(byte)));
    let told = super::evaluate(bundle);
    let inconclusive = |key: &str| told.check(key).is_some_and(|c| c.verdict == CheckVerdict::Inconclusive);
    (0..)
        .zip(&scorecard.checks)
        .filter(|(_, check)| inconclusive(&check.key))
        .filter_map(|(i, check)| {
            let evidence = bundle.checks.iter().find(|evidence| evidence.key == check.key)?;
            of_check(bundle, check, evidence, Draw::new(seed ^ i))
        })
        .collect()
}

fn of_check(bundle: &EvidenceBundle, check: &Check, evidence: &CheckEvidence, mut draw: Draw) -> Option<Forecast> {
    let compared = !check.criterion.is_relative() || bundle.baseline.is_some();
    if evidence.unverified.is_some() || !compared || evidence.overall.candidate.n == 0 {
        return None;
    }
    let start = Start::of(bundle, check, evidence)?;
    let within = HORIZON.saturating_mul(bundle.policy.planned_candidate_runs).clamp(1_000, 50_000);
    let mut settled = Vec::new();
    let (mut passes, mut fails) = (0_usize, 0_usize);
    for _ in 0..WAYS {
        match start.way(&mut draw, within) {
            Some((units, CheckVerdict::Pass)) => {
                passes += 1;
                settled.push(units);
            }
            Some((units, _)) => {
                fails += 1;
                settled.push(units);
            }
            None => {}
        }
    }
    settled.sort_unstable();
    let by = |percent: usize| settled.get((WAYS * percent).div_ceil(100) - 1).copied();
    let (half, most) = (by(50), by(80));
    let text = match (half, most) {
        (Some(half), Some(most)) => format!(
            "{} is settled within {} further units in half of the ways it may go on, within {} in four of five.",
            check.key,
            words::whole(half),
            words::whole(most)
        ),
        (Some(half), None) => format!(
            "{} is settled within {} further units in half of the ways it may go on; in more than one of five not within {}.",
            check.key,
            words::whole(half),
            words::whole(within)
        ),
        _ => format!("{} is probably not settled within {} further units.", check.key, words::whole(within)),
    };
    let percent = |count: usize| (100 * count / WAYS) as u64;
    Some(Forecast {
        check: check.key.clone(),
        half,
        most,
        within,
        pass_percent: percent(passes),
        fail_percent: percent(fails),
        text,
    })
}

/// Where the processes of a check stand, and how its blocks look.
struct Start {
    pass: Vec<EProcess>,
    fail: Vec<EProcess>,
    bar: f64,
    floor: u64,
    seen: RateCount,
    baseline: RateCount,
    candidate: RateCount,
    /// Baseline outcomes beside one candidate outcome.
    ratio: f64,
    block_outcomes: u64,
}

impl Start {
    fn of(bundle: &EvidenceBundle, check: &Check, evidence: &CheckEvidence) -> Option<Self> {
        let policy = &bundle.policy;
        let series = &evidence.overall;
        let (pass, fail) = Question::of(check, policy).processes(&series.settled, series.harm(), policy)?;
        let total = series.settled.iter().fold(Outcomes::default(), |sum, block| sum.merged(*block));
        let ratio = if total.n_b > 0 { total.n_a as f64 / total.n_b as f64 } else { 1.0 };
        Some(Self {
            pass,
            fail,
            bar: policy.bar(),
            floor: policy.floor_units.saturating_sub(series.candidate_concluded.n),
            seen: RateCount { n: total.n_b, successes: total.s_b },
            baseline: series.baseline,
            candidate: series.candidate,
            ratio: if check.criterion.is_relative() { ratio.max(0.01) } else { 0.0 },
            block_outcomes: policy.block_outcomes,
        })
    }

    /// One way it may go on: units until it is settled, and how; `None` when it is not within `within`.
    fn way(&self, draw: &mut Draw, within: u64) -> Option<(u64, CheckVerdict)> {
        let rate = |count: RateCount, draw: &mut Draw| {
            draw.beta(count.successes as f64 + 0.5, count.n.saturating_sub(count.successes) as f64 + 0.5)
        };
        let (a, b) = (rate(self.baseline, draw), rate(self.candidate, draw));
        let (mut pass, mut fail) = (self.pass.clone(), self.fail.clone());
        let mut units = 0;
        while units < within {
            let share = 1.0 / (1.0 + self.ratio);
            let size = self.block_outcomes.max((self.seen.n + units) / 16);
            let n_b = ((size as f64 * share) as u64).max(1);
            let n_a = (n_b as f64 * self.ratio + 0.5) as u64;
            let block = Outcomes { n_a, s_a: draw.hits(n_a, a), n_b, s_b: draw.hits(n_b, b) };
            units += n_b;
            for process in pass.iter_mut().chain(&mut fail) {
                process.step(&block);
            }
            if units < self.floor {
                continue;
            }
            if pass.iter().all(|process| process.ln_e_max() >= self.bar) {
                return Some((units, CheckVerdict::Pass));
            }
            let share = -crate::stats::special::ln(fail.len() as f64);
            let mean = fail.iter().map(|process| process.ln_e_max() + share).fold(f64::NEG_INFINITY, ln_add_exp);
            if mean >= self.bar {
                return Some((units, CheckVerdict::Fail));
            }
        }
        None
    }
}
