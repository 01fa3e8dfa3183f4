//! Confidence sequences: intervals that stay valid however often they are looked at.

use super::interval::Interval;
use super::special::{ln, ln_beta, sqrt};

/// Runs an arm needs before the asymptotic sequence says anything.
pub const BURN_IN: u64 = 100;

/// Logarithm of the one-sample beta mixture `E(p)` against the rate `p`.
///
/// Valid evidence against `θ = p` only. Used bare against "θ ≤ p" it passes what is worse: use
/// [`ln_e_mixture_floor`] there.
#[must_use]
pub fn ln_e_mixture(successes: u64, n: u64, p: f64, a: f64, b: f64) -> f64 {
    let (s, f) = (successes as f64, n.saturating_sub(successes) as f64);
    ln_beta(a + s, b + f) - ln_beta(a, b) - power(s, p) - power(f, 1.0 - p)
}

/// Logarithm of the beta-mixture evidence against the whole null `θ ≤ floor`.
#[must_use]
pub fn ln_e_mixture_floor(successes: u64, n: u64, floor: f64, a: f64, b: f64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let rate = successes as f64 / n as f64;
    ln_e_mixture(successes, n, floor.min(rate), a, b)
}

/// Anytime interval `{p : E(p) < 1/alpha}` for a rate, from a Beta(`a`, `b`) mixture.
#[must_use]
pub fn beta_mixture(successes: u64, n: u64, a: f64, b: f64, alpha: f64) -> Interval {
    if n == 0 {
        return Interval::new(0.0, 1.0);
    }
    let rate = successes as f64 / n as f64;
    let bar = -ln(alpha);
    let excluded = |p: f64| ln_e_mixture(successes, n, p, a, b) >= bar;
    let low = if excluded(0.0) { boundary(0.0, rate, &excluded) } else { 0.0 };
    let high = if excluded(1.0) { boundary(1.0, rate, &excluded) } else { 1.0 };
    Interval::new(low, high)
}

/// Half-width of the asymptotic confidence sequence on a mean (arXiv 2103.06476).
///
/// `variance` is the sample variance, `n_star` the sample size the policy tunes for. `None` during
/// the burn-in of [`BURN_IN`] values.
#[must_use]
pub fn asymptotic_half_width(n: u64, variance: f64, n_star: f64, alpha: f64) -> Option<f64> {
    if n < BURN_IN || variance < 0.0 || n_star <= 0.0 {
        return None;
    }
    let n = n as f64;
    let ln_alpha = ln(alpha);
    let rho2 = (-2.0 * ln_alpha + ln(1.0 - 2.0 * ln_alpha)) / n_star;
    let grown = n * rho2 + 1.0;
    Some(sqrt(variance) * sqrt(2.0 * grown / (n * n * rho2) * ln(sqrt(grown) / alpha)))
}

/// `k · ln p` with `0 · ln 0 = 0`.
fn power(k: f64, p: f64) -> f64 {
    if k == 0.0 { 0.0 } else { k * ln(p) }
}

/// Bisects between an excluded `outside` and an included `inside`.
fn boundary(mut outside: f64, mut inside: f64, excluded: &dyn Fn(f64) -> bool) -> f64 {
    for _ in 0..80 {
        let middle = 0.5 * (outside + inside);
        if excluded(middle) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    inside
}
