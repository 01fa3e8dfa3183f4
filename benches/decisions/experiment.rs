//! Many streams through one method: how often it says what, and after how many runs.

use seatrial_domain::stats::interval::wilson;
use seatrial_domain::stats::special::ln;
use seatrial_domain::stats::{EProcess, EvidenceMethod, Null, Outcomes};

use crate::method::{ALPHA, DELTA, Method, Said};
use crate::stream::{Stream, Truth};

/// What came of the streams.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Streams.
    pub streams: u64,
    /// Runs of the candidate at which each said to ship.
    pub ships: Vec<u64>,
    /// … or to roll back.
    pub rollbacks: Vec<u64>,
}

impl Outcome {
    /// Share of streams that shipped.
    pub fn shipped(&self) -> f64 {
        self.ships.len() as f64 / self.streams as f64
    }

    /// Share of streams that were rolled back.
    pub fn rolled_back(&self) -> f64 {
        self.rollbacks.len() as f64 / self.streams as f64
    }

    /// Share of streams that were rolled back within so many runs.
    pub fn rolled_back_within(&self, runs: u64) -> f64 {
        self.rollbacks.iter().filter(|&&at| at <= runs).count() as f64 / self.streams as f64
    }

    /// Mean number of runs to a verdict among those that gave it.
    pub fn mean_runs(at: &[u64]) -> Option<f64> {
        (!at.is_empty()).then(|| at.iter().sum::<u64>() as f64 / at.len() as f64)
    }

    /// Upper end of Wilson's 95 % interval of a share of these streams.
    pub fn upper(&self, share: f64) -> f64 {
        wilson((share * self.streams as f64).round() as u64, self.streams, 0.05).map_or(1.0, |interval| interval.high)
    }
}

/// Runs a method over `streams` streams of `truth`, at most `runs` runs of each arm, looked at after every run.
pub fn run(method: Method, truth: Truth, experiment: u64, streams: u64, runs: u64) -> Outcome {
    let mut outcome = Outcome { streams, ..Outcome::default() };
    for number in 0..streams {
        let mut stream = Stream::new(truth, experiment, number);
        let mut running = method.start();
        for n in 1..=runs {
            match running.step(stream.next()) {
                Some(Said::Ship) => outcome.ships.push(n),
                Some(Said::Rollback) => outcome.rollbacks.push(n),
                None => continue,
            }
            break;
        }
    }
    outcome
}

/// The gate where outcomes are missing: a pass has to hold with them counted as failures too.
pub fn run_unseen(truth: Truth, experiment: u64, streams: u64, runs: u64) -> Outcome {
    let mut outcome = Outcome { streams, ..Outcome::default() };
    let bar = -ln(ALPHA);
    for number in 0..streams {
        let mut stream = Stream::new(truth, experiment, number);
        let process = || EProcess::with_step(Null::CandidateBelow { margin: DELTA }, EvidenceMethod::Hedged, DELTA);
        let (mut seen, mut worst) = (process(), process());
        let (mut block, mut total, mut counted) = (Outcomes::default(), 0, 0);
        for n in 1..=runs {
            let pair = stream.next();
            let one = Outcomes { n_a: 1, s_a: u64::from(pair.baseline), n_b: 1, s_b: u64::from(pair.candidate) };
            block = block.merged(one);
            if block.total() < 10.max(total / 32) {
                continue;
            }
            total += block.total();
            seen.step(&block);
            worst.step(&Outcomes { n_b: block.n_b + stream.lost - counted, ..block });
            (block, counted) = (Outcomes::default(), stream.lost);
            if n >= 50 && seen.ln_e_max() >= bar && worst.ln_e_max() >= bar {
                outcome.ships.push(n);
                break;
            }
        }
    }
    outcome
}

/// Runs of each arm below which no test that knew both rates could decide: `ln(1/α)` over the information of a pair
/// about the boundary.
pub fn information_bound(baseline: f64, candidate: f64, margin: f64) -> f64 {
    let kl = |p: f64, q: f64| {
        let part = |x: f64, y: f64| if x <= 0.0 { 0.0 } else { x * ln(x / y) };
        part(p, q) + part(1.0 - p, 1.0 - q)
    };
    // The boundary's point nearest to the truth, searched finely.
    let least = (1..20_000)
        .map(|i| f64::from(i) / 20_000.0)
        .filter(|t| t - margin > 0.0 && t - margin < 1.0)
        .map(|t| kl(baseline, t) + kl(candidate, t - margin))
        .fold(f64::INFINITY, f64::min);
    -ln(ALPHA) / least
}

/// Bases of the tables.
pub const BASES: [f64; 4] = [0.5, 0.7, 0.9, 0.98];

/// Effects of the operating curves in multiples of the margin.
pub const EFFECTS: [f64; 6] = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5];

/// Independent outcomes at a base and an effect in margins, kept inside the unit interval.
pub fn independent(base: f64, effect: f64) -> Truth {
    Truth::Independent { baseline: base, candidate: (base + effect * DELTA).clamp(0.0, 1.0) }
}
