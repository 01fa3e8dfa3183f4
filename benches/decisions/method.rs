//! The gate's evidence and its rivals, each fed the same pairs one by one.

use seatrial_domain::stats::interval::newcombe;
use seatrial_domain::stats::special::{ln, normal_upper_tail};
use seatrial_domain::stats::{EProcess, EvidenceMethod, Null, Outcomes};

use crate::stream::Pair;

/// The margin of every comparison.
pub const DELTA: f64 = 0.05;
/// The level of the gate.
pub const ALPHA: f64 = 0.05;
/// Candidate runs before the gate says anything.
const FLOOR: u64 = 50;

/// What a method has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Go on.
    Ship,
    /// Take it back.
    Rollback,
}

/// A method with its setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// This gate.
    Gate(EvidenceMethod),
    /// Windows of `window` runs: rolls back when a window is worse by more than `tolerance`, ships after `windows` that
    /// are not. What progressive delivery does.
    Threshold { window: u64, tolerance: f64, windows: u64 },
    /// Newcombe's interval at level `alpha`, looked at every `every` runs.
    Peeking { alpha: f64, every: u64 },
    /// Mann–Whitney on the rates of windows at 98 %; ships after `windows` without a find.
    MannWhitney { window: u64, windows: usize },
    /// A score: the share of the last three windows in which the candidate is within ±`band` (relative) of the
    /// baseline's last three; ships at a score of 1, rolls back at 0.
    Score { window: u64, band: f64 },
    /// One look at `n` runs.
    FixedN { n: u64 },
}

impl Method {
    /// Its name with its setting.
    pub fn name(&self) -> String {
        match self {
            Self::Gate(EvidenceMethod::PlugIn) => "Seatrial, plug-in".to_owned(),
            Self::Gate(EvidenceMethod::Averaged) => "Seatrial, averaged".to_owned(),
            Self::Gate(EvidenceMethod::Hedged) => "Seatrial".to_owned(),
            Self::Threshold { window, tolerance, windows } => {
                format!("threshold {:.1} points, {windows} windows of {window}", 100.0 * tolerance)
            }
            Self::Peeking { alpha, every } => format!("{:.0} % interval every {every} runs", 100.0 * (1.0 - alpha)),
            Self::MannWhitney { window, windows } => format!("Mann–Whitney 98 %, {windows} windows of {window}"),
            Self::Score { window, band } => format!("score ±{:.0} %, windows of {window}", 100.0 * band),
            Self::FixedN { n } => format!("one look at {n}"),
        }
    }

    /// The family it belongs to, for the sweep.
    pub fn family(&self) -> &'static str {
        match self {
            Self::Gate(_) => "Seatrial",
            Self::Threshold { .. } => "fixed threshold on windows",
            Self::Peeking { .. } => "interval looked at repeatedly",
            Self::MannWhitney { .. } => "Mann–Whitney on window rates",
            Self::Score { .. } => "weighted score",
            Self::FixedN { .. } => "one look at fixed n",
        }
    }

    /// The methods of the tables: this gate as it comes, and every rival over its settings.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Gate(EvidenceMethod::Hedged), Self::Gate(EvidenceMethod::PlugIn)];
        for tolerance in [DELTA / 2.0, DELTA, 2.0 * DELTA] {
            all.push(Self::Threshold { window: 100, tolerance, windows: 5 });
        }
        all.push(Self::Threshold { window: 200, tolerance: DELTA, windows: 5 });
        all.extend([(0.05, 10), (0.05, 50), (0.01, 50)].map(|(alpha, every)| Self::Peeking { alpha, every }));
        all.extend([(25, 20), (50, 10), (50, 20)].map(|(window, windows)| Self::MannWhitney { window, windows }));
        all.extend([0.05, 0.10].map(|band| Self::Score { window: 100, band }));
        all.extend([300, 1_000].map(|n| Self::FixedN { n }));
        all
    }

    /// A fresh start.
    pub fn start(self) -> Running {
        let process = |null, step| match self {
            Self::Gate(method) => EProcess::with_step(null, method, step),
            _ => EProcess::with_bets(null, &[]),
        };
        Running {
            method: self,
            n: 0,
            total: Outcomes::default(),
            block: Outcomes::default(),
            window: Outcomes::default(),
            rates: (Vec::new(), Vec::new()),
            ship: process(Null::CandidateBelow { margin: DELTA }, DELTA),
            rollback: process(Null::CandidateAbove { margin: 0.0 }, 2.0 * DELTA),
        }
    }
}

