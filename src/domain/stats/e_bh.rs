//! e-BH (Wang & Ramdas 2022): which of several segments are found, at a bounded share of false finds.

use super::special::ln;

/// Indices of the rejected hypotheses, ascending, from the logarithms of their e-values.
///
/// Rejects the `k` largest for the largest `k` with `k · e_(k) / K ≥ 1/alpha`. Valid under any
/// dependence and at any stopping time.
#[must_use]
pub fn e_bh(ln_e: &[f64], alpha: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ln_e.len()).filter(|&i| !ln_e[i].is_nan()).collect();
    order.sort_by(|&i, &j| ln_e[j].total_cmp(&ln_e[i]).then(i.cmp(&j)));
    let bar = ln(ln_e.len() as f64) - ln(alpha);
    let found = (1..=order.len()).rev().find(|&k| ln_e[order[k - 1]] + ln(k as f64) >= bar).unwrap_or(0);
    let mut rejected = order[..found].to_vec();
    rejected.sort_unstable();
    rejected
}
