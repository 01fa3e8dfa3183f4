//! Distribution-free intervals of a quantile, as ranks in the sorted sample.

use super::special::{exp, ln, ln_gamma, sqrt};

/// Ranks (from 1) whose order statistics enclose the `q` quantile of `n` values at level `1 − alpha`.
///
/// `None` means "not enough runs": no pair of ranks encloses it (p95 needs n ≥ 72, p99 n ≥ 368 at
/// 95 %).
#[must_use]
pub fn order_statistic_ranks(n: u64, q: f64, alpha: f64) -> Option<(u64, u64)> {
    if n == 0 || !(q > 0.0 && q < 1.0) {
        return None;
    }
    let law = BinomialWindow::new(n, q);
    let low = law.quantile(alpha / 2.0);
    let high = law.quantile(1.0 - alpha / 2.0) + 1;
    (low >= 1 && high <= n).then_some((low, high))
}

/// The binomial probabilities that matter: within some twelve standard deviations of the mean.
struct BinomialWindow {
    first: u64,
    probabilities: Vec<f64>,
}

impl BinomialWindow {
    fn new(n: u64, p: f64) -> Self {
        let mean = n as f64 * p;
        let reach = 12.0 * sqrt(mean * (1.0 - p)) + 40.0;
        let first = (mean - reach).max(0.0) as u64;
        let last = ((mean + reach) as u64).min(n);
        let (ln_p, ln_q) = (ln(p), ln(1.0 - p));
        let whole = ln_gamma(n as f64 + 1.0);
        let probabilities = (first..=last)
            .map(|k| {
                let (k, rest) = (k as f64, (n - k) as f64);
                exp(whole - ln_gamma(k + 1.0) - ln_gamma(rest + 1.0) + k * ln_p + rest * ln_q)
            })
            .collect();
        Self { first, probabilities }
    }

    /// Smallest k whose cumulative probability reaches `level`.
    fn quantile(&self, level: f64) -> u64 {
        let mut sum = 0.0;
        for (k, probability) in (self.first..).zip(&self.probabilities) {
            sum += probability;
            if sum >= level {
                return k;
            }
        }
        self.first + self.probabilities.len() as u64 - 1
    }
}