/// A method on its way through a stream.
#[derive(Clone, Debug)]
pub struct Running {
    method: Method,
    n: u64,
    total: Outcomes,
    block: Outcomes,
    window: Outcomes,
    rates: (Vec<f64>, Vec<f64>),
    ship: EProcess,
    rollback: EProcess,
}

impl Running {
    /// Takes the next pair and says what the method says now, when it says anything.
    pub fn step(&mut self, pair: Pair) -> Option<Said> {
        let one = Outcomes { n_a: 1, s_a: u64::from(pair.baseline), n_b: 1, s_b: u64::from(pair.candidate) };
        self.n += 1;
        self.total = self.total.merged(one);
        match self.method {
            Method::Gate(_) => self.gate(one),
            Method::Threshold { window, tolerance, windows } => {
                self.windowed(one, window)?;
                let (a, b) = (*self.rates.0.last()?, *self.rates.1.last()?);
                if b < a - tolerance {
                    return Some(Said::Rollback);
                }
                (self.rates.0.len() as u64 >= windows).then_some(Said::Ship)
            }
            Method::Peeking { alpha, every } => {
                (self.n >= FLOOR && self.n.is_multiple_of(every)).then(|| self.interval(alpha))?
            }
            Method::FixedN { n } => (self.n == n).then(|| self.interval(ALPHA))?,
            Method::MannWhitney { window, windows } => {
                self.windowed(one, window)?;
                let (a, b) = (&self.rates.0, &self.rates.1);
                if a.len() >= 4 && mann_whitney_below(a, b) < 0.02 {
                    return Some(Said::Rollback);
                }
                (a.len() >= windows).then_some(Said::Ship)
            }
            Method::Score { window, band } => {
                self.windowed(one, window)?;
                let last = |rates: &[f64]| rates.iter().rev().take(3).copied().collect::<Vec<f64>>();
                let (a, b) = (last(&self.rates.0), last(&self.rates.1));
                if a.len() < 3 {
                    return None;
                }
                let mean = a.iter().sum::<f64>() / 3.0;
                let good = b.iter().filter(|&&rate| rate >= mean * (1.0 - band)).count();
                match good {
                    3 => Some(Said::Ship),
                    0 => Some(Said::Rollback),
                    _ => None,
                }
            }
        }
    }

    fn gate(&mut self, one: Outcomes) -> Option<Said> {
        self.block = self.block.merged(one);
        if self.block.total() < 10.max((self.total.total() - self.block.total()) / 32) {
            return None;
        }
        self.ship.step(&self.block);
        self.rollback.step(&self.block);
        self.block = Outcomes::default();
        if self.n < FLOOR {
            return None;
        }
        let bar = -ln(ALPHA);
        // Both at once is a conflict: a person decides, and nothing ships.
        if self.rollback.ln_e_max() >= bar {
            return Some(Said::Rollback);
        }
        (self.ship.ln_e_max() >= bar).then_some(Said::Ship)
    }

    fn interval(&self, alpha: f64) -> Option<Said> {
        let t = self.total;
        let interval = newcombe(t.s_b, t.n_b, t.s_a, t.n_a, alpha)?;
        if interval.high < 0.0 {
            return Some(Said::Rollback);
        }
        (interval.low > -DELTA).then_some(Said::Ship)
    }

    /// Collects a window; says when one is full.
    fn windowed(&mut self, one: Outcomes, window: u64) -> Option<()> {
        self.window = self.window.merged(one);
        if self.window.n_b < window {
            return None;
        }
        let full = std::mem::take(&mut self.window);
        self.rates.0.push(full.s_a as f64 / full.n_a as f64);
        self.rates.1.push(full.s_b as f64 / full.n_b as f64);
        Some(())
    }
}

/// One-sided p-value that `b` lies below `a`: the normal form of the rank-sum test, with the correction for ties.
fn mann_whitney_below(a: &[f64], b: &[f64]) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let wins: f64 = a
        .iter()
        .flat_map(|x| {
            b.iter().map(move |y| {
                if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                }
            })
        })
        .sum();
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(f64::total_cmp);
    let mut ties = 0.0;
    let mut rest = all.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.partition_point(|x| x <= first);
        let t = same as f64;
        ties += t * t * t - t;
        rest = &rest[same..];
    }
    let whole = n + m;
    let variance = n * m / 12.0 * (whole + 1.0 - ties / (whole * (whole - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    normal_upper_tail((wins - n * m / 2.0 - 0.5) / variance.sqrt())
}
