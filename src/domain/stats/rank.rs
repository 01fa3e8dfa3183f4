//! Distribution-free intervals of a quantile, as ranks in the sorted sample.

use super::special::{exp, ln, ln_gamma, normal_quantile, sqrt};

/// Variance from which on ranks are read from the normal law with its correction for skewness, which is then within a
/// small part of a rank; below, probabilities are added up.
const MANY: f64 = 10_000.0;

/// Ranks (from 1) whose order statistics enclose the `q` quantile of `n` values at level `1 − alpha`.
///
/// `None` means "not enough runs": no pair of ranks encloses it (p95 needs n ≥ 72, p99 n ≥ 368 at
/// 95 %).
#[must_use]
pub fn order_statistic_ranks(n: u64, q: f64, alpha: f64) -> Option<(u64, u64)> {
    if n == 0 || !(q > 0.0 && q < 1.0) {
        return None;
    }
    let levels = (alpha / 2.0, 1.0 - alpha / 2.0);
    let (low, high) = if n as f64 * q * (1.0 - q) < MANY {
        let law = BinomialWindow::new(n, q);
        (law.quantile(levels.0), law.quantile(levels.1) + 1)
    } else {
        (cornish_fisher(n, q, levels.0), cornish_fisher(n, q, levels.1) + 1)
    };
    (low >= 1 && high <= n).then_some((low, high))
}

/// Smallest k whose cumulative binomial probability reaches `level`, by the expansion of Cornish and Fisher (1938) to its
/// second term, with the correction for continuity.
fn cornish_fisher(n: u64, p: f64, level: f64) -> u64 {
    let z = normal_quantile(level);
    let mean = n as f64 * p;
    let skewed = (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0;
    (mean + z * sqrt(mean * (1.0 - p)) + skewed - 0.5).ceil().max(0.0) as u64
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
