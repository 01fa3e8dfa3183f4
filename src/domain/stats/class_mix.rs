//! Whether the mix of failure classes changed: evidence that is valid at every look, and the classes that moved most.

use super::round::round9;
use super::special::{ln, ln_gamma};

/// Logarithm of the evidence against "both samples come from one mix of classes".
///
/// What two independent Dirichlet(½) mixtures give the samples, over the most that any common mix can give them. The
/// numerator is a martingale under every mix and the denominator bounds every mix, so the expectation is at most 1
/// under the whole null and at every look. Small counts are fine; 0 when a sample is empty or the lengths differ.
#[must_use]
pub fn ln_e_mix(first: &[u64], second: &[u64]) -> f64 {
    let total = |counts: &[u64]| counts.iter().sum::<u64>();
    let all = (total(first) + total(second)) as f64;
    if first.len() != second.len() || total(first) == 0 || total(second) == 0 {
        return 0.0;
    }
    let common: f64 =
        first.iter().zip(second).map(|(a, b)| (a + b) as f64).filter(|&n| n > 0.0).map(|n| n * ln(n / all)).sum();
    ln_dirichlet_multinomial(first) + ln_dirichlet_multinomial(second) - common
}

/// Logarithm of the probability a Dirichlet(½, …, ½) mixture gives a sequence with these counts.
fn ln_dirichlet_multinomial(counts: &[u64]) -> f64 {
    let n: u64 = counts.iter().sum();
    let whole = 0.5 * counts.len() as f64;
    let parts: f64 = counts.iter().map(|&k| ln_gamma(k as f64 + 0.5) - ln_gamma(0.5)).sum();
    parts + ln_gamma(whole) - ln_gamma(n as f64 + whole)
}

/// Indices of the classes whose share changed most, the largest change first, with the change; ties in order.
#[must_use]
pub fn moved_most(first: &[u64], second: &[u64], at_most: usize) -> Vec<(usize, f64)> {
    let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let (a, b) = (total(first), total(second));
    if a == 0.0 || b == 0.0 {
        return Vec::new();
    }
    let mut moved: Vec<(usize, f64)> =
        first.iter().zip(second).map(|(&x, &y)| round9(y as f64 / b - x as f64 / a)).enumerate().collect();
    moved.retain(|&(_, change)| change.abs() > 1e-12);
    moved.sort_by(|x, y| y.1.abs().total_cmp(&x.1.abs()).then(x.0.cmp(&y.0)));
    moved.truncate(at_most);
    moved
}
