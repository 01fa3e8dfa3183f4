//! The same cases on two releases: exact McNemar, evidence from the discordant pairs, and pass^k over trials.
//!
//! Only pairs that differ say which release is better: a case that both pass, or both fail, says nothing. Given that a
//! pair differs, it favours either release with probability ½ when neither is better.

use serde::{Deserialize, Serialize};

use super::interval::Interval;
use super::sequence::ln_e_mixture_floor;
use super::special::{exp, ln_gamma, sqrt, two_sided_z};

/// How pairs of verdicts on the same cases fell out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Pairs {
    /// Passed on both.
    pub both: u64,
    /// Passed on the baseline only: lost by the candidate.
    pub only_baseline: u64,
    /// Passed on the candidate only: won by it.
    pub only_candidate: u64,
    /// Passed on neither.
    pub neither: u64,
}

impl Pairs {
    /// Counts one case.
    pub fn add(&mut self, baseline: bool, candidate: bool) {
        match (baseline, candidate) {
            (true, true) => self.both += 1,
            (true, false) => self.only_baseline += 1,
            (false, true) => self.only_candidate += 1,
            (false, false) => self.neither += 1,
        }
    }

    /// Cases in all.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.both + self.only_baseline + self.only_candidate + self.neither
    }

    /// Cases on which the two differ.
    #[must_use]
    pub fn discordant(&self) -> u64 {
        self.only_baseline + self.only_candidate
    }

    /// Share of passed cases, candidate minus baseline; `None` without cases.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        let n = self.n();
        (n > 0).then(|| (self.only_candidate as f64 - self.only_baseline as f64) / n as f64)
    }

    /// Wald's interval of that difference over pairs, with half a case added to each discordant cell (Agresti and
    /// Min 2005). For the eye.
    #[must_use]
    pub fn difference_interval(&self, alpha: f64) -> Option<Interval> {
        if self.n() == 0 {
            return None;
        }
        let (won, lost) = (self.only_candidate as f64 + 0.5, self.only_baseline as f64 + 0.5);
        let n = self.n() as f64 + 2.0;
        let difference = (won - lost) / n;
        let half = two_sided_z(alpha) * sqrt(((won + lost) - (won - lost) * (won - lost) / n).max(0.0)) / n;
        Some(Interval::new((difference - half).max(-1.0), (difference + half).min(1.0)))
    }

    /// Exact two-sided McNemar test: a fixed-n figure, for the eye. 1 without discordant pairs.
    #[must_use]
    pub fn mcnemar_exact(&self) -> f64 {
        let n = self.discordant();
        let fewer = self.only_baseline.min(self.only_candidate);
        let ln_half = -(n as f64) * core::f64::consts::LN_2;
        let whole = ln_gamma(n as f64 + 1.0);
        let tail: f64 =
            (0..=fewer).map(|k| exp(whole - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0) + ln_half)).sum();
        (2.0 * tail).min(1.0)
    }

    /// Evidence from the discordant pairs, valid at every look and for any order of the cases.
    #[must_use]
    pub fn evidence(&self) -> PairedEvidence {
        let (won, lost, n) = (self.only_candidate, self.only_baseline, self.discordant());
        PairedEvidence {
            ln_e_better: ln_e_mixture_floor(won, n, 0.5, 1.0, 1.0),
            ln_e_worse: ln_e_mixture_floor(lost, n, 0.5, 1.0, 1.0),
        }
    }
}

/// Logarithms of the evidence that one release is better on the suite's kind of cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedEvidence {
    /// Against "the candidate wins a discordant pair at most as often as it loses one".
    pub ln_e_better: f64,
    /// Against "the candidate loses one at most as often as it wins one".
    pub ln_e_worse: f64,
}

/// Trials of one case on one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Trials {
    /// Trials.
    pub n: u64,
    /// Passed ones.
    pub passed: u64,
}

/// pass^k: the probability that `k` trials of a case all pass, averaged over the cases with at least `k` trials
/// (`C(passed, k) / C(n, k)` for each, which is unbiased). `None` when no case has as many.
#[must_use]
pub fn pass_hat_k(cases: &[Trials], k: u64) -> Option<f64> {
    mean_over(cases, k, |case| choose_ratio(case.passed.min(case.n), case.n, k))
}

/// pass@k: the probability that at least one of `k` trials of a case passes. As [`pass_hat_k`].
#[must_use]
pub fn pass_at_k(cases: &[Trials], k: u64) -> Option<f64> {
    mean_over(cases, k, |case| 1.0 - choose_ratio(case.n - case.passed.min(case.n), case.n, k))
}

fn mean_over(cases: &[Trials], k: u64, value: impl Fn(&Trials) -> f64) -> Option<f64> {
    if k == 0 {
        return None;
    }
    let values: Vec<f64> = cases.iter().filter(|case| case.n >= k).map(value).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// `C(part, k) / C(whole, k)`.
fn choose_ratio(part: u64, whole: u64, k: u64) -> f64 {
    (0..k).map(|i| part.saturating_sub(i) as f64 / (whole - i) as f64).product()
}

/// Pairs from repeated trials: a case counts once, as passed where more than half of its trials did; ties pass neither.
///
/// Trials of one case are not independent of each other, so they make one pair, never several.
#[must_use]
pub fn pairs_of_trials(cases: &[(Trials, Trials)]) -> Pairs {
    let mut pairs = Pairs::default();
    for (baseline, candidate) in cases.iter().filter(|(a, b)| a.n > 0 && b.n > 0) {
        pairs.add(2 * baseline.passed > baseline.n, 2 * candidate.passed > candidate.n);
    }
    pairs
}
