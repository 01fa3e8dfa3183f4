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
        // One probability by logarithms, the largest; the others from their neighbour, which costs two divisions each.
        let mode = (mean as u64).clamp(first, last);
        let (k, rest) = (mode as f64, (n - mode) as f64);
        let largest = ln_gamma(n as f64 + 1.0) - ln_gamma(k + 1.0) - ln_gamma(rest + 1.0);
        let largest = exp(largest + k * ln(p) + rest * ln(1.0 - p));
        let odds = p / (1.0 - p);
        let mut probabilities = vec![0.0; (last - first + 1) as usize];
        let at = (mode - first) as usize;
        probabilities[at] = largest;
        for i in at + 1..probabilities.len() {
            let k = (first + i as u64) as f64;
            probabilities[i] = probabilities[i - 1] * odds * (n as f64 - k + 1.0) / k;
        }
        for i in (0..at).rev() {
            let k = (first + i as u64) as f64;
            probabilities[i] = probabilities[i + 1] * (k + 1.0) / (odds * (n as f64 - k));
        }
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
